"""Opens streams and keeps them: who asks, from which page, what goes over the line, and how it ends.

A stream that ends says when to come back: the browser does so by itself, with the id of the last thing it heard.
"""

import asyncio
import contextlib
import json
import logging
import random
import signal
import time
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from types import FrameType
from typing import Any
from urllib.parse import parse_qs, unquote

from django.conf import settings
from django.db import Error

from governance.live import address, admission
from governance.live.admission import Viewer
from governance.live.hub import Full, Hub, Id, Signal, Stream, block, parsed
from governance.live.reader import Reader

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Admit = Callable[[], Viewer | None]
# Every address that opens a stream, by name, and who is let in there; tests/rights decides for each of them.
STREAMS = {"live:own": "/live/", "live:wall": "/live/wall/<key>/"}

COMMENT_SECONDS = 15.0
BEGIN_SECONDS = 2.0
# Somebody who takes nothing for so long is not there any more.
STUCK_SECONDS = 20.0
# So many look at the database at once, whoever asks.
THREADS = 4
# A session is deleted a moment after it is said that it ended.
LOOK_AGAIN_AFTER = 1.0
# No clock of ours is so far ahead.
AHEAD_SECONDS = 60
# Nobody who lost their stream comes back at the same moment as all others.
RETRY_MS = (1_500, 4_000)
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache, no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]


class Unknown(Exception):
    """The database does not answer, so nobody can say who asks."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    query: dict[str, list[str]]

    @classmethod
    def of(cls, scope: Scope) -> "Asked":
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        return cls(scope["method"], unquote(scope["path"]), headers, query)

    @property
    def after(self) -> Id | None:
        """The id of the last thing the page heard, or the moment it was made; of one nobody can have given, the first.

        Who comes with such a one may have missed anything, and is told to ask for everything anew.
        """
        text = self.headers.get("last-event-id", "") or self.query.get("after", [""])[0]
        found = parsed(text)
        is_odd = found[0] > (time.time() + AHEAD_SECONDS) * 1000 if found else text != ""
        return (0, 0) if is_odd else found

    @property
    def session(self) -> str:
        try:
            cookie = SimpleCookie(self.headers.get("cookie", ""))
        except CookieError:
            return ""
        morsel = cookie.get(settings.SESSION_COOKIE_NAME)
        return morsel.value if morsel else ""


class Door:
    """The ASGI application; one hub and one reader for the life of the process."""

    def __init__(self) -> None:
        self.hub = Hub()
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="admission")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(Asked.of(scope), receive, send)
        else:
            raise ValueError(f"this service speaks http, not {scope['type']}")

    # -- the process ----------------------------------------------------------------------------------------

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        reading = Reader(self.hub, settings.REDIS_URL)
        reader = asyncio.create_task(reading.run(), name="reader")
        reader.add_done_callback(_tell_why)
        # Pages are let in once it is known what they may have missed; without Redis, all the same.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(reading.began.wait(), BEGIN_SECONDS)
        self._end_with_signals()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.hub.end()
        reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reader
        self.threads.shutdown(wait=False, cancel_futures=True)
        await send({"type": "lifespan.shutdown.complete"})

    def _end_with_signals(self) -> None:
        """The server waits for open streams before it says that it ends, so the streams hear the signal themselves."""
        loop = asyncio.get_running_loop()

        def also(before: Any) -> Callable[[int, FrameType | None], None]:
            def handle(number: int, frame: FrameType | None) -> None:
                loop.call_soon_threadsafe(self.hub.end)
                if callable(before):
                    before(number, frame)

            return handle

        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(ValueError):  # not in the main thread
                signal.signal(number, also(signal.getsignal(number)))

    # -- one request ----------------------------------------------------------------------------------------

    async def _answer(self, asked: Asked, receive: Receive, send: Send) -> None:
        if asked.path == "/live/health":
            await _plain(send, 200, json.dumps(self.health()), b"application/json")
        elif asked.method != "GET":
            await _plain(send, 405, "GET")
        elif not address.is_known_host(asked.headers.get("host", "")):
            await _plain(send, 400, "host")
        elif not address.may_listen(asked.headers):
            await _plain(send, 403, "origin")
        else:
            await self._open(asked, receive, send)

    def health(self) -> dict[str, Any]:
        """`status` is `ok`, or `degraded` while Redis is away and pages ask by themselves."""
        up = self.hub.is_up
        return {
            "status": "ok" if up else "degraded",
            "redis": "ok" if up else "down",
            "streams": len(self.hub.streams),
            "kept": len(self.hub.kept),
        }

    async def _open(self, asked: Asked, receive: Receive, send: Send) -> None:
        admit = _admission(asked)
        if admit is None:
            await _plain(send, 404, "no such stream")
            return
        cors = _cors(asked)
        try:
            viewer = await self._in_thread(admit)
            if viewer is None:
                await _plain(send, 401, "nobody", more=cors)
                return
            stream = self.hub.join(viewer, asked.after)
        except (Full, Unknown):
            await _plain(send, 503, "not now", more=[*cors, (b"retry-after", b"60")])
            return
        listening = asyncio.create_task(_until_gone(receive, stream))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": [*HEADERS, *cors]})
            await self._keep(stream, admit, send)
        except TimeoutError:
            log.info("a stream took nothing for %d s", STUCK_SECONDS)
        finally:
            self.hub.leave(stream)
            listening.cancel()

    async def _keep(self, stream: Stream, admit: Admit, send: Send) -> None:
        """Sends what the stream hears until it is over; looks again at who listens when that is due."""
        retry = random.randint(*RETRY_MS)
        await _say(send, f"retry: {retry}\n\n".encode())
        look_at = stream.viewer.until
        while True:
            said, signals = await _next(stream, look_at)
            if Signal.LOOK_AGAIN in signals:
                look_at = min(look_at, time.time() + LOOK_AGAIN_AFTER)
            if time.time() >= look_at and Signal.GONE not in signals:
                try:
                    viewer = await self._in_thread(admit)
                except Unknown:
                    signals.add(Signal.END)
                    viewer = stream.viewer
                if viewer is None:
                    await _say(send, said + block("bye", {}), more=False)
                    return
                stream.viewer, look_at = viewer, viewer.until
            if Signal.GONE in signals:
                return
            if Signal.END in signals:
                await _say(send, said + f"retry: {retry}\n\n".encode(), more=False)
                return
            await _say(send, said or self._sign_of_life(stream))

    def _sign_of_life(self, stream: Stream) -> bytes:
        """A comment; and, where nothing waits to be sent, the id to come back with."""
        last = self.hub.last
        return f": \nid: {last[0]}-{last[1]}\n\n".encode() if stream.queue.empty() and last > (0, 0) else b": \n\n"

    async def _in_thread(self, admit: Admit) -> Viewer | None:
        try:
            return await asyncio.get_running_loop().run_in_executor(self.threads, admit)
        except Error as trouble:
            log.warning("nobody can be recognised: %s", trouble)
            raise Unknown from trouble


def _admission(asked: Asked) -> Admit | None:
    """How whoever asks is recognised; None for an address that is no stream."""
    if asked.path == "/live/":
        return lambda: admission.by_session(asked.session) if asked.session else None
    secret = asked.path.removeprefix("/live/wall/").rstrip("/")
    if not asked.path.startswith("/live/wall/") or not secret or "/" in secret:
        return None
    return lambda: admission.by_key(secret)


async def _next(stream: Stream, look_at: float) -> tuple[bytes, set[Signal]]:
    """All that waits in the queue; nothing after a quarter of a minute, or when it is time to look again."""
    found: list[bytes] = []
    signals: set[Signal] = set()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(max(0.0, min(COMMENT_SECONDS, look_at - time.time()))):
            item = await stream.queue.get()
            while True:
                if isinstance(item, bytes):
                    found.append(item)
                else:
                    signals.add(item)
                if stream.queue.empty():
                    break
                item = stream.queue.get_nowait()
    return b"".join(found), signals


async def _until_gone(receive: Receive, stream: Stream) -> None:
    """Notes that the other end has gone, so that the stream ends at once and not with its next word."""
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.end(Signal.GONE)


async def _say(send: Send, words: bytes, *, more: bool = True) -> None:
    async with asyncio.timeout(STUCK_SECONDS):
        await send({"type": "http.response.body", "body": words, "more_body": more})


async def _plain(
    send: Send, status: int, words: str, kind: bytes = b"text/plain", more: list[tuple[bytes, bytes]] | None = None
) -> None:
    headers = [(b"content-type", kind), (b"cache-control", b"no-store"), *(more or [])]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": words.encode()})


def _cors(asked: Asked) -> list[tuple[bytes, bytes]]:
    origin = asked.headers.get("origin", "").encode("latin-1")
    allow = [(b"access-control-allow-origin", origin), (b"access-control-allow-credentials", b"true")]
    return [(b"vary", b"origin"), *(allow if origin else [])]


def _tell_why(reader: "asyncio.Task[None]") -> None:
    if not reader.cancelled() and reader.exception() is not None:
        log.error("the reader ended", exc_info=reader.exception())
