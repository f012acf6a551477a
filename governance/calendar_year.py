"""A year of a calendar as a page draws it: twelve months of weeks of days, each with its kind, mark and words. Pure."""

from calendar import Calendar as Weeks
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext_lazy

from incidents.calendars import Special, SpecialKind, WorkCalendar
from incidents.explanations import FESTIVALS

WORK, WEEKEND = "work", "weekend"
# Kind -> the sign in the corner of a day, and what it says.
WORDS: dict[str, tuple[str | Promise, str | Promise]] = {
    WORK: ("", gettext_lazy("Workday")),
    WEEKEND: ("", gettext_lazy("Weekend")),
    SpecialKind.HOLIDAY: (pgettext_lazy("sign of a day", "H"), gettext_lazy("Statutory holiday")),
    SpecialKind.MAKEUP_WORKDAY: (pgettext_lazy("sign of a day", "W"), gettext_lazy("Make-up workday")),
    SpecialKind.LOCAL_OFF: (pgettext_lazy("sign of a day", "L"), gettext_lazy("Local day off")),
    SpecialKind.LOCAL_WORK: (pgettext_lazy("sign of a day", "X"), gettext_lazy("Local work day")),
}


@dataclass(frozen=True, slots=True)
class Day:
    """One day as it is drawn."""

    day: date
    kind: str
    mark: str | Promise
    words: str | Promise
    name: str | Promise
    provisional: bool
    today: bool
    changed: bool


@dataclass(frozen=True, slots=True)
class Named:
    """Days in a row of one kind and name."""

    first: date
    last: date
    kind: str
    words: str | Promise
    name: str | Promise


@dataclass(frozen=True, slots=True)
class Month:
    """A month: weeks from Monday to Sunday (None outside of it), its working days, what stands out in it."""

    first: date
    weeks: list[list[Day | None]]
    working: int
    named: list[Named]


def months(calendar: WorkCalendar, year: int, *, today: date, changed: Collection[date] = ()) -> list[Month]:
    """The twelve months of `year`; days `changed` by a draft are marked so."""
    return [_month(calendar, year, number, today, frozenset(changed)) for number in range(1, 13)]


def _month(calendar: WorkCalendar, year: int, number: int, today: date, changed: frozenset[date]) -> Month:
    weeks = [
        [_day(calendar, day, today, changed) if day.month == number else None for day in week]
        for week in Weeks().monthdatescalendar(year, number)
    ]
    days = [day for week in weeks for day in week if day]
    working = sum(calendar.works(day.day) for day in days)
    return Month(date(year, number, 1), weeks, working, list(named(calendar.special[d.day] for d in days if d.name)))


def _day(calendar: WorkCalendar, day: date, today: date, changed: frozenset[date]) -> Day:
    special = calendar.special.get(day)
    kind = special.kind.value if special else WORK if calendar.works(day) else WEEKEND
    mark, words = WORDS[kind]
    border = calendar.provisional_from
    return Day(
        day=day,
        kind=kind,
        mark=mark,
        words=words,
        name=(FESTIVALS.get(special.name, special.name) or words) if special else "",
        provisional=border is not None and day >= border,
        today=day == today,
        changed=day in changed,
    )


def named(days: Iterator[Special]) -> Iterator[Named]:
    """Days in a row that have the same kind and name, as one."""
    current: Named | None = None
    for special in days:
        kind, name = special.kind.value, FESTIVALS.get(special.name, special.name)
        if current and (current.kind, current.name) == (kind, name) and current.last + timedelta(days=1) == special.day:
            current = Named(current.first, special.day, kind, current.words, name)
            continue
        if current:
            yield current
        current = Named(special.day, special.day, kind, WORDS[kind][1], name)
    if current:
        yield current
