"""Clocks whose step failed: put aside, written down for an operator, and solved once they were taken or ended."""

from datetime import datetime
from typing import Any

from django.db import DatabaseError, Error, InterfaceError, OperationalError, connection, transaction

from dispatch.models import SweepFault
from incidents import clock_steps
from incidents.models import Clock, ClockState

MOST_OF_AN_ERROR = 2000

# What comes and goes and no clock has brought about, by the beginning of its SQLSTATE: the connection broke (08), two
# transactions were in each other's way (40), something is used up (53), a lock was not had, the server ends or begins.
PASSING = ("08", "40", "53", "55P03", "57P")

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


def is_passing(error: BaseException | None) -> bool:
    """Whether this came about through something that passes, so that the clock is due as before and has no fault."""
    while error is not None:
        if isinstance(error, Error) and error.__cause__ is not None:
            code = getattr(error.__cause__, "pgcode", "")
            if code is None:
                # The driver itself found nobody at the other end; what it cannot convert is another kind of error.
                return isinstance(error, OperationalError | InterfaceError) or type(error) is DatabaseError
            if code.startswith(PASSING):
                return True
        error = error.__cause__ or error.__context__
    return False


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
