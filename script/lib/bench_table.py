"""The figures of the bench as Markdown, with what was aimed at; pure text."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
SELECT, INSERT, CONSTANT = "SELECT 1", "INSERT + COMMIT", "constant view"

# What the figure of that name (or one that begins with it) shall be: at most so many milliseconds (p50, p95) and
# queries, at least so many a second, at most so many times SELECT 1.
AIMS: dict[str, dict[str, float]] = {
    "report by API": {"p50": 20, "queries": 20, "per_second": 80},
    "move (accept) by API": {"p50": 20, "queries": 20},
    "desk, first page": {"p50": 45, "p95": 90, "queries": 12, "per_second": 60},
    "desk, page": {"p50": 45, "p95": 90, "queries": 12},
    "desk, drawn anew": {"p50": 45, "p95": 90, "queries": 12},
    "desk, red ones": {"p50": 45, "p95": 90, "queries": 12},
    "desk of a town": {"p50": 45, "p95": 90, "queries": 12},
    "incident page": {"p50": 45, "queries": 15},
    "dashboard": {"p50": 80},
    "grid_at": {"selects": 3},
    "sweep, nothing due": {"selects": 3},
    "sweep, 10,000 light steps": {"per_second": 3000},
    "sweep, 500 escalations": {"per_second": 150},
}
WORDS = {"p50": "p50 ≤ {:g} ms", "p95": "p95 ≤ {:g} ms", "queries": "≤ {:g} queries", "per_second": "≥ {:g} /s",
         "selects": "≤ {:g} × SELECT 1"}  # fmt: skip


def report(about: Mapping[str, Any]) -> str:
    """All tables with where and how they were measured."""
    where = f"`{about['command']}`, {about['date']}, on {about['machine']}; {about['versions']}"
    lines = [f"{where}; load of the machine at the end {about['load']:.1f}."]
    for size, figures in about["sizes"].items():
        lines += ["", f"{int(size):,} incidents:", "", *table(figures)]
    return "\n".join(lines)


def table(figures: Sequence[Mapping[str, Any]]) -> list[str]:
    """The lines of one table."""
    floors = {figure["name"]: figure["p50"] for figure in figures}
    select, insert, constant = (floors.get(name) for name in (SELECT, INSERT, CONSTANT))
    lines = [
        "| measured | p50 ms | p95 ms | queries | /s at 8 | × SELECT 1 | × INSERT | × constant | aim |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---|",
    ]
    for figure in figures:
        ratios = [_times(figure["p50"], floor) for floor in (select, insert, constant)]
        note = f" ({figure['note']})" if figure["note"] else ""
        cells = [
            figure["name"] + note, _number(figure["p50"]), _number(figure["p95"]), _whole(figure["queries"]),
            _number(figure["per_second"]), *ratios, _aim(figure, select),
        ]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def missed(figure: Mapping[str, Any], select: float | None) -> list[str]:
    """Which of its aims the figure misses, in words."""
    value = {**figure, "selects": figure["p50"] / select if select else None}
    found = []
    for key, wanted in _aims(figure["name"]).items():
        got = value[key]
        if got is not None and (got < wanted if key == "per_second" else got > wanted):
            found.append(WORDS[key].format(wanted))
    return found


def rewritten(document: str, tables: str, *, begin: str = BEGIN, end: str = END) -> str:
    """The document with the text between two marks replaced; added at the end if it has none."""
    block = f"{begin}\n\n{tables}\n\n{end}"
    if begin not in document or end not in document:
        return f"{document.rstrip()}\n\n{block}\n"
    return re.sub(f"{re.escape(begin)}.*{re.escape(end)}", lambda _found: block, document, flags=re.DOTALL)


def _aims(name: str) -> Mapping[str, float]:
    return next((aims for start, aims in AIMS.items() if name.startswith(start)), {})


def _aim(figure: Mapping[str, Any], select: float | None) -> str:
    wanted = [WORDS[key].format(value) for key, value in _aims(figure["name"]).items()]
    if not wanted:
        return ""
    lost = missed(figure, select)
    return ", ".join(f"**{words}**" if words in lost else words for words in wanted)


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _whole(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _times(value: float, floor: float | None) -> str:
    return "" if not floor else f"{value / floor:,.1f}" if value / floor < 100 else f"{value / floor:,.0f}"
