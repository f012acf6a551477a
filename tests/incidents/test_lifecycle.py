"""Births and moves of an incident, one sentence a test. The walk over every row of the table is in tests/dispatch."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError, InternalError

from incidents import lifecycle, records
from incidents.births import Position
from incidents.models import (
    Clock,
    ClockState,
    Handler,
    Incident,
    IncidentEvent,
    Inspection,
    Light,
    LocatedBy,
    Sight,
    Unannounced,
)
from incidents.records import Acting
from incidents.refusals import MoveRefused
from incidents.states import Stage, State, Urgency
from tests.incidents.story import Story


def refusal(story: Story, *args: object, **details: object) -> str:
    with pytest.raises(MoveRefused) as caught:
        story.move(*args, **details)  # type: ignore[arg-type]
    return caught.value.code


def test_a_report_waits_at_the_village_of_its_grid_with_two_clocks_running(story: Story) -> None:
    incident = story.report()

    assert (incident.state, incident.holder_id, incident.place_id) == (
        State.REPORTED,
        story.cast.village.pk,
        story.cast.grid.pk,
    )
    running = set(Clock.objects.filter(incident=incident).values_list("stage", "unit_id", "state"))
    assert running == {
        (Stage.ACCEPT, story.cast.village.pk, ClockState.RUNNING),
        (Stage.OVERALL, story.cast.village.pk, ClockState.RUNNING),
    }
    assert incident.first_receiver == story.cast.officer
    assert incident.first_unit_id == story.cast.grid.pk
    assert incident.number.startswith("51111120260304") and len(incident.number) >= 19
    assert incident.located_by == LocatedBy.INSIDE and incident.boundary is not None


def test_a_point_on_a_border_goes_to_the_grid_of_the_officer_who_reports(story: Story) -> None:
    point = story.cast.border_point()
    for officer, grid in ((story.cast.officer, story.cast.grid), (story.cast.second_officer, story.cast.second_grid)):
        incident = lifecycle.report(
            actor=officer, now=story.now, text="边界上", category=None, position=Position(point.x, point.y)
        )
        assert (incident.place_id, incident.located_by) == (grid.pk, LocatedBy.TIE)


def test_a_position_far_outside_is_refused_at_the_place_and_nothing_is_written(story: Story) -> None:
    with pytest.raises(MoveRefused) as caught:
        lifecycle.report(
            actor=story.cast.officer, now=story.now, text="远处", category=None, position=Position(100.0, 20.0)
        )
    assert (caught.value.code, caught.value.field) == ("outside", "place")
    assert not Incident.objects.exists()


def test_a_named_village_stands_in_where_no_position_is_known(story: Story) -> None:
    incident = lifecycle.report(
        actor=story.cast.village_clerk, now=story.now, text="来电反映", category=None, place=story.cast.village
    )
    assert (incident.place_id, incident.holder_id) == (story.cast.village.pk, story.cast.village.pk)
    assert (incident.located_by, incident.point) == (LocatedBy.NAMED, None)


def test_a_report_for_a_town_is_held_by_the_town(story: Story) -> None:
    incident = lifecycle.report(
        actor=story.cast.town_clerk, now=story.now, text="来电反映", category=None, place=story.cast.town
    )
    assert incident.holder_id == story.cast.town.pk


def test_a_gcj02_position_is_brought_to_the_grid_it_means(story: Story) -> None:
    from grids import datums

    point = story.cast.point(story.cast.grid)
    shifted = datums.from_cgcs2000([[point.x, point.y]], "gcj02")[0]
    incident = lifecycle.report(
        actor=story.cast.officer,
        now=story.now,
        text="高德坐标",
        category=None,
        position=Position(float(shifted[0]), float(shifted[1]), datum="gcj02"),
    )
    assert incident.place_id == story.cast.grid.pk
    assert incident.point is not None and abs(incident.point.x - point.x) < 1e-6
    assert (incident.raw_longitude, incident.raw_datum) == (float(shifted[0]), "gcj02")


def test_the_same_key_reports_once(story: Story) -> None:
    first = story.report(idempotency_key="abc")
    again = story.report(idempotency_key="abc", text="又按了一次")
    assert again.pk == first.pk
    assert Incident.objects.count() == 1 and IncidentEvent.objects.count() == 1


def test_what_an_officer_settles_on_the_spot_is_born_closed_and_green(story: Story) -> None:
    point = story.cast.point(story.cast.grid)
    incident = lifecycle.self_handle(
        actor=story.cast.officer,
        now=story.now,
        text="占道堆物",
        result="已劝离并清理",
        category=story.category,
        position=Position(point.x, point.y),
    )
    assert (incident.state, incident.holder_id, incident.self_handled) == (State.CLOSED, story.cast.grid.pk, True)
    assert incident.closed_at == story.now
    clock = Clock.objects.exclude(subject_kind="inspection").get(incident=incident)
    assert (clock.stage, clock.final_light) == (Stage.OVERALL, Light.GREEN)
    assert story.kinds(incident) == ["self_handle"]
    assert Handler.objects.get(incident=incident).person == story.cast.officer


def test_an_officer_settles_only_in_a_grid_of_their_own(story: Story) -> None:
    point = story.cast.point(story.cast.third_grid)
    with pytest.raises(MoveRefused) as caught:
        lifecycle.self_handle(
            actor=story.cast.officer,
            now=story.now,
            text="别的网格",
            result="已处理",
            category=None,
            position=Position(point.x, point.y),
        )
    assert (caught.value.code, caught.value.field) == ("not_your_grid", "settled")


def test_a_drawn_share_of_settled_incidents_goes_to_the_supervisor_with_a_check_clock(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("incidents.births.secrets.randbelow", lambda bound: 0)
    point = story.cast.point(story.cast.grid)
    incident = lifecycle.self_handle(
        actor=story.cast.officer, now=story.now, text="小事", result="已办", category=None,
        position=Position(point.x, point.y),
    )  # fmt: skip
    inspection = Inspection.objects.get(incident=incident)
    assert inspection.unit_id == story.cast.grid.pk
    clock = Clock.objects.get(incident=incident, subject_kind="inspection")
    assert (clock.subject_id, clock.stage, clock.state) == (inspection.pk, Stage.CHECK, ClockState.RUNNING)


def test_reopening_ends_the_inspection_and_its_clock(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("incidents.births.secrets.randbelow", lambda bound: 0)
    point = story.cast.point(story.cast.grid)
    incident = lifecycle.self_handle(
        actor=story.cast.officer, now=story.now, text="小事", result="已办", category=None,
        position=Position(point.x, point.y),
    )  # fmt: skip
    story.later(minutes=30)
    story.move(incident, "reopen", story.cast.village_checker)
    inspection = Inspection.objects.get(incident=incident)
    clock = Clock.objects.get(incident=incident, subject_kind="inspection")
    assert (inspection.ended_at, inspection.confirmed) == (story.now, False)
    assert (clock.state, clock.final_light, clock.stopped_at) == (ClockState.STOPPED, Light.GREEN, story.now)


def test_sw_7_four_hops_up_each_with_its_own_deadline(story: Story) -> None:
    incident = story.report()
    for by, holder in (
        (story.cast.village_clerk, story.cast.village),
        (story.cast.town_clerk, story.cast.town),
        (story.cast.district_clerk, story.cast.district),
    ):
        assert incident.holder_id == holder.pk
        clock = story.clock(incident, Stage.ACCEPT)
        assert (clock.unit_id, clock.state, clock.started_at) == (holder.pk, ClockState.RUNNING, story.now)
        story.later(minutes=20)
        if holder != story.cast.district:
            incident = story.move(incident, "escalate", by)
    assert refusal(story, incident, "escalate", story.cast.district_clerk) == "top_reached"
    greens = Clock.objects.filter(incident=incident, stage=Stage.ACCEPT, state=ClockState.STOPPED)
    assert {clock.final_light for clock in greens} == {Light.GREEN}


def test_escalating_past_a_tier_is_for_urgent_matters_only(story: Story) -> None:
    calm = story.report()
    assert refusal(story, calm, "escalate_urgent", story.cast.village_clerk) == "not_urgent"
    urgent = story.report(urgency=Urgency.URGENT)
    assert story.move(urgent, "escalate_urgent", story.cast.village_clerk).holder_id == story.cast.district.pk


def test_send_back_goes_to_who_sent_it_and_only_twice_per_pair(story: Story) -> None:
    incident = story.report()
    assert refusal(story, incident, "send_back", story.cast.village_clerk) == "no_sender"
    for _turn in range(2):
        incident = story.move(incident, "escalate", story.cast.village_clerk)
        incident = story.move(incident, "send_back", story.cast.town_clerk)
        assert (incident.state, incident.holder_id) == (State.REPORTED, story.cast.village.pk)
        assert refusal(story, incident, "send_back", story.cast.village_clerk) == "no_sender"
    incident = story.move(incident, "escalate", story.cast.village_clerk)
    assert refusal(story, incident, "send_back", story.cast.town_clerk) == "ping_pong"


def test_transfer_goes_sideways_to_a_sibling_only(story: Story) -> None:
    incident = story.report()
    clerk = story.cast.village_clerk
    assert refusal(story, incident, "transfer", clerk) == "missing"
    for wrong in (story.cast.town, story.cast.other_village, story.cast.village):
        assert refusal(story, incident, "transfer", clerk, target_unit=wrong) == "wrong_unit"
    moved = story.move(incident, "transfer", clerk, target_unit=story.cast.sibling_village)
    assert (moved.holder_id, moved.place_id) == (story.cast.sibling_village.pk, story.cast.grid.pk)
    back = story.move(moved, "send_back", story.cast.sibling_clerk)
    assert back.holder_id == story.cast.village.pk


def test_what_a_village_does_itself_is_checked_by_the_town(story: Story) -> None:
    incident = story.move(story.report(), "accept", story.cast.village_clerk)
    incident = story.move(incident, "answer", story.cast.village_clerk, "已修复")
    assert (incident.state, incident.holder_id) == (State.ANSWERED, story.cast.town.pk)
    assert story.clock(incident, Stage.HANDLE).final_light == Light.GREEN
    assert story.clock(incident, Stage.CHECK).unit_id == story.cast.town.pk
    assert refusal(story, incident, "close", story.cast.town_clerk) == "no_right"
    closed = story.move(incident, "close", story.cast.town_checker, "已核实")
    assert (closed.state, closed.closed_at) == (State.CLOSED, story.now)
    assert story.clock(closed, Stage.OVERALL).final_light == Light.GREEN
    assert not Clock.objects.filter(incident=closed).exclude(state=ClockState.STOPPED).exists()


def test_a_datum_nobody_knows_is_refused_at_its_field(story: Story) -> None:
    with pytest.raises(MoveRefused) as refused:
        lifecycle.report(
            actor=story.cast.officer,
            now=story.now,
            text="井盖缺失",
            category=story.category,
            position=Position(103.5, 29.4, "mars"),
        )
    assert (refused.value.code, refused.value.field) == ("unknown_datum", "datum")


def test_nobody_closes_what_they_did_nor_what_their_unit_did(story: Story) -> None:
    from grids import posts
    from grids.duties import Duty

    cast = story.cast
    posts.appoint(unit=cast.town, person=cast.village_clerk, duty=Duty.CHECKER, since=story.now, now=story.now)
    posts.appoint(unit=cast.town, person=cast.village_head, duty=Duty.CHECKER, since=story.now, now=story.now)
    incident = story.move(story.report(), "accept", cast.village_clerk)
    incident = story.move(incident, "answer", cast.village_clerk)
    assert refusal(story, incident, "close", cast.village_clerk) == "handled_it"
    assert refusal(story, incident, "close", cast.village_head) == "handled_it"
    assert refusal(story, incident, "rework", cast.village_head) == "handled_it"


def test_at_the_top_another_person_of_the_same_unit_closes(story: Story) -> None:
    from grids import posts
    from grids.duties import Duty

    cast = story.cast
    posts.appoint(unit=cast.district, person=cast.district_clerk, duty=Duty.CHECKER, since=story.now, now=story.now)
    incident = story.report(urgency=Urgency.URGENT)
    incident = story.move(incident, "escalate_urgent", cast.village_clerk)
    incident = story.move(incident, "accept", cast.district_clerk)
    incident = story.move(incident, "answer", cast.district_clerk)
    assert incident.holder_id == cast.district.pk
    assert refusal(story, incident, "close", cast.district_clerk) == "handled_it"
    assert story.move(incident, "close", cast.district_checker).state == State.CLOSED


def test_rework_goes_back_to_the_handler_with_a_fresh_clock_and_is_counted(story: Story) -> None:
    incident = story.move(story.report(), "accept", story.cast.village_clerk)
    incident = story.move(incident, "answer", story.cast.village_clerk)
    story.later(hours=1)
    incident = story.move(incident, "rework", story.cast.town_checker, "没有修好")
    assert (incident.state, incident.holder_id, incident.rework_count) == (State.ACCEPTED, story.cast.village.pk, 1)
    clock = story.clock(incident, Stage.HANDLE)
    assert (clock.state, clock.started_at) == (ClockState.RUNNING, story.now)


def test_suspension_pauses_every_clock_and_resuming_gives_back_what_was_left(story: Story) -> None:
    incident = story.move(story.report(), "accept", story.cast.village_clerk)
    before = story.clock(incident, Stage.HANDLE).due_at
    review = story.now + timedelta(days=30)
    approval = {"id": 1, "asked_by": story.cast.village_clerk.pk}
    with pytest.raises(MoveRefused):
        story.move(incident, "suspend", story.cast.village_clerk, review_at=review, approval=approval)
    assert refusal(story, incident, "suspend", None, review_at=review, approval=approval) == "by_person_only"
    town = story.move(incident, "escalate", story.cast.village_clerk)
    town = story.move(town, "accept", story.cast.town_clerk)
    held = story.move(town, "suspend", story.cast.town_duty_chief, review_at=review, approval=approval)
    assert (held.state, held.review_at) == (State.SUSPENDED, review)
    states = dict(Clock.objects.filter(incident=held).exclude(state="stopped").values_list("stage", "state"))
    assert states == {Stage.OVERALL: "paused", Stage.HANDLE: "paused", Stage.PAUSE: "running"}
    story.later(days=7)
    resumed = story.move(held, "resume", story.cast.town_duty_chief, "")
    assert (resumed.state, resumed.review_at) == (State.ACCEPTED, None)
    clock = story.clock(resumed, Stage.HANDLE)
    assert clock.state == ClockState.RUNNING and clock.due_at > before


def test_nobody_grants_their_own_request(story: Story) -> None:
    incident = story.move(story.report(), "escalate", story.cast.village_clerk)
    chief = story.cast.town_duty_chief
    assert refusal(story, incident, "void", chief, approval={"id": 1, "asked_by": chief.pk}) == "own_request"
    assert refusal(story, incident, "void", chief) == "missing"


def test_merging_needs_rights_at_both_holders_and_shares_sight(story: Story) -> None:
    master = story.report(grid=story.cast.third_grid, by=story.cast.third_officer)
    incident = story.report()
    clerk = story.cast.village_clerk
    assert refusal(story, incident, "merge", clerk, master=master) == "no_right"
    master, incident = (
        story.move(master, "escalate", story.cast.sibling_clerk),
        story.move(incident, "escalate", clerk),
    )
    merged = story.move(incident, "merge", story.cast.town_clerk, master=master)
    assert (merged.state, merged.master_id) == (State.MERGED, master.pk)
    assert not Clock.objects.filter(incident=merged).exclude(state="stopped").exists()
    assert story.cast.grid.pk in set(Sight.objects.filter(incident=master).values_list("unit_id", flat=True))
    story.later(hours=1)
    again = story.move(merged, "unmerge", story.cast.town_clerk, "")
    assert (again.state, again.master_id) == (State.REPORTED, None)
    assert story.clock(again, Stage.OVERALL).started_at == again.reported_at
    assert refusal(story, again, "merge", story.cast.town_clerk, master=again) == "missing"


def test_a_closed_incident_reopens_at_the_unit_that_handled_it_within_thirty_days(story: Story) -> None:
    incident = story.move(story.report(), "accept", story.cast.village_clerk)
    incident = story.move(incident, "answer", story.cast.village_clerk)
    incident = story.move(incident, "close", story.cast.town_checker)
    story.later(days=31)
    assert refusal(story, incident, "reopen", story.cast.town_checker) == "too_late"
    story.later(days=-2)
    again = story.move(incident, "reopen", story.cast.town_checker, "又坏了")
    assert (again.state, again.holder_id, again.relapse_count) == (State.ACCEPTED, story.cast.village.pk, 1)
    assert again.closed_at is None


def test_what_a_village_dismissed_can_be_reopened_by_the_town_above(story: Story) -> None:
    incident = story.move(story.report(), "dismiss", story.cast.village_clerk, "不属实")
    assert incident.state == State.DISMISSED
    assert story.clock(incident, Stage.ACCEPT).final_light == Light.NONE
    again = story.move(incident, "reopen", story.cast.town_checker, "群众再次反映")
    assert (again.state, again.holder_id) == (State.REPORTED, story.cast.town.pk)


def test_a_stale_press_is_refused_and_a_repeated_one_does_nothing(story: Story) -> None:
    incident = story.report()
    press = {"incident_id": incident.pk, "name": "accept", "actor": story.cast.village_clerk, "now": story.now}
    lifecycle.move(**press, seen_seq=1, idempotency_key="k")
    assert lifecycle.move(**press, seen_seq=1, idempotency_key="k").seq == 2
    with pytest.raises(MoveRefused) as caught:
        lifecycle.move(**press, seen_seq=1)
    assert caught.value.code == "stale"


def test_tl_9_the_record_cannot_be_changed_or_deleted_by_anybody(story: Story) -> None:
    incident = story.report()
    event = IncidentEvent.objects.get(incident=incident)
    for statement in (
        "UPDATE incidents_incidentevent SET note = 'x'",
        "DELETE FROM incidents_incidentevent",
    ):
        with pytest.raises((InternalError, IntegrityError), match="append-only"), transaction.atomic():
            connection.cursor().execute(statement)
    event.refresh_from_db()
    assert event.note == ""


def test_tl_9_the_record_cannot_be_emptied_outside_a_test_database(db: None) -> None:
    with pytest.raises((InternalError, IntegrityError), match="append-only"), connection.cursor() as cursor:
        cursor.execute("SET LOCAL wangge.allow_truncate = 'off'")
        cursor.execute("TRUNCATE incidents_incidentevent CASCADE")


def test_every_event_waits_to_be_announced_also_when_many_are_written_at_once(story: Story) -> None:
    incident = story.report()
    records.record(incident=incident, kind="comment", acting=Acting(story.cast.officer), now=story.now, note="补充")
    IncidentEvent.objects.bulk_create(
        IncidentEvent(incident=incident, district_id="511111", kind="comment", occurred_at=story.now) for _ in range(3)
    )
    assert Unannounced.objects.count() == IncidentEvent.objects.filter(incident=incident).count() == 5


def test_every_move_keeps_actor_acting_unit_and_duty(story: Story) -> None:
    incident = story.move(story.report(), "escalate", story.cast.village_clerk, "超出能力")
    event = IncidentEvent.objects.get(incident=incident, kind="escalate")
    assert (event.actor, event.unit_id, event.duty) == (story.cast.village_clerk, story.cast.village.pk, "clerk")
    assert (event.holder_before_id, event.holder_after_id) == (story.cast.village.pk, story.cast.town.pk)
    assert (event.state_before, event.state_after, event.seq) == (State.REPORTED, State.REPORTED, 2)
    assert event.details["lights"] == {"accept": "green"}
    assert event.recorded_at is not None
