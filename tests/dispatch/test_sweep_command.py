"""The process that watches the clocks: it acts, tells, and ends when told to."""

import signal
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone

from dispatch import notices, tasks
from dispatch.management.commands.sweep import Command
from dispatch.models import Notice, Ticker
from grids import permissions
from grids.duties import Right
from grids.models import Person, Post
from incidents.models import Incident, Unannounced
from incidents.states import Stage
from tests.dispatch import processes
from tests.dispatch.play import Play


def test_once_moves_what_is_overdue_and_tells_people(play: Play) -> None:
    incident = play.report()
    call_command("sweep", "--once", "--name", "by hand")
    assert play.fresh(incident).holder == play.cast.town
    assert Notice.objects.filter(person=play.cast.town_clerk).exists()
    assert not Unannounced.objects.exists()
    assert Ticker.objects.get(pk="by hand").last_drained is not None


def test_how_to_run_must_be_said() -> None:
    with pytest.raises(CommandError):
        call_command("sweep")


def test_the_tasks_do_the_same_as_the_command(play: Play) -> None:
    incident = play.report()
    tasks.sweep()
    tasks.announce()
    assert play.fresh(incident).holder == play.cast.town
    assert Notice.objects.filter(person=play.cast.town_clerk, incident=incident).exists()


def test_rights_follow_a_post_whose_time_came(play: Play) -> None:
    """A post from noon on gives its right at noon, without anybody appointing anew."""
    now = timezone.now()
    person = Person.objects.create(username="late", full_name="庚一", rights_due_at=now - timedelta(seconds=1))
    Post.objects.create(
        unit=play.cast.village, person=person, duty="clerk", period=DateTimeTZRange(now - timedelta(seconds=1), None)
    )
    assert not permissions.allows(person, Right.HANDLE, play.cast.village, now=now)
    tasks.regrant()
    assert permissions.allows(person, Right.HANDLE, play.cast.village, now=now)


def test_between_two_turns_what_happened_is_told_and_what_cannot_be_told_is_left_to_the_turn(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = Command()
    assert command._told()
    play.report()
    assert command._told()
    assert not Unannounced.objects.exists()
    play.report()
    monkeypatch.setattr(notices, "announce_pending", lambda *, now: notices.Told(0, 0))
    assert not command._told()


@pytest.mark.django_db(transaction=True)
def test_the_loop_works_while_it_runs_and_ends_at_once_on_sigterm(play: Play, tmp_path: Path) -> None:
    first = play.report()
    log = tmp_path / "sweep.log"
    process = processes.manage("sweep", "--loop", "--name", "loop", log=log)
    try:
        _wait(lambda: play.fresh(first).holder == play.cast.town, log)
        play.now = timezone.now() - timedelta(minutes=1)
        second = play.report(by=play.cast.second_officer, grid=play.cast.second_grid)
        late = timezone.now() - timedelta(minutes=1)
        second.clocks.filter(stage=Stage.ACCEPT).update(warn_at=late, due_at=late, next_at=late)
        _wait(lambda: Incident.objects.get(pk=second.pk).holder == play.cast.town, log)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0, log.read_text()
    finally:
        processes.kill(process)
    assert "stopped" in log.read_text()


def _wait(true: object, log: Path) -> None:
    deadline = time.monotonic() + 120
    while not true():  # type: ignore[operator]
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        time.sleep(0.1)
