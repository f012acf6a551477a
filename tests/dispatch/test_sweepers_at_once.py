"""Several sweepers, announcers and people at once, on committed rows: everything happens exactly once."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection, connections, transaction
from django.db.models import Count

from dispatch import moves, notices, supervision
from dispatch.models import Notice
from incidents.models import Clock, Incident, IncidentEvent, Unannounced
from incidents.refusals import MoveRefused
from incidents.states import Stage, State
from tests.dispatch import processes
from tests.dispatch.play import Play

pytestmark = pytest.mark.django_db(transaction=True)

OVERDUE = 200


def overdue(play: Play, count: int) -> list[Incident]:
    """That many incidents waiting at the village since March: overdue by any clock."""
    first = play.report()
    copies = []
    for number in range(1, count):
        copy = Incident.objects.get(pk=first.pk)
        copy.pk, copy.number, copy.token = None, f"{first.number}-{number}", _token()
        copies.append(copy)
    Incident.objects.bulk_create(copies)
    for clock in Clock.objects.filter(incident=first):
        Clock.objects.bulk_create([_for(clock, copy) for copy in copies])
    return [first, *copies]


def _token() -> object:
    return Incident._meta.get_field("token").get_default()


def _for(clock: Clock, incident: Incident) -> Clock:
    copy = Clock.objects.get(pk=clock.pk)
    copy.pk, copy.incident = None, incident
    return copy


def at_once(*works: Callable[[], object]) -> list[object]:
    """Run all works in threads of their own that start together; each closes its connection."""
    ready = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> object:
        ready.wait()
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def assert_each_moved_once(incidents: list[Incident]) -> None:
    escalated = IncidentEvent.objects.filter(kind="escalate").values("incident").annotate(times=Count("pk"))
    assert {row["incident"]: row["times"] for row in escalated} == {incident.pk: 1 for incident in incidents}
    red = IncidentEvent.objects.filter(kind="light_red", details__stage=Stage.ACCEPT)
    assert red.count() == red.values("clock").distinct().count() == len(incidents)
    assert not Incident.objects.exclude(seq=2).exists()
    open_clocks = Clock.objects.exclude(state="stopped").values("incident", "stage").annotate(times=Count("pk"))
    assert {row["times"] for row in open_clocks} == {1}


def test_four_sweepers_at_once_move_each_of_200_overdue_incidents_exactly_once(play: Play) -> None:
    incidents = overdue(play, OVERDUE)
    now = play.now + timedelta(days=40)

    def sweeper(name: str) -> Callable[[], supervision.SweepResult]:
        return lambda: supervision.sweep_until_drained(now=now, ticker=name)

    results = at_once(*[sweeper(name) for name in "abcd"])
    supervision.sweep_until_drained(now=now + timedelta(minutes=2), ticker="a")

    assert_each_moved_once(incidents)
    assert sum(result.failed for result in results) == 0  # type: ignore[attr-defined]
    assert Incident.objects.filter(holder=play.cast.town).count() == OVERDUE


@pytest.mark.slow
def test_sweeping_processes_killed_again_and_again_lose_and_double_nothing(play: Play, tmp_path: Path) -> None:
    """Processes started anew as often as they are killed; then one that ends by itself finishes the rest."""
    incidents = overdue(play, OVERDUE)
    log = tmp_path / "sweepers.log"
    for number in range(6):
        pair = [processes.manage("sweep", "--loop", "--name", f"{number}{twin}", log=log) for twin in "ab"]
        with processes.running(*pair):
            _until_more_than(_escalations(), seconds=20)
            for process in pair:
                processes.kill(process)
    last = processes.manage("sweep", "--once", "--name", "last", log=log)
    assert last.wait(60) == 0, log.read_text()
    supervision.sweep_until_drained(now=datetime.now(UTC) + timedelta(minutes=2), ticker="last")
    notices.announce_until_done(now=datetime.now(UTC))

    assert_each_moved_once(incidents)
    assert not Unannounced.objects.exists()
    doubled = Notice.objects.values("event", "person").annotate(times=Count("pk")).filter(times__gt=1)
    assert not doubled.exists()


def _escalations() -> int:
    return IncidentEvent.objects.filter(kind="escalate").count()


def _until_more_than(seen: int, *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while seen < OVERDUE and _escalations() <= seen:
        assert time.monotonic() < deadline, "the sweepers did nothing"
        time.sleep(0.02)


def test_a_press_and_the_sweep_at_the_same_moment_make_one_of_the_two_moves(play: Play) -> None:
    incidents = overdue(play, 12)
    now = play.now + timedelta(days=40)

    def accept_all() -> list[str]:
        codes = []
        for incident in incidents:
            try:
                moves.perform(
                    incident_id=incident.pk,
                    name="accept",
                    actor=play.cast.village_clerk,
                    now=now,
                    seen_seq=incident.seq,
                )
                codes.append("accepted")
            except MoveRefused as refused:
                codes.append(str(refused.code))
        return codes

    codes, _result = at_once(accept_all, lambda: supervision.sweep_until_drained(now=now, ticker="a"))
    supervision.sweep_until_drained(now=now + timedelta(minutes=2), ticker="a")
    assert isinstance(codes, list) and set(codes) <= {"accepted", "stale"}
    for incident, code in zip(incidents, codes, strict=True):
        events = list(IncidentEvent.objects.filter(incident=incident, seq=2).values_list("kind", flat=True))
        assert events == (["accept"] if code == "accepted" else ["escalate"])


def test_what_a_person_holds_in_hand_is_left_for_the_next_pass_without_waiting(play: Play) -> None:
    incident = play.report()
    late = play.now + timedelta(days=40)
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Incident.objects.select_for_update().get(pk=incident.pk)
            held.set()
            free.wait(10)

    def look() -> supervision.SweepResult:
        held.wait(10)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '200ms'")
        result = supervision.sweep(now=late, ticker="a")
        free.set()
        return result

    _none, result = at_once(hold, look)
    assert isinstance(result, supervision.SweepResult)
    assert (result.claimed, result.failed) == (0, 0)
    assert supervision.sweep(now=late + timedelta(minutes=2), ticker="a").moved == 1
    assert Incident.objects.get(pk=incident.pk).state == State.REPORTED


def test_two_announcers_at_once_tell_nobody_twice_and_forget_nothing(play: Play) -> None:
    overdue(play, 40)
    now = play.now + timedelta(days=40)
    supervision.sweep_until_drained(now=now, ticker="a")
    events = Unannounced.objects.count()
    assert events > 80

    def announcer() -> int:
        taken = 0
        while Unannounced.objects.exists():
            taken += notices.announce_pending(now=now, limit=7).events
        return taken

    assert sum(at_once(announcer, announcer, announcer)) == events  # type: ignore[arg-type]
    told = Notice.objects.values("event", "person").annotate(times=Count("pk"))
    assert told and {row["times"] for row in told} == {1}
    arrivals = Notice.objects.filter(event__kind="escalate", person=play.cast.town_clerk)
    assert arrivals.count() == 40


def test_an_announcer_that_dies_before_its_commit_has_told_nothing_and_the_next_tells_all(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    play.report()

    def dies(*_given: object, **_named: object) -> None:
        raise SystemExit

    monkeypatch.setattr(Notice.objects, "bulk_create", dies)
    with pytest.raises(SystemExit):
        notices.announce_pending(now=play.now)
    monkeypatch.undo()
    assert Unannounced.objects.count() == 1 and not Notice.objects.exists()
    assert notices.announce_pending(now=play.now).notices > 0
