"""Measures one database of incidents: pages and API under the server, the sweep and the floors in this process.

Started by bench.py in the environment of the server. The last line it prints is one JSON object.
"""

import argparse
import itertools
import json
import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

import django
from bench_client import Ask, Times, Visitor, one_by_one, side_by_side, with_session, with_token

THREADS = 8
PAGES = 50
LIGHT_STEPS, ESCALATIONS = 10_000, 500
TEXTS = ("路灯不亮，夜间行走不便", "垃圾桶满溢，周边有散落", "井盖松动，车辆经过有响声", "绿化带内有枯枝和杂物")


@dataclass
class Figure:
    """One line of the table; times in milliseconds, nothing where it does not apply."""

    name: str
    p50: float
    p95: float
    queries: int | None = None
    per_second: float | None = None
    note: str = ""


def _figure(name: str, times: Times, **more: int | float | str | None) -> Figure:
    return Figure(name, times.percentile(0.5), times.percentile(0.95), **more)  # type: ignore[arg-type]


class Bench:
    """One run over one database."""

    def __init__(self, host: str, password: str, seconds: float) -> None:
        self.host, self.password, self.seconds = host, password, seconds
        self.dice = random.Random(8)
        self.figures: list[Figure] = []
        self.waiting: list[str] = []

    def run(self) -> list[Figure]:
        """Every figure, floors first; what changes the data most comes last."""
        self._settle()
        self._floors()
        self._places_and_idle()
        self._pages()
        self._writing()
        self._light_steps()
        self._escalations()
        return self.figures

    # -- in this process --------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """What fell due since the data were made is done before anything is timed."""
        from django.utils import timezone

        from dispatch import notices, supervision

        supervision.sweep_until_drained()
        notices.announce_until_done(now=timezone.now())

    def _floors(self) -> None:
        from django.db import connection, transaction

        def select() -> None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
                cursor.fetchone()

        def insert() -> None:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("INSERT INTO bench_floor (word) VALUES ('x')")

        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS bench_floor (id bigserial PRIMARY KEY, word text)")
        for name, act in (("SELECT 1", select), ("INSERT + COMMIT", insert)):
            self.figures.append(_figure(name, one_by_one(act, seconds=self.seconds, least=400, most=4000), queries=1))

    def _places_and_idle(self) -> None:
        from django.contrib.gis.geos import Point

        from dispatch import supervision
        from grids.selectors import grid_at

        points = itertools.cycle([Point(x, y, srid=4490) for x, y in self._points(200)])
        self._inside("grid_at(point)", lambda: grid_at(next(points)))
        self._inside("sweep, nothing due", supervision.sweep)

    def _inside(self, name: str, act: Callable[[], object]) -> None:
        times = one_by_one(act, seconds=self.seconds, least=100, most=2000)
        self.figures.append(_figure(name, times, queries=_queries(act)))

    def _points(self, count: int, under: str = "") -> list[tuple[float, float]]:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT st_x(point), st_y(point) FROM incidents_incident WHERE point IS NOT NULL AND place_id LIKE %s "
                "ORDER BY id DESC LIMIT %s",
                [f"{under}%", count],
            )
            return [(float(x), float(y)) for x, y in cursor.fetchall()]

    # -- pages ------------------------------------------------------------------------------------------------

    def _pages(self) -> None:
        desk = with_session(self.host, "district", self.password)
        leader = with_session(self.host, "leader", self.password)
        town = with_session(self.host, "town", self.password)
        far, number = self._far_page("district", "/desk/511111/")
        self._read("constant view", Visitor(self.host), "", itertools.repeat("/bench/constant"))
        self._read("desk, first page", desk, "district", itertools.repeat("/desk/511111/"))
        self._read(f"desk, page {number}", desk, "district", itertools.repeat(far))
        self._read("desk, drawn anew", desk, "district", _never_drawn("/desk/511111/"))
        self._read("desk, red ones", desk, "district", itertools.repeat("/desk/511111/?light=red"))
        self._read("desk of a town", town, "town", itertools.repeat("/desk/511111100/"))
        self._read("list", desk, "district", itertools.repeat("/incidents/"))
        self._read("incident page", desk, "district", self._incident_pages())
        self._read("dashboard", leader, "leader", itertools.repeat("/dashboard/"))
        self._read(
            "marks in a bbox", leader, "leader", itertools.repeat(f"/incidents/marks.geojson?bbox={self._box()}")
        )

    def _read(self, name: str, visitor: Visitor, username: str, paths: Iterator[str]) -> None:
        asks = (Ask(path) for path in paths)
        alone = one_by_one(lambda: visitor.ask(next(asks)), seconds=self.seconds)
        together = side_by_side(visitor, asks, threads=THREADS, seconds=self.seconds)
        client = _client(username)
        if name == "incident page":
            # A process reads each limit once and keeps it.
            for _page in range(PAGES):
                client.get(next(paths))
        queries = _queries(lambda: client.get(next(paths)))
        self.figures.append(_figure(name, alone, queries=queries, per_second=together.per_second))

    def _far_page(self, username: str, path: str) -> tuple[str, int]:
        """The address of page 50 of a list, or of its last one if it has fewer."""
        client, number = _client(username), 1
        while number < PAGES:
            following = client.get(path).context["next_url"]
            if not following:
                break
            path, number = following, number + 1
        return path, number

    def _incident_pages(self) -> Iterator[str]:
        from incidents.models import Incident

        numbers = list(Incident.objects.order_by("token").values_list("number", flat=True)[:2000])
        return (f"/incidents/{number}/" for number in itertools.cycle(numbers))

    def _box(self) -> str:
        """The middle of the district: half its width and height."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT st_xmin(e), st_ymin(e), st_xmax(e), st_ymax(e) FROM (SELECT st_extent(geom) AS e "
                "FROM grids_boundary WHERE kind = 'district') b"
            )
            west, south, east, north = cursor.fetchone()
        wide, high = (east - west) / 4, (north - south) / 4
        return f"{west + wide:.6f},{south + high:.6f},{east - wide:.6f},{north - high:.6f}"

    # -- reports and moves ------------------------------------------------------------------------------------

    def _writing(self) -> None:
        officer = with_token(self.host, "officer", self.password)
        village = with_token(self.host, "village", self.password)
        points = itertools.cycle(self._points(200, "511111100001001"))

        def report() -> Ask:
            x, y = next(points)
            about = {
                "text": f"{self.dice.choice(TEXTS)}（{self.dice.randrange(10**6)}）",
                "position": {"lon": x, "lat": y},
            }
            return Ask("/api/v1/incidents/", "POST", json.dumps(about))

        alone = one_by_one(
            lambda: self.waiting.append(json.loads(officer.ask(report()))["number"]), seconds=self.seconds
        )
        reports = (report() for _ in itertools.count())
        together = side_by_side(officer, reports, threads=THREADS, seconds=self.seconds)
        queries = _queries(lambda: _post(officer, report()))
        self.figures.append(_figure("report by API", alone, queries=queries, per_second=together.per_second))

        self.waiting = self._reported()
        alone = one_by_one(lambda: village.ask(self._accept()), seconds=self.seconds, most=len(self.waiting) // 3)
        accepts = (self._accept() for _ in range(len(self.waiting) - 40))
        together = side_by_side(village, accepts, threads=THREADS, seconds=self.seconds)
        queries = _queries(lambda: _post(village, self._accept()))
        self.figures.append(_figure("move (accept) by API", alone, queries=queries, per_second=together.per_second))

    def _reported(self) -> list[str]:
        from incidents.models import Incident

        found = Incident.objects.filter(holder="511111100001", state="reported", seq=1)
        return list(found.order_by("-pk").values_list("number", flat=True))

    def _accept(self) -> Ask:
        body = json.dumps({"move": "accept", "seq": 1})
        return Ask(f"/api/v1/incidents/{self.waiting.pop()}/moves/", "POST", body)

    # -- the sweep at work ------------------------------------------------------------------------------------

    def _light_steps(self) -> None:
        """Yellow lights of clocks that move nothing by themselves, in as many passes as it takes."""
        stages = "('overall', 'check', 'finish', 'sign')"
        self._sweep(
            f"sweep, {LIGHT_STEPS:,} light steps", LIGHT_STEPS, "lights",
            f"""UPDATE incidents_clock SET step = 0, warn_at = %(now)s, next_at = %(now)s,
                       due_at = greatest(due_at, %(now)s + interval '1 day')
                WHERE id IN (SELECT id FROM incidents_clock WHERE state = 'running' AND stage IN {stages}
                             ORDER BY id LIMIT %(left)s)""",
        )  # fmt: skip

    def _escalations(self) -> None:
        """Accept and handle clocks below the district turn red: each is announced and its incident climbs."""
        self._sweep(
            f"sweep, {ESCALATIONS} escalations", ESCALATIONS, "moved",
            """UPDATE incidents_clock SET step = 1, warn_at = least(warn_at, %(now)s - interval '2 seconds'),
                      due_at = %(now)s - interval '2 seconds', next_at = %(now)s - interval '1 second'
               WHERE id IN (SELECT c.id FROM incidents_clock c JOIN incidents_incident i ON i.id = c.incident_id
                            WHERE c.state = 'running' AND c.stage IN ('accept', 'handle')
                              AND c.subject_kind = 'incident' AND i.state IN ('reported', 'accepted')
                              AND length(i.holder_id) > 6 ORDER BY c.id LIMIT %(left)s)""",
        )  # fmt: skip

    def _sweep(self, name: str, wanted: int, what: str, make_due: str) -> None:
        from django.db import connection

        from dispatch import supervision

        times, done, queries = Times(), 0, 0
        while done < wanted:
            now = _database_now()
            with connection.cursor() as cursor:
                cursor.execute(make_due, {"now": now, "left": wanted - done})
                due = cursor.rowcount
            if not due:
                break
            with _counted() as asked:
                drained = False
                while not drained:
                    started = time.perf_counter()
                    result = supervision.sweep(full=True)
                    took = time.perf_counter() - started
                    times.each.append(took * 1000)
                    times.seconds += took
                    done += getattr(result, what)
                    drained = result.drained
                    if result.failed or result.refused:
                        raise RuntimeError(f"{name}: {result}")
            queries += len(asked)
        note = "" if done >= wanted else f"{done} found"
        self.figures.append(
            Figure(name, times.seconds * 1000, times.seconds * 1000, queries, done / times.seconds, note)
        )


@contextmanager
def _counted() -> Iterator[list[None]]:
    """Counts the queries of this process without keeping their text."""
    from django.db import connection

    asked: list[None] = []

    def count(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        asked.append(None)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        yield asked


def _queries(act: Callable[[], object]) -> int:
    """How many queries it takes once everything is warm: the most of five times."""
    counts = []
    for _time in range(10):
        with _counted() as asked:
            act()
        counts.append(len(asked))
    return max(counts[5:])


def _never_drawn(path: str) -> Iterator[str]:
    """Addresses of the first page of a desk, each with a mark of its own: none of them was drawn before."""
    return (f"{path}?after=n0~t0~n{number}" for number in itertools.count(1))


_clients: dict[str, object] = {}


def _client(username: str):  # type: ignore[no-untyped-def]
    """The test client with a session of its own, in this process."""
    from django.test import Client

    from grids.models import Person

    if username not in _clients:
        client = Client()
        if username:
            client.force_login(Person.objects.get(username=username))
        _clients[username] = client
    return _clients[username]


def _post(visitor: Visitor, ask: Ask) -> None:
    """The same request to the API in this process, with the same token."""
    from django.test import Client

    headers = {"Authorization": visitor.headers["Authorization"]}
    answer = Client().post(ask.path, ask.body, content_type="application/json", headers=headers)
    if not 200 <= answer.status_code < 300:
        raise RuntimeError(f"{ask.path} answered {answer.status_code}: {answer.content[:300]!r}")


def _database_now() -> datetime:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0] - timedelta(seconds=1)


def password_of(logins: Path) -> str:
    """The demo's one password, out of its file."""
    found = re.search(r"^(?:password|密码)\W+(\S+)$", logins.read_text(encoding="utf-8"), re.MULTILINE | re.IGNORECASE)
    if not found:
        raise RuntimeError(f"no password in {logins}")
    return found.group(1)


def main() -> None:
    """The command line, for bench.py."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--logins", type=Path, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    django.setup()
    from django.test.utils import setup_test_environment

    setup_test_environment()
    figures = Bench(options.host, password_of(options.logins), options.seconds).run()
    print(json.dumps([asdict(figure) for figure in figures]))


if __name__ == "__main__":
    main()
