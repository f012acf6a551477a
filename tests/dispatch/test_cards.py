"""Urges and cards: who lays which before whom, how often, what ends them, and that nothing of it is ever lost."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, InternalError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from dispatch import cards, invariants, moves, notices, supervision
from dispatch.audience import Reason
from dispatch.models import Card, CardKind, CardState, Notice
from grids.models import DistrictProfile, Person, Unit
from incidents import in_hand
from incidents.models import (
    Calendar,
    CalendarVersion,
    CardColour,
    Clock,
    ClockState,
    EscalationRule,
    Incident,
    IncidentEvent,
    Light,
    Subject,
)
from incidents.refusals import MoveRefused
from incidents.states import Stage
from tests.cast import SHANGHAI
from tests.dispatch.play import Play, play

__all__ = ["play"]

URGED, CARD = "请尽快办理", "超期未办，请说明原因"


class Desk:
    """The presses of this page of the story, each in a few words."""

    def __init__(self, play: Play) -> None:
        self.play, self.cast = play, play.cast

    def urge(self, incident: Incident, unit: Unit, by: Person, **given: Any) -> Card:
        self.play.press(incident, "urge", by, note=URGED, target_unit=unit, **given)
        return Card.objects.latest("pk")

    def card(self, incident: Incident, unit: Unit, by: Person, colour: str = "yellow", **given: Any) -> Card:
        self.play.press(incident, "supervise", by, note=CARD, target_unit=unit, colour=colour, **given)
        return Card.objects.latest("pk")

    def reply(self, card: Card, by: Person, **given: Any) -> Card:
        self.play.press(card.incident, "reply_card", by, note="已安排人员", card_id=card.pk, **given)
        return Card.objects.get(pk=card.pk)

    def withdraw(self, card: Card, by: Person, **given: Any) -> Card:
        self.play.press(card.incident, "withdraw_card", by, note="发错了", card_id=card.pk, **given)
        return Card.objects.get(pk=card.pk)

    def clock(self, card: Card) -> Clock:
        return Clock.objects.get(subject_kind=Subject.CARD, subject_id=card.pk)

    def by_policy(self, incident: Incident, stage: Stage, rule: EscalationRule | None = None, step: int = 2) -> Card:
        """As the sweep asks for it when the clock of `stage` means a card."""
        with transaction.atomic():
            (held,) = in_hand.take(incident.pk, now=self.play.now)
            made = cards.by_policy([(held, self.play.clock(incident, stage), rule, step)], now=self.play.now)
            in_hand.write(held)
        return made[0]

    def told(self) -> dict[str, str]:
        """Who was told for which reason last, of all that nobody had heard of yet."""
        since = Notice.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        notices.announce_until_done(now=self.play.now)
        found = Notice.objects.filter(pk__gt=since).order_by("pk").values_list("person__username", "reason")
        return dict(found)


@pytest.fixture
def desk(play: Play) -> Desk:
    return Desk(play)


# These clocks are not red yet when the policy is asked.
NO_RED_YET = ["the_policy_had_its_reason"]


def broken() -> list[str]:
    """The names of the invariants that do not hold."""
    return [one.name for one in invariants.broken()]


# -- who asks whom ----------------------------------------------------------------------------------------------------


def test_any_unit_above_urges_the_holder_and_nobody_else_does(desk: Desk) -> None:
    cast = desk.cast
    incident = desk.play.report()
    for person in (cast.town_clerk, cast.town_dispatcher, cast.town_duty_chief, cast.town_head, cast.district_clerk):
        with transaction.atomic():
            card = desk.urge(incident, cast.village, person)
            assert (card.kind, card.unit, card.actor, card.state) == ("urge", cast.village, person, "issued")
            transaction.set_rollback(True)
    for person in (
        cast.village_clerk, cast.village_head, cast.town_checker, cast.observer, cast.auditor, cast.administrator,
        cast.other_town_clerk, cast.department_head, cast.officer, cast.stranger,
    ):  # fmt: skip
        assert desk.play.refused(incident, "urge", person, target_unit=cast.village) == "no_right", person


def test_the_holder_urges_a_unit_that_has_its_order_open_even_one_that_stands_beside_it(desk: Desk) -> None:
    cast, play = desk.cast, desk.play
    incident = play.press(play.report(), "accept", cast.village_clerk)
    incident = play.press(incident, "escalate", cast.village_clerk)
    incident = play.press(incident, "accept", cast.town_clerk)
    play.press(incident, "dispatch", cast.town_dispatcher, orders=[moves.Order(cast.department, "请配合")])
    card = desk.urge(incident, cast.department, cast.town_dispatcher)
    assert card.issued_by_unit == cast.town
    play.finish(incident, cast.department, cast.handler)
    assert play.refused(incident, "urge", cast.district_clerk, target_unit=cast.department) == "wrong_unit"


def test_no_unit_urges_itself_and_who_has_nothing_in_hand_is_not_urged(desk: Desk) -> None:
    cast = desk.cast
    incident = desk.play.at_district()
    assert desk.play.refused(incident, "urge", cast.district_head, target_unit=cast.district) == "no_right"
    assert desk.play.refused(incident, "urge", cast.district_head, target_unit=cast.village) == "wrong_unit"
    assert desk.play.refused(incident, "urge", cast.district_head, target_unit=None) == "missing"


def test_red_cards_are_drawn_by_duty_chief_or_head_of_district_or_town_alone(desk: Desk) -> None:
    cast = desk.cast
    incident = desk.play.report()
    for person in (cast.town_clerk, cast.town_dispatcher, cast.district_clerk, cast.district_dispatcher):
        assert desk.play.refused(incident, "supervise", person, target_unit=cast.village, colour="red") == "no_right"
    for person in (cast.town_duty_chief, cast.town_head, cast.district_duty_chief, cast.district_head):
        with transaction.atomic():
            assert desk.card(incident, cast.village, person, "red").colour == "red"
            transaction.set_rollback(True)
    assert desk.card(incident, cast.village, cast.town_clerk, "ordinary").colour == "ordinary"
    assert desk.play.refused(incident, "supervise", cast.town_clerk, target_unit=cast.village, colour="green") == (
        "missing"
    )


def test_a_card_needs_words_and_what_ended_or_rests_gets_none(desk: Desk) -> None:
    cast, play = desk.cast, desk.play
    incident = play.dispatched()
    asked: dict[str, Any] = {"target_unit": cast.department, "colour": "yellow"}
    assert play.refused(incident, "supervise", cast.district_head, note=" ", **asked) == "missing"
    play.suspended(incident)
    assert play.refused(incident, "supervise", cast.district_head, **asked) == "suspended"
    dismissed = play.press(play.report(), "dismiss", cast.village_clerk)
    assert play.refused(dismissed, "urge", cast.town_clerk, target_unit=cast.village) == "wrong_state"


# -- how often --------------------------------------------------------------------------------------------------------


def test_the_same_unit_urges_the_same_unit_once_in_four_working_hours_and_reads_when_it_may_again(desk: Desk) -> None:
    cast, play = desk.cast, desk.play
    incident = play.report()
    play.now = datetime(2026, 3, 4, 9, 59, tzinfo=SHANGHAI)
    desk.urge(incident, cast.village, cast.town_clerk)
    # At ten: two hours before lunch, two from half past one.
    play.now = datetime(2026, 3, 4, 15, 29, 59, tzinfo=SHANGHAI)
    with translation.override("en"), pytest.raises(MoveRefused) as caught:
        moves.perform(
            incident_id=incident.pk, name="urge", actor=cast.town_head, now=play.now, note=URGED,
            target_unit=cast.village,
        )  # fmt: skip
    assert caught.value.code == "urged_lately"
    assert "possible from 2026-03-04 15:30" in caught.value.messages[0]
    play.now = datetime(2026, 3, 4, 15, 29, tzinfo=SHANGHAI)
    desk.urge(incident, cast.village, cast.town_head)
    assert Card.objects.count() == 2
    assert broken() == []


def test_where_no_day_is_worked_pages_are_drawn_all_the_same_and_the_wait_passes_as_time_does(desk: Desk) -> None:
    cast, play = desk.cast, desk.play
    shared = Calendar.objects.get(district=None, by_name_only=False)
    CalendarVersion.objects.create(
        calendar=shared, number=99, weekdays=[], first_year=2026, last_year=2027, created_at=play.now
    )
    incident = play.report()
    desk.urge(incident, cast.village, cast.town_clerk)
    assert play.refused(incident, "urge", cast.town_clerk, target_unit=cast.village) == "urged_lately"
    page = Client()
    page.force_login(cast.village_clerk)
    own_desk = reverse("dispatch:desk", args=[cast.village.pk])
    for address in (reverse("incidents:detail", args=[incident.number]), own_desk):
        assert page.get(address).status_code == 200, address
    play.later(hours=4)
    desk.urge(incident, cast.village, cast.town_clerk)


def test_another_unit_another_incident_and_a_card_do_not_wait_for_the_urge(desk: Desk) -> None:
    cast, play = desk.cast, desk.play
    incident, other = play.report(), play.report()
    desk.urge(incident, cast.village, cast.town_clerk)
    desk.urge(incident, cast.village, cast.district_clerk)
    desk.urge(other, cast.village, cast.town_clerk)
    desk.card(incident, cast.village, cast.town_clerk)
    assert Card.objects.count() == 4


def test_a_withdrawn_urge_counts_for_the_wait_and_a_district_may_let_its_units_urge_at_any_time(desk: Desk) -> None:
    cast, play = desk.cast, desk.play
    incident = play.report()
    desk.withdraw(desk.urge(incident, cast.village, cast.town_clerk), cast.town_clerk)
    assert play.refused(incident, "urge", cast.town_clerk, target_unit=cast.village) == "urged_lately"
    DistrictProfile.objects.update_or_create(district=cast.district, defaults={"urge_hours": 0})
    desk.urge(incident, cast.village, cast.town_clerk)


def test_two_people_who_draw_the_same_card_draw_it_once_and_a_graver_one_goes_beside_it(desk: Desk) -> None:
    cast, play = desk.cast, desk.play
    incident = play.report()
    card = desk.card(incident, cast.village, cast.town_duty_chief)
    again: dict[str, Any] = {"target_unit": cast.village, "colour": "yellow"}
    assert play.refused(incident, "supervise", cast.town_head, **again) == "carded"
    desk.card(incident, cast.village, cast.town_head, "red")
    desk.reply(card, cast.village_clerk)
    desk.card(incident, cast.village, cast.town_head)
    with pytest.raises(IntegrityError, match="card_one_open_by_hand"), transaction.atomic():
        copy = Card.objects.latest("pk")
        copy.pk = None
        copy.save(force_insert=True)


def test_the_same_request_twice_makes_one_card_and_one_answer(desk: Desk) -> None:
    cast = desk.cast
    incident = desk.play.report()
    for _time in range(2):
        card = desk.urge(incident, cast.village, cast.town_clerk, idempotency_key="k1")
    for _time in range(2):
        desk.reply(card, cast.village_clerk, idempotency_key="k2")
    assert Card.objects.count() == 1
    assert desk.play.kinds(incident) == ["report", "urged", "card_replied"]


# -- its clock and its end --------------------------------------------------------------------------------------------


def test_each_urge_and_card_has_a_reply_clock_by_the_limit_of_replies_against_the_unit(desk: Desk) -> None:
    cast, play = desk.cast, desk.play
    incident = play.report()
    for card in (
        desk.urge(incident, cast.village, cast.town_clerk),
        desk.card(incident, cast.village, cast.town_clerk),
    ):
        clock = desk.clock(card)
        assert (clock.stage, clock.unit, clock.state) == (Stage.REPLY, cast.village, ClockState.RUNNING)
        assert clock.due_at - clock.started_at == timedelta(days=7)
    assert play.fresh(incident).seq == incident.seq
    assert broken() == []


def test_an_answer_in_time_turns_its_clock_green_and_is_told_to_who_asked(desk: Desk) -> None:
    cast, play = desk.cast, desk.play
    incident = play.report()
    card = desk.card(incident, cast.village, cast.town_clerk)
    told = desk.told()
    for person in (cast.village_clerk, cast.village_head):
        assert told[person.username] == Reason.CARD_GOT
    assert cast.town_clerk.username not in told
    card = desk.reply(card, cast.village_clerk)
    assert (card.state, card.answer, card.ended_by, card.ended_at) == (
        CardState.REPLIED, "已安排人员", cast.village_clerk, play.now,
    )  # fmt: skip
    assert desk.clock(card).final_light == Light.GREEN
    told = desk.told()
    assert told[cast.town_clerk.username] == told[cast.town_duty_chief.username] == Reason.CARD_ANSWERED
    assert play.refused(incident, "reply_card", cast.village_clerk, card_id=card.pk) == "card_over"
    assert broken() == []


def test_the_unit_that_was_asked_answers_and_nobody_else(desk: Desk) -> None:
    cast, play = desk.cast, desk.play
    incident = play.dispatched()
    card = desk.card(incident, cast.department, cast.district_dispatcher)
    for person in (cast.other_handler, cast.district_dispatcher, cast.district_head, cast.town_clerk, cast.observer):
        assert play.refused(incident, "reply_card", person, card_id=card.pk) == "no_right"
    assert play.refused(incident, "reply_card", cast.handler, card_id=card.pk, note=" ") == "missing"
    assert play.refused(incident, "reply_card", cast.handler, card_id=card.pk, seen_seq=7) == "stale"
    assert play.refused(incident, "reply_card", cast.handler, card_id=card.pk + 1) == "no_card"
    assert play.refused(play.report(), "reply_card", cast.handler, card_id=card.pk) == "no_card"
    assert desk.reply(card, cast.department_head, seen_seq=0).seq == 1


def test_a_card_nobody_answers_turns_red_tells_who_gave_it_and_moves_nothing(desk: Desk) -> None:
    cast, play = desk.cast, desk.play
    incident = play.dispatched()
    card = desk.card(incident, cast.department, cast.district_dispatcher)
    before = play.fresh(incident)
    Clock.objects.exclude(subject_kind=Subject.CARD).update(next_at=None)
    assert not Card.objects.exclude(pk=card.pk).exists()
    desk.told()
    play.later(days=8)
    supervision.sweep_until_drained(now=play.now)
    after = play.fresh(incident)
    assert (after.state, after.holder_id, after.seq) == (before.state, before.holder_id, before.seq)
    told = desk.told()
    assert told[cast.district_dispatcher.username] == Reason.NO_ANSWER
    assert cast.department_head.username in told and cast.handler.username in told
    assert desk.reply(card, cast.handler).state == CardState.REPLIED
    assert desk.clock(card).final_light == Light.RED


def test_who_issued_it_or_a_unit_above_withdraws_it_and_it_stays_in_the_history(desk: Desk) -> None:
    cast, play = desk.cast, desk.play
    incident = play.report()
    card = desk.card(incident, cast.village, cast.town_duty_chief, "red")
    for person in (cast.village_clerk, cast.village_head, cast.town_clerk, cast.other_town_clerk):
        assert play.refused(incident, "withdraw_card", person, card_id=card.pk) == "no_right"
    assert play.refused(incident, "withdraw_card", cast.district_head, card_id=card.pk, note="") == "missing"
    card = desk.withdraw(card, cast.district_head)
    assert (card.state, card.answer, card.ended_by) == (CardState.WITHDRAWN, "发错了", cast.district_head)
    assert desk.clock(card).final_light == Light.NONE
    assert play.kinds(incident)[-2:] == ["card_issued", "card_withdrawn"]
    assert desk.told()[cast.village_clerk.username] in (Reason.CARD_GOT, Reason.CARD_OFF)
    assert broken() == []


@pytest.mark.parametrize("trick", ["delete", "again", "words", "truncate"])
def test_the_database_lets_nobody_take_back_or_rewrite_what_was_laid_before_a_unit(desk: Desk, trick: str) -> None:
    card = desk.card(desk.play.report(), desk.cast.village, desk.cast.town_clerk)
    with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
        rows = Card.objects.filter(pk=card.pk)
        if trick == "delete":
            rows.delete()
        elif trick == "words":
            rows.update(reason="没事")
        elif trick == "again":
            desk.withdraw(card, desk.cast.town_clerk)
            rows.update(state="issued", ended_at=None, ended_by=None, answer="")
        else:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL wangge.allow_truncate = 'off'; TRUNCATE dispatch_card"
                )


def test_cards_of_an_incident_that_ends_lapse_with_it_and_their_clocks_stop_uncoloured(desk: Desk) -> None:
    cast, play = desk.cast, desk.play
    closed, dismissed, merged = play.answered_in_one_go(), play.report(), play.report()
    kept = [
        desk.urge(closed, cast.town, cast.district_clerk),
        desk.card(dismissed, cast.village, cast.town_clerk),
        desk.card(merged, cast.village, cast.town_head, "red"),
    ]
    answered = desk.reply(desk.card(dismissed, cast.village, cast.town_clerk, "ordinary"), cast.village_clerk)
    play.press(closed, "close", cast.town_checker)
    play.press(dismissed, "dismiss", cast.village_clerk)
    play.press(merged, "merge", cast.village_clerk, master=play.report())
    for card in kept:
        card.refresh_from_db()
        assert (card.state, card.ended_by, card.seq) == (CardState.LAPSED, None, 1)
        assert desk.clock(card).final_light == Light.NONE
        assert play.kinds(card.incident)[-1] == "card_lapsed"
    answered.refresh_from_db()
    assert answered.state == CardState.REPLIED
    assert broken() == []


def test_a_suspension_rests_the_reply_clock_and_the_answer_may_come_meanwhile(desk: Desk) -> None:
    cast, play = desk.cast, desk.play
    incident = play.dispatched()
    card = desk.card(incident, cast.department, cast.district_dispatcher)
    play.suspended(incident)
    assert desk.clock(card).state == ClockState.PAUSED
    assert desk.reply(card, cast.handler).state == CardState.REPLIED
    assert desk.clock(card).final_light == Light.GREEN
    assert broken() == []


# -- by policy --------------------------------------------------------------------------------------------------------


def rule(**given: Any) -> EscalationRule:
    return EscalationRule(stage=Stage.CHECK, red_action="card", **given)


def test_the_sweep_draws_each_card_once_and_again_only_when_the_rule_repeats_it(desk: Desk) -> None:
    cast, play = desk.cast, desk.play
    incident = play.dispatched()
    order_clock = play.order_clock(play.order(incident), Stage.SIGN)
    play.now = order_clock.due_at + timedelta(minutes=1)
    for _sweeper in range(3):
        supervision.sweep_until_drained(now=play.now, ticker="one")
        supervision.sweep(now=play.now, ticker="two", full=True)
    card = Card.objects.get()
    assert (card.unit, card.issued_by_unit, card.clock, card.step) == (cast.department, cast.district, order_clock, 2)
    assert card.colour == "ordinary" and broken() == []
    assert desk.told()[cast.handler.username] in (Reason.CARD_GOT, Reason.CARD)
    order_clock.refresh_from_db()
    assert order_clock.next_at is not None
    play.now = order_clock.next_at
    supervision.sweep_until_drained(now=play.now, ticker="one")
    assert sorted(Card.objects.values_list("clock", "step")) == [(order_clock.pk, 2), (order_clock.pk, 3)]
    # The second one is heard of at the holder's desk as well.
    assert IncidentEvent.objects.filter(kind="card_issued").latest("pk").details["tell"] == ["chiefs"]
    assert desk.told()[cast.district_duty_chief.username] == Reason.CARD
    desk.play.press(incident, "sign", cast.handler, assignment_id=play.order(incident).pk)
    play.later(days=5)
    supervision.sweep_until_drained(now=play.now, ticker="one")
    assert not Card.objects.filter(clock=order_clock, step__gt=3).exists() and broken() == []


def test_the_policy_draws_a_card_in_the_colour_of_its_rule_for_the_unit_that_slipped(desk: Desk) -> None:
    cast, play = desk.cast, desk.play
    incident = play.answered_in_one_go()
    card = desk.by_policy(incident, Stage.CHECK, rule(card_colour=CardColour.RED))
    assert (card.unit_id, card.colour, card.issued_by_unit_id, card.actor, card.step) == (
        cast.town.pk, "red", cast.district.pk, None, 2,
    )  # fmt: skip
    assert desk.clock(card).unit == cast.town
    assert desk.by_policy(incident, Stage.OVERALL).unit_id == incident.holder_id
    assert broken() == NO_RED_YET


def test_the_same_clock_and_step_give_one_card_however_often_it_is_asked_for(desk: Desk) -> None:
    incident, play = desk.play.answered_in_one_go(), desk.play
    desk.by_policy(incident, Stage.CHECK)
    with transaction.atomic():
        (held,) = in_hand.take(incident.pk, now=play.now)
        clock = play.clock(incident, Stage.CHECK)
        assert cards.by_policy([(held, clock, None, 2), (held, clock, None, 2)], now=play.now) == []
        made = cards.by_policy([(held, clock, None, 3), (held, clock, None, 3)], now=play.now)
        assert [card.step for card in made] == [3]
        in_hand.write(held)
    with pytest.raises(IntegrityError, match="card_once_per_clock_and_step"), transaction.atomic():
        made[0].pk = None
        made[0].save(force_insert=True)
    assert Card.objects.count() == 2
    assert broken() == NO_RED_YET


def test_fifty_cards_by_policy_take_as_few_statements_as_one(desk: Desk) -> None:
    play = desk.play
    incidents = [play.report() for _number in range(6)]

    def asked(some: list[Incident]) -> int:
        with transaction.atomic():
            several = in_hand.hold(in_hand.locked(*[one.pk for one in some]), now=play.now)
            wanted = [(held, play.clock(held.incident, Stage.ACCEPT), None, 2) for held in several]
            with CaptureQueriesContext(connection) as taken:
                assert len(cards.by_policy(wanted, now=play.now)) == len(some)
            in_hand.write(*several)
        return len(taken)

    assert asked(incidents[:1]) == asked(incidents[1:]) <= 3
    assert broken() == NO_RED_YET


def test_the_policy_gives_no_card_for_what_ended_or_rests(desk: Desk) -> None:
    cast, play = desk.cast, desk.play
    dismissed, suspended = play.report(), play.dispatched()
    play.press(dismissed, "dismiss", cast.village_clerk)
    play.suspended(suspended)
    for incident, stage in ((dismissed, Stage.ACCEPT), (suspended, Stage.OVERALL)):
        with transaction.atomic():
            (held,) = in_hand.take(incident.pk, now=play.now)
            assert cards.by_policy([(held, play.clock(incident, stage), None, 2)], now=play.now) == []


def test_at_the_count_a_rule_names_others_are_told_and_withdrawn_cards_do_not_count(desk: Desk) -> None:
    cast, play = desk.cast, desk.play
    incident = play.answered_in_one_go()
    following = rule(tell=[{"cards": 2, "who": "duty_leader"}, {"cards": 5, "who": "officer"}])
    first = desk.card(incident, cast.town, cast.district_clerk)
    desk.withdraw(first, cast.district_clerk)
    desk.by_policy(incident, Stage.CHECK, following)
    assert play.event(incident).details["cards"] == 1 and play.event(incident).details["tell"] == []
    assert cast.district_head.username not in desk.told()
    desk.by_policy(incident, Stage.CHECK, following, step=3)
    assert play.event(incident).details["cards"] == 2 and play.event(incident).details["tell"] == ["duty_leader"]
    told = desk.told()
    assert told[cast.district_head.username] == Reason.CARD
    assert told[cast.town_clerk.username] == Reason.CARD_GOT


def test_at_the_top_nobody_stands_above_and_the_district_s_own_leaders_read_the_answer(desk: Desk) -> None:
    cast, play = desk.cast, desk.play
    incident = play.at_district()
    card = desk.by_policy(incident, Stage.HANDLE)
    assert (card.unit_id, card.issued_by_unit_id) == (cast.district.pk, None)
    assert play.refused(incident, "withdraw_card", cast.district_head, card_id=card.pk) == "no_right"
    desk.told()
    desk.reply(card, cast.district_clerk)
    assert desk.told()[cast.district_head.username] == Reason.CARD_ANSWERED
    assert CardKind(card.kind) is CardKind.SUPERVISE
