"""The span of days a dashboard looks back over, as its address says it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

TODAY, CUSTOM = "today", "custom"
DAYS = {TODAY: 1, "7": 7, "30": 30}
LABELS: dict[str, str | Promise] = {
    TODAY: _("Today"),
    "7": _("7 days"),
    "30": _("30 days"),
    CUSTOM: _("Other days"),
}
# Longer spans are cut to their last days, so that no address asks for the counting of everything.
MOST_DAYS = 366
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Span:
    """Whole days from `first` to `last`, both included, in the deployment's own time."""

    key: str
    first: date
    last: date

    @classmethod
    def parsed(cls, given: Mapping[str, Any], *, now: datetime) -> "Span":
        """The span of an address: `span` by name, or `since` and `until`; what makes no sense is today."""
        today = timezone.localtime(now).date()
        first, last = _day(given.get("since")), _day(given.get("until"))
        if given.get("span", CUSTOM) == CUSTOM and (first or last):
            last = last or today
            first = min(first or last, last)
            return cls(CUSTOM, max(first, last - DAY * (MOST_DAYS - 1)), last)
        key = str(given.get("span", TODAY))
        key = key if key in DAYS else TODAY
        return cls(key, today - DAY * (DAYS[key] - 1), today)

    @property
    def start(self) -> datetime:
        return _midnight(self.first)

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        return _midnight(self.last + DAY)

    @property
    def is_one_day(self) -> bool:
        return self.first == self.last

    @property
    def pairs(self) -> dict[str, str]:
        """What the address says of it; nothing for today."""
        if self.key == CUSTOM:
            return {"since": self.first.isoformat(), "until": self.last.isoformat()}
        return {} if self.key == TODAY else {"span": self.key}

    def steps(self) -> list[tuple[datetime, datetime]]:
        """The hours of one day, or the days of several, each with its end."""
        if self.is_one_day:
            return [(self.start + HOUR * hour, self.start + HOUR * (hour + 1)) for hour in range(24)]
        number = (self.last - self.first).days + 1
        return [(_midnight(self.first + DAY * day), _midnight(self.first + DAY * (day + 1))) for day in range(number)]


def _day(said: Any) -> date | None:
    try:
        day = parse_date(str(said or ""))
    except ValueError:
        return None
    return day if day is not None and 1970 <= day.year < 2900 else None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), tzinfo=timezone.get_default_timezone())
