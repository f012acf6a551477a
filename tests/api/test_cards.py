"""Urges and cards for programs: given as moves, listed, answered, taken back; once however often it is sent."""

from typing import Any

from dispatch.models import Card
from incidents.models import Incident
from tests.api.conftest import Now, Program
from tests.api.test_moves import ok, press
from tests.api.test_problems import is_problem


def laid(today: Now, name: str = "supervise", **given: Any) -> tuple[Incident, Card]:
    cast, incident = today.cast, today.report()
    if name == "supervise":
        given.setdefault("colour", "yellow")
    by = given.pop("by", cast.town_head)
    ok(press(Program(by), incident, name, note="请说明原因", target_unit=cast.village.pk, **given))
    return incident, Card.objects.latest("pk")


def test_a_program_gives_a_card_the_unit_answers_it_and_both_read_the_list(today: Now) -> None:
    cast = today.cast
    incident, _card = laid(today)
    clerk = Program(cast.village_clerk)
    (row,) = clerk.get(f"cards/?unit={cast.village.pk}&state=issued").json()["results"]
    assert (row["kind"], row["colour"], row["incident"], row["light"]["light"]) == (
        "supervise", "yellow", incident.number, "unlit",
    )  # fmt: skip
    assert row["issued_by"]["code"] == cast.town.pk and row["actor"] == cast.town_head.full_name
    assert [each["move"] for each in clerk.get(row["url"]).json()["actions"]] == ["reply_card"]
    ok(clerk.post(f"{row['url']}actions/", {"action": "reply", "note": "今日办结", "seq": row["seq"]}))
    (row,) = Program(cast.town_clerk).get(f"cards/?issued_by={cast.town.pk}").json()["results"]
    assert (row["state"], row["answer"], row["ended_by"]) == ("replied", "今日办结", cast.village_clerk.full_name)
    assert row["light"]["light"] == "green"


def test_the_list_is_narrowed_and_tells_only_of_incidents_in_sight(today: Now) -> None:
    cast = today.cast
    laid(today)
    laid(today, "urge", by=cast.town_clerk)
    town = Program(cast.town_clerk)
    for question, number in (
        ("", 2), ("kind=urge", 1), ("colour=yellow", 1), ("colour=yellow&colour=red", 1), ("state=withdrawn", 0),
        (f"under={cast.town.pk}", 2), (f"unit={cast.town.pk}", 0),
    ):  # fmt: skip
        assert len(town.get(f"cards/?{question}").json()["results"]) == number, question
    assert Program(cast.other_town_clerk).get("cards/").json()["results"] == []
    card = Card.objects.latest("pk")
    assert Program(cast.other_town_clerk).get(f"cards/{card.pk}/").status_code == 404


def test_the_same_key_gives_one_card_and_one_answer_and_another_request_by_it_is_refused(today: Now) -> None:
    cast, incident = today.cast, today.report()
    town, clerk = Program(cast.town_clerk), Program(cast.village_clerk)
    body = {"move": "urge", "seq": incident.seq, "note": "请尽快", "target_unit": cast.village.pk}
    url = f"incidents/{incident.number}/moves/"
    first = town.post(url, body, key="urge-0001")
    again = town.post(url, body, key="urge-0001")
    assert first.status_code == again.status_code == 200 and again.headers["Idempotent-Replayed"] == "true"
    card = Card.objects.get()
    is_problem(town.post(url, body | {"note": "别的"}, key="urge-0001"), 422, "key-reused")
    answer = {"action": "reply", "note": "已派人", "seq": card.seq}
    for _time in range(2):
        ok(clerk.post(f"cards/{card.pk}/actions/", answer, key="reply-0001"))
    assert Card.objects.get().seq == 1


def test_what_is_refused_says_why(today: Now) -> None:
    cast = today.cast
    incident, card = laid(today, "urge", by=cast.town_clerk)
    url = f"incidents/{incident.number}/moves/"
    again = {"move": "urge", "seq": incident.seq, "note": "请尽快", "target_unit": cast.village.pk}
    is_problem(Program(cast.town_clerk).post(url, again), 409, "conflict")
    stale = {"action": "reply", "note": "已派人", "seq": card.seq + 3}
    assert Program(cast.village_clerk).post(f"cards/{card.pk}/actions/", stale).status_code == 409
    refused = Program(cast.town_checker).post(f"cards/{card.pk}/actions/", stale | {"seq": card.seq})
    assert refused.status_code == 403
    ok(Program(cast.town_clerk).post(f"cards/{card.pk}/actions/", stale | {"action": "withdraw", "seq": card.seq}))
    assert Card.objects.get().state == "withdrawn"
