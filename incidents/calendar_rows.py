"""Turns calendar rows into calendars that count. A version never changes, so each is expanded once per process."""

from datetime import tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.db.models import F, Q

from incidents import calendar_content
from incidents.calendar_content import Content
from incidents.calendars import CalendarEmpty, CalendarError, Hours, NaturalCalendar, Special, SpecialKind, WorkCalendar
from incidents.models import CalendarVersion


class CalendarMissing(CalendarError):
    """No calendar was loaded yet, so no deadline can be computed."""


@lru_cache(maxsize=64)
def work_calendar(version_id: int) -> WorkCalendar:
    """The WorkCalendar of one version: about 60 ms and three queries the first time, nothing afterwards."""
    version = CalendarVersion.objects.select_related("calendar").get(pk=version_id)
    return content_of(version).built(str(version))


def content_of(version: CalendarVersion) -> Content:
    """What a version says, read back from its rows."""
    return Content(
        hours=[Hours(period.starts, period.ends) for period in version.periods.all()],
        special_days=calendar_content.ordered(
            Special(row.date, SpecialKind(row.kind), row.name, row.provisional) for row in version.days.all()
        ),
        first_year=version.first_year,
        last_year=version.last_year,
        provisional_from=version.provisional_from,
        weekdays=frozenset(weekday - 1 for weekday in version.weekdays),
        zone=version.zone,
        source=version.source,
    )


@lru_cache(maxsize=64)
def natural_calendar(zone: tzinfo) -> NaturalCalendar:
    """Natural time with the local midnights of `zone`."""
    return NaturalCalendar(zone)


def calendar_for(version_id: int, *, working: bool) -> WorkCalendar | NaturalCalendar:
    """The calendar a clock counts by: working time of the version, or natural time in its zone.

    Raises CalendarEmpty when working time is asked of a version without a working day.
    """
    if working:
        return work_calendar(version_id)
    try:
        return natural_calendar(work_calendar(version_id).zone)
    except CalendarEmpty:
        return natural_calendar(ZoneInfo(CalendarVersion.objects.get(pk=version_id).zone))


def calendar_or_natural(version_id: int, *, working: bool) -> WorkCalendar | NaturalCalendar:
    """The same; where the version has no working day, natural time, so that no page and no press fails of it."""
    try:
        return calendar_for(version_id, working=working)
    except CalendarEmpty:
        return calendar_for(version_id, working=False)


def current_version(*, district_id: str) -> CalendarVersion:
    """The newest version of the district's own calendar, else of the one all districts share.

    Raises CalendarMissing before `manage.py load_calendar` was run.
    """
    version = (
        CalendarVersion.objects.filter(Q(calendar__district=district_id) | Q(calendar__district__isnull=True))
        .filter(calendar__by_name_only=False)
        .order_by(F("calendar__district").asc(nulls_last=True), "-pk")
        .first()
    )
    if version is None:
        raise CalendarMissing(f"no calendar for {district_id}: run manage.py load_calendar")
    return version
