"""The figures of the sweep as Markdown, with what was aimed at; pure text."""

from collections.abc import Mapping, Sequence
from typing import Any

BEGIN, END = "<!-- bench engine: begin -->", "<!-- bench engine: end -->"

# What the line whose name begins so shall be: at most so many milliseconds (p50, p99) or seconds, at least so many a
# second, at least such a part of the floor.
AIMS: dict[str, dict[str, float]] = {
    "idle sweep, a full one": {},
    "idle sweep": {"p50": 1},
    "light steps, 1 sweeper": {"per_second": 4000, "share": 0.4},
    "escalations": {"per_second": 200},
    "backlog of": {"seconds": 60},
    "from due to announced": {"p99": 3000},
}
WORDS = {"p50": "p50 ≤ {:g} ms", "p99": "p99 ≤ {:g} ms", "seconds": "< {:g} s", "per_second": "≥ {:g} /s",
         "share": "≥ {:.0%} of the floor"}  # fmt: skip
AT_LEAST = ("per_second", "share")
HEAD = [
    "| measured | took | /s | floor | of the floor | × SELECT 1 | CPU µs a step: Python + PostgreSQL | aim |",
    "|---|---:|---:|---:|---:|---:|---:|---|",
]


def report(about: Mapping[str, Any]) -> str:
    """All tables with where and how they were measured."""
    where = f"`{about['command']}`, {about['date']}, on {about['machine']}; {about['versions']}"
    lines = [f"{where}; load of the machine at the end {about['load']:.1f}."]
    for size, figures in about["sizes"].items():
        lines += ["", f"{int(size):,} open clocks:", "", *table(figures)]
    return "\n".join(lines)


def table(figures: Sequence[Mapping[str, Any]]) -> list[str]:
    """The lines of one table; the first figure is SELECT 1."""
    return [*HEAD, *[line(figure, figures[0]["p50"]) for figure in figures]]


def line(figure: Mapping[str, Any], select: float | None) -> str:
    """One line, with what it misses in bold; `select` is how long SELECT 1 takes, in milliseconds."""
    part = share(figure)
    each = figure["p50"] if figure["per_second"] is None else 1000 / figure["per_second"]
    lost = missed(figure)
    aims = [WORDS[key].format(wanted) for key, wanted in _aims(figure["name"]).items()]
    cells = [
        figure["name"] + (f" ({figure['note']})" if figure["note"] else ""),
        _took(figure),
        _number(figure["per_second"]),
        _floor(figure),
        "" if part is None else f"{part:.0%}",
        _number(each / select) if each and select and (part is not None or figure["name"] == "SELECT 1") else "",
        f"{figure['python']:.0f} + {figure['postgres']:.0f}" if figure["python"] is not None else "",
        ", ".join(f"**{words}**" if words in lost else words for words in aims),
    ]
    return "| " + " | ".join(cells) + " |"


def share(figure: Mapping[str, Any]) -> float | None:
    """How fast it is in parts of its floor."""
    floor, own = figure["floor"], figure["per_second"]
    if not floor:
        return None
    return float(own / floor if own is not None else floor / figure["p50"])


def missed(figure: Mapping[str, Any]) -> list[str]:
    """Which of its aims the figure misses, in words."""
    value = {**figure, "share": share(figure)}
    found = []
    for key, wanted in _aims(figure["name"]).items():
        got = value[key]
        if got is not None and (got < wanted if key in AT_LEAST else got > wanted):
            found.append(WORDS[key].format(wanted))
    return found


def _aims(name: str) -> Mapping[str, float]:
    return next((aims for start, aims in AIMS.items() if name.startswith(start)), {})


def _took(figure: Mapping[str, Any]) -> str:
    if figure["seconds"] is not None:
        return f"{_number(figure['seconds'])} s"
    return f"{_number(figure['p50'])} ms, p99 {_number(figure['p99'])} ms"


def _floor(figure: Mapping[str, Any]) -> str:
    if figure["floor"] is None:
        return ""
    return f"{_number(figure['floor'])} {'ms' if figure['per_second'] is None else '/s'}"


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
