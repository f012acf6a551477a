"""Builds the clocks in one database and measures the sweep there, each figure beside its floor in plain SQL.

Started by bench_engine.py. What is found is told line by line on standard error; the last line it prints is one JSON
object with the figures.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import django
import psycopg2
from bench_client import Times, one_by_one
from bench_engine_crowd import Crowd, Shape, build, lights_due, reds_due
from bench_engine_floor import address, idle
from bench_engine_table import line
from processes import Child, start

HERE = Path(__file__).parent
ONE, TWO = 20_000, 40_000
LATE, LATE_OVER = 1_000, 10
# So many of the crowd at most fall due by their own time while a line is measured.
BY_THEMSELVES = 20
LONGEST_TELLING = 60


@dataclass
class Figure:
    """One line of the table: milliseconds, or how many a second, the same of the floor, CPU in µs for each step."""

    name: str
    p50: float | None = None
    p99: float | None = None
    seconds: float | None = None
    per_second: float | None = None
    floor: float | None = None
    python: float | None = None
    postgres: float | None = None
    note: str = ""


class Workers:
    """Two processes of a kind, started once; `take` has one of them, or both, take all that is due."""

    def __init__(self, how: str) -> None:
        words = [sys.executable, str(HERE / "bench_engine_worker.py"), how]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.all = [subprocess.Popen([*words, f"bench-{how}-{number}"], **pipes) for number in (1, 2)]
        for one in self.all:
            self._answer(one)

    def take(self, what: str, count: int) -> tuple[float, dict[str, float]]:
        """Seconds until the last of `count` processes found nothing more, and the sums of what they say."""
        began = time.perf_counter()
        for one in self.all[:count]:
            assert one.stdin is not None
            one.stdin.write(f"{what}\n")
            one.stdin.flush()
        answers = [json.loads(self._answer(one)) for one in self.all[:count]]
        return time.perf_counter() - began, {key: sum(answer[key] for answer in answers) for key in answers[0]}

    def end(self) -> None:
        """Ends both; they wait for a line that never comes."""
        for one in self.all:
            one.kill()
            one.communicate()

    def _answer(self, one: subprocess.Popen[str]) -> str:
        assert one.stdout is not None
        answer = one.stdout.readline()
        if not answer:
            raise RuntimeError("a sweeper of the bench ended by itself; its reason is above")
        return answer


class EngineBench:
    """One run over one database that holds a small history."""

    def __init__(self, shape: Shape, *, seconds: float, logs: Path) -> None:
        self.shape, self.seconds, self.logs = shape, seconds, logs
        self.figures: list[Figure] = []

    def run(self) -> list[Figure]:
        """Every figure, in the order of the table."""
        began = time.monotonic()
        self.crowd: Crowd = build(self.shape)
        self._sql("VACUUM ANALYZE incidents_clock", "ANALYZE", "TRUNCATE incidents_unannounced", "CHECKPOINT")
        size = self._ask("SELECT pg_size_pretty(pg_total_relation_size('incidents_clock'))")
        tell(f"{self.shape.clocks:,} clocks built, {size} with indexes: {time.monotonic() - began:.0f} s")
        self.raw, self.sweepers = Workers("raw"), Workers("sweep")
        try:
            self._idle()
            self._lights()
            self._reds("escalations (moves), 1 sweeper", "moves", self.shape.moves)
            self._reds("cards, 1 sweeper", "cards", self.shape.cards)
            self._backlog()
        finally:
            self.raw.end()
            self.sweepers.end()
        self._late()
        self._told()
        return self.figures

    # -- the lines ------------------------------------------------------------------------------------------------

    def _idle(self) -> None:
        from dispatch import supervision

        raw = psycopg2.connect(address())
        cursor = raw.cursor()
        floor = self._often(lambda: idle(cursor))
        supervision.sweep_until_drained()
        select = self._often(lambda: self._ask("SELECT 1"))
        self._add(Figure("SELECT 1", select.percentile(0.5), select.percentile(0.99)))
        found = self._often(supervision.sweep)
        figure = Figure("idle sweep", found.percentile(0.5), found.percentile(0.99), floor=floor.percentile(0.5))
        self._add(figure)
        found = self._often(lambda: supervision.sweep(full=True))
        name = "idle sweep, a full one"
        self._add(replace(figure, name=name, p50=found.percentile(0.5), p99=found.percentile(0.99)))
        raw.close()

    def _often(self, act: Callable[[], object]) -> Times:
        return one_by_one(act, seconds=self.seconds, least=100, most=5000)

    def _lights(self) -> None:
        for number, count in ((1, ONE), (2, TWO)):
            name = f"light steps, {number} sweeper{'s' * (number > 1)}"
            make_due = partial(lights_due, self.crowd, min(count, self.shape.backlog), over="1 minute")
            self._beside_floor(name, "lights", number, make_due)

    def _reds(self, name: str, what: str, count: int) -> None:
        due = [partial(reds_due, self.crowd, use, count) for use in (f"raw {what}", what)]
        self._beside_floor(name, what, 1, *due)

    def _backlog(self) -> None:
        count = self.shape.backlog
        make_due = partial(lights_due, self.crowd, count, over="1 hour")
        self._beside_floor(f"backlog of {count:,} light steps of one hour, 2 sweepers", "lights", 2, make_due)

    def _beside_floor(self, name: str, what: str, number: int, *make_due: Callable[[], int]) -> None:
        """The floor first, then the sweep, each over rows that were made due a moment ago."""
        due = make_due[0]()
        took, floor = self.raw.take(what, number)
        _all_of(floor, due, f"the floor of {name}")
        due = make_due[-1]()
        seconds, found = self.sweepers.take(what, number)
        _all_of(found, due, name)
        python, postgres = (found[key] / due * 1e6 for key in ("python", "postgres"))
        bare = ", ".join(f"{key} {floor[key] / due * 1e6:.0f} µs" for key in ("python", "postgres"))
        tell(f"floor: {due / took:,.0f} /s, CPU a step: {bare}")
        self._add(Figure(name, None, None, seconds, due / seconds, due / took, python, postgres))

    def _late(self) -> None:
        """Two idle sweepers, and some clocks that fall due over some seconds: when is each seen to be announced?"""
        count = min(LATE, self.shape.backlog)
        ids, values = self.crowd.ids("lights", count, stage="overall")
        late, until = [], time.monotonic() + LATE_OVER + 90
        with self._daemons():
            self._await(lambda: self._ask("SELECT count(*) FROM dispatch_ticker") == len(self.daemons))
            at = f"clock_timestamp() + interval '{LATE_OVER + 1} seconds'"
            lights_due(self.crowd, count, over=f"{LATE_OVER} seconds", at=at)
            found = self._rows(f"SELECT id, next_at, step FROM incidents_clock JOIN ({ids}) AS f USING (id)", values)
            waiting = {pk: (planned, step) for pk, planned, step in found}
            seen = "SELECT id, step, clock_timestamp() FROM incidents_clock WHERE id = ANY(%s)"
            while waiting and time.monotonic() < until:
                time.sleep(0.05)
                for pk, step, moment in self._rows(seen, [list(waiting)]):
                    if step > waiting[pk][1]:
                        late.append((moment - waiting.pop(pk)[0]).total_seconds() * 1000)
        if waiting:
            raise RuntimeError(f"the two sweepers left {len(waiting)} of {count} clocks")
        times = Times(late)
        name = f"from due to announced, {count:,} clocks over {LATE_OVER} s, 2 sweepers waiting"
        self._add(Figure(name, times.percentile(0.5), times.percentile(0.99)))

    def _told(self) -> None:
        """The backlog again, by the daemons as they come up after the hour, telling people of every batch."""
        count = lights_due(self.crowd, self.shape.backlog, over="1 hour")
        last = "SELECT next_at > now() FROM incidents_clock WHERE next_at IS NOT NULL ORDER BY next_at LIMIT 1"
        with self._daemons():
            began = time.monotonic()
            self._await(lambda: self._ask(last), seconds=LONGEST_TELLING)
            seconds = time.monotonic() - began
            rest = max(1.0, LONGEST_TELLING - seconds)
            told = self._await(
                lambda: not self._ask("SELECT EXISTS (SELECT 1 FROM incidents_unannounced)"), seconds=rest
            )
            after, left = time.monotonic() - began, self._ask("SELECT count(*) FROM incidents_unannounced")
        note = f"everybody told after {after:.0f} s" if told else f"{left:,} not told after {after:.0f} s"
        name = "the same by 2 `sweep --loop` from their start, which also tell people"
        self._add(Figure(name, seconds=seconds, per_second=count / seconds, note=note))

    @contextmanager
    def _daemons(self) -> Iterator[None]:
        """Two processes as shipped; what the lines before left untold is not theirs to tell."""
        root = HERE.parents[1]
        self._sql("TRUNCATE incidents_unannounced", "DELETE FROM dispatch_ticker")
        self.daemons: list[Child] = []
        try:
            for number in (1, 2):
                words = [sys.executable, str(root / "manage.py"), "sweep", "--loop", "--name", f"bench-{number}"]
                log = self.logs / f"sweep-{number}.log"
                self.daemons.append(start(f"sweep {number}", words, log=log, env=os.environ, cwd=root))
            yield
        finally:
            for child in self.daemons:
                child.ask_to_end()
            for child in self.daemons:
                child.make_end(12)

    def _await(self, is_done: Callable[[], bool], *, seconds: float = 60) -> bool:
        """Waits until it is so, at most so long; raises RuntimeError when a sweeper ends meanwhile."""
        until = time.monotonic() + seconds
        while not is_done():
            for child in self.daemons:
                if not child.is_alive():
                    raise RuntimeError(f"{child.name} ended: {child.last_words()}")
            if time.monotonic() > until:
                return False
            time.sleep(0.1)
        return True

    # -- the database ---------------------------------------------------------------------------------------------

    def _rows(self, sql: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            return list(cursor.fetchall())

    def _ask(self, sql: str) -> Any:
        return self._rows(sql)[0][0]

    def _sql(self, *commands: str) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            for command in commands:
                cursor.execute(command)

    def _add(self, figure: Figure) -> None:
        self.figures.append(figure)
        tell(line(asdict(figure), self.figures[0].p50))


def _all_of(found: dict[str, float], due: int, name: str) -> None:
    if not due <= found["done"] <= due + BY_THEMSELVES:
        raise RuntimeError(f"{name}: {due:,} were due, {found['done']:,.0f} taken")


def tell(words: str) -> None:
    """One line of progress."""
    print(f"    {words}", file=sys.stderr, flush=True)


def main() -> None:
    """The command line, for bench_engine.py."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clocks", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--logs", type=Path, required=True)
    options = parser.parse_args()
    django.setup()
    figures = EngineBench(Shape.of(options.clocks), seconds=options.seconds, logs=options.logs).run()
    print(json.dumps([asdict(figure) for figure in figures]))


if __name__ == "__main__":
    main()
