"""Several `manage.py sweep --loop` as processes of one parent, which starts a new one whenever one is killed.

Run as `python -m tests.crash.fleet NUMBER FILE`: each child is a fork, so that a new one is there at once instead of
after the seconds Django takes to start. FILE always names the living ones. SIGTERM ends all and then the parent.
"""

import os
import signal
import sys
import time
from pathlib import Path


def main() -> None:
    import django

    django.setup()
    number, told = int(sys.argv[1]), Path(sys.argv[2])
    children: dict[int, str] = {}
    ending = False

    def stop(*_given: object) -> None:
        nonlocal ending
        ending = True

    signal.signal(signal.SIGTERM, stop)
    born = 0
    while not ending:
        while len(children) < number:
            born += 1
            children[_sweeper(f"sweeper-{born}")] = f"sweeper-{born}"
        told.with_suffix(".part").write_text(" ".join(map(str, children)))
        told.with_suffix(".part").rename(told)
        time.sleep(0.02)
        for child in list(children):
            if os.waitpid(child, os.WNOHANG)[0]:
                del children[child]
    for child in children:
        os.kill(child, signal.SIGTERM)
    for child in children:
        os.waitpid(child, 0)


def _sweeper(name: str) -> int:
    """Fork a sweeper and return its process id; a fork has no connection of its parent's, which has none."""
    child = os.fork()
    if child:
        return child
    from django.core.management import call_command

    try:
        call_command("sweep", "--loop", "--name", name)
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
