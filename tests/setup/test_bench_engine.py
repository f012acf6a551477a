"""The bench of the sweep: its table, its refusals, and all its lines over a crowd as small as can be."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bench_engine
import bench_engine_table
import measure_engine
import pytest
from bench_engine_crowd import Shape
from bench_table import rewritten
from console import Stop
from django.db import connection

from incidents.models import Clock, IncidentEvent
from tests.dispatch import processes
from tests.dispatch.play import Play, play
from tests.incidents.story import story

__all__ = ["play", "story"]

ROOT = Path(__file__).resolve().parents[2]
LINES = [
    "SELECT 1",
    "idle sweep",
    "idle sweep, a full one",
    "light steps, 1 sweeper",
    "light steps, 2 sweepers",
    "escalations (moves), 1 sweeper",
    "cards, 1 sweeper",
    "backlog of 500 light steps of one hour, 2 sweepers",
    "from due to announced, 500 clocks over 1 s, 2 sweepers waiting",
    "the same by 2 `sweep --loop` from their start, which also tell people",
]


def figure(name: str, **more: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("p50", "p99", "seconds", "per_second", "floor", "python", "postgres"))
    return {"name": name, **empty, "note": "", **more}


def test_a_figure_stands_beside_its_floor() -> None:
    found = figure("light steps, 1 sweeper", seconds=4.0, per_second=5000.0, floor=10000.0, python=60.4, postgres=120.0)
    cells = [cell.strip() for cell in bench_engine_table.line(found, 0.1).split("|")[1:-1]]
    assert cells[1:7] == ["4.00 s", "5,000", "10,000 /s", "50%", "2.00", "60 + 120"]
    assert cells[7] == "≥ 4000 /s, ≥ 40% of the floor"


def test_what_misses_its_aim_is_set_in_bold() -> None:
    slow = figure("light steps, 1 sweeper", seconds=5.0, per_second=3999.0, floor=10000.0)
    assert "**≥ 4000 /s**, **≥ 40% of the floor**" in bench_engine_table.line(slow, 0.1)
    assert bench_engine_table.missed(figure("idle sweep", p50=1.01, p99=2.0, floor=0.1)) == ["p50 ≤ 1 ms"]
    assert bench_engine_table.missed(figure("idle sweep, a full one", p50=1.01, p99=2.0, floor=0.1)) == []
    assert bench_engine_table.missed(figure("backlog of 100,000 light steps", seconds=61.0)) == ["< 60 s"]
    assert bench_engine_table.missed(figure("from due to announced, 9 clocks", p50=1.0, p99=2999.0)) == []


def test_its_tables_have_a_place_of_their_own() -> None:
    text = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    begin, end = bench_engine_table.BEGIN, bench_engine_table.END
    after = rewritten(text, "new", begin=begin, end=end)
    assert after == f"{text[: text.index(begin)]}{begin}\n\nnew\n\n{text[text.index(end) :]}"


def test_a_disk_that_is_too_small_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(Stop, match=r"clocks need .* GB of disk for a while; .* GB are free"):
        bench_engine.refuse_without_room(tmp_path / "not" / "there", 10**12)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--engine", "--clocks", "5"], "--clocks must be at least 2000"),
        (["--clocks", "5000"], "--clocks belongs to --engine"),
        (["--engine", "--incidents", "5000"], "--incidents to the pages"),
    ],
)
def test_words_that_mean_nothing_are_refused_before_anything_starts(
    tmp_path: Path, words: list[str], said: str
) -> None:
    clone = tmp_path / "clone"
    shutil.copytree(ROOT / "script", clone / "script", ignore=shutil.ignore_patterns("__pycache__"))
    command = [str(clone / "script" / "bench"), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2 and said in done.stderr


@pytest.fixture
def small_history(play: Play, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An incident that waits at a village, one at the district, and the environment of processes that meet them."""
    play.report()
    high = play.report()
    for clerk in (play.cast.village_clerk, play.cast.town_clerk):
        high = play.press(high, "accept", clerk)
        high = play.press(high, "escalate", clerk)
    with connection.cursor() as cursor:
        # What was reported in the cast's own time is no older than the rest.
        cursor.execute("UPDATE incidents_clock SET warn_at = now() + interval '9 days', due_at = now() + interval"
                       " '10 days', next_at = now() + interval '9 days' WHERE state = 'running'")  # fmt: skip
    paths = os.pathsep.join([str(ROOT), str(ROOT / "script" / "lib")])
    for name, value in processes.environment(PYTHONPATH=paths).items():
        monkeypatch.setenv(name, value)
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_form, bench_incident")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("small_history")
def test_every_line_is_measured_over_a_crowd_in_which_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(measure_engine, "LATE_OVER", 1)
    shape = Shape.of(2_000)
    figures = measure_engine.EngineBench(shape, seconds=0.05, logs=tmp_path).run()
    assert [found.name for found in figures] == LINES
    told = capfd.readouterr().err
    assert all(f"| {name}" in told for name in LINES)
    assert all(found.floor for found in figures[1:8])
    assert Clock.objects.filter(state="running").count() >= shape.clocks - 2 * shape.moves
    moved = IncidentEvent.objects.filter(kind="escalate", clock=None, details__because="due")
    assert moved.count() == 2 * shape.moves
    assert IncidentEvent.objects.filter(kind="card_issued").count() == 2 * shape.cards
