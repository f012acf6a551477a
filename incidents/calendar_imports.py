"""What a calendar would say after the published days were taken from the package or from a file."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.conf import settings
from django.db import transaction

from incidents import calendar_changes, calendar_content, calendar_files, calendar_package
from incidents.calendar_content import Content
from incidents.calendars import EVERY_DAY, MONDAY_TO_FRIDAY, ROUND_THE_CLOCK, Hours
from incidents.models import Calendar, CalendarVersion

COMMON_NAME = "法定工作日历"
ROUND_THE_CLOCK_NAME = "全天候日历"
FIRST_YEAR, LAST_YEAR = 2004, 2045


def shipped(*, hours: Sequence[Hours], first_year: int = FIRST_YEAR, last_year: int = LAST_YEAR) -> Content:
    """The calendar the house begins with: published days from the package, what is known of the years to come."""
    published = [day for day in calendar_package.published() if day.day.year >= first_year]
    bare = Content(
        hours=hours,
        special_days=published,
        first_year=first_year,
        last_year=last_year,
        provisional_from=None,
        weekdays=MONDAY_TO_FRIDAY,
        zone=settings.TIME_ZONE,
        source=calendar_package.source(),
    )
    return calendar_content.filled(bare)


def from_package(calendar: Calendar, *, again: bool = False) -> Content | None:
    """The calendar with the package's years; None when this release of the package was taken over before.

    Local days, periods, weekdays and the years the package does not know stay. A release is taken over once, so that
    what people correct afterwards stands; `again` takes it over once more. Raises PackageMissing.
    """
    newest, source = calendar.versions.first(), calendar_package.source()
    if newest is None or (not again and calendar.versions.filter(source=source).exists()):
        return None
    return with_package(calendar_changes.content_of(newest))


def with_package(ours: Content) -> Content:
    """`ours` with every year the package knows replaced by what it says. Raises PackageMissing."""
    content = calendar_content.with_days(ours, calendar_package.published())
    return replace(calendar_content.filled(content), source=calendar_package.source())


def from_file(ours: Content, data: bytes, *, name: str) -> Content:
    """`ours` with the days of a file: of each year it names all statutory days are replaced. Raises BadLine."""
    content = calendar_content.with_days(ours, calendar_files.days(data, name=name))
    return replace(calendar_content.filled(content), source=name[:200])


@transaction.atomic
def round_the_clock(*, now: datetime) -> CalendarVersion | None:
    """Put the calendar in which every second counts, for limits that name it; None when it is there already."""
    calendar, is_new = Calendar.objects.get_or_create(name=ROUND_THE_CLOCK_NAME, district=None, by_name_only=True)
    if not is_new:
        return None
    content = Content(
        hours=[ROUND_THE_CLOCK],
        special_days=[],
        first_year=FIRST_YEAR,
        last_year=LAST_YEAR,
        provisional_from=None,
        weekdays=EVERY_DAY,
        zone=settings.TIME_ZONE,
    )
    return calendar_changes.new_version(calendar=calendar, content=content, now=now)
