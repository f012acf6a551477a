"""One process that takes what is due until nothing is left: the sweep itself, or its floor in plain SQL.

Says "ready" when it is warm. To every line it reads (lights, moves or cards) it answers with one line of JSON: how many
steps it took, and the CPU seconds of this process and of the server's process behind its connection.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """`raw` or `sweep`, then the name to sign with."""
    backend, take = (_raw if sys.argv[1] == "raw" else _sweep)(sys.argv[2])
    print("ready", flush=True)
    for line in sys.stdin:
        before = time.process_time(), cpu_of(backend)
        done = take(line.strip())
        python, postgres = time.process_time() - before[0], cpu_of(backend) - before[1]
        print(json.dumps({"done": done, "python": python, "postgres": postgres}), flush=True)


def cpu_of(pid: int) -> float:
    """CPU seconds a process of this machine has used, in hundredths; 0 where it cannot be seen."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def _raw(name: str) -> tuple[int, Callable[[str], int]]:
    import psycopg2
    from bench_engine_floor import BATCHES, address

    connection = psycopg2.connect(address(), application_name=name)
    cursor = connection.cursor()

    def take(what: str) -> int:
        done = 0
        while taken := BATCHES[what](cursor):
            done += taken
        return done

    return connection.get_backend_pid(), take


def _sweep(name: str) -> tuple[int, Callable[[str], int]]:
    import django

    django.setup()
    from django.db import connection
    from django.utils import timezone

    from dispatch import supervision

    supervision.sweep(ticker=name)
    turn = 0

    def take(what: str) -> int:
        # A name of its own, as a sweeper that was just started has: nothing is known of what was drained before.
        nonlocal turn
        turn += 1
        result = supervision.sweep_until_drained(worker_now=timezone.now(), ticker=f"{name}-{turn}")
        if result.failed or result.refused:
            raise RuntimeError(f"{what}: failed {result.failed}, refused {result.refused!r}")
        return {"lights": result.lights, "moves": result.moved, "cards": result.cards}[what]

    return connection.connection.get_backend_pid(), take


if __name__ == "__main__":
    main()
