"""Records of another system become incidents: what they are then, and everything that is refused."""

import csv
import gzip
import tomllib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.utils import translation

from dispatch import invariants, moves, notices, supervision
from dispatch.models import Notice
from grids import datums, selectors
from incidents import access, lists, timeline
from incidents.filters import Filters
from incidents.imports import files, mapping, moments, punctuality, rejects, suggestion
from incidents.imports.moments import Reading
from incidents.imports.punctuality import Punctuality
from incidents.imports.refused import Fault, ImportRefused, MappingRefused, Reason
from incidents.models import (
    Clock,
    ClockState,
    ImportBatch,
    ImportedRecord,
    Incident,
    IncidentEvent,
    Light,
    LocatedBy,
    Sight,
    Unannounced,
)
from incidents.places import with_parents
from incidents.states import BIRTHS, MOVES, Stage, State
from tests.cast import SHANGHAI, WEST, Cast
from tests.incidents.pages import SignIn
from tests.incidents.takeover import OPEN, Takeover, counted

R = Reason
RUNNING = ClockState.RUNNING


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


# -- what an imported incident is ---------------------------------------------------------------------------


def test_a_closed_record_is_a_closed_incident_with_the_times_of_its_source(takeover: Takeover) -> None:
    incident = takeover.one(where="人民路 1 号")
    assert (incident.state, incident.place_id, incident.holder_id) == (State.CLOSED, "511111100001", "511111100001")
    assert (incident.reported_at, incident.closed_at) == (at("2026-02-02 09:00"), at("2026-02-04 10:00"))
    assert (incident.text, incident.address, incident.seq) == ("路灯不亮", "人民路 1 号", 1)
    assert incident.number.startswith("51111120260202")
    assert incident.category is not None and incident.category.code == "06028"
    record = incident.imported
    assert (record.source, record.original_number, record.line) == ("旧平台", "W-001", 2)
    assert (record.original_status, record.original_category, record.facts) == ("done", "noise", {"extra": "x"})
    assert (record.opened_at, record.due_at, record.closed_at) == (
        incident.reported_at,
        at("2026-02-05 18:00"),
        incident.closed_at,
    )
    (event,) = IncidentEvent.objects.filter(incident=incident)
    assert (event.kind, event.seq, event.actor, event.occurred_at) == ("import_history", 1, None, takeover.story.now)
    assert list(Sight.objects.filter(incident=incident).values_list("unit", flat=True)) == ["511111100001"]
    batch = ImportBatch.objects.get()
    assert (batch.source, batch.file_name, batch.counts["imported"]) == ("旧平台", "old.csv", 1)
    assert 'number = "no"' in batch.mapping


@pytest.mark.parametrize(
    ("closed", "light"),
    [
        ("2026-02-05 17:59:59", Light.GREEN),
        ("2026-02-05 18:00:00", Light.GREEN),
        ("2026-02-05 18:00:01", Light.RED),
        ("2026-02-20 08:00:00", Light.RED),
    ],
)
def test_in_time_means_at_or_before_the_due_second_of_the_source(takeover: Takeover, closed: str, light: Light) -> None:
    clock = takeover.clock(takeover.one(closed=closed), Stage.OVERALL)
    assert (clock.state, clock.final_light, clock.next_at) == (ClockState.STOPPED, light, None)
    assert (clock.started_at, clock.due_at) == (at("2026-02-02 09:00"), at("2026-02-05 18:00"))
    assert clock.stopped_at == at(closed)
    assert (clock.spent > clock.budget) == (light == Light.RED)


def test_what_had_no_due_date_shows_no_light(takeover: Takeover) -> None:
    clock = takeover.clock(takeover.one(due=""), Stage.OVERALL)
    assert (clock.final_light, clock.limit) == (Light.NONE, None)


@pytest.mark.parametrize(
    ("status", "closed", "state", "light"),
    [
        ("gone", "2026-02-03 10:00:00", State.DISMISSED, Light.NONE),
        ("void", "2026-02-03 10:00:00", State.VOIDED, Light.NONE),
        ("void", "2026-02-09 10:00:00", State.VOIDED, Light.RED),
    ],
)
def test_what_was_cancelled_ends_without_a_colour_unless_it_was_late_by_then(
    takeover: Takeover, status: str, closed: str, state: State, light: Light
) -> None:
    incident = takeover.one(status=status, closed=closed)
    assert (incident.state, takeover.clock(incident, Stage.OVERALL).final_light) == (state, light)


def test_an_open_record_waits_at_its_unit_with_fresh_time_to_accept(takeover: Takeover) -> None:
    incident = takeover.one(**OPEN, due="2026-06-01 18:00:00")
    assert (incident.state, incident.holder_id, incident.closed_at) == (State.REPORTED, "511111100001", None)
    accept, overall = (takeover.clock(incident, stage) for stage in (Stage.ACCEPT, Stage.OVERALL))
    assert accept.started_at == takeover.story.now and accept.unit_id == incident.holder_id
    assert (overall.state, overall.started_at, overall.due_at) == (
        RUNNING,
        at("2026-02-02 09:00"),
        at("2026-06-01 18:00"),
    )
    assert overall.next_at is not None and overall.next_at > takeover.story.now


def test_a_record_in_hand_gets_fresh_time_to_handle(takeover: Takeover) -> None:
    incident = takeover.one(status="work", closed="")
    assert incident.state == State.ACCEPTED
    assert takeover.clock(incident, Stage.HANDLE).started_at == takeover.story.now
    assert not Clock.objects.filter(incident=incident, stage=Stage.ACCEPT).exists()


def test_an_open_record_without_a_due_date_is_measured_from_the_import(takeover: Takeover) -> None:
    overall = takeover.clock(takeover.one(**OPEN, due=""), Stage.OVERALL)
    assert overall.started_at == takeover.story.now and overall.limit is not None


def test_the_sweep_after_an_import_announces_nothing_and_moves_nothing(takeover: Takeover) -> None:
    takeover.run(*[{**OPEN, "due": "2026-02-03"}] * 30, *[{**OPEN, "due": "2026-03-05"}] * 5, {**OPEN, "due": ""}, {})
    now = takeover.story.now
    overdue = Clock.objects.filter(stage=Stage.OVERALL, incident__imported__due_at__lt=now, state=RUNNING)
    assert overdue.count() == 30
    swept = supervision.sweep_until_drained(now=now + timedelta(minutes=1))
    assert (swept.claimed, swept.acted) == (0, 0)
    assert not Unannounced.objects.exists()
    notices.announce_until_done(now=now)
    assert not Notice.objects.exists()
    village = Filters.parsed({"light": "red", "state": "any"})
    assert lists.found(takeover.story.cast.village_clerk, village, now=now).count() == 0


def test_who_does_not_accept_in_time_loses_it_to_the_tier_above_as_always(takeover: Takeover) -> None:
    incident = takeover.one(**OPEN)
    accept = takeover.clock(incident, Stage.ACCEPT)
    swept = supervision.sweep_until_drained(now=accept.due_at + timedelta(seconds=1))
    assert swept.moves == [(incident.pk, "escalate")]
    notices.announce_until_done(now=accept.due_at)
    assert Notice.objects.filter(person=takeover.story.cast.town_clerk).exists()


def test_people_take_an_imported_incident_on_and_end_it(takeover: Takeover) -> None:
    cast, now = takeover.story.cast, takeover.story.now
    incident = takeover.one(**OPEN)
    for name, by in (("accept", cast.village_clerk), ("answer", cast.village_clerk), ("close", cast.town_checker)):
        now += timedelta(minutes=5)
        moves.perform(incident_id=incident.pk, name=name, actor=by, now=now, note="已处理")
        notices.announce_until_done(now=now)
    incident.refresh_from_db()
    assert incident.state == State.CLOSED
    # It was late before it came here, and stays so.
    assert takeover.clock(incident, Stage.OVERALL).final_light == Light.RED
    assert incident.imported.closed_at is None
    assert invariants.broken(settled=True) == []


def test_a_record_that_ended_lately_can_be_reopened(takeover: Takeover) -> None:
    cast, now = takeover.story.cast, takeover.story.now
    incident = takeover.one(closed="2026-03-03 10:00:00")
    moves.perform(incident_id=incident.pk, name="reopen", actor=cast.village_checker, now=now, note="又坏了")
    incident.refresh_from_db()
    assert (incident.state, incident.holder_id, incident.relapse_count) == (State.ACCEPTED, "511111100001", 1)
    assert invariants.broken() == []


def test_the_record_keeps_its_invariants(takeover: Takeover) -> None:
    point = takeover.story.cast.point(takeover.story.cast.third_grid)
    takeover.run(
        {}, {"closed": "2026-02-09 10:00:00"}, {"due": ""}, OPEN, {**OPEN, "due": ""}, {"status": "work", "closed": ""},
        {"status": "gone"}, {"status": "void"}, {"status": "void", "closed": "2026-02-09 10:00:00"},
        {"lon": str(point.x), "lat": str(point.y), "unit": ""}, {**OPEN, "due": "2026-03-04 12:00:00"},
    )  # fmt: skip
    assert invariants.broken(settled=True) == []


def test_nobody_can_import_by_a_press() -> None:
    assert "import_history" in BIRTHS
    assert not MOVES["import_history"].by_person and not MOVES["import_history"].sources


# -- where it was -------------------------------------------------------------------------------------------


def test_a_point_leads_to_its_grid_and_the_village_holds_it(takeover: Takeover) -> None:
    cast = takeover.story.cast
    point = cast.point(cast.third_grid)
    incident = takeover.one(lon=str(point.x), lat=str(point.y), unit="")
    assert (incident.place, incident.holder, incident.occurrence_grid) == (
        cast.third_grid,
        cast.sibling_village,
        cast.third_grid,
    )
    assert incident.located_by == LocatedBy.INSIDE and incident.boundary is not None
    assert (incident.raw_longitude, incident.raw_datum) == (point.x, "wgs84")


def test_a_point_on_a_border_goes_to_the_lower_code(takeover: Takeover) -> None:
    cast = takeover.story.cast
    point = cast.border_point()
    incident = takeover.one(lon=str(point.x), lat=str(point.y))
    assert (incident.place, incident.located_by) == (cast.grid, LocatedBy.TIE)


def test_many_points_are_found_as_each_would_be_by_itself(cast: Cast) -> None:
    middle, border = cast.point(cast.grid), cast.border_point()
    points = [
        (middle.x, middle.y), (border.x, border.y), (WEST - 0.001, middle.y), (WEST - 0.5, middle.y), (200.0, 95.0),
        (cast.point(cast.other_grid).x, middle.y),
    ]  # fmt: skip
    found = selectors.grids_at(points, cast.now)
    assert found == [selectors.grid_at(point, cast.now) for point in points]
    assert [hit.located_by if hit else None for hit in found] == ["inside", "tie", "nearest", None, None, "inside"]
    assert selectors.grids_at([], cast.now) == []


def test_points_of_another_datum_are_converted(takeover: Takeover) -> None:
    cast = takeover.story.cast
    point = cast.point(cast.second_grid)
    shifted = datums.from_cgcs2000([[point.x, point.y]], "gcj02")[0]
    takeover.toml += '\n[point]\ndatum = "gcj02"\n'
    incident = takeover.one(lon=str(shifted[0]), lat=str(shifted[1]))
    assert incident.place == cast.second_grid and incident.raw_datum == "gcj02"
    assert incident.point is not None and incident.point.distance(point) < 1e-7


def test_outside_of_all_grids_the_named_unit_takes_it(takeover: Takeover) -> None:
    incident = takeover.one(lon="10", lat="10", unit="B")
    assert (incident.place_id, incident.located_by) == ("511111100002", LocatedBy.NAMED)
    assert incident.point is not None


def test_units_are_found_by_code_with_or_without_padding(takeover: Takeover) -> None:
    takeover.replace('by = ["point", "values"]', 'by = ["code"]')
    takeover.toml = takeover.toml.split("[unit.values]")[0] + '[keep]\ncolumns = ["extra"]\n'
    takeover.run({"unit": "511111100001"}, {"unit": "511111100000"}, {"unit": "511111100001002"})
    found = ImportedRecord.objects.order_by("line").values_list("incident__place", flat=True)
    assert list(found) == ["511111100001", "511111100", "511111100001002"]


# -- what is refused ----------------------------------------------------------------------------------------

REFUSED = [
    ({"no": ""}, R.NUMBER),
    ({"no": "9" * 65}, R.NUMBER_LENGTH),
    ({"opened": ""}, R.NO_OPENED),
    ({"opened": "2. Februar"}, R.TIME),
    ({"due": "31/02/2026"}, R.TIME),
    ({"opened": "1900-01-01"}, R.SPAN),
    ({"due": "9999-12-31"}, R.SPAN),
    ({"opened": "2026-03-05 09:00:00", **OPEN, "due": ""}, R.FUTURE),
    ({"closed": "2026-03-05 09:00:00"}, R.FUTURE),
    ({"closed": "2026-02-01 09:00:00"}, R.CLOSED_BEFORE_OPENED),
    ({"due": "2026-02-01"}, R.DUE_BEFORE_OPENED),
    ({"closed": ""}, R.NO_END),
    ({"status": "new"}, R.END_OF_OPEN),
    ({"status": "lost"}, R.UNKNOWN),
    ({"status": ""}, R.EMPTY),
    ({"kind": "alien"}, R.UNKNOWN),
    ({"unit": "Z"}, R.UNKNOWN),
    ({"unit": ""}, R.NO_PLACE),
    ({"unit": "", "lon": "10", "lat": "10"}, R.NO_PLACE),
    ({"what": ""}, R.TEXT_EMPTY),
    ({"what": "长" * 100_000}, R.TEXT_LENGTH),
    ({"what": "a\0b"}, R.UNREADABLE),
    ({"where": "远" * 201}, R.ADDRESS_LENGTH),
    ({"extra": "y" * 201}, R.VALUE_LENGTH),
    ({"lon": "east", "lat": "29"}, R.COORDINATES),
    ({"lon": "103.5", "lat": ""}, R.COORDINATES),
    ({"lon": "29.4", "lat": "103.5"}, R.COORDINATES),
    ({"lon": "nan", "lat": "29.4"}, R.COORDINATES),
]


@pytest.mark.parametrize(("change", "reason"), REFUSED, ids=lambda value: str(value)[:40])
def test_a_row_is_refused_by_name(takeover: Takeover, change: dict[str, str], reason: Reason) -> None:
    assert takeover.reasons({}, change) == {3: [reason]}
    assert not Incident.objects.exists()


def test_a_line_that_is_no_row_is_refused_by_name(takeover: Takeover) -> None:
    good = takeover.file({}).read_bytes().decode()
    header, row, _end = good.split("\r\n")
    long = row.replace("路灯不亮", "长" * (files.LONGEST_FIELD + 1))
    spoilt = row.replace("W-001", "W-004").encode().replace("路灯不亮".encode(), b"\xff\xfe")
    raw = "\r\n".join([header, row, row + ",more", "", '"broken"quote,' + row, long]).encode() + b"\r\n" + spoilt
    takeover.replace('encoding = "auto"', 'encoding = "utf-8"')
    found = takeover.reasons(path=takeover.file(raw=raw))
    assert found == {3: [R.FIELDS], 5: [R.QUOTES], 6: [R.QUOTES], 7: [R.UNREADABLE]}


def test_every_reason_of_a_row_is_named_and_every_reason_has_a_test(takeover: Takeover) -> None:
    found = takeover.reasons({"opened": "", "status": "lost", "what": "", "lon": "x"})
    assert set(found[2]) == {R.NO_OPENED, R.UNKNOWN, R.TEXT_EMPTY, R.COORDINATES}
    elsewhere = {R.FIELDS, R.QUOTES, R.DUPLICATE, R.GAP, R.AMBIGUOUS}
    assert {reason for _change, reason in REFUSED} | elsewhere == set(Reason)


def test_unknown_values_are_all_listed_before_anything_fails(takeover: Takeover) -> None:
    report = takeover.refused(
        {}, {"status": "lost"}, {"status": "lost", "kind": "alien"}, {"unit": "Z"}, {"kind": "weird"}, {"status": ""}
    )
    assert report.unknown == {
        "status": {"lost": 2, "": 1},
        "kind": {"alien": 1, "weird": 1},
        "unit": {"Z": 1},
    }
    with translation.override("en"):
        said = "\n".join(report.lines())
    for part in ("lost: 2", "(empty): 1", "alien: 1", "weird: 1", "Z: 1"):
        assert part in said


def test_a_stated_default_takes_what_the_table_does_not_know(takeover: Takeover) -> None:
    takeover.replace('column = "kind"', 'column = "kind"\ndefault = "sichuan-grid/0801"')
    incident = takeover.one(kind="alien")
    assert incident.category is not None and incident.category.code == "0801"
    assert incident.imported.original_category == "alien"


def test_the_same_number_with_other_content_is_refused_on_both_lines(takeover: Takeover) -> None:
    report = takeover.refused({"no": "7"}, {"no": "7", "extra": "y"}, {"no": "7"}, {"no": "8"})
    assert {line: [str(fault.reason) for fault in found] for line, found in report.rejects.items()} == {
        2: ["duplicate"],
        3: ["duplicate"],
    }
    assert report.repeats == [(4, 2)]


def test_the_first_of_a_number_is_kept_if_the_mapping_says_so(takeover: Takeover) -> None:
    takeover.replace('same_number = "refuse"', 'same_number = "first"')
    report = takeover.run({"no": "7"}, {"no": "7", "extra": "y"}, {"no": "7"}, {"no": "8"})
    assert (report.imported, report.repeats, report.further) == (2, [(4, 2)], [(3, 2)])
    assert takeover.known_as("7").imported.facts == {"extra": "x"}


# -- all or nothing, or the good ones -----------------------------------------------------------------------


def test_one_bad_row_leaves_the_database_as_it_was(takeover: Takeover) -> None:
    takeover.run({"no": "before"})
    models = apps.get_models()
    before = counted(models)
    takeover.refused({}, {}, {"status": "lost"})
    assert counted(models) == before


def test_a_dry_run_does_everything_and_takes_it_back(takeover: Takeover) -> None:
    models = apps.get_models()
    before = counted(models)
    report = takeover.run({}, OPEN, {"closed": "2026-02-09 10:00:00"}, dry_run=True)
    assert counted(models) == before
    assert (report.imported, report.punctuality) == (3, Punctuality(in_time=1, late=1, open_overdue=1))


def test_figures_that_differ_from_the_sources_own_undo_the_import(
    takeover: Takeover, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = apps.get_models()
    before = counted(models)
    monkeypatch.setattr(punctuality, "of_source", lambda *_args, **_given: Punctuality(late=1))
    with pytest.raises(ImportRefused):
        takeover.run({})
    assert counted(models) == before


def test_the_good_rows_are_kept_and_the_rest_can_be_repaired_and_imported(takeover: Takeover) -> None:
    computed = {"what": '=HYPERLINK("http://x")', "where": "'quoted", "status": "lost"}
    report = takeover.run(
        {"what": "@good"}, computed, {"lon": "-1.5", "lat": "-200"}, keep_good=True, rejects_to=takeover.rejects
    )
    assert (report.imported, sorted(report.rejects)) == (1, [3, 4])
    # What was taken is kept as it was written.
    assert takeover.known_as("W-001").text == "@good"
    with takeover.rejects.open(encoding="utf-8-sig", newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["import_line"], first["what"], first["where"]) == ("3", '\'=HYPERLINK("http://x")', "'quoted")
    assert "lost" in first["import_reason"]
    assert second["lon"] == "-1.5"
    repaired = takeover.rejects.read_text(encoding="utf-8-sig").replace("lost", "done").replace("-200", "")
    repaired = repaired.replace("-1.5", "")
    path = takeover.folder / "repaired.csv"
    path.write_text(repaired, encoding="utf-8-sig", newline="")
    assert takeover.run(path=path).imported == 2
    taken = takeover.known_as("W-002")
    assert (taken.text, taken.address) == ('=HYPERLINK("http://x")', "'quoted")


def test_rejected_rows_that_are_no_rows_stay_so_until_repaired(takeover: Takeover) -> None:
    good = takeover.file({}).read_bytes().decode()
    header, row, _end = good.split("\r\n")
    raw = "\r\n".join([header, row, row.replace("W-001", "W-002") + ",more", "W-003,short"]).encode()
    report = takeover.run(path=takeover.file(raw=raw), keep_good=True, rejects_to=takeover.rejects)
    assert (report.imported, sorted(report.rejects)) == (1, [3, 4])
    again = takeover.refused(path=takeover.rejects, rejects_to=takeover.folder / "second.csv")
    assert [fault.reason for found in again.rejects.values() for fault in found] == [R.FIELDS, R.FIELDS]
    assert "import_line,import_reason,no" in (takeover.folder / "second.csv").read_text(encoding="utf-8-sig")


@pytest.mark.parametrize(
    "text", ["=1+1", "+86 10", "-", "@x", "\tx", "'=x", "''=x", "-1.5", "+3", "1,5", "", "'", "普通", "-1,5", "'-2"]
)
def test_a_guarded_text_comes_back_as_it_was(text: str) -> None:
    assert files.bared(rejects.guarded(text)) == text


def test_importing_the_same_file_again_imports_nothing_and_says_so(takeover: Takeover) -> None:
    takeover.run({}, OPEN)
    again = takeover.run({}, OPEN)
    assert (again.imported, again.already, again.differing) == (0, 2, [])
    assert again.earlier_batch and ImportBatch.objects.count() == 1
    assert Incident.objects.count() == 2


def test_a_record_that_says_something_else_now_is_named_and_left_alone(takeover: Takeover) -> None:
    takeover.run(OPEN, {})
    again = takeover.run({}, {}, {})
    assert (again.imported, again.already, again.differing) == (1, 2, ["W-001"])
    assert takeover.known_as("W-001").state == State.REPORTED


def test_another_source_may_use_the_same_numbers(takeover: Takeover) -> None:
    takeover.run({})
    assert takeover.run({}, source="热线").imported == 1
    assert ImportedRecord.objects.filter(original_number="W-001").count() == 2


def test_rejects_never_overwrite_the_file_that_is_read(takeover: Takeover) -> None:
    path = takeover.file({"status": "lost"})
    content = path.read_bytes()
    with pytest.raises(ImportRefused):
        takeover.run(path=path, keep_good=True, rejects_to=path)
    assert path.read_bytes() == content
    with pytest.raises(ImportRefused):
        takeover.run(path=path, keep_good=True, rejects_to=takeover.folder / "nowhere" / "r.csv")
    assert not Incident.objects.exists()


# -- times --------------------------------------------------------------------------------------------------

CHICAGO = ZoneInfo("America/Chicago")
FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%Y-%m-%d %H:%M:%S%z")


@pytest.mark.parametrize(
    ("text", "rules", "expected"),
    [
        ("2018-01-05 16:22:21", {}, datetime(2018, 1, 5, 22, 22, 21, tzinfo=UTC)),
        ("2018-07-05 16:22:21", {}, datetime(2018, 7, 5, 21, 22, 21, tzinfo=UTC)),
        # Summer time began at 2:00, which became 3:00.
        ("2018-03-11 02:30:00", {}, R.GAP),
        ("2018-03-11 02:30:00", {"skipped": "later"}, datetime(2018, 3, 11, 8, 30, tzinfo=UTC)),
        ("2018-03-11 03:00:00", {}, datetime(2018, 3, 11, 8, 0, tzinfo=UTC)),
        # It ended at 2:00, which became 1:00 once more.
        ("2018-11-04 01:30:00", {}, R.AMBIGUOUS),
        ("2018-11-04 01:30:00", {"ambiguous": "first"}, datetime(2018, 11, 4, 6, 30, tzinfo=UTC)),
        ("2018-11-04 01:30:00", {"ambiguous": "second"}, datetime(2018, 11, 4, 7, 30, tzinfo=UTC)),
        ("2018-11-04 01:30:00-0600", {}, datetime(2018, 11, 4, 7, 30, tzinfo=UTC)),
        ("2018-11-04", {}, datetime(2018, 11, 4, 5, 0, tzinfo=UTC)),
        ("04.11.2018", {}, R.TIME),
        ("0001-01-01", {}, datetime(1, 1, 1, 5, 50, 36, tzinfo=UTC)),
    ],
)
def test_local_times_are_moments_by_the_zone_of_their_source(
    text: str, rules: dict[str, str], expected: datetime | Reason
) -> None:
    found = moments.moment(text, Reading(CHICAGO, FORMATS, **rules))
    assert (found.reason if isinstance(found, Fault) else found.at) == expected


def test_a_due_day_lasts_until_its_last_second_if_the_mapping_says_so() -> None:
    reading = Reading(CHICAGO, FORMATS, due_lasts_the_day=True)
    due = moments.moment("2018-01-05", reading, is_due=True)
    assert not isinstance(due, Fault) and due.at == datetime(2018, 1, 6, 5, 59, 59, tzinfo=UTC)
    stated = moments.moment("2018-01-05 00:00:00", reading, is_due=True)
    assert not isinstance(stated, Fault) and stated.at == datetime(2018, 1, 5, 6, 0, tzinfo=UTC)


def test_iso_times_with_and_without_a_zone_are_read() -> None:
    reading = Reading(SHANGHAI, (moments.ISO,))
    for text in ("2026-02-02T09:00:00.7+08:00", "2026-02-02 09:00:00", "2026-02-02T01:00:00+00:00"):
        found = moments.moment(text, reading)
        assert not isinstance(found, Fault) and found.at == at("2026-02-02 09:00")


@pytest.mark.parametrize("rule", ["first", "second"])
def test_the_figures_agree_also_across_the_hour_that_came_twice(takeover: Takeover, rule: str) -> None:
    takeover.replace('zone = "Asia/Shanghai"', f'zone = "America/Chicago"\nambiguous = "{rule}"\nskipped = "later"')
    day = {"opened": "2025-11-01 09:00:00"}
    report = takeover.run(
        {**day, "due": "2025-11-02 01:30:00", "closed": "2025-11-02 01:30:00"},
        {**day, "due": "2025-11-02 01:30:00", "closed": "2025-11-02 01:30:01"},
        {**day, "due": "2025-11-02 00:59:59", "closed": "2025-11-02 01:00:00"},
        {**day, "due": "2025-11-02 02:00:00", "closed": "2025-11-02 01:59:59"},
        {"opened": "2025-03-08 09:00:00", "due": "2025-03-09 03:00:00", "closed": "2025-03-09 02:30:00"},
    )
    assert report.punctuality == Punctuality(in_time=2, late=3)
    assert report.by_rule == {"ambiguous": 6, "skipped": 1}


# -- files and mappings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", "UTF-8 throughout"),
        ("utf-8-sig", "UTF-8 by its byte-order mark"),
        ("utf-16", "UTF-16 by its byte-order mark"),
        ("gb18030", "not UTF-8, read as GB18030"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_encodings_are_found_and_said(takeover: Takeover, encoding: str, said: str, packed: bool) -> None:
    path = takeover.file({"what": "路灯不亮，㮾梨街道"}, encoding=encoding)
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    with translation.override("en"):
        report = takeover.run(path=path)
        assert report.read_as == (f"gzip, {said}" if packed else said)
    assert takeover.known_as("W-001").text == "路灯不亮，㮾梨街道"


def test_files_that_are_no_tables_are_refused(takeover: Takeover) -> None:
    for raw in (b"\n", b"\x1f\x8bnonsense", b"a,a\n1,2\n", b'"open,quote\n'):
        with pytest.raises(ImportRefused):
            takeover.run(path=takeover.file(raw=raw))


def test_columns_the_file_lacks_are_all_named(takeover: Takeover) -> None:
    with pytest.raises(MappingRefused) as caught:
        takeover.run(path=takeover.file(raw=b"no,opened\n1,2\n"))
    assert len(caught.value.lines) == 10


def test_every_fault_of_a_mapping_is_named_at_once() -> None:
    wrong = """
        [import]
        kind = "rumour"
        colour = "blue"
        [columns]
        number = 5
        longitude = "x"
        [time]
        zone = "Mars/Olympus"
        formats = ["%H:%M"]
        [text]
        template = "{what.__class__} {0!r}"
        [state]
        column = "status"
        [state.values]
        done = "finished"
        [unit]
        by = ["magic"]
        [extra]
    """
    with pytest.raises(MappingRefused) as caught:
        mapping.parsed(wrong)
    said = "\n".join(caught.value.lines)
    parts = (
        "extra import.colour import.district import.kind columns.number columns.opened columns: time.zone time.formats "
        "text.template category unit.by"
    )
    for part in (*parts.split(), "state: done"):
        assert part in said, part
    with pytest.raises(MappingRefused):
        mapping.parsed("not [ toml")


def test_targets_that_are_not_there_are_all_named(takeover: Takeover) -> None:
    takeover.replace('B = "511111100002"', 'B = "511111100999"\nC = "nowhere"\nD = "511111D01"')
    takeover.replace('noise = "GB/T 47678.5-2026/06028"', 'noise = "GB/T 47678.5-2026/99999"\nother = ""')
    with pytest.raises(MappingRefused) as caught:
        takeover.run({})
    assert len(caught.value.lines) == 5
    takeover.replace('district = "511111"', 'district = "511112"')
    with pytest.raises(MappingRefused):
        takeover.run({})


def test_a_suggested_mapping_is_toml_with_the_columns_and_values_of_the_file(takeover: Takeover) -> None:
    path = takeover.file({}, {"status": 'new "one"\\', "closed": ""}, {"extra": "更多"})
    with translation.override("en"):
        text = suggestion.draft(files.open_file(path), listed=["extra"])
    given = tomllib.loads(text)
    assert given["columns"]["opened"] == "opened" and given["columns"]["due"] == "due"
    assert given["state"] == {"column": "status", "values": {"done": "", 'new "one"\\': ""}}
    assert given["time"]["formats"] == ["%Y-%m-%d %H:%M:%S"]
    assert '# "更多" = ""  # 1' in text
    with pytest.raises(ImportRefused):
        suggestion.draft(files.open_file(path), listed=["absent"])


# -- what people see ----------------------------------------------------------------------------------------


def test_the_scope_of_an_imported_incident_is_that_of_its_place(takeover: Takeover) -> None:
    cast, now = takeover.story.cast, takeover.story.now
    incident = takeover.one()
    seeing = [cast.village_clerk, cast.town_clerk, cast.observer]
    assert all(access.incidents_for(person, now=now).filter(pk=incident.pk).exists() for person in seeing)
    assert not access.incidents_for(cast.sibling_clerk, now=now).filter(pk=incident.pk).exists()


@pytest.mark.parametrize("number", ["W-001", "20260001", "7"])
def test_the_original_number_finds_it(takeover: Takeover, number: str) -> None:
    cast, now = takeover.story.cast, takeover.story.now
    incident = takeover.one(no=number)
    found = lists.found(cast.village_clerk, Filters.parsed({"q": number}), now=now)
    assert incident in found
    assert incident not in lists.found(cast.sibling_clerk, Filters.parsed({"q": number}), now=now)


def test_the_page_shows_the_original_number_and_what_the_source_said(takeover: Takeover, signed_in: SignIn) -> None:
    incident = takeover.one(closed="2026-02-09 10:00:00")
    page = signed_in(takeover.story.cast.village_clerk).get(f"/incidents/{incident.number}/").content.decode()
    for part in ("W-001", "旧平台", "2026-02-05 18:00", "2026-02-09 10:00"):
        assert part in page, part


def test_the_timeline_tells_when_it_was_taken_over_and_how_punctual_it_had_been(takeover: Takeover) -> None:
    now = takeover.story.now
    incident = takeover.one(closed="2026-02-09 10:00:00")
    events = list(IncidentEvent.objects.filter(incident=incident))
    clocks = list(Clock.objects.filter(incident=incident))
    units = with_parents(timeline.codes_of(events, clocks))
    with translation.override("en"):
        (step,) = timeline.steps(incident, events=events, clocks=clocks, photos=[], units=units, now=now)
    assert (step.at, step.lasted) == (now, None)
    assert [measured.light for measured in step.measured] == [Light.RED]
    assert step.facts[0] == "旧平台, number W-001"


# -- the command --------------------------------------------------------------------------------------------


def test_the_command_imports_and_reports(takeover: Takeover, capsys: pytest.CaptureFixture[str]) -> None:
    told = takeover.folder / "m.toml"
    told.write_text(takeover.toml, encoding="utf-8")
    path = str(takeover.file({}, {"closed": "2026-02-09 10:00:00"}))
    given = {"mapping": told, "source": "旧平台", "by": takeover.story.cast.administrator.username}
    with translation.override("en"):
        call_command("import_incidents", path, **given)
        assert "Closed with a due date: 2, of these in time 1 (50.0%), late 1." in capsys.readouterr().out
        call_command("import_incidents", path, **given)
        assert "Nothing new was imported." in capsys.readouterr().out
        call_command("import_incidents", path, suggest_mapping=True)
        assert tomllib.loads(capsys.readouterr().out)["columns"]["number"]
    assert ImportBatch.objects.get().by == takeover.story.cast.administrator


@pytest.mark.parametrize(
    "given",
    [
        {"mapping": None},
        {"source": ""},
        {"source": "x" * 61},
        {"keep_good": True},
        {"by": "nobody"},
        {"file": "absent.csv"},
    ],
    ids=str,
)
def test_the_command_says_what_it_lacks(takeover: Takeover, given: dict[str, object]) -> None:
    told = takeover.folder / "m.toml"
    told.write_text(takeover.toml, encoding="utf-8")
    path = given.get("file", str(takeover.file({})))
    options = {"mapping": told, "source": "旧平台"} | {name: value for name, value in given.items() if name != "file"}
    with pytest.raises(CommandError):
        call_command("import_incidents", path, **options)
    assert not Incident.objects.exists()


def test_the_command_reports_rejected_rows_before_it_fails(
    takeover: Takeover, capsys: pytest.CaptureFixture[str]
) -> None:
    told = takeover.folder / "m.toml"
    told.write_text(takeover.toml, encoding="utf-8")
    with translation.override("en"), pytest.raises(CommandError, match="1 rows cannot be taken"):
        call_command("import_incidents", str(takeover.file({"status": "lost"})), mapping=told, source="旧平台")
    assert "lost: 1" in capsys.readouterr().out
