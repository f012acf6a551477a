"""The categories a reporter chooses from: all that can be named, and the six nearest to the person's thumb."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet
from django.utils.translation import get_language

from grids.models import Person
from incidents.models import Category, Incident, IncidentKind

TILES = 6
# What counts as "used lately".
LATELY = timedelta(days=180)
# The tiles of somebody who has reported nothing yet: dictionary, code, icon.
FIRST_TILES = (
    ("GB/T 47678.5-2026", "06010"),
    ("GB/T 47678.5-2026", "06013"),
    ("GB/T 47678.5-2026", "09012"),
    ("sichuan-grid", "0202"),
    ("sichuan-grid", "0304"),
    ("sichuan-grid", "0112"),
)
# Six tiles of one family would look alike, so what is reported most has a drawing of its own.
ICONS = {
    ("GB/T 47678.5-2026", "06010"): "trash",
    ("GB/T 47678.5-2026", "06011"): "stack-2",
    ("GB/T 47678.5-2026", "06013"): "road",
    ("GB/T 47678.5-2026", "06026"): "droplet",
    ("GB/T 47678.5-2026", "06028"): "volume",
    ("GB/T 47678.5-2026", "06048"): "mountain",
    ("GB/T 47678.5-2026", "09006"): "building-store",
    ("GB/T 47678.5-2026", "09009"): "car",
    ("GB/T 47678.5-2026", "09012"): "fire-extinguisher",
    ("GB/T 47678.5-2026", "10002"): "bolt",
    ("sichuan-grid", "0112"): "droplet-bolt",
    ("sichuan-grid", "0202"): "home-question",
    ("sichuan-grid", "0304"): "eye",
    ("sichuan-grid", "0701"): "flame",
}
PLAIN_ICON = "tag"


@dataclass(frozen=True, slots=True)
class Entry:
    """One category as it is offered: its name, the family it stands in, the words either is found by, its icon."""

    pk: int
    label: str
    family: str
    words: str
    family_words: str
    icon: str
    key: tuple[str, str]

    @property
    def value(self) -> str:
        """What the form sends for it."""
        return str(self.pk)


def categories(districts: Iterable[str]) -> "QuerySet[Category]":
    """The categories in use for incidents in these districts: the common list and the districts' own."""
    own = Q(district__isnull=True) | Q(district__in=list(districts))
    return Category.objects.filter(own, kind=IncidentKind.INCIDENT, retired_at__isnull=True)


def entries(districts: Iterable[str]) -> list[Entry]:
    """Every category that can be given to an incident in these districts, in the order of the list. One query."""
    rows = list(categories(districts))
    by_id = {row.pk: row for row in rows}
    families = {row.parent_id for row in rows}
    return [_entry(row, by_id) for row in rows if row.pk not in families]


def tiles(person: Person, offered: list[Entry], *, now: datetime) -> list[Entry]:
    """Six entries: what the person reports most, filled up with what everybody meets. One query."""
    known = {entry.pk: entry for entry in offered}
    used = (
        Incident.objects.filter(first_receiver=person, reported_at__gte=now - LATELY, category__isnull=False)
        .values_list("category")
        .annotate(times=Count("pk"))
        .order_by("-times", "category")[:TILES]
    )
    chosen = [known[pk] for pk, _times in used if pk in known]
    by_key = {entry.key: entry for entry in offered}
    for key in FIRST_TILES:
        entry = by_key.get(key)
        if entry is not None and entry not in chosen and len(chosen) < TILES:
            chosen.append(entry)
    for entry in offered:
        if len(chosen) >= TILES:
            break
        if entry not in chosen:
            chosen.append(entry)
    return chosen


def _entry(row: Category, by_id: dict[int, Category]) -> Entry:
    parent = by_id.get(row.parent_id or 0)
    grandparent = by_id.get(parent.parent_id or 0) if parent else None
    key = (row.standard_ref, row.code)
    above = [family for family in (parent, grandparent) if family]
    icon = ICONS.get(key) or next((each.icon for each in (row, *above) if each.icon), PLAIN_ICON)
    other = row.name if (get_language() or "").startswith("en") else row.name_en
    words = " ".join(part for part in (row.keywords, other) if part)
    return Entry(row.pk, row.label, parent.label if parent else "", words, parent.keywords if parent else "", icon, key)
