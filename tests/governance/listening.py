"""A real live service and a Redis of its own, and pages that listen to it: plain sockets, read when asked."""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from django.conf import settings
from django.test import Client

from grids.models import Person
from tests.dispatch import processes

PATIENCE = 15.0


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def session_of(person: Person) -> str:
    """The key of a fresh session of the person."""
    client = Client()
    client.force_login(person)
    return str(client.cookies[settings.SESSION_COOKIE_NAME].value)


def soon(what: Any, why: str) -> None:
    """Waits until something is true."""
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, why
        time.sleep(0.05)


class OwnRedis:
    """A Redis that may be stopped and started."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = shutil.which("redis-server")
        assert program, "redis-server is missing: run script/setup"
        words = [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.server = subprocess.Popen(words, cwd=self.folder, stdout=subprocess.DEVNULL, start_new_session=True)
        soon(self.answers, "redis-server does not answer")

    def stop(self) -> None:
        if self.server is not None:
            processes.end(self.server)

    def answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@dataclass
class Service:
    """The live service as a process of its own."""

    port: int
    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/live/"

    def health(self) -> dict[str, Any]:
        with urlopen(f"{self.url}health", timeout=PATIENCE) as answer:
            return dict(json.load(answer))


@contextmanager
def served(redis: OwnRedis, folder: Path, **more: str) -> Iterator[Service]:
    """`uvicorn governance.live.app:app` on the test's database, until the end of the block."""
    port, log = free_port(), folder / "live.log"
    words = ["-m", "uvicorn", "governance.live.app:app", "--host", "127.0.0.1", "--port", str(port)]
    words += ["--timeout-graceful-shutdown", "2", "--no-access-log"]
    service = Service(port, processes.start(*words, log=log, REDIS_URL=redis.url, **more), log)

    def is_ready() -> bool:
        assert service.process.poll() is None, log.read_text()[-3000:]
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return False
        return bool(service.health()["redis"] == "ok")

    with processes.running(service.process):
        soon(is_ready, "the live service does not start")
        yield service


class Page:
    """One open stream. Asks as HTTP/1.0, so that what comes is what was said."""

    def __init__(self, service: Service, path: str = "", *, session: str = "", after: str = "", **headers: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE)
        words = [f"GET /live/{path}{f'?after={after}' if after else ''} HTTP/1.0", f"Host: 127.0.0.1:{service.port}"]
        words += [f"Cookie: {settings.SESSION_COOKIE_NAME}={session}"] if session else []
        words += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.socket.sendall("\r\n".join([*words, "", ""]).encode())
        self.rest = b""
        self.is_over = False
        self.events: list[tuple[str, str, dict[str, Any]]] = []
        while b"\r\n\r\n" not in self.rest:
            assert self._read(PATIENCE), "no answer"
        head, _gap, self.rest = self.rest.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        self.status = int(first.split()[1])
        self.headers = {name.lower(): value.strip() for name, _colon, value in (line.partition(":") for line in lines)}
        self._parse()

    def until(self, name: str, *, wait: float = PATIENCE) -> dict[str, Any]:
        """What the next event of this name says; those before it are taken too."""
        deadline = time.monotonic() + wait
        while True:
            while self.events:
                said, _id, about = self.events.pop(0)
                if said == name:
                    return about
            left = deadline - time.monotonic()
            assert left > 0 and self._read(left), f"{name} was not heard"

    def opened(self) -> "Page":
        """Itself, once the service has said hello."""
        self.until("hello")
        return self

    def heard(self, *, wait: float = 0.4) -> list[str]:
        """The names of what came in until it was quiet for a moment."""
        while not self.is_over and self._read(wait):
            pass
        names = [name for name, _id, _about in self.events]
        self.events.clear()
        return names

    def ends(self, *, wait: float = PATIENCE) -> bool:
        deadline = time.monotonic() + wait
        while not self.is_over and time.monotonic() < deadline:
            self._read(deadline - time.monotonic())
        return self.is_over

    @property
    def last_id(self) -> str:
        return self._last

    _last = ""

    def _read(self, wait: float) -> bool:
        """Whether anything came in time."""
        self.socket.settimeout(max(0.01, wait))
        try:
            got = self.socket.recv(65536)
        except TimeoutError:
            return False
        self.is_over = not got
        self.rest += got
        if hasattr(self, "status"):
            self._parse()
        return bool(got)

    def _parse(self) -> None:
        while b"\n\n" in self.rest:
            block, _gap, self.rest = self.rest.partition(b"\n\n")
            said: dict[str, str] = {}
            for line in block.decode().split("\n"):
                name, _colon, value = line.partition(":")
                said[name] = value.strip()
            self._last = said.get("id", self._last)
            if "event" in said:
                self.events.append((said["event"], said.get("id", ""), json.loads(said["data"])))

    def close(self) -> None:
        self.socket.close()
