"""Plans to draw in tests: fields of squares in a village of the cast, and short words for edits."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import shapely
from django.contrib.gis.geos import Point
from shapely.geometry.base import BaseGeometry

from grids import draft_checks, draft_edits, draft_rows, drafts, lattice
from grids.datums import SRID
from grids.draft_checks import PlanFault
from grids.draft_edits import Outcome
from grids.draft_rows import Row, Stored
from grids.drafts import Drawn, Wish
from grids.models import Dwelling, Person, Plan
from tests.cast import Cast
from tests.tiling import box

WEST, SOUTH, SIDE = 104.0, 30.0, 0.001


def square(column: int, row: int, *, side: float = SIDE) -> BaseGeometry:
    """One square of a field, counted from the south-west."""
    return box(WEST + side * column, SOUTH + side * row, WEST + side * (column + 1), SOUTH + side * (row + 1))


def field(columns: int, rows: int) -> list[BaseGeometry]:
    """Squares that tile a rectangle, from west to east and from south to north."""
    return [square(column, row) for row in range(rows) for column in range(columns)]


def frame(columns: int, rows: int) -> BaseGeometry:
    """The outline of a field, with every corner of its squares on it."""
    whole: BaseGeometry = shapely.coverage_union_all(field(columns, rows))
    return whole


def begin(
    cast: Cast,
    shapes: list[BaseGeometry],
    outline: BaseGeometry,
    *,
    households: list[int] | None = None,
    last_elsewhere: bool = False,
    **wish: Any,
) -> Plan:
    """A plan for the cast's town, all of whose areas are new grids of its first village.

    With `last_elsewhere` the last one is its second village's, so that no village is left without a grid.
    """
    counts = households or [None] * len(shapes)  # type: ignore[list-item]
    drawn = [
        Drawn(None, cast.village.pk, f"{number:03d}", shape, count)
        for number, (shape, count) in enumerate(zip(shapes, counts, strict=True), 1)
    ]
    if last_elsewhere:
        drawn[-1] = replace(drawn[-1], village=cast.sibling_village.pk)
    return drafts.begin_from(
        scope=cast.town,
        wish=Wish("重划", **wish),
        shapes=drawn,
        frame=outline,
        actor=cast.administrator,
        now=cast.now,
    )


class Pen:
    """Somebody who draws a plan, always on what stands there now."""

    def __init__(self, plan: Plan, by: Person, now: datetime) -> None:
        self.pk, self.by, self.now = plan.pk, by, now

    def do(self, kind: str, **args: Any) -> Outcome:
        self.now += timedelta(seconds=1)
        seen = Plan.objects.values_list("revision", flat=True).get(pk=self.pk)
        return draft_edits.operate(plan_id=self.pk, seen=seen, kind=kind, args=_wire(args), actor=self.by, now=self.now)

    @property
    def rows(self) -> dict[int, Row]:
        return draft_rows.read(self.pk)

    def ground_faults(self) -> list[PlanFault]:
        """Where the areas do not tile the frame as it is now."""
        return draft_checks.of_ground(self.rows, lattice.from_db(Plan.objects.get(pk=self.pk).frame))

    def picture(self) -> tuple[dict[int, Stored], str]:
        """Everything an undo must bring back, byte for byte."""
        plan = Plan.objects.get(pk=self.pk)
        assert plan.frame is not None
        return {key: row.stored() for key, row in self.rows.items()}, bytes(plan.frame.wkb).hex()


def _wire(args: dict[str, Any]) -> dict[str, Any]:
    """As it comes out of JSON; `from_` stands for `from`."""
    return {name.rstrip("_"): value for name, value in args.items()}


def settle(cast: Cast, spots: list[tuple[float, float]], *, households: int = 1) -> None:
    """Dwellings at these places."""
    Dwelling.objects.bulk_create(
        Dwelling(
            district=cast.district,
            source_id=f"d{number}",
            geom=Point(*spot, srid=SRID),
            households=households,
            imported_at=cast.now,
        )
        for number, spot in enumerate(spots, Dwelling.objects.count())
    )
