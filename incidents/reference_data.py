"""Loads what the house is shipped with: categories, limits, the working calendar. Safe to repeat; edits survive.

A row that exists is left alone unless the caller asks to renew it, so that running the loader after an upgrade brings
what is new and takes back nothing that an administrator changed.
"""

import csv
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

from django.db import transaction

from incidents import limits
from incidents.calendars import Hours, Special, SpecialKind
from incidents.models import Category, TimeLimit

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

    Parents must stand before their children in the file.
    """
    known = {(row.standard_ref, row.code): row for row in Category.objects.filter(district=None, kind="incident")}
    counts = {"created": 0, "renewed": 0, "kept": 0}
    for position, line in enumerate(read("categories.csv", path)):
        key = (line["standard_ref"], line["code"])
        texts = {
            "name": line["name"],
            "name_en": line["name_en"],
            "icon": line["icon"],
            "keywords": line["keywords"],
            "is_utility": line["is_utility"] == "1",
            "position": position,
        }
        found = known.get(key)
        if found is None:
            parent = known[line["parent_ref"], line["parent_code"]] if line["parent_code"] else None
            known[key] = Category.objects.create(standard_ref=key[0], code=key[1], parent=parent, **texts)
            counts["created"] += 1
        elif renew and any(getattr(found, name) != value for name, value in texts.items()):
            Category.objects.filter(pk=found.pk).update(**texts)
            counts["renewed"] += 1
        else:
            counts["kept"] += 1
    return Loaded(**counts)


@transaction.atomic
def load_limits(*, now: datetime, path: Path | None = None, renew: bool = False) -> Loaded:
    """Put the limits of `limits.csv` in force whose case has none yet; with `renew` also replace those that differ."""
    categories = {(row.standard_ref, row.code): row for row in Category.objects.filter(district=None, kind="incident")}
    counts = {"created": 0, "renewed": 0, "kept": 0}
    for line in read("limits.csv", path):
        limit = _limit(line, categories)
        present = limits.in_force(limit)
        if present is None:
            if _was_ended(limit):
                counts["kept"] += 1
                continue
            limits.set_limit(limit=limit, now=ALWAYS)
            counts["created"] += 1
        elif renew and not _same(present, limit):
            limits.set_limit(limit=limit, now=now)
            counts["renewed"] += 1
        else:
            counts["kept"] += 1
    return Loaded(**counts)


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
        red_action=line["red_action"],
        basis=line["basis"],
    )


def _was_ended(limit: TimeLimit) -> bool:
    """Whether this case had a limit that an administrator ended."""
    return TimeLimit.objects.filter(
        district=None, category=limit.category_id, urgency=limit.urgency, tier=limit.tier, stage=limit.stage
    ).exists()


def _same(a: TimeLimit, b: TimeLimit) -> bool:
    names = ("amount", "unit", "end_of_day", "yellow_amount", "red_action", "basis")
    return all(getattr(a, name) == getattr(b, name) for name in names)


def special_days(path: Path | None = None) -> list[Special]:
    """The special days of `holidays.csv` or of a file with the same columns, each date once."""
    found: dict[date, Special] = {}
    for number, line in enumerate(read("holidays.csv", path), start=2):
        try:
            day = date.fromisoformat(line["date"])
            special = Special(
                day, SpecialKind(line["kind"]), line.get("festival", ""), line.get("provisional", "") == "1"
            )
        except (KeyError, ValueError) as error:
            raise BadLine(f"{path or 'holidays.csv'}, line {number}: {error}") from error
        if day in found:
            raise BadLine(f"{path or 'holidays.csv'}, line {number}: {day} stands there twice")
        found[day] = special
    return sorted(found.values(), key=lambda special: special.day)


def hours(text: str) -> list[Hours]:
    """Work periods from text such as `09:00-12:00,13:30-17:30`."""
    periods = []
    for part in text.split(","):
        start, _, end = part.strip().partition("-")
        try:
            periods.append(Hours(time.fromisoformat(start), time.fromisoformat(end)))
        except ValueError as error:
            raise BadLine(f"{part.strip()!r} is no work period such as 09:00-12:00") from error
    return sorted(periods)
