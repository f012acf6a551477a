"""A calendar changes by a new version; running clocks then move over to it, each with a line in its record."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q, QuerySet

from incidents import calendars, clocks, records
from incidents.calendars import MONDAY_TO_FRIDAY, Hours, Special, SpecialKind
from incidents.models import Calendar, CalendarVersion, Clock, ClockState, Incident, SpecialDay, WorkPeriod
from incidents.records import SYSTEM

# Statutory days with a fixed date, as (month, day): New Year, Labour Day (two), National Day (three).
FIXED_DAYS = (
    (1, 1, "元旦"),
    (5, 1, "劳动节"),
    (5, 2, "劳动节"),
    (10, 1, "国庆节"),
    (10, 2, "国庆节"),
    (10, 3, "国庆节"),
)
BATCH = 200


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


def with_fixed_days(days: Sequence[Special], *, last_year: int) -> list[Special]:
    """`days`, and for each later year up to `last_year` the statutory days with a fixed date, as provisional."""
    years = range(max(special.day.year for special in days) + 1, last_year + 1)
    fixed = [
        Special(date(year, month, day), SpecialKind.HOLIDAY, name, provisional=True)
        for year in years
        for month, day, name in FIXED_DAYS
    ]
    return [*days, *fixed]


def first_provisional(days: Sequence[Special]) -> date | None:
    """1 January of the first year of which only provisional days are known; None when all are published."""
    years = [special.day.year for special in days if special.provisional]
    return date(min(years), 1, 1) if years else None


@transaction.atomic
def new_version(*, calendar: Calendar, content: Content, now: datetime) -> CalendarVersion:
    """Add a version to `calendar`; raises a CalendarError when it could not be counted by (no working day, overlap).

    The clocks that run on older versions stay there until `recompute_clocks`.
    """
    calendars.build(
        hours=content.hours,
        special_days=content.special_days,
        zone=ZoneInfo(content.zone),
        first_year=content.first_year,
        last_year=content.last_year,
        weekdays=content.weekdays,
        name=calendar.name,
    )
    Calendar.objects.select_for_update().get(pk=calendar.pk)
    newest = calendar.versions.first()
    version = CalendarVersion.objects.create(
        calendar=calendar,
        number=newest.number + 1 if newest else 1,
        zone=content.zone,
        weekdays=sorted(weekday + 1 for weekday in content.weekdays),
        first_year=content.first_year,
        last_year=content.last_year,
        provisional_from=content.provisional_from,
        source=content.source,
        created_at=now,
    )
    WorkPeriod.objects.bulk_create(
        [WorkPeriod(version=version, starts=start, ends=end) for start, end in content.hours]
    )
    SpecialDay.objects.bulk_create(
        [
            SpecialDay(version=version, date=row.day, kind=row.kind.value, name=row.name, provisional=row.provisional)
            for row in content.special_days
        ]
    )
    return version


def content_of(version: CalendarVersion) -> Content:
    """What a version says, read back from its rows."""
    return Content(
        hours=[Hours(period.starts, period.ends) for period in version.periods.all()],
        special_days=[
            Special(row.date, SpecialKind(row.kind), row.name, row.provisional) for row in version.days.all()
        ],
        first_year=version.first_year,
        last_year=version.last_year,
        provisional_from=version.provisional_from,
        weekdays=frozenset(weekday - 1 for weekday in version.weekdays),
        zone=version.zone,
        source=version.source,
    )


def says(version: CalendarVersion, content: Content) -> bool:
    """Whether `version` says exactly `content`, whatever source either names."""
    return replace(content_of(version), source="") == replace(
        content,
        source="",
        hours=sorted(content.hours),
        special_days=sorted(content.special_days, key=lambda special: special.day),
    )


def recompute_clocks(*, version: CalendarVersion, now: datetime) -> int:
    """Move every open clock that this version concerns over to it; returns how many deadlines changed.

    Goes in batches of a transaction each, incidents locked before clocks, so that work goes on meanwhile; an incident
    somebody is just moving is waited for. Each changed deadline leaves a `deadline_moved` event.
    """
    changed, last = 0, 0
    while True:
        with transaction.atomic():
            ids = list(_behind(version).filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH])
            if not ids:
                return changed
            changed += _recompute(ids, version, now=now)
            last = ids[-1]


def _behind(version: CalendarVersion) -> QuerySet[Clock]:
    concerned = Q(calendar_version__calendar=version.calendar_id)
    if version.calendar.district_id is not None:
        concerned |= Q(district=version.calendar.district_id)
    return Clock.objects.filter(concerned).exclude(state=ClockState.STOPPED).exclude(calendar_version=version)


def _recompute(ids: list[int], version: CalendarVersion, *, now: datetime) -> int:
    incident_ids = Clock.objects.filter(pk__in=ids).values("incident")
    incidents = {row.pk: row for row in Incident.objects.select_for_update().filter(pk__in=incident_ids).order_by("pk")}
    changed = 0
    for clock in Clock.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk"):
        act = clocks.recompute(clock=clock, now=now, version_id=version.pk)
        if act is not None:
            changed += 1
            records.record(
                incident=incidents[clock.incident_id],
                kind="deadline_moved",
                acting=SYSTEM,
                now=now,
                clock=clock,
                details={"clocks": [act.as_json()]},
            )
    return changed
