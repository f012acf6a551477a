"""Celery as it is shipped: two beats double nothing, a broker that forgets loses nothing, a late beat is only late."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import redis as redis_client
from django.db import connection
from django.db.models import Count

from dispatch import notices, supervision
from dispatch.models import Card, Notice, Ticker
from incidents import escalations
from incidents.models import Clock, EscalationRule, Incident, IncidentEvent, RedAction, Sight, TimeUnit, Unannounced
from incidents.states import Stage, State
from tests.dispatch import processes
from tests.dispatch.crowd import copy
from tests.dispatch.play import Play
from tests.governance.listening import OwnRedis

OVERDUE, PATIENCE = 300, 90.0
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def lay(play: Play, first: Incident, stage: Stage, count: int, **columns: str) -> list[int]:
    """`count` incidents like the first one, each with the one clock of `stage`; `columns` are SQL over n."""
    clock = play.clock(first, stage)
    copy(Incident, first.pk, count, number="'copy-' || n", token="gen_random_uuid()")
    ids = list(Incident.objects.exclude(pk=first.pk).order_by("pk").values_list("pk", flat=True))
    own = f"{ids[0]} - 1 + n"
    copy(Clock, clock.pk, count, incident_id=own, **columns)
    for sight in Sight.objects.filter(incident=first):
        copy(Sight, sight.pk, count, incident_id=own)
    ended = {"state": "stopped", "run_since": None, "next_at": None, "stopped_at": play.now, "final_light": "none"}
    Clock.objects.filter(incident=first).exclude(state="stopped").update(**ended)
    return ids


def until(what: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        time.sleep(0.1)


@contextmanager
def own_redis(folder: Path) -> Iterator[OwnRedis]:
    redis = OwnRedis(folder)
    redis.start()
    try:
        yield redis
    finally:
        redis.stop()


def escalated() -> int:
    return IncidentEvent.objects.filter(kind="escalate").count()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_sw_8_two_beats_and_a_broker_that_stops_and_forgets_change_nothing(play: Play, tmp_path: Path) -> None:
    """Thirty clocks turn red each second, while Redis holds its breath and then loses all it knew."""
    soon = "now() + interval '3 hours'"
    # Nothing is due before everybody is at work.
    ids = lay(play, play.report(), Stage.ACCEPT, OVERDUE, warn_at=soon, due_at=soon, next_at=soon)
    log = tmp_path / "celery.log"
    with own_redis(tmp_path) as redis:
        here = {"log": log, "DJANGO_SETTINGS_MODULE": "tests.crash.beating", "REDIS_URL": redis.url}
        celery = ("-m", "celery", "-A", "governance")
        worker = processes.start(*celery, "worker", "-c", "2", "--without-gossip", "--without-mingle", **here)
        files = [str(tmp_path / name) for name in ("one", "two")]
        beats = [processes.start(*celery, "beat", "-s", file, "--pidfile=", **here) for file in files]
        with processes.running(worker, *beats):
            until(lambda: Ticker.objects.filter(name="beat").exists(), log)
            _fall_due(ids)
            until(lambda: escalated() > 0, log)
            assert redis.server is not None
            os.kill(redis.server.pid, signal.SIGSTOP)
            time.sleep(2)
            os.kill(redis.server.pid, signal.SIGCONT)
            broker = redis_client.Redis.from_url(redis.url)
            broker.flushall()
            processes.kill(beats[0])
            until(lambda: escalated() == OVERDUE and not Unannounced.objects.exists(), log)
            # Whoever would do anything twice has the time to.
            seen = Ticker.objects.get(name="beat").last_tick
            until(lambda: Ticker.objects.get(name="beat").last_tick > seen, log)
    _assert_each_once(play, ids)


def _fall_due(ids: list[int]) -> None:
    """All are yellow; for ten seconds some more turn red each second."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE incidents_clock SET warn_at = now(), next_at = now(),"
            " due_at = date_trunc('second', now()) + (1 + (incident_id - %s) / 30) * interval '1 second'"
            " WHERE incident_id = ANY(%s)",
            [ids[0], ids],
        )


def _assert_each_once(play: Play, ids: list[int]) -> None:
    for kind in ("light_yellow", "light_red", "escalate"):
        told = IncidentEvent.objects.filter(kind=kind).values("incident").annotate(times=Count("pk"))
        assert {row["incident"]: row["times"] for row in told} == dict.fromkeys(ids, 1), kind
    assert not Incident.objects.filter(pk__in=ids).exclude(state=State.REPORTED, holder=play.cast.town, seq=2).exists()
    doubled = Notice.objects.values("event", "person").annotate(times=Count("pk")).filter(times__gt=1)
    assert Notice.objects.exists() and not doubled.exists()


def test_after_an_hour_without_any_sweep_all_is_taken_as_planned_and_only_what_is_still_so_is_told(play: Play) -> None:
    """Sixty clocks fell due, one a minute, each repeating its card every twenty minutes; then one sweep comes."""
    rule = EscalationRule(stage=Stage.CHECK, red_action=RedAction.CARD, repeat_every=20, repeat_unit=TimeUnit.MINUTE,
                          repeat_times=10)  # fmt: skip
    escalations.set_rule(rule=rule, now=play.now)
    first = play.answered_in_one_go()
    notices.announce_until_done(now=play.now)
    Notice.objects.all().delete()
    seen = IncidentEvent.objects.latest("pk").pk
    due = play.clock(first, Stage.CHECK).due_at
    lay(play, first, Stage.CHECK, 60, warn_at="warn_at", next_at="warn_at",
        due_at="due_at + (60 - n) * interval '1 minute'")  # fmt: skip
    now = due + 60 * MINUTE
    result = supervision.sweep(now=now, full=True)
    assert (result.claimed, result.cards, result.failed, result.drained) == (60, 60, 0, True)

    events = list(IncidentEvent.objects.filter(pk__gt=seen, clock__isnull=False, kind__in=KINDS).order_by("pk"))
    for clock in Clock.objects.filter(stage=Stage.CHECK, state="running"):
        mine = [event for event in events if event.clock_id == clock.pk]
        red = clock.due_at + SECOND
        plan = [clock.warn_at, *(red + 20 * count * MINUTE for count in range(4) if red + 20 * count * MINUTE <= now)]
        assert [planned(event) for event in mine] == plan, "each step says when it should have come"
        assert [event.details["superseded"] for event in mine] == [True] * (len(plan) - 1) + [False]
        assert clock.next_at == plan[-1] + 20 * MINUTE, "lateness pushes nothing"
        assert clock.step == len(plan)
        assert Card.objects.get(clock=clock).step == clock.step
    assert {event.occurred_at for event in events} == {now}
    _assert_in_planned_order(events)

    notices.announce_until_done(now=now)
    told = set(Notice.objects.values_list("event", flat=True))
    assert told and not told & {event.pk for event in events if event.details["superseded"]}


KINDS = ("light_yellow", "light_red", "overdue_again")


def planned(event: IncidentEvent) -> datetime:
    return datetime.fromisoformat(event.details["planned_at"])


def _assert_in_planned_order(events: list[IncidentEvent]) -> None:
    """Some dozens are taken in one transaction: within each, the record is in the order of the plan."""
    turns = [n for n in range(1, len(events)) if planned(events[n]) < planned(events[n - 1])]
    assert len(turns) == 60 // supervision.ACTS_AT_ONCE, "once for each further transaction"
