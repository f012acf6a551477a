"""Processes of our own: started so that they end with us even when we are killed, watched, and stopped in order."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from console import Stop, die_with_parent, reason
from places import AS_ROOT


@dataclass
class Child:
    """One process with its own process group, the signal that ends it well, and its log."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    ending: signal.Signals = signal.SIGTERM

    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def ask_to_end(self) -> None:
        """Sends the ending signal to the process itself; it ends its own children."""
        if self.is_alive():
            self.process.send_signal(self.ending)

    def make_end(self, patience: float) -> None:
        """Waits up to `patience` seconds, then ends the whole process group by force."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(patience)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def last_words(self) -> str:
        """Why it stopped, as far as its log tells."""
        code = self.process.returncode
        if code is not None and code < 0:
            return f"killed by {signal.Signals(-code).name}"
        return reason(self.log) or f"exit code {code}"


def start(
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str],
    cwd: Path,
    ending: signal.Signals = signal.SIGTERM,
    user: str | None = None,
) -> Child:
    """Starts a child in its own session; the kernel sends it `ending` if this process dies first."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists():
        log.replace(log.with_suffix(".before.log"))

    def before_exec() -> None:
        die_with_parent(ending)
        # Ctrl-C is ours to pass on; a child must not inherit that it is ignored.
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    as_user: dict[str, Any] = {}
    if user is not None and AS_ROOT:
        as_user = {"user": user, "group": user, "extra_groups": [], "umask": 0o077}
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
            preexec_fn=before_exec,
            **as_user,
        )
    return Child(name, process, log, ending)


def watch(children: Sequence[Child]) -> None:
    """Returns never: raises Stop with the name and last words of the first child that ends."""
    while True:
        for child in children:
            if not child.is_alive():
                raise Stop(f"{child.name} stopped by itself: {child.last_words()} (more in {child.log})")
        time.sleep(0.5)


def end_all(children: Sequence[Child], *, patience: float = 12) -> None:
    """Asks all to end at once, waits, then makes them; a second Ctrl-C meanwhile changes nothing."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for child in children:
        child.ask_to_end()
    until = time.monotonic() + patience
    for child in children:
        child.make_end(max(0.1, until - time.monotonic()))
