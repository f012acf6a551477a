"""Who hears of what, one sentence a test."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dispatch import notices, supervision
from dispatch.audience import AUDIENCES, RED_WITH_CARD, WEIGHT, Reason
from dispatch.models import Notice, ReturnReason
from dispatch.moves import Order
from grids import house, posts
from grids.models import Person, Post
from incidents.models import Incident, IncidentEvent, Unannounced
from incidents.records import KINDS
from incidents.states import MOVES, Stage
from tests.dispatch.play import Play

SECOND = timedelta(seconds=1)


def told(play: Play, incident: Incident, kind: str) -> dict[str, str]:
    """User name to reason, of everybody told about the last event of `kind`."""
    notices.announce_until_done(now=play.now)
    event = IncidentEvent.objects.filter(incident=incident, kind=kind).latest("pk")
    return dict(Notice.objects.filter(event=event).values_list("person__username", "reason"))


def test_every_kind_of_event_has_its_line_in_the_table() -> None:
    assert set(AUDIENCES) == set(MOVES) | set(KINDS) | set(house.KINDS) | {RED_WITH_CARD}
    assert len(WEIGHT) == len(Reason)


def test_a_report_is_heard_of_by_the_clerks_of_its_village_and_not_by_who_reported_it(play: Play) -> None:
    incident = play.report()
    assert told(play, incident, "report") == {"village_clerk": Reason.ARRIVAL}
    assert not Unannounced.objects.exists()


def test_the_officer_of_the_grid_hears_of_a_report_that_somebody_else_made_there(play: Play) -> None:
    incident = play.report(by=play.cast.village_clerk, grid=play.cast.grid)
    assert told(play, incident, "report") == {"officer": Reason.YOUR_GRID}


def test_an_escalation_is_heard_of_where_it_arrives(play: Play) -> None:
    incident = play.press(play.report(), "escalate", play.cast.village_clerk)
    assert told(play, incident, "escalate") == {"town_clerk": Reason.ARRIVAL}


def test_sw_13_after_three_transfers_the_first_receiver_still_gets_the_result(play: Play) -> None:
    cast = play.cast
    incident = play.report()
    incident = play.press(incident, "transfer", cast.village_clerk, target_unit=cast.sibling_village)
    incident = play.press(incident, "transfer", cast.sibling_clerk, target_unit=cast.village)
    incident = play.press(incident, "transfer", cast.village_clerk, target_unit=cast.sibling_village)
    incident = play.press(incident, "accept", cast.sibling_clerk)
    incident = play.press(incident, "answer", cast.sibling_clerk)
    assert told(play, incident, "answer") == {"town_checker": Reason.TO_CHECK, "officer": Reason.HANDLED}
    incident = play.press(incident, "close", cast.town_checker, note="复核属实")
    assert told(play, incident, "close") == {"officer": Reason.RESULT}
    incident = play.press(incident, "reopen", cast.town_checker)
    assert told(play, incident, "reopen")["officer"] == Reason.GOES_ON, "that it goes on is no result"
    assert incident.first_receiver == cast.officer


def test_every_way_an_incident_ends_is_told_to_the_first_receiver(play: Play) -> None:
    cast = play.cast
    dismissed = play.press(play.report(), "dismiss", cast.village_clerk)
    merged = play.report()
    play.press(merged, "merge", cast.village_clerk, master=play.at_holder(merged))
    voided = play.at_district()
    play.press(voided, "ask_void", cast.district_clerk)
    play.press(voided, "grant", cast.district_duty_chief, approval_id=play.request(voided).pk)
    for incident, kind in ((dismissed, "dismiss"), (merged, "merge"), (voided, "void")):
        assert told(play, incident, kind)["officer"] == Reason.RESULT


def test_an_order_is_heard_of_by_the_units_that_got_it(play: Play) -> None:
    incident = play.dispatched(play.cast.department, play.cast.town)
    assert told(play, incident, "dispatch") == {"handler": Reason.ORDER, "town_clerk": Reason.ORDER}


def test_feedback_and_returns_are_heard_of_by_the_dispatcher(play: Play) -> None:
    cast = play.cast
    incident = play.dispatched(cast.department, cast.other_department)
    play.press(
        incident,
        "return",
        cast.handler,
        assignment_id=play.order(incident, cast.department).pk,
        reason=ReturnReason.NOT_OURS,
    )
    assert told(play, incident, "returned") == {"district_dispatcher": Reason.RETURNED}
    given = {"assignment_id": play.order(incident, cast.department).pk, "orders": [Order(cast.town, "请接办")]}
    play.press(incident, "replace", cast.district_dispatcher, **given)
    assert told(play, incident, "order_replaced") == {"town_clerk": Reason.ORDER}
    play.finish(incident, cast.other_department, cast.other_handler)
    assert told(play, incident, "fed_back") == {"district_dispatcher": Reason.FED_BACK}
    play.press(incident, "recall", cast.district_dispatcher)
    assert told(play, incident, "order_recalled") == {"town_clerk": Reason.CALLED_OFF}


def test_rework_is_heard_of_by_the_unit_that_does_it_again(play: Play) -> None:
    incident = play.press(play.answered(), "rework", play.cast.district_checker)
    assert told(play, incident, "ordered_again") == {"handler": Reason.REWORK}


def test_requests_go_to_the_duty_chief_and_the_decision_to_who_asked(play: Play) -> None:
    cast = play.cast
    incident = play.dispatched()
    play.press(incident, "ask_suspend", cast.handler, review_at=play.now + timedelta(days=3))
    assert told(play, incident, "approval_asked") == {"district_duty_chief": Reason.APPROVAL}
    play.press(incident, "grant", cast.district_duty_chief, approval_id=play.request(incident).pk)
    heard = told(play, incident, "suspend")
    assert heard == {
        "handler": Reason.DECIDED,
        "district_clerk": Reason.GOES_ON,
        "district_dispatcher": Reason.GOES_ON,
    }


def test_sw_6_a_red_light_is_heard_of_by_the_duty_contact_and_the_head_of_the_unit(play: Play) -> None:
    cast = play.cast
    cast.village.duty_contact = cast.village_checker
    cast.village.save(update_fields=["duty_contact"])
    incident = play.report()
    play.now = play.clock(incident, Stage.ACCEPT).due_at + SECOND
    supervision.sweep(now=play.now, full=True)
    heard = told(play, incident, "light_red")
    assert heard == {
        "village_checker": Reason.RED,
        "village_head": Reason.RED,
        "village_clerk": Reason.RED,
    }
    assert told(play, incident, "escalate") == {"town_clerk": Reason.ARRIVAL}


def test_where_no_duty_contact_is_named_the_duty_chief_hears_of_it(play: Play) -> None:
    incident = play.press(play.report(), "escalate", play.cast.village_clerk)
    play.now = play.clock(incident, Stage.ACCEPT).due_at + SECOND
    supervision.sweep(now=play.now, full=True)
    assert set(told(play, incident, "light_red")) == {"town_duty_chief", "town_head", "town_clerk"}


def test_a_card_is_heard_of_by_the_unit_and_the_leader_on_duty(play: Play) -> None:
    incident = play.dispatched()
    play.now = play.order_clock(play.order(incident), Stage.SIGN).due_at + SECOND
    supervision.sweep(now=play.now, full=True)
    assert told(play, incident, "light_red") == {
        "handler": Reason.RED,
        "department_head": Reason.CARD,
        "district_head": Reason.CARD,
        "district_duty_chief": Reason.CARD,
    }


def test_near_due_is_heard_of_by_those_who_can_still_do_it(play: Play) -> None:
    incident = play.report()
    warn_at = play.clock(incident, Stage.ACCEPT).warn_at
    assert warn_at is not None
    play.now = warn_at
    supervision.sweep(now=warn_at, full=True)
    assert told(play, incident, "light_yellow") == {"village_clerk": Reason.YELLOW}


def test_a_light_that_a_worse_one_overtook_says_nothing(play: Play) -> None:
    incident = play.report()
    supervision.sweep(now=play.now + timedelta(days=30), full=True)
    notices.announce_until_done(now=play.now)
    yellow = IncidentEvent.objects.filter(incident=incident, kind="light_yellow", details__stage="accept")
    assert yellow.exists() and not Notice.objects.filter(event__in=yellow).exists()


def test_a_person_reached_twice_reads_the_weightier_reason_once(play: Play) -> None:
    """The clerk who reported it by phone is told of the result once."""
    cast = play.cast
    incident = play.report(by=cast.village_clerk)
    incident = play.press(incident, "dismiss", cast.village_clerk)
    assert told(play, incident, "dismiss") == {"officer": Reason.YOUR_GRID}
    other = play.press(play.report(), "accept", cast.village_clerk)
    other = play.press(other, "answer", cast.village_clerk)
    assert told(play, other, "answer") == {"officer": Reason.HANDLED, "town_checker": Reason.TO_CHECK}


def test_somebody_whose_post_ended_hears_nothing(play: Play) -> None:
    post = Post.objects.get(person=play.cast.village_clerk)
    posts.relieve(post=post, at=play.now)
    incident = play.report()
    assert told(play, incident, "report") == {}
    assert not Unannounced.objects.exists()


def test_an_event_that_cannot_be_told_stays_and_stops_no_other(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = play.report(), play.report()
    notices_of = notices._notices_of

    def fails_for_one(event: IncidentEvent, *given: object) -> list[Notice]:
        if event.incident_id == bad.pk:
            raise RuntimeError("poison")
        return notices_of(event, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(notices, "_notices_of", fails_for_one)
    notices.announce_until_done(now=play.now)
    assert [row.event.incident for row in Unannounced.objects.all()] == [bad]
    assert Notice.objects.filter(incident=good).exists()
    monkeypatch.undo()
    notices.announce_until_done(now=play.now)
    assert Notice.objects.filter(incident=bad).exists()


def test_announcing_a_thousand_events_takes_a_handful_of_statements(play: Play) -> None:
    for _number in range(20):
        play.report()
    with CaptureQueriesContext(connection) as taken:
        assert notices.announce_pending(now=play.now).events == 20
    assert len(taken) <= 11


def test_what_was_told_goes_to_open_pages_after_the_commit_and_a_failure_there_is_nobodys(
    play: Play, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    seen: list[int] = []

    def publish(events: Sequence[IncidentEvent]) -> int:
        seen.extend(event.pk for event in events)
        raise RuntimeError("no feed")

    monkeypatch.setattr(notices.feed, "publish", publish)
    incident = play.report()
    with django_capture_on_commit_callbacks(execute=True):
        notices.announce_pending(now=play.now)
        assert not seen
    assert seen == [play.event(incident).pk] and Notice.objects.filter(incident=incident).exists()


def inbox(person: Person, **given: object) -> list[int]:
    return [notice.pk for notice in notices.notices_for(person, **given)]  # type: ignore[arg-type]


def test_the_inbox_pages_by_key_and_counts_what_is_unread(play: Play) -> None:
    clerk = play.cast.village_clerk
    incidents = [play.report() for _number in range(5)]
    notices.announce_until_done(now=play.now)
    assert notices.unread_count(clerk) == 5
    first = inbox(clerk, limit=2)
    second = inbox(clerk, limit=2, before=first[-1])
    assert len(set(first + second)) == 4 and min(first) > max(second)

    assert notices.mark_read(clerk, now=play.now, ids=first) == 2
    assert notices.mark_read(clerk, now=play.now, ids=first) == 0
    assert notices.mark_read(play.cast.town_clerk, now=play.now, ids=second) == 0
    assert inbox(clerk, only_unread=True) == sorted(set(inbox(clerk)) - set(first), reverse=True)
    assert notices.mark_incident_read(clerk, incident_ids=[incidents[0].pk], now=play.now) == 1
    assert notices.mark_read(clerk, now=play.now) == 2
    assert notices.unread_count(clerk) == 0
