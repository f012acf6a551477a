"""The floor of the sweep: the same rows claimed and written by plain SQL, with no Django and nothing decided.

Each act is one transaction: claim some due clocks with their incidents, never waiting for a lock, write what follows
with one statement for each table, commit. The record's own trigger queues every event, as for the sweep.
"""

import json
import os
from collections.abc import Callable
from typing import Any

from psycopg2.extras import execute_values

LIGHTS, ACTS = 200, 50

CLAIM = """
SELECT clock.id, clock.seq, clock.step, clock.due_at, clock.next_at, clock.unit_id, clock.stage, clock.district_id,
       clock.incident_id, incident.state, incident.holder_id, incident.seq
  FROM incidents_clock AS clock JOIN incidents_incident AS incident ON incident.id = clock.incident_id
 WHERE clock.next_at <= now() ORDER BY clock.next_at, clock.id LIMIT %s
   FOR UPDATE OF incident, clock SKIP LOCKED
"""
_IDLE = CLAIM.replace("clock.next_at <=", "clock.next_at > now() - interval '5 minutes' AND clock.next_at <=")
_STEP = """
UPDATE incidents_clock AS clock SET step = given.step, next_at = given.next_at, seq = clock.seq + 1, fail_count = 0
  FROM (VALUES %s) AS given (id, seq, step, next_at)
 WHERE clock.id = given.id AND clock.seq = given.seq AND clock.state = 'running'
"""
_EVENT = """
INSERT INTO incidents_incidentevent (incident_id, district_id, kind, duty, unit_id, state_before, state_after, note,
       details, occurred_at, idempotency_key, clock_id, clock_seq, seq, holder_before_id, holder_after_id) VALUES %s
"""
_EVENT_ROW = "(%s, %s, %s, '', %s, %s, %s, '', %s, clock_timestamp(), '', %s, %s, %s, %s, %s)"
_STOP = """
UPDATE incidents_clock AS clock SET step = 2, next_at = NULL, seq = clock.seq + 2, state = 'stopped',
       stopped_at = clock_timestamp(), run_since = NULL, final_light = 'red'
  FROM (VALUES %s) AS given (id, seq) WHERE clock.id = given.id AND clock.seq = given.seq
"""
_START = """
INSERT INTO incidents_clock (incident_id, subject_kind, subject_id, unit_id, district_id, stage, limit_id,
       escalation_id, calendar_version_id, state, pause_cause, budget, spent, started_at, run_since, warn_at, due_at,
       next_at, turned_at, step, seq, fail_count, final_light)
SELECT clock.incident_id, given.kind, given.subject, given.unit, clock.district_id, given.stage, clock.limit_id,
       clock.escalation_id, clock.calendar_version_id, 'running', '', clock.budget, 0, clock_timestamp(),
       clock_timestamp(), clock_timestamp() + interval '1 day', clock_timestamp() + interval '2 days',
       clock_timestamp() + interval '1 day', '{}', 0, 0, 0, ''
  FROM (VALUES %s) AS given (id, kind, subject, unit, stage) JOIN incidents_clock AS clock ON clock.id = given.id
"""
_MOVE = """
UPDATE incidents_incident AS incident SET holder_id = given.holder, came_from_id = incident.holder_id,
       seq = incident.seq + 1, arrived_at = clock_timestamp(), arrived_by = 'escalate'
  FROM (VALUES %s) AS given (id, holder) WHERE incident.id = given.id
"""
_SIGHT = """
INSERT INTO incidents_sight (incident_id, unit_id, since, why) VALUES %s ON CONFLICT (incident_id, unit_id) DO NOTHING
"""
_CARD = """
INSERT INTO dispatch_card (incident_id, district_id, unit_id, kind, colour, duty, reason, clock_id, step, state,
       issued_at, answer, seq) VALUES %s RETURNING id
"""
_CARD_ROW = "(%s, %s, %s, 'supervise', 'ordinary', '', '', %s, 2, 'issued', clock_timestamp(), '', 0)"


def address() -> str:
    """The database as libpq wants it."""
    return os.environ["DATABASE_URL"].replace("postgis://", "postgresql://", 1)


def idle(cursor: Any) -> None:
    """The claim with its lower bound where nothing is due."""
    cursor.execute(_IDLE, [LIGHTS])
    cursor.fetchall()
    cursor.connection.commit()


def lights(cursor: Any) -> int:
    """One batch of lights: the clocks and their events."""
    rows = _claimed(cursor, LIGHTS)
    if rows:
        steps = [(pk, seq, 2 if step else 1, None if step else due) for pk, seq, step, due, *_ in rows]
        template = "(%s, %s, %s::smallint, %s::timestamptz + interval '1 second')"
        execute_values(cursor, _STEP, steps, template=template, page_size=LIGHTS)
        execute_values(cursor, _EVENT, [_light(*row) for row in rows], template=_EVENT_ROW, page_size=LIGHTS)
    cursor.connection.commit()
    return len(rows)


def moves(cursor: Any) -> int:
    """One batch of escalations: red, the old clock stopped, the incident one tier up, a new clock, a sight."""
    rows = _claimed(cursor, ACTS)
    if rows:
        up = {row[8]: row[10][:6] if len(row[10]) <= 9 else row[10][:9] for row in rows}
        execute_values(cursor, _STOP, [(row[0], row[1]) for row in rows], page_size=ACTS)
        execute_values(cursor, _START, [(row[0], "incident", 0, up[row[8]], "accept") for row in rows], page_size=ACTS)
        execute_values(cursor, _MOVE, list(up.items()), page_size=ACTS)
        told = [line for row in rows for line in (_light(*row), _escalated(*row, up=up[row[8]]))]
        execute_values(cursor, _EVENT, told, template=_EVENT_ROW, page_size=2 * ACTS)
        template = "(%s, %s, clock_timestamp(), 'escalate')"
        execute_values(cursor, _SIGHT, list(up.items()), template=template, page_size=ACTS)
    cursor.connection.commit()
    return len(rows)


def cards(cursor: Any) -> int:
    """One batch of cards: red, the card, its reply clock, the two events."""
    rows = _claimed(cursor, ACTS)
    if rows:
        steps = [(row[0], row[1], 2) for row in rows]
        template = "(%s, %s, %s::smallint, clock_timestamp() + interval '1 day')"
        execute_values(cursor, _STEP, steps, template=template, page_size=ACTS)
        drawn = [(row[8], row[7], row[10], row[0]) for row in rows]
        found = execute_values(cursor, _CARD, drawn, template=_CARD_ROW, page_size=ACTS, fetch=True)
        asked = [(row[0], "card", card, row[10], "reply") for row, (card,) in zip(rows, found, strict=True)]
        execute_values(cursor, _START, asked, page_size=ACTS)
        told = [line for row in rows for line in (_light(*row), _carded(*row))]
        execute_values(cursor, _EVENT, told, template=_EVENT_ROW, page_size=2 * ACTS)
    cursor.connection.commit()
    return len(rows)


BATCHES: dict[str, Callable[[Any], int]] = {"lights": lights, "moves": moves, "cards": cards}


def _claimed(cursor: Any, limit: int) -> list[tuple[Any, ...]]:
    cursor.execute(CLAIM, [limit])
    return list(cursor.fetchall())


def _light(pk: int, seq: int, step: int, due: Any, planned: Any, unit: str, stage: str, district: str, incident: int,
           *_rest: Any) -> tuple[Any, ...]:  # fmt: skip
    about = {"stage": stage, "planned_at": planned.isoformat(), "due_at": due.isoformat(), "superseded": False,
             "action": "remind"}  # fmt: skip
    kind = "light_red" if step else "light_yellow"
    return incident, district, kind, unit, "", "", json.dumps(about), pk, seq + 1, None, None, None


def _escalated(*row: Any, up: str) -> tuple[Any, ...]:
    pk, district, incident, state, holder, seq = row[0], row[7], row[8], row[9], row[10], row[11]
    about = json.dumps({"because": "due", "clock": pk, "stage": row[6]})
    return incident, district, "escalate", holder, state, state, about, None, None, seq + 1, holder, up


def _carded(*row: Any) -> tuple[Any, ...]:
    about = json.dumps({"clock": row[0], "step": 2, "stage": row[6]})
    return row[8], row[7], "card_issued", row[10], "", "", about, None, None, None, None, None
