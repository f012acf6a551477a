"""The figures of the boundary studio as Markdown, with what was aimed at; pure text."""

from collections.abc import Mapping, Sequence
from typing import Any

BEGIN, END = "<!-- bench studio: begin -->", "<!-- bench studio: end -->"

# What the line whose name begins so shall be at most: milliseconds (p50, p95), seconds, or times a SELECT 1.
AIMS: dict[str, dict[str, float]] = {
    "proof of a town": {"p95": 150},
    "proof of the city": {"seconds": 15},
    "edit ": {"p95": 100},
    "proposal for one street": {"seconds": 2},
    "proposal for 119,964 households": {"seconds": 5},
    "publish ": {"seconds": 10},
    "tile z10, warm": {},
    "tile z11, warm": {"p95": 100},
    "tile z12, warm": {"p95": 100},
    "tile z13, warm": {"p95": 100},
    "tile z14, warm": {"p95": 100},
    "tile z15, warm": {"p95": 100},
    "tile z16, warm": {"p95": 100},
    "grid_at": {"times": 5},
}
WORDS = {"p50": "p50 ≤ {:g} ms", "p95": "p95 ≤ {:g} ms", "seconds": "< {:g} s", "times": "≤ {:g} × SELECT 1"}
HEAD = ["| measured | p50 ms | p95 ms | s | Python CPU s | × SELECT 1 | aim |", "|---|---:|---:|---:|---:|---:|---|"]


def report(about: Mapping[str, Any]) -> str:
    """All tables with where and how they were measured."""
    where = f"`{about['command']}`, {about['date']}, on {about['machine']}; {about['versions']}"
    lines = [f"{where}; load of the machine at the end {about['load']:.1f}."]
    for size, figures in about["sizes"].items():
        lines += ["", f"A city of {int(size):,} grids:", "", *table(figures)]
    return "\n".join(lines)


def table(figures: Sequence[Mapping[str, Any]]) -> list[str]:
    """The lines of one table; the first figure is SELECT 1."""
    return [*HEAD, *[line(figure, figures[0]["p50"]) for figure in figures]]


def line(figure: Mapping[str, Any], select: float) -> str:
    """One line, with what it misses in bold; `select` is how long SELECT 1 takes, in milliseconds."""
    lost = missed(figure, select)
    aims = [WORDS[key].format(wanted) for key, wanted in _aims(figure["name"]).items()]
    times = figure["p50"] / select if figure["p50"] is not None else None
    cells = [
        figure["name"] + (f" ({figure['note']})" if figure["note"] else ""),
        *(_number(figure[key]) for key in ("p50", "p95", "seconds", "cpu")),
        _number(times),
        ", ".join(f"**{words}**" if words in lost else words for words in aims),
    ]
    return "| " + " | ".join(cells) + " |"


def missed(figure: Mapping[str, Any], select: float) -> list[str]:
    """Which of its aims the figure misses, in words."""
    value = {**figure, "times": None if figure["p50"] is None else figure["p50"] / select}
    aims = _aims(figure["name"]).items()
    return [WORDS[key].format(most) for key, most in aims if value[key] is not None and value[key] > most]


def _aims(name: str) -> Mapping[str, float]:
    return next((aims for start, aims in AIMS.items() if name.startswith(start)), {})


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
