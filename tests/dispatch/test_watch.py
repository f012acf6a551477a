"""The house looks at itself: what it finds late, what it asks of a sample, and who hears when it falls silent."""

import threading
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.db import connection
from django.test import override_settings

from dispatch import notices, samples, supervision, watch
from dispatch.models import SelfAudit, SweepFault, Ticker
from dispatch.watch import State
from incidents.models import Clock, Incident, IncidentEvent
from tests.cast import SHANGHAI
from tests.dispatch.play import Play

pytestmark = pytest.mark.django_db
LATER = datetime(2026, 3, 12, 9, 0, tzinfo=SHANGHAI)


def found(name: str, now: datetime = LATER, **given: datetime) -> watch.Finding:
    return next(one for one in watch.look(now, **given) if one.name == name)


def sign(now: datetime, name: str = "sweep-1") -> None:
    Ticker.objects.update_or_create(name=name, defaults={"last_tick": now})


def test_a_step_nobody_took_for_a_minute_is_late_and_says_for_how_long(play: Play) -> None:
    play.report()
    first = Clock.objects.exclude(next_at=None).order_by("next_at").first()
    assert first is not None and first.next_at is not None
    assert found("steps", first.next_at + timedelta(seconds=60)).state == State.OK
    late = found("steps", first.next_at + timedelta(seconds=61))
    assert (late.state, late.figures["late"], late.figures["lag"]) == (State.LATE, 1, 61)


def test_events_nobody_was_told_of_are_late_after_a_minute(play: Play) -> None:
    play.report()
    waiting = IncidentEvent.objects.latest("pk").recorded_at
    assert found("untold", waiting + timedelta(seconds=61)).state == State.LATE
    notices.announce_until_done(now=LATER)
    assert found("untold", waiting + timedelta(hours=1)) == watch.Finding("untold", State.OK, {"seconds": None})


def test_without_a_sweeper_the_spare_is_a_warning_and_without_both_it_is_late() -> None:
    assert found("sweep").state == State.LATE
    sign(LATER, watch.BEAT)
    assert (found("sweep").state, found("beat").state) == (State.WARN, State.OK)
    sign(LATER)
    sign(LATER - timedelta(seconds=44), "sweep-2")
    assert found("sweep").figures == {"processes": 2, "seconds": 0}
    assert found("beat", LATER + timedelta(seconds=121)).state == State.WARN


def test_two_clocks_that_disagree_are_told() -> None:
    assert found("clocks_agree", worker_now=LATER + timedelta(seconds=30)).state == State.OK
    assert found("clocks_agree", worker_now=LATER + timedelta(seconds=31)).state == State.LATE


def test_a_deadline_that_failed_stands_there_until_a_pass_takes_it() -> None:
    fault = SweepFault.objects.create(
        clock_id=1, incident_id=1, first_failed_at=LATER, last_failed_at=LATER, next_try_at=LATER, error="boom"
    )
    assert found("faults") == watch.Finding("faults", State.LATE, {"open": 1})
    SweepFault.objects.filter(pk=fault.pk).update(solved_at=LATER)
    assert found("faults").state == State.OK


def test_one_look_a_minute_is_kept_and_counts_the_lights_that_came_on_in_time(play: Play) -> None:
    sign(LATER)
    first = watch.audit(now=LATER, by="sweep-1")
    assert first is not None and (first.steps, first.on_time) == (0, 0)
    assert watch.audit(now=LATER + timedelta(seconds=20), by="sweep-2") is None, "this minute was looked at"
    play.report()
    clock = Clock.objects.exclude(next_at=None).order_by("next_at").first()
    assert clock is not None and clock.next_at is not None
    # In a test the record's own clock is today's, so every light counts as late by it.
    supervision.sweep_until_drained(now=clock.next_at)
    second = watch.audit(now=LATER + timedelta(minutes=1), by="sweep-1")
    assert second is not None and (second.steps, second.on_time) == (1, 0)
    assert next(one for one in second.findings if one["name"] == "punctual")["state"] == State.WARN
    assert watch.last_day(LATER + timedelta(minutes=1)).looks == 2


def test_the_sample_is_asked_what_the_whole_record_is_asked(play: Play) -> None:
    """One broken rule of each kind: found in the sample that holds it, and not in one that does not."""
    whole, other = play.report(), play.report()
    ids = [whole.pk, other.pk]
    assert samples.broken(ids) == []
    with connection.cursor() as cursor:
        cursor.execute("UPDATE incidents_incident SET seq = seq + 3 WHERE id = %s", [whole.pk])
        cursor.execute("DELETE FROM incidents_sight WHERE incident_id = %s", [whole.pk])
        cursor.execute("UPDATE incidents_clock SET next_at = next_at + interval '1 day' WHERE incident_id = %s",
                       [whole.pk])  # fmt: skip
    names = {one.name for one in samples.broken(ids)}
    assert {"seq_counts_the_moves", "holders_see_it", "next_step_is_the_next_one"} <= names
    assert samples.broken([other.pk]) == []


def test_what_was_moved_last_is_always_in_the_sample(play: Play) -> None:
    made = [play.report().pk for _number in range(6)]
    assert made[-1] in samples.draw(size=4)
    assert set(samples.draw(size=200)) == set(Incident.objects.values_list("pk", flat=True))


def test_a_record_that_breaks_a_rule_fails_the_look(play: Play) -> None:
    sign(LATER)
    incident = play.report()
    Incident.objects.filter(pk=incident.pk).update(seq=9)
    made = watch.audit(now=LATER, by="sweep-1")
    assert made is not None and not made.passed
    record = next(one for one in made.findings if one["name"] == "record")
    assert record["figures"]["broken"][0]["examples"] == (incident.number,)


def test_from_december_on_a_year_that_is_not_published_is_worth_a_look(play: Play) -> None:
    """It warns, it never says that the house is late."""
    for at, state in (("2026-11-30T12:00Z", State.OK), ("2026-12-01T12:00Z", State.WARN)):
        made = watch.audit(now=datetime.fromisoformat(at), by="sweep-1")
        assert made is not None
        (told,) = [one for one in made.findings if one["name"] == "calendars"]
        assert told["state"] == state
    assert told["figures"]["warnings"][0]["year"] == 2027


class Outside:
    """An address outside that counts its calls."""

    def __init__(self, status: int = 200) -> None:
        calls = self.calls = []

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                calls.append(self.path)
                self.send_response(status)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server.server_port}/ping"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def test_the_outside_address_is_called_only_while_all_is_well() -> None:
    outside = Outside()
    with override_settings(DEADMAN_URL=outside.url):
        assert not watch.call_outside(LATER), "nobody looked yet"
        row = SelfAudit.objects.create(minute=LATER, at=LATER, by="x", passed=True)
        assert watch.call_outside(LATER) and outside.calls == ["/ping"]
        assert not watch.call_outside(LATER + timedelta(minutes=3)), "the look is too old"
        SelfAudit.objects.filter(pk=row.pk).update(passed=False)
        assert not watch.call_outside(LATER) and outside.calls == ["/ping"]
    outside.server.shutdown()
    with override_settings(DEADMAN_URL=""):
        assert not watch.call_outside(LATER)


def test_an_outside_address_that_is_away_harms_nothing() -> None:
    SelfAudit.objects.create(minute=LATER, at=LATER, by="x", passed=True)
    with override_settings(DEADMAN_URL="http://127.0.0.1:9/ping"):
        assert not watch.call_outside(LATER)
    failing = Outside(status=500)
    with override_settings(DEADMAN_URL=failing.url):
        assert not watch.call_outside(LATER)
    failing.server.shutdown()
