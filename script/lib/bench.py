"""script/bench: what pages, API and sweep cost at several sizes, beside their floors, on servers of their own."""

import argparse
import contextlib
import json
import os
import platform
import secrets
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bench_engine
import bench_engine_table
import bench_studio
import bench_studio_table
import bench_table
from bench_table import rewritten, table
from console import Stop, finish, run, say, step
from places import CHECKOUT, PYTHON, make_home, one_at_a_time
from processes import Child, end_all, start
from servers import ROLE, Servers
from setup import prepare

SIZES = (10_000, 200_000)
QUICK_SIZE = 2_000
SECONDS, QUICK_SECONDS = 4.0, 1.0
GROUND = ("grids", "categories", "calendar", "limits")
DOCUMENT = CHECKOUT / "docs" / "benchmarks.md"
# As script/demo serves the pages.
GUNICORN = ("--worker-class", "gthread", "--workers", "2", "--threads", "8", "--worker-tmp-dir", "/dev/shm")


def main() -> int:
    """The command line of script/bench; with `--json` the last line holds the figures."""
    options = _options()
    prepare(with_tests=False)
    say()
    folder = make_home() / "bench"
    part, measured = _part(options)
    with one_at_a_time(make_home() / "bench.lock", "script/bench"):
        if options.engine:
            bench_engine.refuse_without_room(folder, max(options.sizes))
        found = Bench(folder, QUICK_SECONDS if options.quick else SECONDS).run(options.sizes, measured)
    about = {"command": _command(options), "machine": machine(), "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"}
    told = part.report({**about, **found})
    say()
    say(json.dumps({**about, **found}) if options.json else told)
    if options.write:
        before = DOCUMENT.read_text(encoding="utf-8")
        DOCUMENT.write_text(rewritten(before, told, begin=part.BEGIN, end=part.END), encoding="utf-8")
        say(f"written to {DOCUMENT.relative_to(CHECKOUT)}")
    return 0


def _part(options: argparse.Namespace) -> tuple[Any, Callable[["Bench", int], list[dict[str, Any]]]]:
    """What is measured, and who tells it."""
    if options.engine:
        return bench_engine_table, bench_engine.measured
    if options.studio:
        return bench_studio_table, bench_studio.measured
    return bench_table, Bench.measured


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench", description="Measure Wangge beside its floors.")
    parser.add_argument(
        "--incidents", type=int, action="append", metavar="N", help="a size; may be given several times"
    )
    parser.add_argument("--engine", action="store_true", help="the sweep over millions of clocks instead of the pages")
    parser.add_argument(
        "--clocks", type=int, action="append", metavar="N", help="a size of --engine; may be given several times"
    )
    parser.add_argument("--studio", action="store_true", help="drawing and publishing boundaries instead of the pages")
    parser.add_argument(
        "--grids",
        type=int,
        action="append",
        metavar="N",
        help="a size of the city of --studio; may be given several times",
    )
    parser.add_argument("--quick", action="store_true", help="a small size and a second for each figure")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON in the last line")
    options = parser.parse_args()
    if options.engine and options.studio:
        parser.error("--engine or --studio, one at a time")
    usual: Sequence[int]
    if options.engine:
        given, usual = options.clocks, [bench_engine.QUICK_SIZE] if options.quick else bench_engine.SIZES
    elif options.studio:
        given, usual = options.grids, [bench_studio.QUICK_SIZE] if options.quick else bench_studio.SIZES
    else:
        given, usual = options.incidents, [QUICK_SIZE] if options.quick else SIZES
    if [one for one in (options.incidents, options.clocks, options.grids) if one and one is not given]:
        parser.error("--clocks belongs to --engine, --grids to --studio, --incidents to the pages")
    if min(options.grids or bench_studio.SIZES) < bench_studio.SMALLEST:
        parser.error(f"--grids must be at least {bench_studio.SMALLEST}")
    options.sizes = given or list(usual)
    if min(options.incidents or SIZES) < 100:
        parser.error("--incidents must be at least 100")
    if min(options.clocks or bench_engine.SIZES) < bench_engine.SMALLEST:
        parser.error(f"--clocks must be at least {bench_engine.SMALLEST}")
    return options


def _command(options: argparse.Namespace) -> str:
    words = ["script/bench", *["--engine"] * options.engine, *["--studio"] * options.studio]
    words += ["--quick"] * options.quick
    words += [f"--incidents {size}" for size in options.incidents or ()]
    words += [f"--grids {size}" for size in options.grids or ()]
    return " ".join(words + [f"--clocks {size}" for size in options.clocks or ()])


class Bench:
    """One run: servers, a database with the demo's places, then for each size a copy of it with a history."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self.folder, self.seconds = folder, seconds
        self.servers = Servers(folder)
        self.children: list[Child] = []
        self.env: dict[str, str] = {}

    def run(self, sizes: list[int], measured: Callable[["Bench", int], list[dict[str, Any]]]) -> dict[str, Any]:
        """Figures by size, and the versions they were measured with."""
        try:
            with step("PostgreSQL and Redis for the bench"):
                self.servers.start()
            self.env = self._environment()
            with step("Places, people and limits"):
                self._ground()
            found = {str(size): measured(self, size) for size in sizes}
            return {"sizes": found, "load": os.getloadavg()[1], "versions": self._versions()}
        finally:
            end_all(self.children)
            self.servers.stop()

    def _environment(self) -> dict[str, str]:
        logins = self.folder / "logins.txt"
        logins.unlink(missing_ok=True)
        return {
            **os.environ,
            "DATABASE_URL": self.servers.database_url,
            "REDIS_URL": self.servers.redis_url,
            "SECRET_KEY": secrets.token_urlsafe(48),
            "DJANGO_SETTINGS_MODULE": "bench_settings",
            "PYTHONPATH": os.pathsep.join([str(CHECKOUT), str(Path(__file__).parent)]),
            "DEBUG": "0",
            "WANGGE_DEMO": "1",
            "WANGGE_DEMO_LOGINS": str(logins),
            "WANGGE_DATA_DIR": str(self.folder / "files"),
            "WANGGE_STATIC_DIR": str(self.folder / "static"),
            "WANGGE_LOGIN_RATE": "1000/minute",
            "ALLOWED_HOSTS": "127.0.0.1,testserver",
        }

    def manage(self, *words: str, what: str) -> None:
        """A command of manage.py over the bench's servers; raises Stop with `what` and the reason."""
        log = self.folder / "log" / "manage.log"
        run([PYTHON, CHECKOUT / "manage.py", *words], log=log, what=what, env=self.env, cwd=CHECKOUT)

    def psql(self, *commands: str, database: str = "postgres") -> str:
        """What the commands answer; raises Stop when one is refused."""
        words = ["psql", "-h", str(self.servers.sockets), "-U", ROLE, "-d", database, "-XAtq", "-v", "ON_ERROR_STOP=1"]
        for command in commands:
            words += ["-c", command]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Stop(f"psql refused: {done.stderr.strip()}")
        return done.stdout.strip()

    def _ground(self) -> None:
        """The database that every size is copied from."""
        self.psql("DROP DATABASE IF EXISTS wangge_sized", "DROP DATABASE IF EXISTS wangge", "CREATE DATABASE wangge")
        self.manage("migrate", "--noinput", what="the database could not be made")
        for name in GROUND:
            self.manage("load_demo", "--only", name, what="the demo district could not be loaded")
        shutil.rmtree(self.folder / "static", ignore_errors=True)
        self.manage("collectstatic", "--noinput", "-v", "0", what="the static files could not be collected")

    def measured(self, size: int) -> list[dict[str, Any]]:
        """What pages, API and sweep cost at so many incidents."""
        self.psql("DROP DATABASE IF EXISTS wangge_sized", "CREATE DATABASE wangge_sized TEMPLATE wangge")
        self.env["DATABASE_URL"] = self.servers.database_url.replace("/wangge?", "/wangge_sized?")
        with step(f"{size:,} incidents"):
            words = ("make_bench_data", "--incidents", str(size), "--no-check")
            self.manage(*words, what="the incidents could not be made")
            self.psql("VACUUM ANALYZE", "CHECKPOINT", database="wangge_sized")
        with self.pages() as host, step(f"Measuring at {size:,}"):
            figures = self._figures(host)
        say("\n" + "\n".join(table(figures)) + "\n")
        self.psql("DROP DATABASE wangge_sized")
        return figures

    @contextlib.contextmanager
    def pages(self) -> Iterator[str]:
        """The pages as the demo serves them; their host and port."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            host = f"127.0.0.1:{probe.getsockname()[1]}"
        words = ["-m", "gunicorn", "governance.wsgi", "--bind", host, *GUNICORN, "--no-control-socket"]
        child = start("pages", [PYTHON, *words], log=self.folder / "log" / "pages.log", env=self.env, cwd=CHECKOUT)
        self.children.append(child)
        try:
            _wait(child, f"http://{host}/bench/constant")
            yield host
        finally:
            child.ask_to_end()
            child.make_end(12)
            self.children.remove(child)

    def _figures(self, host: str) -> list[dict[str, Any]]:
        program = Path(__file__).with_name("measure.py")
        words = ["--host", host, "--logins", self.env["WANGGE_DEMO_LOGINS"], "--seconds", str(self.seconds)]
        command = [str(PYTHON), str(program), *words]
        done = subprocess.run(command, env=self.env, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise Stop("a measurement failed; the lines above tell which.")
        return list(json.loads(done.stdout.strip().splitlines()[-1]))

    def _versions(self) -> str:
        postgres = self.psql("SHOW server_version", database="wangge").split()[0]
        postgis = self.psql("SELECT postgis_lib_version()", database="wangge")
        code = "import django; print(django.__version__)"
        django = subprocess.run([str(PYTHON), "-c", code], capture_output=True, text=True, check=True).stdout.strip()
        return f"Python {platform.python_version()}, Django {django}, PostgreSQL {postgres}, PostGIS {postgis}"


def machine() -> str:
    """The cores and memory of this machine."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), ""
    )
    memory = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores ({model or platform.machine()}), {memory / 1024**2:.0f} GB"


def _lines(file: str) -> list[str]:
    try:
        return Path(file).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def _wait(child: Child, url: str) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(url, timeout=10).close()
            return
        except OSError as error:
            if not child.is_alive() or time.monotonic() > until:
                raise Stop(f"the pages did not start: {child.last_words()} (more in {child.log})") from error
            time.sleep(0.2)


if __name__ == "__main__":
    finish(main, "bench")
