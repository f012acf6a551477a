"""Two real streams are imported, and every figure is counted once more from the files by the csv module alone.

St. Louis has due dates and repeated rows; Manhattan has coordinates on real borders and neither due dates nor a status.
"""

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone, translation

from dispatch import invariants, supervision
from incidents import reference_data, reference_rules
from incidents.imports import files, mapping, suggestion, taking_over
from incidents.imports.punctuality import Punctuality
from incidents.imports.report import Report
from incidents.imports.taking_over import Order
from incidents.models import Clock, ImportBatch, ImportedRecord, Incident, LocatedBy, Unannounced
from incidents.states import OPEN_STATES, Stage, State
from tests.incidents import elsewhere

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=timezone.get_fixed_timezone(480))


@pytest.fixture
def ground(db: None) -> None:
    """Categories, calendar and limits, without any place."""
    call_command("load_categories", verbosity=0)
    call_command("load_calendar", verbosity=0)
    reference_data.load_limits(now=elsewhere.LONG_AGO)
    reference_rules.load_rules(now=elsewhere.LONG_AGO)


def taken(path: Path, example: str, source: str) -> Report:
    order = Order(path=path, mapping=mapping.read(elsewhere.EXAMPLES / example), source=source)
    return taking_over.take_over(order, now=NOW)


def firsts() -> list[dict[str, str]]:
    """The first row of every request id."""
    rows: dict[str, dict[str, str]] = {}
    for row in elsewhere.rows_of(elsewhere.ST_LOUIS):
        rows.setdefault(row["requestid"], row)
    return list(rows.values())


def test_st_louis_is_as_punctual_as_its_own_columns_say(ground: None) -> None:
    elsewhere.load_st_louis()
    rows, first = elsewhere.rows_of(elsewhere.ST_LOUIS), firsts()
    whole = Counter(tuple(row.values()) for row in rows)
    assert (len(rows), len(first), sum(whole.values()) - len(whole)) == (1554, 1532, 13)
    assert sum(bool(row["closed"] and row["due"] and row["closed"] > row["due"]) for row in rows) == 518
    assert sum(bool(row["cancelled"]) for row in rows) == 39

    report = taken(elsewhere.ST_LOUIS, "stlouis.toml", "St. Louis CSB")

    assert (report.read, report.imported, len(report.repeats), len(report.further)) == (1554, 1532, 13, 9)
    assert (report.rejects, report.unknown) == ({}, {})
    closed = [row for row in first if row["closed"]]
    late = sum(bool(row["due"]) and row["closed"] > row["due"] for row in closed)
    in_time = sum(bool(row["due"]) and row["closed"] <= row["due"] for row in closed)
    assert (in_time, late) == (900, 505)
    assert report.punctuality == Punctuality(
        in_time=in_time,
        late=late,
        closed_without_due=sum(not row["due"] for row in closed),
        open_overdue=sum(not row["closed"] and not row["cancelled"] for row in first),
        ended_otherwise=sum(bool(row["cancelled"]) for row in first),
    )
    assert report.states == {"closed": len(closed), "voided": 38, "accepted": 82, "reported": 3}
    by_ward = Counter(f"990101{100 + int(row['ward'])}" if row["ward"] else "990101" for row in first)
    assert Counter(Incident.objects.values_list("place", flat=True)) == by_ward
    assert report.located == {LocatedBy.NAMED: 1532}
    record = ImportedRecord.objects.get(original_number="1049266")
    assert (record.original_status, record.facts["problem_code"]) == ("Disptch", "NOWATER")
    assert record.due_at is not None and record.due_at.isoformat() == "2018-01-15T06:00:00+00:00"
    assert invariants.broken(settled=True) == []


def test_importing_st_louis_storms_neither_the_sweep_nor_the_inboxes_and_is_done_once(ground: None) -> None:
    elsewhere.load_st_louis()
    taken(elsewhere.ST_LOUIS, "stlouis.toml", "St. Louis CSB")
    assert not Unannounced.objects.exists()
    assert supervision.sweep_until_drained(now=NOW + timedelta(minutes=1)).claimed == 0
    again = taken(elsewhere.ST_LOUIS, "stlouis.toml", "St. Louis CSB")
    assert (again.imported, again.already, again.differing) == (0, 1532, [])
    assert ImportBatch.objects.count() == 1 and Incident.objects.count() == 1532


def test_with_an_incomplete_mapping_one_run_names_all_that_is_missing(
    ground: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere.load_st_louis()
    example = (elsewhere.EXAMPLES / "stlouis.toml").read_text(encoding="utf-8")
    for known in ('cancel = "voided"\n', '"on hold" = "accepted"\n', 'default = "0801"\n', '"28" = "990101128"\n'):
        assert known in example
        example = example.replace(known, "")
    example = example.replace('same_number = "first"', 'same_number = "refuse"')
    told, rejects = tmp_path / "m.toml", tmp_path / "rejects.csv"
    told.write_text(example, encoding="utf-8")
    with translation.override("en"), pytest.raises(CommandError):
        call_command("import_incidents", str(elsewhere.ST_LOUIS), mapping=told, source="St. Louis CSB", rejects=rejects)
    said = capsys.readouterr().out
    first = firsts()
    for part in ("CANCEL: 38", "ON HOLD: 1", "(empty): 17", "EXCISE: 1", "the same number with other content: 18"):
        assert part in said, part
    assert not Incident.objects.exists()

    call_command(
        "import_incidents", str(elsewhere.ST_LOUIS), mapping=told, source="St. Louis CSB", rejects=rejects,
        keep_good=True, verbosity=0,
    )  # fmt: skip
    kept = Incident.objects.count()
    assert 0 < kept < len(first)
    # The whole mapping takes what was left, and finds the rest there already.
    order = Order(path=rejects, mapping=mapping.read(elsewhere.EXAMPLES / "stlouis.toml"), source="St. Louis CSB")
    taking_over.take_over(order, now=timezone.now())
    assert Incident.objects.count() == 1532
    assert Counter(ImportedRecord.objects.values_list("original_number", flat=True)) == Counter(
        row["requestid"] for row in first
    )


def test_manhattan_lies_in_the_tracts_that_its_own_list_names(ground: None, tmp_path: Path) -> None:
    elsewhere.load_manhattan(tmp_path)
    rows = {row["unique_key"]: row for row in elsewhere.rows_of(elsewhere.MANHATTAN)}
    report = taken(elsewhere.MANHATTAN, "nyc-manhattan.toml", "NYC 311")
    assert (report.read, report.imported, report.rejects) == (4158, 4158, {})
    codes = elsewhere.grid_codes()
    right: Counter[str] = Counter()
    for number, place, how in ImportedRecord.objects.values_list(
        "original_number", "incident__place", "incident__located_by"
    ):
        truth = {codes[tract] for tract in rows[number]["tract_geoid"].split("|") if tract}
        # On a border the lowest code has it.
        expected = min(truth, default="990102")
        right[how if place == expected else f"wrong {how}"] += 1
    assert right == {LocatedBy.INSIDE: 4098, LocatedBy.TIE: 14, LocatedBy.NAMED: 46}
    assert report.punctuality == Punctuality(
        closed_without_due=sum(bool(row["closed_date"]) for row in rows.values()),
        open_without_due=sum(not row["closed_date"] for row in rows.values()),
    )
    opened = Incident.objects.filter(state__in=OPEN_STATES)
    assert opened.count() == 1610 and set(opened.values_list("state", flat=True)) == {State.REPORTED}
    assert set(opened.values_list("holder__kind", flat=True)) == {"village", "district"}
    assert Clock.objects.filter(stage=Stage.ACCEPT).count() == 1610
    assert invariants.broken(settled=True) == []


def test_a_mapping_is_suggested_for_both_streams() -> None:
    with translation.override("en"):
        for path in (elsewhere.ST_LOUIS, elsewhere.MANHATTAN):
            text = suggestion.draft(files.open_file(path))
            assert text.startswith(f"# {path.name}: ")
