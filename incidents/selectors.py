"""Reads of incidents for pages: rows of a list, the light of each, the people to call."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from grids import selectors as places_and_people
from grids import statements
from grids.models import Unit
from incidents import clock_rules, lights, places
from incidents.lights import ShownClock
from incidents.models import CAME_BACK, Clock, ClockState, Incident, Light, Photo, Subject
from incidents.models.clocks import BESIDE_STAGES
from incidents.states import Stage, State


@dataclass(frozen=True, slots=True)
class Row:
    """An incident as a list draws it.

    `origin` is where it came from; `handlers` are other units at work on it or that handled it, `others` the worst of
    their lights.
    """

    incident: Incident
    clock: ShownClock | None
    overall: ShownClock | None
    place: str
    category: str
    origin: str
    holder: str
    handlers: str
    came_back: str = ""
    others: ShownClock | None = None

    @property
    def number(self) -> str:
        return self.incident.number


# What no row shows of an incident; a position alone takes longer to read than all the rest.
UNLISTED = (
    "token", "point", "boundary", "located_by", "located_distance_m", "raw_longitude", "raw_latitude", "raw_datum",
    "accuracy_m", "district", "source", "state_before", "master", "occurrence_grid", "reporter", "relapse_count",
)  # fmt: skip
# Nor of its category, or of the clocks that give it its lights.
UNLISTED_OF_CATEGORY = ("district", "parent", "keywords", "icon", "position", "is_utility", "retired_at")
UNLISTED_OF_CLOCK = ("district", "pause_cause", "turned_at", "seq", "fail_count")
# Nor of the units it names.
UNLISTED_OF_UNIT = (
    "grid_kind", "boundary_basis", "address", "duty_phone", "duty_contact", "created_at", "retired_at",
)  # fmt: skip
# Clocks that have not ended, and, of incidents that ended, those of the whole run.
_OPEN_CLOCKS = "WHERE incident_id = ANY(%s) AND state <> 'stopped' ORDER BY id"
_LAST_CLOCKS = "WHERE incident_id = ANY(%s) AND stage = 'overall' AND state = 'stopped' ORDER BY stopped_at, id"


def for_rows(found: QuerySet, incident: str = "") -> QuerySet:
    """The query with what `rows` needs of each incident and no more; `incident` is the path to it, as `incident__`."""
    category = f"{incident}category"
    names = [incident.removesuffix("__"), category] if incident else [category]
    left_out = [f"{incident}{name}" for name in UNLISTED]
    left_out += [f"{category}__{name}" for name in UNLISTED_OF_CATEGORY]
    if found.model is Clock:
        left_out += UNLISTED_OF_CLOCK
    return found.select_related(*names).defer(*left_out)


def clocks_of(incidents: Sequence[Incident]) -> dict[int, list[Clock]]:
    """By incident: the clocks that have not ended, and, of one that ended, those of its whole run."""
    found: dict[int, list[Clock]] = defaultdict(list)
    ids = [incident.pk for incident in incidents]
    clocks = statements.read(Clock, _OPEN_CLOCKS, [ids], without=UNLISTED_OF_CLOCK) if ids else []
    ended = [incident.pk for incident in incidents if not incident.is_open]
    if ended:
        clocks += statements.read(Clock, _LAST_CLOCKS, [ended], without=UNLISTED_OF_CLOCK)
    for clock in clocks:
        found[clock.incident_id].append(clock)
    return found


def shown(incident: Incident, clocks: Iterable[Clock], now: datetime, *, at: str = "") -> ShownClock | None:
    """The light of an incident: what `lists.shown_light` says in SQL, with its time; None for no light at all.

    With `at`, of the clocks of that unit alone.
    """
    if not incident.is_open:
        last = [clock for clock in clocks if clock.stage == Stage.OVERALL and clock.state == ClockState.STOPPED]
        if not last or last[-1].final_light == Light.NONE:
            return None
        return lights.shown(last[-1], now)
    running = [
        clock
        for clock in clocks
        if clock.state != ClockState.STOPPED and clock.stage not in BESIDE_STAGES and (not at or clock.unit_id == at)
    ]
    worst = lights.worst(running, now)
    if incident.state == State.SUSPENDED:
        if worst is not None and lights.is_red(worst, now):
            return lights.shown(worst, now)
        return ShownClock(lights.SUSPENDED, incident.review_at, None, False)
    return None if worst is None else lights.shown(worst, now)


def overall(clocks: Iterable[Clock], now: datetime) -> ShownClock | None:
    """The light of the whole run while it lasts."""
    for clock in clocks:
        if clock.stage == Stage.OVERALL and clock.state != ClockState.STOPPED:
            return lights.shown(clock, now)
    return None


def next_change(clocks: Iterable[Clock], now: datetime) -> datetime | None:
    """When one of these clocks next shows another light by itself; None if none ever does."""
    running = [clock for clock in clocks if clock.state == ClockState.RUNNING]
    moments = [clock.warn_at for clock in running if clock.warn_at is not None]
    moments += [clock_rules.red_at(clock.due_at) for clock in running if not clock_rules.is_endless(clock.due_at)]
    return min((moment for moment in moments if moment > now), default=None)


def rows(
    incidents: Sequence[Incident], now: datetime, *, at: str = "", clocks: Mapping[int, list[Clock]] | None = None
) -> list[Row]:
    """The rows of a list, in its order; `clocks` if `clocks_of` was asked already.

    Two to three queries; the incidents bring their category along.
    """
    clocks = clocks_of(incidents) if clocks is None else clocks
    codes = {code for one in incidents for code in _units_of(one)}
    codes |= {clock.unit_id for each in clocks.values() for clock in each}
    units = places.with_parents((code for code in codes if code), without=UNLISTED_OF_UNIT)
    return [_row(one, clocks.get(one.pk, []), units, now, at=at) for one in incidents]


def _row(incident: Incident, clocks: list[Clock], units: dict[str, Unit], now: datetime, *, at: str) -> Row:
    theirs = [clock for clock in clocks if clock.subject_kind == Subject.ASSIGNMENT]
    worst = lights.worst(theirs, now) if incident.is_open else None
    source = units.get(incident.came_from_id or incident.first_unit_id or "")
    return Row(
        incident=incident,
        clock=shown(incident, clocks, now, at=at),
        overall=overall(clocks, now),
        place=where(incident, units[incident.place_id]),
        category=incident.category.label if incident.category else "",
        origin=places.short_label(source) if source and source.is_grid else source.label if source else "",
        holder=units[incident.holder_id].label,
        handlers=_(", ").join(units[code].label for code in _handlers(incident, theirs)),
        came_back=incident.arrived_by if incident.arrived_by in CAME_BACK else "",
        others=lights.shown(worst, now) if worst else None,
    )


def _units_of(incident: Incident) -> tuple[str | None, ...]:
    return (
        incident.place_id,
        incident.holder_id,
        incident.came_from_id,
        incident.first_unit_id,
        incident.answered_by_unit_id,
    )


def _handlers(incident: Incident, theirs: Iterable[Clock]) -> list[str]:
    """The units at work on it; of one that waits for a check, the unit that handled it."""
    at_work = {clock.unit_id for clock in theirs}
    if incident.state == State.ANSWERED and incident.answered_by_unit_id:
        at_work |= {incident.answered_by_unit_id}
    return sorted(at_work - {incident.holder_id})


def where(incident: Incident, place: Unit) -> str:
    """The place in words: town, village, grid, then the address the reporter gave."""
    path = places.path_of(place)
    return f"{path} · {incident.address}" if incident.address else path


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody to call about an incident."""

    role: str
    name: str
    unit: str
    phone: str


def contacts(incident: Incident, now: datetime) -> list[Contact]:
    """The unit that has it now or had it last, the grid's officer and who took it first; without repeats. One query."""
    holder = incident.holder
    found = [
        Contact(
            _("Has it now") if incident.is_open else _("Last held by"),
            holder.duty_contact.full_name if holder.duty_contact else "",
            holder.label,
            holder.duty_phone or (holder.duty_contact.phone if holder.duty_contact else ""),
        )
    ]
    officer = places_and_people.primary_officer(incident.place_id, now) if incident.place.is_grid else None
    if officer is not None:
        found.append(Contact(_("Grid officer"), officer.full_name, incident.place.label, officer.phone))
    receiver = incident.first_receiver
    if receiver is not None and receiver != officer:
        unit = incident.first_unit.label if incident.first_unit else ""
        found.append(Contact(_("First receiver"), receiver.full_name, unit, receiver.phone))
    return found


def photos_of(incident: Incident) -> list[Photo]:
    """The pictures in the order they came."""
    return list(Photo.objects.filter(incident=incident).select_related("added_by").order_by("pk"))
