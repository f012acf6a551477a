"""The sweep, one sentence a test: lights come on and incidents climb without anybody opening a page."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dispatch import supervision
from dispatch.models import SweepFault, Ticker
from dispatch.supervision import SweepResult, clock_trouble, sweep, sweep_until_drained
from incidents import lifecycle, lights
from incidents.clock_steps import Announcement, Due
from incidents.in_hand import InHand
from incidents.models import Clock, ClockState, Incident, IncidentEvent, Light, RedAction
from incidents.states import Stage, State, Urgency
from tests.cast import SHANGHAI
from tests.dispatch.play import Play

SECOND = timedelta(seconds=1)


def run(at: datetime, **given: Any) -> SweepResult:
    return sweep(now=at, full=True, **given)


def told(incident: Incident) -> list[tuple[str, str]]:
    """Kind and stage of every light announced, in order."""
    events = IncidentEvent.objects.filter(incident=incident, kind__startswith="light_").order_by("pk")
    return [(event.kind, event.details["stage"]) for event in events]


def test_sw_8_lights_come_on_by_the_sweep_and_nobody_opens_a_page(play: Play) -> None:
    """Limit one working day from Friday 16:00: yellow on Monday at 14:15, red one second after 16:00."""
    play.now = datetime(2026, 3, 6, 16, 0, tzinfo=SHANGHAI)
    incident = play.answered_in_one_go()
    check = play.clock(incident, Stage.CHECK)
    assert check.due_at == datetime(2026, 3, 9, 16, 0, tzinfo=SHANGHAI)
    yellow, red = datetime(2026, 3, 9, 14, 15, tzinfo=SHANGHAI), check.due_at + SECOND

    run(yellow - SECOND)
    assert ("light_yellow", "check") not in told(incident)
    run(yellow)
    assert ("light_yellow", "check") in told(incident)
    run(red - SECOND)
    assert ("light_red", "check") not in told(incident)
    run(red)
    assert told(incident)[-1] == ("light_red", "check")
    before = IncidentEvent.objects.count()
    run(red + timedelta(minutes=1))
    assert IncidentEvent.objects.count() == before


def test_sw_8_what_was_checked_at_15_59_is_green_for_ever_and_no_sweep_touches_it(play: Play) -> None:
    play.now = datetime(2026, 3, 6, 16, 0, tzinfo=SHANGHAI)
    incident = play.answered_in_one_go()
    play.now = datetime(2026, 3, 9, 15, 58, tzinfo=SHANGHAI)
    run(play.now)
    play.press(incident, "close", play.cast.town_checker)
    check = play.clock(incident, Stage.CHECK)
    assert (check.stopped_at, check.final_light) == (datetime(2026, 3, 9, 15, 59, tzinfo=SHANGHAI), Light.GREEN)
    before = IncidentEvent.objects.count()
    for moment in (check.due_at + SECOND, check.due_at + timedelta(days=400)):
        run(moment)
        assert lights.light(play.clock(incident, Stage.CHECK), moment) == Light.GREEN
    assert IncidentEvent.objects.count() == before


def test_tl_4_an_incident_nobody_accepts_climbs_to_the_town_and_the_district_by_itself(play: Play) -> None:
    cast = play.cast
    incident = play.report()
    climbed = []
    for _tier in range(3):
        clock = play.clock(incident, Stage.ACCEPT)
        play.now = clock.due_at + SECOND
        result = run(play.now)
        incident = play.fresh(incident)
        climbed.append((incident.holder_id, result.moved))
    assert climbed == [(cast.town.pk, 1), (cast.district.pk, 1), (cast.district.pk, 0)]
    assert incident.state == State.REPORTED
    moves = IncidentEvent.objects.filter(incident=incident, kind="escalate").order_by("pk")
    assert [(event.actor, event.holder_before_id) for event in moves] == [(None, cast.village.pk), (None, cast.town.pk)]
    slipped = Clock.objects.filter(incident=incident, stage=Stage.ACCEPT, final_light=Light.RED).order_by("pk")
    assert [clock.unit_id for clock in slipped] == [cast.village.pk, cast.town.pk]


def test_at_the_top_red_is_a_card_said_once_and_never_a_move(play: Play) -> None:
    incident = play.at_district()
    red = play.clock(incident, Stage.HANDLE).due_at + SECOND
    for _again in range(3):
        result = run(red)
    assert result.moved == 0 and result.drained
    events = IncidentEvent.objects.filter(incident=incident, kind="light_red", details__stage="handle")
    assert [event.details["card"] for event in events] == [True]
    assert play.fresh(incident).holder == play.cast.district


def test_one_tier_per_due_moment_however_late_the_sweep_runs(play: Play) -> None:
    incident = play.report()
    late = play.now + timedelta(days=60)
    assert sweep_until_drained(now=late).moved == 1
    incident = play.fresh(incident)
    assert incident.holder == play.cast.town
    fresh = play.clock(incident, Stage.ACCEPT)
    assert fresh.started_at == late and fresh.due_at > late


def test_missed_steps_are_caught_up_in_order_and_only_the_last_one_speaks(play: Play) -> None:
    incident = play.report()
    clock = play.clock(incident, Stage.ACCEPT)
    run(play.now + timedelta(days=30))
    events = list(IncidentEvent.objects.filter(clock=clock).order_by("clock_seq"))
    assert [(event.kind, event.details["superseded"]) for event in events] == [
        ("light_yellow", True),
        ("light_red", False),
    ]
    planned = [datetime.fromisoformat(event.details["planned_at"]) for event in events]
    assert planned == [clock.warn_at, clock.due_at + SECOND]
    assert events[1].clock_seq == events[0].clock_seq + 1
    assert events[1].details["action"] == RedAction.ESCALATE


def test_handling_too_long_moves_the_incident_up_and_the_slow_unit_keeps_its_red(play: Play) -> None:
    incident = play.press(play.report(), "accept", play.cast.village_clerk)
    handle = play.clock(incident, Stage.HANDLE)
    run(handle.due_at + SECOND)
    incident = play.fresh(incident)
    assert (incident.state, incident.holder) == (State.REPORTED, play.cast.town)
    handle.refresh_from_db()
    assert (handle.final_light, handle.unit) == (Light.RED, play.cast.village)


def test_an_overdue_order_is_a_card_to_its_department_and_moves_nothing(play: Play) -> None:
    incident = play.dispatched()
    order = play.order(incident)
    run(play.order_clock(order, Stage.SIGN).due_at + SECOND)
    event = IncidentEvent.objects.get(incident=incident, kind="light_red")
    assert (event.unit, event.details["card"]) == (play.cast.department, True)
    assert event.details["assignment"] == order.pk
    assert play.fresh(incident).state == State.DISPATCHED


def test_a_limit_may_say_reminder_only(play: Play) -> None:
    incident = play.at_district()
    overall = play.clock(incident, Stage.OVERALL)
    run(overall.due_at + SECOND)
    event = IncidentEvent.objects.get(incident=incident, kind="light_red", details__stage="overall")
    assert (event.details["action"], event.details["card"]) == (RedAction.REMIND, False)


def test_a_suspension_is_resumed_on_its_review_date_without_a_red_light(play: Play) -> None:
    incident = play.suspended(play.at_district())
    review_at = incident.review_at
    assert review_at is not None
    run(review_at)
    assert play.fresh(incident).state == State.SUSPENDED
    run(review_at + SECOND)
    assert play.fresh(incident).state == State.ACCEPTED
    assert play.event(incident).kind == "resume" and play.event(incident).actor is None
    pause = play.clock(incident, Stage.PAUSE)
    assert (pause.state, pause.final_light) == (ClockState.STOPPED, Light.NONE)
    assert ("light_red", "pause") not in told(incident)
    assert play.clock(incident, Stage.HANDLE).state == ClockState.RUNNING


def test_nothing_happens_to_a_clock_that_was_given_more_time_meanwhile(play: Play) -> None:
    incident = play.report()
    clock = play.clock(incident, Stage.ACCEPT)
    Clock.objects.filter(pk=clock.pk).update(
        warn_at=clock.warn_at + timedelta(days=9), due_at=clock.due_at + timedelta(days=9)
    )
    result = run(clock.due_at + SECOND)
    assert (result.lights, result.moved) == (0, 0)
    clock.refresh_from_db()
    assert clock.next_at == clock.warn_at


def test_a_request_lapses_when_the_sweep_moves_the_incident_on(play: Play) -> None:
    incident = play.press(play.report(), "accept", play.cast.village_clerk)
    play.press(incident, "ask_void", play.cast.village_clerk)
    run(play.clock(incident, Stage.HANDLE).due_at + SECOND)
    assert play.request(incident).state == "lapsed"


def test_a_poison_row_is_put_aside_and_the_others_get_their_turn(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = play.report(), play.report()
    make = lifecycle.make

    def fails_for_one(held: InHand, **given: Any) -> None:
        if held.incident.pk == bad.pk:
            raise RuntimeError("poison")
        make(held, **given)

    monkeypatch.setattr(lifecycle, "make", fails_for_one)
    late = play.clock(bad, Stage.ACCEPT).due_at + SECOND
    result = run(late)
    assert (result.failed, result.moved) == (1, 1)
    assert play.fresh(good).holder == play.cast.town and play.fresh(bad).holder == play.cast.village
    clock = play.clock(bad, Stage.ACCEPT)
    assert (clock.fail_count, clock.next_at, clock.step) == (1, late + timedelta(minutes=1), 0)
    assert not told(bad)
    assert run(late).claimed == 0

    later = late + timedelta(minutes=1)
    run(later)
    clock.refresh_from_db()
    assert (clock.fail_count, clock.next_at) == (2, later + timedelta(minutes=2))
    monkeypatch.setattr(lifecycle, "make", make)
    run(later + timedelta(minutes=2))
    assert play.fresh(bad).holder == play.cast.town


@pytest.mark.parametrize("code", ["40P01", "40001", "55P03", "53300"])
@pytest.mark.parametrize("place", ["make", "_announce"])
def test_sw_8_what_the_database_fails_with_for_a_moment_puts_no_clock_aside(
    play: Play, monkeypatch: pytest.MonkeyPatch, code: str, place: str
) -> None:
    """A deadlock, a lock that was not had, no more connections: with one clock, several, or the whole batch."""
    several = [play.report() for _number in range(3)]
    late = play.clock(several[0], Stage.ACCEPT).due_at + SECOND
    owner: Any = lifecycle if place == "make" else supervision
    calls = 0

    def fails_for_now(*_given: Any, **_more: Any) -> None:
        nonlocal calls
        calls += 1
        with connection.cursor() as cursor:
            cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'for a moment' USING ERRCODE = '{code}'; END $$")

    for together in (supervision.ACTS_AT_ONCE, 1):
        with monkeypatch.context() as patch:
            patch.setattr(owner, place, fails_for_now)
            patch.setattr(supervision, "ACTS_AT_ONCE", together)
            result = sweep_until_drained(now=late)
        assert (result.failed, result.acted, result.drained) == (0, 0, False) and result.interrupted > 0
    assert 0 < calls <= 4, "it is not tried over and over while it lasts"
    assert not Clock.objects.filter(fail_count__gt=0).exists() and not SweepFault.objects.exists()
    assert run(late).moved == 3


@pytest.mark.django_db(transaction=True)
def test_sw_8_a_connection_that_breaks_puts_no_clock_aside(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    incident = play.report()
    late = play.clock(incident, Stage.ACCEPT).due_at + SECOND
    make = lifecycle.make

    def cut_off(held: InHand, **given: Any) -> None:
        make(held, **given)
        monkeypatch.setattr(lifecycle, "make", make)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    monkeypatch.setattr(lifecycle, "make", cut_off)
    result = run(late)
    assert (result.failed, result.interrupted, result.moved) == (0, 1, 0) and not SweepFault.objects.exists()
    assert play.clock(incident, Stage.ACCEPT).fail_count == 0 and not told(incident)
    assert run(late).moved == 1
    assert IncidentEvent.objects.filter(incident=incident, kind="escalate").count() == 1


def test_a_task_whose_time_is_up_ends_and_puts_no_clock_aside(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    incident = play.report()

    def too_long(*_given: Any, **_more: Any) -> None:
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(lifecycle, "make", too_long)
    with pytest.raises(SoftTimeLimitExceeded):
        run(play.clock(incident, Stage.ACCEPT).due_at + SECOND)
    assert not Clock.objects.filter(fail_count__gt=0).exists() and not told(incident)


def test_a_batch_that_fails_as_a_whole_is_taken_row_by_row(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad = play.at_district(), play.at_district()
    late = play.clock(good, Stage.HANDLE).due_at + SECOND
    bad_clock = play.clock(bad, Stage.HANDLE)
    announce = supervision._announce

    def fails_for_one(clocks: list[Due], now: datetime) -> list[Announcement]:
        if bad_clock.pk in {clock.pk for clock in clocks}:
            raise RuntimeError("poison")
        return announce(clocks, now)

    monkeypatch.setattr(supervision, "_announce", fails_for_one)
    result = run(late)
    assert result.failed == 1
    assert ("light_red", "handle") in told(good) and ("light_red", "handle") not in told(bad)


def test_the_cost_follows_what_is_due_and_not_what_is_open(play: Play) -> None:
    for _number in range(3):
        play.report()
    sweep(now=play.now)
    with CaptureQueriesContext(connection) as idle:
        sweep(now=play.now + SECOND)
    assert len(idle) == 1 and "FOR UPDATE" not in idle[0]["sql"]
    with CaptureQueriesContext(connection) as signing:
        sweep(now=play.now + supervision.SIGN_EVERY)
    assert len(signing) == 2 and Ticker.objects.get().last_tick == play.now + supervision.SIGN_EVERY


def test_lights_of_many_incidents_take_as_many_statements_as_those_of_one(play: Play) -> None:
    for _number in range(12):
        play.report()
    yellow = Clock.objects.filter(stage=Stage.ACCEPT).latest("pk").warn_at
    assert yellow is not None
    with CaptureQueriesContext(connection) as taken:
        assert run(yellow).lights == 12
    assert len(taken) <= 9


def test_moves_of_many_incidents_take_as_many_statements_as_those_of_one(play: Play) -> None:
    for _number in range(12):
        play.report()
    late = play.clock(Incident.objects.latest("pk"), Stage.ACCEPT).due_at + SECOND
    with CaptureQueriesContext(connection) as taken:
        assert run(late).moved == 12
    assert len(taken) <= 22
    assert set(Incident.objects.values_list("holder", flat=True)) == {play.cast.town.pk}


def test_an_incident_with_two_overdue_clocks_is_moved_once(play: Play) -> None:
    """However they came to be: one incident is moved once in a transaction."""
    incident = play.report()
    accept = play.clock(incident, Stage.ACCEPT)
    accept.pk, accept.stage = None, Stage.HANDLE
    accept.save(force_insert=True)
    late = accept.due_at + SECOND
    assert run(late).moved == 1
    assert play.fresh(incident).holder == play.cast.town


def test_a_pass_signs_its_name_and_looks_below_its_bound_once_a_minute(play: Play) -> None:
    incident = play.report()
    clock = play.clock(incident, Stage.ACCEPT)
    red = clock.due_at + SECOND
    sweep(now=red + timedelta(hours=1), ticker="one")
    play.clock(play.fresh(incident), Stage.ACCEPT)
    # A row that hides below the bound is found by the next full pass.
    hidden = play.report()
    Clock.objects.filter(incident=hidden, stage=Stage.ACCEPT).update(
        warn_at=clock.warn_at, due_at=clock.due_at, next_at=clock.warn_at
    )
    soon = red + timedelta(hours=1, seconds=10)
    assert sweep(now=soon, ticker="one").moved == 0
    assert sweep(now=soon + timedelta(minutes=1), ticker="one").moved == 1
    signed = Ticker.objects.get(pk="one")
    assert signed.last_tick == signed.last_full == soon + timedelta(minutes=1)
    assert signed.acted > 0


def test_a_long_run_compares_the_present_moment_of_both_clocks(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """A backlog may take longer than the clocks may differ."""
    passed, seen = iter([0.0, 0.0, 40.0]), []

    def one_pass(*, worker_now: datetime, **_given: Any) -> SweepResult:
        seen.append(worker_now)
        return SweepResult(drained=len(seen) == 2)

    monkeypatch.setattr(supervision, "sweep", one_pass)
    monkeypatch.setattr(supervision, "monotonic", lambda: next(passed))
    sweep_until_drained(worker_now=play.now)
    assert seen == [play.now, play.now + 40 * SECOND]


def test_two_clocks_that_disagree_stop_the_sweep(play: Play) -> None:
    now = play.now
    assert not clock_trouble(now=now, worker_now=now + timedelta(seconds=29), last_tick=now - SECOND)
    assert clock_trouble(now=now, worker_now=now + timedelta(seconds=31), last_tick=None)
    assert clock_trouble(now=now, worker_now=now, last_tick=now + timedelta(minutes=1))
    result = sweep(worker_now=now)
    assert result.refused and not result.claimed and not Ticker.objects.exists()


def test_sw_8_a_database_whose_clock_went_back_is_not_believed_by_who_saw_it_nor_by_who_reads_of_it(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First it is another process that signed a later moment, then this one that saw one and did not sign it."""
    monkeypatch.setattr(supervision, "_latest", None)
    present = timezone.now()
    Clock.objects.filter(incident=play.report()).update(warn_at=None, due_at=play.now, next_at=play.now + SECOND)
    other = Ticker.objects.create(name="other", last_tick=present + timedelta(minutes=5))
    refused = sweep(worker_now=present, full=True)
    assert "a pass ran at" in refused.refused and (refused.claimed, refused.acted, refused.drained) == (0, 0, False)
    assert sweep_until_drained(worker_now=timezone.now()).refused, "it does not go round and round"
    other.delete()
    monkeypatch.setattr(supervision, "_latest", present + timedelta(minutes=5))
    assert sweep(worker_now=timezone.now(), full=True).refused and not Ticker.objects.exists()
    assert not IncidentEvent.objects.filter(kind__startswith="light_").exists()
    # From then on time goes forward again.
    assert sweep(worker_now=timezone.now(), full=True).acted > 0


def test_a_critical_incident_climbs_within_minutes_also_at_night(play: Play) -> None:
    play.now = datetime(2026, 3, 7, 2, 0, tzinfo=SHANGHAI)
    incident = play.report(urgency=Urgency.CRITICAL)
    run(play.now + timedelta(minutes=30, seconds=1))
    assert play.fresh(incident).holder == play.cast.town


def test_an_incident_that_was_accepted_in_time_is_left_alone(play: Play) -> None:
    incident = play.report()
    clock = play.clock(incident, Stage.ACCEPT)
    play.press(incident, "accept", play.cast.village_clerk)
    run(clock.due_at + SECOND)
    assert play.fresh(incident).state == State.ACCEPTED
    clock.refresh_from_db()
    assert (clock.final_light, clock.next_at) == (Light.GREEN, None)


def test_a_sweeper_that_shall_end_leaves_the_rest_for_the_next_pass(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "ACTS_AT_ONCE", 1)
    for _number in range(3):
        play.report()
    late = play.now + timedelta(days=30)
    answers = iter([False, True, True])
    result = run(late, enough=lambda: next(answers))
    assert (result.moved, result.drained) == (1, False)
    assert sweep_until_drained(now=late + timedelta(minutes=2)).moved == 2


def test_the_database_itself_keeps_the_colour_a_clock_ended_with(play: Play) -> None:
    incident = play.report()
    play.press(incident, "accept", play.cast.village_clerk)
    ended = play.clock(incident, Stage.ACCEPT)
    assert ended.final_light == Light.GREEN
    going = {"state": ClockState.RUNNING, "stopped_at": None, "final_light": "", "run_since": play.now}
    for change in ({"final_light": Light.RED}, {"stopped_at": play.now + timedelta(days=9)}, going):
        with pytest.raises(DatabaseError, match="its colour is final"), transaction.atomic():
            Clock.objects.filter(pk=ended.pk).update(**change)
    ended.refresh_from_db()
    assert (ended.state, ended.final_light) == (ClockState.STOPPED, Light.GREEN)
