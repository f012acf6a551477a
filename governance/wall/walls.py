"""What a wall shows. Its rows are made here of numbers, categories, places and units alone: what a hall may read.

No name, phone number or id number of anybody, and no word that somebody typed, can be drawn by a template that never
gets them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Value
from django.db.models.lookups import Exact
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from governance.dashboard.boards import units_by_code
from governance.dashboard.counts import open_counts
from governance.dashboard.days import days
from governance.dashboard.figures import Figure
from governance.dashboard.flow import Flow, flow
from governance.dashboard.grounds import Ground
from governance.dashboard.strip import strip
from governance.dashboard.urgent import Pressing, emergencies, lit
from governance.wall.marks import marks
from grids.models import Unit
from incidents import places
from incidents.lights import ShownClock
from incidents.models import Incident, IncidentEvent
from incidents.records import KINDS
from incidents.states import MOVES

EVENTS_MOST, LIT_MOST = 14, 8
EVENTS_SINCE = timedelta(days=2)
# What people in a hall want to see happen; comments, pictures, requests and what came by the thousand are not among it.
QUIET_MOVES = frozenset({"rehome", "import_history"})
SHOWN_KINDS = (*(set(MOVES) - QUIET_MOVES), "signed", "arrived", "fed_back", "returned", "light_red")


@dataclass(frozen=True)
class WallRow:
    """An incident as a wall names it."""

    number: str
    category: str
    place: str
    unit: str
    at: datetime
    clock: ShownClock | None = None
    event_id: int = 0
    act: str | Promise = ""
    kind: str = ""


@dataclass(frozen=True)
class Wall:
    """All that a wall shows at a moment."""

    strip: dict[str, Figure]
    emergencies: list[WallRow]
    emergency_count: int
    lit: list[WallRow]
    events: list[WallRow]
    loads: dict[str, int]
    marks: list[dict[str, Any]]
    flow: Flow


def wall(ground: Ground, *, now: datetime) -> Wall:
    """The whole wall. Ten queries beside those that find the ground."""
    counts = open_counts(ground, now=now)
    waiting, pressing, events = emergencies(ground, now=now), lit(counts, now=now), _events(ground, now=now)
    pressing, gone = pressing[:LIT_MOST], days(ground, {}, now=now)
    units = units_by_code(_codes([*waiting.rows, *pressing], events))
    return Wall(
        strip=strip(ground, counts, gone.since, now=now),
        emergencies=[_row(row.incident, units, row.unit_code, row.incident.reported_at) for row in waiting.rows],
        emergency_count=waiting.figure.number,
        lit=[_lit_row(row, units, now) for row in pressing],
        events=[_event_row(event, units) for event in events],
        loads=counts.loads,
        marks=marks(ground, counts, now=now),
        flow=flow(ground, gone, now=now),
    )


def _events(ground: Ground, *, now: datetime) -> Sequence[IncidentEvent]:
    """The newest of what happened on the ground in the last two days."""
    events = IncidentEvent.objects.filter(kind__in=SHOWN_KINDS, recorded_at__gte=now - EVENTS_SINCE)
    if ground.district:
        events = events.filter(district=ground.district)
    if not ground.is_everything:
        shown = ground.everything().filter(pk=OuterRef("incident"))
        events = events.filter(Exact(Exists(shown), Value(True)))
    return list(events.select_related("incident__category").order_by("-recorded_at", "-pk")[:EVENTS_MOST])


def _codes(rows: Iterable[Pressing], events: Iterable[IncidentEvent]) -> set[str]:
    codes = {code for row in rows for code in (row.unit_code, row.incident.place_id)}
    for event in events:
        codes |= {event.incident.place_id, _unit_of(event)}
    return codes


def _unit_of(event: IncidentEvent) -> str:
    """Where it is after the event; of an act at an order, who acted."""
    if event.holder_after_id:
        return str(event.holder_after_id)
    return str(event.unit_id or event.incident.holder_id)


def _lit_row(row: Pressing, units: dict[str, Unit], now: datetime) -> WallRow:
    return _row(row.incident, units, row.unit_code, now, clock=row.clock)


def _event_row(event: IncidentEvent, units: dict[str, Unit]) -> WallRow:
    label = MOVES[event.kind].label if event.kind in MOVES else KINDS[event.kind]
    return _row(
        event.incident, units, _unit_of(event), event.occurred_at, event_id=event.pk, act=label, kind=event.kind
    )


def _row(
    incident: Incident,
    units: dict[str, Unit],
    unit: str,
    at: datetime,
    *,
    clock: ShownClock | None = None,
    event_id: int = 0,
    act: str | Promise = "",
    kind: str = "",
) -> WallRow:
    return WallRow(
        number=incident.number,
        category=incident.category.label if incident.category else _("Without a category"),
        place=places.path_of(units[incident.place_id]),
        unit=_name(units, unit),
        at=at,
        clock=clock,
        event_id=event_id,
        act=act,
        kind=kind,
    )


def _name(units: dict[str, Unit], code: str) -> str:
    return units[code].label if code in units else code
