"""What a limit means in seconds and moments: pure arithmetic over a calendar, no model, no look at the clock.

A limit is counted in its own kind of time: natural time passes always, working time only in work periods. Budget and
spent are seconds of that kind. In time means at or before the due second; red begins with the second after it.

A clock may have no end: because its limit is "as the situation requires", or because no calendar reaches as far. It
runs and stands on desks like any other, with a budget of 0 and `NEVER` as due moment, and shows no light.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from incidents.calendars import DAY, Calendar, CalendarHorizon, NaturalCalendar, whole_second

SECOND = timedelta(seconds=1)

# The due moment of a clock without an end: after all others in every order. Never shown.
NEVER = datetime(9000, 1, 1, tzinfo=UTC)

# Seconds of one of each unit; a working day is as long as the calendar says. Keys are the values of TimeUnit.
SECONDS_OF_UNIT = {"minute": 60, "hour": 3600, "day": 86_400, "working_hour": 3600}
WORKING_DAY = "working_day"
WORKING_UNITS = frozenset({"working_hour", WORKING_DAY})

# What was announced about a clock, as stored in `step`; what comes after RED_SAID repeats what red did.
NOTHING_SAID, YELLOW_SAID, RED_SAID = 0, 1, 2

# After an outage, a clock takes at most so many steps in one pass.
MOST_STEPS = 16


@dataclass(frozen=True, slots=True)
class Terms:
    """A limit in seconds of its own kind of time; 0 is "as the situation requires".

    `yellow_seconds` None: yellow with a quarter of it left.
    """

    seconds: int
    yellow_seconds: int | None
    end_of_day: bool
    working: bool
    from_next_day: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Where a clock stands: its budget in seconds, when it turns yellow, its last second in time, when it begins."""

    budget: int
    warn_at: datetime | None
    due_at: datetime
    begins: datetime


@dataclass(frozen=True, slots=True)
class Repeats:
    """What comes after red: again every `seconds` of `calendar`, at most `times` times."""

    seconds: int
    times: int
    calendar: Calendar

    def after(self, planned_at: datetime, *, step: int) -> datetime | None:
        """When the step after `step`, which was planned for `planned_at`, is due; None when that was the last."""
        if step - RED_SAID >= self.times:
            return None
        try:
            return self.calendar.add(planned_at, self.seconds)
        except CalendarHorizon:
            return None


def is_working(unit: str) -> bool:
    """Whether a limit in `unit` counts working time only."""
    return unit in WORKING_UNITS


def seconds_of(amount: int, unit: str, *, day_seconds: int) -> int:
    """`amount` units in seconds; a working day is worth `day_seconds`."""
    return amount * (day_seconds if unit == WORKING_DAY else SECONDS_OF_UNIT[unit])


def terms(
    *,
    amount: int,
    unit: str,
    yellow_amount: int | None,
    end_of_day: bool,
    day_seconds: int,
    from_next_day: bool = False,
) -> Terms:
    """The terms of a limit; `day_seconds` is the calendar's normal working day."""
    yellow = None if yellow_amount is None else seconds_of(yellow_amount, unit, day_seconds=day_seconds)
    return Terms(
        seconds=seconds_of(amount, unit, day_seconds=day_seconds),
        yellow_seconds=yellow,
        end_of_day=end_of_day,
        working=is_working(unit),
        from_next_day=from_next_day,
    )


def is_endless(due_at: datetime) -> bool:
    """Whether a due moment is none."""
    return due_at >= NEVER


def begins(given: Terms, calendar: Calendar, since: datetime) -> datetime:
    """When the time of a clock started at `since` begins to count: at once, or with the next day.

    "From the next day" is the first work second of the next working day; for natural time, the next local midnight.
    """
    if not given.from_next_day:
        return since
    tomorrow = since.astimezone(calendar.zone).date() + DAY
    midnight = datetime.combine(tomorrow, time(0), tzinfo=calendar.zone)
    return calendar.add(midnight, 1) - SECOND


def yellow_after(given: Terms, budget: int) -> int:
    """After how many seconds since the start yellow begins.

    The yellow amount of the limit, else when a quarter of the limit is left. "At least one hour, unless the limit is
    under four hours" needs no code: a quarter of four hours is that hour. A budget that someone set shorter than the
    yellow amount falls back to the quarter.
    """
    if given.yellow_seconds is not None and given.yellow_seconds < budget:
        return given.yellow_seconds
    return budget - min(given.seconds or budget, budget) // 4


def plan(*, given: Terms, calendar: Calendar, since: datetime, spent: int = 0, budget: int | None = None) -> Plan:
    """The plan of a clock that runs from `since` and has `spent` seconds behind it.

    `budget` is what the clock was given before, where that differs from the limit (a date set by hand); without one it
    is a new clock, whose time may begin later than `since`. A limit until the end of the day is rounded up to that
    day's last working second, and so is its budget. Where the calendar ends before the time does, there is no end.
    """
    nominal = given.seconds if budget is None else min(given.seconds, budget) if given.end_of_day else budget
    if not nominal:
        return without_end(since)
    try:
        if budget is None:
            since = begins(given, calendar, since)
        due_at = calendar.add(since, max(0, nominal - spent))
        if given.end_of_day:
            due_at = calendar.end_of_day(due_at)
        return _with_yellow(given, calendar, since=since, spent=spent, due_at=due_at)
    except CalendarHorizon:
        return without_end(since)


def without_end(since: datetime) -> Plan:
    """The plan of a clock that nothing makes late."""
    return Plan(budget=0, warn_at=None, due_at=NEVER, begins=since)


def plan_until(*, given: Terms, calendar: Calendar, since: datetime, due_at: datetime, spent: int = 0) -> Plan:
    """The plan of a clock whose last second in time was set as a date; the budget follows from it, at least 1 s.

    A date the calendar does not reach is kept: then natural time is counted.
    """
    due_at = whole_second(due_at)
    if is_endless(due_at):
        return without_end(since)
    try:
        return _with_yellow(given, calendar, since=since, spent=spent, due_at=due_at)
    except CalendarHorizon:
        return _with_yellow(given, NaturalCalendar(), since=since, spent=spent, due_at=due_at)


def _with_yellow(given: Terms, calendar: Calendar, *, since: datetime, spent: int, due_at: datetime) -> Plan:
    budget = max(1, spent + calendar.elapsed(since, due_at))
    warn_at = calendar.add(since, max(0, yellow_after(given, budget) - spent))
    return Plan(budget=budget, warn_at=min(warn_at, due_at), due_at=due_at, begins=since)


def red_at(due_at: datetime) -> datetime:
    """The first second that is late."""
    return due_at + SECOND


def next_moment(*, step: int, warn_at: datetime | None, due_at: datetime) -> datetime | None:
    """When a light next comes on by itself, of a running clock of which `step` was announced; None when none does."""
    if step >= RED_SAID or is_endless(due_at):
        return None
    if step == NOTHING_SAID and warn_at is not None:
        return min(warn_at, red_at(due_at))
    return red_at(due_at)


@dataclass(frozen=True, slots=True)
class Steps:
    """What is to be announced, in order, each step with the moment it was planned for; and what comes next, when."""

    due: list[tuple[int, datetime]]
    next_at: datetime | None

    def are_cut(self, now: datetime) -> bool:
        """Whether more was due at `now` than was taken at once."""
        return self.next_at is not None and self.next_at <= now


def steps(
    *,
    step: int,
    warn_at: datetime | None,
    due_at: datetime,
    next_at: datetime | None,
    repeats: Repeats | None,
    now: datetime,
    last: int | None = None,
) -> Steps:
    """What of a running clock of which `step` was announced is due at `now`, at most MOST_STEPS at once.

    A light is planned by the clock's times, a repeat for `next_at`, which was planned from the one before: a late pass
    pushes nothing. After the step `last` the clock will have ended, so that nothing more comes of it.
    """
    due: list[tuple[int, datetime]] = []
    if step < RED_SAID:
        planned = next_moment(step=step, warn_at=warn_at, due_at=due_at)
    else:
        planned = next_at if repeats is not None else None
    while planned is not None and planned <= now and len(due) < MOST_STEPS:
        if step < RED_SAID:
            step = RED_SAID if planned > due_at else YELLOW_SAID
        else:
            step += 1
        due.append((step, planned))
        if step == last:
            planned = None
        elif step < RED_SAID:
            planned = red_at(due_at)
        else:
            planned = None if repeats is None else repeats.after(planned, step=step)
    return Steps(due, planned)
