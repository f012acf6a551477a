"""A clock that is claimed while its calendar changes goes by the new calendar, not by the moment it was claimed for.

A change reaches the clocks batch by batch; time does not wait for it. What was red before it was made stays red.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from incidents import clocks, records
from incidents.clock_rules import RED_SAID
from incidents.clock_steps import Due
from incidents.limits import limit_row
from incidents.models import CalendarChange, CalendarVersion, Clock, Incident
from incidents.records import SYSTEM

# Of each version asked for that is not the newest of its calendar any more: the newest and when it was made. Of one
# that a district is just leaving: the common calendar's and when that was pressed; clocks whose limit names a
# calendar stay.
_NEWER = f"""
SELECT old.id, new.id, new.created_at, false FROM {CalendarVersion._meta.db_table} AS old
  JOIN LATERAL (SELECT id, created_at FROM {CalendarVersion._meta.db_table} AS v
                 WHERE v.calendar_id = old.calendar_id ORDER BY id DESC LIMIT 1) AS new ON new.id > old.id
 WHERE old.id = ANY(%s)
UNION ALL
SELECT old.id, change.joins_id, change.applied_at, true FROM {CalendarVersion._meta.db_table} AS old
  JOIN {CalendarChange._meta.db_table} AS change
    ON change.calendar_id = old.calendar_id AND change.state = 'applying' AND change.joins_id IS NOT NULL
 WHERE old.id = ANY(%s)
"""


def rebound(claimed: Sequence[Due], *, now: datetime) -> list[Due]:
    """The claimed clocks whose calendar is the newest; the others go over to it, with a line where a deadline moved.

    Those are left to the next pass, which sees them by their new moment. One query where nothing changed.
    """
    newer, common = _newer({due.calendar_version_id for due in claimed})
    if not newer and not common:
        return list(claimed)
    goes_to: dict[int, tuple[int, datetime]] = {}
    for due in claimed:
        version = (common if _is_free(due) else {}).get(due.calendar_version_id) or newer.get(due.calendar_version_id)
        if version is not None and due.step < RED_SAID:
            goes_to[due.pk] = version
    _recompute(goes_to, now)
    return [due for due in claimed if due.pk not in goes_to]


def _is_free(due: Due) -> bool:
    return due.limit_id is None or limit_row(due.limit_id).calendar_id is None


Versions = dict[int, tuple[int, datetime]]


def _newer(versions: set[int]) -> tuple[Versions, Versions]:
    """By version: the newest of its calendar; the one of the common calendar, where that is gone back to."""
    newer: Versions = {}
    common: Versions = {}
    if versions:
        with connection.cursor() as cursor:
            cursor.execute(_NEWER, [list(versions), list(versions)])
            for old, new, made, is_common in cursor.fetchall():
                (common if is_common else newer)[old] = new, made
    return newer, common


def _recompute(goes_to: Versions, now: datetime) -> None:
    """By clock: the version it goes over to and when that was made."""
    for clock in Clock.objects.filter(pk__in=goes_to).order_by("pk"):
        version, made = goes_to[clock.pk]
        act = clocks.recompute(clock=clock, now=made, version_id=version)
        if act is not None:
            about = {"clocks": [act.as_json()]}
            incident = Incident(pk=clock.incident_id, district_id=clock.district_id)
            records.record(incident=incident, kind="deadline_moved", acting=SYSTEM, now=now, clock=clock, details=about)
