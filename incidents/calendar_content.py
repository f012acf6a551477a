"""What a calendar says, as a value: made from rows or files, edited by a person, compared, kept as JSON. Pure."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from incidents import calendar_package, calendars
from incidents.calendars import MONDAY_TO_FRIDAY, CalendarError, Hours, Special, SpecialKind, WorkCalendar

# A year's notice names at least so many days off; fewer is no whole year.
STATUTORY_DAYS = 13
MOST_LOCAL_DAYS = 366

# So many years past its last one a calendar goes on by its weekdays alone, so that what is reported on its last day has
# a deadline. Such days are provisional, as all that nobody published.
CONTINUED_YEARS = 10


class ContentRefused(CalendarError):
    """What was asked cannot be a calendar; the message says why."""


@dataclass(frozen=True, slots=True)
class Content:
    """All that a calendar version says."""

    hours: Sequence[Hours]
    special_days: Sequence[Special]
    first_year: int
    last_year: int
    provisional_from: date | None
    weekdays: frozenset[int] = MONDAY_TO_FRIDAY
    zone: str = "Asia/Shanghai"
    source: str = ""

    def built(self, name: str = "draft") -> WorkCalendar:
        """The calendar one can count by; raises a CalendarError by name when it has no working day or an overlap."""
        unknown_from = date(self.last_year + 1, 1, 1) if self.special_days else None
        borders = [border for border in (self.provisional_from, unknown_from) if border]
        return calendars.build(
            hours=self.hours,
            special_days=self.special_days,
            zone=ZoneInfo(self.zone),
            first_year=self.first_year,
            last_year=self.last_year + CONTINUED_YEARS,
            weekdays=self.weekdays,
            provisional_from=min(borders, default=None),
            name=name,
        )

    def as_json(self) -> dict[str, Any]:
        """The same as plain values, in one order, so that equal contents are equal there too."""
        return {
            "hours": [[start.isoformat(), end.isoformat()] for start, end in sorted(self.hours)],
            "days": [
                [day.day.isoformat(), day.kind.value, day.name, day.provisional] for day in ordered(self.special_days)
            ],
            "first_year": self.first_year,
            "last_year": self.last_year,
            "provisional_from": self.provisional_from.isoformat() if self.provisional_from else None,
            "weekdays": sorted(self.weekdays),
            "zone": self.zone,
            "source": self.source,
        }


def from_json(kept: dict[str, Any]) -> Content:
    """What `as_json` gave, back again."""
    border = kept["provisional_from"]
    return Content(
        hours=[Hours(time.fromisoformat(start), time.fromisoformat(end)) for start, end in kept["hours"]],
        special_days=[
            Special(date.fromisoformat(day), SpecialKind(kind), name, provisional)
            for day, kind, name, provisional in kept["days"]
        ],
        first_year=kept["first_year"],
        last_year=kept["last_year"],
        provisional_from=date.fromisoformat(border) if border else None,
        weekdays=frozenset(kept["weekdays"]),
        zone=kept["zone"],
        source=kept["source"],
    )


def ordered(days: Iterable[Special]) -> list[Special]:
    """By date, the statutory day before the local one over it."""
    return sorted(days, key=lambda special: (special.day, special.kind.is_local))


def same(one: Content, other: Content) -> bool:
    """Whether both say exactly the same, whatever source either names."""
    return replace(one, source="").as_json() == replace(other, source="").as_json()


def statutory(days: Iterable[Special]) -> dict[date, Special]:
    """The statutory days of `days` by date."""
    return {special.day: special for special in days if not special.kind.is_local}


def with_days(content: Content, days: Sequence[Special]) -> Content:
    """`content` with the statutory days of every year that `days` names replaced, and their local days put over it.

    Raises ContentRefused when a year not published so far comes with fewer days off than a year has.
    """
    given = statutory(days)
    years = {day.year for day in given}
    _refuse_part_of_a_year(content, given.values(), years)
    local = {special.day: special for special in content.special_days if special.kind.is_local}
    local |= {special.day: special for special in days if special.kind.is_local}
    kept = {day: special for day, special in statutory(content.special_days).items() if day.year not in years}
    return _with(content, [*(kept | given).values(), *local.values()])


def _with(content: Content, days: Iterable[Special]) -> Content:
    special_days = ordered(days)
    last = max((special.day.year for special in special_days), default=content.last_year)
    return replace(
        content,
        special_days=special_days,
        first_year=min([content.first_year, *(special.day.year for special in special_days)]),
        last_year=max(content.last_year, last),
        provisional_from=calendar_package.first_provisional(special_days),
    )


def _refuse_part_of_a_year(content: Content, days: Collection[Special], years: Collection[int]) -> None:
    border = content.provisional_from
    for year in sorted(years):
        off = sum(
            special.day.year == year and special.kind == SpecialKind.HOLIDAY and not special.provisional
            for special in days
        )
        unpublished = (
            border is not None and year >= border.year
        ) or not content.first_year <= year <= content.last_year
        if unpublished and off < STATUTORY_DAYS and not any(d.provisional for d in days if d.day.year == year):
            said = {"year": year, "off": off, "least": STATUTORY_DAYS}
            raise ContentRefused(
                _("Only %(off)d days off in %(year)d: the notice of a year names at least %(least)d.") % said
            )


def filled(content: Content) -> Content:
    """`content` with what is known already, provisional, of every year up to its last of which it says nothing."""
    said = {special.day.year for special in content.special_days if not special.kind.is_local}
    to_come = calendar_package.to_come(after=max(said, default=content.first_year - 1), last_year=content.last_year)
    return _with(content, [*content.special_days, *to_come])


def with_local(content: Content, *, first: date, last: date, kind: SpecialKind | None, name: str = "") -> Content:
    """`content` with the days from `first` to `last` made local days of `kind`, or (None) no local days any more."""
    if not first <= last:
        raise ContentRefused(_("The last day lies before the first."))
    if (last - first).days >= MOST_LOCAL_DAYS:
        raise ContentRefused(_("At most a year at a time."))
    if not (content.first_year <= first.year and last.year <= content.last_year):
        years = {"first": content.first_year, "last": content.last_year}
        raise ContentRefused(_("The calendar covers the years %(first)d to %(last)d.") % years)
    span = {first + timedelta(days=offset) for offset in range((last - first).days + 1)}
    kept = [special for special in content.special_days if not (special.kind.is_local and special.day in span)]
    if kind is None:
        if len(kept) == len(content.special_days):
            raise ContentRefused(_("There is no local day to take away."))
        return _with(content, kept)
    return _with(content, [*kept, *(Special(day, kind, name) for day in span)])


def with_hours(content: Content, *, hours: Sequence[Hours], weekdays: Collection[int]) -> Content:
    """`content` with other work periods and weekdays (0 = Monday); raises a CalendarError that names what is wrong."""
    for period in hours:
        if period.seconds <= 0:
            said = {"start": f"{period.start:%H:%M}", "end": f"{period.end:%H:%M}"}
            raise ContentRefused(_("The work period %(start)s-%(end)s ends before it begins.") % said)
    for earlier, later in zip(sorted(hours), sorted(hours)[1:], strict=False):
        if earlier.end == time(0) or earlier.end > later.start:
            raise ContentRefused(_("Two work periods overlap."))
    if not hours or not (weekdays or any(special.kind.works for special in content.special_days)):
        raise ContentRefused(_("A calendar without any working time cannot answer when something is due."))
    return replace(content, hours=sorted(hours), weekdays=frozenset(weekdays))


@dataclass(frozen=True, slots=True)
class DayChange:
    """One date that is said otherwise: what stood there and what does now, None where it follows its weekday."""

    day: date
    before: Special | None
    after: Special | None


@dataclass(frozen=True, slots=True)
class Difference:
    """What one content says otherwise than another."""

    days: list[DayChange]
    hours: bool
    weekdays: bool
    years: bool

    def __bool__(self) -> bool:
        return bool(self.days or self.hours or self.weekdays or self.years)


def difference(before: Content, after: Content) -> Difference:
    """What `after` says otherwise than `before`, day by day."""
    return Difference(
        days=list(_day_changes(before, after)),
        hours=sorted(before.hours) != sorted(after.hours),
        weekdays=before.weekdays != after.weekdays,
        years=(before.first_year, before.last_year) != (after.first_year, after.last_year),
    )


def _day_changes(before: Content, after: Content) -> Iterator[DayChange]:
    for local in (False, True):
        was = {special.day: special for special in before.special_days if special.kind.is_local is local}
        now = {special.day: special for special in after.special_days if special.kind.is_local is local}
        for day in sorted(was.keys() | now.keys()):
            if was.get(day) != now.get(day):
                yield DayChange(day, was.get(day), now.get(day))
