"""Private PostgreSQL and Redis servers of one checkout: sockets in a short folder of /tmp, no port at all."""

import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

from console import Stop, run
from debian import postgres_bin
from places import AS_ROOT, stamp_of, write_whole
from processes import Child, end_all, start

USER = "postgres" if AS_ROOT else None
ROLE = "wangge"
DATABASE = "wangge"
PLAIN = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
SAFE = ("shared_buffers=128MB",)
# A test's database may be lost with the power; it is made anew anyway.
FAST = (
    "shared_buffers=128MB",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "checkpoint_timeout=1h",
    "max_wal_size=4GB",
    "autovacuum=off",
)


class Servers:
    """The two servers whose data stand in `folder`; `durable` is False for tests."""

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.folder = folder
        self.data = folder / "postgres"
        self.record = folder / "servers.json"
        self.settings = SAFE if durable else FAST
        self.sockets = Path()
        self.children: list[Child] = []

    @property
    def database_url(self) -> str:
        """DATABASE_URL of the private database."""
        return f"postgis://{ROLE}@/{DATABASE}?{urlencode({'host': self.sockets})}"

    @property
    def redis_url(self) -> str:
        """REDIS_URL of the private Redis."""
        return f"unix://{self.sockets}/redis.sock?db=0"

    def start(self) -> None:
        """Starts both and makes the database; what a killed run left behind is ended and removed first."""
        self.folder.mkdir(mode=0o755 if AS_ROOT else 0o700, parents=True, exist_ok=True)
        self.end_left_behind()
        self._make_data()
        self.sockets = Path(tempfile.mkdtemp(prefix="wangge-", dir="/tmp"))
        _give(self.sockets)
        write_whole(self.record, json.dumps({"sockets": str(self.sockets)}))
        self._start_postgres()
        self._start_redis()
        write_whole(
            self.record,
            json.dumps({"sockets": str(self.sockets), **{child.name: child.process.pid for child in self.children}}),
        )
        self._make_database()

    def stop(self) -> None:
        """Stops what `start` started: PostgreSQL fast (its clients are gone by now), then the socket folder."""
        end_all(self.children, patience=40)
        self.children = []
        if self.sockets != Path():
            shutil.rmtree(self.sockets, ignore_errors=True)
        self.record.unlink(missing_ok=True)

    def _bin(self) -> Path:
        version = stamp_of(self.data / "PG_VERSION")
        folder = Path(f"/usr/lib/postgresql/{version}/bin") if version else postgres_bin()
        if folder is None or not (folder / "postgres").exists():
            raise Stop(f"the data in {self.data} are of PostgreSQL {version}, which is not installed.")
        return folder

    def _make_data(self) -> None:
        if self.data.exists():
            return
        part = self.folder / "postgres.part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o700)
        _give(part)
        options = [f"--username={ROLE}", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums"]
        run(
            [self._bin() / "initdb", *options, "-D", part],
            log=self.folder / "log" / "initdb.log",
            what="the private PostgreSQL could not be made",
            env=PLAIN,
            cwd=Path("/"),
            user=USER,
        )
        part.rename(self.data)

    def _start_postgres(self) -> None:
        program = self._bin() / "postgres"
        settings = [part for setting in self.settings for part in ("-c", setting)]
        command: list[str | Path] = [program, "-D", self.data, "-k", self.sockets, "-c", "listen_addresses=", *settings]
        log = self.folder / "log" / "postgres.log"
        child = start("PostgreSQL", command, log=log, env=PLAIN, cwd=Path("/"), ending=signal.SIGINT, user=USER)
        self.children.append(child)
        ready = [str(self._bin() / "pg_isready"), "-q", "-h", str(self.sockets)]
        _wait(child, lambda: subprocess.run(ready, check=False).returncode == 0, seconds=120)

    def _start_redis(self) -> None:
        folder = self.folder / "redis"
        folder.mkdir(mode=0o700, exist_ok=True)
        _give(folder)
        program = shutil.which("redis-server") or "/usr/bin/redis-server"
        socket = self.sockets / "redis.sock"
        options: list[str | Path] = [
            "--port",
            "0",
            "--unixsocket",
            socket,
            "--unixsocketperm",
            "700",
            "--dir",
            folder,
            "--save",
            "",
        ]
        options += ["--appendonly", "no", "--maxmemory-policy", "noeviction", "--daemonize", "no"]
        log = self.folder / "log" / "redis.log"
        child = start("Redis", [program, *options], log=log, env=PLAIN, cwd=Path("/"), user=USER)
        self.children.append(child)
        _wait(child, socket.is_socket, seconds=20)

    def _make_database(self) -> None:
        psql = [str(self._bin() / "psql"), "-h", str(self.sockets), "-U", ROLE, "-d", "postgres", "-XAtq"]
        query = f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"
        there = subprocess.run([*psql, "-c", query], capture_output=True, text=True, check=False, env=PLAIN)
        if there.stdout.strip() != "1":
            log = self.folder / "log" / "initdb.log"
            run([*psql, "-c", f"CREATE DATABASE {DATABASE}"], log=log, what="the database could not be made", env=PLAIN)

    def end_left_behind(self) -> None:
        """Ends servers of a run that was killed (only if they are really ours) and removes their sockets."""
        try:
            left = json.loads(self.record.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            left = {}
        sockets = str(left.get("sockets", ""))
        first = stamp_of(self.data / "postmaster.pid").partition("\n")[0]
        for pid, sign, ending in (
            (int(first) if first.isdigit() else 0, str(self.data), signal.SIGINT),
            (int(left.get("Redis", 0)), f"{sockets}/redis.sock", signal.SIGTERM),
        ):
            if pid and sign in _command_line(pid):
                _end(pid, ending)
        if sockets.startswith("/tmp/wangge-"):
            shutil.rmtree(sockets, ignore_errors=True)
        self.record.unlink(missing_ok=True)


def _give(folder: Path) -> None:
    """Hands a folder to the servers' user."""
    if USER is not None:
        entry = pwd.getpwnam(USER)
        os.chown(folder, entry.pw_uid, entry.pw_gid)


def _wait(child: Child, is_ready: Callable[[], bool], *, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not is_ready():
        if not child.is_alive():
            raise Stop(f"{child.name} did not start: {child.last_words()} (more in {child.log})")
        if time.monotonic() > until:
            raise Stop(f"{child.name} did not answer within {seconds:.0f} seconds (more in {child.log})")
        time.sleep(0.05)


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return ""


def _end(pid: int, ending: signal.Signals) -> None:
    """Ends a process that is not our child: asked first, forced after 20 seconds."""
    for number, patience in ((ending, 20.0), (signal.SIGKILL, 5.0)):
        until = time.monotonic() + patience
        try:
            os.kill(pid, number)
            while time.monotonic() < until:
                os.kill(pid, 0)
                time.sleep(0.1)
        except ProcessLookupError:
            return
