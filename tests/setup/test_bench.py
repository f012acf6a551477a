"""The bench: its tables, its client and its command line; what it measures is run by hand."""

import http.server
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bench_table
import pytest
from bench_client import Ask, Times, Visitor, one_by_one, side_by_side

ROOT = Path(__file__).resolve().parents[2]


def figure(name: str, p50: float, **more: Any) -> dict[str, Any]:
    return {"name": name, "p50": p50, "p95": p50 * 2, "queries": None, "per_second": None, "note": "", **more}


FLOORS = [figure("SELECT 1", 0.1, queries=1), figure("INSERT + COMMIT", 0.5), figure("constant view", 1.0)]


def test_a_figure_stands_beside_its_floors_of_the_same_run() -> None:
    lines = bench_table.table([*FLOORS, figure("dashboard", 50.0, queries=9, per_second=31.4)])
    assert lines[-1] == "| dashboard | 50.0 | 100 | 9 | 31.4 | 500 | 100 | 50.0 | p50 ≤ 80 ms |"


def test_what_misses_its_aim_is_set_in_bold() -> None:
    slow = figure("desk, first page", 46.0, queries=12, per_second=59.0)
    lines = bench_table.table([*FLOORS, slow])
    assert "**p50 ≤ 45 ms**, **p95 ≤ 90 ms**, ≤ 12 queries, **≥ 60 /s**" in lines[-1]
    assert bench_table.missed(figure("grid_at(point)", 0.31), 0.1) == ["≤ 3 × SELECT 1"]
    assert bench_table.missed(figure("grid_at(point)", 0.3), 0.1) == []


def test_only_the_text_between_the_marks_is_replaced() -> None:
    before = f"# Benchmarks\n\nWords.\n\n{bench_table.BEGIN}\nold\n{bench_table.END}\n\nMore words.\n"
    after = bench_table.rewritten(before, r"new \1 tables")
    assert "old" not in after and r"new \1 tables" in after
    assert after.startswith("# Benchmarks\n\nWords.") and after.endswith("More words.\n")
    assert bench_table.rewritten(after, r"new \1 tables") == after
    assert bench_table.rewritten("# Plain\n", "tables").endswith(f"{bench_table.END}\n")


def test_the_document_has_a_place_for_the_tables() -> None:
    text = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert text.index(bench_table.BEGIN) < text.index(bench_table.END)


def test_percentiles_are_of_the_ranked_times() -> None:
    times = Times([float(number) for number in range(100, 0, -1)], seconds=4.0)
    assert (times.percentile(0.5), times.percentile(0.95), times.per_second) == (51.0, 96.0, 25.0)


def test_an_act_is_timed_at_least_so_often_and_at_most_so_often() -> None:
    done: list[int] = []
    assert len(one_by_one(lambda: done.append(1), seconds=0, least=5).each) == 5
    assert len(done) == 5 + 3
    assert len(one_by_one(lambda: None, seconds=60, most=7).each) == 7


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers 200 below /good, 500 elsewhere."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = b"ok"
        self.send_response(200 if self.path.startswith("/good") else 500)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        """Nothing."""


@pytest.fixture
def host() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_requests_side_by_side_are_each_made_once(host: str) -> None:
    times = side_by_side(Visitor(host), [Ask(f"/good/{n}") for n in range(30)], threads=4, seconds=30)
    assert len(times.each) == 30 and times.per_second > 0


def test_an_answer_that_is_no_success_ends_the_measurement(host: str) -> None:
    with pytest.raises(RuntimeError, match="GET /bad answered 500"):
        Visitor(host).ask(Ask("/bad"))
    with pytest.raises(RuntimeError, match="answered 500"):
        side_by_side(Visitor(host), [Ask("/bad")] * 5, threads=2, seconds=30)


def test_a_size_that_means_nothing_is_refused_before_anything_starts(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    shutil.copytree(ROOT / "script", clone / "script", ignore=shutil.ignore_patterns("__pycache__"))
    plain = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    command = [str(clone / "script" / "bench"), "--incidents", "5"]
    done = subprocess.run(command, env=plain, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2 and "--incidents must be at least 100" in done.stderr
