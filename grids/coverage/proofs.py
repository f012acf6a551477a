"""The proof that areas tile their frame, by two methods that share nothing but the lattice. Pure.

The first counts signed segments (`grids.proof`). The second relates areas: none shares ground with another, all lie
in the frame, and their exact sum of squares is the frame's. Either is enough; if they disagree, one of them is wrong,
and nothing is proven.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from grids import proof
from grids.coverage import plane
from grids.coverage.edits import Shapes

BY_SEGMENTS = proof.CHECKER
BY_AREAS = "relate-and-squares/1"


@dataclass(frozen=True)
class DoubleProof:
    """What both methods say. `squares` are the frame's less the areas', doubled, in square lattice steps."""

    by_segments: proof.Proof
    sharing: tuple[tuple[int, int], ...]
    beyond: tuple[int, ...]
    squares: int

    @property
    def methods(self) -> dict[str, bool]:
        """Each method by name, and whether it holds."""
        return {BY_SEGMENTS: self.by_segments.holds, BY_AREAS: self.holds_by_areas}

    @property
    def holds_by_areas(self) -> bool:
        return not (self.sharing or self.beyond or self.squares or self.by_segments.invalid)

    @property
    def agree(self) -> bool:
        return self.by_segments.holds == self.holds_by_areas

    @property
    def holds(self) -> bool:
        return self.by_segments.holds and self.holds_by_areas


def prove_twice(shapes: Shapes, frame: BaseGeometry) -> DoubleProof:
    """Both proofs. They may differ on coverages that tile but lack common corners: the first refuses those."""
    first = proof.prove({str(key): shape for key, shape in shapes.items()}, frame)
    keys = np.array(list(shapes), dtype=np.int64)
    array = plane.to_plane([*shapes.values(), frame])
    areas, outline = array[:-1], array[-1]
    if first.invalid:
        return DoubleProof(first, (), (), 0)
    shapely.prepare(areas)
    tree = shapely.STRtree(areas)
    one, other = tree.query(areas, predicate="intersects")
    once = one < other
    one, other = one[once], other[once]
    shared = shapely.relate_pattern(areas[one], areas[other], "2********")
    shapely.prepare(outline)
    beyond = ~shapely.covers(outline, areas)
    return DoubleProof(
        by_segments=first,
        sharing=tuple(zip(keys[one[shared]].tolist(), keys[other[shared]].tolist(), strict=True)),
        beyond=tuple(keys[beyond].tolist()),
        squares=doubled_area(np.array([outline], dtype=object)) - doubled_area(areas),
    )


def doubled_area(areas: NDArray[np.object_]) -> int:
    """Twice the area of valid polygons in the plane, exact."""
    parts = shapely.orient_polygons(shapely.get_parts(areas), exterior_cw=False)
    begins, ends, number = plane.segments(parts)
    if not len(begins):
        return 0
    # Small numbers about each part's own corner, so that no product leaves 63 bits.
    corner = np.zeros((len(parts), 2), dtype=np.int64)
    corner[number[::-1]] = begins[::-1]
    a, b = begins - corner[number], ends - corner[number]
    crosses = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    # Python's whole numbers from here on: a province's sum may be long.
    return sum(np.add.reduceat(crosses, np.arange(0, len(crosses), 4096)).tolist())
