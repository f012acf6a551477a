"""People press what they are offered and time passes, at random but repeatably; what must always hold, holds.

A seed that fails is a bug to keep: name it in SEEDS.
"""

import itertools
import random
from datetime import timedelta
from typing import Any

import pytest

from dispatch import moves, notices, orders, supervision
from dispatch.models import OPEN_ASSIGNMENT_STATES, Approval, ApprovalState, Assignment, AssignmentState, ReturnReason
from dispatch.moves import Offer, Order
from grids.models import Person
from incidents import escalations
from incidents.clock_rules import RED_SAID
from incidents.models import Clock, ClockState, Incident, IncidentEvent, Subject, Unannounced
from incidents.states import MOVES, OPEN_STATES, Stage, State
from tests.cast import PEOPLE
from tests.dispatch.play import Play
from tests.dispatch.test_offers import stand_on_site

SEEDS = range(4)
STEPS = 40

STAGE_OF_ORDER = {
    AssignmentState.CALLED: Stage.SIGN,
    AssignmentState.SIGNED: Stage.FINISH,
    AssignmentState.ARRIVED: Stage.FINISH,
}
STAGE_OF_STATE = {State.REPORTED: Stage.ACCEPT, State.ACCEPTED: Stage.HANDLE, State.ANSWERED: Stage.CHECK}


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_people_press_and_however_late_the_sweep_comes_the_house_stays_in_order(play: Play, seed: int) -> None:
    dice = random.Random(seed)
    incident = play.report(urgency=dice.choice(["normal", "urgent", "critical"]))
    walked = ["report"]
    for _step in range(STEPS):
        walked.append(_something_happens(play, dice, incident))
        incident = play.fresh(incident)
        try:
            assert_in_order(incident)
        except AssertionError as broken:
            raise AssertionError(f"seed {seed}: {' > '.join(walked)}: {broken}") from broken
    notices.announce_until_done(now=play.now)
    assert not Unannounced.objects.exists()


def _something_happens(play: Play, dice: random.Random, incident: Incident) -> str:
    play.later(minutes=dice.choice([1, 20, 90]))
    if dice.random() < 0.25:
        play.later(days=dice.choice([1, 3, 12]))
        supervision.sweep_until_drained(now=play.now, ticker="walk")
        events = IncidentEvent.objects.count()
        assert supervision.sweep(now=play.now, ticker="walk", full=True).acted == 0
        assert IncidentEvent.objects.count() == events
        return "sweep"
    people = [getattr(play.cast, username) for username, *_post in PEOPLE]
    dice.shuffle(people)
    for person in people:
        offers = moves.available(person=person, incident=incident, now=play.now)
        # Ends are taken rarely, so that a walk goes on for long.
        offers = [o for o in offers if o.name not in ("dismiss", "merge", "close") or dice.random() < 0.2]
        offers = [o for o in offers if o.name not in ("ask_void", "supervise", "urge") or dice.random() < 0.1]
        if offers:
            offer = dice.choice(offers)
            moves.perform(
                incident_id=incident.pk,
                name=offer.name,
                actor=person,
                now=play.now,
                note="有理由",
                seen_seq=offer.seq,
                **_inputs(play, dice, incident, person, offer),
            )
            return f"{person.username} {offer.name}"
    return "nobody"


def _inputs(play: Play, dice: random.Random, incident: Incident, person: Person, offer: Offer) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if offer.assignment is not None:
        given["assignment_id"] = offer.assignment.pk
    if offer.approval is not None:
        given["approval_id"] = offer.approval.pk
    if offer.card is not None:
        given["card_id"] = offer.card.pk
    if "colour" in offer.needs:
        given["target_unit"], given["colour"] = offer.units[0], offer.colours[0]
    if "target_unit" in offer.needs:
        given["target_unit"] = dice.choice(offer.units)
    if "orders" in offer.needs:
        most = 1 if offer.name == "replace" else min(3, len(offer.units))
        units = dice.sample(offer.units, dice.randint(1, most))
        given["orders"] = [Order(unit, "请办", required=dice.random() < 0.8) for unit in units]
    if "handlers" in offer.needs and dice.random() < 0.5:
        given["handlers"] = [one.pk for one in dice.sample(offer.assignments, dice.randint(1, len(offer.assignments)))]
    if "master" in offer.needs:
        given["master"] = play.at_holder(incident)
    if "review_at" in offer.needs:
        given["review_at"] = play.now + timedelta(days=dice.randint(1, 20))
    if "reason" in offer.needs:
        given["reason"] = dice.choice(ReturnReason.values)
    if "on_site" in offer.needs:
        stand_on_site(incident, person, play)
        given["on_site"] = True
    return given


def assert_in_order(incident: Incident) -> None:
    state = State(incident.state)
    _assert_record(incident)
    running = {
        clock.stage: clock
        for clock in Clock.objects.filter(incident=incident, subject_kind=Subject.INCIDENT, state=ClockState.RUNNING)
    }
    open_orders = list(Assignment.objects.filter(incident=incident, state__in=OPEN_ASSIGNMENT_STATES))
    still_open = Clock.objects.filter(incident=incident).exclude(state=ClockState.STOPPED)
    if state not in OPEN_STATES:
        assert not still_open.exists() and not open_orders
    elif state == State.SUSPENDED:
        assert set(running) == {Stage.PAUSE}
        assert not still_open.filter(subject_kind=Subject.ASSIGNMENT, state=ClockState.RUNNING).exists()
    else:
        assert running.pop(Stage.OVERALL)
        if state == State.DISPATCHED:
            _assert_dispatched(incident, open_orders, running)
        else:
            assert set(running) == {STAGE_OF_STATE[state]} and not open_orders
            assert running[STAGE_OF_STATE[state]].unit_id == incident.holder_id
    for clock in Clock.objects.filter(incident=incident):
        repeats = escalations.repeats_of(clock)
        last = RED_SAID + (repeats.times if repeats else 0)
        waits = clock.state == ClockState.RUNNING and clock.step < last
        assert (clock.next_at is not None) == waits, f"{clock.stage} {clock.state} {clock.step} {clock.next_at}"
    for request in Approval.objects.filter(incident=incident, state=ApprovalState.PENDING):
        assert request.holder_id == incident.holder_id and state in MOVES[request.kind].sources


def _assert_dispatched(incident: Incident, open_orders: list[Assignment], running: dict[str, Clock]) -> None:
    assert open_orders
    current = orders.current(orders.known(incident), since=orders.dispatched_since(incident))
    waiting = any(orders.waits_for_holder(order) for order in current)
    assert set(running) == ({Stage.HANDLE} if waiting else set())
    handle = Clock.objects.filter(incident=incident, stage=Stage.HANDLE).exclude(state=ClockState.STOPPED)
    assert handle.count() == 1
    for order in open_orders:
        stages = Clock.objects.filter(
            subject_kind=Subject.ASSIGNMENT, subject_id=order.pk, state=ClockState.RUNNING
        ).values_list("stage", flat=True)
        assert list(stages) == [STAGE_OF_ORDER[AssignmentState(order.state)]]


def _assert_record(incident: Incident) -> None:
    """The record alone tells where the incident stands."""
    steps = list(IncidentEvent.objects.filter(incident=incident, seq__isnull=False).order_by("seq"))
    assert [event.seq for event in steps] == list(range(1, incident.seq + 1))
    assert (steps[-1].state_after, steps[-1].holder_after_id) == (incident.state, incident.holder_id)
    for before, after in itertools.pairwise(steps):
        assert (after.state_before, after.holder_before_id) == (before.state_after, before.holder_after_id)
