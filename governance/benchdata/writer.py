"""Rows become lines of COPY: one stream per table, events in the order of their moments."""

import heapq
import io
import json
import re
import struct
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from random import Random
from typing import Any

from django.db import connection

from dispatch.models import Approval, Assignment
from governance.benchdata.parts import Told
from governance.benchdata.tale import Tale
from grids.datums import SRID
from incidents.models import Clock, Handler, Incident, IncidentEvent, Inspection, LocatedBy, Sight

NULL = r"\N"
FLUSH_AT = 4_000_000
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
_SPECIAL = re.compile(r"[\\\t\n\r]").search
_JSON = json.JSONEncoder(ensure_ascii=False).encode
_POINT = struct.Struct("<BIIdd")
_WITH_SRID = 0x20000001

COLUMNS: dict[str, tuple[str, ...]] = {
    Incident._meta.db_table: (
        "id", "number", "token", "district_id", "kind", "category_id", "urgency", "text", "source", "state",
        "state_before", "holder_id", "seq", "arrived_at", "arrived_by", "came_from_id", "answered_by_unit_id",
        "master_id", "place_id", "occurrence_grid_id", "boundary_id", "located_by", "located_distance_m", "point",
        "raw_longitude", "raw_latitude", "raw_datum", "accuracy_m", "address", "reporter_id", "first_receiver_id",
        "first_unit_id", "self_handled", "rework_count", "relapse_count", "reported_at", "closed_at", "review_at",
    ),
    Clock._meta.db_table: (
        "id", "incident_id", "subject_kind", "subject_id", "unit_id", "district_id", "stage", "limit_id",
        "escalation_id", "calendar_version_id", "state", "pause_cause", "budget", "spent", "started_at", "run_since",
        "warn_at", "due_at", "stopped_at", "next_at", "turned_at", "step", "seq", "fail_count", "final_light",
    ),
    Sight._meta.db_table: ("incident_id", "unit_id", "since", "why"),
    Handler._meta.db_table: ("incident_id", "person_id", "unit_id", "act", "at"),
    Inspection._meta.db_table: ("id", "incident_id", "unit_id", "drawn_at", "ended_at", "confirmed"),
    Assignment._meta.db_table: (
        "id", "incident_id", "district_id", "unit_id", "ordered_by_id", "ordered_by_unit_id", "role", "required",
        "order", "state", "round", "seq", "called_seq", "called_at", "signed_at", "arrived_at", "ended_at", "feedback",
        "return_reason", "return_note", "proposed_unit_id", "replaced_by_id",
    ),
    Approval._meta.db_table: (
        "id", "incident_id", "kind", "state", "holder_id", "asked_by_id", "asked_unit_id", "asked_at", "reason",
        "review_at", "decided_by_id", "decided_at", "decision_note",
    ),
    IncidentEvent._meta.db_table: (
        "id", "incident_id", "district_id", "kind", "seq", "actor_id", "unit_id", "duty", "state_before",
        "state_after", "holder_before_id", "holder_after_id", "note", "details", "occurred_at", "recorded_at",
        "idempotency_key", "clock_id", "clock_seq",
    ),
}  # fmt: skip
TABLES = tuple(COLUMNS)


def _cell(value: Any) -> str:
    kind = type(value)
    if kind is str:
        return value.translate(_ESCAPES) if _SPECIAL(value) else value  # type: ignore[no-any-return]
    if value is None:
        return NULL
    if kind is datetime:
        return value.isoformat(" ")  # type: ignore[no-any-return]
    if kind is bool:
        return "t" if value else "f"
    return str(value)


class Writer:
    """Takes told incidents and writes their rows. Call `finish` at the end."""

    def __init__(self, *, district: str, version_id: int, first_event: int, seed: int) -> None:
        self.district, self.version_id = district, version_id
        self.next_event = first_event
        self.dice = Random(seed)
        self.rows: dict[str, int] = dict.fromkeys(TABLES, 0)
        self._streams = {table: io.StringIO() for table in TABLES}
        self._waiting: list[tuple[datetime, int, Told]] = []
        self._told = 0

    def add(self, tales: Iterable[Tale]) -> None:
        """Write the incidents, which must come in the order of their births; events up to there are written too."""
        for tale in tales:
            self._incident(tale)
            self._clocks(tale)
            self._around(tale)
            for event in tale.events:
                self._told += 1
                heapq.heappush(self._waiting, (event.at, self._told, event))
            assert tale.born is not None
            self._events(until=tale.born)
        for table in TABLES:
            if self._streams[table].tell() > FLUSH_AT:
                self._flush(table)

    def finish(self) -> None:
        """Write everything that still waits."""
        self._events(until=None)
        for table in TABLES:
            self._flush(table)

    def _row(self, table: str, *values: Any) -> None:
        self._streams[table].write("\t".join([_cell(value) for value in values]) + "\n")
        self.rows[table] += 1

    def _flush(self, table: str) -> None:
        stream = self._streams[table]
        stream.seek(0)
        columns = ", ".join(f'"{name}"' for name in COLUMNS[table])
        with connection.cursor() as cursor:
            cursor.cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN", stream)
        self._streams[table] = io.StringIO()

    def _incident(self, tale: Tale) -> None:
        in_grid = len(tale.place) == 15 and tale.point is not None
        x, y = tale.point or (None, None)
        person = tale.reporter.person
        self._row(
            Incident._meta.db_table,
            tale.pk, tale.number, uuid.UUID(int=self.dice.getrandbits(128), version=4), self.district, "incident",
            tale.matter.category_id, tale.matter.urgency, tale.text, tale.source, tale.state.value, tale.state_before,
            tale.holder, tale.seq, tale.arrived_at, tale.arrived_by, tale.came_from, tale.answered_by, tale.master,
            tale.place, tale.place if len(tale.place) == 15 else None, tale.grid.boundary_id if in_grid else None,
            (LocatedBy.INSIDE if in_grid else LocatedBy.NAMED).value, None, _ewkb(x, y), x, y,
            "wgs84" if x is not None else "", float(self.dice.randrange(4, 30)) if x is not None else None,
            tale.address, person, person, tale.reporter.unit, tale.self_handled, tale.reworks, tale.relapses,
            tale.born, tale.closed_at, tale.review_at,
        )  # fmt: skip

    def _clocks(self, tale: Tale) -> None:
        for clock in tale.clocks:
            turned = "{" + ",".join(f'"{moment.isoformat(" ")}"' for moment in clock.turned_at) + "}"
            self._row(
                Clock._meta.db_table,
                clock.pk, tale.pk, clock.subject_kind, clock.subject_id, clock.unit, self.district, clock.stage.value,
                clock.rule.limit_id, clock.rule.escalation_id, clock.rule.version_id, clock.state, clock.cause,
                clock.budget, clock.spent, clock.started_at, clock.run_since, clock.warn_at, clock.due_at,
                clock.stopped_at, clock.next_at, turned, clock.step, clock.seq, 0, clock.final,
            )  # fmt: skip

    def _around(self, tale: Tale) -> None:
        for unit, (since, why) in tale.sights.items():
            self._row(Sight._meta.db_table, tale.pk, unit, since, why)
        for person, unit, act, at in tale.handlers:
            self._row(Handler._meta.db_table, tale.pk, person, unit, act, at)
        if tale.drawn is not None:
            drawn = tale.drawn
            confirmed = True if drawn.ended_at else None
            self._row(Inspection._meta.db_table, drawn.pk, tale.pk, drawn.unit, drawn.at, drawn.ended_at, confirmed)
        for o in tale.orders:
            self._row(
                Assignment._meta.db_table,
                o.pk, tale.pk, self.district, o.unit, o.by.person, o.by.unit, o.role, o.required, o.text, o.state,
                o.round, o.seq, o.called_seq, o.called_at, o.signed_at, o.arrived_at, o.ended_at, o.feedback,
                o.return_reason, o.return_note, o.proposed_unit, o.replaced_by,
            )  # fmt: skip
        for r in tale.requests:
            self._row(
                Approval._meta.db_table,
                r.pk, tale.pk, r.kind, r.state, r.holder, r.asked_by.person, r.asked_by.unit, r.asked_at, r.reason,
                r.review_at, r.decided_by, r.decided_at, r.decision_note,
            )  # fmt: skip

    def _events(self, *, until: datetime | None) -> None:
        while self._waiting and (until is None or self._waiting[0][0] < until):
            _at, _number, event = heapq.heappop(self._waiting)
            self._row(
                IncidentEvent._meta.db_table,
                self.next_event, event.incident, self.district, event.kind, event.seq, event.actor.person,
                event.actor.unit, event.actor.duty, event.before, event.after, event.holder_before,
                event.holder_after, event.note, _JSON(event.details), event.at, event.at, "",
                event.clock, event.clock_seq,
            )  # fmt: skip
            self.next_event += 1


def _ewkb(x: float | None, y: float | None) -> str | None:
    if x is None or y is None:
        return None
    return _POINT.pack(1, _WITH_SRID, SRID, x, y).hex()


def number_of(district: str, born: datetime, running: int, zone: tzinfo) -> str:
    """As `births.next_number`, with the running number given."""
    return f"{district}{born.astimezone(zone):%Y%m%d}{running:05d}"


_FOREIGN_KEYS = """
    SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
    WHERE contype = 'f' AND conrelid::regclass::text = ANY(%s) ORDER BY 1, 2
"""
_INDEXES = """
    SELECT c.oid::regclass::text, pg_get_indexdef(c.oid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid::regclass::text = ANY(%s)
      AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = c.oid AND contype IN ('p', 'u', 'x'))
    ORDER BY 1
"""


@contextmanager
def bulk_loading() -> Iterator[None]:
    """Foreign keys and plain indexes are taken off and put back afterwards, which checks every row, set by set.

    Within the caller's transaction: if anything fails, everything is as it was. Triggers that queue events for the
    announcer rest meanwhile; those that keep the record from being changed stay on.
    """
    events = IncidentEvent._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(_FOREIGN_KEYS, [list(TABLES)])
        keys = cursor.fetchall()
        cursor.execute(_INDEXES, [list(TABLES)])
        indexes = cursor.fetchall()
        for table, name, _definition in keys:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        for name, _definition in indexes:
            cursor.execute(f"DROP INDEX {name}")
        cursor.execute(f"ALTER TABLE {events} DISABLE TRIGGER incidents_event_is_queued")
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
        for _name, definition in indexes:
            cursor.execute(definition)
        for table, name, definition in keys:
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        cursor.execute(f"ALTER TABLE {events} ENABLE TRIGGER incidents_event_is_queued")
