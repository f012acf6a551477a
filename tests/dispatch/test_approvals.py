"""Asking and deciding, one sentence a test."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from dispatch.models import Approval, ApprovalState
from grids import posts
from grids.duties import Duty
from grids.models import DistrictProfile
from incidents.models import ClockState, PauseCause
from incidents.states import Stage, State
from tests.dispatch.play import Play


def test_a_granted_suspension_pauses_every_clock_and_runs_its_own(play: Play) -> None:
    cast = play.cast
    incident = play.at_district()
    review_at = play.now + timedelta(days=30)
    play.press(incident, "ask_suspend", cast.district_clerk, note="汛期无法施工", review_at=review_at)
    request = play.request(incident)
    assert (request.state, request.holder, request.asked_unit) == (
        ApprovalState.PENDING,
        cast.district,
        cast.district,
    )
    incident = play.press(incident, "grant", cast.district_duty_chief, note="同意", approval_id=request.pk)
    assert (incident.state, incident.review_at) == (State.SUSPENDED, review_at)
    assert play.clock(incident, Stage.PAUSE).state == ClockState.RUNNING
    for stage in (Stage.HANDLE, Stage.OVERALL):
        assert play.clock(incident, stage).pause_cause == PauseCause.SUSPENSION
    about = play.event(incident).details["approval"]
    assert (about["reason"], about["asked_by"]) == ("汛期无法施工", cast.district_clerk.pk)


def test_nobody_decides_a_request_of_their_own(play: Play) -> None:
    cast = play.cast
    posts.appoint(unit=cast.district, person=cast.district_clerk, duty=Duty.DUTY_CHIEF, since=cast.since, now=play.now)
    incident = play.at_district()
    play.press(incident, "ask_void", cast.district_clerk)
    request = play.request(incident)
    for name in ("grant", "refuse"):
        assert play.refused(incident, name, cast.district_clerk, approval_id=request.pk) == "own_request"
    with pytest.raises(IntegrityError, match="approval_never_by_the_asker"), transaction.atomic():
        Approval.objects.filter(pk=request.pk).update(
            state=ApprovalState.GRANTED, decided_by=cast.district_clerk, decided_at=play.now
        )
    assert play.press(incident, "void", cast.district_duty_chief, approval_id=request.pk).state == State.VOIDED


def test_only_a_duty_chief_of_the_holder_decides(play: Play) -> None:
    cast = play.cast
    incident = play.at_district()
    play.press(incident, "ask_void", cast.district_clerk)
    request = play.request(incident)
    for person in (cast.district_dispatcher, cast.town_duty_chief, cast.district_head, cast.administrator):
        assert play.refused(incident, "grant", person, approval_id=request.pk) == "no_right"


def test_a_unit_at_work_asks_and_a_stranger_does_not(play: Play) -> None:
    cast = play.cast
    incident = play.dispatched()
    given = {"review_at": play.now + timedelta(days=5)}
    assert play.refused(incident, "ask_suspend", cast.other_handler, **given) == "no_right"
    play.press(incident, "ask_suspend", cast.handler, **given)
    assert play.request(incident).asked_unit == cast.department


def test_a_refused_request_leaves_everything_as_it_is_and_may_be_asked_again(play: Play) -> None:
    cast = play.cast
    incident = play.at_district()
    play.press(incident, "ask_void", cast.district_clerk)
    request = play.request(incident)
    assert play.refused(incident, "refuse", cast.district_duty_chief, note=" ", approval_id=request.pk) == "missing"
    incident = play.press(incident, "refuse", cast.district_duty_chief, note="仍需办理", approval_id=request.pk)
    assert incident.state == State.ACCEPTED
    assert play.kinds(incident)[-1] == "approval_refused"
    assert play.refused(incident, "grant", cast.district_duty_chief, approval_id=request.pk) == "decided"
    assert play.press(incident, "ask_void", cast.district_clerk).state == State.ACCEPTED


def test_one_request_of_a_kind_waits_at_a_time(play: Play) -> None:
    incident = play.at_district()
    play.press(incident, "ask_void", play.cast.district_clerk)
    assert play.refused(incident, "ask_void", play.cast.district_dispatcher) == "pending"


def test_a_request_lapses_when_the_incident_goes_to_another_holder(play: Play) -> None:
    cast = play.cast
    incident = play.press(play.report(), "accept", cast.village_clerk)
    play.press(incident, "ask_void", cast.village_clerk)
    incident = play.press(incident, "escalate", cast.village_clerk)
    request = play.request(incident)
    assert request.state == ApprovalState.LAPSED and request.decided_by is None
    assert play.kinds(incident)[-1] == "approval_lapsed"
    assert play.refused(incident, "grant", cast.town_duty_chief, approval_id=request.pk) == "decided"


def test_a_request_to_suspend_lapses_once_the_incident_is_answered_but_survives_a_dispatch(play: Play) -> None:
    cast = play.cast
    incident = play.dispatched()
    play.press(incident, "ask_suspend", cast.handler, review_at=play.now + timedelta(days=5))
    play.finish(incident, cast.department, cast.handler)
    assert play.request(incident).state == ApprovalState.LAPSED


def test_the_longest_suspension_is_said_at_the_review_date(play: Play) -> None:
    cast = play.cast
    incident = play.at_district()
    far = play.now + timedelta(days=91)
    assert play.refused(incident, "ask_suspend", cast.district_clerk, review_at=far) == "too_long"
    DistrictProfile.objects.create(district=cast.district, suspension_days=20)
    near = play.now + timedelta(days=21)
    assert play.refused(incident, "ask_suspend", cast.district_clerk, review_at=near) == "too_long"
    past = play.now - timedelta(days=1)
    assert play.refused(incident, "ask_suspend", cast.district_clerk, review_at=past) == "missing"
    assert play.press(incident, "ask_suspend", cast.district_clerk, review_at=play.now + timedelta(days=19))


def test_a_request_whose_review_date_passed_must_be_asked_anew(play: Play) -> None:
    cast = play.cast
    incident = play.at_district()
    play.press(incident, "ask_suspend", cast.district_clerk, review_at=play.now + timedelta(days=1))
    old = play.request(incident)
    play.later(days=2)
    assert play.refused(incident, "grant", cast.district_duty_chief, approval_id=old.pk) == "past"
    play.press(incident, "ask_suspend", cast.district_clerk, review_at=play.now + timedelta(days=1))
    old.refresh_from_db()
    assert old.state == ApprovalState.LAPSED
    assert play.request(incident).state == ApprovalState.PENDING


def test_a_request_of_another_incident_opens_nothing(play: Play) -> None:
    cast = play.cast
    mine, other = play.at_district(), play.at_district()
    play.press(other, "ask_void", cast.district_clerk)
    request = play.request(other)
    assert play.refused(mine, "void", cast.district_duty_chief, approval_id=request.pk) == "no_request"
    assert play.refused(other, "suspend", cast.district_duty_chief, approval_id=request.pk) == "no_request"
    assert play.refused(other, "void", cast.district_duty_chief) == "missing"
