"""Everything refused comes in one shape, problem details, in the reader's language, and tells no secrets."""

import base64
import json
from typing import Any

import pytest
from django.test import Client, override_settings

from governance.sessions import SessionLimits
from grids.api.problems import KINDS
from incidents.api import incidents as door
from tests.api.conftest import ROOT, Now, Program


def is_problem(answer: Any, status: int, kind: str) -> dict[str, Any]:
    """The members of a problem of this kind."""
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    told: dict[str, Any] = json.loads(answer.content)
    assert {"type", "title", "status", "detail", "instance"} <= set(told)
    assert (told["status"], told["type"]) == (status, f"{ROOT}problems/{kind}/")
    assert all(told.values())
    return told


def test_each_status_has_its_problem(today: Now) -> None:
    clerk = Program(today.cast.village_clerk)
    incident = today.report()
    moves = f"incidents/{incident.number}/moves/"
    is_problem(Program().get("units/"), 401, "not-signed-in")
    is_problem(clerk.get("incidents/5111112026010100001/"), 404, "not-found")
    is_problem(clerk.get("no/such/address/"), 404, "not-found")
    assert is_problem(clerk.ask("DELETE", "units/"), 405, "method")
    assert "GET" in clerk.ask("DELETE", "units/").headers["Allow"]
    is_problem(clerk.ask("OPTIONS", "units/"), 405, "method")
    is_problem(clerk.ask("TRACE", "units/?level=high"), 405, "method")
    is_problem(clerk.get("units/", Accept="text/html"), 406, "not-acceptable")
    is_problem(clerk.post(moves, {"move": "accept", "seq": 7}), 409, "stale")
    is_problem(clerk.post(moves, {"move": "answer", "seq": 1, "note": "x"}), 409, "conflict")
    is_problem(Program(today.cast.village_head).post(moves, {"move": "accept", "seq": 1}), 403, "forbidden")


@pytest.mark.parametrize(
    ("content", "content_type", "status", "kind"),
    [
        (b"{", "application/json", 400, "malformed"),
        (b"[" * 100_000, "application/json", 400, "malformed"),
        (b'{"text": NaN}', "application/json", 400, "malformed"),
        (b'{"text": "\xff"}', "application/json", 400, "malformed"),
        (b'{"seq": ' + b"9" * 5000 + b"}", "application/json", 400, "malformed"),
        (b"[]", "application/json", 400, "invalid"),
        (b"null", "application/json", 400, "invalid"),
        (b'"text"', "application/json", 400, "invalid"),
        (b"", "application/json", 400, None),
        (b"<x/>", "application/xml", 415, "media-type"),
        (b"text=x", "application/x-www-form-urlencoded", 415, "media-type"),
        (b"x" * 300_000, "application/json", 413, "too-large"),
    ],
)
def test_no_body_is_a_fault_of_ours(
    today: Now, content: bytes, content_type: str, status: int, kind: str | None
) -> None:
    officer = Program(today.cast.officer)
    answer = officer.client.post(f"{ROOT}incidents/", content, content_type=content_type, headers=officer.headers)
    assert answer.status_code == status, answer.content
    if kind:
        is_problem(answer, status, kind)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": None}, "text"),
        ({"text": 7}, "text"),
        ({"text": ["x"]}, "text"),
        ({"text": "a\x00b"}, "text"),
        ({"text": "\ud800"}, "text"),
        ({"text": "x" * 2001}, "text"),
        ({"urgency": "\udfff"}, "urgency"),
        ({"urgency": 10**400}, "urgency"),
        ({"category": "no:such"}, "category"),
        ({"category": "../x"}, "category"),
        ({"position": {"lon": 181, "lat": 0}}, "position.lon"),
        ({"position": {"lon": "nan", "lat": 0}}, "position.lon"),
        ({"position": {"lon": True, "lat": 0}}, "position.lon"),
        ({"position": {"lon": 10**400, "lat": 0}}, "position.lon"),
        ({"position": {"lon": 103.5, "lat": 29.4, "datum": "mars"}}, "position.datum"),
        ({"position": {"lon": 103.5, "lat": 29.4, "accuracy_m": -1}}, "position.accuracy_m"),
        ({"position": {"lon": 103.5}}, "position.lat"),
        ({"position": {"lon": 0, "lat": 0}}, "place"),
        ({"position": None}, "place"),
        ({"place": "999999"}, "place"),
        ({"place": "511111D01"}, "place"),
        ({"place": "zz"}, "place"),
        ({"occurred_at": "yesterday"}, "occurred_at"),
        ({"occurred_at": "9999-99-99T00:00:00Z"}, "occurred_at"),
        ({"settled": True}, "result"),
        ({"settled": "perhaps"}, "settled"),
        ({"address": "x" * 201}, "address"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
def test_each_field_at_fault_is_named(today: Now, given: dict[str, Any], field: str) -> None:
    answer = Program(today.cast.officer).post("incidents/", today.report_body() | given)
    told = is_problem(answer, 400, "invalid")
    assert field in [error["field"] for error in told["errors"]], told
    assert all(error["detail"] and error["code"] for error in told["errors"])


@pytest.mark.parametrize(
    "query",
    [
        "state=lost", "light=%00", "holder=zz", "under=511111'--", "category=x", "urgency=%F0%9F%98%80",
        "since=0000-00-00", "since=x", "until=9999-12-31", "since=0001-01-01",
        "q=%00", "q=" + "x" * 81, "page_size=0", "page_size=201", "page_size=1.5",
        "page_size=9" + "9" * 400, "cursor=AAAA", "cursor=%FF", "cursor=" + "W" * 500,
        "order=best", "mine=perhaps", "stat=open", "=", "tier=house", "light=", "q=", "state=open&state=",
    ],
)  # fmt: skip
def test_no_question_is_a_fault_of_ours(today: Now, query: str) -> None:
    is_problem(Program(today.cast.officer).get(f"incidents/?{query}"), 400, "invalid")


def test_a_fault_of_ours_says_nothing_of_its_cause(today: Now, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: Any, **_named: Any) -> None:
        raise RuntimeError("the secret is 42")

    monkeypatch.setattr(door.lists, "found", broken)
    program = Program(today.cast.officer, raise_request_exception=False)
    told = is_problem(program.get("incidents/"), 500, "fault")
    assert "42" not in str(told)
    with pytest.raises(RuntimeError), override_settings(DEBUG=True):
        Program(today.cast.officer).get("incidents/")


@pytest.mark.parametrize(
    ("header", "own", "title"),
    [
        ("", "", "未找到|Not found"),
        ("en", "", "Not found"),
        ("en-GB,en;q=0.8", "zh-hans", "Not found"),
        ("", "en", "Not found"),
        ("tlh, en;q=0.1", "", "Not found"),
    ],
)
def test_refusals_speak_the_language_asked_for_or_the_persons_own(
    today: Now, header: str, own: str, title: str
) -> None:
    officer = today.cast.officer
    officer.language = own
    officer.save(update_fields=["language"])
    answer = Program(officer).get("nothing/", Accept_Language=header)
    assert answer.headers["Content-Language"] == ("en" if header or own == "en" else "zh-hans")
    assert answer.json()["title"] in title.split("|")


def test_chinese_is_asked_for_by_any_of_its_names(today: Now) -> None:
    for tag in ("zh", "zh-CN", "zh-Hans-CN,zh;q=0.9", "*", "en;q=0"):
        answer = Program(today.cast.officer).get("incidents/", Accept_Language=tag)
        assert answer.headers["Content-Language"] == "zh-hans", tag


def test_every_kind_of_problem_is_explained_to_everybody(db: None) -> None:
    listed = Client().get(f"{ROOT}problems/").json()["problems"]
    assert len(listed) == len(KINDS)
    for kind in listed:
        assert Client().get(kind["type"]).json() == kind
    assert Client().get(f"{ROOT}problems/nothing/").status_code == 404


@pytest.mark.parametrize("address", ["/api/", "/api/v2/incidents/", "/api/v1/nothing", "/api/v1//"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_address_below_api_answers_with_a_page(today: Now, address: str, method: str) -> None:
    is_problem(Program().ask(method, address), 401, "not-signed-in")
    is_problem(Program(today.cast.village_clerk).ask(method, address), 404, "not-found")


def test_what_is_asked_for_is_matched_with_what_there_is(today: Now) -> None:
    clerk = Program(today.cast.village_clerk)
    for accepted in ("", "*/*", "application/json; charset=utf-8", "application/problem+json, application/json"):
        assert clerk.get("schema/", Accept=accepted).json()["openapi"].startswith("3.1")
        assert clerk.get("incidents/", Accept=accepted).status_code == 200
    assert clerk.get("schema/?format=yaml", Accept="*/*").content.startswith(b"openapi: 3.1")
    for accepted in ("text/html", "application/json;q=0", "*/*; q=0.0"):
        is_problem(clerk.get("incidents/", Accept=accepted), 406, "not-acceptable")
    for path in ("schema/", "incidents/"):
        assert is_problem(clerk.get(f"{path}?format=xml"), 400, "invalid")["errors"][0]["field"] == "format"


def test_what_is_not_there_is_said_before_what_is_wrong_with_the_body(today: Now) -> None:
    clerk = Program(today.cast.village_clerk)
    for path in ("incidents/511111202601010000/moves/", "assignments/1/actions/", "cards/1/actions/"):
        is_problem(clerk.post(path, {"nonsense": 1}), 404, "not-found")


def test_a_cursor_of_other_things_is_refused(today: Now) -> None:
    clerk, number = Program(today.cast.village_clerk), today.report().number
    for path in ("incidents/", "inbox/", "assignments/", "cards/", "tokens/", f"incidents/{number}/photos/"):
        for values in ([1, 2], [5, 5], ["x"], ["x", 1], [{"t": "2026-11-22T00:00:00Z"}, 1.5], [None], [{"t": 5}]):
            cursor = base64.urlsafe_b64encode(json.dumps([0, *values]).encode()).decode().rstrip("=")
            told = is_problem(clerk.get(f"{path}?cursor={cursor}"), 400, "invalid")
            assert told["errors"][0]["code"] == "cursor"


def test_what_fails_before_a_view_is_reached_is_a_problem_too(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with override_settings(ALLOWED_HOSTS=["ours.example"]):
        is_problem(Client(headers={"host": "other.example"}).get(f"{ROOT}units/"), 400, "malformed")
    monkeypatch.setattr(SessionLimits, "__call__", lambda *_given: 1 / 0)
    nobody = Client(raise_request_exception=False)
    is_problem(nobody.get(f"{ROOT}units/"), 500, "fault")
    assert nobody.get("/login/").headers["Content-Type"].startswith("text/html")
