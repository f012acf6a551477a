"""A clock that is claimed while its calendar changes goes by the new calendar, not by the moment it was claimed for.

A change reaches the clocks batch by batch; time does not wait for it. What was red before it was made stays red.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from incidents import clocks, records
from incidents.clock_rules import RED_SAID
from incidents.clock_steps import Due
from incidents.models import CalendarVersion, Clock, Incident
from incidents.records import SYSTEM

# Of each version asked for that is not the newest of its calendar any more: the newest and when it was made.
_NEWER = f"""
SELECT old.id, new.id, new.created_at FROM {CalendarVersion._meta.db_table} AS old
  JOIN LATERAL (SELECT id, created_at FROM {CalendarVersion._meta.db_table} AS v
                 WHERE v.calendar_id = old.calendar_id ORDER BY id DESC LIMIT 1) AS new ON new.id > old.id
 WHERE old.id = ANY(%s)
"""


def rebound(claimed: Sequence[Due], *, now: datetime) -> list[Due]:
    """The claimed clocks whose calendar is the newest; the others go over to it, with a line where a deadline moved.

    Those are left to the next pass, which sees them by their new moment. One query where nothing changed.
    """
    newer = _newer({due.calendar_version_id for due in claimed})
    stale = {due.pk: due for due in claimed if due.calendar_version_id in newer and due.step < RED_SAID}
    if stale:
        _recompute(stale, newer, now)
    return [due for due in claimed if due.pk not in stale]


def _newer(versions: set[int]) -> dict[int, tuple[int, datetime]]:
    if not versions:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_NEWER, [list(versions)])
        return {old: (new, made) for old, new, made in cursor.fetchall()}


def _recompute(stale: dict[int, Due], newer: dict[int, tuple[int, datetime]], now: datetime) -> None:
    for clock in Clock.objects.filter(pk__in=stale).order_by("pk"):
        version, made = newer[clock.calendar_version_id]
        act = clocks.recompute(clock=clock, now=made, version_id=version)
        if act is not None:
            about = {"clocks": [act.as_json()]}
            incident = Incident(pk=clock.incident_id, district_id=clock.district_id)
            records.record(incident=incident, kind="deadline_moved", acting=SYSTEM, now=now, clock=clock, details=about)
