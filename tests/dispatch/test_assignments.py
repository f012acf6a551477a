"""What becomes of orders, one sentence a test."""

from dispatch.models import Assignment, AssignmentRole, AssignmentState, ReturnReason
from dispatch.moves import Order
from grids import hierarchy
from grids.levels import UnitKind
from grids.models import DistrictProfile
from incidents.models import Clock, ClockState, Handler, Light, PauseCause, Sight
from incidents.states import Stage, State
from tests.dispatch.play import Play

RETURNED = {"reason": ReturnReason.NOT_OURS}


def test_an_order_runs_from_call_over_signing_to_feedback_and_the_system_answers(play: Play) -> None:
    cast = play.cast
    incident = play.dispatched()
    order = play.order(incident)
    assert (order.state, order.role, order.required) == (AssignmentState.CALLED, AssignmentRole.LEAD, True)
    assert play.order_clock(order, Stage.SIGN).state == ClockState.RUNNING
    assert play.clock(incident, Stage.HANDLE).pause_cause == PauseCause.DISPATCH
    assert Sight.objects.filter(incident=incident, unit=cast.department, why="assigned").exists()

    play.press(incident, "sign", cast.handler, assignment_id=order.pk)
    assert play.order_clock(order, Stage.SIGN).final_light == Light.GREEN
    assert play.order_clock(order, Stage.FINISH).state == ClockState.RUNNING

    incident = play.press(incident, "feed_back", cast.handler, note="井盖已补", assignment_id=order.pk)
    order.refresh_from_db()
    assert (order.state, order.feedback) == (AssignmentState.FED_BACK, "井盖已补")
    assert play.order_clock(order, Stage.FINISH).final_light == Light.GREEN
    assert (incident.state, incident.holder) == (State.ANSWERED, cast.district)
    assert play.event(incident).actor is None
    assert play.clock(incident, Stage.HANDLE).final_light == Light.GREEN
    assert Handler.objects.get(incident=incident, act="fed_back").unit == cast.department


def test_a_late_signature_stays_red_on_the_departments_record(play: Play) -> None:
    incident = play.dispatched()
    order = play.order(incident)
    play.later(days=10)
    play.press(incident, "sign", play.cast.handler, assignment_id=order.pk)
    clock = play.order_clock(order, Stage.SIGN)
    assert (clock.final_light, clock.unit) == (Light.RED, play.cast.department)


def test_every_required_order_must_be_fed_back_before_the_incident_is_answered(play: Play) -> None:
    cast = play.cast
    incident = play.dispatched(cast.department, cast.other_department)
    assert play.finish(incident, cast.department, cast.handler).state == State.DISPATCHED
    assert play.finish(incident, cast.other_department, cast.other_handler).state == State.ANSWERED


def test_the_first_unit_leads_and_a_second_lead_is_refused(play: Play) -> None:
    cast = play.cast
    incident = play.dispatched(cast.department, cast.other_department)
    roles = {a.unit_id: a.role for a in Assignment.objects.filter(incident=incident)}
    assert roles == {cast.department.pk: AssignmentRole.LEAD, cast.other_department.pk: AssignmentRole.CO}
    two = [Order(cast.town, "协助", AssignmentRole.LEAD)]
    assert play.refused(incident, "dispatch", cast.district_dispatcher, orders=two) == "two_leads"


def test_who_may_be_ordered_depends_on_the_holder(play: Play) -> None:
    cast = play.cast
    at_district = play.at_district()
    boss = cast.district_dispatcher
    for unit in (cast.village, cast.grid, cast.office, cast.district):
        assert play.refused(at_district, "dispatch", boss, orders=[Order(unit, "去办")]) == "wrong_unit"
    assert play.press(at_district, "dispatch", boss, orders=[Order(cast.town, "去办")]).state == State.DISPATCHED

    at_town = play.press(play.report(), "escalate", cast.village_clerk)
    at_town = play.press(at_town, "accept", cast.town_clerk)
    for unit in (cast.village, cast.other_town, cast.town):
        assert play.refused(at_town, "dispatch", cast.town_dispatcher, orders=[Order(unit, "去办")]) == "wrong_unit"
    orders = [Order(cast.office, "去办"), Order(cast.department, "协助")]
    assert play.press(at_town, "dispatch", cast.town_dispatcher, orders=orders).state == State.DISPATCHED


def test_a_district_may_keep_its_towns_from_ordering_departments(play: Play) -> None:
    cast = play.cast
    DistrictProfile.objects.create(district=cast.district, town_dispatch=False)
    incident = play.press(play.report(), "escalate", cast.village_clerk)
    play.press(incident, "accept", cast.town_clerk)
    code = play.refused(incident, "dispatch", cast.town_dispatcher, orders=[Order(cast.department, "去办")])
    assert code == "wrong_unit"
    assert play.press(incident, "dispatch", cast.town_dispatcher, orders=[Order(cast.office, "去办")])


def test_a_retired_unit_or_one_of_another_district_gets_no_order(play: Play) -> None:
    cast = play.cast
    incident = play.at_district()
    hierarchy.retire(unit=cast.other_department, now=play.now)
    cast.other_department.refresh_from_db()
    other = hierarchy.create_unit(code="511112", kind=UnitKind.DISTRICT, name="五通桥区", now=play.now)
    far = hierarchy.create_unit(code="511112D01", kind=UnitKind.DEPARTMENT, name="应急局", now=play.now)
    assert other.pk == "511112"
    for unit in (cast.other_department, far):
        code = play.refused(incident, "dispatch", cast.district_dispatcher, orders=[Order(unit, "去办")])
        assert code == "wrong_unit"


def test_one_unit_has_one_open_order_per_incident(play: Play) -> None:
    cast = play.cast
    incident = play.dispatched()
    again = [Order(cast.department, "再办")]
    assert play.refused(incident, "dispatch", cast.district_dispatcher, orders=again) == "already_ordered"


def test_a_town_takes_orders_at_its_own_desk(play: Play) -> None:
    cast = play.cast
    incident = play.dispatched(cast.town)
    order = play.order(incident)
    assert play.refused(incident, "sign", cast.town_checker, assignment_id=order.pk) == "no_right"
    assert play.finish(incident, cast.town, cast.town_clerk).state == State.ANSWERED


def test_the_last_order_returned_brings_the_incident_back_into_the_holders_hands(play: Play) -> None:
    cast = play.cast
    incident = play.dispatched()
    order = play.order(incident)
    incident = play.press(
        incident, "return", cast.handler, assignment_id=order.pk, proposed_unit=cast.other_department, **RETURNED
    )
    order.refresh_from_db()
    assert (order.state, order.return_reason) == (AssignmentState.RETURNED, ReturnReason.NOT_OURS)
    assert order.proposed_unit == cast.other_department
    assert play.order_clock(order, Stage.SIGN).final_light == Light.NONE
    assert (incident.state, play.event(incident).kind) == (State.ACCEPTED, "recall")
    assert play.clock(incident, Stage.HANDLE).state == ClockState.RUNNING

    # What the earlier dispatch left behind does not stand in the way of the next.
    play.press(incident, "dispatch", cast.district_dispatcher, orders=[Order(cast.other_department, "请办")])
    assert play.finish(incident, cast.other_department, cast.other_handler).state == State.ANSWERED


def test_a_return_needs_a_class_and_words(play: Play) -> None:
    incident = play.dispatched()
    order = play.order(incident)
    by = play.cast.handler
    assert play.refused(incident, "return", by, assignment_id=order.pk) == "missing"
    assert play.refused(incident, "return", by, note="", assignment_id=order.pk, **RETURNED) == "missing"


def test_the_holders_clock_runs_while_a_returned_required_order_waits(play: Play) -> None:
    cast = play.cast
    incident = play.dispatched(cast.department, cast.other_department)
    order = play.order(incident, cast.department)
    incident = play.press(incident, "return", cast.handler, assignment_id=order.pk, **RETURNED)
    assert incident.state == State.DISPATCHED
    assert play.clock(incident, Stage.HANDLE).state == ClockState.RUNNING

    # Another order does not stand in for the returned one.
    play.press(incident, "dispatch", cast.district_dispatcher, orders=[Order(cast.town, "协助")])
    assert play.clock(incident, Stage.HANDLE).state == ClockState.RUNNING

    given = {"assignment_id": order.pk, "orders": [Order(cast.other_town, "请接办")]}
    play.press(incident, "replace", cast.district_dispatcher, **given)
    order.refresh_from_db()
    assert order.replaced_by is not None and order.replaced_by.role == order.role == AssignmentRole.LEAD
    handle = play.clock(incident, Stage.HANDLE)
    assert (handle.state, handle.pause_cause) == (ClockState.PAUSED, PauseCause.DISPATCH)
    assert play.refused(incident, "replace", cast.district_dispatcher, **given) == "wrong_state"


def test_waiving_a_returned_order_lets_the_others_answer(play: Play) -> None:
    cast = play.cast
    incident = play.dispatched(cast.department, cast.other_department)
    order = play.order(incident, cast.department)
    play.press(incident, "return", cast.handler, assignment_id=order.pk, **RETURNED)
    assert play.refused(incident, "waive", cast.district_clerk, assignment_id=order.pk) == "no_right"
    play.press(incident, "waive", cast.district_dispatcher, assignment_id=order.pk)
    assert play.clock(incident, Stage.HANDLE).state == ClockState.PAUSED
    assert play.finish(incident, cast.other_department, cast.other_handler).state == State.ANSWERED


def test_an_unsettled_required_order_takes_the_incident_back_though_others_fed_back(play: Play) -> None:
    cast = play.cast
    incident = play.dispatched(cast.department, cast.other_department)
    order = play.order(incident, cast.department)
    play.press(incident, "return", cast.handler, assignment_id=order.pk, **RETURNED)
    incident = play.finish(incident, cast.other_department, cast.other_handler)
    assert incident.state == State.ACCEPTED
    assert play.order(incident, cast.other_department).state == AssignmentState.FED_BACK


def test_a_co_order_that_is_not_required_never_holds_up_the_answer(play: Play) -> None:
    cast = play.cast
    incident = play.at_district()
    orders = [Order(cast.department, "主办"), Order(cast.other_department, "协办", required=False)]
    play.press(incident, "dispatch", cast.district_dispatcher, orders=orders)
    co = play.order(incident, cast.other_department)
    play.press(incident, "return", cast.other_handler, assignment_id=co.pk, **RETURNED)
    assert play.clock(incident, Stage.HANDLE).state == ClockState.PAUSED
    assert play.finish(incident, cast.department, cast.handler).state == State.ANSWERED


def test_all_waived_answers_nothing(play: Play) -> None:
    incident = play.dispatched()
    order = play.order(incident)
    incident = play.press(incident, "waive", play.cast.district_dispatcher, assignment_id=order.pk)
    assert incident.state == State.ACCEPTED


def test_recall_takes_back_every_open_order_and_stops_its_clocks_without_a_colour(play: Play) -> None:
    cast = play.cast
    incident = play.dispatched(cast.department, cast.other_department)
    first = play.order(incident, cast.department)
    play.press(incident, "sign", cast.handler, assignment_id=first.pk)
    incident = play.press(incident, "recall", cast.district_dispatcher)
    assert incident.state == State.ACCEPTED
    assert set(Assignment.objects.values_list("state", flat=True)) == {AssignmentState.RECALLED}
    assert play.order_clock(first, Stage.FINISH).final_light == Light.NONE
    assert play.kinds(incident)[-3:] == ["recall", "order_recalled", "order_recalled"]
    assert play.event(incident).actor == cast.district_dispatcher


def test_one_order_is_taken_back_and_the_others_go_on(play: Play) -> None:
    cast = play.cast
    incident = play.dispatched(cast.department, cast.other_department)
    order = play.order(incident, cast.other_department)
    incident = play.press(incident, "recall_order", cast.district_dispatcher, assignment_id=order.pk)
    assert incident.state == State.DISPATCHED
    order.refresh_from_db()
    assert order.state == AssignmentState.RECALLED


def test_void_and_merge_take_open_orders_back(play: Play) -> None:
    cast = play.cast
    voided, merged, master = play.dispatched(), play.dispatched(), play.at_district()
    play.press(voided, "ask_void", cast.district_clerk)
    play.press(voided, "grant", cast.district_duty_chief, approval_id=play.request(voided).pk)
    play.press(merged, "merge", cast.district_dispatcher, master=master)
    for incident, state in ((voided, State.VOIDED), (merged, State.MERGED)):
        assert play.fresh(incident).state == state
        assert play.order(incident).state == AssignmentState.RECALLED
        assert not Clock.objects.filter(incident=incident).exclude(state=ClockState.STOPPED).exists()


def test_a_suspension_freezes_orders_until_it_is_resumed(play: Play) -> None:
    cast = play.cast
    incident = play.dispatched()
    order = play.order(incident)
    incident = play.suspended(incident)
    assert incident.state == State.SUSPENDED
    assert play.order_clock(order, Stage.SIGN).pause_cause == PauseCause.SUSPENSION
    for name, by in (("sign", cast.handler), ("recall_order", cast.district_dispatcher)):
        assert play.refused(incident, name, by, assignment_id=order.pk) == "suspended"

    incident = play.press(incident, "resume", cast.district_duty_chief)
    assert incident.state == State.DISPATCHED
    assert play.order_clock(order, Stage.SIGN).state == ClockState.RUNNING
    handle = play.clock(incident, Stage.HANDLE)
    assert (handle.state, handle.pause_cause) == (ClockState.PAUSED, PauseCause.DISPATCH)
    assert play.finish(incident, cast.department, cast.handler).state == State.ANSWERED


def test_rework_calls_the_named_units_again_with_a_fresh_clock(play: Play) -> None:
    cast = play.cast
    incident = play.dispatched(cast.department, cast.other_department)
    play.finish(incident, cast.department, cast.handler)
    incident = play.finish(incident, cast.other_department, cast.other_handler)
    first = play.order(incident, cast.department)
    assert play.refused(incident, "rework", cast.district_checker, handlers=[]) == "missing"
    incident = play.press(incident, "rework", cast.district_checker, handlers=[first.pk])
    assert (incident.state, incident.rework_count) == (State.DISPATCHED, 1)
    first.refresh_from_db()
    assert (first.state, first.round) == (AssignmentState.CALLED, 2)
    assert play.order_clock(first, Stage.SIGN).state == ClockState.RUNNING
    assert play.order(incident, cast.other_department).state == AssignmentState.FED_BACK
    assert play.clock(incident, Stage.HANDLE).pause_cause == PauseCause.DISPATCH
    assert play.finish(incident, cast.department, cast.handler).state == State.ANSWERED


def test_rework_without_names_calls_all_again(play: Play) -> None:
    cast = play.cast
    incident = play.answered()
    play.press(incident, "rework", cast.district_checker)
    assert play.order(incident).state == AssignmentState.CALLED


def test_a_stale_press_on_an_order_is_refused(play: Play) -> None:
    incident = play.dispatched()
    order = play.order(incident)
    play.press(incident, "sign", play.cast.handler, assignment_id=order.pk, seen_seq=order.seq)
    late = {"assignment_id": order.pk, "seen_seq": order.seq}
    assert play.refused(incident, "feed_back", play.cast.handler, **late) == "stale"


def test_a_repeated_key_changes_nothing(play: Play) -> None:
    cast = play.cast
    incident = play.at_district()
    given = {"orders": [Order(cast.department, "请办")], "idempotency_key": "once"}
    play.press(incident, "dispatch", cast.district_dispatcher, **given)
    play.press(incident, "dispatch", cast.district_dispatcher, **given)
    assert Assignment.objects.filter(incident=incident).count() == 1
    order = play.order(incident)
    for _twice in range(2):
        play.press(incident, "sign", cast.handler, assignment_id=order.pk, idempotency_key="sign-once")
    assert play.kinds(incident).count("signed") == 1


def test_a_stranger_to_the_unit_signs_nothing(play: Play) -> None:
    incident = play.dispatched()
    order = play.order(incident)
    for person in (play.cast.other_handler, play.cast.department_head, play.cast.district_dispatcher):
        assert play.refused(incident, "sign", person, assignment_id=order.pk) == "no_right"
    other = play.at_district()
    assert play.refused(other, "sign", play.cast.handler, assignment_id=order.pk) == "no_order"
