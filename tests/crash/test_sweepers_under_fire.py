"""50,000 due clocks under four sweepers that are killed, cut off and contradicted: nothing lost, nothing doubled."""

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest
import redis as redis_client
from django.db import connection

from dispatch import invariants
from dispatch.models import SweepFault
from incidents.models import Clock, Incident, IncidentEvent, Sight
from incidents.states import Stage, State
from tests.crash.conftest import *  # noqa: F403
from tests.crash.people import WAYS, People
from tests.dispatch import processes
from tests.dispatch.crowd import copy
from tests.dispatch.play import Play
from tests.governance.listening import OwnRedis

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

NEAR_DUE, CLIMBING, PRESSED = 49_000, 1_000, 100
PATIENCE = 400.0
FLEET = "wangge-fleet"


def lay(play: Play) -> tuple[range, range, int]:
    """The incidents near due, those overdue since March, and the id of the clock whose step always fails."""
    first = play.report()
    accept = play.clock(first, Stage.ACCEPT)
    Clock.objects.filter(incident=first).exclude(pk=accept.pk).delete()
    copy(Incident, first.pk, NEAR_DUE + CLIMBING - 1, number="'copy-' || n", token="gen_random_uuid()")
    ids = f"(SELECT max(id) FROM incidents_incident) - {NEAR_DUE + CLIMBING - 1} + n"
    near = f"n < {NEAR_DUE} THEN"
    copy(
        Clock,
        accept.pk,
        NEAR_DUE + CLIMBING - 1,
        incident_id=ids,
        warn_at=f"CASE WHEN {near} now() - n * interval '1 millisecond' ELSE warn_at END",
        due_at=f"CASE WHEN {near} now() + interval '9 days' ELSE due_at END",
        next_at=f"CASE WHEN {near} now() - n * interval '1 millisecond' ELSE next_at END",
    )
    copy(Sight, Sight.objects.get(incident=first, unit=play.cast.village).pk, NEAR_DUE + CLIMBING - 1, incident_id=ids)
    middle = first.pk + NEAR_DUE
    poisoned = Clock.objects.get(incident=middle - 1).pk
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'poison'; END $$; "
            "CREATE TRIGGER poison BEFORE INSERT ON incidents_incidentevent FOR EACH ROW "
            f"WHEN (NEW.clock_id = {poisoned}) EXECUTE FUNCTION poison()"
        )
    return range(first.pk + 1, middle), range(middle, first.pk + NEAR_DUE + CLIMBING), poisoned


@pytest.fixture
def unpoisoned() -> Iterator[None]:
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION IF EXISTS poison() CASCADE")


@contextmanager
def fleet(folder: Path, redis: OwnRedis) -> Iterator[Path]:
    """Four sweepers; the file that names the living ones."""
    told = folder / "living"
    parent = processes.start("-m", "tests.crash.fleet", "4", str(told), log=folder / "fleet.log",
                             REDIS_URL=redis.url, PGAPPNAME=FLEET)  # fmt: skip
    with processes.running(parent):
        yield told


class Havoc(threading.Thread):
    """Until told to end: kills sweepers, cuts their connections, empties Redis and takes it away, all at random."""

    def __init__(self, told: Path, redis: OwnRedis) -> None:
        super().__init__(daemon=True)
        self.told, self.redis, self.over = told, redis, threading.Event()
        self.dice = random.Random(4)
        self.killed = self.cut = self.emptied = self.stopped = 0

    def run(self) -> None:
        while not self.over.wait(self.dice.uniform(0.4, 1.4)):
            kind = self.dice.random()
            if kind < 0.55:
                self._kill()
            elif kind < 0.75:
                self._cut()
            elif kind < 0.92 or self.stopped:
                redis_client.Redis.from_url(self.redis.url).flushall()
                self.emptied += 1
            else:
                self.redis.stop()
                self.stopped += 1
                time.sleep(1)
                self.redis.start()

    def _kill(self) -> None:
        try:
            living = [int(word) for word in self.told.read_text().split()]
            os.kill(self.dice.choice(living), signal.SIGKILL)
            self.killed += 1
        except (FileNotFoundError, ProcessLookupError, IndexError):
            pass

    def _cut(self) -> None:
        given = connection.settings_dict
        login = {"dbname": given["NAME"], "user": given["USER"], "password": given["PASSWORD"],
                 "host": given["HOST"], "port": given["PORT"]}  # fmt: skip
        own = psycopg2.connect(**{key: value for key, value in login.items() if value})
        own.autocommit = True
        with own.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s "
                "AND datname = current_database() ORDER BY random() LIMIT 1",
                [FLEET],
            )
            self.cut += cursor.rowcount
        own.close()


def number(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])


def due() -> int:
    return number("SELECT count(*) FROM incidents_clock WHERE next_at <= now()")


def test_sw_8_fifty_thousand_due_clocks_are_each_acted_on_exactly_once_whatever_dies(
    play: Play, tmp_path: Path, unpoisoned: None
) -> None:
    near, climbing, poisoned = lay(play)
    redis = OwnRedis(tmp_path)
    redis.start()
    people = People(play, random.Random(7).sample(near[:-1], PRESSED), number=2)
    with fleet(tmp_path, redis) as told:
        havoc = Havoc(told, redis)
        havoc.start()
        people.start()
        deadline = time.monotonic() + PATIENCE
        while due() and time.monotonic() < deadline:
            time.sleep(0.3)
        taken = people.join()
        havoc.over.set()
        havoc.join()
        # Nobody is in the way any more: what was told of, and nothing else, is left.
        while number("SELECT count(*) FROM incidents_unannounced") and time.monotonic() < deadline:
            time.sleep(0.2)
    redis.stop()
    assert not due() and taken == PRESSED
    assert havoc.killed >= 3 and havoc.cut + havoc.emptied >= 1, vars(havoc)
    _assert_exact(near, climbing, poisoned)
    _assert_people_had_the_last_word(people)


def _assert_exact(near: range, climbing: range, poisoned: int) -> None:
    lit = (
        "SELECT {what} FROM incidents_incidentevent WHERE kind = 'light_yellow' "
        f"AND incident_id >= {near.start} AND incident_id < {near.stop}"
    )
    spared = number(
        "SELECT count(*) FROM incidents_clock c WHERE c.state = 'stopped' AND c.step = 0 AND c.stage = 'accept' "
        f"AND c.incident_id >= {near.start} AND c.incident_id < {near.stop}"
    )
    assert spared <= PRESSED, "only what a person ended first was not lit"
    expected = len(near) - spared - 1
    assert number(lit.format(what="count(*)")) == expected, "each lit once, but for the poisoned one"
    assert number(lit.format(what="count(DISTINCT clock_id)")) == expected
    moved = IncidentEvent.objects.filter(kind="escalate", incident__in=climbing)
    assert moved.count() == moved.values("incident").distinct().count() == len(climbing)
    assert not Incident.objects.filter(pk__in=climbing).exclude(state=State.REPORTED, seq=2).exists()
    red = IncidentEvent.objects.filter(kind="light_red", incident__in=climbing)
    assert red.count() == red.values("clock").distinct().count() == len(climbing)
    assert not number("SELECT count(*) FROM incidents_unannounced"), "everybody was told"
    assert not number("SELECT count(*) FROM (SELECT 1 FROM dispatch_notice GROUP BY event_id, person_id, channel "
                      "HAVING count(*) > 1) doubled")  # fmt: skip
    fault = SweepFault.objects.get()
    assert (fault.clock_id, fault.solved_at) == (poisoned, None) and "poison" in fault.error
    assert Clock.objects.get(pk=poisoned).step == 0
    names = ("lights_are_on_record", "next_step_is_the_next_one")
    assert [str(one) for one in invariants.broken(names=names)] == []


def _assert_people_had_the_last_word(people: People) -> None:
    """Every press stands there once, the incident is where it led, and no step came by itself behind it."""
    kinds = {name: name for way in WAYS for name in way.presses} | {"grant": "suspend", "ask_suspend": "suspend"}
    for name, kind in kinds.items():
        events = IncidentEvent.objects.filter(kind=kind).values_list("incident", flat=True)
        assert sorted(events) == sorted(people.pressed(name)), kind
    states = dict(Incident.objects.filter(pk__in=people.work).values_list("pk", "state"))
    assert states == {pk: way.ends for pk, way in people.work.items()}
    assert not number(
        "SELECT count(*) FROM incidents_incidentevent person JOIN incidents_incidentevent step USING (incident_id) "
        "WHERE person.actor_id IS NOT NULL AND person.seq > 1 AND step.clock_id IS NOT NULL AND step.id > person.id "
        "AND step.kind IN ('light_yellow', 'light_red', 'overdue_again', 'escalate')"
    )
