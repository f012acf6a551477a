"""docs/requirements.md lists all 93 rows, and nothing is called done without a test that carries its id."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROW = re.compile(r"^\| (?P<id>[A-Z]{2}-\d+) \| (?P<line>[^|]+) \| (?P<state>\w+) \| ?(?P<tests>[^|]*)\|$", re.MULTILINE)
TEST = re.compile(r"^\s*(?:async )?def (test_\w+)", re.MULTILINE)
COUNTS = {"TL": 15, "QY": 17, "CS": 13, "SW": 28, "YH": 20}


def rows() -> list[re.Match[str]]:
    return list(ROW.finditer((ROOT / "docs" / "requirements.md").read_text(encoding="utf-8")))


def known_tests() -> set[str]:
    return {name for file in (ROOT / "tests").rglob("test_*.py") for name in TEST.findall(file.read_text("utf-8"))}


def faults(row: re.Match[str], known: set[str]) -> list[str]:
    """Why a row is not what it says."""
    named = re.findall(r"test_\w+", row["tests"])
    sign = f"test_{row['id'].lower().replace('-', '_')}_"
    found = []
    if row["state"] not in {"planned", "done"}:
        found.append(f"{row['id']}: no such state {row['state']}")
    if row["state"] == "done" and not named:
        found.append(f"{row['id']}: done without a test")
    found += [f"{row['id']}: there is no test {name}" for name in named if name not in known]
    found += [f"{row['id']}: {name} does not carry the id" for name in named if not name.startswith(sign)]
    return found


def test_every_requirement_is_listed_once_and_in_order() -> None:
    wanted = [f"{source}-{number}" for source, count in COUNTS.items() for number in range(1, count + 1)]
    assert [row["id"] for row in rows()] == wanted


def test_what_is_done_names_tests_that_carry_its_id() -> None:
    known = known_tests()
    assert [fault for row in rows() for fault in faults(row, known)] == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("| SW-8 | lights | done | |", "without a test"),
        ("| SW-8 | lights | done | `test_sw_8_missing` |", "no test"),
        ("| SW-8 | lights | done | `test_sw_80_lights` |", "does not carry"),
        ("| SW-8 | lights | nearly | |", "no such state"),
    ],
)
def test_a_false_row_is_seen(text: str, word: str) -> None:
    row = ROW.match(text)
    assert row is not None
    assert any(word in fault for fault in faults(row, {"test_sw_80_lights"}))
