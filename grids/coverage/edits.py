"""What an edit of a coverage takes, what it gives back and how it refuses. Pure but for gettext."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from shapely.geometry.base import BaseGeometry

# Area key -> Polygon or MultiPolygon on the lattice, degrees.
Shapes = Mapping[int, BaseGeometry]
Place = tuple[float, float]

# A drawn line takes over corners and borders that are nearer than this.
SNAP_METRES = 0.5
# A drawn line gets a corner at least this often: straight on the map and straight in degrees part ways by a centimetre
# in a kilometre.
LONGEST_METRES = 400.0
# An area, or a part of one, into which no circle of this width fits is a sliver.
LEAST_WIDTH_METRES = 1.0


@dataclass(frozen=True)
class Edited:
    """What an edit changed: changed and new areas by key, keys that are gone, and the frame if it got corners.

    The frame keeps its form: it only gets corners within half a lattice step of its line.
    """

    areas: dict[int, BaseGeometry]
    removed: frozenset[int] = field(default_factory=frozenset)
    frame: BaseGeometry | None = None

    def applied_to(self, shapes: Shapes) -> dict[int, BaseGeometry]:
        """All areas after the edit."""
        return {key: shape for key, shape in {**shapes, **self.areas}.items() if key not in self.removed}


class EditRefused(Exception):
    """An edit that would break the coverage or makes no sense: why in words, where, and a code for programs.

    Codes: "no_area", "invalid" (repair it first), "line_misses", "crosses", "too_long", "leaves_ground",
    "frame_fixed", "not_neighbours", "too_small", "no_pocket", "no_vertex", "no_segment", "junction", "nothing",
    "no_fault", "no_repair".
    """

    def __init__(self, code: str, message: str, at: Place | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.at = at


def numbered(first: int) -> Callable[[], int]:
    """A source of new keys: `first`, and one more each time."""
    return itertools.count(first).__next__
