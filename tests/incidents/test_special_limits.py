"""Limits that begin with the next day, count around the clock, have no end, or outlast the calendar."""

from datetime import date, time, timedelta

import pytest

from grids.models import Unit
from incidents import calendar_effects, clock_rules, clocks, explanations, limits
from incidents.clock_rules import NEVER
from incidents.models import (
    Calendar,
    CalendarVersion,
    Clock,
    Light,
    PauseCause,
    SpecialDay,
    TimeLimit,
    TimeUnit,
    WorkPeriod,
)  # fmt: skip
from incidents.refusals import MoveRefused
from incidents.states import Stage
from tests.incidents import ground
from tests.incidents.ground import at
from tests.incidents.test_calendars import NATURAL, WORK

FRIDAY = at("2026-11-20 16:00")
SECOND = timedelta(seconds=1)
EVERY_DAY = [1, 2, 3, 4, 5, 6, 7]


@pytest.fixture
def units(db: None) -> dict[str, Unit]:
    return ground.lay()


def limit(**terms) -> TimeLimit:
    given = {"stage": Stage.HANDLE, "amount": 1, "unit": TimeUnit.WORKING_DAY} | terms
    return limits.set_limit(limit=TimeLimit(**given), now=at("2026-01-01 00:00"))


def started(units: dict[str, Unit], *, now=FRIDAY, stage: Stage = Stage.HANDLE) -> Clock:
    incident = ground.incident(units, now=now)
    return clocks.start(incident=incident, unit=units[ground.VILLAGE], stage=stage, now=now)


def calendar(name: str, *, weekdays: list[int], last_year: int, ends: time = time(0)) -> Calendar:
    """One that only limits name, worked from midnight; if not around the clock, with a day off somebody published."""
    made = Calendar.objects.create(name=name, by_name_only=True)
    version = CalendarVersion.objects.create(
        calendar=made, number=1, weekdays=weekdays, first_year=2026, last_year=last_year, created_at=ground.LONG_AGO
    )
    WorkPeriod.objects.create(version=version, starts=time(0), ends=ends)
    if ends != time(0):
        SpecialDay.objects.create(version=version, date=date(2026, 10, 1), kind="holiday", name="国庆节")
    return made


# Counted from the next day


@pytest.mark.parametrize(
    ("amount", "unit", "end_of_day", "since", "begins", "due"),
    [
        (1, "working_day", False, "2026-11-20 16:00", "2026-11-23 09:00", "2026-11-23 17:30"),
        (1, "working_day", False, "2026-11-21 10:00", "2026-11-23 09:00", "2026-11-23 17:30"),
        (4, "working_hour", False, "2026-11-19 08:00", "2026-11-20 09:00", "2026-11-20 14:30"),
        (4, "working_hour", True, "2026-11-19 08:00", "2026-11-20 09:00", "2026-11-20 17:30"),
        # The eve of National Day: eight days off.
        (1, "working_day", True, "2026-09-30 10:00", "2026-10-08 09:00", "2026-10-08 17:30"),
        (2, "day", False, "2026-11-20 16:00", "2026-11-21 00:00", "2026-11-23 00:00"),
        (2, "hour", True, "2026-11-20 23:59", "2026-11-21 00:00", "2026-11-21 23:59:59"),
        # Two whole days end at midnight: that is the end of the second, not the beginning of a third.
        (2, "day", True, "2026-11-20 16:00", "2026-11-21 00:00", "2026-11-23 00:00"),
    ],
)
def test_counted_from_the_next_day(amount: int, unit: str, end_of_day: bool, since: str, begins: str, due: str) -> None:
    terms = clock_rules.terms(
        amount=amount, unit=unit, yellow_amount=None, end_of_day=end_of_day, from_next_day=True,
        day_seconds=WORK.working_day_seconds if unit.startswith("working") else 86_400,
    )  # fmt: skip
    planned = clock_rules.plan(given=terms, calendar=WORK if terms.working else NATURAL, since=at(since))
    assert (planned.begins, planned.due_at) == (at(begins), at(due))


@pytest.mark.parametrize("resumed", ["2026-11-20 17:15", "2026-11-21 12:00"])
def test_before_its_first_second_nothing_is_spent_and_a_pause_takes_nothing_away(
    units: dict[str, Unit], resumed: str
) -> None:
    limit(from_next_day=True)
    clock = started(units)
    assert (clock.started_at, clock.run_since, clock.due_at) == (FRIDAY, at("2026-11-23 09:00"), at("2026-11-23 17:30"))
    assert clocks.remaining(clock, at("2026-11-20 17:00")) == clock.budget
    clocks.pause(clock=clock, now=at("2026-11-20 17:00"), cause=PauseCause.DISPATCH)
    clocks.resume(clock=clock, now=at(resumed))
    assert (clock.spent, clock.due_at, clock.budget) == (0, at("2026-11-23 17:30"), WORK.working_day_seconds)
    days = [line for stretch in explanations.explain(clock).stretches for line in stretch.days]
    assert sum(line.seconds for line in days) == clock.budget
    clocks.finish(clock=clock, now=at("2026-11-23 17:30"))
    assert (clock.final_light, clock.spent) == (Light.GREEN, clock.budget)


def test_a_changed_calendar_moves_that_first_second_also_where_it_rested_before(units: dict[str, Unit]) -> None:
    named = calendar("早班", weekdays=[1, 2, 3, 4, 5], last_year=2027, ends=time(8))
    limit(from_next_day=True, calendar=named)
    clock = started(units)
    clocks.pause(clock=clock, now=at("2026-11-20 17:00"), cause=PauseCause.DISPATCH)
    clocks.resume(clock=clock, now=at("2026-11-20 17:15"))
    assert clock.run_since == at("2026-11-23 00:00")
    daily = CalendarVersion.objects.create(
        calendar=named, number=2, weekdays=EVERY_DAY, first_year=2026, last_year=2027, created_at=FRIDAY
    )
    WorkPeriod.objects.create(version=daily, starts=time(0), ends=time(8))
    clocks.recompute(clock=clock, now=at("2026-11-20 18:00"), version_id=daily.pk)
    assert (clock.run_since, clock.due_at) == (at("2026-11-21 00:00"), at("2026-11-21 08:00"))


# As the situation requires


def test_a_limit_of_zero_gives_a_clock_that_nothing_makes_late(units: dict[str, Unit]) -> None:
    limit(amount=0)
    clock = started(units)
    assert (clock.budget, clock.warn_at, clock.due_at, clock.next_at) == (0, None, NEVER, None)
    much_later = at("2031-01-01 00:00")
    shown = clocks.shown(clock, much_later)
    assert (shown.light, shown.due_at, shown.remaining, shown.open_ended) == ("unlit", None, None, True)
    assert Clock.objects.filter(pk=clock.pk).values_list(clocks.light_sql(much_later), flat=True).get() == "unlit"
    told = explanations.explain(clock)
    assert (told.open_ended, told.due_at, told.stretches, told.by_hand) == (True, None, [], False)
    clocks.pause(clock=clock, now=much_later, cause=PauseCause.DISPATCH)
    clocks.resume(clock=clock, now=much_later + SECOND)
    assert (clock.due_at, clock.spent) == (NEVER, 0)
    clocks.finish(clock=clock, now=much_later + 2 * SECOND)
    assert clock.final_light == Light.NONE, "who had no limit earned no colour"


def test_it_sorts_after_all_that_runs_against_a_date(units: dict[str, Unit]) -> None:
    dated = started(units)
    limit(amount=0, tier="village")
    endless = started(units)
    assert [c.pk for c in Clock.objects.order_by("due_at", "pk")] == [dated.pk, endless.pk]
    assert clocks.worst([endless, dated], FRIDAY) == dated


def test_an_order_with_its_own_date_is_due_on_it_also_where_the_rule_sets_none(units: dict[str, Unit]) -> None:
    limit(amount=0, stage=Stage.FINISH)
    clock = clocks.start_until(
        incident=ground.incident(units, now=FRIDAY), unit=units[ground.TOWN], stage=Stage.FINISH,
        due_at=at("2026-11-23 16:00"), now=FRIDAY,
    )  # fmt: skip
    assert (clock.due_at, clock.warn_at) == (at("2026-11-23 16:00"), at("2026-11-23 14:15"))


# Around the clock


def test_working_time_of_a_round_the_clock_calendar_passes_at_night_and_on_holidays(units: dict[str, Unit]) -> None:
    limit(amount=12, unit=TimeUnit.WORKING_HOUR, calendar=calendar("全天", weekdays=EVERY_DAY, last_year=2027))
    clock = started(units, now=at("2026-10-01 20:00"))
    assert clock.due_at == at("2026-10-02 08:00") and clock.warn_at == at("2026-10-02 05:00")
    assert clock.calendar_version.calendar.name == "全天"


def test_a_working_day_of_it_is_a_whole_day(units: dict[str, Unit]) -> None:
    limit(amount=2, calendar=calendar("全天", weekdays=EVERY_DAY, last_year=2027), end_of_day=True)
    assert started(units).due_at == at("2026-11-23 00:00")


# Where the calendar ends


def test_past_its_last_year_a_calendar_goes_on_by_its_weekdays_provisionally(units: dict[str, Unit]) -> None:
    limit(amount=10, calendar=calendar("短", weekdays=[1, 2, 3, 4, 5], last_year=2026, ends=time(8)))
    clock = started(units, now=at("2026-12-31 08:00"))
    # Friday is 1 January: nobody has said yet that it is off.
    assert clock.due_at == at("2027-01-14 08:00")
    assert clocks.shown(clock, FRIDAY).provisional
    assert not clocks.shown(started(units, now=at("2026-12-01 08:00")), FRIDAY).provisional


def test_what_outlasts_even_that_stops_no_report_and_has_no_end(units: dict[str, Unit]) -> None:
    limit(amount=5000, calendar=calendar("短", weekdays=[1, 2, 3, 4, 5], last_year=2026, ends=time(8)))
    clock = started(units)
    assert (clock.due_at, clock.budget) == (NEVER, 0)
    told = explanations.explain(clock)
    assert told.open_ended and told.limit is not None and not told.limit.is_open_ended


def test_a_calendar_without_a_working_day_stops_no_report_and_no_move(units: dict[str, Unit]) -> None:
    limit(calendar=calendar("空", weekdays=[], last_year=2027))
    clock = started(units)
    assert (clock.due_at, clock.budget) == (NEVER, 0)
    shown, told = clocks.shown(clock, FRIDAY), explanations.explain(clock)
    assert (shown.open_ended, told.open_ended, told.by_hand, told.stretches) == (True, True, False, [])
    mended = calendar_effects.Effect()
    calendar_effects.count(mended, [clock], calendar=WORK, now=FRIDAY)
    assert (mended.moved, mended.given) == (1, 1), "what a calendar with work days would do to it is told before"
    clocks.pause(clock=clock, now=FRIDAY + SECOND, cause=PauseCause.DISPATCH)
    clocks.resume(clock=clock, now=FRIDAY + 2 * SECOND)
    clocks.finish(clock=clock, now=FRIDAY + 3 * SECOND)
    assert clock.final_light == Light.NONE
    limit(unit=TimeUnit.HOUR, calendar=Calendar.objects.get(name="空"))
    assert started(units).due_at == FRIDAY + timedelta(hours=1), "natural time needs no working day"


def test_a_calendar_that_is_continued_gives_such_a_clock_its_deadline(units: dict[str, Unit]) -> None:
    limit(calendar=calendar("空", weekdays=[], last_year=2027))
    clock = started(units)
    worked = CalendarVersion.objects.create(
        calendar=Calendar.objects.get(name="空"), number=2, weekdays=[1, 2, 3, 4, 5], first_year=2026, last_year=2027,
        created_at=FRIDAY,
    )  # fmt: skip
    WorkPeriod.objects.create(version=worked, starts=time(8), ends=time(16))
    act = clocks.recompute(clock=clock, now=FRIDAY + SECOND, version_id=worked.pk)
    assert act is not None and act.cause == ""
    assert (clock.due_at, clock.budget) == (at("2026-11-23 16:00"), 8 * 3600)


def test_a_suspension_always_has_a_longest_time(units: dict[str, Unit]) -> None:
    with pytest.raises(MoveRefused):
        clocks.start_until(
            incident=ground.incident(units, now=FRIDAY), unit=units[ground.TOWN], stage=Stage.PAUSE,
            due_at=FRIDAY + timedelta(days=91), now=FRIDAY,
        )  # fmt: skip
