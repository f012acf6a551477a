"""What is said to come by itself is what the sweep then does, to the second."""

from datetime import timedelta

import pytest
from django.utils.translation import override

from dispatch import outlook
from dispatch.outlook import Ahead
from dispatch.supervision import sweep_until_drained
from incidents import escalations, lights
from incidents.models import CardColour, Clock, EscalationRule, Incident, IncidentEvent, RedAction, TimeUnit
from incidents.states import Stage
from incidents.templatetags.lights import next_of
from tests.dispatch.play import Play

SECOND = timedelta(seconds=1)


def said(incident: Incident) -> list[Ahead]:
    clocks = list(Clock.objects.filter(incident=incident).order_by("pk"))
    return outlook.ahead(incident, clocks, names={incident.holder_id: "HOLDER"})


def last_kinds(incident: Incident, before: int) -> list[str]:
    return list(
        IncidentEvent.objects.filter(incident=incident, pk__gt=before).order_by("pk").values_list("kind", flat=True)
    )


def through(play: Play, incident: Incident, steps: int) -> list[tuple[Ahead, list[str]]]:
    """Let the sweep run a second before and at each thing ahead; what was said and what came."""
    found = []
    for _number in range(steps):
        one = said(play.fresh(incident))[0]
        before = IncidentEvent.objects.latest("pk").pk
        sweep_until_drained(now=one.at - SECOND)
        assert last_kinds(incident, before) == [], "nothing comes before it was said to"
        sweep_until_drained(now=one.at)
        found.append((one, last_kinds(incident, before)))
    return found


def test_an_unaccepted_report_turns_yellow_then_red_and_goes_up(play: Play) -> None:
    incident = play.report()
    (yellow, came), (red, then) = through(play, incident, 2)
    assert yellow.light == "yellow" and came == ["light_yellow"]
    assert red.light == "red" and then == ["light_red", "escalate"]
    assert "HOLDER" in yellow.words and "HOLDER" in red.words
    assert str(Stage.ACCEPT.label) in red.words


def test_at_the_top_there_is_a_card_instead_and_it_says_which(play: Play) -> None:
    incident = play.at_district()
    red = next(one for one in said(play.fresh(incident)) if one.light == "red")
    assert str(CardColour.ORDINARY.label) in red.words
    before = IncidentEvent.objects.latest("pk").pk
    sweep_until_drained(now=red.at)
    came = last_kinds(incident, before)
    assert "light_red" in came and "card_issued" in came and "escalate" not in came


def test_an_order_says_its_own_step_and_unit(play: Play) -> None:
    incident = play.dispatched()
    order = play.order(incident)
    clocks = list(Clock.objects.filter(incident=incident))
    words = [one.words for one in outlook.ahead(incident, clocks, names={order.unit_id: "BUREAU"})]
    assert any("BUREAU" in one and str(Stage.SIGN.label) in one for one in words)


def test_a_suspension_says_when_it_goes_on(play: Play) -> None:
    incident = play.suspended(play.at_district())
    yellow, one = said(play.fresh(incident))
    assert (yellow.light, one.light) == ("yellow", "")
    assert one.at == play.fresh(incident).review_at.replace(microsecond=0) + SECOND
    sweep_until_drained(now=one.at - SECOND)
    before = IncidentEvent.objects.latest("pk").pk
    sweep_until_drained(now=one.at)
    assert last_kinds(incident, before) == ["resume"]


def test_what_repeats_says_when_it_comes_again(play: Play) -> None:
    escalations.set_rule(
        rule=EscalationRule(stage=Stage.CHECK, red_action=RedAction.REMIND, repeat_every=4,
                            repeat_unit=TimeUnit.WORKING_HOUR, repeat_times=2),
        now=play.now - timedelta(days=1),
    )  # fmt: skip
    incident = play.answered_in_one_go()
    clock = play.clock(incident, Stage.CHECK)
    sweep_until_drained(now=clock.due_at + SECOND)
    again = [one for one in said(play.fresh(incident)) if not one.light]
    assert len(again) == 1 and "4" in again[0].words
    before = IncidentEvent.objects.latest("pk").pk
    sweep_until_drained(now=again[0].at)
    assert "overdue_again" in last_kinds(incident, before)


def test_what_is_over_has_nothing_ahead(play: Play) -> None:
    incident = play.report()
    play.press(incident, "dismiss", play.cast.village_clerk)
    assert said(play.fresh(incident)) == []


@pytest.mark.parametrize("make", ["report", "dispatched", "answered", "answered_in_one_go", "at_district"])
def test_the_first_thing_said_is_when_a_clock_of_it_is_next_due(play: Play, make: str) -> None:
    incident = getattr(play, make)()
    first = Clock.objects.filter(incident=incident, next_at__isnull=False).order_by("next_at").first()
    assert first is not None and said(play.fresh(incident))[0].at == first.next_at


def test_a_row_of_a_list_says_which_light_comes_next_and_when(play: Play) -> None:
    """The moments are those at which the shown light then changes."""
    incident = play.report()
    clock = play.clock(incident, Stage.ACCEPT)
    assert clock.warn_at is not None
    unlit = lights.shown(clock, play.now)
    assert (unlit.next_at, unlit.next_light) == (clock.warn_at, "yellow")
    yellow = lights.shown(clock, unlit.next_at)
    assert yellow.light == "yellow" and yellow.next_light == "red" and yellow.next_at is not None
    assert lights.shown(clock, yellow.next_at - SECOND).light == "yellow"
    red = lights.shown(clock, yellow.next_at)
    assert red.light == "red" and red.next_at is None, "what red does, not when it was due, comes next"
    with override("en"):
        assert "turns yellow" in next_of(unlit, play.now) and next_of(red, play.now) == ""
