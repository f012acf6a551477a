"""An incident nobody looks at climbs by itself, moved by a real worker and a real beat; nobody opens a page."""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from dispatch.audience import Reason
from dispatch.models import Notice, Ticker
from incidents.models import Clock, Incident, IncidentEvent, Unannounced
from incidents.states import Stage, State
from tests.dispatch import processes
from tests.dispatch.play import Play, play

__all__ = ["play"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

# A worker and a beat start beside browsers on two cores: waiting longer costs nothing where all is well.
PATIENCE = 120.0


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """A Redis of the test's own, gone afterwards."""
    program = shutil.which("redis-server")
    assert program, "redis-server is missing: run script/setup"
    port = free_port()
    server = subprocess.Popen(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        processes.end(server)


@pytest.fixture
def worker_and_beat(redis_url: str, tmp_path: Path) -> Iterator[Path]:
    """A worker with two processes and a beat, with the house's settings on the test's database; their log."""
    log = tmp_path / "celery.log"
    more = {"REDIS_URL": redis_url, "DJANGO_SETTINGS_MODULE": "tests.journeys.fast_settings"}
    celery = ("-m", "celery", "-A", "governance")
    worker = processes.start(*celery, "worker", "--concurrency", "2", log=log, **more)
    beat = processes.start(*celery, "beat", "--schedule", str(tmp_path / "beat"), log=log, **more)
    try:
        yield log
    finally:
        for process in (beat, worker):
            processes.end(process)


def wait_for(what: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, log.read_text()[-4000:]
        time.sleep(0.1)


def at(incident: Incident) -> tuple[str, str]:
    found = Incident.objects.get(pk=incident.pk)
    return found.holder_id, found.state


def let_time_pass(clock: Clock) -> None:
    """The clock's time is up this minute."""
    late = timezone.now() - timedelta(minutes=1)
    Clock.objects.filter(pk=clock.pk).update(warn_at=late, due_at=late, next_at=late)


def test_tl_4_an_unaccepted_incident_climbs_from_village_to_district_and_people_are_told(
    play: Play, worker_and_beat: Path
) -> None:
    cast, log = play.cast, worker_and_beat
    play.now = timezone.now() - timedelta(days=30)
    overdue = play.report()
    play.now = timezone.now()
    near_due = play.report()
    now = timezone.now()
    soon = {"warn_at": now, "due_at": now + timedelta(hours=1), "next_at": now}
    Clock.objects.filter(incident=near_due, stage=Stage.ACCEPT).update(**soon)

    wait_for(lambda: at(overdue) == (cast.town.pk, State.REPORTED), log)
    wait_for(lambda: IncidentEvent.objects.filter(incident=near_due, kind="light_yellow").exists(), log)
    assert at(near_due)[0] == cast.village.pk

    let_time_pass(play.clock(overdue, Stage.ACCEPT))
    wait_for(lambda: at(overdue) == (cast.district.pk, State.REPORTED), log)
    let_time_pass(play.clock(overdue, Stage.ACCEPT))
    reds = IncidentEvent.objects.filter(incident=overdue, kind="light_red", details__stage=Stage.ACCEPT)
    wait_for(lambda: reds.count() == 3, log)
    wait_for(lambda: not Unannounced.objects.exists(), log)

    assert at(overdue) == (cast.district.pk, State.REPORTED)
    assert IncidentEvent.objects.filter(incident=overdue, kind="escalate", actor=None).count() == 2
    assert [event.details["card"] for event in reds.order_by("pk")] == [False, False, True]
    told = set(Notice.objects.filter(incident=overdue).values_list("person__username", "reason"))
    assert {
        ("village_clerk", Reason.ARRIVAL),
        ("village_head", Reason.RED),
        ("town_clerk", Reason.ARRIVAL),
        ("town_head", Reason.RED),
        ("town_duty_chief", Reason.RED),
        ("district_clerk", Reason.ARRIVAL),
        ("district_head", Reason.CARD),
    } <= told
    assert Ticker.objects.filter(pk="beat").exists()
