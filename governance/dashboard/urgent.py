"""What needs somebody now: emergencies nobody accepted, and what is red or near due, each with who has it by name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists

from governance.dashboard.counts import OpenCounts
from governance.dashboard.figures import Figure
from governance.dashboard.grounds import Ground
from governance.dashboard.open_rows import LIT_MOST
from grids.duties import Duty
from grids.levels import UnitKind
from grids.models import Post, Unit
from incidents import lights, places
from incidents.lights import ShownClock
from incidents.lists import running_clocks
from incidents.models import Clock, ClockState, Incident, Light
from incidents.selectors import BESIDE_STAGES
from incidents.states import Stage, State, Urgency

EMERGENCIES_MOST = 5
# Of what is lit longest, this many clocks are looked at for each that is shown.
CLOCKS_EACH = 20
# Who answers for a stage at a unit; where more than one does, the unit's duty contact is named.
DUTY_OF_STAGE: dict[str, Duty] = {
    Stage.ACCEPT: Duty.CLERK,
    Stage.HANDLE: Duty.CLERK,
    Stage.CHECK: Duty.CHECKER,
    Stage.SIGN: Duty.HANDLER,
    Stage.ARRIVE: Duty.HANDLER,
    Stage.FINISH: Duty.HANDLER,
}


@dataclass(frozen=True)
class Pressing:
    """One incident that needs somebody: its worst clock, where it is, which unit has it and who that is by name."""

    incident: Incident
    clock: ShownClock | None
    stage: str
    unit_code: str
    place: str = ""
    unit: str = ""
    person: str = ""

    @property
    def number(self) -> str:
        return self.incident.number

    @property
    def category(self) -> str:
        return self.incident.category.label if self.incident.category else ""


@dataclass(frozen=True)
class Emergencies:
    """Emergencies nobody has accepted: how many, and those that wait longest."""

    figure: Figure
    rows: list[Pressing]


def emergencies(ground: Ground, *, now: datetime) -> Emergencies:
    """One query, two when there are more than are shown."""
    filters = ground.base.but(states=frozenset({State.REPORTED}), urgency=Urgency.CRITICAL.value)
    found = ground.few(filters)
    if filters.at:
        found = found.filter(Exists(running_clocks(filters.at)))
    rows = list(found.select_related("category").order_by("reported_at", "pk")[: EMERGENCIES_MOST + 1])
    number = len(rows) if len(rows) <= EMERGENCIES_MOST else found.count()
    shown = [Pressing(one, None, Stage.ACCEPT, one.holder_id) for one in rows[:EMERGENCIES_MOST]]
    return Emergencies(Figure(number, filters), shown)


def lit(counts: OpenCounts, *, now: datetime) -> list[Pressing]:
    """What shows red or yellow, the one due longest ago first, each by the clock that is lit longest. One query."""
    clocks = Clock.objects.filter(counts.lit).exclude(state=ClockState.STOPPED)
    clocks = clocks.exclude(stage__in=BESIDE_STAGES).select_related("incident", "incident__category")
    if counts.at:
        clocks = clocks.filter(unit=counts.at)
    longest: dict[int, Clock] = {}
    for clock in clocks.order_by("due_at", "pk")[: LIT_MOST * CLOCKS_EACH]:
        if lights.light(clock, now) in _lit_of(clock.incident):
            longest.setdefault(clock.incident_id, clock)
    return [
        Pressing(clock.incident, lights.shown(clock, now), clock.stage, clock.unit_id)
        for clock in list(longest.values())[:LIT_MOST]
    ]


def _lit_of(incident: Incident) -> set[str]:
    """Of what is suspended only red counts."""
    red, yellow = Light.RED.value, Light.YELLOW.value
    return {red} if incident.state == State.SUSPENDED else {red, yellow}


def units_of(rows: Iterable[Pressing]) -> set[str]:
    """The units whose names the rows need."""
    return {code for row in rows for code in (row.unit_code, row.incident.place_id)}


def named(rows: Sequence[Pressing], units: dict[str, Unit], *, now: datetime) -> list[Pressing]:
    """The rows with names of places, units and people. `units` bring their parents and contacts along. One query."""
    people = _people({row.unit_code for row in rows}, now=now)
    return [
        Pressing(
            row.incident,
            row.clock,
            row.stage,
            row.unit_code,
            place=places.path_of(units[row.incident.place_id]),
            unit=units[row.unit_code].label,
            person=_person(row, units[row.unit_code], people),
        )
        for row in rows
    ]


def _people(codes: set[str], *, now: datetime) -> dict[tuple[str, str], list[str]]:
    """The names of those who hold a duty that answers for something, by unit and duty, the primary ones first."""
    duties = {*DUTY_OF_STAGE.values(), Duty.OFFICER}
    posts = Post.objects.filter(unit__in=codes, duty__in=duties, period__contains=now, person__is_active=True)
    found: dict[tuple[str, str], list[str]] = {}
    for code, duty, name in posts.order_by("-is_primary", "pk").values_list("unit", "duty", "person__full_name"):
        found.setdefault((code, duty), []).append(name)
    return found


def _person(row: Pressing, unit: Unit, people: dict[tuple[str, str], list[str]]) -> str:
    """The one who answers for it there; where several share the duty, whom the unit names as its contact."""
    duty = DUTY_OF_STAGE.get(row.stage, Duty.CLERK)
    if unit.kind == UnitKind.GRID:
        duty = Duty.OFFICER
    elif duty == Duty.HANDLER and unit.kind in (UnitKind.TOWN, UnitKind.DISTRICT, UnitKind.VILLAGE):
        duty = Duty.CLERK
    holding = people.get((unit.pk, duty.value), [])
    contact = unit.duty_contact.full_name if unit.duty_contact else ""
    if len(holding) == 1:
        return holding[0]
    return contact or (holding[0] if holding else "")
