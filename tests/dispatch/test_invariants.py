"""The invariants hold after every sort of press, and each of them notices the row that breaks it."""

from datetime import timedelta

import pytest
from django.db import connection, transaction

from dispatch import invariants, notices, supervision
from dispatch.reckoned import COUNTED
from grids.models import DistrictProfile
from incidents import lifecycle
from incidents.births import Position
from incidents.models import Incident
from incidents.states import Stage, State
from tests.dispatch.play import Play

OPEN_CLOCK = "state <> 'stopped'"
# What breaks each invariant. Events are changed behind the back of the trigger that forbids it.
BREAKS = {
    "seq_counts_the_moves": "UPDATE incidents_incident SET seq = seq + 1 WHERE state = 'closed'",
    "last_move_left_state_and_holder": "UPDATE incidents_incident SET holder_id = '511111101' WHERE state = 'closed'",
    "moves_join_up": "UPDATE incidents_incidentevent SET holder_before_id = '511111101' WHERE kind = 'accept'",
    "moves_are_in_the_table": "UPDATE incidents_incidentevent SET kind = 'close' WHERE kind = 'accept'",
    "begins_with_its_birth": "UPDATE incidents_incidentevent SET kind = 'self_handle' WHERE kind = 'accept'",
    "moves_go_forward_in_time": """
        UPDATE incidents_incidentevent SET occurred_at = occurred_at - interval '1 day' WHERE kind = 'accept'""",
    "ended_with_its_last_move": """
        UPDATE incidents_incident SET closed_at = closed_at + interval '1 second' WHERE state = 'voided'""",
    "arrived_as_recorded": "UPDATE incidents_incident SET came_from_id = '511111101' WHERE state = 'answered'",
    "counts_of_return_are_true": "UPDATE incidents_incident SET rework_count = rework_count + 1",
    "answered_by_who_answered": "UPDATE incidents_incident SET answered_by_unit_id = NULL WHERE state = 'answered'",
    "events_stay_in_their_district": "UPDATE incidents_incidentevent SET district_id = '511111100'",
    "place_and_holder_are_in_the_district": "UPDATE incidents_incident SET district_id = '511111100'",
    "number_names_district_and_day": "UPDATE incidents_incident SET number = '9' || number",
    "points_lie_in_their_grid": "UPDATE incidents_incident SET point = st_translate(point, 1, 0)",
    "merged_into_another": "UPDATE incidents_incident SET master_id = id WHERE state = 'merged'",
    "holders_see_it": "DELETE FROM incidents_sight WHERE why = 'held'",
    "reporting_unit_sees_it": "DELETE FROM incidents_sight WHERE why = 'reported'",
    "ordered_units_see_it": "DELETE FROM incidents_sight WHERE why = 'assigned'",
    "who_saw_the_merged_sees_the_master": """
        INSERT INTO incidents_sight (incident_id, unit_id, since, why)
        SELECT id, '511111101', now(), 'held' FROM incidents_incident WHERE state = 'merged'""",
    "handling_is_remembered": "DELETE FROM incidents_handler WHERE act = 'fed_back'",
    "nobody_closed_own_work": """
        INSERT INTO incidents_handler (incident_id, person_id, unit_id, act, at)
        SELECT incident_id, actor_id, unit_id, 'answer', occurred_at FROM incidents_incidentevent
        WHERE kind = 'close'""",
    "the_stage_clock_is_open": "UPDATE incidents_clock SET unit_id = '511111101' WHERE stage = 'accept'",
    "suspension_rests_the_handling": f"""
        UPDATE incidents_clock SET unit_id = '511111101' WHERE stage = 'handle' AND {OPEN_CLOCK}
        AND incident_id IN (SELECT id FROM incidents_incident WHERE state = 'suspended')""",
    "the_overall_clock_is_open": """
        UPDATE incidents_clock SET state = 'paused', pause_cause = 'dispatch', run_since = NULL, next_at = NULL
        WHERE stage = 'overall' AND state = 'running'""",
    "what_rests_waits_for_a_clock": """
        UPDATE incidents_clock SET state = 'paused', pause_cause = 'suspension', run_since = NULL, next_at = NULL
        WHERE stage = 'pause' AND state = 'running'""",
    "suspension_ends_on_its_date": """
        UPDATE incidents_clock SET due_at = due_at + interval '1 hour' WHERE stage = 'pause'""",
    "final_light_agrees_with_time_spent": "UPDATE incidents_clock SET spent = budget + 1 WHERE final_light = 'green'",
    "final_light_agrees_with_the_due_moment": """
        UPDATE incidents_clock SET due_at = stopped_at - interval '1 hour' WHERE final_light = 'green'""",
    "a_clock_ends_after_it_began": """
        UPDATE incidents_clock SET stopped_at = started_at - interval '1 day' WHERE state = 'stopped'""",
    "next_step_is_the_next_one": """
        UPDATE incidents_clock SET next_at = next_at + interval '1 hour' WHERE next_at IS NOT NULL""",
    "no_end_means_no_light": "UPDATE incidents_clock SET budget = 0 WHERE final_light = 'green'",
    "clocks_go_by_rules_of_their_stage": """
        UPDATE incidents_clock SET escalation_id = (SELECT min(id) FROM incidents_escalationrule WHERE stage = 'pause')
        WHERE stage = 'accept'""",
    "lights_are_on_record": "UPDATE incidents_clock SET step = 2 WHERE step = 0 AND state = 'stopped'",
    "clocks_name_their_subject": "UPDATE incidents_clock SET subject_id = 0 WHERE subject_kind = 'inspection'",
    "orders_are_open_while_dispatched": """
        UPDATE dispatch_assignment SET state = 'recalled', ended_at = now() WHERE state = 'called'""",
    "the_order_clock_is_open": f"""
        UPDATE incidents_clock SET unit_id = '511111101' WHERE subject_kind = 'assignment' AND {OPEN_CLOCK}""",
    "orders_were_called_by_a_move": "UPDATE dispatch_assignment SET called_seq = 99",
    "orders_ended_on_record": """
        UPDATE dispatch_assignment SET ended_at = ended_at + interval '1 second' WHERE state = 'fed_back'""",
    "a_signed_order_has_its_moment": "UPDATE dispatch_assignment SET signed_at = NULL WHERE state = 'fed_back'",
    "set_aside_with_approval": "DELETE FROM dispatch_approval WHERE state = 'granted'",
    "requests_wait_where_they_can_be_granted": """
        UPDATE dispatch_approval SET state = 'pending', decided_at = NULL WHERE kind = 'void'""",
    "inspections_are_of_the_settled": "UPDATE incidents_incident SET self_handled = false WHERE self_handled",
    "the_inspection_clock_is_open": "UPDATE incidents_inspection SET ended_at = now() WHERE ended_at IS NULL",
    "notices_name_their_incident": """
        UPDATE dispatch_notice SET incident_id = (SELECT max(id) FROM incidents_incident)""",
    "the_reply_clock_is_open": f"""
        UPDATE incidents_clock SET unit_id = '511111101' WHERE subject_kind = 'card' AND {OPEN_CLOCK}""",
    "no_card_is_open_on_what_ended": """
        UPDATE dispatch_card SET state = 'issued', ended_at = NULL WHERE state = 'lapsed' AND kind = 'urge'""",
    "the_policy_had_its_reason": "UPDATE dispatch_card SET step = 99 WHERE clock_id IS NOT NULL",
    "cards_are_on_record": """
        UPDATE incidents_incidentevent SET kind = 'comment' WHERE kind IN ('card_issued', 'card_lapsed')""",
    "everything_was_told": "INSERT INTO incidents_unannounced (event_id) SELECT max(id) FROM incidents_incidentevent",
    "deadlines_follow_from_their_limits": "UPDATE incidents_clock SET budget = budget + 60 WHERE state = 'running'",
    "sequences_are_ahead": "ALTER SEQUENCE incidents_incident_id_seq RESTART WITH 1",
}


def _settle(play: Play, grid_of: str) -> Incident:
    point = play.cast.point(getattr(play.cast, grid_of))
    return lifecycle.self_handle(
        actor=play.cast.officer,
        now=play.now,
        text="楼道杂物",
        result="已清走",
        category=play.category,
        position=Position(point.x, point.y),
    )


def _tell_everything(play: Play) -> None:
    """An incident of every state, orders of many states, lights, a climb by the clock, a pending request."""
    cast = play.cast
    DistrictProfile.objects.create(district=cast.district, recheck_share=1)
    confirmed = _settle(play, "grid")
    lifecycle.confirm(incident_id=confirmed.pk, actor=cast.village_checker, now=play.later(minutes=5), note="属实")
    climbed = play.report(text="夜间噪声")
    play.later(hours=24)
    supervision.sweep_until_drained(now=play.now)
    assert play.fresh(climbed).holder != cast.village
    _settle(play, "grid")
    _lay_cards(play)
    play.report()
    play.press(play.answered(), "close", cast.district_checker, "核查属实")
    play.press(play.answered(), "rework", cast.district_checker, "还有残留")
    play.dispatched(cast.department, cast.other_department)
    play.answered_in_one_go()
    play.suspended(play.at_district())
    play.suspended(play.dispatched())
    play.press(play.suspended(play.at_district()), "resume", cast.district_duty_chief)
    play.press(play.at_district(), "ask_suspend", cast.district_clerk, review_at=play.now + timedelta(days=10))
    voided = play.at_district()
    play.press(voided, "ask_void", cast.district_clerk)
    play.press(voided, "grant", cast.district_duty_chief, approval_id=play.request(voided).pk)
    play.press(play.report(), "dismiss", cast.village_clerk)
    master, twin = play.report(), play.report()
    play.press(twin, "merge", cast.village_clerk, master=master)
    notices.announce_until_done(now=play.now)
    assert {state.value for state in State} == set(Incident.objects.values_list("state", flat=True))


def _lay_cards(play: Play) -> None:
    """Urges and cards: by the policy, answered, withdrawn, lapsed and waiting."""
    cast = play.cast
    play.now = play.order_clock(play.order(play.dispatched()), Stage.SIGN).due_at + timedelta(minutes=1)
    assert supervision.sweep_until_drained(now=play.now).cards > 0
    ended, going = play.report(), play.report()
    for incident in (ended, going):
        play.press(incident, "urge", cast.town_clerk, target_unit=cast.village)
        play.press(incident, "supervise", cast.town_head, target_unit=cast.village, colour="red")
    urge, card = going.cards.order_by("pk")
    play.press(going, "reply_card", cast.village_clerk, card_id=urge.pk)
    play.press(going, "withdraw_card", cast.town_head, card_id=card.pk)
    play.press(going, "supervise", cast.town_clerk, target_unit=cast.village, colour="ordinary")
    play.press(ended, "dismiss", cast.village_clerk)


def _broken(name: str = "") -> list[str]:
    return [str(one) for one in invariants.broken(settled=True, names=[name] if name else ())]


def test_every_invariant_holds_and_notices_the_row_that_breaks_it(play: Play) -> None:
    _tell_everything(play)
    assert _broken() == []
    deaf = []
    for name, change in BREAKS.items():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE incidents_incidentevent DISABLE TRIGGER USER")
            cursor.execute("ALTER TABLE dispatch_card DISABLE TRIGGER USER")
            cursor.execute("ALTER TABLE incidents_clock DISABLE TRIGGER USER")
            cursor.execute(change)
            if not any(line.startswith(f"{name}: ") for line in _broken(name)):
                deaf.append(name)
            transaction.set_rollback(True)
    assert deaf == []
    assert _broken() == []


def test_every_invariant_has_a_row_that_breaks_it() -> None:
    names = {one.name for one in invariants.invariants(settled=True)} | set(COUNTED)
    assert names == set(BREAKS)
    assert "everything_was_told" not in {one.name for one in invariants.invariants()}


@pytest.mark.django_db
def test_an_empty_database_breaks_nothing() -> None:
    assert _broken() == []
