"""Two divisions of the same ground beside each other: what passes from which grid to which."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import shapely
from django.utils.translation import gettext as _
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from grids import draft_rows, households, lattice
from grids.levels import UnitKind, district_of
from grids.models import Boundary, Plan, PlanArea, PlanStatus, Unit
from grids.plans import same
from grids.subtrees import within

# Less than this is the rounding of an intersection.
_SPECK_M2 = 1.0


@dataclass(frozen=True)
class Area:
    """One grid of a division. `name` is what people call it; `unit` the code it has or carries on."""

    key: int
    unit: str | None
    name: str
    shape: BaseGeometry
    area_m2: float
    households: int | None
    village: str = ""

    @property
    def identity(self) -> str:
        """What makes it the same grid on both sides: its code."""
        return self.unit or f"#{self.key}"


Division = dict[int, Area]


@dataclass(frozen=True)
class Passage:
    """Ground that passes from one grid to another; `stays` where both are the same grid."""

    old: Area
    new: Area
    area_m2: float
    households: int | None
    stays: bool


@dataclass(frozen=True)
class Comparison:
    """Everything that differs between two divisions. `passages` hold the grids of which any border changed."""

    old: Division
    new: Division
    passages: list[Passage]
    changed_old: frozenset[int]
    changed_new: frozenset[int]
    known: bool
    moved: list[Passage] = field(default_factory=list)

    @property
    def begun(self) -> list[Area]:
        """Grids that were none before."""
        before = {area.identity for area in self.old.values()}
        return [area for area in self.new.values() if area.identity not in before]

    @property
    def ended(self) -> list[Area]:
        """Grids that are none after."""
        after = {area.identity for area in self.new.values()}
        return [area for area in self.old.values() if area.identity not in after]

    @property
    def redrawn(self) -> set[str]:
        """Grids on both sides that win or lose ground, by identity; a corner in a straight border is no change."""
        touched = {area.identity for one in self.moved for area in (one.old, one.new)}
        both = {area.identity for area in self.old.values()} & {area.identity for area in self.new.values()}
        return touched & both

    @property
    def households_moved(self) -> int | None:
        """How many get another grid; None where nobody was counted."""
        return sum(one.households or 0 for one in self.moved) if self.known else None


def of_plan(plan: Plan) -> Division:
    """The areas of a plan; of one published before plans were drawn, its boundaries."""
    rows = draft_rows.read(plan.pk)
    if rows:
        codes, names = {key: row.unit for key, row in rows.items()}, {}
        for key, code, name in _published_as(plan):
            codes[key], names[key] = code, name
        return {
            key: Area(
                key,
                codes[key],
                row.name or names.get(key) or _short(codes[key]) or _("new grid #%(key)s") % {"key": key},
                row.shape,
                row.area_m2,
                row.households,
                row.village,
            )
            for key, row in rows.items()
        }
    boundaries = Boundary.objects.filter(plan=plan, kind=UnitKind.GRID)
    return _of_boundaries(boundaries.select_related("unit").order_by("unit_id"))


def of_today(scope: Unit, now: datetime) -> Division:
    """The grids in force under a unit."""
    found = Boundary.objects.filter(within([scope.pk], "unit"), kind=UnitKind.GRID, valid__contains=now)
    return _counted(_of_boundaries(found.select_related("unit").order_by("unit_id")), scope.pk)


def _published_as(plan: Plan) -> Iterable[tuple[int, str, str]]:
    """By their keys, the codes and names that the areas of a published plan were given."""
    if plan.status != PlanStatus.PUBLISHED:
        return ()
    named = PlanArea.objects.filter(plan=plan, published_as__isnull=False)
    return named.values_list("key", "published_as", "published_as__name")


def _short(code: str | None) -> str:
    return code[-3:] if code else ""


def _of_boundaries(found: Iterable[Boundary]) -> Division:
    division = {}
    for key, boundary in enumerate(found, 1):
        shape = lattice.from_db(boundary.geom)
        area = lattice.square_metres(shape)
        division[key] = Area(key, boundary.unit_id, boundary.unit.name, shape, area, None, str(boundary.unit.parent_id))
    return division


def _counted(division: Division, scope: str) -> Division:
    """With the households of the dwellings; where there are none, those given by hand when the grid was published."""
    counted = households.count({key: area.shape for key, area in division.items()}, district=district_of(scope))
    codes = [area.unit for area in division.values() if area.unit]
    given = households.given_before(codes)
    return {
        key: replace(
            area, households=counted[key][1] if key in counted else given.get(area.unit or "", 0 if counted else None)
        )
        for key, area in division.items()
    }


def compare(old: Division, new: Division, *, scope: str) -> Comparison:
    """What passes from where to where. Grids whose rings are the same on both sides are left out."""
    by_code = {area.identity: area for area in old.values()}
    kept = {
        key for key, area in new.items() if area.identity in by_code and same(area.shape, by_code[area.identity].shape)
    }
    codes = {new[key].identity for key in kept}
    changed_new = frozenset(set(new) - kept)
    changed_old = frozenset(key for key, area in old.items() if area.identity not in codes)
    points = _dwellings(old, new, changed_old, changed_new, scope)
    pairs = _pairs({key: old[key] for key in changed_old}, {key: new[key] for key in changed_new}, points)
    known = bool(len(points)) or any(area.households is not None for area in old.values())
    passages = [
        _passage(old[a], new[b], area, number if len(points) else None)
        for (a, b), (area, number) in sorted(pairs.items())
        if area >= _SPECK_M2 or number
    ]
    moved = [one for one in passages if not one.stays]
    return Comparison(old, new, passages, changed_old, changed_new, known, moved)


def _passage(old: Area, new: Area, area_m2: float, counted: int | None) -> Passage:
    """What passes; `counted` from the dwellings in between, None: the old grid's count by its share of the area."""
    households = counted
    if counted is None and old.households is not None and old.area_m2:
        households = round(old.households * min(area_m2 / old.area_m2, 1.0))
    return Passage(old, new, area_m2, households, old.identity == new.identity)


def _dwellings(
    old: Division, new: Division, changed_old: frozenset[int], changed_new: frozenset[int], scope: str
) -> NDArray[np.float64]:
    shapes = [old[key].shape for key in changed_old] + [new[key].shape for key in changed_new]
    if not shapes:
        return np.empty((0, 4))
    west, south, east, north = (float(edge) for edge in shapely.total_bounds(np.array(shapes, dtype=object)))
    return households.dwellings_in(district_of(scope), (west, south, east, north))


def _pairs(old: Division, new: Division, points: NDArray[np.float64]) -> dict[tuple[int, int], tuple[float, int]]:
    """Common square metres and households of each pair that shares ground."""
    found: dict[tuple[int, int], tuple[float, int]] = {}
    if not old or not new:
        return found
    keys = list(new)
    shapes = np.array([new[key].shape for key in keys], dtype=object)
    tree = shapely.STRtree(shapes)
    for key, area in old.items():
        for number in tree.query(area.shape, predicate="intersects"):
            common = shapely.intersection(area.shape, shapes[number])
            found[key, keys[number]] = (lattice.square_metres(common) if not common.is_empty else 0.0, 0)
    for (before, after), count in crossed(_shapes(old), _shapes(new), points).items():
        area_m2 = found.get((before, after), (0.0, 0))[0]
        found[before, after] = (area_m2, count)
    return found


def _shapes(division: Division) -> dict[int, BaseGeometry]:
    return {key: area.shape for key, area in division.items()}


def crossed(
    old: Mapping[int, BaseGeometry], new: Mapping[int, BaseGeometry], points: NDArray[np.float64]
) -> dict[tuple[int, int], int]:
    """How many of the points (longitude, latitude, weight, …; without a weight, 1) lie in which pair of areas."""
    if not len(points):
        return {}
    before, after = households.homes(old, points), households.homes(new, points)
    weights = points[:, 2].astype(np.int64) if points.shape[1] > 2 else np.ones(len(points), dtype=np.int64)
    found: dict[tuple[int, int], int] = {}
    for a, b, weight in zip(before.tolist(), after.tolist(), weights.tolist(), strict=True):
        if a >= 0 and b >= 0:
            found[a, b] = found.get((a, b), 0) + weight
    return found
