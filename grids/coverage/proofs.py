"""The proof that areas tile their frame, by two methods that share nothing but the lattice. Pure.

The first counts signed segments (`grids.proof`). The second knows nothing of signs: GEOS finds the areas and the ground
around the frame to be a coverage (none shares ground with another, common borders have common corners), all areas lie
in the frame, and their square steps, counted in whole numbers, add up to the frame's. Either is enough; if they
disagree, one of them is wrong, and nothing is proven.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from grids import proof
from grids.coverage import plane
from grids.coverage.edits import Shapes

BY_SEGMENTS = proof.CHECKER
BY_AREAS = "geos-coverage-and-squares/1"


@dataclass(frozen=True)
class DoubleProof:
    """What both methods say. `is_coverage` is GEOS' word, `sharing` the pairs that share ground, `beyond` the areas
    that leave the frame; `squares` are the frame's less the areas', doubled, in square lattice steps."""

    by_segments: proof.Proof
    is_coverage: bool
    sharing: tuple[tuple[int, int], ...]
    beyond: tuple[int, ...]
    squares: int

    @property
    def methods(self) -> dict[str, bool]:
        """Each method by name, and whether it holds."""
        return {BY_SEGMENTS: self.by_segments.holds, BY_AREAS: self.holds_by_areas}

    @property
    def holds_by_areas(self) -> bool:
        return self.is_coverage and not (self.beyond or self.squares)

    @property
    def agree(self) -> bool:
        return self.by_segments.holds == self.holds_by_areas

    @property
    def holds(self) -> bool:
        return self.by_segments.holds and self.holds_by_areas


def prove_twice(shapes: Shapes, frame: BaseGeometry) -> DoubleProof:
    """Both proofs; where an area or the frame is invalid or off the lattice, neither holds."""
    first = proof.prove({str(key): shape for key, shape in shapes.items()}, frame)
    if first.invalid or first.off_lattice:
        return DoubleProof(first, False, (), (), 0)
    array = plane.to_plane([*shapes.values(), frame])
    areas, outline = array[:-1], array[-1]
    keys = np.array(list(shapes), dtype=np.int64)
    is_coverage = bool(shapely.coverage_is_valid([*areas, *_around(outline)]))
    shapely.prepare(outline)
    beyond = ~shapely.covers(outline, areas)
    return DoubleProof(
        by_segments=first,
        is_coverage=is_coverage,
        sharing=() if is_coverage else _sharing(keys, areas),
        beyond=tuple(keys[beyond].tolist()),
        squares=doubled_area(array[-1:]) - doubled_area(areas),
    )


def _around(outline: BaseGeometry) -> list[Polygon]:
    """The ground outside of the frame, so that its corners are looked at too."""
    west, south, east, north = outline.bounds
    return plane.polygons(shapely.difference(shapely.box(west - 1, south - 1, east + 1, north + 1), outline))


def _sharing(keys: NDArray[np.int64], areas: NDArray[np.object_]) -> tuple[tuple[int, int], ...]:
    one, other = shapely.STRtree(areas).query(areas, predicate="intersects")
    once = one < other
    one, other = one[once], other[once]
    shared = shapely.relate_pattern(areas[one], areas[other], "2********")
    return tuple(zip(keys[one[shared]].tolist(), keys[other[shared]].tolist(), strict=True))


def doubled_area(areas: NDArray[np.object_]) -> int:
    """Twice the area of valid polygons in the plane, exact: every shell less its holes."""
    rings, of_part = shapely.get_rings(shapely.get_parts(areas), return_index=True)
    coordinates, of_ring = shapely.get_coordinates(rings, return_index=True)
    if not len(rings):
        return 0
    starts = np.flatnonzero(np.diff(of_ring, prepend=-1))
    # Small numbers about each ring's first corner, so that no product leaves 63 bits.
    xy = coordinates.astype(np.int64)
    xy -= xy[starts][of_ring]
    crosses = np.zeros(len(xy), dtype=np.int64)
    crosses[:-1] = xy[:-1, 0] * xy[1:, 1] - xy[1:, 0] * xy[:-1, 1]
    # The step from one ring to the next begins at the last corner of a ring, which is its first: zero.
    sizes = np.abs(np.add.reduceat(crosses, starts))
    is_shell = np.diff(of_part, prepend=-1) != 0
    # Python's whole numbers from here on: a province's sum may be long.
    return sum(sizes[is_shell].tolist()) - sum(sizes[~is_shell].tolist())
