"""Working time: one pure pair, `elapsed(a, b)` and `add(t, s)`, over one list of intervals.

A calendar is expanded once into sorted work intervals with a running sum; both questions are then a
binary search of about a microsecond, and provably each other's inverse. All counting is in whole
seconds: fractions of a second are dropped. This module knows no models and never looks at the clock.

Natural time (24 hours a day) has the same interface, so that a limit in natural minutes and one in
working days go through the same code.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple, Protocol

DAY = timedelta(days=1)
DAY_SECONDS = 86_400
MONDAY_TO_FRIDAY = frozenset({0, 1, 2, 3, 4})


class CalendarError(ValueError):
    """A calendar cannot answer; the message names the calendar and what is missing."""


class CalendarHorizon(CalendarError):
    """The answer lies outside the years the calendar was built for."""


class CalendarEmpty(CalendarError):
    """The calendar holds no working time at all, so no deadline exists."""


class SpecialKind(StrEnum):
    """What a special day is; the values are those of the rows. Other days follow their weekday."""

    HOLIDAY = "holiday"
    MAKEUP_WORKDAY = "makeup_workday"
    LOCAL_OFF = "local_off"
    LOCAL_WORK = "local_work"

    @property
    def works(self) -> bool:
        """Whether offices work on such a day."""
        return self in (SpecialKind.MAKEUP_WORKDAY, SpecialKind.LOCAL_WORK)

    @property
    def is_local(self) -> bool:
        """Whether the day was set by a district; it stands over a statutory day of the same date."""
        return self in (SpecialKind.LOCAL_OFF, SpecialKind.LOCAL_WORK)


@dataclass(frozen=True, slots=True)
class Special:
    """One date that does not follow its weekday, with the name people know it by."""

    day: date
    kind: SpecialKind
    name: str = ""
    provisional: bool = False


MIDNIGHT = time(0)


class Hours(NamedTuple):
    """One work period of a working day, from `start` to `end` on the wall clock; an end at 00:00 is its midnight."""

    start: time
    end: time

    @property
    def seconds(self) -> int:
        """Its length; negative when it ends before it starts."""
        return (_seconds(self.end) or DAY_SECONDS) - _seconds(self.start)


ROUND_THE_CLOCK = Hours(MIDNIGHT, MIDNIGHT)
EVERY_DAY = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class DayPiece:
    """The part of one local day that counted, for "why this deadline"."""

    day: date
    seconds: int
    works: bool
    special: Special | None


class Calendar(Protocol):
    """What every kind of time answers."""

    @property
    def name(self) -> str: ...

    @property
    def zone(self) -> tzinfo: ...

    @property
    def working_day_seconds(self) -> int: ...

    def elapsed(self, a: datetime, b: datetime) -> int: ...

    def add(self, t: datetime, seconds: int) -> datetime: ...

    def end_of_day(self, t: datetime) -> datetime: ...

    def is_provisional(self, t: datetime) -> bool: ...

    def pieces(self, a: datetime, b: datetime) -> list[DayPiece]: ...


def whole_second(t: datetime) -> datetime:
    """`t` without its fraction of a second: the grain in which every moment is compared."""
    return t.replace(microsecond=0)


def _epoch(t: datetime) -> int:
    """Whole seconds since 1970 UTC; refuses naive moments, which would mean the server's zone."""
    if t.tzinfo is None:
        raise CalendarError(f"{t.isoformat()} has no time zone")
    return int(t.timestamp() // 1)


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)


def _not_negative(seconds: int) -> None:
    if seconds < 0:
        raise CalendarError(f"cannot add a negative time: {seconds} seconds")


def _days(first: date, last: date) -> Iterator[date]:
    day = first
    while day <= last:
        yield day
        day += DAY


@dataclass(frozen=True, slots=True)
class NaturalCalendar:
    """Time as it passes: every second of every day counts, without end."""

    zone: tzinfo = UTC
    name: str = "natural"

    @property
    def working_day_seconds(self) -> int:
        """86 400: a natural day."""
        return DAY_SECONDS

    def elapsed(self, a: datetime, b: datetime) -> int:
        """Seconds from `a` to `b`; negative when `b` is the earlier."""
        return _epoch(b) - _epoch(a)

    def add(self, t: datetime, seconds: int) -> datetime:
        """The moment `seconds` after `t`, in UTC."""
        _not_negative(seconds)
        return _moment(_epoch(t) + seconds)

    def end_of_day(self, t: datetime) -> datetime:
        """23:59:59 of the local day of `t`; midnight is the end of the day before."""
        local = t.astimezone(self.zone)
        if local.time() == MIDNIGHT:
            return t.astimezone(UTC)
        last = datetime.combine(local.date(), time(23, 59, 59), tzinfo=self.zone)
        return last.astimezone(UTC)

    def is_provisional(self, t: datetime) -> bool:
        """Never: natural time does not depend on a holiday notice."""
        return False

    def pieces(self, a: datetime, b: datetime) -> list[DayPiece]:
        """Day by day, the seconds between `a` and `b`."""
        return [DayPiece(day, seconds, True, None) for day, seconds in _cut_by_day(self, a, b)]


@dataclass(frozen=True)
class WorkCalendar:
    """The working time of one place: sorted, disjoint intervals of epoch seconds [start, end).

    `begins` and `ends` bound the days the calendar knows (epoch seconds, half-open); a question
    outside them raises CalendarHorizon rather than guess. From `provisional_from` (a local date)
    on, the statutory schedule was not published when the calendar was made.
    """

    intervals: Sequence[tuple[int, int]]
    begins: int
    ends: int
    zone: tzinfo
    name: str = "work"
    weekdays: frozenset[int] = MONDAY_TO_FRIDAY
    provisional_from: date | None = None
    special: Mapping[date, Special] = field(default_factory=dict)
    usual_day_seconds: int = 0
    _starts: list[int] = field(init=False, repr=False, compare=False)
    _ends: list[int] = field(init=False, repr=False, compare=False)
    _sums: list[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.intervals:
            raise CalendarEmpty(f"calendar {self.name!r} has no working day")
        sums, total, last = [0], 0, self.begins
        for start, end in self.intervals:
            if not last <= start < end:
                raise CalendarError(f"calendar {self.name!r}: work periods overlap or are empty")
            total, last = total + end - start, end
            sums.append(total)
        if last > self.ends:
            raise CalendarError(f"calendar {self.name!r}: a work period lies past the last year")
        object.__setattr__(self, "_starts", [start for start, _ in self.intervals])
        object.__setattr__(self, "_ends", [end for _, end in self.intervals])
        object.__setattr__(self, "_sums", sums)

    @property
    def working_day_seconds(self) -> int:
        """The seconds of a normal day: what "one working day" of a limit is worth."""
        return self.usual_day_seconds

    @cached_property
    def _provisional_epoch(self) -> int | None:
        if self.provisional_from is None:
            return None
        midnight = datetime.combine(self.provisional_from, time(0), tzinfo=self.zone)
        return _epoch(midnight)

    def _known(self, t: datetime) -> int:
        """Epoch seconds of `t`, once it is sure that the calendar knows that day."""
        seconds = _epoch(t)
        if not self.begins <= seconds < self.ends:
            raise CalendarHorizon(
                f"calendar {self.name!r} does not reach {t.astimezone(self.zone):%Y-%m-%d}: "
                f"it covers {self.first_day} to {self.last_day}"
            )
        return seconds

    @property
    def first_day(self) -> date:
        """The first local day the calendar knows."""
        return _moment(self.begins).astimezone(self.zone).date()

    @property
    def last_day(self) -> date:
        """The last local day the calendar knows."""
        return _moment(self.ends - 1).astimezone(self.zone).date()

    def _position(self, seconds: int) -> int:
        """Working seconds between the beginning of the calendar and `seconds`."""
        i = bisect_right(self._starts, seconds)
        if i == 0:
            return 0
        return self._sums[i - 1] + min(seconds, self._ends[i - 1]) - self._starts[i - 1]

    def elapsed(self, a: datetime, b: datetime) -> int:
        """Working seconds from `a` to `b`; negative when `b` is the earlier."""
        return self._position(self._known(b)) - self._position(self._known(a))

    def add(self, t: datetime, seconds: int) -> datetime:
        """The first moment at which `seconds` of working time have passed since `t`, in UTC.

        `add(t, 0)` is `t` itself, also at night. For more, the answer lies inside a work interval
        or at its end: work that fills Friday to its last second is due on Friday, not on Monday.
        """
        _not_negative(seconds)
        begin = self._known(t)
        if seconds == 0:
            return _moment(begin)
        wanted = self._position(begin) + seconds
        i = bisect_left(self._sums, wanted)
        if i == len(self._sums):
            raise CalendarHorizon(
                f"calendar {self.name!r} ends on {self.last_day}: "
                f"{seconds} working seconds from {t.astimezone(self.zone):%Y-%m-%d} do not fit"
            )
        return _moment(self._starts[i - 1] + wanted - self._sums[i - 1])

    def end_of_day(self, t: datetime) -> datetime:
        """The end of the last work period of the local day of `t`, or of the next working day.

        Also the next working day when `t` lies past the end of its own.
        """
        seconds = self._known(t)
        i = bisect_left(self._ends, seconds)
        if i == len(self._ends):
            raise CalendarHorizon(f"calendar {self.name!r} ends on {self.last_day}")
        day = _moment(self._starts[i]).astimezone(self.zone).date()
        midnight = datetime.combine(day + DAY, time(0), tzinfo=self.zone)
        return _moment(self._ends[bisect_right(self._ends, _epoch(midnight)) - 1])

    def is_provisional(self, t: datetime) -> bool:
        """Whether `t` lies in a year whose statutory schedule was not yet published."""
        border = self._provisional_epoch
        return border is not None and _epoch(t) >= border

    def works(self, day: date) -> bool:
        """Whether `day` is a working day."""
        return _works(day, self.weekdays, self.special)

    def pieces(self, a: datetime, b: datetime) -> list[DayPiece]:
        """Day by day, the working seconds between `a` and `b`, days off included with 0."""
        return [
            DayPiece(day, seconds, self.works(day), self.special.get(day)) for day, seconds in _cut_by_day(self, a, b)
        ]


def _cut_by_day(calendar: Calendar, a: datetime, b: datetime) -> Iterator[tuple[date, int]]:
    """Every local day that [a, b] touches, with the seconds of it that count."""
    first, last = a.astimezone(calendar.zone).date(), b.astimezone(calendar.zone).date()
    for day in _days(first, last):
        midnight = datetime.combine(day, time(0), tzinfo=calendar.zone)
        following = datetime.combine(day + DAY, time(0), tzinfo=calendar.zone)
        yield day, calendar.elapsed(max(a, midnight), min(b, following))


def _works(day: date, weekdays: frozenset[int], special: Mapping[date, Special]) -> bool:
    found = special.get(day)
    return found.kind.works if found else day.weekday() in weekdays


def build(
    *,
    hours: Sequence[Hours],
    zone: tzinfo,
    first_year: int,
    last_year: int,
    special_days: Iterable[Special] = (),
    weekdays: frozenset[int] = MONDAY_TO_FRIDAY,
    provisional_from: date | None = None,
    name: str = "work",
) -> WorkCalendar:
    """The WorkCalendar of the years `first_year` to `last_year`, both included.

    A day is worked, in all `hours`, when a special day says so or when its weekday (0 = Monday) is
    in `weekdays` and no special day takes it off; of two special days for one date a local one wins
    over a statutory one, else the later in the list. Raises CalendarEmpty when nothing is ever
    worked, CalendarError when periods overlap.
    """
    special = {found.day: found for found in sorted(special_days, key=lambda found: found.kind.is_local)}
    intervals = [
        (_at(day, start, zone), _at(day, end, zone) if end != MIDNIGHT else _at(day + DAY, end, zone))
        for day in _days(date(first_year, 1, 1), date(last_year, 12, 31))
        if _works(day, weekdays, special)
        for start, end in sorted(hours)
    ]
    return WorkCalendar(
        intervals=intervals,
        begins=_at(date(first_year, 1, 1), time(0), zone),
        ends=_at(date(last_year + 1, 1, 1), time(0), zone),
        zone=zone,
        name=name,
        weekdays=weekdays,
        provisional_from=provisional_from,
        special=special,
        usual_day_seconds=sum(period.seconds for period in hours),
    )


def _at(day: date, clock: time, zone: tzinfo) -> int:
    return _epoch(datetime.combine(day, clock, tzinfo=zone))


def _seconds(clock: time) -> int:
    return clock.hour * 3600 + clock.minute * 60 + clock.second
