"""A million clocks: what looking and claiming cost where nothing is due, also while a report holds an old snapshot."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import psycopg2
import pytest
from django.db import connection, transaction

from dispatch import supervision
from dispatch.models import Ticker
from incidents.models import Clock
from incidents.states import Stage
from tests.dispatch.play import Play

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

OPEN, CHURNED = 1_000_000, 20_000
MOST_PAGES = 10
TABLE = Clock._meta.db_table
# Indexes for desks and boards: nobody asks them here, and to build them takes the longest.
BESIDE = {
    "clock_of_incident", "clock_open_of_incident", "clock_open_of_unit", "clock_runs_by_due", "clock_stopped_late",
    "clock_whole_run", "clock_one_open_per_stage",
}  # fmt: skip
# One falls due each second, first these; then nothing does for a while.
QUIET = timedelta(minutes=10)


@pytest.fixture
def million(play: Play) -> Iterator[Play]:
    """A million clocks, due one second after another from an hour from now on, as autovacuum leaves them."""
    clock = play.clock(play.report(), Stage.ACCEPT)
    names = [field.column for field in Clock._meta.concrete_fields if not field.primary_key]
    columns = ", ".join(names)
    due = f"%s + n * interval '1 second' + CASE WHEN n > {CHURNED} THEN %s ELSE interval '0' END"
    values = ", ".join(due if name == "next_at" else name for name in names)
    with connection.cursor() as cursor:
        kept = _definitions(cursor)
    try:
        with connection.cursor() as cursor:
            for name in kept:
                cursor.execute(f"DROP INDEX {name}")
            with transaction.atomic():
                # No foreign key is asked a million times whether the one incident exists.
                cursor.execute("SET LOCAL session_replication_role = replica")
                source = f"{TABLE}, generate_series(1, {OPEN}) n WHERE id = %s"
                begin = [play.now + timedelta(hours=1), QUIET, clock.pk]
                cursor.execute(f"INSERT INTO {TABLE} ({columns}) SELECT {values} FROM {source}", begin)
            cursor.execute(f"DELETE FROM {TABLE} WHERE id <= %s", [clock.pk + 1])
            cursor.execute(f"VACUUM ANALYZE {TABLE}")
        yield play
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {TABLE} CASCADE")
            for definition in kept.values():
                cursor.execute(definition)


def _definitions(cursor: Any) -> dict[str, str]:
    cursor.execute("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s", [TABLE])
    return {name: definition for name, definition in cursor.fetchall() if name in BESIDE}


def explained(sql: str, values: list[Any]) -> tuple[str, int, int]:
    """The plan as text, the pages it touched, the rows it gave; at the second time, when its own plan is known."""
    for _time in range(2):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (FORMAT JSON, ANALYZE, BUFFERS) {sql}", values)
            ((row,),) = cursor.fetchone()
    top = row["Plan"]
    return json.dumps(top), top["Shared Hit Blocks"] + top["Shared Read Blocks"], top["Actual Rows"]


def claim(low: datetime | None, now: datetime) -> tuple[str, int, int]:
    return explained(*supervision.claim(low, now, supervision.BATCH))


def look(now: datetime, *, full: bool) -> int:
    """The pages one look touches."""
    asked: list[Any] = ["plan", now, full, supervision.FULL_EVERY, supervision.SLACK]
    return explained(supervision._LOOK, asked)[1]


@contextmanager
def old_snapshot() -> Iterator[None]:
    """Another connection that looked at the database once and goes on seeing it as it then was."""
    given = connection.settings_dict
    login = {"dbname": given["NAME"], "user": given["USER"], "password": given["PASSWORD"], "host": given["HOST"],
             "port": given["PORT"]}  # fmt: skip
    report = psycopg2.connect(**{key: value for key, value in login.items() if value})
    report.set_session(isolation_level="REPEATABLE READ")
    try:
        with report.cursor() as cursor:
            cursor.execute(f"SELECT next_at FROM {TABLE} LIMIT 1")
            yield
    finally:
        report.close()


def test_sw_8_with_a_million_clocks_a_pass_with_nothing_due_reads_ten_pages_at_most(million: Play) -> None:
    now = million.now + timedelta(minutes=30)
    plan, pages, rows = claim(None, now)
    assert rows == 0 and pages <= MOST_PAGES, f"{pages} pages"
    assert '"Index Name": "clock_due"' in plan and '"Node Type": "Sort"' not in plan and "Seq Scan" not in plan
    Ticker.objects.create(name="plan", last_tick=now, last_drained=now, last_full=now)
    for full in (True, False):
        assert look(now + timedelta(seconds=1), full=full) <= MOST_PAGES


def test_sw_8_with_an_old_snapshot_open_a_pass_does_not_walk_over_what_was_taken(million: Play) -> None:
    """Twenty thousand were due, were taken and are due again much later, while a report goes on reading."""
    with old_snapshot():
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {TABLE} SET next_at = next_at + interval '1 year', step = 1, seq = seq + 1 WHERE id IN"
                f" (SELECT id FROM {TABLE} ORDER BY next_at LIMIT {CHURNED})"
            )
        first = Clock.objects.order_by("next_at").values_list("next_at", flat=True)[0]
        assert first is not None
        now = first - timedelta(seconds=1)
        Ticker.objects.create(name="plan", last_tick=now, last_drained=now, last_full=now)
        plan, pages, rows = claim(now - supervision.SLACK, now)
        assert '"Index Name": "clock_due"' in plan and '"Node Type": "Sort"' not in plan and "Seq Scan" not in plan
        assert rows == 0 and pages <= MOST_PAGES, f"{pages} pages"
        assert look(now, full=False) <= MOST_PAGES
        # That is the bound's doing, and in a busy time it costs what was taken within it.
        without = claim(None, now)[1]
        busy = now - QUIET
        within = claim(busy - supervision.SLACK, busy)[1]
        assert within * 10 < without, f"{within} pages above the bound, {without} without one"
