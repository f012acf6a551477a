"""Two people lay, answer or take back a card at the same moment, on real connections: once, and never half."""

from datetime import timedelta

import pytest

from dispatch import invariants, supervision
from dispatch.models import Card
from incidents.states import Stage
from tests.dispatch.play import Play
from tests.dispatch.test_presses_at_once import at_once, press, sound

pytestmark = pytest.mark.django_db(transaction=True)


def cards_hold() -> bool:
    return not invariants.broken(names=[one.name for one in invariants._CARDS])


def test_two_of_one_unit_urge_at_once_and_one_urge_goes_out(play: Play) -> None:
    cast, incident = play.cast, play.report()
    presses = [
        press(play, incident, "urge", person, target_unit=cast.village)
        for person in (cast.town_clerk, cast.town_dispatcher, cast.town_head)
    ]
    assert at_once(*presses) == ["ok", "urged_lately", "urged_lately"]
    assert Card.objects.count() == 1 and cards_hold()


def test_two_units_draw_the_same_card_at_once_and_one_is_drawn(play: Play) -> None:
    cast, incident = play.cast, play.report()
    asked = {"target_unit": cast.village, "colour": "red"}
    presses = [press(play, incident, "supervise", person, **asked) for person in (cast.town_head, cast.district_head)]
    assert at_once(*presses) == ["carded", "ok"]
    assert cards_hold()


def test_an_answer_and_a_withdrawal_at_once_leave_one_end(play: Play) -> None:
    cast, incident = play.cast, play.report()
    press(play, incident, "urge", cast.town_clerk, target_unit=cast.village)()
    card = Card.objects.get()
    seen = {"card_id": card.pk, "seen_seq": card.seq}
    answer = press(play, incident, "reply_card", cast.village_clerk, **seen)
    withdrawal = press(play, incident, "withdraw_card", cast.town_clerk, **seen)
    assert at_once(answer, withdrawal, answer) == ["ok", "stale", "stale"]
    card.refresh_from_db()
    assert card.seq == 1 and cards_hold()


def test_while_the_incident_ends_a_card_is_refused_or_lapses(play: Play) -> None:
    cast, incident = play.cast, play.report()
    card = press(play, incident, "supervise", cast.town_head, target_unit=cast.village, colour="yellow")
    ended = at_once(card, press(play, incident, "dismiss", cast.village_clerk))
    assert ended in (["ok", "ok"], ["ok", "wrong_state"])
    assert not Card.objects.filter(state="issued").exists() and cards_hold()
    sound(incident)


def test_sweepers_at_once_draw_one_card_for_each_clock_and_step(play: Play) -> None:
    incidents = [play.dispatched() for _number in range(4)]
    latest = max(play.order_clock(play.order(incident), Stage.SIGN).due_at for incident in incidents)
    now = latest + timedelta(minutes=1)

    def swept(name: str) -> None:
        for _pass in range(3):
            supervision.sweep(now=now, ticker=name, full=True)

    assert at_once(*[lambda name=name: swept(name) for name in "abcd"]) == ["ok"] * 4
    supervision.sweep_until_drained(now=now, ticker="last")
    drawn = list(Card.objects.filter(clock__stage=Stage.SIGN).values_list("incident", "step"))
    assert len(drawn) == len(set(drawn)) and {pk for pk, _step in drawn} == {one.pk for one in incidents}
    assert cards_hold()
