"""How many incidents happened in which grid: by the grids of the time, or by those of today.

An incident keeps the grid it happened in and the version of its border for ever. By the grids of today it is looked for
again by its point, but only where that version is not in force any more; all others are where they were.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from grids import hierarchy
from grids.levels import UnitKind, district_of, next_code
from grids.models import Unit

_MINE = """
select i.id, i.occurrence_grid_id as grid, i.boundary_id, i.point, i.closed_at, i.state from incidents_incident i
where i.district_id = %(district)s and i.reported_at >= %(start)s and i.reported_at < %(end)s
  and i.occurrence_grid_id is not null
"""
_THEN = f"with found as ({_MINE})"
_TODAY = f"""
with mine as materialized (
  select m.*, v.id is not null as stands from ({_MINE}) m
  left join grids_boundary v on v.id = m.boundary_id and v.valid @> %(now)s),
found as (
  select id, grid, closed_at, state from mine where stands
  union all
  (select distinct on (m.id) m.id, coalesce(b.unit_id, m.grid), m.closed_at, m.state from mine m
  left join grids_boundary b on b.kind = 'grid' and b.valid is not null and b.valid @> %(now)s
    and st_intersects(b.geom, m.point)
  where not m.stands order by m.id, b.unit_id))
"""
_COUNTED = """
select grid, count(*), count(*) filter (where closed_at is null), count(*) filter (where state = 'closed') from found
where grid >= %(first)s and grid < %(last)s group by grid"""


@dataclass
class Count:
    """What was reported in a grid in a time, how much of that is open now, how much was closed as done."""

    grid: Unit
    reported: int = 0
    open: int = 0
    closed: int = 0


def counts(*, under: str, start: datetime, end: datetime, now: datetime, of_today: bool) -> list[Count]:
    """The grids under the code `under` with what was reported from `start` until before `end`, in their order.

    By the grids of the time these may be retired ones; `of_today` by those in force at `now`, among them grids in which
    nothing happened. `under` is a district or lies in one. Two queries, and some for grids without points that ended.
    """
    given: dict[str, Any] = {
        "district": district_of(under),
        "start": start,
        "end": end,
        "now": now,
        "first": under,
        "last": next_code(under),
    }
    with connection.cursor() as cursor:
        cursor.execute((_TODAY if of_today else _THEN) + _COUNTED, given)
        rows = cursor.fetchall()
    return _of_today(under, rows) if of_today else _of_then(rows)


def _of_then(rows: list[tuple[str, int, int, int]]) -> list[Count]:
    units = Unit.objects.in_bulk([row[0] for row in rows])
    return [Count(units[code], *numbers) for code, *numbers in sorted(rows)]


def _of_today(under: str, rows: list[tuple[str, int, int, int]]) -> list[Count]:
    living = Unit.objects.filter(kind=UnitKind.GRID, code__gte=under, code__lt=next_code(under), retired_at=None)
    found = {unit.pk: Count(unit) for unit in living.order_by("code")}
    ended = Unit.objects.in_bulk([row[0] for row in rows if row[0] not in found])
    for code, reported, open_, closed in rows:
        # What has no point follows the grid that follows its own.
        heir = code if code in found else hierarchy.successor_of(ended[code]).pk
        count = found.get(heir)
        if count is not None:
            count.reported, count.open, count.closed = (
                count.reported + reported,
                count.open + open_,
                count.closed + closed,
            )
    return list(found.values())
