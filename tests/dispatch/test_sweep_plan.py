"""What one pass costs the database: it follows what is due, however much is open."""

import json
from datetime import datetime

import pytest
from django.db import connection, transaction

from dispatch import supervision
from incidents.models import Clock, Incident
from incidents.states import Stage
from tests.dispatch.crowd import copy
from tests.dispatch.play import Play

OPEN = 5_000


@pytest.fixture
def crowded(play: Play) -> Play:
    """5 000 incidents, their clocks due a second after one another, in no order of their rows."""
    incident = play.report()
    copy(Incident, incident.pk, OPEN, number="'copy-' || n", token="gen_random_uuid()")
    copy(
        Clock,
        play.clock(incident, Stage.ACCEPT).pk,
        OPEN,
        incident_id=f"(SELECT min(id) FROM {Incident._meta.db_table} WHERE id > incident_id) - 1 + n",
        next_at=f"next_at + (1 + n * 7919 %% {OPEN}) * interval '1 second'",
    )
    return play


def plan(low: datetime | None, now: datetime) -> tuple[str, int, int]:
    """The plan of a claim as text, the pages it touched and the rows it gave."""
    sql, values = supervision.claim(low, now, supervision.BATCH)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON, ANALYZE, BUFFERS) {sql}", values)
        ((row,),) = cursor.fetchone()
    top = row["Plan"]
    return json.dumps(top), top["Shared Hit Blocks"] + top["Shared Read Blocks"], top["Actual Rows"]


def test_a_pass_with_nothing_due_reads_a_handful_of_pages(crowded: Play) -> None:
    text, pages, rows = plan(None, crowded.now)
    assert rows == 0 and pages <= 10
    assert "clock_due" in text and "Seq Scan" not in text


@pytest.mark.parametrize("few", [1, 60])
def test_the_few_that_are_due_are_read_in_the_order_of_the_index_too(crowded: Play, few: int) -> None:
    last = Clock.objects.order_by("next_at")[few].next_at
    assert last is not None
    text, _pages, rows = plan(None, last)
    assert rows >= few and "clock_due" in text
    assert '"Node Type": "Sort"' not in text and "Bitmap" not in text


def test_a_backlog_is_taken_from_the_index_in_order_batch_by_batch(crowded: Play) -> None:
    middle = Clock.objects.order_by("next_at")[OPEN // 2].next_at
    assert middle is not None
    text, pages, rows = plan(None, middle)
    assert rows == supervision.BATCH
    assert "clock_due" in text and '"Node Type": "Sort"' not in text
    assert pages < 20 * supervision.BATCH


def test_the_claim_locks_the_incident_before_its_clock(crowded: Play) -> None:
    """Otherwise two sweepers could each hold a clock of the incident the other one holds."""
    sql, _values = supervision.claim(None, crowded.now, supervision.BATCH)
    assert sql.rstrip().endswith("FOR UPDATE OF incident, clock SKIP LOCKED")
