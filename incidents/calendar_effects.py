"""What a change of a calendar would do to running deadlines, counted clock by clock and summed up in any slices.

Nothing is written here. What is counted is what `clocks.recompute` does, by the same function.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from incidents import clock_rules, clocks, limits
from incidents.calendars import CalendarHorizon, NaturalCalendar, WorkCalendar
from incidents.clock_rules import Terms
from incidents.lights import light
from incidents.limits import limit_row
from incidents.models import Clock, Light

MINUTE = 60
FURTHEST = 20

# Upper ends of the classes in which shifts are drawn, in minutes as they pass.
CLASSES = (60, 24 * 60, 3 * 24 * 60, 7 * 24 * 60)


@dataclass(frozen=True, slots=True)
class Moved:
    """One deadline that moves: from when to when."""

    clock: int
    incident: int
    before: datetime
    after: datetime

    @property
    def size(self) -> float:
        return abs((self.after - self.before).total_seconds())


class Three(NamedTuple):
    """The least, the median and the most of some spans, in seconds."""

    least: int
    median: int
    most: int


@dataclass(frozen=True, slots=True)
class Spread:
    """How many deadlines move one way and how far: as time passes, and in working time of the new calendar."""

    count: int
    passed: Three
    worked: Three
    classes: list[int]


@dataclass(slots=True)
class Effect:
    """The sum over the clocks counted so far. `yellow` become near due by it, `relieved` no longer are, `at_once` had
    their new deadline in the past and are given until now, `beyond` the calendar does not reach and leaves as
    they are, `given` a due moment are those an earlier version did not reach.
    """

    clocks: int = 0
    yellow: int = 0
    relieved: int = 0
    at_once: int = 0
    beyond: int = 0
    given: int = 0
    shifts: Counter[tuple[int, int]] = field(default_factory=Counter)
    furthest: list[Moved] = field(default_factory=list)

    @property
    def moved(self) -> int:
        return self.shifts.total() + self.given

    @property
    def later(self) -> Spread | None:
        """How far deadlines move later; None when none does."""
        return _spread([(minutes, working, count) for (minutes, working), count in self.shifts.items() if minutes > 0])

    @property
    def earlier(self) -> Spread | None:
        """How far deadlines move earlier; None when none does."""
        return _spread([(-minutes, -work, count) for (minutes, work), count in self.shifts.items() if minutes <= 0])

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "clocks": self.clocks,
            "yellow": self.yellow,
            "relieved": self.relieved,
            "at_once": self.at_once,
            "beyond": self.beyond,
            "given": self.given,
            "shifts": [[*shift, count] for shift, count in sorted(self.shifts.items())],
            "furthest": [
                [one.clock, one.incident, one.before.isoformat(), one.after.isoformat()] for one in self.furthest
            ],
        }


def from_json(kept: dict[str, Any]) -> Effect:
    """What `as_json` gave, back again; of an empty one the beginning."""
    if not kept:
        return Effect()
    counts = {name: kept[name] for name in ("clocks", "yellow", "relieved", "at_once", "beyond", "given")}
    return Effect(
        **counts,
        shifts=Counter({(minutes, working): count for minutes, working, count in kept["shifts"]}),
        furthest=[
            Moved(clock, incident, datetime.fromisoformat(before), datetime.fromisoformat(after))
            for clock, incident, before, after in kept["furthest"]
        ],
    )


def count(effect: Effect, counted: Iterable[Clock], *, calendar: WorkCalendar, now: datetime) -> None:
    """Add to `effect` what `calendar` would make of these clocks at `now`."""
    natural = NaturalCalendar(calendar.zone)
    for clock in counted:
        effect.clocks += 1
        if clock.limit_id is None:
            continue
        given = _terms(clock, calendar)
        try:
            plan = clocks.replanned(clock, given=given, calendar=calendar if given.working else natural, now=now)
        except CalendarHorizon:
            effect.beyond += 1
            continue
        if plan is None:
            continue
        if plan.due_at != clock.due_at and clock_rules.is_endless(clock.due_at):
            effect.given += 1
        elif plan.due_at != clock.due_at:
            effect.shifts[_shift(clock.due_at, plan.due_at, calendar)] += 1
            effect.at_once += plan.due_at <= now
            effect.furthest.append(Moved(clock.pk, clock.incident_id, clock.due_at, plan.due_at))
        was, becomes = light(clock, now) == Light.YELLOW, plan.warn_at is not None and plan.warn_at <= now
        effect.yellow += becomes and not was
        effect.relieved += was and not becomes
    effect.furthest = sorted(effect.furthest, key=lambda one: (-one.size, one.clock))[:FURTHEST]


def _terms(clock: Clock, calendar: WorkCalendar) -> Terms:
    """The terms of the clock's limit under a calendar that is no version yet: a working day is as long as it says."""
    return limits.terms_by(limit_row(clock.limit_id), calendar)  # type: ignore[arg-type]


def _shift(before: datetime, after: datetime, calendar: WorkCalendar) -> tuple[int, int]:
    """By how many minutes, as they pass and in working time of the new calendar; negative when earlier."""
    try:
        working = calendar.elapsed(before, after)
    except CalendarHorizon:
        working = 0
    return round((after - before).total_seconds() / MINUTE), round(working / MINUTE)


def _spread(shifts: Sequence[tuple[int, int, int]]) -> Spread | None:
    """Least, median and most of (minutes, working minutes, how often), all positive."""
    if not shifts:
        return None
    total = sum(often for _m, _w, often in shifts)
    passed = _three([(minutes, often) for minutes, _w, often in shifts], total)
    worked = _three([(working, often) for _m, working, often in shifts], total)
    classes = [0] * (len(CLASSES) + 1)
    for minutes, _w, often in shifts:
        classes[sum(minutes > end for end in CLASSES)] += often
    return Spread(total, passed, worked, classes)


def _three(values: Sequence[tuple[int, int]], total: int) -> Three:
    """Of minutes with how often each occurs."""
    ordered, seen, median = sorted(values), 0, 0
    for value, often in ordered:
        if seen + often > (total - 1) // 2:
            median = value
            break
        seen += often
    return Three(ordered[0][0] * MINUTE, median * MINUTE, ordered[-1][0] * MINUTE)
