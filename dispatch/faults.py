"""Clocks whose step failed: put aside, written down for an operator, and solved once they were taken or ended."""

from datetime import datetime
from typing import Any

from django.db import connection, transaction

from dispatch.models import SweepFault
from incidents import clock_steps
from incidents.models import Clock, ClockState

MOST_OF_AN_ERROR = 2000

_WRITE = f"""
INSERT INTO {SweepFault._meta.db_table} AS fault
       (clock_id, incident_id, first_failed_at, last_failed_at, next_try_at, times, error)
VALUES (%(clock)s, %(incident)s, %(now)s, %(now)s, %(next)s, 1, %(error)s)
ON CONFLICT (clock_id) WHERE solved_at IS NULL
DO UPDATE SET last_failed_at = excluded.last_failed_at, next_try_at = excluded.next_try_at, error = excluded.error,
              times = fault.times + 1
"""

_SOLVE = f"""
UPDATE {SweepFault._meta.db_table} AS fault SET solved_at = %s
 WHERE solved_at IS NULL AND NOT EXISTS (
       SELECT FROM {Clock._meta.db_table} c
        WHERE c.id = fault.clock_id AND c.state = '{ClockState.RUNNING.value}' AND c.fail_count > 0)
"""


def put_aside(pk: int, error: BaseException, *, now: datetime) -> None:
    """Let the clock wait for its next try and write down why; in a transaction of its own."""
    with transaction.atomic(), connection.cursor() as cursor:
        waiting = clock_steps.postpone(pk, now=now)
        if waiting is None:
            return
        incident, next_try = waiting
        words = f"{type(error).__name__}: {error}"[:MOST_OF_AN_ERROR]
        given: dict[str, Any] = {"clock": pk, "incident": incident, "now": now, "next": next_try, "error": words}
        cursor.execute(_WRITE, given)


def solve(*, now: datetime) -> None:
    """Close the faults of clocks that were taken since, or run no more."""
    with connection.cursor() as cursor:
        cursor.execute(_SOLVE, [now])
