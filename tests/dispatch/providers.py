"""Providers of the tests: real servers on loopback that answer as they are told and keep all they were sent."""

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

Answering = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def said(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    @property
    def text(self) -> str:
        """The words of a robot's message."""
        said = self.said
        return str((said.get("text") or said.get("content") or {}).get("content") or said["content"]["text"])


def answers(said: Any = None, status: int = 200, **headers: str) -> Answering:
    """Answer as a provider does; `errcode` 0 unless something else is said."""
    body = json.dumps({"errcode": 0, "code": 0, "id": "p-1"} if said is None else said).encode()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def hangs(seconds: float) -> Answering:
    """Say nothing for longer than anybody waits."""
    return lambda handler: time.sleep(seconds)


def drips(seconds: float) -> Answering:
    """A byte now and then, so that no single read ever times out."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for _number in range(int(seconds * 20)):
            handler.wfile.write(b"X-More: 1\r\n")
            time.sleep(0.05)

    return answer


def half(handler: BaseHTTPRequestHandler) -> None:
    """Take the message and lose the line in the middle of the answer."""
    handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n{"errcode"')


class Provider:
    """A server at `http://127.0.0.1:port`; `plan` are its next answers, good ones after that."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.plan: deque[Answering] = deque()
        self.usual = answers()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.received.append(Received(self.path, dict(self.headers), body))
                (outer.plan.popleft() if outer.plan else outer.usual)(self)

            def log_message(self, *given: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *given: Any) -> None:
                """Whoever hung up, hung up."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def url(self, path: str = "/robot?key=very-secret") -> str:
        return f"http://{self.host}{path}"

    @property
    def texts(self) -> list[str]:
        return [one.text for one in self.received]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@dataclass
class MailServer:
    """A mail server that takes letters, or fails at the step it is told to."""

    letters: list[str] = field(default_factory=list)
    # Command to what is answered instead of "250 ok"; "" hangs up without a word.
    plan: dict[str, str] = field(default_factory=dict)

    def open(self) -> None:
        outer = self

        class Handler(StreamRequestHandler):
            def handle(self) -> None:
                self._say("220 fake")
                while line := self.rfile.readline():
                    word = line[:4].strip().upper().decode()
                    if word == "DATA":
                        self._say("354 go on")
                        outer.letters.append(self._letter())
                    answer = outer.plan.get(word, "221 bye" if word == "QUIT" else "250 ok")
                    if not answer:
                        return
                    self._say(answer)
                    if word == "QUIT":
                        return

            def _letter(self) -> str:
                lines = []
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(line)
                return b"".join(lines).decode()

            def _say(self, words: str) -> None:
                self.wfile.write(words.encode() + b"\r\n")

        class Server(ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, *given: Any) -> None:
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
