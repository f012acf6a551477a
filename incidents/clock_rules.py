"""What a limit means in seconds and moments: pure arithmetic over a calendar, no model, no look at the clock.

A limit is counted in its own kind of time: natural time passes always, working time only in work periods. Budget and
spent are seconds of that kind. In time means at or before the due second; red begins with the second after it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from incidents.calendars import Calendar, whole_second

SECOND = timedelta(seconds=1)

# Seconds of one of each unit; a working day is as long as the calendar says. Keys are the values of TimeUnit.
SECONDS_OF_UNIT = {"minute": 60, "hour": 3600, "day": 86_400, "working_hour": 3600}
WORKING_DAY = "working_day"
WORKING_UNITS = frozenset({"working_hour", WORKING_DAY})

# What was announced about a clock, as stored in `step`.
NOTHING_SAID, YELLOW_SAID, RED_SAID = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Terms:
    """A limit in seconds of its own kind of time. `yellow_seconds` None: yellow with a quarter of it left."""

    seconds: int
    yellow_seconds: int | None
    end_of_day: bool
    working: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """Where a clock stands: its budget in seconds, when it turns yellow, the last second in time."""

    budget: int
    warn_at: datetime
    due_at: datetime


def is_working(unit: str) -> bool:
    """Whether a limit in `unit` counts working time only."""
    return unit in WORKING_UNITS


def seconds_of(amount: int, unit: str, *, day_seconds: int) -> int:
    """`amount` units in seconds; a working day is worth `day_seconds`."""
    return amount * (day_seconds if unit == WORKING_DAY else SECONDS_OF_UNIT[unit])


def terms(*, amount: int, unit: str, yellow_amount: int | None, end_of_day: bool, day_seconds: int) -> Terms:
    """The terms of a limit; `day_seconds` is the calendar's normal working day."""
    yellow = None if yellow_amount is None else seconds_of(yellow_amount, unit, day_seconds=day_seconds)
    return Terms(
        seconds=seconds_of(amount, unit, day_seconds=day_seconds),
        yellow_seconds=yellow,
        end_of_day=end_of_day,
        working=is_working(unit),
    )


def yellow_after(given: Terms, budget: int) -> int:
    """After how many seconds since the start yellow begins.

    The yellow amount of the limit, else when a quarter of the limit is left. "At least one hour, unless the limit is
    under four hours" needs no code: a quarter of four hours is that hour. A budget that someone set shorter than the
    yellow amount falls back to the quarter.
    """
    if given.yellow_seconds is not None and given.yellow_seconds < budget:
        return given.yellow_seconds
    return budget - min(given.seconds, budget) // 4


def plan(*, given: Terms, calendar: Calendar, since: datetime, spent: int = 0, budget: int | None = None) -> Plan:
    """The plan of a clock that runs from `since` and has `spent` seconds behind it.

    `budget` is what the clock was given before, where that differs from the limit (a date set by hand). A limit until
    the end of the day is rounded up to that day's last working second, and so is its budget.
    """
    nominal = given.seconds if budget is None else min(given.seconds, budget) if given.end_of_day else budget
    due_at = calendar.add(since, max(0, nominal - spent))
    if given.end_of_day:
        due_at = calendar.end_of_day(due_at)
    return _with_yellow(given, calendar, since=since, spent=spent, due_at=due_at)


def plan_until(*, given: Terms, calendar: Calendar, since: datetime, due_at: datetime, spent: int = 0) -> Plan:
    """The plan of a clock whose last second in time was set as a date; the budget follows from it, at least 1 s."""
    return _with_yellow(given, calendar, since=since, spent=spent, due_at=whole_second(due_at))


def _with_yellow(given: Terms, calendar: Calendar, *, since: datetime, spent: int, due_at: datetime) -> Plan:
    budget = max(1, spent + calendar.elapsed(since, due_at))
    warn_at = calendar.add(since, max(0, yellow_after(given, budget) - spent))
    return Plan(budget=budget, warn_at=min(warn_at, due_at), due_at=due_at)


def red_at(due_at: datetime) -> datetime:
    """The first second that is late."""
    return due_at + SECOND


def next_moment(*, step: int, warn_at: datetime | None, due_at: datetime) -> datetime | None:
    """When something next happens by itself to a running clock of which `step` was announced; None when nothing."""
    if step >= RED_SAID:
        return None
    if step == NOTHING_SAID and warn_at is not None:
        return min(warn_at, red_at(due_at))
    return red_at(due_at)


def steps_due(*, step: int, warn_at: datetime | None, due_at: datetime, now: datetime) -> list[tuple[int, datetime]]:
    """What is to be announced by `now`, in order: (step, the moment it was planned for)."""
    found = []
    if step < YELLOW_SAID and warn_at is not None and warn_at <= now:
        found.append((YELLOW_SAID, warn_at))
    if step < RED_SAID and red_at(due_at) <= now:
        found.append((RED_SAID, red_at(due_at)))
    return found
