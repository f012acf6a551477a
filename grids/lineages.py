"""Which grid goes on in which area of a redraw, by how much, and under which code. Pure but for shapely.

A grid keeps its code while the area that carries it on has at least half of its households (of its ground where no
household is known) and stands under the same village. Whatever else a plan draws is a new grid, and gets the next codes
of its village from west to east, and from north to south.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from grids import lattice
from grids.levels import CODE_LENGTHS, UnitKind

HALF = 0.5
# Less than this of a grid's ground is what is left of a border that was rounded.
_NOTHING = 1e-7
_WIDTH = CODE_LENGTHS[UnitKind.GRID] - CODE_LENGTHS[UnitKind.VILLAGE]


@dataclass(frozen=True)
class Share:
    """How much of an old grid lies in an area: of its ground and of its households, from 0 to 1."""

    old: str
    key: int
    ground: float
    homes: float | None
    households: int

    @property
    def weight(self) -> float:
        return self.ground if self.homes is None else self.homes


def shares(
    before: Mapping[str, BaseGeometry], after: Mapping[int, BaseGeometry], points: NDArray[np.float64]
) -> list[Share]:
    """What each old grid gave to each area. `points` are longitude, latitude, households: one row for each dwelling."""
    if not before or not after:
        return []
    codes, keys = list(before), list(after)
    old, new = np.array(list(before.values()), dtype=object), np.array(list(after.values()), dtype=object)
    pairs = shapely.STRtree(new).query(old)
    # Most grids do not change in a redraw: what has the very same rings needs no cutting.
    alike = shapely.equals_identical(shapely.normalize(old)[pairs[0]], shapely.normalize(new)[pairs[1]])
    whole = set(pairs[0][alike].tolist())
    ground: dict[tuple[int, int], float] = {(int(o), int(n)): 1.0 for o, n in pairs[:, alike].T}
    cut = pairs[:, [int(o) not in whole for o in pairs[0]]]
    parts = shapely.area(shapely.intersection(old[cut[0]], new[cut[1]])) / shapely.area(old[cut[0]])
    ground |= {(int(o), int(n)): min(float(part), 1.0) for (o, n), part in zip(cut.T, parts, strict=True)}
    homes: dict[tuple[int, int], int] = defaultdict(int)
    total: dict[int, int] = defaultdict(int)
    if len(points):
        at_old, at_new = _moved(old, new, points, [pair for pair, part in ground.items() if part > _NOTHING])
        for o, n, households in zip(at_old.tolist(), at_new.tolist(), points[:, 2].tolist(), strict=True):
            if o >= 0:
                total[o] += int(households)
                homes[o, n] += int(households)
    return [
        Share(
            codes[o], keys[n], part, homes[o, n] / total[o] if total[o] else None, homes[o, n]
        )
        for (o, n), part in sorted(ground.items())
        if part > _NOTHING or homes.get((o, n))
    ]  # fmt: skip


def _moved(
    old: NDArray[np.object_], new: NDArray[np.object_], points: NDArray[np.float64], kin: Sequence[tuple[int, int]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each point the number of the old grid that has it, the first where it lies on a border, and of the area it
    came to: of several one that is `kin` to the old grid, else the first; -1 for none."""
    tree = shapely.STRtree(shapely.points(points[:, 0], points[:, 1]))
    was, now = np.full(len(points), -1, dtype=np.int64), np.full(len(points), -1, dtype=np.int64)
    shape, point = tree.query(old, predicate="intersects")
    first = np.lexsort((shape, point))[::-1]
    was[point[first]] = shape[first]
    shape, point = tree.query(new, predicate="intersects")
    is_kin = np.isin(was[point] * len(new) + shape, [o * len(new) + n for o, n in kin])
    first = np.lexsort((shape, ~is_kin, point))[::-1]
    # Of what is written twice the last stays.
    now[point[first]] = shape[first]
    return was, now


@dataclass(frozen=True)
class Wanted:
    """What a plan says of an area's identity: the grid it carries on, if any, and the village it stands under."""

    key: int
    unit: str | None
    village: str
    shape: BaseGeometry


def keeps(wanted: Wanted, given: Iterable[Share]) -> bool:
    """Whether the area goes on under the code of the grid it carries on. `given` are the shares of that grid."""
    if wanted.unit is None or not wanted.unit.startswith(wanted.village):
        return False
    # Two halves of one ground are measured a hair apart.
    return any(share.key == wanted.key and round(share.weight, 9) >= HALF for share in given)


def codes(areas: Sequence[Wanted], given: Sequence[Share], highest: Mapping[str, int]) -> dict[int, str]:
    """The code of each area by number; "" where a village has no number left.

    `highest` is the last number ever given in each village, be it of a retired grid.
    """
    of_old: dict[str, list[Share]] = defaultdict(list)
    for share in given:
        of_old[share.old].append(share)
    found = {area.key: str(area.unit) for area in areas if area.unit and keeps(area, of_old[area.unit])}
    next_number = {village: number + 1 for village, number in highest.items()}
    fresh = [area for area in areas if area.key not in found]
    for area in sorted(fresh, key=_west_to_east):
        number = next_number.get(area.village, 1)
        next_number[area.village] = number + 1
        found[area.key] = f"{area.village}{number:0{_WIDTH}d}" if len(str(number)) <= _WIDTH else ""
    return found


def _west_to_east(area: Wanted) -> tuple[int, int, int]:
    """By the middle in half lattice steps: what lies exactly under something else is no hair to the west of it."""
    middle = shapely.centroid(area.shape)
    return round(middle.x * 2 * lattice.SCALE), -round(middle.y * 2 * lattice.SCALE), area.key


def heirs(given: Iterable[Share]) -> dict[str, int]:
    """For each old grid the area that got most of it: of its households, else of its ground; of equals the first."""
    best: dict[str, Share] = {}
    for share in given:
        held = best.get(share.old)
        if held is None or (share.weight, share.ground, -share.key) > (held.weight, held.ground, -held.key):
            best[share.old] = share
    return {old: share.key for old, share in best.items()}
