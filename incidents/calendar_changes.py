"""A calendar changes by a new version; running clocks then move over to it, each with a line in its record."""

from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from grids.models import Person
from incidents import calendar_content, clocks, records
from incidents.calendar_content import Content
from incidents.calendar_rows import content_of
from incidents.clocks import Turned
from incidents.models import (
    Calendar,
    CalendarChange,
    CalendarVersion,
    Clock,
    ClockState,
    Incident,
    SpecialDay,
    WorkPeriod,
)
from incidents.records import SYSTEM

__all__ = [
    "Content", "concerned", "content_of", "following", "new_version", "recompute_clocks", "recompute_some", "replace",
    "says",
]  # fmt: skip

# So many incidents are locked together: few enough that nobody who presses a button waits for long.
BATCH = 200


@transaction.atomic
def new_version(
    *, calendar: Calendar, content: Content, now: datetime, made_by: Person | None = None
) -> CalendarVersion:
    """Add a version to `calendar`; raises a CalendarError when it could not be counted by (no working day, overlap).

    The clocks that run on older versions stay there until `recompute_clocks`.
    """
    content.built(calendar.name)
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
        made_by=made_by,
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


def says(version: CalendarVersion, content: Content) -> bool:
    """Whether `version` says exactly `content`, whatever source either names."""
    return calendar_content.same(content_of(version), content)


def following(calendar: Calendar) -> QuerySet[Clock]:
    """The clocks, not stopped, that go by `calendar`: those on it, and the district's on another it goes by no more.

    A clock whose limit names a calendar stays with that one.
    """
    concerned = Q(calendar_version__calendar=calendar.pk)
    if calendar.district_id is not None and not calendar.by_name_only:
        concerned |= Q(district=calendar.district_id) & Q(limit__calendar__isnull=True)
    return Clock.objects.filter(concerned).exclude(state=ClockState.STOPPED)


def concerned(change: CalendarChange) -> QuerySet[Clock]:
    """The clocks a change moves: what follows its calendar; back to the common one, all the district's but those whose
    limit names a calendar.
    """
    if change.joins_id is None:
        return following(change.calendar)
    free = Clock.objects.filter(district=change.calendar.district_id, limit__calendar__isnull=True)
    return free.exclude(state=ClockState.STOPPED)


def recompute_clocks(*, version: CalendarVersion, now: datetime) -> int:
    """Move every open clock that this version concerns over to it; returns how many deadlines changed.

    Goes in batches of a transaction each, so that work goes on meanwhile; an incident somebody is just moving is
    waited for.
    """
    changed, last = 0, 0
    while True:
        with transaction.atomic():
            some = recompute_some(following(version.calendar), version=version, after=last, now=now)
        if some is None:
            return changed
        last, changed = some.last, changed + some.moved


@dataclass(frozen=True, slots=True)
class Recomputed:
    """One batch: the last incident of it, how many of its clocks went over, how many deadlines that changed."""

    last: int
    clocks: int
    moved: int


def recompute_some(among: QuerySet[Clock], *, version: CalendarVersion, after: int, now: datetime) -> Recomputed | None:
    """Move clocks of the next incidents whose id lies beyond `after`; None when there are none. In a transaction.

    Incidents are locked before clocks. Each changed deadline leaves a `deadline_moved` event.
    """
    behind = among.exclude(calendar_version=version).filter(incident__gt=after)
    ids = list(behind.order_by("incident").values_list("incident", flat=True).distinct()[:BATCH])
    if not ids:
        return None
    incidents = {row.pk: row for row in Incident.objects.select_for_update().filter(pk__in=ids).order_by("pk")}
    found = among.exclude(calendar_version=version).filter(incident__in=ids)
    into, acts, seen = Turned(), [], 0
    for clock in found.select_for_update(of=("self",)).order_by("pk"):
        seen += 1
        act = clocks.recompute(clock=clock, now=now, version_id=version.pk, into=into)
        if act is not None:
            acts.append(act)
    Turned.write(into)
    records.write(
        [
            records.line(
                incident=incidents[act.clock.incident_id],
                kind="deadline_moved",
                acting=SYSTEM,
                now=now,
                clock=act.clock,
                details={"clocks": [act.as_json()]},
            )
            for act in acts
        ]
    )
    return Recomputed(last=ids[-1], clocks=seen, moved=len(acts))
