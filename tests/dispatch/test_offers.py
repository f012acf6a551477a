"""What is offered is possible and what is not offered is refused: every state, every act, everybody of the cast."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.gis.geos import Point
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from dispatch import moves
from dispatch.acts import ACTS
from dispatch.models import OPEN_ASSIGNMENT_STATES, Approval, Assignment, Card, ReturnReason
from dispatch.moves import Offer, Order
from grids.models import Person
from incidents import births
from incidents.models import Incident, Photo, PhotoStage
from incidents.refusals import MoveRefused
from incidents.states import BIRTHS, MOVES, Urgency
from tests.dispatch.play import Play

PEOPLE = [
    "officer",
    "second_officer",
    "supervisor",
    "village_clerk",
    "village_checker",
    "sibling_clerk",
    "town_clerk",
    "town_dispatcher",
    "town_checker",
    "town_duty_chief",
    "town_head",
    "district_clerk",
    "district_dispatcher",
    "district_checker",
    "district_duty_chief",
    "handler",
    "other_handler",
    "office_handler",
    "administrator",
    "stranger",
]


class Rollback(Exception):
    """Undoes a press that worked."""


def _suspend_asked(play: Play) -> Incident:
    incident = play.dispatched()
    play.press(incident, "ask_suspend", play.cast.handler, review_at=play.now + timedelta(days=5))
    return incident


def _partly_returned(play: Play) -> Incident:
    cast = play.cast
    incident = play.dispatched(cast.department, cast.other_department)
    order = play.order(incident, cast.department)
    play.press(incident, "return", cast.handler, assignment_id=order.pk, reason=ReturnReason.NOT_OURS)
    return play.press(
        incident, "sign", cast.other_handler, assignment_id=play.order(incident, cast.other_department).pk
    )


def _settled_and_drawn(play: Play) -> Incident:
    point = play.cast.point(play.cast.grid)
    return births.self_handle(
        actor=play.cast.officer,
        now=play.now,
        text="路面杂物",
        result="已清理",
        category=play.category,
        position=births.Position(point.x, point.y),
    )


def _at_town(play: Play) -> Incident:
    return play.press(play.press(play.report(), "escalate", play.cast.village_clerk), "accept", play.cast.town_clerk)


def _dismissed(play: Play) -> Incident:
    return play.press(play.report(), "dismiss", play.cast.village_clerk)


def _closed(play: Play) -> Incident:
    return play.press(play.answered(), "close", play.cast.district_checker)


def _merged(play: Play) -> Incident:
    return play.press(play.at_district(), "merge", play.cast.district_clerk, master=play.at_district())


def _urged(play: Play) -> Incident:
    cast, incident = play.cast, play.report()
    play.press(incident, "urge", cast.town_clerk, target_unit=cast.village)
    return play.press(incident, "supervise", cast.district_head, target_unit=cast.village, colour="red")


SITUATIONS: dict[str, Callable[[Play], Incident]] = {
    "reported at the village": lambda play: play.report(),
    "urgent at the village": lambda play: play.report(urgency=Urgency.URGENT),
    "reported at the town": lambda play: play.press(play.report(), "escalate", play.cast.village_clerk),
    "in hand at the village": lambda play: play.press(play.report(), "accept", play.cast.village_clerk),
    "in hand at the town": _at_town,
    "in hand at the district": lambda play: play.at_district(),
    "dispatched": lambda play: play.dispatched(),
    "dispatched and partly returned": _partly_returned,
    "suspension asked by the department": _suspend_asked,
    "answered by the village": lambda play: play.answered_in_one_go(),
    "answered by the department": lambda play: play.answered(),
    "suspended": lambda play: play.suspended(play.dispatched()),
    "urged and given a red card": _urged,
    "closed": _closed,
    "settled on the spot and drawn": _settled_and_drawn,
    "dismissed": _dismissed,
    "merged": _merged,
}


@pytest.fixture(autouse=True)
def every_settled_one_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(births.secrets, "randbelow", lambda _below: 0)


def key(offer: Offer) -> tuple[str, int | None]:
    about = offer.assignment or offer.approval or offer.card
    return offer.name, about.pk if about else None


def candidates(play: Play, incident: Incident) -> dict[tuple[str, int | None], dict[str, Any]]:
    """Every act there is with inputs that leave nothing to ask for."""
    cast = play.cast
    inputs: dict[tuple[str, int | None], dict[str, Any]] = {}
    for name in MOVES:
        if name not in BIRTHS | {"suspend", "void"}:
            inputs[name, None] = {}
    busy = set(Assignment.objects.filter(incident=incident).values_list("unit_id", flat=True))
    free = next(u for u in (cast.office, cast.other_department, cast.town, cast.other_town) if u.pk not in busy)
    at_town = incident.holder_id == cast.town.pk
    target = cast.office if at_town else next(u for u in (cast.department, cast.town) if u.pk not in busy)
    inputs["dispatch", None] = {"orders": [Order(target, "请办")]}
    siblings = {cast.village.pk: cast.sibling_village, cast.town.pk: cast.other_town}
    inputs["transfer", None] = {"target_unit": siblings.get(incident.holder_id, cast.other_town)}
    inputs["merge", None] = {"master": play.at_holder(incident)}
    for assignment in Assignment.objects.filter(incident=incident):
        for name in ACTS:
            given: dict[str, Any] = {"assignment_id": assignment.pk}
            if name == "return":
                given["reason"] = ReturnReason.NOT_OURS
            if name == "replace":
                given["orders"] = [Order(cast.other_town if free == cast.office else free, "接办")]
            inputs[name, assignment.pk] = given
    inputs["ask_suspend", None] = {"review_at": play.now + timedelta(days=3)}
    inputs["ask_void", None] = {}
    for request in Approval.objects.filter(incident=incident):
        for name in ("grant", "refuse"):
            inputs[name, request.pk] = {"approval_id": request.pk}
    inputs["confirm", None] = {}
    ordered = Assignment.objects.filter(incident=incident, state__in=sorted(OPEN_ASSIGNMENT_STATES)).first()
    asked = ordered.unit if ordered else incident.holder
    inputs["urge", None] = {"target_unit": asked}
    inputs["supervise", None] = {"target_unit": asked, "colour": "ordinary"}
    for card in Card.objects.filter(incident=incident):
        for name in ("reply_card", "withdraw_card"):
            inputs[name, card.pk] = {"card_id": card.pk}
    return inputs


def works(play: Play, incident: Incident, name: str, by: Person, given: dict[str, Any]) -> bool:
    """Whether the press works, undone afterwards."""
    try:
        with transaction.atomic():
            moves.perform(incident_id=incident.pk, name=name, actor=by, now=play.now, note="有理由", **given)
            raise Rollback
    except Rollback:
        return True
    except MoveRefused:
        return False


def stand_on_site(incident: Incident, person: Person, play: Play) -> None:
    Photo.objects.create(
        incident=incident,
        stage=PhotoStage.CHECK,
        original="a",
        shown="b",
        thumbnail="c",
        width=1,
        height=1,
        sha256=uuid.uuid4().hex,
        point=Point(103.55, 29.41, srid=4490),
        added_by=person,
        added_at=play.now,
    )


@pytest.mark.parametrize("situation", SITUATIONS)
def test_offers_and_perform_say_the_same_to_everybody(play: Play, situation: str) -> None:
    incident = play.fresh(SITUATIONS[situation](play))
    play.later(minutes=5)
    everything = candidates(play, incident)
    anybody = False
    for username in PEOPLE:
        person = getattr(play.cast, username)
        offers = moves.available(person=person, incident=incident, now=play.now)
        offered = {key(offer): offer for offer in offers}
        assert len(offered) == len(offers), f"{username} is offered something twice"
        assert sum(offer.is_primary for offer in offers) <= 1
        for each, given in everything.items():
            offer = offered.pop(each, None)
            with transaction.atomic():
                if offer and "on_site" in offer.needs:
                    assert not works(play, incident, each[0], person, given)
                    stand_on_site(incident, person, play)
                    given = {**given, "on_site": True}
                possible = works(play, incident, each[0], person, given)
                transaction.set_rollback(False)
            assert possible == (offer is not None), f"{username}: {each} in {situation}"
            anybody = anybody or possible
        assert not offered, f"{username} is offered what nobody tried: {list(offered)}"
    assert anybody


def test_the_usual_press_comes_first_and_says_where_it_goes_and_until_when(play: Play) -> None:
    cast = play.cast
    incident = play.report()
    with translation.override("en"):
        first, *rest = moves.available(person=cast.village_clerk, incident=incident, now=play.now)
        escalate = next(offer for offer in rest if offer.name == "escalate")
        transfer = next(offer for offer in rest if offer.name == "transfer")
    assert first.name == "accept" and first.is_primary
    assert first.consequence == "南陵社区 takes it in hand and must be done within 10 working days."
    assert escalate.consequence == "Goes up to 沙湾镇, which must accept within 4 working hours."
    assert escalate.needs == ("note",) and escalate.direction == "up" and escalate.seq == incident.seq
    assert transfer.units == (cast.sibling_village,)


def test_a_dispatcher_reads_who_can_be_ordered_and_a_unit_with_an_open_order_is_left_out(play: Play) -> None:
    cast = play.cast
    incident = play.dispatched()
    offers = {o.name: o for o in moves.available(person=cast.district_dispatcher, incident=incident, now=play.now)}
    assert offers["dispatch"].units == (cast.town, cast.other_town, cast.other_department)
    assert cast.other_department in offers["replace"].units


def test_offers_take_few_queries_for_everybody_in_every_situation(play: Play) -> None:
    for make in (SITUATIONS["reported at the village"], SITUATIONS["dispatched and partly returned"]):
        incident = make(play)
        for person in (play.cast.village_clerk, play.cast.district_dispatcher, play.cast.handler):
            with CaptureQueriesContext(connection) as taken:
                moves.available(person=person, incident=play.fresh(incident), now=play.now)
            assert len(taken) <= 18, f"{person}: {len(taken)}"
