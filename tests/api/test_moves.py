"""Moves and orders for programs: what is offered is possible, what is stale or not allowed says how it stands."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from dispatch.models import Approval, Assignment
from incidents.models import Incident
from tests.api.conftest import Now, Program
from tests.api.test_incidents import asked
from tests.api.test_problems import is_problem


def press(program: Program, incident: Incident, move: str, **given: Any) -> Any:
    """A move as a program makes it: with the `seq` that is offered."""
    offers = program.get(f"incidents/{incident.number}/moves/").json()["moves"]
    seq = next((offer["seq"] for offer in offers if offer["move"] == move), incident.seq)
    return program.post(f"incidents/{incident.number}/moves/", {"move": move, "seq": seq, **given})


def ok(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.content
    told: dict[str, Any] = answer.json()
    return told


def test_what_is_offered_depends_on_who_asks(today: Now) -> None:
    cast, incident = today.cast, today.report()

    def offered(person: Any) -> list[str]:
        told = Program(person).get(f"incidents/{incident.number}/moves/").json()["moves"]
        return [offer["move"] for offer in told]

    assert offered(cast.village_clerk)[0] == "accept"
    assert {"dismiss", "escalate", "transfer"} <= set(offered(cast.village_clerk))
    assert offered(cast.officer) == offered(cast.village_head) == offered(cast.observer) == []
    assert offered(cast.town_clerk) == ["urge", "supervise"]


def test_a_report_goes_by_the_api_alone_from_the_grid_to_the_department_and_is_closed(today: Now) -> None:
    cast = today.cast
    report = Program(cast.officer).post("incidents/", today.report_body()).json()
    incident = Incident.objects.get(number=report["number"])
    for clerk in (cast.village_clerk, cast.town_clerk):
        ok(press(Program(clerk), incident, "accept"))
        ok(press(Program(clerk), incident, "escalate", note="需要部门处置"))
    ok(press(Program(cast.district_clerk), incident, "accept"))
    dispatcher = Program(cast.district_dispatcher)
    order = {"unit": cast.department.pk, "text": "请今日修复"}
    assert ok(press(dispatcher, incident, "dispatch", orders=[order]))["state"] == "dispatched"

    handler = Program(cast.handler)
    (row,) = handler.get("assignments/?state=open").json()["results"]
    assert (row["incident"], row["role"], row["light"]["light"]) == (incident.number, "lead", "unlit")
    one = handler.get(row["url"]).json()
    assert one["actions"][0]["move"] == "sign"
    ok(handler.post(f"{row['url']}actions/", {"action": "sign", "seq": one["seq"]}))
    seq = handler.get(row["url"]).json()["seq"]
    told = ok(handler.post(f"{row['url']}actions/", {"action": "feed_back", "seq": seq, "note": "已修复"}))
    assert told["state"] == "answered"
    told = ok(press(Program(cast.district_checker), incident, "close", note="核查属实"))
    assert (told["state"], told["light"]["light"]) == ("closed", "green")


def test_a_stale_seq_answers_with_the_present_state_and_the_moves_possible_now(today: Now) -> None:
    incident = today.press(today.report(), "accept", today.cast.village_clerk)
    clerk = Program(today.cast.village_clerk)
    answer = clerk.post(f"incidents/{incident.number}/moves/", {"move": "escalate", "seq": 1, "note": "x"})
    told = is_problem(answer, 409, "stale")
    assert (told["incident"]["seq"], told["incident"]["state"]) == (2, "accepted")
    assert told["incident"]["holder"]["code"] == today.cast.village.pk
    offer = next(offer for offer in told["moves"] if offer["move"] == "escalate")
    ok(clerk.post(f"incidents/{incident.number}/moves/", {"move": "escalate", "seq": offer["seq"], "note": "x"}))


def test_the_seq_of_an_order_is_its_own(today: Now) -> None:
    incident = today.dispatched()
    order = today.order(incident)
    handler = Program(today.cast.handler)
    answer = handler.post(f"assignments/{order.pk}/actions/", {"action": "sign", "seq": order.seq + 5})
    told = is_problem(answer, 409, "stale")
    assert told["moves"][0]["seq"] == order.seq


@pytest.mark.parametrize(
    ("move", "given", "field"),
    [
        ("escalate", {}, "note"),
        ("escalate", {"note": "  "}, "note"),
        ("escalate", {"note": "x" * 2001}, "note"),
        ("escalate", {"note": "\x00"}, "note"),
        ("transfer", {"note": "x"}, "target_unit"),
        ("transfer", {"note": "x", "target_unit": "511111100009"}, "target_unit"),
        ("transfer", {"note": "x", "target_unit": "511111D01"}, "target_unit"),
        ("transfer", {"note": "x", "target_unit": "zz"}, "target_unit"),
        ("merge", {}, "master"),
        ("merge", {"master": "5111112026010100001"}, "master"),
        ("merge", {"master": "\x00"}, "master"),
        ("sign", {"assignment": 10**17}, "assignment"),
        ("sign", {}, "assignment"),
        ("grant", {"approval": 10**17}, "approval"),
        ("fly", {}, "move"),
        ("report", {}, "move"),
        ("rehome", {}, "move"),
        ("accept", {"seq": None}, "seq"),
        ("accept", {"seq": -1}, "seq"),
        ("accept", {"seq": 10**40}, "seq"),
        ("accept", {"seq": True}, "seq"),
        ("accept", {"seq": "x"}, "seq"),
        ("accept", {"handlers": ["x"]}, "handlers.0"),
        ("accept", {"orders": {}}, "orders"),
        ("accept", {"orders": [{"unit": "511111D01"}]}, "orders.0.text"),
        ("accept", {"nonsense": 1}, "nonsense"),
        ("ask_suspend", {"note": "x", "review_at": "soon"}, "review_at"),
    ],
)
def test_what_a_move_lacks_is_named(today: Now, move: str, given: dict[str, Any], field: str) -> None:
    incident = today.report()
    body = {"move": move, "seq": 1} | given
    answer = Program(today.cast.village_clerk).post(f"incidents/{incident.number}/moves/", body)
    told = is_problem(answer, 400, "invalid")
    named = [error["field"] for error in told["errors"]]
    assert any(name == field or name.startswith(f"{field}.") or field.startswith(f"{name}.") for name in named), named


def test_who_sees_but_may_not_act_reads_why(today: Now) -> None:
    incident = today.report()
    for person in (today.cast.officer, today.cast.village_head, today.cast.town_clerk, today.cast.observer):
        answer = press(Program(person), incident, "accept")
        assert is_problem(answer, 403, "forbidden")["detail"] == "You hold no duty that may do this here."
    own = today.answered_in_one_go()
    answer = press(Program(today.cast.village_clerk), own, "close", note="x")
    is_problem(answer, 403, "forbidden")


def test_what_the_state_does_not_allow_says_what_it_does(today: Now) -> None:
    incident = today.report()
    told = is_problem(press(Program(today.cast.village_clerk), incident, "answer", note="x"), 409, "conflict")
    assert told["incident"]["state"] == "reported"
    assert told["moves"][0]["move"] == "accept"


def test_a_suspension_is_asked_by_one_and_granted_by_another(today: Now) -> None:
    cast = today.cast
    incident = today.at_district()
    until = (timezone.now() + timedelta(days=10)).isoformat()
    ok(press(Program(cast.district_clerk), incident, "ask_suspend", note="等雨停", review_at=until))
    request = Approval.objects.get(incident=incident)
    chief = Program(cast.district_duty_chief)
    offers = chief.get(f"incidents/{incident.number}/moves/").json()["moves"]
    grant = next(offer for offer in offers if offer["move"] == "grant")
    assert grant["approval"] == request.pk
    told = ok(press(chief, incident, "grant", approval=request.pk))
    assert (told["state"], told["light"]["light"]) == ("suspended", "suspended")
    assert told["review_at"] == told["light"]["due_at"]


def test_rework_names_the_orders_that_shall_be_done_again(today: Now) -> None:
    cast = today.cast
    incident = today.dispatched(cast.department, cast.other_department)
    today.finish(incident, cast.department, cast.handler)
    today.finish(incident, cast.other_department, cast.other_handler)
    first = today.order(incident, cast.department)
    told = ok(press(Program(cast.district_checker), incident, "rework", note="未修好", handlers=[first.pk]))
    assert told["state"] == "dispatched"
    states = dict(Assignment.objects.filter(incident=incident).values_list("unit_id", "state"))
    assert states == {cast.department.pk: "called", cast.other_department.pk: "fed_back"}


def test_two_incidents_are_merged_by_number(today: Now) -> None:
    clerk = today.cast.village_clerk
    master, double = today.report(), today.report()
    assert ok(press(Program(clerk), double, "merge", master=master.number))["state"] == "merged"
    told = Program(clerk).get(f"incidents/{double.number}/").json()
    assert told["master"] == master.number


def test_orders_are_listed_to_who_sees_their_incidents(today: Now) -> None:
    cast, incident = today.cast, today.dispatched()
    order = today.order(incident)
    for person, seen in ((cast.handler, True), (cast.district_dispatcher, True), (cast.other_handler, False)):
        program = Program(person)
        assert bool(program.get("assignments/").json()["results"]) is seen
        assert program.get(f"assignments/{order.pk}/").status_code == (200 if seen else 404)
        answer = program.post(f"assignments/{order.pk}/actions/", {"action": "waive", "seq": 0, "note": "x"})
        assert answer.status_code == (404 if not seen else 200 if person == cast.district_dispatcher else 403)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 2), ("state=open", 2), ("state=signed", 0), ("unit=511111D01", 1), ("under=511111D", 0),
        ("under=511111", 2), ("ordered_by=511111", 2), ("ordered_by=511111100", 0), ("incident=5111112026010100001", 0),
    ],
)  # fmt: skip
def test_orders_are_narrowed(today: Now, query: str, found: int) -> None:
    today.dispatched(today.cast.department, today.cast.other_department)
    answer = Program(today.cast.district_dispatcher).get(f"assignments/?{query}")
    if query == "under=511111D":
        is_problem(answer, 400, "invalid")
    else:
        assert len(answer.json()["results"]) == found


def test_an_order_is_returned_with_a_reason_and_replaced_by_another_unit(today: Now) -> None:
    cast, incident = today.cast, today.dispatched()
    order = today.order(incident)
    url = f"assignments/{order.pk}/actions/"
    handler = Program(cast.handler)
    answer = handler.post(url, {"action": "replace", "seq": 0, "orders": [{"unit": "511111D02", "text": "x"}]})
    is_problem(answer, 403, "forbidden")
    dispatcher = Program(cast.district_dispatcher)
    given = {"action": "replace", "seq": 0, "orders": [{"unit": "511111D02", "text": "请处置"}]}
    ok(dispatcher.post(url, given))
    new = today.order(incident)
    assert new.unit == cast.other_department
    answer = Program(cast.other_handler).post(
        f"assignments/{new.pk}/actions/",
        {"action": "return", "seq": new.seq, "reason": "not_ours", "note": "不归我们管", "proposed_unit": "511111D01"},
    )
    assert ok(answer)["state"] == "accepted"
    new.refresh_from_db()
    assert (new.return_reason, new.proposed_unit) == ("not_ours", cast.department)


def test_a_move_costs_few_statements(today: Now) -> None:
    clerk = Program(today.cast.village_clerk)
    incident = today.report()
    url, body = f"incidents/{incident.number}/moves/", {"move": "accept", "seq": 1}
    statements = asked(clerk, lambda: ok(clerk.post(url, body, key="once-upon-a-time")))
    assert len(statements) <= 20, "\n".join(statements)
