"""A request with an `Idempotency-Key` happens once, however often and however concurrently it is sent."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from incidents.models import Incident, IncidentEvent
from tests.api.conftest import Now, Program
from tests.api.test_problems import is_problem

KEY = "9f1c2a7e-once"


def test_a_repeated_report_gets_the_incident_of_the_first_one(today: Now) -> None:
    officer, body = Program(today.cast.officer), today.report_body()
    first = officer.post("incidents/", body, key=KEY)
    again = officer.post("incidents/", body, key=KEY)
    assert (first.status_code, again.status_code) == (201, 200)
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert first.json()["number"] == again.json()["number"]
    assert Incident.objects.count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"text": "别的"}, {"urgency": "urgent"}, {"address": "x"}, {"settled": True, "result": "x"}, {"position": None},
        {"occurred_at": (timezone.now() - timedelta(hours=9)).isoformat()}, {"accuracy_m": 9},
    ],
)  # fmt: skip
def test_a_key_belongs_to_one_report(today: Now, change: dict[str, Any]) -> None:
    officer, body = Program(today.cast.officer), today.report_body()
    officer.post("incidents/", body, key=KEY)
    if "accuracy_m" in change:
        change = {"position": body["position"] | change}
    other = body | change | ({"place": today.cast.second_grid.pk} if "position" in change else {})
    is_problem(officer.post("incidents/", other, key=KEY), 422, "key-reused")
    assert Incident.objects.count() == 1


def test_a_key_is_a_persons_own(today: Now) -> None:
    body = today.report_body()
    answers = [
        Program(person).post("incidents/", body, key=KEY) for person in (today.cast.officer, today.cast.village_clerk)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]


@pytest.mark.parametrize("key", ["short", "x" * 65, "with space", "中文中文中文中文"])
def test_an_odd_key_is_refused(today: Now, key: str) -> None:
    officer = Program(today.cast.officer)
    told = is_problem(officer.post("incidents/", today.report_body(), key=key), 400, "invalid")
    assert told["errors"][0]["field"] == "Idempotency-Key"


def test_a_repeated_move_changes_nothing_more(today: Now) -> None:
    incident = today.report()
    clerk, url = Program(today.cast.village_clerk), f"incidents/{incident.number}/moves/"
    body = {"move": "accept", "seq": 1}
    first, again = (clerk.post(url, body, key=KEY) for _turn in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json()["seq"] == first.json()["seq"] == 2
    assert today.kinds(incident) == ["report", "accept"]


def test_a_key_belongs_to_one_move(today: Now) -> None:
    incident, other = today.report(), today.report()
    clerk = Program(today.cast.village_clerk)
    url = f"incidents/{incident.number}/moves/"
    clerk.post(url, {"move": "accept", "seq": 1}, key=KEY)
    is_problem(clerk.post(url, {"move": "escalate", "seq": 2, "note": "x"}, key=KEY), 422, "key-reused")
    is_problem(clerk.post(url, {"move": "accept", "seq": 1, "note": "x"}, key=KEY), 422, "key-reused")
    is_problem(clerk.post(url, {"move": "accept", "seq": 2}, key=KEY), 422, "key-reused")
    answer = clerk.post(f"incidents/{other.number}/moves/", {"move": "accept", "seq": 1}, key=KEY)
    is_problem(answer, 422, "key-reused")
    is_problem(clerk.post("incidents/", today.report_body(), key=KEY), 422, "key-reused")


def test_a_key_belongs_to_one_dispatch_and_one_return(today: Now) -> None:
    incident = today.at_district()
    dispatcher, url = Program(today.cast.district_dispatcher), f"incidents/{incident.number}/moves/"
    order = {"unit": today.cast.department.pk, "text": "修", "required": True}
    body = {"move": "dispatch", "seq": Incident.objects.get().seq, "note": "", "orders": [order]}
    assert dispatcher.post(url, body, key=KEY).status_code == 200
    assert dispatcher.post(url, body, key=KEY).headers["Idempotent-Replayed"] == "true"
    for other in ({"text": "拆"}, {"required": False}):
        is_problem(dispatcher.post(url, body | {"orders": [order | other]}, key=KEY), 422, "key-reused")
    back, returned = Program(today.cast.handler), {"action": "return", "seq": 0, "note": "x", "reason": "not_ours"}
    actions = f"assignments/{today.order(incident).pk}/actions/"
    assert back.post(actions, returned, key=KEY).status_code == 200
    assert back.post(actions, returned, key=KEY).headers["Idempotent-Replayed"] == "true"
    is_problem(back.post(actions, returned | {"reason": "other"}, key=KEY), 422, "key-reused")
    is_problem(back.post(actions, returned | {"proposed_unit": order["unit"]}, key=KEY), 422, "key-reused")


@pytest.mark.parametrize("action", ["sign", "feed_back"])
def test_a_repeated_action_on_an_order_changes_nothing_more(today: Now, action: str) -> None:
    incident = today.dispatched()
    order = today.order(incident)
    handler, url = Program(today.cast.handler), f"assignments/{order.pk}/actions/"
    if action == "feed_back":
        handler.post(url, {"action": "sign", "seq": 0})
    body = {"action": action, "seq": today.order(incident).seq, "note": "已办"}
    first, again = (handler.post(url, body, key=KEY) for _turn in range(2))
    assert (first.status_code, again.status_code) == (200, 200), first.content
    assert again.headers["Idempotent-Replayed"] == "true"
    is_problem(handler.post(url, body | {"note": "别的"}, key=KEY), 422, "key-reused")


@pytest.mark.django_db(transaction=True)
def test_repeated_at_once_a_report_and_a_move_happen_once(today: Now) -> None:
    cast = today.cast
    body, officer = today.report_body(), Program(cast.officer)
    answers = at_once(6, lambda: Program.like(officer).post("incidents/", body, key=KEY))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert len({answer.json()["number"] for answer in answers}) == 1
    incident = Incident.objects.get()

    clerk, url = Program(cast.village_clerk), f"incidents/{incident.number}/moves/"
    move = {"move": "accept", "seq": 1}
    answers = at_once(6, lambda: Program.like(clerk).post(url, move, key=KEY))
    assert [answer.status_code for answer in answers] == [200] * 6
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 5
    assert IncidentEvent.objects.filter(incident=incident).count() == 2

    without = {"move": "escalate", "seq": 2, "note": "x"}
    answers = at_once(4, lambda: Program.like(clerk).post(url, without))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert incident.reported_at < timezone.now()


def at_once(number: int, call: Any) -> list[Any]:
    """What `number` threads get that call at the same moment."""
    answers: list[Any] = []
    ready = threading.Barrier(number)

    def ask() -> None:
        try:
            ready.wait()
            answers.append(call())
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _turn in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
