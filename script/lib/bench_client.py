"""A small HTTP client for the bench: one kept connection per thread, a real session or token, times in milliseconds."""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

LONGEST_WAIT = 60


@dataclass(frozen=True)
class Ask:
    """One request to be made."""

    path: str
    method: str = "GET"
    body: str | None = None


@dataclass
class Times:
    """How long each request took, and how long all took together."""

    each: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def percentile(self, part: float) -> float:
        """The time within which this part of the requests was answered, in milliseconds."""
        ranked = sorted(self.each)
        return ranked[min(len(ranked) - 1, int(part * len(ranked)))]

    @property
    def per_second(self) -> float:
        """Requests answered in a second."""
        return len(self.each) / self.seconds if self.seconds else 0.0


class Visitor:
    """Somebody signed in; every thread gets a connection of its own."""

    def __init__(self, host: str, headers: dict[str, str] | None = None) -> None:
        self.host, self.headers = host, headers or {}
        self._own = threading.local()

    def ask(self, ask: Ask) -> bytes:
        """The body of the answer; raises RuntimeError for anything but success."""
        status, _headers, body = self.raw(ask)
        if not 200 <= status < 300:
            raise RuntimeError(f"{ask.method} {ask.path} answered {status}: {body[:300].decode('utf-8', 'replace')}")
        return body

    def raw(self, ask: Ask) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Status, headers and body, whatever they are; a connection the server closed meanwhile is made anew once."""
        for last in (False, True):
            connection = getattr(self._own, "connection", None)
            if connection is None:
                connection = self._own.connection = http.client.HTTPConnection(self.host, timeout=LONGEST_WAIT)
            try:
                connection.request(ask.method, ask.path, ask.body, self.headers)
                answer = connection.getresponse()
                return answer.status, answer.headers, answer.read()
            except (ConnectionError, http.client.HTTPException):
                connection.close()
                self._own.connection = None
                if last:
                    raise
        raise AssertionError("two rounds always end above")


def with_session(host: str, username: str, password: str) -> Visitor:
    """Signed in through the form, as a browser does."""
    visitor = Visitor(host)
    _status, headers, _body = visitor.raw(Ask("/login/"))
    cookies = _cookies(headers)
    visitor.headers = {"Cookie": _joined(cookies), "Content-Type": "application/x-www-form-urlencoded"}
    form = {"username": username, "password": password, "csrfmiddlewaretoken": cookies["csrftoken"]}
    status, headers, _body = visitor.raw(Ask("/login/", "POST", urlencode(form)))
    cookies |= _cookies(headers)
    if status != 302 or "sessionid" not in cookies:
        raise RuntimeError(f"{username} could not sign in: {status}")
    visitor.headers = {"Cookie": _joined(cookies)}
    return visitor


def with_token(host: str, username: str, password: str) -> Visitor:
    """Signed in through the API."""
    visitor = Visitor(host, {"Content-Type": "application/json"})
    told = visitor.ask(Ask("/api/v1/login/", "POST", json.dumps({"username": username, "password": password})))
    visitor.headers |= {"Authorization": f"Token {json.loads(told)['token']}"}
    return visitor


def _cookies(headers: http.client.HTTPMessage) -> dict[str, str]:
    pairs = [line.split(";")[0].split("=", 1) for line in headers.get_all("Set-Cookie") or []]
    return {name: value for name, value in pairs if value not in ("", '""')}


def _joined(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


def one_by_one(act: Callable[[], object], *, seconds: float, least: int = 20, most: int = 400) -> Times:
    """Times `act` again and again for about so many seconds, after a few rounds that do not count."""
    for _round in range(3):
        act()
    times, began = Times(), time.perf_counter()
    while len(times.each) < most and (len(times.each) < least or time.perf_counter() - began < seconds):
        started = time.perf_counter()
        act()
        times.each.append((time.perf_counter() - started) * 1000)
    times.seconds = time.perf_counter() - began
    return times


def side_by_side(visitor: Visitor, asks: Iterator[Ask] | Sequence[Ask], *, threads: int, seconds: float) -> Times:
    """Times requests made by several threads at once, until the time is up or the requests are."""
    source, lock, until = iter(asks), threading.Lock(), time.perf_counter() + seconds
    times, failed = Times(), []

    def work() -> None:
        own: list[float] = []
        try:
            while time.perf_counter() < until:
                with lock:
                    ask = next(source, None)
                if ask is None:
                    break
                started = time.perf_counter()
                visitor.ask(ask)
                own.append((time.perf_counter() - started) * 1000)
        except (RuntimeError, OSError, http.client.HTTPException) as error:
            failed.append(error)
        with lock:
            times.each.extend(own)

    began = time.perf_counter()
    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    times.seconds = time.perf_counter() - began
    if failed:
        raise failed[0]
    return times
