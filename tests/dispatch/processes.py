"""Real processes of ours against the database of the test, each in its own session so that it can be killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from django.db import connection

ROOT = Path(__file__).resolve().parents[2]


def database_url() -> str:
    """The test database as the processes are told of it."""
    given = connection.settings_dict
    login = quote(given["USER"] or "", safe="")
    if given["PASSWORD"]:
        login += ":" + quote(given["PASSWORD"], safe="")
    host, port = str(given["HOST"] or ""), str(given["PORT"] or "")
    if host.startswith("/"):
        host = quote(host, safe="")
    return f"postgis://{login}@{host}{':' + port if port else ''}/{quote(given['NAME'])}"


def environment(**more: str) -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": database_url(),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DEBUG": "1",
        "PYTHONPATH": str(ROOT),
        **more,
    }


def start(*command: str, log: Path, **more: str) -> "subprocess.Popen[bytes]":
    """Start a Python module of ours; its words go to `log`."""
    with log.open("ab") as words:
        return subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=environment(**more),
            stdout=words,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def manage(*arguments: str, log: Path) -> "subprocess.Popen[bytes]":
    return start("-m", "django", *arguments, log=log)


def end(process: "subprocess.Popen[bytes]", *, wait: float = 10) -> int:
    """Ask a process to end, and see to it; the code it ended with."""
    if process.poll() is None:
        process.terminate()
    try:
        return process.wait(wait)
    except subprocess.TimeoutExpired:
        kill(process)
        return process.wait(wait)


def kill(process: "subprocess.Popen[bytes]") -> None:
    """`kill -9` for the process and all it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def running(*processes: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Whatever happens inside, the processes are gone afterwards."""
    try:
        yield
    finally:
        for process in processes:
            end(process)
