"""What time alone does to clocks: yellow and red are announced, set-wise and exactly once each.

The sweep claims clocks whose `next_at` has come (locked, with their incidents) and hands them here. All steps a clock
missed are taken in order in one go, each with its own `seq` and the moment it was planned for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import F

from incidents import clock_rules
from incidents.models import Clock, ClockState, Light

LONGEST_WAIT = timedelta(hours=1)
LIGHT_OF_STEP = {clock_rules.YELLOW_SAID: Light.YELLOW, clock_rules.RED_SAID: Light.RED}


@dataclass(frozen=True, slots=True)
class Announcement:
    """One light that came on by itself. `superseded` marks those after which a worse one followed at once."""

    clock: Clock
    seq: int
    light: Light
    planned_at: datetime
    superseded: bool


def announce(clocks: Sequence[Clock], *, now: datetime) -> list[Announcement]:
    """Take every step of `clocks` that is due at `now` and return what is to be recorded and told, in planned order.

    One UPDATE for all. A clock that somebody changed since it was read is left out: the next pass sees it anew. The
    clocks given are brought up to date.
    """
    found: list[Announcement] = []
    rows = []
    for clock in clocks:
        due = _due(clock, now)
        if not due:
            continue
        last = due[-1][0]
        rows.append((clock.pk, clock.seq, len(due), last, _after(clock, last)))
        found += [
            Announcement(clock, clock.seq + n, LIGHT_OF_STEP[step], planned_at, superseded=step != last)
            for n, (step, planned_at) in enumerate(due, start=1)
        ]
    if not rows:
        return []
    taken = _advance(rows)
    by_id = {clock.pk: clock for clock in clocks}
    for pk, seq, count, step, next_at in rows:
        if pk in taken:
            clock = by_id[pk]
            clock.seq, clock.step, clock.next_at, clock.fail_count = seq + count, step, next_at, 0
    return sorted((told for told in found if told.clock.pk in taken), key=lambda told: (told.planned_at, told.seq))


def _due(clock: Clock, now: datetime) -> list[tuple[int, datetime]]:
    if clock.state != ClockState.RUNNING:
        return []
    return clock_rules.steps_due(step=clock.step, warn_at=clock.warn_at, due_at=clock.due_at, now=now)


def _after(clock: Clock, step: int) -> datetime | None:
    return clock_rules.next_moment(step=step, warn_at=clock.warn_at, due_at=clock.due_at)


def _advance(rows: list[tuple[int, int, int, int, datetime | None]]) -> set[int]:
    """Write the steps where `seq` is still the one read; the ids that were written."""
    lines = ", ".join(["(%s::bigint, %s::integer, %s::integer, %s::smallint, %s::timestamptz)"] * len(rows))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE {Clock._meta.db_table} AS clock
               SET step = taken.step, next_at = taken.next_at, seq = clock.seq + taken.count, fail_count = 0
              FROM (VALUES {lines}) AS taken (id, seq, count, step, next_at)
             WHERE clock.id = taken.id AND clock.seq = taken.seq AND clock.state = 'running'
            RETURNING clock.id
            """,
            [value for row in rows for value in row],
        )
        return {pk for (pk,) in cursor.fetchall()}


def postpone(*, clock: Clock, now: datetime) -> None:
    """Put a clock whose step failed aside: one minute, then two, four, up to an hour, so that others get their turn."""
    wait = min(LONGEST_WAIT, timedelta(minutes=2 ** min(clock.fail_count, 10)))
    Clock.objects.filter(pk=clock.pk, state=ClockState.RUNNING).update(
        fail_count=F("fail_count") + 1, next_at=now + wait
    )
