"""Times SELECT 1, a bare INSERT with COMMIT and the health page in the same process, and prints the ratios."""

import json
import statistics
import sys
import time
from collections.abc import Callable

import django

ROUNDS = 400
WARM = 40


def median(act: Callable[[], object]) -> float:
    """The median of ROUNDS calls in microseconds, after WARM calls that do not count."""
    for _ in range(WARM):
        act()
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter_ns()
        act()
        times.append((time.perf_counter_ns() - started) / 1000)
    return statistics.median(times)


def figures() -> dict[str, float]:
    """Name -> microseconds, floors first."""
    from django.db import connection, transaction
    from django.test import Client

    client = Client()

    def select() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()

    def insert() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("INSERT INTO bench_floor (word) VALUES ('x')")

    def health() -> None:
        if client.get("/healthz").status_code != 200:
            raise RuntimeError("the health page is ill")

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_floor (id bigserial PRIMARY KEY, word text)")
    return {"SELECT 1": median(select), "INSERT + COMMIT": median(insert), "health page": median(health)}


def table(found: dict[str, float]) -> str:
    """The figures as lines: microseconds, and how many times each floor."""
    select, insert = found["SELECT 1"], found["INSERT + COMMIT"]
    lines = [f"{'measured':<20}{'median us':>12}{'x SELECT 1':>12}{'x INSERT':>12}"]
    lines += [
        f"{name:<20}{value:>12.0f}{value / select:>12.1f}{value / insert:>12.1f}" for name, value in found.items()
    ]
    return "\n".join(lines)


def main() -> None:
    """Makes a database, measures, and drops it again."""
    django.setup()
    from django.db import connection
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases

    setup_test_environment()
    made = setup_databases(verbosity=0, interactive=False)
    try:
        found = figures()
    finally:
        connection.close()
        teardown_databases(made, verbosity=0)
    print(json.dumps(found) if "--json" in sys.argv else table(found), flush=True)


if __name__ == "__main__":
    main()
