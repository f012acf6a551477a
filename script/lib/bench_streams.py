"""How soon open pages hear: many streams of the live service at once, as plain sockets of one thread."""

import selectors
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack


def told(port: int, cookies: Sequence[str], streams: int, happen: Callable[[], None], times: int) -> list[list[float]]:
    """For each of `times` happenings, the seconds after which each stream heard of it, shortest first.

    The streams share the `cookies` (`sessionid=...`) in turn; `happen` makes everybody hear something. Raises
    TimeoutError when one has not heard after ten seconds, RuntimeError when one is refused.
    """
    with ExitStack() as closing:
        ears = selectors.DefaultSelector()
        closing.callback(ears.close)
        for number in range(streams):
            line = closing.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
            cookie = cookies[number % len(cookies)]
            line.sendall(f"GET /live/ HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n".encode())
            _wait_for_hello(line)
            line.setblocking(False)
            ears.register(line, selectors.EVENT_READ)
        return [_once(ears, streams, happen) for _number in range(times)]


def _wait_for_hello(line: socket.socket) -> None:
    said = b""
    while b"event: hello" not in said:
        got = line.recv(4096)
        said += got
        if not got or not said.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"a stream was refused: {said[:60]!r}")


def _once(ears: selectors.BaseSelector, streams: int, happen: Callable[[], None]) -> list[float]:
    heard: dict[int, float] = {}
    happen()
    began = time.perf_counter()
    while len(heard) < streams:
        ready = ears.select(timeout=10)
        if not ready:
            raise TimeoutError(f"{streams - len(heard)} of {streams} streams heard nothing")
        for key, _events in ready:
            said = key.fileobj.recv(65536)  # type: ignore[union-attr]
            if b"event: happened" in said or b"event: many" in said:
                heard.setdefault(key.fd, time.perf_counter() - began)
    return sorted(heard.values())
