"""The main job from the first report to the answer, told through the one door every page uses."""

from datetime import timedelta

import pytest

from dispatch import notices
from dispatch.audience import Reason
from dispatch.models import AssignmentRole, AssignmentState, Notice
from dispatch.moves import Order
from dispatch.supervision import sweep_until_drained
from grids.models import Person, Unit
from incidents import timeline
from incidents.models import Clock, ClockState, Incident, IncidentEvent, Light
from incidents.states import MOVES, Stage, State
from tests.dispatch.play import Play, play

__all__ = ["play"]


def history(play: Play, incident: Incident) -> list[timeline.Step]:
    """The steps as the incident's page tells them, oldest first."""
    events = list(IncidentEvent.objects.filter(incident=incident).select_related("actor").order_by("pk"))
    clocks = list(Clock.objects.filter(incident=incident))
    units = Unit.objects.in_bulk(timeline.codes_of(events, clocks))
    told = timeline.steps(play.fresh(incident), events=events, clocks=clocks, photos=[], units=units, now=play.now)
    return sorted(told, key=lambda step: step.event.pk)


def told(play: Play, person: Person) -> set[str]:
    notices.announce_until_done(now=play.now)
    return set(Notice.objects.filter(person=person).values_list("reason", flat=True))


def dispatched_to_two(play: Play) -> Incident:
    """Reported by the officer, climbed by hand, accepted by the district, ordered to two departments."""
    cast = play.cast
    incident = play.report()
    play.press(incident, "accept", cast.village_clerk)
    play.press(incident, "escalate", cast.village_clerk, note="村里没有设备")
    play.press(incident, "escalate", cast.town_clerk, note="须部门处置")
    play.press(incident, "accept", cast.district_clerk)
    orders = [
        Order(cast.department, "牵头排险", role=AssignmentRole.LEAD, required=True),
        Order(cast.other_department, "恢复路面", role=AssignmentRole.CO, required=True),
    ]
    return play.press(incident, "dispatch", cast.district_dispatcher, note="请两家联合处置", orders=orders)


def test_sw_7_from_the_officer_over_four_tiers_to_the_department_and_closed_by_somebody_else(play: Play) -> None:
    cast = play.cast
    incident = dispatched_to_two(play)
    for unit, handler in ((cast.department, cast.handler), (cast.other_department, cast.other_handler)):
        order = play.order(incident, unit)
        assert play.order_clock(order, Stage.SIGN).state == ClockState.RUNNING
        play.press(incident, "sign", handler, assignment_id=order.pk)
        assert play.order_clock(order, Stage.SIGN).final_light == Light.GREEN
        assert play.order_clock(order, Stage.FINISH).state == ClockState.RUNNING
        play.press(incident, "feed_back", handler, note="已完成", assignment_id=order.pk)
        assert play.order(incident, unit).state == AssignmentState.FED_BACK
    incident = play.fresh(incident)
    assert (incident.state, incident.holder_id) == (State.ANSWERED, cast.district.pk)

    assert play.refused(incident, "close", cast.district_clerk) == "no_right"
    incident = play.press(incident, "close", cast.district_checker, note="现场核查属实")

    assert incident.state == State.CLOSED
    hops = Clock.objects.filter(incident=incident, stage=Stage.ACCEPT).order_by("pk").values_list("unit_id", flat=True)
    assert list(hops) == [cast.village.pk, cast.town.pk, cast.district.pk]
    assert not Clock.objects.filter(incident=incident).exclude(state=ClockState.STOPPED).exists()
    assert play.clock(incident, Stage.OVERALL).final_light == Light.GREEN
    assert {Reason.RESULT} <= told(play, cast.officer)


def test_tl_4_what_a_village_and_a_town_leave_lying_appears_in_the_next_centre_by_the_sweep_alone(play: Play) -> None:
    incident = play.report()
    for holder in (play.cast.town, play.cast.district):
        play.now = play.clock(incident, Stage.ACCEPT).due_at + timedelta(seconds=1)
        sweep_until_drained(now=play.now, worker_now=play.now)
        incident = play.fresh(incident)
        assert (incident.state, incident.holder_id) == (State.REPORTED, holder.pk)
    slipped = Clock.objects.filter(incident=incident, stage=Stage.ACCEPT, final_light=Light.RED)
    assert set(slipped.values_list("unit_id", flat=True)) == {play.cast.village.pk, play.cast.town.pk}


def test_qy_14_up_down_and_sideways_stand_in_one_timeline(play: Play) -> None:
    cast = play.cast
    incident = play.report()
    play.press(incident, "transfer", cast.village_clerk, target_unit=cast.sibling_village)
    play.press(incident, "escalate", cast.sibling_clerk)
    play.press(incident, "send_back", cast.town_clerk)
    play.press(incident, "escalate", cast.sibling_clerk)
    incident = play.press(incident, "accept", cast.town_clerk)
    play.press(incident, "dispatch", cast.town_dispatcher, orders=[Order(cast.office, "现场劝导")])
    directions = {MOVES[kind].direction for kind in play.kinds(incident) if kind in MOVES}
    assert {"up", "down", "sideways"} <= directions
    shown = [step.direction for step in history(play, incident)]
    assert {"up", "down", "sideways"} <= set(shown)


def test_tl_9_every_step_of_a_closed_incident_has_its_start_its_end_and_its_duration(play: Play) -> None:
    cast = play.cast
    incident = dispatched_to_two(play)
    play.finish(incident, cast.department, cast.handler)
    incident = play.finish(incident, cast.other_department, cast.other_handler)
    incident = play.press(incident, "close", cast.district_checker, note="属实")
    *before, last = [step for step in history(play, incident) if step.is_move]
    # Every move opens a stay that the next one ends; the last ends the story.
    for step, following in zip(before, [*before[1:], last], strict=True):
        assert (step.ends_at, step.lasted) == (following.at, following.at - step.at)
    assert last.lasted is None
    assert before[0].at == incident.reported_at and last.at == incident.closed_at
    assert {m.light for step in before for m in step.measured} == {Light.GREEN, ""}


def test_sw_13_after_three_transfers_the_first_receiver_still_gets_the_result(play: Play) -> None:
    cast = play.cast
    incident = play.report()
    for name, by, target in (
        ("transfer", cast.village_clerk, cast.sibling_village),
        ("transfer", cast.sibling_clerk, cast.village),
        ("transfer", cast.village_clerk, cast.sibling_village),
    ):
        incident = play.press(incident, name, by, target_unit=target)
        assert incident.first_receiver_id == cast.officer.pk
    told(play, cast.officer)
    Notice.objects.all().delete()
    play.press(incident, "accept", cast.sibling_clerk)
    play.press(incident, "answer", cast.sibling_clerk, note="已修好")
    incident = play.press(incident, "close", cast.town_checker, note="属实")
    assert Reason.RESULT in told(play, cast.officer)
    assert incident.first_receiver_id == cast.officer.pk


def test_sw_6_a_red_light_is_heard_of_by_the_head_and_the_duty_contact_of_the_unit(play: Play) -> None:
    cast = play.cast
    cast.village.duty_contact = cast.village_checker
    cast.village.save()
    incident = play.report()
    play.now = play.clock(incident, Stage.ACCEPT).due_at + timedelta(seconds=1)
    sweep_until_drained(now=play.now, worker_now=play.now)
    for person in (cast.village_head, cast.village_checker):
        assert Reason.RED in told(play, person)
    assert not told(play, cast.other_village_clerk)


@pytest.mark.parametrize("stage", [Stage.ACCEPT, Stage.OVERALL])
def test_yellow_and_red_appear_without_anybody_opening_a_page(play: Play, stage: Stage) -> None:
    incident = play.report()
    clock = play.clock(incident, stage)
    for moment, kind in ((clock.warn_at, "light_yellow"), (clock.due_at + timedelta(seconds=1), "light_red")):
        play.now = moment
        sweep_until_drained(now=play.now, worker_now=play.now)
        assert IncidentEvent.objects.filter(clock=clock, kind=kind).count() == 1
        sweep_until_drained(now=play.now, worker_now=play.now)
        assert IncidentEvent.objects.filter(clock=clock, kind=kind).count() == 1
