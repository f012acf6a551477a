"""The balance of a plan: households of each area against the target, who is outside of the tolerance, the spread."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from grids.draft_rows import Row
from grids.models import Person, Plan

# Edges of the histogram's columns: deviation from the target as a fraction; beyond them all is one column.
STEP, REACH = 0.1, 0.6


@dataclass(frozen=True)
class Line:
    """One area in the balance. `deviation` is a fraction of the target, None where it or the count is unknown."""

    row: Row
    deviation: float | None
    is_outside: bool

    @property
    def percent(self) -> str:
        """The deviation in words of the table."""
        return "" if self.deviation is None else f"{self.deviation * 100:+.0f} %"


def deviation(households: int | None, target: int | None) -> float | None:
    """By what fraction of the target an area is off; -0.2 is a fifth too few."""
    if households is None or not target:
        return None
    return round((households - target) / target, 4)


def is_outside(households: int | None, target: int | None, tolerance_percent: int) -> bool:
    """Whether a count is farther from the target than the tolerance allows, which is exact in whole households."""
    if households is None or not target:
        return False
    return abs(households - target) * 100 > target * tolerance_percent


def lines(plan: Plan, rows: Iterable[Row]) -> list[Line]:
    """Every area with its deviation, the farthest off first; those without a count at the end."""
    target, tolerance = plan.target_households, plan.tolerance_percent
    found = [
        Line(row, deviation(row.households, target), is_outside(row.households, target, tolerance)) for row in rows
    ]
    return sorted(found, key=lambda line: (line.deviation is None, -abs(line.deviation or 0), line.row.key))


def histogram(found: Sequence[Line]) -> list[dict[str, Any]]:
    """Areas by deviation in columns of a tenth: {from, until, count}; the outermost are open (None)."""
    columns = round(2 * REACH / STEP)
    counts = [0] * (columns + 2)
    for line in found:
        if line.deviation is not None:
            counts[min(max(int((line.deviation + REACH) // STEP) + 1, 0), columns + 1)] += 1
    edges = [round(-REACH + STEP * number, 4) for number in range(columns + 1)]
    begins: list[float | None] = [None, *edges]
    ends: list[float | None] = [*edges, None]
    return [
        {"from": begin, "until": end, "count": count} for begin, end, count in zip(begins, ends, counts, strict=True)
    ]


_TOTALS = """
select p.id, count(a.id), sum(a.households), count(a.id) filter (where a.households is null),
  case when p.target_households > 0 then count(a.id) filter (
    where abs(a.households - p.target_households) * 100 > p.target_households * p.tolerance_percent) end,
  count(a.id) filter (where a.officer_id is null and a.vacant_reason = ''),
  count(a.id) filter (where a.officer_id is null), coalesce(sum(a.area_m2), 0)
from grids_plan p left join grids_planarea a on a.plan_id = p.id where p.id = any(%s) group by p.id
"""
_NAMES = ("areas", "households", "uncounted", "outside_tolerance", "without_officer", "vacant", "area_m2")


def totals(plan: Plan) -> dict[str, Any]:
    """Areas, households (None: none known), areas uncounted, outside of the tolerance, unnamed. One query."""
    return totals_of([plan])[plan.pk]


def totals_of(plans: Collection[Plan]) -> dict[int, dict[str, Any]]:
    """The same for several plans, by their keys. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_TOTALS, [[plan.pk for plan in plans]])
        rows = cursor.fetchall()
    found = {pk: dict(zip(_NAMES, values, strict=True)) for pk, *values in rows}
    for totals in found.values():
        totals["area_m2"] = round(totals["area_m2"], 2)
    return found


def officers(rows: Iterable[Row]) -> Mapping[int, str]:
    """The names of the officers that are named. One query, none where nobody is."""
    wanted = {row.officer for row in rows if row.officer}
    if not wanted:
        return {}
    named = Person.objects.filter(pk__in=wanted).values_list("pk", "full_name", "username")
    return {pk: full_name or username for pk, full_name, username in named}
