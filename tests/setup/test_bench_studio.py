"""The bench of the boundary studio: its table, its words, and grounds that are what they are said to be."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import bench_studio_ground
import bench_studio_table
import pytest
import shapely
from bench_table import rewritten

from grids import lattice, proof, selectors
from grids.models import Boundary, Unit
from tests.cast import NOW, SINCE, Cast

ROOT = Path(__file__).resolve().parents[2]


def figure(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, **dict.fromkeys(("p50", "p95", "seconds", "cpu")), "note": "", **more}


def test_a_figure_stands_beside_select_1_and_its_aim() -> None:
    found = bench_studio_table.line(figure("edit split, over HTTP", p50=40.0, p95=90.0, note="of 326 grids"), 0.1)
    assert found == "| edit split, over HTTP (of 326 grids) | 40.0 | 90.0 |  |  | 400 | p95 ≤ 100 ms |"


@pytest.mark.parametrize(
    ("slow", "said"),
    [
        (figure("edit split, over HTTP", p50=40.0, p95=101.0), "**p95 ≤ 100 ms**"),
        (figure("proof of the city of 100,000 grids", seconds=15.5), "**< 15 s**"),
        (figure("grid_at, now", p50=0.51, p95=0.6), "**≤ 5 × SELECT 1**"),
    ],
)
def test_what_misses_its_aim_is_set_in_bold(slow: dict[str, Any], said: str) -> None:
    assert said in bench_studio_table.line(slow, 0.1)


def test_its_table_has_a_place_of_its_own() -> None:
    text = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    begin, end = bench_studio_table.BEGIN, bench_studio_table.END
    after = rewritten(text, "new", begin=begin, end=end)
    assert after == f"{text[: text.index(begin)]}{begin}\n\nnew\n\n{text[text.index(end) :]}"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--studio", "--grids", "5"], "--grids must be at least 400"),
        (["--grids", "5000"], "--grids to --studio"),
        (["--studio", "--engine"], "one at a time"),
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


def test_the_city_tiles_its_outline_and_its_grids_are_found(cast: Cast) -> None:
    assert bench_studio_ground.city(400, SINCE) == 400
    rows = Boundary.objects.filter(unit__code__startswith=bench_studio_ground.CITY)
    shapes = {row.unit_id: lattice.from_db(row.geom) for row in rows}
    frame = shapes[bench_studio_ground.CITY]
    for length in (15, 12, 9):
        assert proof.prove({code: shape for code, shape in shapes.items() if len(code) == length}, frame).holds
    code, shape = next((code, shape) for code, shape in shapes.items() if len(code) == 15)
    middle = shapely.point_on_surface(shape)
    hit = selectors.grid_at((middle.x, middle.y))
    assert hit is not None and hit.unit_code == code


def test_the_quarter_is_published_with_its_dwellings(cast: Cast) -> None:
    district = bench_studio_ground.quarter(NOW)
    assert Unit.objects.filter(pk__startswith=district.pk, kind="grid").count() == 8
    assert Boundary.objects.filter(unit=district, valid__upper_inf=True).exists()
