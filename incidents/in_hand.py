"""An incident in hand: locked, read once under its lock, with everything one transaction is about to write of it.

Acts change the rows in memory and leave what is to be written here; `write` writes it, one statement for each table,
however many acts and incidents there were. Lock order everywhere: incident (several in id order), assignment, clock.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from grids import statements
from incidents import clocks, holders, records
from incidents.clocks import Turned
from incidents.limits import Rules
from incidents.models import Clock, Incident, IncidentEvent, Sight, Subject
from incidents.records import SYSTEM, Acting
from incidents.states import Stage

# All that a move may change; everything else about an incident is as it was born.
MOVED = (
    "state", "state_before", "holder", "seq", "arrived_at", "arrived_by", "came_from", "answered_by_unit", "master",
    "place", "rework_count", "relapse_count", "closed_at", "review_at",
)  # fmt: skip


# No move asks for these, and they are the longest.
NOT_READ = ("text", "point")


@dataclass(eq=False)
class InHand:
    """One incident and what is to be written of it. `state_before` and `holder_before` are those before its last move.

    Nothing is in the database before `write`: until then ask this, not the tables.
    """

    incident: Incident
    now: datetime
    rules: Rules
    turned: Turned = field(default_factory=Turned)
    events: list[IncidentEvent] = field(default_factory=list)
    sights: list[Sight] = field(default_factory=list)
    moved: bool = False
    state_before: str = ""
    holder_before: str = ""
    acting: Acting = SYSTEM

    @cached_property
    def clocks(self) -> list[Clock]:
        """The incident's clocks that were open when first asked for, locked, in order of birth."""
        return clocks.open_clocks(self.incident)

    def start_clock(
        self,
        stage: Stage,
        unit: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        subject: tuple[Subject, int] = (Subject.INCIDENT, 0),
    ) -> Clock:
        """Start a clock against `unit` by its limit, or `until` a date that was set; as `clocks.start`."""
        given: dict[str, Any] = {
            "incident": self.incident,
            "unit": unit,
            "stage": stage,
            "now": self.now,
            "subject_kind": subject[0],
            "subject_id": subject[1],
            "rules": self.rules,
            "into": self.turned,
        }
        return clocks.start(since=since, **given) if until is None else clocks.start_until(due_at=until, **given)

    def record(self, kind: str, acting: Acting, **given: Any) -> IncidentEvent:
        """Add one event, as by `records.record`; raises MoveRefused for words that cannot be kept."""
        event = records.line(incident=self.incident, kind=kind, acting=acting, now=self.now, **given)
        self.events.append(event)
        return event

    def open_sight(self, units: Iterable[str], *, why: str, incident: Incident | None = None) -> None:
        """Let units see it, or another incident, from now on."""
        self.sights += records.sights(incident=incident or self.incident, units=units, why=why, now=self.now)


def take(*ids: int, now: datetime) -> list[InHand]:
    """The incidents, locked in id order and then read, in the order asked for; raises Incident.DoesNotExist."""
    rules = Rules(at=now)
    return [InHand(incident, now, rules) for incident in locked(*ids)]


def hold(incidents: Sequence[Incident], *, now: datetime) -> list[InHand]:
    """The incidents, locked already and all different, with clocks, units and rules: three queries for all."""
    rules = Rules(at=now, incidents=incidents)
    open_clocks = clocks.open_clocks_of([incident.pk for incident in incidents])
    holders.read_units(incidents)
    found = [InHand(incident, now, rules) for incident in incidents]
    for held in found:
        held.clocks = open_clocks[held.incident.pk]
    return found


def locked(*ids: int) -> list[Incident]:
    """The rows of the incidents, locked in id order, in the order asked for; raises Incident.DoesNotExist.

    Nothing is joined: PostgreSQL re-checks a row it waited for against what was joined before the wait, so an incident
    that got another holder meanwhile would be missing from the answer.
    """
    rows = statements.read(Incident, "WHERE id = ANY(%s) ORDER BY id FOR UPDATE", [list(ids)], without=NOT_READ)
    found = {one.pk: one for one in rows}
    if not found.keys() >= set(ids):
        raise Incident.DoesNotExist
    return [found[pk] for pk in ids]


def write(*held: InHand) -> None:
    """Write what was left in hand: incidents, clocks, events, sights; then nothing is left."""
    statements.update([one.incident for one in held if one.moved], MOVED)
    Turned.write(*[one.turned for one in held])
    records.write([event for one in held for event in one.events])
    statements.insert([sight for one in held for sight in one.sights], where_new=True)
    for one in held:
        one.events, one.sights, one.moved = [], [], False
