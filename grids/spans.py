"""How moments and spans of time are said to people. Pure: every time is an argument."""

from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext_lazy

MINUTE, HOUR, DAY = 60, 3600, 86400
WEEKDAYS = (
    pgettext_lazy("weekday", "Mon"),
    pgettext_lazy("weekday", "Tue"),
    pgettext_lazy("weekday", "Wed"),
    pgettext_lazy("weekday", "Thu"),
    pgettext_lazy("weekday", "Fri"),
    pgettext_lazy("weekday", "Sat"),
    pgettext_lazy("weekday", "Sun"),
)
# A normal working day, for saying long working times; deadlines are reckoned elsewhere, in seconds.
WORKING_DAY_HOURS = 8


def said(at: datetime, now: datetime) -> str:
    """A moment as people say it: today 14:15, yesterday 09:00, 11-23 Mon 16:00; with its year when that differs."""
    return said_on(at, timezone.localtime(now).date())


def said_on(at: datetime, today: date) -> str:
    """The same, where it is known which day it is here."""
    local = timezone.localtime(at)
    clock = f"{local:%H:%M}"
    days = (local.date() - today).days
    if days == 0:
        return _("today %(time)s") % {"time": clock}
    if days == -1:
        return _("yesterday %(time)s") % {"time": clock}
    if days == 1:
        return _("tomorrow %(time)s") % {"time": clock}
    if local.year == today.year:
        return f"{local:%m-%d} {WEEKDAYS[local.weekday()]} {clock}"
    return f"{local:%Y-%m-%d} {clock}"


def exact(at: datetime) -> str:
    """The moment to the second in the place's own time, for titles."""
    return _exact(at, timezone.get_current_timezone())


@lru_cache(maxsize=4096)
def _exact(at: datetime, zone: tzinfo) -> str:
    return f"{timezone.localtime(at, zone):%Y-%m-%d %H:%M:%S}"


def _days(count: int) -> str:
    return ngettext("%(count)d day", "%(count)d days", count) % {"count": count}


def _hours(count: int) -> str:
    return ngettext("%(count)d hour", "%(count)d hours", count) % {"count": count}


def _minutes(count: int) -> str:
    return _("%(count)d min") % {"count": count}


def natural(seconds: float | timedelta) -> str:
    """A span in its two largest units: 3 days 4 hours, 2 hours 5 min, 40 s. The sign is dropped."""
    total = abs(int(seconds.total_seconds() if isinstance(seconds, timedelta) else seconds))
    if total < MINUTE:
        return _("%(count)d s") % {"count": total}
    days, rest = divmod(total, DAY)
    hours, rest = divmod(rest, HOUR)
    minutes = rest // MINUTE
    if days:
        return f"{_days(days)} {_hours(hours)}" if hours else _days(days)
    if hours:
        return f"{_hours(hours)} {_minutes(minutes)}" if minutes else _hours(hours)
    return _minutes(minutes)


def working(seconds: float, day_hours: int = WORKING_DAY_HOURS) -> str:
    """Working seconds as people say them: 2 working days 3 working hours, 1 working hour 20 min, 25 working min."""
    total = abs(int(seconds))
    hours, rest = divmod(total, HOUR)
    minutes = rest // MINUTE
    if hours >= 2 * day_hours:
        days, hours = divmod(hours, day_hours)
        text = ngettext("%(count)d working day", "%(count)d working days", days) % {"count": days}
        return f"{text} {_working_hours(hours)}" if hours else text
    if hours:
        return f"{_working_hours(hours)} {_minutes(minutes)}" if minutes else _working_hours(hours)
    return _("%(count)d working min") % {"count": minutes}


def _working_hours(count: int) -> str:
    return ngettext("%(count)d working hour", "%(count)d working hours", count) % {"count": count}
