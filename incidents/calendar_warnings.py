"""What an administrator must know about calendars before people notice it at a deadline."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from incidents.models import Calendar, CalendarVersion

# From this day of the year on the notice of the next one should be there.
SHOULD_BE_PUBLISHED = (12, 1)
YEARS_AHEAD = 3


@dataclass(frozen=True, slots=True)
class CalendarWarning:
    """One calendar that needs care. `code`: "provisional" (of `year`, which begins soon) or "ends" (with `year`)."""

    calendar: Calendar
    code: str
    year: int


def current_versions() -> list[CalendarVersion]:
    """The newest version of every calendar, the common ones first."""
    newest = CalendarVersion.objects.order_by("calendar", "-number").distinct("calendar").values("pk")
    found = CalendarVersion.objects.filter(pk__in=newest).select_related("calendar__district", "made_by")
    return sorted(
        found, key=lambda version: (version.calendar.district_id or "", version.calendar.by_name_only, version.pk)
    )


def provisional_warning(now: datetime) -> list[CalendarWarning]:
    """The calendars of whose next year only provisional days are known although December has begun, and those that
    end within three years. Two queries whatever there is.
    """
    found = []
    for version in current_versions():
        today = now.astimezone(ZoneInfo(version.zone)).date()
        next_year = today.year + 1
        border = version.provisional_from
        if border is not None and border.year <= next_year and (today.month, today.day) >= SHOULD_BE_PUBLISHED:
            found.append(CalendarWarning(version.calendar, "provisional", border.year))
        if version.last_year < today.year + YEARS_AHEAD:
            found.append(CalendarWarning(version.calendar, "ends", version.last_year))
    return found
