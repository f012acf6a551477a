"""Millions of running clocks out of a small history, and the ways to make some of them due.

`LIVE` incidents are copies of reported ones with the two clocks such an incident has (accept and the whole run), whose
rows lie scattered among all others; they are what falls due. The other clocks run on copies too, many for each, as if
it had so many orders out; they never fall due.
"""

from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

COPIED = ("incidents_incident", "incidents_sight", "incidents_clock")


@dataclass(frozen=True)
class Shape:
    """How many clocks of which kind: numbers 1 to `tops` stand at the district, `lows` below it, the rest only wait."""

    clocks: int
    backlog: int
    moves: int
    cards: int

    @classmethod
    def of(cls, clocks: int) -> "Shape":
        few = min(1_000, max(2, clocks // 400))
        return cls(clocks, min(100_000, clocks // 4), few, few)

    @property
    def tops(self) -> int:
        return 2 * self.cards

    @property
    def live(self) -> int:
        return self.tops + 2 * self.moves + self.backlog

    @property
    def crowds(self) -> int:
        """Incidents that carry the clocks which only wait."""
        return max(1, self.clocks // 100)

    @property
    def stride(self) -> int:
        """Every so many-th clock belongs to a live incident."""
        return self.clocks // (2 * self.live)

    @property
    def spans(self) -> dict[str, tuple[int, int]]:
        """First and last number of the incidents for each use; the floors have their own where nothing can be twice."""
        low = self.tops
        return {
            "raw cards": (1, self.cards),
            "cards": (self.cards + 1, self.tops),
            "raw moves": (low + 1, low + self.moves),
            "moves": (low + self.moves + 1, low + 2 * self.moves),
            "lights": (low + 2 * self.moves + 1, self.live),
        }


@dataclass(frozen=True)
class Crowd:
    """What was built: the first clock's id less one, so that the ids of all others follow."""

    shape: Shape
    before: int

    def ids(self, use: str, count: int, *, stage: str) -> tuple[str, list[int]]:
        """SQL that gives the number (n) and the clock (id) of the first `count` incidents for a use, and its values."""
        first, last = self.shape.spans[use]
        last = min(last, first + count - 1)
        shift = 1 if stage == "overall" else 0
        sql = "SELECT n, %s + (2 * n - %s) * %s AS id FROM generate_series(%s::bigint, %s) n"
        return sql, [self.before, shift, self.shape.stride, first, last]


def build(shape: Shape) -> Crowd:
    """Write the incidents and clocks; their indexes are made afterwards. All or nothing."""
    from governance.benchdata import writer

    with transaction.atomic():
        _run("SET LOCAL work_mem = '256MB'")
        _number(shape)
        with writer.bulk_loading():
            _incidents(shape)
            before = _clocks(shape)
        # What lay in the small history shall not fall due between; the planner still believes that it is all there is.
        _run("SET LOCAL enable_seqscan = off")
        _run("UPDATE incidents_clock SET next_at = NULL, state = 'paused', run_since = NULL"
             " WHERE id <= %s AND state = 'running'", [before])  # fmt: skip
    for table in COPIED:
        _run(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
    return Crowd(shape, before)


def _number(shape: Shape) -> None:
    """Which incident is copied from which: those at the district first."""
    _run("""
        CREATE TABLE bench_form AS
        SELECT id, length(holder_id) <= 6 AS top, row_number() OVER (PARTITION BY length(holder_id) <= 6 ORDER BY id)
               - 1 AS number FROM incidents_incident i
         WHERE state = 'reported' AND (SELECT count(*) FROM incidents_clock c WHERE c.incident_id = i.id
               AND c.state = 'running' AND c.stage IN ('accept', 'overall')) = 2""")
    _run(
        """
        CREATE TABLE bench_incident AS
        WITH many AS (SELECT top, count(*) FROM bench_form GROUP BY top),
             numbers AS (SELECT n, n <= %s AS top FROM generate_series(1::bigint, %s) n)
        SELECT n, f.id AS form, (SELECT max(id) FROM incidents_incident) + n AS id
          FROM numbers JOIN many USING (top) JOIN bench_form f ON f.top = numbers.top AND f.number = n %% many.count
        """,
        [shape.tops, shape.live + shape.crowds],
    )
    _run("ALTER TABLE bench_incident ADD PRIMARY KEY (n)")
    _run("ANALYZE bench_incident")
    if _one("SELECT count(*) FROM bench_incident") != shape.live + shape.crowds:
        raise RuntimeError("the small history has no reported incident at the district, or none below it")


def _incidents(shape: Shape) -> None:
    # Only where the incident itself is written anew do its words matter; their index takes longest to make.
    told = f"CASE WHEN b.n <= {shape.tops + 2 * shape.moves} THEN o.text ELSE '-' END"
    address = told.replace("o.text", "o.address")
    names, values = _columns(
        "incidents_incident", id="b.id", number="'B' || b.n", token="gen_random_uuid()", text=told, address=address
    )
    _run(f"INSERT INTO incidents_incident ({names}) SELECT {values} FROM bench_incident b"
         " JOIN incidents_incident o ON o.id = b.form ORDER BY b.n")  # fmt: skip
    names, values = _columns("incidents_sight", without=("id",), incident_id="b.id")
    _run("ALTER TABLE incidents_sight DISABLE TRIGGER incidents_sight_afield")
    _run(f"INSERT INTO incidents_sight ({names}) SELECT {values} FROM bench_incident b"
         " JOIN incidents_sight o ON o.incident_id = b.form WHERE b.n <= %s", [shape.live])  # fmt: skip
    _run("ALTER TABLE incidents_sight ENABLE TRIGGER incidents_sight_afield")


def _clocks(shape: Shape) -> int:
    """One INSERT: every `stride`-th row is a clock of a live incident, accept and whole run in turn."""
    before = int(_one("SELECT max(id) FROM incidents_clock"))
    finish = _one(
        "SELECT array[(SELECT min(id) FROM incidents_timelimit WHERE stage = 'finish' AND retired_at IS NULL),"
        "(SELECT min(id) FROM incidents_escalationrule WHERE stage = 'finish' AND retired_at IS NULL)]"
    )
    waits = "now() + interval '20 days' + given.g * 7919 %% 2592000 * interval '1 second'"
    live = "given.live"
    names, values = _columns(
        "incidents_clock",
        id=f"{before} + given.g",
        incident_id="b.id",
        subject_kind=f"CASE WHEN {live} THEN o.subject_kind ELSE 'assignment' END",
        subject_id=f"CASE WHEN {live} THEN o.subject_id ELSE given.g END",
        stage=f"CASE WHEN {live} THEN o.stage ELSE 'finish' END",
        limit_id=f"CASE WHEN {live} THEN o.limit_id ELSE {finish[0]} END",
        escalation_id=f"CASE WHEN {live} THEN o.escalation_id ELSE {finish[1]} END",
        warn_at=waits,
        next_at=waits,
        due_at=f"{waits} + interval '10 days'",
        step="0",
        seq="0",
        fail_count="0",
    )
    _run(
        f"""
        INSERT INTO incidents_clock ({names}) SELECT {values}
          FROM (SELECT g, g %% %s = 0 AND g <= %s AS live, g / %s AS turn
                  FROM generate_series(1::bigint, %s) g) AS given
          JOIN bench_incident b ON b.n = CASE WHEN live THEN (turn + 1) / 2 ELSE %s + 1 + g %% %s END
          JOIN (SELECT c.* FROM incidents_clock c JOIN bench_form f ON f.id = c.incident_id
                 WHERE c.state = 'running' AND c.stage IN ('accept', 'overall')) AS o
            ON o.incident_id = b.form AND o.stage = CASE WHEN live AND turn %% 2 = 0 THEN 'accept' ELSE 'overall' END
        """,
        [shape.stride, 2 * shape.live * shape.stride, shape.stride, shape.clocks, shape.live, shape.crowds],
    )
    return before


# -- making due ------------------------------------------------------------------------------------------------------


def lights_due(crowd: Crowd, count: int, *, over: str, at: str = "clock_timestamp() - interval '1 second'") -> int:
    """Yellow and red in turn, of whole runs, which move nothing; planned over the span that ends `at`. How many."""
    return _due(crowd, "lights", count, stage="overall", over=over, at=at, yellow="n %% 2 = 0")


def reds_due(crowd: Crowd, use: str, count: int) -> int:
    """Red of accept clocks, planned over the last hour: a move, at the district a card. How many."""
    at = "clock_timestamp() - interval '1 second'"
    return _due(crowd, use, count, stage="accept", over="1 hour", at=at, yellow="false")


def _due(crowd: Crowd, use: str, count: int, *, stage: str, over: str, at: str, yellow: str) -> int:
    ids, values = crowd.ids(use, count, stage=stage)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH moment AS (SELECT {at} AS last),
                 given AS (SELECT id, {yellow} AS yellow, moment.last - random() * %s::interval AS planned
                             FROM ({ids}) AS found, moment)
            UPDATE incidents_clock AS clock
               SET step = CASE WHEN yellow THEN 0 ELSE 1 END, next_at = planned,
                   warn_at = CASE WHEN yellow THEN planned ELSE planned - interval '1 hour' END,
                   due_at = CASE WHEN yellow THEN planned + interval '1 day' ELSE planned - interval '1 second' END
              FROM given WHERE clock.id = given.id
            """,
            [over, *values],
        )
        return int(cursor.rowcount)


def _columns(table: str, *, without: tuple[str, ...] = (), **changed: str) -> tuple[str, str]:
    """The names of a table's columns, and as values those of `o`, or what is given."""
    names = _one(f"SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute"
                 f" WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped")  # fmt: skip
    names = [name for name in names if name not in without]
    return ", ".join(f'"{name}"' for name in names), ", ".join(changed.get(name, f'o."{name}"') for name in names)


def _run(sql: str, values: list[Any] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql if values is not None else sql.replace("%%", "%"), values)


def _one(sql: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]
