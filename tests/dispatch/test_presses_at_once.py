"""Two people press at the same moment, on real connections: one after the other, and never half of each."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from dispatch import moves, supervision
from dispatch.models import OPEN_ASSIGNMENT_STATES, Assignment
from grids.models import Person
from incidents import comments
from incidents.models import Clock, ClockState, Incident, IncidentEvent, Sight
from incidents.refusals import MoveRefused
from incidents.states import State
from tests.dispatch.play import Order, Play

Press = Callable[[], Any]
# A press that waits longer than this for another is a deadlock or as bad as one.
PATIENCE_SECONDS = 30
pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*presses: Press) -> list[str]:
    """How each press ended, sorted: "ok" or the code of its refusal. Anything else fails the test."""
    start = threading.Barrier(len(presses))
    ended: list[str] = []
    failed: list[BaseException] = []

    def run(press: Press) -> None:
        start.wait()
        try:
            press()
            ended.append("ok")
        except MoveRefused as refused:
            ended.append(str(refused.code))
        except BaseException as error:
            failed.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(press,), daemon=True) for press in presses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert not failed, failed
    assert len(ended) == len(presses), "somebody still waits"
    return sorted(ended)


def press(play: Play, incident: Incident, name: str, by: Person, **given: Any) -> Press:
    now = play.now + timedelta(minutes=1)
    return lambda: moves.perform(incident_id=incident.pk, name=name, actor=by, now=now, note="有理由", **given)


def sound(*incidents: Incident) -> None:
    """What holds for every incident, whoever was faster."""
    for incident in incidents:
        incident.refresh_from_db()
        moved = IncidentEvent.objects.filter(incident=incident, seq__isnull=False).order_by("seq")
        assert list(moved.values_list("seq", flat=True)) == list(range(1, incident.seq + 1))
        running = Clock.objects.filter(incident=incident).exclude(state=ClockState.STOPPED)
        subjects = list(running.values_list("subject_kind", "subject_id", "stage"))
        assert len(subjects) == len(set(subjects))
        assert incident.is_open == (incident.closed_at is None)
        if not incident.is_open:
            assert not subjects
            assert not Assignment.objects.filter(incident=incident, state__in=OPEN_ASSIGNMENT_STATES).exists()
        assert Sight.objects.filter(incident=incident, unit=incident.holder).exists()


def test_of_two_who_saw_the_same_only_one_moves_it(play: Play) -> None:
    cast, incident = play.cast, play.report()
    one = press(play, incident, "accept", cast.village_clerk, seen_seq=1)
    other = press(play, incident, "escalate", cast.village_clerk, seen_seq=1)
    assert at_once(one, other) == ["ok", "stale"]
    sound(incident)


def test_a_double_tap_moves_once_and_succeeds_twice(play: Play) -> None:
    cast, incident = play.cast, play.report()
    tap = press(play, incident, "accept", cast.village_clerk, seen_seq=1, idempotency_key="tap")
    assert at_once(tap, tap, tap) == ["ok", "ok", "ok"]
    assert Incident.objects.get(pk=incident.pk).seq == 2
    write: Press = lambda: comments.add(  # noqa: E731
        incident=incident, actor=cast.village_clerk, text="已到现场", now=play.now, key="words"
    )
    assert at_once(write, write) == ["ok", "ok"]
    assert play.kinds(incident) == ["report", "accept", "comment"]
    sound(incident)


def test_one_key_for_two_incidents_is_refused_and_not_taken_for_a_repetition(play: Play) -> None:
    cast, one, other = play.cast, play.report(), play.report()
    presses = [press(play, i, "accept", cast.village_clerk, idempotency_key="same") for i in (one, other)]
    assert at_once(*presses) == ["key_used", "ok"]
    sound(one, other)
    left = one if one.state == State.REPORTED else other
    assert play.refused(left, "accept", cast.village_clerk, idempotency_key="same") == "key_used"
    assert play.press(left, "accept", cast.village_clerk, idempotency_key="own").state == State.ACCEPTED


def test_closing_and_reworking_exclude_each_other(play: Play) -> None:
    incident = play.answered_in_one_go()
    seen = {"by": play.cast.town_checker, "seen_seq": incident.seq}
    assert at_once(press(play, incident, "close", **seen), press(play, incident, "rework", **seen)) == ["ok", "stale"]
    sound(incident)


def test_orders_are_given_once(play: Play) -> None:
    cast, incident = play.cast, play.at_district()
    order = press(play, incident, "dispatch", cast.district_dispatcher, orders=[Order(cast.department, "请处置")])
    assert at_once(order, order) == ["already_ordered", "ok"]
    assert incident.assignments.count() == 1
    sound(incident)


def test_the_last_two_feedbacks_answer_once(play: Play) -> None:
    cast = play.cast
    incident = play.dispatched(cast.department, cast.other_department)
    doers = [(cast.handler, cast.department), (cast.other_handler, cast.other_department)]
    orders = {by: play.order(incident, unit).pk for by, unit in doers}
    for by, order in orders.items():
        play.press(incident, "sign", by, assignment_id=order)
    back = [press(play, incident, "feed_back", by, assignment_id=order) for by, order in orders.items()]
    assert at_once(*back) == ["ok", "ok"]
    sound(incident)
    assert incident.state == State.ANSWERED
    assert play.kinds(incident).count("answer") == 1


def test_a_request_is_decided_once(play: Play) -> None:
    cast, incident = play.cast, play.at_district()
    play.press(incident, "ask_suspend", cast.district_clerk, review_at=play.now + timedelta(days=5))
    decide = {"by": cast.district_duty_chief, "approval_id": play.request(incident).pk}
    assert at_once(press(play, incident, "grant", **decide), press(play, incident, "refuse", **decide)) == [
        "decided",
        "ok",
    ]
    sound(incident)


def test_merging_in_a_ring_leaves_one_open(play: Play) -> None:
    cast = play.cast
    ring = [play.report() for _number in range(3)]
    merges = [
        press(play, incident, "merge", cast.village_clerk, master=master)
        for incident, master in zip(ring, [*ring[1:], ring[0]], strict=True)
    ]
    assert at_once(*merges) == ["missing", "ok", "ok"]
    sound(*ring)
    assert sum(incident.is_open for incident in ring) == 1


def test_people_and_the_sweep_do_not_wait_for_each_other_for_ever(play: Play) -> None:
    cast, incident = play.cast, play.dispatched()
    other = play.at_district()
    far = play.now + timedelta(days=30)
    ended = at_once(
        press(play, incident, "merge", cast.district_dispatcher, master=other),
        press(play, other, "merge", cast.district_dispatcher, master=incident),
        lambda: supervision.sweep(now=far, full=True),
        lambda: supervision.sweep(now=far, full=True, ticker="second"),
    )
    assert ended == ["missing", "ok", "ok", "ok"]
    sound(incident, other)
