"""The areas of a plan as values: read by few, written back all together, kept in the log byte for byte."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import shapely
from django.db import connection
from shapely.geometry.base import BaseGeometry

from grids import lattice
from grids.datums import SRID
from grids.levels import GridKind
from grids.models import PlanArea, PlanStatus

Stored = dict[str, Any]
Box = tuple[float, float, float, float]

_PLAIN = (
    "unit_id", "village_id", "name", "grid_kind", "boundary_basis", "area_m2", "households", "households_given",
    "officer_id", "vacant_reason", "parts_reason",
)  # fmt: skip
_NAMED = ", ".join(_PLAIN)
_READ = f"select a.key, st_asbinary(a.geom, 'NDR'), {', '.join(f'a.{name}' for name in _PLAIN)} from grids_planarea a"
_WRITE = f"insert into grids_planarea (plan_id, key, geom, {_NAMED}) values "
_LINE = f"(%s, %s, st_geomfromwkb(%s, {SRID}), {', '.join(['%s'] * len(_PLAIN))})"

# The areas asked for, by number or because their box meets a box, and all whose boxes meet theirs.
_NEAR = f"""{_READ} where a.plan_id = %(plan)s and exists (
  select 1 from grids_planarea s where s.plan_id = %(plan)s and s.geom && a.geom
     and (s.key = any(%(keys)s) or s.geom && st_makeenvelope(%(west)s, %(south)s, %(east)s, %(north)s, {SRID})))
order by a.key"""
_NEAR_KEYS = f"""{_READ} where a.plan_id = %(plan)s and exists (
  select 1 from grids_planarea s where s.plan_id = %(plan)s and s.key = any(%(keys)s) and s.geom && a.geom)
order by a.key"""


@dataclass(frozen=True)
class Row:
    """One area of a plan: a MultiPolygon on the lattice, whose grid it carries on, who is to answer for it."""

    key: int
    shape: BaseGeometry
    unit: str | None
    village: str
    name: str = ""
    grid_kind: str = GridKind.COMPREHENSIVE.value
    boundary_basis: str = ""
    area_m2: float = 0.0
    households: int | None = None
    households_given: bool = False
    officer: int | None = None
    vacant_reason: str = ""
    parts_reason: str = ""

    @property
    def parts(self) -> int:
        return int(shapely.get_num_geometries(self.shape))

    @property
    def label(self) -> str:
        """How a step names it: by its name, else by the last digits of its grid's code, else by its number."""
        return self.name or (self.unit[-3:] if self.unit else f"#{self.key}")

    def drawn(self, shape: BaseGeometry) -> "Row":
        """The same area with another shape."""
        whole = many(shape)
        return replace(self, shape=whole, area_m2=round(lattice.square_metres(whole), 2))

    def stored(self) -> Stored:
        """As the log keeps it; `restored` gives back the very same bytes."""
        kept = asdict(replace(self, shape=None))  # type: ignore[arg-type]
        return {**kept, "shape": hexed(self.shape)}


def restored(stored: Stored) -> Row:
    """The row that was `stored`."""
    return Row(**{**stored, "shape": shapely.from_wkb(stored["shape"])})


def hexed(shape: BaseGeometry) -> str:
    """A shape as text, bit by bit."""
    text: str = shapely.to_wkb(shape, hex=True, byte_order=1, output_dimension=2)
    return text


def many(shape: BaseGeometry) -> BaseGeometry:
    """The polygons of a shape as one MultiPolygon, which is what is stored."""
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon" and not part.is_empty]
    whole: BaseGeometry = shapely.multipolygons(parts)
    return whole


def shapes_of(rows: Mapping[int, Row]) -> dict[int, BaseGeometry]:
    """What the geometry module works on."""
    return {key: row.shape for key, row in rows.items()}


def read(plan: int, keys: Collection[int] | None = None) -> dict[int, Row]:
    """The areas of a plan by number, all or those of `keys`. One query."""
    if keys is None:
        return _rows(f"{_READ} where a.plan_id = %(plan)s order by a.key", {"plan": plan})
    return _rows(
        f"{_READ} where a.plan_id = %(plan)s and a.key = any(%(keys)s) order by a.key",
        {"plan": plan, "keys": list(keys)},
    )


def near(plan: int, *, keys: Collection[int] = (), box: Box | None = None) -> dict[int, Row]:
    """The areas of `keys`, those whose boxes meet `box` (degrees), and all whose boxes meet theirs. One query."""
    given: dict[str, Any] = {"plan": plan, "keys": list(keys)}
    if box is None:
        return _rows(_NEAR_KEYS, given)
    return _rows(_NEAR, given | dict(zip(("west", "south", "east", "north"), box, strict=True)))


def _rows(sql: str, given: Mapping[str, Any]) -> dict[int, Row]:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        found = cursor.fetchall()
    shapes = shapely.from_wkb(np.array([bytes(row[1]) for row in found], dtype=object))
    return {row[0]: Row(row[0], shape, *row[2:]) for row, shape in zip(found, shapes, strict=True)}


def reasons_before(units: Collection[str]) -> dict[str, tuple[str, str]]:
    """Why these grids are vacant, and why they are in several parts, as said when they were published last."""
    areas = PlanArea.objects.filter(published_as__in=units, plan__status=PlanStatus.PUBLISHED)
    found = areas.order_by("plan__published_at", "plan_id")
    said = found.values_list("published_as", "vacant_reason", "parts_reason")
    return {unit: (vacant, parts) for unit, vacant, parts in said if unit}


def write(plan: int, rows: Iterable[Row], removed: Collection[int] = ()) -> None:
    """Put `rows` in the place of those with their numbers, and take `removed` away. Two statements.

    All go before any comes, so that a grid may pass from one area to another in one step.
    """
    rows = list(rows)
    with connection.cursor() as cursor:
        touched = [*removed, *(row.key for row in rows)]
        cursor.execute("delete from grids_planarea where plan_id = %s and key = any(%s)", [plan, touched])
        for start in range(0, len(rows), 500):
            part = rows[start : start + 500]
            values = [value for row in part for value in _values(plan, row)]
            cursor.execute(_WRITE + ", ".join([_LINE] * len(part)), values)


def _values(plan: int, row: Row) -> Sequence[Any]:
    wkb = shapely.to_wkb(row.shape, byte_order=1, output_dimension=2)
    return (
        plan, row.key, memoryview(wkb), row.unit, row.village, row.name, row.grid_kind, row.boundary_basis,
        row.area_m2, row.households, row.households_given, row.officer, row.vacant_reason, row.parts_reason,
    )  # fmt: skip
