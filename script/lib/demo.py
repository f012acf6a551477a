"""script/demo: the whole platform with a demo district on this machine, until Ctrl-C."""

import argparse
import json
import os
import secrets
import shutil
import socket
import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path

from console import Stop, finish, reason, run, say, step
from places import CHECKOUT, PYTHON, demo_is_running, home, make_home, stamp_of, try_lock, write_whole
from processes import Child, end_all, start, watch
from servers import Servers
from setup import certificate, prepare

# Fast enough that a screen moves while somebody watches, slow enough to follow.
LIVE_SPEED = 12.0
OWN_DATA = ("postgres", "postgres.part", "redis", "files", "demo", "demo-logins.txt")


def main() -> int:
    """The command line of script/demo."""
    parser = argparse.ArgumentParser(prog="script/demo", description="Run Wangge with a demo district.")
    parser.add_argument("--port", type=int, default=8000, help="port of the pages (default 8000)")
    parser.add_argument("--lan", action="store_true", help="https for phones in the same network")
    parser.add_argument("--reset", action="store_true", help="drop this checkout's demo data and start anew")
    parser.add_argument(
        "--live",
        type=float,
        nargs="?",
        const=LIVE_SPEED,
        metavar="SPEED",
        help=f"made-up people go on reporting and acting, SPEED times as fast as real ones (default {LIVE_SPEED:g})",
    )
    parser.add_argument("--prepare-only", action="store_true", help="make and load everything, start no pages")
    options = parser.parse_args()
    if options.reset and (os.environ.get("DATABASE_URL") or os.environ.get("REDIS_URL")):
        raise Stop("--reset only drops the demo's own data; with DATABASE_URL or REDIS_URL given it does nothing.")
    address = "0.0.0.0" if options.lan else "127.0.0.1"
    if demo_is_running():
        raise Stop(_already(home()))
    _refuse_taken(address, options.port)
    folder = make_home()
    say("Wangge: setting up (the first time takes some minutes)")
    prepare(with_tests=False)
    lock = try_lock(folder / "demo.lock")
    if lock is None:
        raise Stop(_already(folder))
    with lock:
        write_whole(folder / "demo.json", json.dumps({"pid": os.getpid()}))
        Demo(folder, options).run()
    return 0


def _refuse_taken(address: str, port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
            probe.listen(1)
        except PermissionError as error:
            raise Stop(f"port {port} is not allowed for this user; use --port N with N above 1023.") from error
        except (OSError, OverflowError) as error:
            raise Stop(f"port {port} is taken; use --port N.") from error


def _free_port(address: str, wanted: int) -> int:
    """The wanted port if nobody has it, else any other."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, wanted))
        except (OSError, OverflowError):
            probe.bind((address, 0))
        return int(probe.getsockname()[1])


def _already(folder: Path) -> str:
    try:
        known = json.loads((folder / "demo.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = {}
    where = ", ".join(str(known[key]) for key in ("address", "pid") if key in known)
    return f"a demo of this checkout is already running ({where or 'just starting'}); stop it there with Ctrl-C first."


def _has_command(name: str) -> bool:
    return any(CHECKOUT.glob(f"*/management/commands/{name}.py"))


class Demo:
    """One run: servers, data, pages, live stream, worker, beat and sweep, stopped in the opposite order."""

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        self.folder = folder
        self.options = options
        self.servers = Servers(folder)
        self.children: list[Child] = []
        self.addresses: list[str] = []
        self.env: dict[str, str] = {}
        self.live_port = 0

    def run(self) -> None:
        """Everything, until something ends or somebody ends it; afterwards nothing of it runs."""
        if self.options.reset:
            with step("Dropping this checkout's demo data"):
                self._reset()
        try:
            self._start_servers()
            self._load()
            if self.options.prepare_only:
                say("prepared; script/demo starts it")
                return
            self._start_pages()
            self._greet()
            watch([*self.servers.children, *self.children])
        except KeyboardInterrupt:
            say("\nstopping ...")
        finally:
            end_all(self.children)
            self.servers.stop()
            (self.folder / "demo.json").unlink(missing_ok=True)
        say("stopped; the data are kept")

    def _reset(self) -> None:
        self.servers.end_left_behind()
        for name in OWN_DATA:
            path = self.folder / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def _start_servers(self) -> None:
        given = dict(os.environ)
        if not given.get("DATABASE_URL") or not given.get("REDIS_URL"):
            with step("PostgreSQL and Redis"):
                self.servers.start()
        self.env = {
            **given,
            "DATABASE_URL": given.get("DATABASE_URL") or self.servers.database_url,
            "REDIS_URL": given.get("REDIS_URL") or self.servers.redis_url,
            "SECRET_KEY": given.get("SECRET_KEY") or self._secret(),
            "DJANGO_SETTINGS_MODULE": "governance.settings",
            "DEBUG": "0",
            "WANGGE_DEMO": "1",
            "WANGGE_DEMO_LOGINS": str(self.folder / "demo-logins.txt"),
            "WANGGE_DATA_DIR": given.get("WANGGE_DATA_DIR") or str(self.folder / "files"),
            "WANGGE_STATIC_DIR": str(self.folder / "static"),
            "WANGGE_HTTPS": "1" if self.options.lan else "0",
            "PYTHONUNBUFFERED": "1",
        }
        self.addresses = certificate() if self.options.lan else ["127.0.0.1"]
        hosts = [*self.addresses, "localhost", socket.gethostname()]
        self.env["ALLOWED_HOSTS"] = given.get("ALLOWED_HOSTS") or ",".join(hosts)
        self._place_stream(hosts)

    def _place_stream(self, hosts: list[str]) -> None:
        """The live stream has a port of its own beside the pages, which alone may listen to it."""
        self.live_port = _free_port("0.0.0.0" if self.options.lan else "127.0.0.1", self.options.port + 1)
        self.env["WANGGE_LIVE_URL"] = f":{self.live_port}/live/"
        scheme = "https" if self.options.lan else "http"
        pages = [f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.options.port}" for host in hosts]
        self.env["CSRF_TRUSTED_ORIGINS"] = ",".join([*filter(None, [os.environ.get("CSRF_TRUSTED_ORIGINS")]), *pages])

    def _secret(self) -> str:
        """The key that signs sessions and protects personal data; made once, kept as long as the data."""
        file = self.folder / "demo" / "secret-key"
        if not stamp_of(file):
            file.parent.mkdir(mode=0o700, exist_ok=True)
            write_whole(file, secrets.token_urlsafe(48), mode=0o600)
        return stamp_of(file)

    def _manage(self, *words: str, what: str) -> None:
        log = self.folder / "log" / "manage.log"
        run([PYTHON, CHECKOUT / "manage.py", *words], log=log, what=what, env=self.env, cwd=CHECKOUT)

    def _load(self) -> None:
        with step("Database"):
            self._manage("migrate", "--noinput", what="the database could not be brought up to date")
        with step("Static files"):
            self._collect()
        if _has_command("load_demo"):
            with step("Demo district"):
                self._manage("load_demo", what="the demo district could not be loaded")

    def _collect(self) -> None:
        """All static files in one folder, hashed and compressed; done again only when one of them changed."""
        seen = [CHECKOUT / "package-lock.json", CHECKOUT / "requirements" / "runtime.txt"]
        seen += [CHECKOUT / "governance" / "staticfiles.py", *sorted((CHECKOUT / "static").rglob("*"))]
        state = json.dumps([[str(p), p.stat().st_size, p.stat().st_mtime_ns] for p in seen if p.is_file()])
        target = self.folder / "static"
        if stamp_of(target / ".stamp") == state:
            return
        part = self.folder / "static.part"
        shutil.rmtree(part, ignore_errors=True)
        log = self.folder / "log" / "manage.log"
        run(
            [PYTHON, CHECKOUT / "manage.py", "collectstatic", "--noinput", "-v", "0"],
            log=log,
            what="the static files could not be collected",
            env={**self.env, "WANGGE_STATIC_DIR": str(part)},
            cwd=CHECKOUT,
        )
        write_whole(part / ".stamp", state)
        shutil.rmtree(target, ignore_errors=True)
        part.rename(target)

    def _start_pages(self) -> None:
        bind = "0.0.0.0" if self.options.lan else "127.0.0.1"
        web = ["gunicorn", "governance.wsgi", "--bind", f"{bind}:{self.options.port}", "--worker-class", "gthread"]
        web += [
            "--workers",
            "2",
            "--threads",
            "8",
            "--limit-request-line",
            "8190",
            "--graceful-timeout",
            "5",
            "--worker-tmp-dir",
            "/dev/shm",
            "--no-control-socket",
        ]
        live = ["uvicorn", "governance.live.app:app", "--host", bind, "--port", str(self.live_port)]
        live += ["--timeout-graceful-shutdown", "2", "--no-access-log"]
        if self.options.lan:
            keys = self.folder / "certificate"
            web += ["--certfile", str(keys / "cert.pem"), "--keyfile", str(keys / "key.pem")]
            live += ["--ssl-certfile", str(keys / "cert.pem"), "--ssl-keyfile", str(keys / "key.pem")]
        queue = ["celery", "-A", "governance"]
        schedule = str(self.folder / "demo" / "beat-schedule")
        (self.folder / "demo").mkdir(mode=0o700, exist_ok=True)
        for name, words in (
            ("web", web),
            ("live", live),
            ("worker", [*queue, "worker", "--concurrency", "2", "--loglevel", "INFO"]),
            ("beat", [*queue, "beat", "--schedule", schedule, "--pidfile", ""]),
        ):
            self._start(name, [PYTHON, "-m", *words])
        if _has_command("sweep"):
            self._start("sweep", [PYTHON, CHECKOUT / "manage.py", "sweep", "--loop"])
        if self.options.live:
            speed = str(self.options.live)
            self._start("simulate", [PYTHON, CHECKOUT / "manage.py", "simulate", "--live", "--speed", speed])

    def _start(self, name: str, command: list[Path | str]) -> None:
        log = self.folder / "log" / f"{name}.log"
        self.children.append(start(name, command, log=log, env=self.env, cwd=CHECKOUT))

    def _greet(self) -> None:
        scheme = "https" if self.options.lan else "http"
        urls = [f"{scheme}://{host}:{self.options.port}/" for host in self.addresses if ":" not in host]
        with step("Pages"):
            self._wait_for_pages()
        write_whole(self.folder / "demo.json", json.dumps({"pid": os.getpid(), "address": urls[-1]}))
        say()
        for url in urls:
            say(f"  Wangge is at {url}")
        logins = self.folder / "demo-logins.txt"
        if logins.exists():
            say(f"  Demo logins ({logins}):\n")
            for line in logins.read_text(encoding="utf-8").splitlines():
                say(f"    {line}")
        say("\n  Ctrl-C stops everything; the data are kept.")

    def _wait_for_pages(self) -> None:
        """Until the health page answers over the pages' own port, whatever it says about the parts."""
        until = time.monotonic() + 60
        web = self.children[0]
        url = f"http://127.0.0.1:{self.options.port}/healthz"
        trust = None
        if self.options.lan:
            url = url.replace("http:", "https:")
            trust = ssl.create_default_context(cafile=str(self.folder / "certificate" / "cert.pem"))
        while time.monotonic() < until:
            if not web.is_alive():
                raise Stop(f"the pages did not start: {web.last_words()} (more in {web.log})")
            try:
                urllib.request.urlopen(url, timeout=10, context=trust).close()
                return
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.2)
        raise Stop(f"the pages did not answer within a minute: {reason(web.log)} (more in {web.log})")


if __name__ == "__main__":
    finish(main, "demo")
