"""What the five words say: one line per step, one clear line when something stops them."""

import ctypes
import errno
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_LIBC = ctypes.CDLL(None)
_SET_DEATH_SIGNAL = 1
NO_SPACE = ("No space left on device", "ENOSPC", "You don't have enough free space")


class Stop(Exception):
    """Ends the word with one clear line and exit code 1; running the word again must work."""


def say(line: str = "") -> None:
    """One line on standard output, at once; a terminal that is gone is no reason to leave things half done."""
    with suppress(OSError):
        print(line, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Names a step that takes time and tells how long it took."""
    started = time.monotonic()
    print(f"  {title} ...", end="", flush=True)
    try:
        yield
    except BaseException:
        print(" stopped", flush=True)
        raise
    print(f" {time.monotonic() - started:.1f} s", flush=True)


def run(
    command: Sequence[str | Path],
    *,
    log: Path,
    what: str,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: str | None = None,
    outlives_us: bool = False,
) -> None:
    """Runs a command with its output in a log file; it is killed with us unless it `outlives_us`.

    Raises Stop with `what`, the reason the command gave and the log's path.
    """
    as_user: dict[str, Any] = {"user": user, "group": user, "extra_groups": []} if user else {}
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        start = output.tell()
        try:
            done = subprocess.run(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(env) if env is not None else None,
                cwd=cwd,
                check=False,
                preexec_fn=None if outlives_us else lambda: die_with_parent(signal.SIGKILL),
                **as_user,
            )
        except FileNotFoundError as error:
            raise Stop(f"{what}: {command[0]} is not there.") from error
    if done.returncode:
        raise Stop(f"{what}: {reason(log, start) or f'exit code {done.returncode}'} (more in {log})")


def die_with_parent(number: signal.Signals) -> None:
    """Asks the kernel to send the calling process a signal when its parent is gone (however it ended)."""
    _LIBC.prctl(_SET_DEATH_SIGNAL, number)


def reason(log: Path, start: int = 0) -> str:
    """The line of a log that tells best why something failed, shortened; a full disk wins over everything."""
    try:
        with log.open("rb") as file:
            file.seek(start)
            lines = [line.strip() for line in file.read().decode("utf-8", "replace").splitlines() if line.strip()]
    except OSError:
        return ""
    if any(word in line for line in lines for word in NO_SPACE):
        return "the disk is full; free some space and run it again"
    raised = [line for line in lines if re.match(r"[\w.]+(Error|Exception|Configured): ", line)]
    telling = [line for line in lines if any(word in line for word in ("FATAL", "ERROR", "Error:", "E: ", "error:"))]
    return (raised or telling or lines or [""])[-1][:300]


def finish(main: Callable[[], int | None], word: str) -> None:
    """Runs a word's main function; a Stop, a full disk or Ctrl-C becomes one line and an exit code."""
    # SIGINT too: a shell starts what runs in the background with it ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        code = main() or 0
    except Stop as error:
        print(f"script/{word}: {error}", file=sys.stderr, flush=True)
        code = 1
    except KeyboardInterrupt:
        print(f"script/{word}: interrupted; run it again to go on.", file=sys.stderr, flush=True)
        code = 130
    except OSError as error:
        if error.errno == errno.ENOSPC:
            line = "the disk is full; free some space and run it again."
        elif error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            line = f"no right to write {error.filename}: {error.strerror}."
        else:
            raise
        print(f"script/{word}: {line}", file=sys.stderr, flush=True)
        code = 1
    sys.exit(code)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt
