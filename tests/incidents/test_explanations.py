"""Why this deadline: limit, calendar, days and pauses, in words a person can check."""

from datetime import timedelta

import pytest

from grids.models import Unit
from incidents import clock_steps, clocks, explanations, limits
from incidents.models import Clock, PauseCause, TimeLimit, TimeUnit
from incidents.states import Stage
from tests.incidents import ground
from tests.incidents.ground import at

FRIDAY = at("2026-11-20 16:00")
HOUR = 3600


@pytest.fixture
def units(db: None) -> dict[str, Unit]:
    return ground.lay()


def handling(units: dict[str, Unit], *, start: str = "2026-11-20 16:00", stage: Stage = Stage.HANDLE) -> Clock:
    incident = ground.incident(units, now=at(start))
    return clocks.start(incident=incident, unit=units[ground.VILLAGE], stage=stage, now=at(start))


def two_days(units: dict[str, Unit]) -> TimeLimit:
    return limits.set_limit(
        limit=TimeLimit(
            stage=Stage.HANDLE, amount=2, unit=TimeUnit.WORKING_DAY, tier="village",
            district=units[ground.DISTRICT],
        ),
        now=at("2026-01-01 00:00"),
    )  # fmt: skip


def test_every_day_is_listed_with_what_it_gave_and_why(units: dict[str, Unit]) -> None:
    two_days(units)
    told = explanations.explain(handling(units, start="2026-09-30 16:00"))
    (stretch,) = told.stretches
    assert [(line.day.day, line.seconds // 60, line.total // 60) for line in stretch.days if line.works] == [
        (30, 90, 90), (8, 420, 510), (9, 330, 840),
    ]  # fmt: skip
    assert {str(line.note) for line in stretch.days if not line.works} <= {"国庆节", "National Day"}
    assert (told.due_at, told.provisional, told.by_hand) == (at("2026-10-09 16:00"), False, False)


def test_a_make_up_workday_is_named(units: dict[str, Unit]) -> None:
    told = explanations.explain(handling(units, start="2026-02-13 17:00", stage=Stage.ACCEPT))
    saturday = told.stretches[0].days[1]
    assert saturday.works
    assert saturday.note


def test_a_pause_cuts_the_time_in_two_that_make_the_limit(units: dict[str, Unit]) -> None:
    two_days(units)
    clock = handling(units)
    clocks.pause(clock=clock, now=at("2026-11-23 10:00"), cause=PauseCause.DISPATCH)
    paused = explanations.explain(clock)
    assert (paused.due_at, paused.pauses) == (None, [(at("2026-11-23 10:00"), None)])
    clocks.resume(clock=clock, now=at("2026-11-25 09:00"))
    clock.refresh_from_db()
    told = explanations.explain(clock)
    assert told.pauses == [(at("2026-11-23 10:00"), at("2026-11-25 09:00"))]
    assert [stretch.seconds for stretch in told.stretches] == [int(2.5 * HOUR), int(11.5 * HOUR)]
    assert told.stretches[-1].until == told.due_at == clock.due_at
    assert told.stretches[-1].days[-1].total == clock.budget == 14 * HOUR


def test_the_rule_says_for_whom_it_was_made(units: dict[str, Unit]) -> None:
    assert explanations.explain(handling(units)).scope == []
    two_days(units)
    told = explanations.explain(handling(units))
    assert len(told.scope) == 2
    assert told.scope[0] == str(units[ground.DISTRICT])
    assert told.allowed


def test_a_date_set_by_hand_and_a_provisional_year_are_said(units: dict[str, Unit]) -> None:
    incident = ground.incident(units, now=FRIDAY)
    review = clocks.start_until(
        incident=incident, unit=units[ground.VILLAGE], stage=Stage.PAUSE, due_at=at("2026-12-20 09:00"), now=FRIDAY
    )
    told = explanations.explain(review)
    assert told.by_hand
    assert not told.is_working
    assert told.stretches[0].days == []
    assert explanations.explain(handling(units, start="2026-12-23 10:00")).provisional


def test_every_span_has_words(db: None) -> None:
    for unit in TimeUnit:
        assert "2" in explanations.amount_text(2, unit)


def test_why_it_has_not_moved_up_is_answered(units: dict[str, Unit]) -> None:
    two_days(units)
    clock = handling(units)
    late = clock.due_at + timedelta(seconds=1)
    said = [explanations.why_not_moved(clock, FRIDAY), explanations.why_not_moved(clock, late)]
    said.append(explanations.why_not_moved(clock, late, at_top=True))
    clock_steps.announce([clock], now=late, describe=lambda told: {})
    clock.refresh_from_db()
    assert explanations.why_not_moved(clock, late) == ""
    clocks.pause(clock=clock, now=late, cause=PauseCause.SUSPENSION)
    said.append(explanations.why_not_moved(clock, late))
    clocks.stop(clock=clock, now=late)
    said.append(explanations.why_not_moved(clock, late))
    check = handling(units, stage=Stage.CHECK)
    said.append(explanations.why_not_moved(check, at("2027-01-20 10:00")))
    waiting = handling(units)
    clocks.pause(clock=waiting, now=FRIDAY, cause=PauseCause.DISPATCH)
    said.append(explanations.why_not_moved(waiting, late))
    assert all(said)
    assert len(set(said)) == len(said)
