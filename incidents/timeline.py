"""The history of an incident as its page tells it: who did what, how long each unit had it, which light that earned.

Built from the record alone. A move that hands the incident on opens a stay: from its moment to the next one's. An act
that ended clocks shows what they measured: time used, time allowed, light.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from grids import spans
from grids.duties import Duty
from grids.models import Unit
from incidents import clock_rules, lights
from incidents.calendar_rows import calendar_or_natural
from incidents.models import Clock, ClockState, Incident, IncidentEvent, Light, Photo
from incidents.records import KINDS
from incidents.states import BIRTHS, MOVES, Stage, State

ICONS = {
    "accept": "check",
    "dismiss": "circle-x",
    "answer": "checks",
    "close": "circle-check",
    "suspend": "player-pause",
    "resume": "player-play",
    "void": "trash",
    "merge": "arrow-merge",
    "unmerge": "arrow-merge",
    "self_handle": "tool",
    "signed": "clipboard-check",
    "arrived": "map-pin",
    "fed_back": "message-report",
    "returned": "arrow-back-up",
    "order_recalled": "arrow-back-up",
    "waived": "minus",
    "order_replaced": "arrows-exchange",
    "ordered_again": "repeat",
    "approval_asked": "gavel",
    "approval_refused": "circle-x",
    "approval_lapsed": "clock",
    "light_yellow": "clock",
    "light_red": "alert-triangle",
    "overdue_again": "alert-triangle",
    "comment": "message-circle",
    "photo": "photo",
    "confirmed": "shield-check",
    "deadline_moved": "calendar-time",
    "inherited": "sitemap",
    "urged": "bell",
    "card_issued": "flag",
    "card_replied": "message-report",
    "card_withdrawn": "arrow-back-up",
    "card_lapsed": "clock",
}
# How grave a card was, by the colour its event keeps.
CARDS: dict[str, str | Promise] = {
    "ordinary": pgettext_lazy("of a card", "ordinary card"),
    "yellow": pgettext_lazy("of a card", "yellow card"),
    "red": pgettext_lazy("of a card", "red card"),
}
DIRECTION_ICONS = {"up": "arrow-up", "down": "arrow-down", "sideways": "arrows-exchange"}
DIRECTIONS: dict[str, str | Promise] = {
    "up": gettext_lazy("Upwards"),
    "down": gettext_lazy("Downwards"),
    "sideways": gettext_lazy("Sideways"),
}
# Acts on orders run along the same three directions as the moves.
ORDER_DIRECTIONS = {"fed_back": "up", "returned": "up", "ordered_again": "down", "order_replaced": "sideways"}
# A record written later than this after what it tells says so.
LATE = timedelta(minutes=1)
NOBODYS = -1
# An incident that came from elsewhere was taken over long after it was reported.
BORN_HERE = BIRTHS - {"import_history"}


@dataclass(frozen=True, slots=True)
class Measured:
    """What a clock measured that ended with a step, its times said in its own kind of time."""

    stage: str
    unit: str
    light: str
    used: str
    allowed: str


@dataclass(frozen=True, slots=True)
class Ordered:
    """One order as the step names it."""

    unit: str
    text: str
    is_lead: bool
    is_required: bool


@dataclass(slots=True)
class Step:
    """One line. `at` to `ends_at` is how long the state that the step opened lasted; None while it lasts."""

    event: IncidentEvent
    label: str
    icon: str
    direction: str
    at: datetime
    who: str
    duty: str
    unit: str
    from_unit: str = ""
    to_unit: str = ""
    is_move: bool = False
    is_now: bool = False
    ends_at: datetime | None = None
    lasted: timedelta | None = None
    state: str = ""
    measured: list[Measured] = field(default_factory=list)
    orders: list[Ordered] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)
    photos: list[Photo] = field(default_factory=list)

    @property
    def direction_word(self) -> str:
        return str(DIRECTIONS[self.direction]) if self.direction in DIRECTIONS else ""

    @property
    def words(self) -> str:
        return self.event.note


@dataclass(frozen=True, slots=True)
class RedMark:
    """A red once earned: it stays with its unit."""

    unit: str
    stage: str


def steps(
    incident: Incident,
    *,
    events: Iterable[IncidentEvent],
    clocks: Iterable[Clock],
    photos: Iterable[Photo],
    units: dict[str, Unit],
    now: datetime,
) -> list[Step]:
    """The steps in the order they happened; the last move is where the incident stands now."""
    by_id = {clock.pk: clock for clock in clocks}
    ended: dict[tuple[datetime | None, str, int], list[Clock]] = defaultdict(list)
    for clock in by_id.values():
        if clock.state == ClockState.STOPPED:
            kind = "card" if clock.subject_kind == "card" else ""
            ended[clock.stopped_at, kind, clock.subject_id].append(clock)
    by_event = defaultdict(list)
    for photo in photos:
        by_event[photo.event_id].append(photo)
    made = [_step(event, incident, by_id, units) for event in events]
    for step in made:
        step.photos = by_event.get(step.event.pk, [])
        # An order's clock ends by what was done to that order, the incident's own by a move of the same moment.
        subject = ("", 0 if step.is_move else step.event.details.get("assignment", NOBODYS))
        if "card_id" in step.event.details:
            subject = ("card", step.event.details["card_id"])
        step.measured = [_measure(clock, units) for clock in ended.pop((_ended_at(step), *subject), [])]
    _stays([step for step in made if step.is_move], incident, now)
    return made


def codes_of(events: Iterable[IncidentEvent], clocks: Iterable[Clock]) -> set[str]:
    """The codes of all units that `steps` names."""
    codes: set[str | None] = {clock.unit_id for clock in clocks}
    for event in events:
        codes |= {event.unit_id, event.holder_before_id, event.holder_after_id}
        for order in [*event.details.get("orders", []), event.details.get("order") or {}]:
            codes.add(order.get("unit"))
        codes |= {event.details.get(name) for name in ("unit", "new_unit", "proposed_unit", "card_unit")}
    return {code for code in codes if code}


def red_marks(clocks: Iterable[Clock], units: dict[str, Unit], now: datetime) -> list[RedMark]:
    """Every unit that let a stage turn red, each stage once, in the order it happened."""
    marks: dict[RedMark, None] = {}
    for clock in sorted(clocks, key=lambda one: one.due_at):
        if clock.stage != Stage.OVERALL and lights.is_red(clock, now):
            mark = RedMark(units[clock.unit_id].label, str(Stage(clock.stage).label))
            marks[mark] = None
    return list(marks)


def _step(event: IncidentEvent, incident: Incident, clocks: dict[int, Clock], units: dict[str, Unit]) -> Step:
    move = MOVES.get(event.kind)
    # A report sent late tells when it happened; its clocks began when it came in.
    at = incident.reported_at if event.kind in BORN_HERE else event.occurred_at
    said_earlier = event.kind in BORN_HERE and event.occurred_at < at - LATE
    direction = move.direction if move else ORDER_DIRECTIONS.get(event.kind, "same")
    step = Step(
        event=event,
        label=str(move.label if move else KINDS.get(event.kind, event.kind)),
        icon=DIRECTION_ICONS.get(direction, "") or ICONS.get(event.kind, "file-text"),
        direction=direction,
        who=event.actor.full_name if event.actor else _("System"),
        duty=str(Duty(event.duty).label) if event.duty else "",
        unit=_name(event.unit_id, units),
        at=at,
        is_move=event.seq is not None,
        state=str(State(event.state_after).label) if event.state_after else "",
    )
    if said_earlier:
        step.facts.append(_("Happened %(moment)s, sent later") % {"moment": _moment(event.occurred_at)})
    if event.holder_after_id and event.holder_before_id != event.holder_after_id:
        step.from_unit, step.to_unit = _name(event.holder_before_id, units), _name(event.holder_after_id, units)
        if event.kind == "report":
            step.from_unit = step.unit
    if event.clock_id and event.clock_id in clocks:
        clock = clocks[event.clock_id]
        step.unit = _name(clock.unit_id, units)
        step.facts.append(_("%(stage)s, due %(moment)s") % _about(clock))
    _tell_details(step, event.details, units)
    return step


def _tell_details(step: Step, details: dict[str, Any], units: dict[str, Unit]) -> None:
    """What the event keeps besides its words, as short sentences."""
    given = details.get("orders") or ([details["order"]] if details.get("order") else [])
    step.orders = [
        Ordered(
            _name(order.get("unit"), units),
            order.get("text", ""),
            order.get("role") == "lead",
            order.get("required", True),
        )
        for order in given
    ]
    about = details.get("unit")
    if about and step.event.unit_id != about:
        step.facts.append(_("Order to %(unit)s") % {"unit": _name(about, units)})
    if details.get("proposed_unit"):
        step.facts.append(_("Proposed instead: %(unit)s") % {"unit": _name(details["proposed_unit"], units)})
    if details.get("review_at"):
        step.facts.append(_("Review on %(day)s") % {"day": str(details["review_at"])[:10]})
    if details.get("master"):
        step.facts.append(_("Merged into %(number)s") % {"number": details["master"]})
    if details.get("card_id"):
        step.facts += _told_of_card(details, units)
    if step.event.kind == "import_history":
        step.facts += _told_elsewhere(details)


def _told_of_card(details: dict[str, Any], units: dict[str, Unit]) -> list[str]:
    """Which card it was, to whom, the how manieth, and why the policy drew it."""
    facts = [_("To %(unit)s") % {"unit": _name(details.get("card_unit"), units)}]
    if details.get("card_kind") == "supervise":
        facts.insert(0, str(CARDS[details["colour"]]))
    if details.get("cards", 0) > 1:
        urged = details.get("card_kind") == "urge"
        said = _("Urge number %(count)d to this unit") if urged else _("Card number %(count)d to this unit")
        facts.append(said % {"count": details["cards"]})
    if details.get("stage"):
        facts.append(_("By policy: %(stage)s overdue") % {"stage": Stage(details["stage"]).label})
    return facts


def _told_elsewhere(details: dict[str, Any]) -> list[str]:
    """What the other system said, as short sentences."""
    told = ("opened", "due", "ended")
    said = {name: _moment(datetime.fromisoformat(details[name])) for name in told if name in details}
    facts = [_("%(source)s, number %(number)s") % {"source": details["source"], "number": details["number"]}]
    if "opened" in said:
        facts.append(_("Reported there %(moment)s") % {"moment": said["opened"]})
    if "due" in said:
        facts.append(_("Due there %(moment)s") % {"moment": said["due"]})
    if "ended" in said:
        facts.append(_("Ended there %(moment)s") % {"moment": said["ended"]})
    if details.get("status"):
        facts.append(_("Its state there: %(status)s") % {"status": details["status"]})
    return facts


def _ended_at(step: Step) -> datetime:
    """When the clocks ended that the step tells of; those from elsewhere ended there, if they had a due date at all."""
    details = step.event.details
    if step.event.kind == "import_history" and {"ended", "due"} <= set(details):
        return datetime.fromisoformat(details["ended"])
    return step.at


def _stays(moves: list[Step], incident: Incident, now: datetime) -> None:
    """Each move's state lasted until the next move; the last one's lasts on, or the incident has ended."""
    for step, following in pairwise(moves):
        step.ends_at = following.at
        step.lasted = following.at - step.at
    if moves:
        moves[-1].is_now = True
        moves[-1].lasted = now - moves[-1].at if incident.is_open else None


def _measure(clock: Clock, units: dict[str, Unit]) -> Measured:
    return Measured(
        stage=str(Stage(clock.stage).label),
        unit=_name(clock.unit_id, units),
        light="" if clock.final_light == Light.NONE else clock.final_light,
        used=_said(clock, clock.spent),
        allowed=_said(clock, clock.budget) if clock.budget else _("as the situation requires"),
    )


def _said(clock: Clock, seconds: int) -> str:
    """A span of the clock's own kind of time, in the working days of its calendar."""
    if not lights.is_working(clock):
        return spans.natural(seconds)
    day = calendar_or_natural(clock.calendar_version_id, working=True).working_day_seconds
    return spans.working(seconds, day_hours=max(1, round(day / 3600)))


def _about(clock: Clock) -> dict[str, str]:
    endless = clock_rules.is_endless(clock.due_at)
    moment = _("without a date") if endless else _moment(clock.due_at)
    return {"stage": str(Stage(clock.stage).label), "moment": moment}


def _moment(at: datetime) -> str:
    return spans.exact(at)[:16]


def _name(code: str | None, units: dict[str, Unit]) -> str:
    return units[code].label if code and code in units else ""
