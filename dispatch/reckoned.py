"""Invariants no query can count: deadlines in working time, and sequences that lag behind their tables."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import F, Q

from incidents import calendar_rows, clock_rules, limits
from incidents.models import Clock, ClockState, Light
from incidents.states import Stage

MANY_CLOCKS = 100_000


def _wrong_deadlines() -> Iterator[str]:
    """Clocks whose budget, yellow and due moment do not follow from their limit and calendar.

    All that are open; of those that ended all in a small record, every tenth in a large one.
    """
    asked = Clock.objects.exclude(limit=None)
    if asked.count() > MANY_CLOCKS:
        asked = asked.alias(tenth=F("pk") % 10).filter(~Q(state=ClockState.STOPPED) | Q(tenth=0))
    rows = asked.values_list(
        "pk", "limit_id", "calendar_version_id", "state", "stage", "budget", "spent", "started_at", "run_since",
        "warn_at", "due_at", "stopped_at", "turned_at", "final_light", named=True,
    )  # fmt: skip
    for row in rows.iterator(chunk_size=10_000):
        # What was spent before a clock rested or ended is no part of its row: only the stretch it is in can be asked.
        if (row.state == ClockState.RUNNING or not row.turned_at) and not _counts(row):
            yield str(row.pk)


def _counts(row: Any) -> bool:
    """Whether the times of a clock follow from its limit: of the stretch it is in, or of its whole life."""
    given, calendar = _time_of(row.limit_id, row.calendar_version_id)
    begins = clock_rules.begins(given, calendar, row.started_at)
    since, before = (begins, 0) if row.run_since is None else (row.run_since, row.spent)
    if row.due_at < since:
        # It was red before it went on; nothing was counted anew.
        return True
    plan = clock_rules.plan_until(given=given, calendar=calendar, since=since, due_at=row.due_at, spent=before)
    if plan.budget != row.budget or plan.warn_at != row.warn_at:
        return False
    if not row.turned_at and before:
        return False
    if row.stopped_at is None or row.final_light == Light.RED or row.stage == Stage.PAUSE:
        return True
    return bool(row.spent == min(row.budget, max(0, calendar.elapsed(begins, row.stopped_at))))


@lru_cache(maxsize=1024)
def _time_of(limit_id: int, version_id: int) -> tuple[clock_rules.Terms, calendar_rows.WorkCalendar]:
    given = limits.terms_of(limit_id, version_id)
    return given, calendar_rows.calendar_for(version_id, working=given.working)  # type: ignore[return-value]


def _sequences_behind() -> Iterator[str]:
    """Tables whose next number is one they have already."""
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [table])
            (sequence,) = cursor.fetchone()
            cursor.execute(f"SELECT (SELECT max(id) FROM {table}) > last_value - (NOT is_called)::int FROM {sequence}")
            if cursor.fetchone()[0]:
                yield table


TABLES = (
    "incidents_incident", "incidents_incidentevent", "incidents_clock", "incidents_sight", "incidents_handler",
    "incidents_inspection", "dispatch_assignment", "dispatch_approval", "dispatch_card",
)  # fmt: skip
COUNTED: dict[str, tuple[str, Callable[[], Iterator[str]]]] = {
    "deadlines_follow_from_their_limits": (
        "budget, yellow and due moment of a clock are what its limit gives in its calendar", _wrong_deadlines,
    ),
    "sequences_are_ahead": ("the next id of a table is a new one", _sequences_behind),
}  # fmt: skip
