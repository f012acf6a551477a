"""`script/bench --engine`: the sweep over millions of open clocks, each size in a database that is dropped after."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench_engine_table import table
from console import Stop, say
from places import CHECKOUT, PYTHON

if TYPE_CHECKING:
    from bench import Bench

SIZES = (1_000_000, 10_000_000)
QUICK_SIZE = 50_000
SMALLEST = 2_000
# The history that everything is copied from.
HISTORY = 2_000
SIZED = "wangge_clocks"
# What the disk must hold for each clock while all is written: the row, its indexes, the log, the sorting.
BYTES_PER_CLOCK, BYTES_BESIDE = 1_500, 4_000_000_000


def refuse_without_room(folder: Path, clocks: int) -> None:
    """Stops before anything is written where the disk could not hold so many clocks."""
    while not folder.exists():
        folder = folder.parent
    free, needed = shutil.disk_usage(folder).free, BYTES_BESIDE + clocks * BYTES_PER_CLOCK
    if free < needed:
        raise Stop(f"{clocks:,} clocks need {needed / 1e9:.0f} GB of disk for a while; {free / 1e9:.0f} GB are free.")


def measured(bench: "Bench", clocks: int) -> list[dict[str, Any]]:
    """The figures at so many clocks; told while they are found."""
    refuse_without_room(bench.folder, clocks)
    if bench.psql("SELECT count(*) FROM incidents_incident", database="wangge") == "0":
        history = ("make_bench_data", "--incidents", str(HISTORY), "--no-check")
        bench.manage(*history, what="the small history could not be made")
    bench.psql(f"DROP DATABASE IF EXISTS {SIZED}", f"CREATE DATABASE {SIZED} TEMPLATE wangge")
    say(f"  {clocks:,} open clocks ...")
    env = {**bench.env, "DATABASE_URL": bench.servers.database_url.replace("/wangge?", f"/{SIZED}?")}
    words = ["--clocks", str(clocks), "--seconds", str(bench.seconds), "--logs", str(bench.folder / "log")]
    command = [str(PYTHON), str(Path(__file__).with_name("measure_engine.py")), *words]
    try:
        done = subprocess.run(command, env=env, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=False)
    finally:
        bench.psql(f"DROP DATABASE IF EXISTS {SIZED} WITH (FORCE)")
    if done.returncode:
        raise Stop("a measurement failed; the lines above tell which.")
    figures = list(json.loads(done.stdout.strip().splitlines()[-1]))
    say("\n" + "\n".join(table(figures)) + "\n")
    return figures
