"""What follows from a light is a rule: repeats, cards and silence as it says; late calendars and failing clocks."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from dispatch import notices, supervision
from dispatch.models import Card, Notice, SweepFault
from incidents import calendar_changes, calendar_rows, escalations, lifecycle, limits
from incidents.calendars import Special, SpecialKind
from incidents.clock_rules import MOST_STEPS
from incidents.models import (
    CalendarVersion,
    CardColour,
    Clock,
    EscalationRule,
    Incident,
    IncidentEvent,
    RedAction,
    TimeLimit,
    TimeUnit,
    YellowAction,
)  # fmt: skip
from incidents.states import Stage
from tests.dispatch.play import Play

SECOND = timedelta(seconds=1)


def run(at: datetime) -> supervision.SweepResult:
    return supervision.sweep(now=at, full=True)


def rule(play: Play, **about: Any) -> EscalationRule:
    given = {"stage": Stage.CHECK, "red_action": RedAction.CARD} | about
    return escalations.set_rule(rule=EscalationRule(**given), now=play.now)


def steps(incident: Incident, stage: Stage) -> list[tuple[str, str, bool]]:
    """Kind, what followed and whether another followed at once, of every step of a stage."""
    events = IncidentEvent.objects.filter(incident=incident, clock__stage=stage, details__has_key="planned_at")
    return [(one.kind, one.details["action"], one.details["superseded"]) for one in events.order_by("pk")]


def test_a_card_is_repeated_as_often_as_the_rule_says_and_counted(play: Play) -> None:
    rule(play, card_colour=CardColour.YELLOW, repeat_every=2, repeat_unit=TimeUnit.HOUR, repeat_times=2)
    incident = play.answered_in_one_go()
    clock = play.clock(incident, Stage.CHECK)
    red = clock.due_at + SECOND
    for hours in (0, 2, 4):
        run(red + timedelta(hours=hours) - SECOND)
        run(red + timedelta(hours=hours))
    run(red + timedelta(days=3))
    assert steps(incident, Stage.CHECK) == [
        ("light_yellow", "remind", False),
        ("light_red", "card", False),
        ("overdue_again", "card", False),
        ("overdue_again", "card", False),
    ]
    cards = list(Card.objects.filter(clock=clock).order_by("step"))
    assert [(card.step, card.colour) for card in cards] == [(2, "yellow"), (3, "yellow"), (4, "yellow")]
    clock.refresh_from_db()
    assert (clock.step, clock.next_at) == (4, None)


def test_a_reminder_is_repeated_until_the_step_ends(play: Play) -> None:
    rule(play, red_action=RedAction.REMIND, repeat_every=1, repeat_unit=TimeUnit.WORKING_DAY)
    incident = play.answered_in_one_go()
    clock = play.clock(incident, Stage.CHECK)
    for days in range(6):
        run(clock.due_at + SECOND + timedelta(days=7 * days))
    assert not Card.objects.exists()
    play.now = clock.due_at + timedelta(days=40)
    play.press(play.fresh(incident), "close", play.cast.town_checker)
    said = len(steps(incident, Stage.CHECK))
    run(clock.due_at + timedelta(days=80))
    assert len(steps(incident, Stage.CHECK)) == said > 6


def test_after_an_outage_only_the_last_of_what_was_missed_speaks_and_one_card_is_drawn(play: Play) -> None:
    """However long it was: what is more than one pass takes is no reason to speak in between, nor to wait."""
    rule(play, repeat_every=1, repeat_unit=TimeUnit.HOUR, repeat_times=60)
    incident = play.answered_in_one_go()
    clock = play.clock(incident, Stage.CHECK)
    back = clock.due_at + timedelta(days=2)
    first = run(back)
    assert (first.cards, first.drained, len(steps(incident, Stage.CHECK))) == (0, False, MOST_STEPS)
    total = supervision.sweep_until_drained(now=back)
    clock.refresh_from_db()
    assert (total.cards, clock.next_at) == (1, back + SECOND)
    missed = steps(incident, Stage.CHECK)
    assert [silent for *_kind, silent in missed] == [True] * (len(missed) - 1) + [False]
    planned = [
        datetime.fromisoformat(event.details["planned_at"])
        for event in IncidentEvent.objects.filter(clock=clock, kind="overdue_again").order_by("pk")
    ]
    assert planned == [clock.due_at + SECOND + timedelta(hours=hours) for hours in range(1, 48)]


def test_a_yellow_that_means_nothing_is_recorded_and_told_to_nobody(play: Play) -> None:
    rule(play, yellow_action=YellowAction.NOTHING)
    incident = play.answered_in_one_go()
    notices.announce_until_done(now=play.now)
    Notice.objects.all().delete()
    clock = play.clock(incident, Stage.CHECK)
    run(clock.warn_at)
    notices.announce_until_done(now=clock.warn_at)
    assert ("light_yellow", "nothing", False) in steps(incident, Stage.CHECK)
    assert not Notice.objects.filter(event__clock=clock).exists()


def test_what_needs_no_date_is_never_claimed(play: Play) -> None:
    limits.set_limit(limit=TimeLimit(stage=Stage.ACCEPT, amount=0, unit=TimeUnit.HOUR), now=play.now)
    incident = play.report()
    clock = play.clock(incident, Stage.ACCEPT)
    run(play.now + timedelta(days=400))
    assert not steps(incident, Stage.ACCEPT) and play.fresh(incident).holder == play.cast.village
    play.press(incident, "accept", play.cast.village_clerk)
    clock.refresh_from_db()
    assert (clock.final_light, clock.spent) == ("none", 0)


# A calendar that changes while a clock is claimed


def day_off(day: datetime, *, made: datetime) -> CalendarVersion:
    version = calendar_rows.current_version(district_id="511111")
    content = calendar_rows.content_of(version)
    off = Special(day.date(), SpecialKind.LOCAL_OFF, "停电")
    changed = type(content)(**{name: getattr(content, name) for name in content.__slots__} | {
        "special_days": [*content.special_days, off]})  # fmt: skip
    return calendar_changes.new_version(calendar=version.calendar, content=changed, now=made)


def test_a_clock_claimed_while_its_calendar_changes_goes_by_the_new_one_and_is_not_announced(play: Play) -> None:
    incident = play.answered_in_one_go()
    clock = play.clock(incident, Stage.CHECK)
    day_off(clock.due_at, made=clock.due_at - timedelta(hours=5))
    result = run(clock.due_at + SECOND)
    assert result.left and not [one for one in steps(incident, Stage.CHECK) if one[0] == "light_red"]
    before = clock.due_at
    clock.refresh_from_db()
    assert clock.due_at > before
    moved = IncidentEvent.objects.get(incident=incident, kind="deadline_moved")
    assert moved.details["clocks"][0]["due"] == clock.due_at.isoformat()
    run(clock.due_at + SECOND)
    assert steps(incident, Stage.CHECK)[-1][0] == "light_red"


def test_what_was_red_before_the_change_was_made_stays_red(play: Play) -> None:
    incident = play.answered_in_one_go()
    clock = play.clock(incident, Stage.CHECK)
    day_off(clock.due_at, made=clock.due_at + timedelta(hours=1))
    supervision.sweep_until_drained(now=clock.due_at + timedelta(hours=2))
    due = clock.due_at
    clock.refresh_from_db()
    assert (clock.due_at, steps(incident, Stage.CHECK)[-1][0]) == (due, "light_red")


# Clocks that fail


def test_a_clock_that_fails_is_written_down_for_an_operator_until_it_was_taken(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident = play.report()
    clock = play.clock(incident, Stage.ACCEPT)
    make = lifecycle.make

    def poisoned(*args: Any, **given: Any) -> Any:
        raise RuntimeError("poison")

    monkeypatch.setattr(lifecycle, "make", poisoned)
    late = clock.due_at + SECOND
    assert run(late).failed == 1
    assert run(late + timedelta(minutes=1)).failed == 1
    fault = SweepFault.objects.get()
    assert (fault.clock_id, fault.times, fault.error, fault.solved_at) == (clock.pk, 2, "RuntimeError: poison", None)
    assert fault.next_try_at == late + timedelta(minutes=3)
    monkeypatch.setattr(lifecycle, "make", make)
    supervision.sweep_until_drained(now=late + timedelta(minutes=3))
    assert SweepFault.objects.get().solved_at == late + timedelta(minutes=3)
    assert Clock.objects.get(pk=clock.pk).fail_count == 0
