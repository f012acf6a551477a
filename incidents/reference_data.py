"""Loads what the house is shipped with: categories and limits. Safe to repeat; edits survive.

A row that exists is left alone unless the caller asks to renew it, so that running the loader after an upgrade brings
what is new and takes back nothing that an administrator changed.
"""

import csv
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from incidents import limits
from incidents.models import Category, IncidentKind, TimeLimit

FOLDER = Path(__file__).parent / "reference"

# Limits shipped with the house hold for everything ever reported, also for what was imported from before.
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)


class BadLine(ValueError):
    """A line of a reference file or a setting cannot be used; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many rows were new, renewed and left as they were."""

    created: int = 0
    renewed: int = 0
    kept: int = 0

    def __str__(self) -> str:
        return f"{self.created} new, {self.renewed} renewed, {self.kept} kept"


def read(name: str, path: Path | None = None) -> list[dict[str, str]]:
    """The lines of a reference file, blank cells as empty text."""
    with (path or FOLDER / name).open(encoding="utf-8-sig", newline="") as file:
        return [{key: (value or "").strip() for key, value in row.items()} for row in csv.DictReader(file)]


@transaction.atomic
def load_categories(*, path: Path | None = None, renew: bool = False) -> Loaded:
    """Write the categories of `categories.csv` that are missing; with `renew` also the texts of those that exist.

    Raises BadLine for a line whose parent is neither in the file nor in the database.
    """
    known = _categories()
    lines: list[dict[str, Any]] = [
        {**line, "position": number} for number, line in enumerate(read("categories.csv", path))
    ]
    present = [line for line in lines if _own_key(line) in known]
    missing = [line for line in lines if _own_key(line) not in known]
    created = len(missing)
    while missing:
        # One level of the tree at a time, so that parents have their ids before children name them.
        wave = [line for line in missing if not line["parent_code"] or _parent_key(line) in known]
        if not wave:
            raise BadLine(f"{path or 'categories.csv'}: nothing above {_own_key(missing[0])}")
        missing = [line for line in missing if line not in wave]
        for row in Category.objects.bulk_create(
            [
                Category(
                    standard_ref=line["standard_ref"],
                    code=line["code"],
                    parent=known[_parent_key(line)] if line["parent_code"] else None,
                    **_texts(line),
                )
                for line in wave
            ]
        ):
            known[row.standard_ref, row.code] = row
    renewed = sum(_renew(known[_own_key(line)], _texts(line)) for line in present) if renew else 0
    return Loaded(created=created, renewed=renewed, kept=len(present) - renewed)


def _categories() -> dict[tuple[str, str], Category]:
    """The shared categories of incidents, by dictionary and code."""
    rows = Category.objects.filter(district=None, kind=IncidentKind.INCIDENT)
    return {(row.standard_ref, row.code): row for row in rows}


def _own_key(line: dict[str, Any]) -> tuple[str, str]:
    return line["standard_ref"], line["code"]


def _parent_key(line: dict[str, Any]) -> tuple[str, str]:
    return line["parent_ref"], line["parent_code"]


def _texts(line: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": line["name"],
        "name_en": line["name_en"],
        "icon": line["icon"],
        "keywords": line["keywords"],
        "is_utility": line["is_utility"] == "1",
        "position": line["position"],
    }


def _renew(row: Category, texts: dict[str, Any]) -> bool:
    if all(getattr(row, name) == value for name, value in texts.items()):
        return False
    Category.objects.filter(pk=row.pk).update(**texts)
    return True


@transaction.atomic
def load_limits(*, now: datetime, path: Path | None = None, renew: bool = False) -> Loaded:
    """Put the limits of `limits.csv` in force whose case never had one; with `renew` also replace those that differ.

    A case whose limit an administrator ended stays ended. Raises KeyError for an unknown category.
    """
    categories = _categories()
    wanted = [_limit(line, categories) for line in read("limits.csv", path)]
    had = {_case(limit) for limit in TimeLimit.objects.filter(district=None)}
    in_force = {_case(limit): limit for limit in TimeLimit.objects.filter(district=None, retired_at=None)}
    new = [limit for limit in wanted if _case(limit) not in had]
    for limit in new:
        limit.created_at = ALWAYS
        limit.clean_fields(exclude=["category", "replaces"])
    TimeLimit.objects.bulk_create(new)
    differing = [limit for limit in wanted if _case(limit) in in_force and not _same(limit, in_force[_case(limit)])]
    if renew:
        for limit in differing:
            limits.set_limit(limit=limit, now=now)
    renewed = len(differing) if renew else 0
    return Loaded(created=len(new), renewed=renewed, kept=len(wanted) - len(new) - renewed)


def _case(limit: TimeLimit) -> tuple[Any, ...]:
    return limit.stage, limit.category_id, limit.urgency, limit.tier


def _limit(line: dict[str, str], categories: dict[tuple[str, str], Category]) -> TimeLimit:
    category = categories[line["category_ref"], line["category_code"]] if line["category_code"] else None
    return TimeLimit(
        category=category,
        stage=line["stage"],
        urgency=line["urgency"],
        tier=line["tier"],
        amount=int(line["amount"]),
        unit=line["unit"],
        end_of_day=line["end_of_day"] == "1",
        yellow_amount=int(line["yellow_amount"]) if line["yellow_amount"] else None,
        basis=line["basis"],
    )


def _same(a: TimeLimit, b: TimeLimit) -> bool:
    names = ("amount", "unit", "end_of_day", "yellow_amount", "basis")
    return all(getattr(a, name) == getattr(b, name) for name in names)
