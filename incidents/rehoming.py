"""Open incidents after a redraw of grids: which find themselves in another grid, told and written for all at once.

An incident follows its point; one without a point follows the grid it was given to. Where that brings it to another
village while the old one still has it, the move `rehome` is made (see `incidents.states`); in all other cases the
responsible grid changes and nothing else. What has ended stays where it was.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from django.db import connection
from shapely.geometry.base import BaseGeometry

from grids import hierarchy, selectors
from grids.levels import UnitKind, parent_code
from grids.models import Unit
from grids.selectors import NEAREST_DEGREES
from incidents.models import Incident
from incidents.states import MOVES

KIND = "grid_changed"


@dataclass(frozen=True)
class Redrawn:
    """What a redraw changes for points: the grids that change or end, the areas of those that change or begin.

    `heirs` says where that goes which has no point, of grids that end. Where a redraw is taken back, `back` is its plan
    and `beside` are the grids of its scope that do not change now: what it moved goes back to where it was.
    """

    before: frozenset[str]
    after: Mapping[str, BaseGeometry] = field(default_factory=dict)
    ended: frozenset[str] = frozenset()
    heirs: Mapping[str, str] = field(default_factory=dict)
    back: int | None = None
    beside: frozenset[str] = frozenset()

    def heir(self, code: str) -> str:
        """Who goes on for a grid that ends; its village if no grid does."""
        return self.heirs.get(code) or parent_code(code) or code


@dataclass(frozen=True, slots=True)
class Moving:
    """An open incident whose grid is `old` before and `new` after; where it stood when it was looked at."""

    incident: int
    old: str
    new: str
    holder: str
    state: str

    @property
    def is_move(self) -> bool:
        """Whether the new village takes it over, rather than only the responsible grid changing."""
        village, other = parent_code(self.old), parent_code(self.new)
        return village != other and self.state in MOVES["rehome"].sources and self.holder in (self.old, village)

    @property
    def changes_village(self) -> bool:
        return parent_code(self.old) != parent_code(self.new)


# Answered by the index of what is open alone.
_OPEN = """
select id, place_id, holder_id, state, st_x(point), st_y(point) from incidents_incident
where closed_at is null and place_id = any(%s) order by id"""


def foresee(redrawn: Redrawn) -> list[Moving]:
    """The open incidents that are in another grid by the areas of `redrawn`, in the order of their ids. One query.

    Two where a redraw is taken back.
    """
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, [sorted(redrawn.before | redrawn.beside)])
        rows = cursor.fetchall()
    homes = _homes([row for row in rows if row[1] in redrawn.before], redrawn)
    came_from = _came_from([row[0] for row in rows], redrawn)
    found = []
    for pk, place, holder, state, _x, _y in rows:
        home = homes.get(pk) or (redrawn.heir(place) if place in redrawn.ended else place)
        new = came_from.get((pk, place), home)
        if new != place:
            found.append(Moving(pk, place, new, holder, state))
    return found


# The last word of a plan on each incident: `records` names it in the details of what it moved.
_MOVED_BY = f"""
select distinct on (incident_id) incident_id, details->>'to', details->>'from' from incidents_incidentevent
where incident_id = any(%s) and kind in ('{KIND}', 'rehome') and details->>'plan' = %s order by incident_id, id desc"""


def _came_from(ids: list[int], redrawn: Redrawn) -> dict[tuple[int, str], str]:
    """From which grid the redraw that is taken back moved incidents, by incident and the grid it gave them.

    A point in the middle says so itself; none, or one on a border, does not.
    """
    if redrawn.back is None or not ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_MOVED_BY, [ids, str(redrawn.back)])
        moved = cursor.fetchall()
    return {(pk, to): old for pk, to, old in moved if old in redrawn.after or old in redrawn.beside}


def _homes(rows: Sequence[tuple[Any, ...]], redrawn: Redrawn) -> dict[int, str]:
    """The grid each point is in afterwards, by the rule of `grids.selectors.grid_at`; by incident, if it has a point.

    On a border the grid it is in already wins, then the lowest code; outside of all the nearest takes what a grid
    that ends had.
    """
    found: dict[int, str] = {}
    numbers = [number for number, row in enumerate(rows) if row[4] is not None]
    if not numbers or not redrawn.after:
        return found
    codes = sorted(redrawn.after)
    shapes = np.array([redrawn.after[code] for code in codes], dtype=object)
    points = shapely.points([(rows[number][4], rows[number][5]) for number in numbers])
    candidates: dict[int, list[str]] = defaultdict(list)
    tree = shapely.STRtree(shapes)
    shapely.prepare(shapes)
    for point, shape in tree.query(points, predicate="intersects").T:
        candidates[int(point)].append(codes[shape])
    outside = [n for n in range(len(points)) if n not in candidates and rows[numbers[n]][1] in redrawn.ended]
    if outside:
        for number, shape in tree.query_nearest(points[outside], max_distance=NEAREST_DEGREES, all_matches=False).T:
            candidates[outside[number]] = [codes[shape]]
    for point, held in candidates.items():
        pk, place = rows[numbers[point]][:2]
        found[pk] = place if place in held else min(held)
    return found


_COUNT = """
select place_id, count(*) from incidents_incident where closed_at is null and place_id = any(%s) group by place_id"""


def open_by_place(codes: Collection[str]) -> dict[str, int]:
    """How many open incidents lie in each of the grids; those with none are left out. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [list(codes)])
        return dict(cursor.fetchall())


_LOCK = "select id, place_id, holder_id, state from incidents_incident where id = any(%s) order by id for update"


def locked(moving: Iterable[Moving]) -> list[Moving]:
    """The same incidents as they stand under their locks; one that ended meanwhile stays where it was."""
    wanted = {one.incident: one for one in moving}
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [sorted(wanted)])
        rows = cursor.fetchall()
    return [
        Moving(pk, place, wanted[pk].new, holder, state)
        for pk, place, holder, state in rows
        if place == wanted[pk].old and state in _OPEN_STATES
    ]


_OPEN_STATES = MOVES["void"].sources

_PLACE = """
update incidents_incident as row set place_id = given.place
from unnest(%(ids)s::bigint[], %(places)s::text[]) as given (id, place) where row.id = given.id"""
# One line for each, as `records.write` would make it.
_EVENTS = f"""
insert into incidents_incidentevent (incident_id, district_id, kind, duty, state_before, state_after, note, details,
  occurred_at, idempotency_key)
select given.id, left(given.new, 6), '{KIND}', '', '', '', given.note,
  jsonb_build_object('plan', %(plan)s::bigint, 'from', given.old, 'to', given.new), %(now)s, ''
from unnest(%(ids)s::bigint[], %(olds)s::text[], %(places)s::text[], %(notes)s::text[]) as given (id, old, new, note)
order by given.id"""


def change_grids(moving: Sequence[Moving], *, plan_id: int, names: Mapping[str, str], now: datetime) -> int:
    """Give locked incidents their new grids, with a line in the record of each; how many. Two statements."""
    if not moving:
        return 0
    given: dict[str, Any] = {
        "ids": [one.incident for one in moving],
        "olds": [one.old for one in moving],
        "places": [one.new for one in moving],
        "notes": [note(one, names) for one in moving],
        "plan": plan_id,
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(_PLACE, given)
        cursor.execute(_EVENTS, given)
        return int(cursor.rowcount)


def note(one: Moving, names: Mapping[str, str]) -> str:
    """What stands in the record: from which grid to which."""
    return f"{names.get(one.old, one.old)} → {names.get(one.new, one.new)}"


def hand_over_inspections(redrawn: Redrawn) -> int:
    """Let what is still to be re-inspected by grids that end be so by their heirs; how many inspections."""
    ended = sorted(redrawn.ended)
    given = {"ended": ended, "heirs": [redrawn.heir(code) for code in ended]}
    with connection.cursor() as cursor:
        for statement in _INSPECTIONS:
            cursor.execute(statement, given)
        return int(cursor.rowcount)


_HEIRS = "unnest(%(ended)s::text[], %(heirs)s::text[]) as given (old, new)"
# First the incidents, as everybody locks them; then their clocks; then the inspections.
_INSPECTIONS = (
    """
    select i.id from incidents_incident i where i.id in (
      select incident_id from incidents_inspection where ended_at is null and unit_id = any(%(ended)s))
    order by i.id for update""",
    f"""
    update incidents_clock as row set unit_id = given.new, seq = row.seq + 1 from {_HEIRS}
    where row.unit_id = given.old and row.state <> 'stopped' and row.incident_id in (
      select incident_id from incidents_inspection where ended_at is null and unit_id = any(%(ended)s))""",
    f"""
    update incidents_inspection as row set unit_id = given.new from {_HEIRS}
    where row.unit_id = given.old and row.ended_at is null""",
)


def hold_ground(incident_id: int) -> None:
    """Let no redraw take effect where the incident lies until the transaction ends; before the incident is locked."""
    district = Incident.objects.filter(pk=incident_id).values_list("district", flat=True).first()
    if district is not None:
        selectors.hold(district)


def grid_of_today(incident: Incident) -> Unit | None:
    """The grid an incident belongs to that comes back, if a redraw gave its place to another one meanwhile.

    By its point, as `grid_at`; without a point, and for a grid that ended, by succession. The caller called
    `hold_ground`.
    """
    place = incident.place
    if place.kind != UnitKind.GRID:
        return None
    hit = selectors.grid_at(incident.point, prefer=place.pk, firmly=True) if incident.point is not None else None
    if hit is not None and (hit.located_by != "nearest" or place.is_retired):
        return None if hit.unit_code == place.pk else selectors.unit_with_parent(hit.unit_code)
    return hierarchy.successor_of(place) if place.is_retired else None
