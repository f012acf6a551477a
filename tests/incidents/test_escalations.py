"""Escalation rules: which one a clock goes by, what repeats when, what is no rule."""

from datetime import datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from incidents import clock_rules, clocks, escalations, limit_choice, reference_rules, versions
from incidents.clock_rules import MOST_STEPS, RED_SAID, YELLOW_SAID, Repeats
from incidents.limit_choice import Case
from incidents.models import EscalationRule, PauseCause, RedAction, TimeUnit
from incidents.models.escalation import valid_tell
from incidents.states import Stage, Urgency
from tests.incidents.ground import at
from tests.incidents.story import Story
from tests.incidents.test_calendars import NATURAL, WORK, moments

SECOND = timedelta(seconds=1)


def rule(**about) -> EscalationRule:
    return EscalationRule(**({"stage": Stage.HANDLE, "red_action": RedAction.CARD} | about))


def test_the_rule_a_clock_starts_with_is_the_most_specific_and_stays_its_own(story: Story) -> None:
    district = story.cast.district
    escalations.set_rule(rule=rule(stage=Stage.ACCEPT, urgency=Urgency.URGENT), now=story.now)
    escalations.set_rule(rule=rule(stage=Stage.ACCEPT, tier="village", red_action=RedAction.REMIND), now=story.now)
    own = escalations.set_rule(rule=rule(stage=Stage.ACCEPT, district=district, card_colour="red"), now=story.now)
    clock = story.clock(story.report(urgency=Urgency.URGENT), Stage.ACCEPT)
    assert clock.escalation == own, "the district's own stands before all others"
    versions.retire(own, now=story.later(minutes=1))
    later = story.clock(story.report(urgency=Urgency.URGENT), Stage.ACCEPT)
    assert (later.escalation.urgency, clock.escalation_id) == (Urgency.URGENT, own.pk)
    case = Case(district=district.pk, category=None, urgency=Urgency.URGENT, tier="village")
    choice = limit_choice.choose(case, Stage.ACCEPT, at=story.now, of=EscalationRule)
    assert choice.winner == later.escalation and choice.rivals, "urgency and kind of unit are near to a tie"


def test_the_shipped_rules_are_loaded_once_and_edits_survive(story: Story) -> None:
    every_stage = set(EscalationRule.objects.filter(category=None, urgency="", tier="").values_list("stage", flat=True))
    assert every_stage == set(Stage.values)
    escalations.set_rule(rule=rule(stage=Stage.CHECK, card_colour="red"), now=story.now)
    call_command("load_limits", verbosity=0)
    assert EscalationRule.objects.get(stage=Stage.CHECK, retired_at=None).card_colour == "red"
    assert reference_rules.load_rules(now=story.later(minutes=1), renew=True).renewed == 1
    assert EscalationRule.objects.get(stage=Stage.CHECK, retired_at=None).card_colour == "ordinary"


@pytest.mark.parametrize(
    "tell",
    [{}, "2:chiefs", [1], [{"cards": 0, "who": "chiefs"}], [{"cards": 2, "who": "everybody"}], [{"cards": 2}],
     [{"cards": True, "who": "chiefs"}], [{"cards": 2, "who": "chiefs"}, {"cards": 2, "who": "chiefs"}]],
)  # fmt: skip
def test_who_is_told_is_a_list_of_counts_and_known_groups(tell: object) -> None:
    with pytest.raises(ValidationError):
        valid_tell(tell)
    valid_tell([{"cards": 2, "who": "chiefs"}, {"cards": 3, "who": "duty_leader"}])


def steps(now: datetime, repeats: Repeats | None, *, step: int = 0, next_at: datetime | None = None) -> list:
    found = clock_rules.steps(
        step=step,
        warn_at=at("2026-11-23 14:15"),
        due_at=at("2026-11-23 16:00"),
        next_at=next_at,
        repeats=repeats,
        now=now,
    )
    return [found.due, found.next_at]


def test_what_repeats_is_planned_from_what_was_planned_before() -> None:
    daily = Repeats(seconds=WORK.working_day_seconds, times=2, calendar=WORK)
    red = at("2026-11-23 16:00:01")
    due, next_at = steps(red, daily)
    assert due == [(YELLOW_SAID, at("2026-11-23 14:15")), (RED_SAID, red)]
    assert next_at == at("2026-11-24 16:00:01")
    # A pass that comes three hours late pushes nothing.
    due, after = steps(at("2026-11-24 19:00"), daily, step=RED_SAID, next_at=next_at)
    assert (due, after) == ([(3, next_at)], at("2026-11-25 16:00:01"))
    due, after = steps(at("2026-11-26 09:00"), daily, step=3, next_at=after)
    assert (due, after) == ([(4, at("2026-11-25 16:00:01"))], None), "two times, as the rule says"


def test_after_an_outage_a_clock_takes_so_many_steps_at_once_and_the_rest_in_the_next_pass() -> None:
    hourly = Repeats(seconds=3600, times=100, calendar=NATURAL)
    now = at("2026-11-25 16:00")
    due, next_at = steps(now, hourly)
    assert len(due) == MOST_STEPS and next_at == due[-1][1] + timedelta(hours=1)
    more, _next_at = steps(now, hourly, step=due[-1][0], next_at=next_at)
    assert more[0] == (due[-1][0] + 1, next_at)


@given(st.integers(60, 400_000), st.integers(1, 40), moments, st.integers(0, 30), st.booleans())
def test_however_the_passes_come_the_same_steps_are_planned(
    every: int, times: int, start: datetime, passes: int, working: bool
) -> None:
    repeats = Repeats(seconds=every, times=times, calendar=WORK if working else NATURAL)
    planned, at_once = repeats.after(start, step=RED_SAID), []
    for step in range(RED_SAID + 1, RED_SAID + times + 1):
        at_once.append((step, planned))
        planned = repeats.after(planned, step=step)
    assert planned is None
    end, one_by_one, step, next_at = at_once[-1][1], [], RED_SAID, at_once[0][1]
    for number in range(passes + times):
        now = min(end, start + number * ((end - start) / max(1, passes)))
        found = clock_rules.steps(step=step, warn_at=None, due_at=start, next_at=next_at, repeats=repeats, now=now)
        one_by_one += found.due
        step, next_at = (found.due[-1][0] if found.due else step), found.next_at
    assert one_by_one == at_once[: len(one_by_one)] and (next_at is not None or one_by_one == at_once)


def test_a_red_clock_that_rested_repeats_from_when_it_goes_on(story: Story) -> None:
    hourly = rule(stage=Stage.ACCEPT, repeat_every=1, repeat_unit=TimeUnit.HOUR)
    escalations.set_rule(rule=hourly, now=story.now)
    clock = story.clock(story.report(), Stage.ACCEPT)
    clock.step = RED_SAID
    clock.save()
    late = clock.due_at + timedelta(minutes=10)
    clocks.pause(clock=clock, now=late, cause=PauseCause.SUSPENSION)
    assert clock.next_at is None
    clocks.resume(clock=clock, now=late + timedelta(days=3))
    assert clock.next_at == late + timedelta(days=3, hours=1)
