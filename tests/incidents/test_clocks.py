"""Clocks: when yellow and red begin, what a pause does, and that page and database see the same light."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grids.models import Unit
from incidents import calendar_changes, calendar_rows, clock_rules, clock_steps, clocks, escalations, limits
from incidents.calendars import Calendar, Special, SpecialKind
from incidents.models import (
    Clock,
    ClockState,
    DayKind,
    EscalationRule,
    Incident,
    IncidentEvent,
    Light,
    PauseCause,
    RedAction,
    Subject,
    TimeLimit,
    TimeUnit,
)  # fmt: skip
from incidents.refusals import MoveRefused
from incidents.states import Stage
from incidents.templatetags import lights
from tests.incidents import ground
from tests.incidents.ground import at
from tests.incidents.test_calendars import NATURAL, WORK, moments

HOUR = 3600
SECOND = timedelta(seconds=1)
FRIDAY = at("2026-11-20 16:00")
DISPATCH, SUSPENSION = PauseCause.DISPATCH, PauseCause.SUSPENSION


def given_terms(amount: int, unit: str, *, yellow: int | None = None, end_of_day: bool = False) -> clock_rules.Terms:
    return clock_rules.terms(
        amount=amount, unit=unit, yellow_amount=yellow, end_of_day=end_of_day, day_seconds=7 * HOUR
    )


def planned(amount: int, unit: str, start: str, **how: object) -> clock_rules.Plan:
    terms = given_terms(amount, unit, **how)
    return clock_rules.plan(given=terms, calendar=WORK if terms.working else NATURAL, since=at(start))


# The pure part: limits in moments


@pytest.mark.parametrize(
    ("amount", "unit", "start", "warn", "due"),
    [
        (1, "working_day", "2026-11-20 16:00", "2026-11-23 14:15", "2026-11-23 16:00"),
        (4, "working_hour", "2026-11-20 16:00", "2026-11-23 10:30", "2026-11-23 11:30"),
        (2, "working_hour", "2026-11-20 16:00", "2026-11-20 17:30", "2026-11-23 09:30"),
        (30, "minute", "2026-11-21 03:00", "2026-11-21 03:22:30", "2026-11-21 03:30"),
        (2, "hour", "2026-11-21 03:00", "2026-11-21 04:30", "2026-11-21 05:00"),
        (15, "day", "2026-11-20 16:00", "2026-12-01 22:00", "2026-12-05 16:00"),
    ],
)
def test_yellow_begins_when_a_quarter_of_the_limit_is_left(
    amount: int, unit: str, start: str, warn: str, due: str
) -> None:
    plan = planned(amount, unit, start)
    assert (plan.warn_at, plan.due_at) == (at(warn), at(due))


def test_a_yellow_amount_is_counted_from_the_start() -> None:
    plan = planned(10, "working_day", "2026-11-20 16:00", yellow=5)
    assert plan.warn_at == at("2026-11-27 16:00")
    assert plan.due_at == at("2026-12-04 16:00")


def test_until_the_end_of_the_day_rounds_up_to_its_last_working_second() -> None:
    plan = planned(1, "working_day", "2026-11-20 16:00", end_of_day=True)
    assert plan.due_at == at("2026-11-23 17:30")
    assert plan.budget == 8 * HOUR + 1800
    assert planned(7, "day", "2026-11-20 16:00", end_of_day=True).due_at == at("2026-11-27 23:59:59")


def test_a_limit_in_working_time_starts_counting_when_work_begins() -> None:
    assert planned(4, "working_hour", "2026-10-02 22:00").due_at == at("2026-10-08 14:30")


def test_what_happens_next_is_yellow_then_the_first_late_second_then_nothing() -> None:
    warn, due = at("2026-11-23 14:15"), at("2026-11-23 16:00")
    assert clock_rules.next_moment(step=0, warn_at=warn, due_at=due) == warn
    assert clock_rules.next_moment(step=1, warn_at=warn, due_at=due) == due + SECOND
    assert clock_rules.next_moment(step=2, warn_at=warn, due_at=due) is None

    def due_by(now: datetime) -> list[tuple[int, datetime]]:
        steps = clock_rules.steps(step=0, warn_at=warn, due_at=due, next_at=warn, repeats=None, now=now)
        return steps.due

    assert due_by(due) == [(1, warn)]
    assert due_by(due + SECOND) == [(1, warn), (2, due + SECOND)]


limit_terms = st.builds(
    given_terms,
    st.integers(1, 30),
    st.sampled_from(["minute", "hour", "day", "working_hour", "working_day"]),
    end_of_day=st.booleans(),
)


@given(terms=limit_terms, start=moments, share=st.floats(0, 1), length=st.integers(0, 40 * 86_400))
@settings(max_examples=400)
def test_spent_and_remaining_make_the_budget_across_a_pause_and_no_pause_shortens(
    terms: clock_rules.Terms, start: datetime, share: float, length: int
) -> None:
    calendar: Calendar = WORK if terms.working else NATURAL
    before = clock_rules.plan(given=terms, calendar=calendar, since=start)
    paused = start + timedelta(seconds=int(share * (before.due_at - start).total_seconds()))
    resumed = paused + timedelta(seconds=length)
    spent = calendar.elapsed(start, paused)
    after = clock_rules.plan(given=terms, calendar=calendar, since=resumed, spent=spent, budget=before.budget)
    assert spent + calendar.elapsed(resumed, after.due_at) == after.budget
    assert after.due_at >= before.due_at
    assert after.warn_at <= after.due_at
    if not terms.end_of_day:
        assert after.budget == before.budget


# Rows


@pytest.fixture
def units(db: None) -> dict[str, Unit]:
    return ground.lay()


@pytest.fixture
def one_day(units: dict[str, Unit]) -> TimeLimit:
    """One working day, without a yellow amount, for handling: the limit of SW-8."""
    new_year = at("2026-01-01 00:00")
    escalations.set_rule(rule=EscalationRule(stage=Stage.HANDLE, red_action=RedAction.ESCALATE), now=new_year)
    return limits.set_limit(
        limit=TimeLimit(stage=Stage.HANDLE, amount=1, unit=TimeUnit.WORKING_DAY),
        now=new_year,
    )


def announced(*given: Clock, now: datetime) -> list[clock_steps.Announcement]:
    """What was announced of the clocks as they were read; then they are read anew."""
    told = clock_steps.announce(given, now=now, describe=lambda one: {"step": one.step})
    for clock in given:
        clock.refresh_from_db()
    return told


def started(units: dict[str, Unit], stage: Stage = Stage.HANDLE, *, now: datetime = FRIDAY, **about: object) -> Clock:
    incident = ground.incident(units, now=now, **about)
    return clocks.start(incident=incident, unit=units[ground.VILLAGE], stage=stage, now=now)


def test_sw_8_lights_follow_working_time(units: dict[str, Unit], one_day: TimeLimit) -> None:
    clock = started(units)
    assert clock.due_at == at("2026-11-23 16:00")
    assert clock.warn_at == at("2026-11-23 14:15")
    shown = {
        "2026-11-20 16:00:00": "unlit",
        "2026-11-23 14:14:59": "unlit",
        "2026-11-23 14:15:00": "yellow",
        "2026-11-23 16:00:00": "yellow",
        "2026-11-23 16:00:01": "red",
        "2027-11-23 16:00:00": "red",
    }
    for moment, light in shown.items():
        assert clocks.light(clock, at(moment)) == light, moment
    clocks.finish(clock=clock, now=at("2026-11-23 15:59"))
    for moment in shown:
        assert clocks.light(clock, at(moment)) == "green"


def test_sw_8_on_the_eve_of_a_statutory_holiday_it_is_due_after_it(units: dict[str, Unit], one_day: TimeLimit) -> None:
    assert started(units, now=at("2026-09-30 16:00")).due_at == at("2026-10-08 16:00")
    assert started(units, now=at("2026-02-14 16:00")).due_at == at("2026-02-24 16:00")


@pytest.mark.parametrize(
    ("moment", "light"),
    [("2026-11-23 16:00:00.999999", "green"), ("2026-11-23 16:00:01", "red"), ("2026-12-01 09:00", "red")],
)
def test_finishing_is_in_time_up_to_the_whole_due_second(
    units: dict[str, Unit], one_day: TimeLimit, moment: str, light: str
) -> None:
    clock = started(units)
    clocks.finish(clock=clock, now=at(moment))
    clock.refresh_from_db()
    assert (clock.state, clock.final_light, clock.next_at) == ("stopped", light, None)
    assert clocks.finish(clock=clock, now=at("2026-12-02 09:00")) is None, "a light is written once"


def test_a_clock_stopped_without_colour_is_dark_unless_it_was_red(units: dict[str, Unit], one_day: TimeLimit) -> None:
    early, late = started(units), started(units)
    clocks.stop(clock=early, now=at("2026-11-23 15:00"))
    clocks.stop(clock=late, now=at("2026-11-23 16:00:01"))
    assert (early.final_light, late.final_light) == ("none", "red")


def test_a_pause_keeps_what_was_left_and_moves_the_deadline_later(units: dict[str, Unit], one_day: TimeLimit) -> None:
    clock = started(units)
    act = clocks.pause(clock=clock, now=at("2026-11-23 10:00"), cause=DISPATCH)
    assert act is not None
    assert act.as_json()["left"] == int(4.5 * HOUR)
    assert (clock.state, clock.pause_cause, clock.next_at, clock.spent) == ("paused", "dispatch", None, int(2.5 * HOUR))
    assert clocks.light(clock, at("2026-12-24 10:00")) == "paused", "time does not pass for it"
    clocks.resume(clock=clock, now=at("2026-11-25 10:00"))
    assert clock.due_at == at("2026-11-25 16:00")
    assert clock.warn_at == at("2026-11-25 14:15")
    assert clock.next_at == clock.warn_at


def test_a_clock_that_is_red_when_paused_stays_red_and_keeps_its_due_moment(
    units: dict[str, Unit], one_day: TimeLimit
) -> None:
    clock = started(units)
    night = at("2026-11-23 23:00")
    clocks.pause(clock=clock, now=night, cause=SUSPENSION)
    assert clocks.light(clock, night) == "red"
    assert clocks.shown(clock, night, suspended=True).light == "red"
    clocks.resume(clock=clock, now=at("2026-12-01 09:00"))
    assert clock.due_at == at("2026-11-23 16:00")
    assert clocks.light(clock, at("2026-12-01 09:00")) == "red"
    assert clock.next_at == clock.warn_at, "nothing was announced yet: the next sweep takes both steps"
    clocks.finish(clock=clock, now=at("2026-12-01 10:00"))
    assert clock.final_light == "red"


def test_finishing_while_paused_is_green_when_time_was_left(units: dict[str, Unit], one_day: TimeLimit) -> None:
    clock = started(units)
    clocks.pause(clock=clock, now=at("2026-11-23 10:00"), cause=DISPATCH)
    clocks.finish(clock=clock, now=at("2026-12-23 10:00"))
    assert (clock.final_light, clock.pause_cause) == ("green", "")


def test_pausing_twice_and_resuming_what_runs_change_nothing(units: dict[str, Unit], one_day: TimeLimit) -> None:
    clock = started(units)
    assert clocks.resume(clock=clock, now=FRIDAY) is None
    clocks.pause(clock=clock, now=FRIDAY, cause=DISPATCH)
    assert clocks.pause(clock=clock, now=FRIDAY, cause=SUSPENSION) is None
    assert clock.pause_cause == "dispatch", "a resumption restarts only what the suspension paused"


def test_whoever_read_an_older_state_is_refused(units: dict[str, Unit], one_day: TimeLimit) -> None:
    mine = started(units)
    yours = Clock.objects.get(pk=mine.pk)
    clocks.finish(clock=mine, now=FRIDAY)
    with pytest.raises(clocks.ClockMoved):
        clocks.pause(clock=yours, now=FRIDAY, cause=DISPATCH)


def test_changes_gathered_of_a_clock_that_somebody_changed_meanwhile_are_refused_all(
    units: dict[str, Unit], one_day: TimeLimit
) -> None:
    handle, accept = started(units), started(units)
    yours = Clock.objects.get(pk=handle.pk)
    gathered = clocks.Turned()
    clocks.finish(clock=yours, now=FRIDAY, into=gathered)
    clocks.finish(clock=accept, now=FRIDAY, into=gathered)
    clocks.pause(clock=handle, now=FRIDAY, cause=DISPATCH)
    with pytest.raises(clocks.ClockMoved), transaction.atomic():
        clocks.Turned.write(gathered)
    assert set(Clock.objects.values_list("state", flat=True)) == {"paused", "running"}


def test_what_was_gathered_is_written_as_if_one_by_one(units: dict[str, Unit], one_day: TimeLimit) -> None:
    gathered = clocks.Turned()
    one, other = started(units), started(units)
    clocks.pause(clock=one, now=at("2026-11-23 10:00"), cause=DISPATCH, into=gathered)
    clocks.pause(clock=other, now=at("2026-11-23 10:00"), cause=DISPATCH)
    clocks.resume(clock=one, now=at("2026-11-25 10:00"), into=gathered)
    clocks.resume(clock=other, now=at("2026-11-25 10:00"))
    clocks.Turned.write(gathered)
    found, wanted = (Clock.objects.get(pk=clock.pk) for clock in (one, other))
    for name in clocks.TURNED:
        assert getattr(found, name) == getattr(wanted, name), name
    assert found.seq == 2


def test_a_suspension_runs_until_its_review_date_and_no_longer_than_the_limit(units: dict[str, Unit]) -> None:
    incident = ground.incident(units, now=FRIDAY)
    village = units[ground.VILLAGE]
    review = at("2026-12-20 09:00")
    clock = clocks.start_until(incident=incident, unit=village, stage=Stage.PAUSE, due_at=review, now=FRIDAY)
    assert clock.due_at == review
    assert clock.escalation.red_action == RedAction.RESUME
    for wrong in (FRIDAY, at("2027-02-18 16:00:01")):
        with pytest.raises(MoveRefused):
            clocks.start_until(incident=incident, unit=village, stage=Stage.PAUSE, due_at=wrong, now=FRIDAY)


def test_an_orders_own_date_stands_also_after_a_suspension(units: dict[str, Unit]) -> None:
    incident = ground.incident(units, now=FRIDAY)
    sunday = at("2026-11-29 12:00")
    clock = clocks.start_until(
        incident=incident, unit=units[ground.TOWN], stage=Stage.FINISH, due_at=sunday, now=FRIDAY,
        subject_kind=Subject.ASSIGNMENT, subject_id=7,
    )  # fmt: skip
    clocks.pause(clock=clock, now=at("2026-11-23 10:00"), cause=SUSPENSION)
    clocks.resume(clock=clock, now=at("2026-11-23 11:00"))
    assert clock.due_at >= sunday


def test_a_clock_may_begin_before_it_is_written(units: dict[str, Unit]) -> None:
    incident = ground.incident(units, now=FRIDAY)
    clock = clocks.start(
        incident=incident, unit=units[ground.VILLAGE], stage=Stage.OVERALL, now=FRIDAY, since=at("2026-11-10 08:00")
    )
    assert clock.due_at == at("2026-11-25 08:00")
    assert clocks.remaining(clock, FRIDAY) == 4 * 86_400 + 16 * HOUR


def test_remaining_time_is_of_the_limits_own_kind_and_negative_once_exceeded(
    units: dict[str, Unit], one_day: TimeLimit
) -> None:
    clock = started(units)
    assert clocks.shown(clock, at("2026-11-22 12:00")).remaining == int(5.5 * HOUR)
    assert clocks.shown(clock, at("2026-11-23 17:00")).remaining == -HOUR
    assert clocks.remaining(clock, at("2026-11-23 16:00:01")) == -1
    assert clocks.shown(clock, FRIDAY).remaining_is_working
    accept = started(units, Stage.ACCEPT, urgency="critical")
    assert not clocks.shown(accept, FRIDAY).remaining_is_working
    assert clocks.shown(accept, FRIDAY).remaining == 1800


def test_the_worst_clock_is_the_reddest_then_the_one_due_first(units: dict[str, Unit]) -> None:
    incident = ground.incident(units, now=FRIDAY)
    village = units[ground.VILLAGE]
    slow = clocks.start(incident=incident, unit=village, stage=Stage.HANDLE, now=FRIDAY)
    fast = clocks.start(incident=incident, unit=village, stage=Stage.ACCEPT, now=FRIDAY)
    assert clocks.worst([slow, fast], FRIDAY) == fast
    assert clocks.worst([slow, fast], at("2026-12-01 09:00")) == fast
    assert clocks.worst([], FRIDAY) is None
    assert clocks.open_clocks(incident) == [slow, fast]


# Page and database agree


@st.composite
def any_clock(draw: st.DrawFn) -> dict[str, object]:
    """The times of a clock in any state, near one another so that every light comes up."""
    base = datetime(2026, 11, 20, 8, tzinfo=UTC)
    near = st.integers(-5, 5).map(lambda s: base + timedelta(seconds=s))
    state = draw(st.sampled_from(ClockState))
    budget = draw(st.integers(1, 5))
    fields: dict[str, object] = {
        "state": state, "budget": budget, "spent": draw(st.integers(0, 7)), "due_at": draw(near),
        "warn_at": draw(st.none() | near), "run_since": None, "stopped_at": None, "final_light": "",
    }  # fmt: skip
    if state == ClockState.RUNNING:
        fields["run_since"] = base
    elif state == ClockState.STOPPED:
        fields |= {"stopped_at": base, "final_light": draw(st.sampled_from([Light.GREEN, Light.RED, Light.NONE]))}
    else:
        fields["pause_cause"] = draw(st.sampled_from(PauseCause))
    return fields


@given(fields=any_clock(), seconds=st.floats(-8, 8))
@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_the_database_sees_the_light_the_page_shows(
    units: dict[str, Unit], fields: dict[str, object], seconds: float
) -> None:
    now = datetime(2026, 11, 20, 8, tzinfo=UTC) + timedelta(seconds=seconds)
    row = started(units)
    Clock.objects.filter(pk=row.pk).update(**({"next_at": None, "pause_cause": ""} | fields))
    seen = Clock.objects.annotate(shown=clocks.light_sql(now)).get(pk=row.pk)
    through = Incident.objects.annotate(shown=clocks.light_sql(now, prefix="clocks__")).get(pk=row.incident_id)
    assert seen.shown == through.shown == clocks.light(seen, now)


# Time alone


def test_yellow_and_red_are_announced_once_each_with_the_moment_they_were_planned_for(
    units: dict[str, Unit], one_day: TimeLimit
) -> None:
    clock = started(units)
    assert announced(clock, now=at("2026-11-23 14:14:59")) == []
    (yellow,) = announced(clock, now=at("2026-11-23 14:20"))
    assert (yellow.light, yellow.planned_at, yellow.seq) == (Light.YELLOW, at("2026-11-23 14:15"), 1)
    assert announced(clock, now=at("2026-11-23 16:00")) == []
    (red,) = announced(clock, now=at("2026-11-23 16:00:01"))
    assert (red.light, red.seq, red.superseded) == (Light.RED, 2, False)
    clock.refresh_from_db()
    assert (clock.step, clock.seq, clock.next_at) == (2, 2, None)
    assert announced(clock, now=at("2027-01-23 16:00")) == []


def test_after_a_standstill_every_missed_step_is_taken_in_order(units: dict[str, Unit], one_day: TimeLimit) -> None:
    old, new = started(units), started(units, now=at("2026-11-23 10:00"))
    told = announced(new, old, now=at("2026-11-25 09:00"))
    assert [(a.clock.pk, a.light, a.superseded) for a in told] == [
        (old.pk, "yellow", True), (old.pk, "red", False), (new.pk, "yellow", True), (new.pk, "red", False),
    ]  # fmt: skip
    assert [a.seq for a in told] == [1, 2, 1, 2]


def test_a_clock_somebody_moved_meanwhile_is_left_to_the_next_pass(units: dict[str, Unit], one_day: TimeLimit) -> None:
    mine, other = started(units), started(units)
    clocks.finish(clock=Clock.objects.get(pk=mine.pk), now=at("2026-11-23 15:00"))
    told = announced(mine, other, now=at("2026-11-23 16:00:01"))
    assert {announcement.clock.pk for announcement in told} == {other.pk}


def test_a_resumed_clock_does_not_announce_yellow_twice(units: dict[str, Unit], one_day: TimeLimit) -> None:
    clock = started(units)
    announced(clock, now=at("2026-11-23 14:15"))
    clocks.pause(clock=clock, now=at("2026-11-23 14:30"), cause=DISPATCH)
    clocks.resume(clock=clock, now=at("2026-11-24 09:00"))
    assert clocks.light(clock, at("2026-11-24 09:00")) == "yellow"
    assert clock.next_at == clock.due_at + SECOND


def test_a_failing_clock_is_put_aside_longer_each_time(units: dict[str, Unit], one_day: TimeLimit) -> None:
    clock, waits = started(units), []
    for _ in range(8):
        clock_steps.postpone(clock.pk, now=FRIDAY)
        clock.refresh_from_db()
        waits.append((clock.next_at - FRIDAY).total_seconds() / 60)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


# The calendar changes


def changed_calendar(*days: Special) -> object:
    """A further version of the shared calendar with `days` put over it."""
    version = calendar_rows.current_version(district_id=ground.DISTRICT)
    content = calendar_changes.content_of(version)
    merged = {special.day: special for special in [*content.special_days, *days]}
    content = calendar_changes.replace(content, special_days=list(merged.values()))
    return calendar_changes.new_version(calendar=version.calendar, content=content, now=FRIDAY)


def test_a_changed_calendar_moves_running_deadlines_and_says_so(units: dict[str, Unit], one_day: TimeLimit) -> None:
    running, red, paused = started(units), started(units, now=at("2026-11-18 10:00")), started(units)
    natural = started(units, Stage.OVERALL)
    clocks.pause(clock=paused, now=FRIDAY, cause=DISPATCH)
    flood = changed_calendar(Special(at("2026-11-23 00:00").date(), SpecialKind.LOCAL_OFF, "防汛"))
    assert calendar_changes.recompute_clocks(version=flood, now=FRIDAY + SECOND) == 1
    before = [natural.due_at, red.due_at]
    for clock in (running, red, paused, natural):
        clock.refresh_from_db()
        assert clock.calendar_version_id == flood.pk
    assert running.due_at == at("2026-11-24 16:00")
    assert running.next_at == running.warn_at
    assert [natural.due_at, red.due_at] == before
    (event,) = IncidentEvent.objects.filter(kind="deadline_moved")
    assert (event.clock, event.clock_seq) == (running, running.seq)
    clocks.resume(clock=paused, now=at("2026-11-20 17:00"))
    assert paused.due_at == at("2026-11-24 17:00")
    assert calendar_changes.recompute_clocks(version=flood, now=FRIDAY) == 0, "repeating it changes nothing"


def test_no_change_of_the_calendar_makes_a_clock_late_in_hindsight(units: dict[str, Unit], one_day: TimeLimit) -> None:
    clock = started(units, now=at("2026-10-06 10:00"))
    now = at("2026-10-08 11:00")
    worked = changed_calendar(Special(at("2026-10-06 00:00").date(), SpecialKind.LOCAL_WORK, "加班"))
    calendar_changes.recompute_clocks(version=worked, now=now)
    clock.refresh_from_db()
    assert clock.due_at == now
    assert clocks.light(clock, now) == "yellow"


def test_a_district_with_a_calendar_of_its_own_counts_by_it(units: dict[str, Unit], one_day: TimeLimit) -> None:
    clock = started(units)
    shared = calendar_rows.current_version(district_id=ground.DISTRICT)
    own = type(shared.calendar).objects.create(name="沙湾", district=units[ground.DISTRICT])
    content = calendar_changes.content_of(shared)
    content = calendar_changes.replace(content, weekdays=frozenset(range(6)))
    version = calendar_changes.new_version(calendar=own, content=content, now=FRIDAY)
    assert calendar_rows.current_version(district_id=ground.DISTRICT) == version
    assert calendar_rows.current_version(district_id="500151") == shared
    calendar_changes.recompute_clocks(version=version, now=FRIDAY)
    clock.refresh_from_db()
    assert clock.due_at == at("2026-11-21 16:00")


def test_a_calendar_version_is_expanded_once_per_process(
    units: dict[str, Unit], django_assert_num_queries: object
) -> None:
    version = calendar_rows.current_version(district_id=ground.DISTRICT)
    first = calendar_rows.work_calendar(version.pk)
    with django_assert_num_queries(0):
        assert calendar_rows.work_calendar(version.pk) is first
    assert first.last_day.year >= 2029
    assert first.is_provisional(at("2027-01-01 00:00"))
    assert first.working_day_seconds == 7 * HOUR


def test_the_rows_and_the_pure_calendar_name_days_alike() -> None:
    assert {kind.value for kind in SpecialKind} == set(DayKind.values)


def test_without_a_calendar_the_missing_one_is_named(db: None) -> None:
    with pytest.raises(calendar_rows.CalendarMissing, match="load_calendar"):
        calendar_rows.current_version(district_id=ground.DISTRICT)


def test_long_remaining_times_are_said_in_the_calendars_own_working_days(units: dict[str, Unit]) -> None:
    clock = started(units)
    shown = clocks.shown(clock, FRIDAY)
    assert shown.working_day_hours == 7
    assert "10" in lights.rest_of(shown)
