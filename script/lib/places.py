"""Where a checkout keeps what it makes: stamps and tools inside it, servers' data where their user may enter."""

import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from console import Stop, say

CHECKOUT = Path(__file__).resolve().parents[2]
VENV = CHECKOUT / ".venv"
PYTHON = VENV / "bin" / "python"
SETUP = CHECKOUT / ".setup"
LOGS = SETUP / "log"
AS_ROOT = os.geteuid() == 0


def home() -> Path:
    """The folder of this checkout's data: `.data`, or for root /var/lib/wangge/<hash of the checkout's path>."""
    if not AS_ROOT:
        return CHECKOUT / ".data"
    return Path("/var/lib/wangge") / hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:12]


def make_home() -> Path:
    """The same folder, made if it is not there; it says which checkout it belongs to."""
    folder = home()
    if AS_ROOT:
        for part in (folder.parent, folder):
            part.mkdir(mode=0o755, exist_ok=True)
        (folder / "checkout").write_text(f"{CHECKOUT}\n", encoding="utf-8")
    else:
        folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def digest(*files: Path) -> str:
    """One hash over the contents of some files."""
    result = hashlib.sha256()
    for file in files:
        result.update(file.read_bytes())
    return result.hexdigest()


def stamp_of(file: Path) -> str:
    """What a stamp file says; nothing if there is none."""
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def write_whole(file: Path, text: str, mode: int = 0o644) -> None:
    """Writes a file so that a reader, or a run after a crash, finds all of it or none."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(file.name + ".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as output:
        output.write(text)
        output.flush()
        os.fsync(output.fileno())
    part.replace(file)


def try_lock(file: Path) -> IO[str] | None:
    """An exclusive lock that ends with this process, or nothing if somebody holds it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = file.open("a+", encoding="utf-8")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        return None
    return handle


def demo_is_running() -> bool:
    """Whether a demo of this checkout runs in another process."""
    if not home().is_dir():
        return False
    handle = try_lock(home() / "demo.lock")
    if handle is None:
        return True
    handle.close()
    return False


@contextmanager
def one_at_a_time(file: Path, what: str, *, patience: float = 900) -> Iterator[None]:
    """Waits until nobody else does the same; Stop after `patience` seconds."""
    handle = try_lock(file)
    if handle is None:
        say(f"  waiting: another {what} of this checkout is running")
        until = time.monotonic() + patience
        while handle is None:
            if time.monotonic() > until:
                raise Stop(f"another {what} of this checkout is still running.")
            time.sleep(0.5)
            handle = try_lock(file)
    with handle:
        yield
