"""Incidents for programs: reporting, the list with the desk's filters, one of them, its history; who sees what."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from grids.datums import from_cgcs2000
from incidents import lists, selectors
from incidents.api.keys import key_of
from incidents.filters import Filters
from incidents.models import ImportBatch, ImportedRecord, Incident, IncidentEvent
from tests.api.conftest import Now, Program

NO_TRANSACTION = ("SAVEPOINT", "RELEASE")


def numbers(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["number"] for row in answer.json()["results"]]


def asked(program: Program, call: Any) -> list[str]:
    """The statements of a call, without those that only stand for the test's own transaction."""
    with CaptureQueriesContext(connection) as seen:
        call()
    return [row["sql"] for row in seen if not row["sql"].startswith(NO_TRANSACTION)]


def test_an_officer_reports_and_the_village_of_the_place_has_it(today: Now) -> None:
    cast = today.cast
    body = today.report_body(category=key_of(today.category), urgency="urgent", address="南陵路 5 号")
    answer = Program(cast.officer).post("incidents/", body)
    assert answer.status_code == 201
    row = answer.json()
    incident = Incident.objects.get(number=row["number"])
    assert answer.headers["Location"] == row["url"]
    assert (incident.holder, incident.place, incident.reporter) == (cast.village, cast.grid, cast.officer)
    assert (incident.category, incident.urgency, incident.source) == (today.category, "urgent", "officer")
    assert row["state"] == "reported"
    assert row["holder"]["code"] == cast.village.pk
    assert row["light"]["light"] == "unlit"
    assert row["light"]["remaining_seconds"] > 0
    assert row["light"]["due_at"].endswith("+08:00")
    assert IncidentEvent.objects.get(incident=incident).actor == cast.officer


def test_a_position_of_another_datum_finds_the_same_grid(today: Now) -> None:
    point = today.cast.point(today.cast.grid)
    ((lon, lat),) = from_cgcs2000([[point.x, point.y]], "gcj02")
    answer = Program(today.cast.officer).post(
        "incidents/", {"text": "x", "position": {"lon": lon, "lat": lat, "datum": "gcj02"}}
    )
    assert answer.json()["place"]["code"] == today.cast.grid.pk


def test_a_clerk_names_a_place_where_no_position_is_known(today: Now) -> None:
    body = {"text": "路灯不亮", "place": today.cast.second_grid.pk}
    row = Program(today.cast.village_clerk).post("incidents/", body).json()
    assert row["place"]["code"] == today.cast.second_grid.pk
    assert Incident.objects.get(number=row["number"]).source == "clerk"


def test_an_officer_settles_on_the_spot_in_an_own_grid_and_nowhere_else(today: Now) -> None:
    officer = Program(today.cast.officer)
    body = today.report_body(settled=True, result="已清理")
    row = officer.post("incidents/", body).json()
    assert (row["state"], row["settled_on_the_spot"], row["light"]["light"]) == ("closed", True, "green")
    elsewhere = today.cast.point(today.cast.third_grid)
    answer = officer.post("incidents/", body | {"position": {"lon": elsewhere.x, "lat": elsewhere.y}})
    assert answer.status_code == 403


def test_who_may_not_report_is_told_so(today: Now) -> None:
    for person in (today.cast.observer, today.cast.handler, today.cast.stranger):
        assert Program(person).post("incidents/", today.report_body()).status_code == 403


def test_the_list_holds_what_is_in_sight_and_open_the_newest_first(today: Now) -> None:
    cast = today.cast
    here, there = today.report(), today.report(cast.third_officer, grid=cast.third_grid)
    done = today.report_body(settled=True, result="已清理")
    closed = Program(cast.officer).post("incidents/", done).json()["number"]
    assert numbers(Program(cast.village_clerk).get("incidents/")) == [here.number]
    assert numbers(Program(cast.town_clerk).get("incidents/")) == [there.number, here.number]
    assert numbers(Program(cast.village_clerk).get("incidents/?state=any&order=oldest")) == [here.number, closed]
    assert numbers(Program(cast.stranger).get("incidents/?state=any")) == []


@pytest.mark.parametrize(
    "query",
    ["", "state=any", "state=reported&state=accepted", "light=unlit", "light=red", "tier=village",
     "holder=511111100001", "at=511111100001", "under=511111100", "place=511111100001001", "urgency=normal",
     "q=井盖", "mine=true", "since=2020-01-01&until=2030-01-01", "ended=2026-11-22"],
)  # fmt: skip
def test_each_filter_leaves_what_the_page_of_the_desk_leaves(today: Now, query: str) -> None:
    clerk = today.cast.village_clerk
    today.press(today.report(), "accept", clerk)
    today.report(urgency="urgent")
    today.press(today.report(), "dismiss", clerk)
    now = timezone.now()
    expected = lists.found(clerk, Filters.parsed(QueryDict(query.replace("mine=true", "mine=1"))), now=now)
    assert sorted(numbers(Program(clerk).get(f"incidents/?{query}"))) == sorted(each.number for each in expected)


def test_the_list_by_due_moment_goes_on_page_by_page(today: Now) -> None:
    urgent = [today.report(urgency="critical").number for _turn in range(2)]
    plain = [today.report().number for _turn in range(3)]
    clerk = Program(today.cast.village_clerk)
    seen, address, pages = [], "incidents/?order=due&page_size=2", []
    while address:
        page = clerk.get(address).json()
        pages.append(page)
        seen += [row["number"] for row in page["results"]]
        address = page["next"]
    assert sorted(seen[:2]) == sorted(urgent)
    assert sorted(seen[2:]) == sorted(plain)
    assert numbers(clerk.get(pages[1]["previous"])) == seen[:2]


def test_the_list_is_narrowed_to_what_happened_in_a_span(today: Now) -> None:
    incident = today.press(today.report(), "accept", today.cast.village_clerk)
    today.report()
    clerk = Program(today.cast.village_clerk)
    span = f"act_from={today.cast.since:%Y-%m-%d}T00:00:00Z&act_to=2200-01-01T00:00:00Z"
    assert numbers(clerk.get(f"incidents/?act=accepted&{span}")) == [incident.number]
    assert len(numbers(clerk.get(f"incidents/?act=reported&{span}"))) == 2
    assert clerk.get("incidents/?act=accepted").status_code == 400


def test_the_list_is_narrowed_by_category_and_those_below_it(today: Now) -> None:
    incident = today.report()
    other = today.report(category=None)
    clerk = Program(today.cast.village_clerk)
    for category in (today.category, today.category.parent):
        assert numbers(clerk.get(f"incidents/?category={key_of(category)}")) == [incident.number]
    assert other.number in numbers(clerk.get("incidents/"))


def test_pages_neither_repeat_nor_miss_anything_while_reports_come_in(today: Now) -> None:
    made = []
    for _turn in range(7):
        made.append(today.report().number)
        today.later(seconds=1)
    clerk = Program(today.cast.village_clerk)
    page = clerk.get("incidents/?page_size=3").json()
    assert page["previous"] is None
    seen = [row["number"] for row in page["results"]]
    while page["next"]:
        today.report()
        today.later(seconds=1)
        before = page
        page = clerk.get(page["next"]).json()
        seen += [row["number"] for row in page["results"]]
        back = clerk.get(page["previous"]).json()
        assert [row["number"] for row in back["results"]] == [row["number"] for row in before["results"]]
    assert seen == made[::-1]
    first = clerk.get("incidents/?page_size=200").json()
    assert len(first["results"]) == 9
    assert first["next"] is None


def test_rows_of_one_moment_are_told_apart_by_their_order(today: Now) -> None:
    made = [today.report().number for _turn in range(5)]
    clerk = Program(today.cast.village_clerk)
    seen, address = [], "incidents/?page_size=2"
    while address:
        page = clerk.get(address).json()
        seen += [row["number"] for row in page["results"]]
        address = page["next"]
    assert seen == made[::-1]


def test_the_lights_are_those_of_the_pages(today: Now) -> None:
    today.now = timezone.now() - timedelta(days=60)
    incident = today.report()
    (row,) = Program(today.cast.village_clerk).get("incidents/").json()["results"]
    shown = selectors.rows([incident], timezone.now())[0]
    assert row["light"]["light"] == shown.clock.light == "red"
    assert row["light"]["remaining_seconds"] < 0
    assert parse_datetime(row["light"]["due_at"]) == shown.clock.due_at
    assert row["overall"]["light"] == shown.overall.light


def test_one_incident_tells_what_its_page_tells(today: Now) -> None:
    cast = today.cast
    incident = today.press(today.report(), "escalate", cast.village_clerk)
    told = Program(cast.town_clerk).get(f"incidents/{incident.number}/").json()
    assert told["reporter"] == cast.officer.full_name
    assert told["holder"]["code"] == cast.town.pk
    assert told["first_unit"]["code"] == cast.grid.pk
    assert told["point"]["lon"] == pytest.approx(cast.point(cast.grid).x)
    assert [each["name"] for each in told["contacts"]][1] == cast.officer.full_name
    for link in told["links"].values():
        assert Program(cast.town_clerk).get(link).status_code == 200


@pytest.mark.parametrize("below", ["", "history/", "photos/", "moves/"])
def test_what_is_out_of_sight_is_not_there(today: Now, below: str) -> None:
    incident = today.report()
    for person in (today.cast.other_village_clerk, today.cast.handler, today.cast.stranger):
        assert Program(person).get(f"incidents/{incident.number}/{below}").status_code == 404
    for number in ("5111112026010199999", "x", "%00", "1" * 300):
        assert Program(today.cast.officer).get(f"incidents/{number}/{below}").status_code == 404


def test_the_history_tells_every_step_with_who_and_for_whom(today: Now) -> None:
    cast = today.cast
    incident = today.answered()
    clerk = Program(cast.district_clerk)
    told = clerk.get(f"incidents/{incident.number}/history/").json()
    kinds = [step["kind"] for step in told["results"]]
    assert kinds == today.kinds(incident)
    first = told["results"][0]
    assert (first["actor"], first["unit"]["code"], first["seq"]) == (cast.officer.full_name, cast.grid.pk, 1)
    escalated = next(step for step in told["results"] if step["kind"] == "escalate")
    assert (escalated["from_unit"]["code"], escalated["to_unit"]["code"]) == (cast.village.pk, cast.town.pk)
    assert escalated["note"] == "有理由"
    assert told["results"][kinds.index("dispatch")]["orders"][0]["text"] == "请立即处置"
    seen, address = [], f"incidents/{incident.number}/history/?page_size=4"
    while address:
        page = clerk.get(address).json()
        seen += [step["kind"] for step in page["results"]]
        address = page["next"]
    assert seen == kinds


def test_reporting_and_reading_cost_few_statements(today: Now) -> None:
    officer, clerk = Program(today.cast.officer), Program(today.cast.village_clerk)
    body = today.report_body(category=key_of(today.category))
    officer.post("incidents/", body)
    assert len(asked(officer, lambda: officer.post("incidents/", body, key="once-upon-a-time"))) <= 20
    for _turn in range(5):
        officer.post("incidents/", body)
    statements = asked(clerk, lambda: clerk.get("incidents/?page_size=200"))
    assert len(statements) <= 8
    assert not any("COUNT(" in statement for statement in statements)
    number = Incident.objects.latest("pk").number
    assert len(asked(clerk, lambda: clerk.get(f"incidents/{number}/"))) <= 15


def test_categories_are_told_with_their_place_in_the_list(today: Now) -> None:
    officer = Program(today.cast.officer)
    rows = officer.get("categories/?page_size=200").json()["results"]
    mine = next(row for row in rows if row["key"] == key_of(today.category))
    assert mine["selectable"]
    assert mine["parent"] == key_of(today.category.parent)
    assert officer.get(mine["url"]).json() == mine
    below = officer.get(f"categories/?parent={mine['parent']}").json()["results"]
    assert mine in below
    assert officer.get("categories/no:such/").status_code == 404
    assert len({row["key"] for row in rows}) == len(rows)


def test_what_another_system_said_stands_beside_an_imported_incident(today: Now) -> None:
    cast, incident = today.cast, today.report()
    program = Program(cast.officer)
    assert program.get(f"incidents/{incident.number}/").json()["original"] is None
    batch = ImportBatch.objects.create(source="12345", file_name="a.csv", sha256="0" * 64, mapping="", at=today.now)
    opened = today.now - timedelta(days=3)
    ImportedRecord.objects.create(
        incident=incident,
        batch=batch,
        source="12345",
        original_number="WO-77",
        opened_at=opened,
        due_at=opened + timedelta(days=1),
        line=2,
    )
    original = program.get(f"incidents/{incident.number}/").json()["original"]
    assert (original["source"], original["number"], original["closed_at"]) == ("12345", "WO-77", None)
    assert parse_datetime(original["opened_at"]) == opened.replace(microsecond=0)
