"""Which light a clock shows: one function of its times and `now`, with one SQL twin for filters and counts.

The stored `step` only says what was announced; nothing shown depends on it. Red begins one second after the due
moment; green is earned by finishing in time and by nothing else.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, CharField, F, IntegerField, Q, Value, When

from incidents import clock_rules
from incidents.calendar_rows import calendar_or_natural
from incidents.calendars import CalendarHorizon
from incidents.limits import limit_row
from incidents.models import Clock, ClockState, Light

PAUSED = "paused"
SUSPENDED = "suspended"

# Worst first.
ORDER = (Light.RED, Light.YELLOW, Light.UNLIT, PAUSED, SUSPENDED, Light.GREEN, Light.NONE)


def is_red(clock: Clock, now: datetime) -> bool:
    """Whether the limit is exceeded at `now`; of a stopped clock, whether it was when it stopped."""
    if clock.state == ClockState.STOPPED:
        return clock.final_light == Light.RED
    if clock.state == ClockState.PAUSED:
        return clock.spent > clock.budget
    return clock_rules.red_at(clock.due_at) <= now


def light(clock: Clock, now: datetime) -> str:
    """The light a clock shows at `now`: a value of Light, or PAUSED."""
    if clock.state == ClockState.STOPPED:
        return clock.final_light
    if is_red(clock, now):
        return Light.RED.value
    if clock.state == ClockState.PAUSED:
        return PAUSED
    if clock.warn_at is not None and clock.warn_at <= now:
        return Light.YELLOW.value
    return Light.UNLIT.value


def light_sql(now: datetime, *, prefix: str = "") -> Case:
    """The same as `light`, as an expression over Clock rows; `prefix` is the path to the clock, as `clocks__`."""
    return Case(
        When(Q(**{f"{prefix}state": ClockState.STOPPED}), then=F(f"{prefix}final_light")),
        *(When(shows, then=Value(light)) for shows, light in _going(now, prefix)),
        default=Value(Light.UNLIT.value),
        output_field=CharField(),
    )


def rank_sql(now: datetime) -> Case:
    """The place in ORDER of the light of a clock that has not stopped, as an expression over Clock rows."""
    return Case(
        *(When(shows, then=Value(ORDER.index(light))) for shows, light in _going(now, "")),
        default=Value(ORDER.index(Light.UNLIT)),
        output_field=IntegerField(),
    )


def _going(now: datetime, prefix: str) -> list[tuple[Q, str]]:
    """What a clock that has not stopped shows, by the first condition that holds; unlit if none does."""
    paused = Q(**{f"{prefix}state": ClockState.PAUSED})
    return [
        (paused & Q(**{f"{prefix}spent__gt": F(f"{prefix}budget")}), Light.RED.value),
        (paused, PAUSED),
        (Q(**{f"{prefix}due_at__lte": now - clock_rules.SECOND}), Light.RED.value),
        (Q(**{f"{prefix}warn_at__lte": now}), Light.YELLOW.value),
    ]


def showing(light: str, now: datetime) -> Q:
    """The same as `light`, as a condition on Clock rows that have not stopped: a range of moments, for indexes."""
    running, paused = Q(state=ClockState.RUNNING), Q(state=ClockState.PAUSED)
    late = Q(due_at__lte=now - clock_rules.SECOND)
    not_late = Q(due_at__gt=now - clock_rules.SECOND)
    conditions = {
        Light.RED.value: running & late | paused & Q(spent__gt=F("budget")),
        Light.YELLOW.value: running & not_late & Q(warn_at__lte=now),
        # Yellow never begins after the due moment, so what is not yet yellow is in time: one range instead of two.
        Light.UNLIT.value: running
        & (Q(warn_at__gt=now) | Q(warn_at__isnull=True, due_at__gt=now - clock_rules.SECOND)),
        PAUSED: paused & Q(spent__lte=F("budget")),
    }
    return conditions.get(light, Q(pk__in=[]))


def is_working(clock: Clock) -> bool:
    """Whether the clock counts working time."""
    return clock.limit_id is not None and clock_rules.is_working(limit_row(clock.limit_id).unit)


def remaining(clock: Clock, now: datetime) -> int | None:
    """Seconds left, in the limit's own kind of time; negative once exceeded (at least one second).

    None without an end, and where the calendar does not reach.
    """
    if clock_rules.is_endless(clock.due_at):
        return None
    if clock.state != ClockState.RUNNING or clock.run_since is None:
        return clock.budget - clock.spent
    calendar = calendar_or_natural(clock.calendar_version_id, working=is_working(clock))
    try:
        if is_red(clock, now):
            return -max(1, calendar.elapsed(clock.due_at, now))
        return calendar.elapsed(max(now, clock.run_since), clock.due_at)
    except CalendarHorizon:
        return None


@dataclass(frozen=True, slots=True)
class ShownClock:
    """A clock as a page draws it. `due_at` and `remaining` are None for one without an end, named by `open_ended`.

    `next_at` is when something next comes by itself, if anything does: the light `next_light`, or a repeat of red.
    """

    light: str
    due_at: datetime | None
    remaining: int | None
    remaining_is_working: bool
    provisional: bool = False
    working_day_hours: int = 8
    open_ended: bool = False
    next_at: datetime | None = None
    next_light: str = ""


def shown(clock: Clock, now: datetime, *, suspended: bool = False) -> ShownClock:
    """What a page draws for `clock`; of a suspended incident, "suspended" unless it is red already.

    A paused clock has no due moment unless that has passed: how much is left is all that can be said.
    """
    colour = light(clock, now)
    working = is_working(clock)
    calendar = calendar_or_natural(clock.calendar_version_id, working=working)
    day_hours = round(calendar.working_day_seconds / 3600)
    if colour == PAUSED:
        kind, left = SUSPENDED if suspended else PAUSED, remaining(clock, now)
        return ShownClock(kind, None, left, working, working_day_hours=day_hours)
    open_ended = clock_rules.is_endless(clock.due_at)
    coming = _coming(clock, colour)
    return ShownClock(
        light=colour,
        due_at=None if open_ended else clock.due_at,
        remaining=remaining(clock, now) if colour not in (Light.GREEN, Light.NONE) else None,
        remaining_is_working=working,
        provisional=not open_ended and calendar.is_provisional(clock.due_at),
        working_day_hours=day_hours,
        open_ended=open_ended,
        next_at=coming[0],
        next_light=coming[1],
    )


def _coming(clock: Clock, colour: str) -> tuple[datetime | None, str]:
    """When the light shown is followed by which, whatever was announced so far; after red, when that repeats."""
    if clock.state != ClockState.RUNNING or clock_rules.is_endless(clock.due_at):
        return None, ""
    if colour == Light.UNLIT and clock.warn_at is not None:
        return clock.warn_at, Light.YELLOW.value
    if colour in (Light.UNLIT, Light.YELLOW):
        return clock_rules.red_at(clock.due_at), Light.RED.value
    return clock.next_at if clock.step >= clock_rules.RED_SAID else None, ""


def worst(clocks: Iterable[Clock], now: datetime) -> Clock | None:
    """The clock that shows the worst light, of equals the one due first; None of none."""
    return min(clocks, key=lambda clock: (ORDER.index(light(clock, now)), clock.due_at), default=None)
