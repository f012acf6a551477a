"""What time alone does to clocks: yellow, red and the repeats after it are announced, set-wise and exactly once each.

The sweep claims clocks whose `next_at` has come (locked, with their incidents) and hands them here. All steps a clock
missed are taken in order in one go, each with its own `seq` and the moment it was planned for, and recorded by the
statement that takes them.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection

from incidents import clock_rules, escalations
from incidents.clock_rules import RED_SAID, Steps
from incidents.models import Clock, ClockState, IncidentEvent, Light

LONGEST_WAIT = timedelta(hours=1)

# The kinds of event of a step: yellow, red, and any further one.
KIND_OF_STEP = {clock_rules.YELLOW_SAID: "light_yellow", RED_SAID: "light_red"}
AGAIN = "overdue_again"


class Due(NamedTuple):
    """What the sweep reads of a clock that is due, and of its incident: no more, since it reads many."""

    pk: int
    incident_id: int
    unit_id: str
    subject_kind: str
    subject_id: int
    stage: str
    limit_id: int | None
    escalation_id: int | None
    calendar_version_id: int
    state: str
    warn_at: datetime | None
    due_at: datetime
    next_at: datetime | None
    step: int
    seq: int
    incident_state: str
    holder_id: str


@dataclass(frozen=True, slots=True)
class Announcement:
    """One step that came by itself. `superseded` marks those after which another followed at once, or will."""

    clock: Due | Clock
    seq: int
    step: int
    planned_at: datetime
    superseded: bool

    @property
    def light(self) -> Light:
        return Light.YELLOW if self.step < RED_SAID else Light.RED


# What is to be recorded of a step as the details of its event; None records nothing.
Describe = Callable[[Announcement], dict[str, Any] | None]


def announce(
    clocks: Sequence[Due] | Sequence[Clock],
    *,
    now: datetime,
    describe: Describe,
    ends: Collection[int] = (),
    known: Mapping[int, Steps] | None = None,
) -> list[Announcement]:
    """Take every step of `clocks` that is due at `now` and record it as described; what was taken, in planned order.

    One statement for all. A clock that somebody changed since it was read is left out: the next pass sees it anew. One
    that is not due any more waits for its new moment. Red `ends` those with these ids: nothing repeats. `known` are
    steps that `due_steps` gave for this `now` already.
    """
    found: list[Announcement] = []
    rows = []
    for clock in clocks:
        ended = clock.pk in ends
        steps = None if ended or known is None else known.get(clock.pk)
        if steps is None:
            steps = due_steps(clock, now, last=RED_SAID if ended else None)
        rows.append((clock.pk, clock.seq, len(steps.due), steps.due[-1][0] if steps.due else clock.step, steps.next_at))
        found += [
            Announcement(clock, clock.seq + n, step, planned_at, superseded=n < len(steps.due) or steps.are_cut(now))
            for n, (step, planned_at) in enumerate(steps.due, start=1)
        ]
    if not rows:
        return []
    found.sort(key=lambda told: (told.planned_at, told.seq))
    taken = _advance(rows, _lines(found, describe), now)
    return [told for told in found if told.clock.pk in taken]


def due_steps(clock: Due | Clock, now: datetime, *, last: int | None = None) -> Steps:
    """What of a clock is due at `now`, and what comes after it; nothing after the step `last`."""
    if clock.state != ClockState.RUNNING:
        return Steps([], None)
    return clock_rules.steps(
        step=clock.step,
        warn_at=clock.warn_at,
        due_at=clock.due_at,
        next_at=clock.next_at,
        repeats=None if clock.escalation_id is None else escalations.repeats_of(clock),
        now=now,
        last=last,
    )


def _lines(found: Iterable[Announcement], describe: Describe) -> list[tuple[int, int, str, str]]:
    lines = []
    for told in found:
        details = describe(told)
        if details is not None:
            lines.append((told.clock.pk, told.seq, KIND_OF_STEP.get(told.step, AGAIN), json.dumps(details)))
    return lines


# What is written of an event here; all else is empty. The order of the lines is that of the record.
_ADVANCE = f"""
WITH taken AS (
  UPDATE {Clock._meta.db_table} AS clock
     SET step = given.step, next_at = given.next_at, seq = clock.seq + given.count, fail_count = 0
    FROM unnest(%s::bigint[], %s::integer[], %s::integer[], %s::smallint[], %s::timestamptz[])
      AS given (id, seq, count, step, next_at)
   WHERE clock.id = given.id AND clock.seq = given.seq AND clock.state = 'running'
  RETURNING clock.id, clock.incident_id, clock.district_id, clock.unit_id
), told AS (
  INSERT INTO {IncidentEvent._meta.db_table} (incident_id, district_id, kind, duty, unit_id, state_before, state_after,
         note, details, occurred_at, idempotency_key, clock_id, clock_seq)
  SELECT taken.incident_id, taken.district_id, line.kind, '', taken.unit_id, '', '', '', line.details, %s, '',
         taken.id, line.seq
    FROM unnest(%s::bigint[], %s::integer[], %s::text[], %s::jsonb[]) WITH ORDINALITY
      AS line (clock, seq, kind, details, number)
    JOIN taken ON taken.id = line.clock
   ORDER BY line.number
)
SELECT id FROM taken
"""


def _advance(
    rows: list[tuple[int, int, int, int, datetime | None]], lines: list[tuple[int, int, str, str]], now: datetime
) -> set[int]:
    """Write the steps where `seq` is still the one read, and the events of those; the ids that were written."""
    values: list[Any] = [list(column) for column in zip(*rows, strict=True)]
    events: list[Any] = [list(column) for column in zip(*lines, strict=True)] or [[], [], [], []]
    with connection.cursor() as cursor:
        cursor.execute(_ADVANCE, [*values, now, *events])
        return {pk for (pk,) in cursor.fetchall()}


_POSTPONE = f"""
UPDATE {Clock._meta.db_table}
   SET next_at = %s + least(%s, interval '1 minute' * 2 ^ least(fail_count, 10)), fail_count = fail_count + 1
 WHERE id = %s AND state = 'running' RETURNING incident_id, next_at
"""


def postpone(pk: int, *, now: datetime) -> tuple[int, datetime] | None:
    """Put a clock whose step failed aside: one minute, then two, four, up to an hour, so that others get their turn.

    Its incident and when it is tried again; None when it runs no more. A repeat is planned anew from that moment.
    """
    values: list[Any] = [now, LONGEST_WAIT, pk]
    with connection.cursor() as cursor:
        cursor.execute(_POSTPONE, values)
        return cursor.fetchone()
