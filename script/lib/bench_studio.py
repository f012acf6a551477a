"""`script/bench --studio`: drawing, proving, proposing, publishing and showing boundaries, up to a city of grids."""

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench_studio_table import table
from console import Stop, say
from places import CHECKOUT, PYTHON

if TYPE_CHECKING:
    from bench import Bench

SIZES = (100_000,)
QUICK_SIZE = 2_000
SMALLEST = 400
# So many incidents of the demo district, nearly all of them open while it is redrawn.
INCIDENTS, QUICK_INCIDENTS, OPEN_SHARE = 11_000, 600, 0.93
DRAWN = "wangge_drawn"


def measured(bench: "Bench", grids: int) -> list[dict[str, Any]]:
    """The figures with so many grids in the city; told while they are found."""
    bench.psql(f"DROP DATABASE IF EXISTS {DRAWN}", f"CREATE DATABASE {DRAWN} TEMPLATE wangge")
    bench.env["DATABASE_URL"] = bench.servers.database_url.replace("/wangge?", f"/{DRAWN}?")
    incidents = INCIDENTS if grids > QUICK_SIZE else QUICK_INCIDENTS
    words = ("make_bench_data", "--incidents", str(incidents), "--open-share", str(OPEN_SHARE), "--no-check")
    bench.manage(*words, what="the incidents could not be made")
    say(f"  a city of {grids:,} grids ...")
    try:
        with bench.pages() as host:
            asked = ("--host", host, "--logins", bench.env["WANGGE_DEMO_LOGINS"])
            options = [*asked, "--grids", str(grids), "--seconds", str(bench.seconds)]
            command = [str(PYTHON), str(Path(__file__).with_name("measure_studio.py")), *options]
            done = subprocess.run(command, env=bench.env, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=False)
    finally:
        bench.psql(f"DROP DATABASE IF EXISTS {DRAWN} WITH (FORCE)")
    if done.returncode:
        raise Stop("a measurement failed; the lines above tell which.")
    figures = list(json.loads(done.stdout.strip().splitlines()[-1]))
    say("\n" + "\n".join(table(figures)) + "\n")
    return figures
