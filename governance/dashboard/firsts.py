"""Five times of first response as medians over a span, and at which tier the closed ones were solved.

收集、办理、回应、调处、消除: from report to the first acceptance, from there to the answer, from an appeal to its first
reply, from a dispute to the end of mediation, from a hazard to its removal. Each is a median over the incidents whose
second moment lies in the span.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from governance.dashboard.figures import Figure, list_url
from governance.dashboard.grounds import Ground
from grids.levels import UnitKind
from incidents.filters import Filters
from incidents.happenings import Act
from incidents.models import Category, IncidentKind
from incidents.states import State

# Which heads of the list of categories mean a dispute and a hazard: dictionary and code.
DISPUTE = ("sichuan-grid", "02")
HAZARD = ("sichuan-grid", "0304")
NONE_IN_SPAN = _("none in these days")
NO_APPEALS = _("no appeals are received here yet")
NO_CATEGORY = _("the list of categories has no such head")
OTHER_CATEGORY = _("not of the chosen category")
Medians = Mapping[str, tuple[timedelta | None, int]]
SOLVING_TIERS = (UnitKind.GRID, UnitKind.VILLAGE, UnitKind.TOWN, UnitKind.DISTRICT)


@dataclass(frozen=True)
class First:
    """One of the five: its median, over how many, or in words why there is none."""

    key: str
    label: str | Promise
    explained: str | Promise
    median: timedelta | None = None
    measured: Figure | None = None
    reason: str | Promise = ""

    @property
    def seconds(self) -> float | None:
        return None if self.median is None else self.median.total_seconds()


LABELS: dict[str, tuple[str | Promise, str | Promise]] = {
    "accept": (_("First taken up"), _("report to acceptance")),
    "finish": (_("First handled"), _("acceptance to done")),
    "reply": (_("First replied"), _("appeal to reply")),
    "mediate": (_("First mediated"), _("dispute to settlement")),
    "remove": (_("First removed"), _("hazard to removal")),
}


def firsts(ground: Ground, categories: "Categories", medians: Medians) -> list[First]:
    """The five medians over the ground's span, of what was counted over it."""
    accepted, finished = _over(ground, Act.ACCEPTED), _over(ground, Act.FINISHED)
    lists = {
        "accept": accepted,
        "finish": finished.but(act=Act.ANSWERED),
        "reply": None,
        "mediate": categories.narrowed(finished, DISPUTE),
        "remove": categories.narrowed(finished, HAZARD),
    }
    reasons = {
        "reply": NO_APPEALS,
        "mediate": categories.why_not(ground, DISPUTE),
        "remove": categories.why_not(ground, HAZARD),
    }
    return [_first(key, *medians.get(key, (None, 0)), filters, reasons.get(key, "")) for key, filters in lists.items()]


def _over(ground: Ground, act: str) -> Filters:
    span = ground.span
    return ground.whole.but(states=frozenset(State), act=act, act_from=span.start, act_to=span.end)


def _first(
    key: str, median: timedelta | None, number: int, filters: Filters | None, reason: str | Promise = ""
) -> First:
    label, explained = LABELS[key]
    if median is None or not number:
        return First(key, label, explained, reason=reason or NONE_IN_SPAN)
    return First(key, label, explained, median, Figure(number, filters) if filters else None)


@dataclass(frozen=True)
class Categories:
    """The heads of the list of categories, for the filter and for what counts as a dispute or a hazard."""

    rows: list[Category]
    _by_code: dict[tuple[str, str], Category] = field(default_factory=dict)
    _below: dict[int | None, list[int]] = field(default_factory=dict)

    @classmethod
    def load(cls) -> "Categories":
        """One query: the heads, and what lies below the two that are measured."""
        wanted = Q(parent__isnull=True)
        for standard_ref, code in (DISPUTE, HAZARD):
            for depth in ("", "parent__", "parent__parent__"):
                wanted |= Q(**{f"{depth}standard_ref": standard_ref, f"{depth}code": code})
        below: dict[int | None, list[int]] = {}
        by_code: dict[tuple[str, str], Category] = {}
        heads: list[Category] = []
        for row in Category.objects.filter(wanted, kind=IncidentKind.INCIDENT):
            below.setdefault(row.parent_id, []).append(row.pk)
            if row.retired_at is None:
                by_code[row.standard_ref, row.code] = row
                heads += [row] if row.parent_id is None else []
        return cls(heads, by_code, below)

    def heads(self, ground: Ground) -> dict[str, list[int]]:
        """The categories that are mediated and removed, by what is measured."""
        wanted = {"mediate": DISPUTE, "remove": HAZARD}
        return {
            name: self._family(self._by_code[head].pk)
            for name, head in wanted.items()
            if not self.why_not(ground, head)
        }

    def _family(self, head: int) -> list[int]:
        """A category and those below it, as the lists say it."""
        children = self._below.get(head, [])
        return [head, *children, *(below for child in children for below in self._below.get(child, []))]

    def narrowed(self, filters: Filters, head: tuple[str, str]) -> Filters | None:
        """The filters narrowed to a head; None if there is no such head or another category is chosen."""
        row = self._by_code.get(head)
        if row is None or filters.category not in (None, row.pk, row.parent_id):
            return None
        return filters.but(category=row.pk)

    def why_not(self, ground: Ground, head: tuple[str, str]) -> str | Promise:
        if head not in self._by_code:
            return NO_CATEGORY
        return "" if self.narrowed(ground.base, head) else OTHER_CATEGORY


@dataclass(frozen=True)
class Solved:
    """What was closed in a place in the span, by the tier that solved it, each with its share in percent."""

    key: str
    name: str
    total: Figure
    tiers: dict[str, Figure]

    @property
    def cells(self) -> list[tuple[str, Figure, int]]:
        """(tier, figure, percent), the lowest tier first."""
        total = self.total.number
        return [
            (kind, figure, round(100 * figure.number / total) if total else 0)
            for kind in SOLVING_TIERS
            if (figure := self.tiers[kind])
        ]


def solved(ground: Ground, ended: Mapping[tuple[datetime, str, str], int]) -> dict[str, Solved]:
    """By place of the ground's level, and under "" for all of it; names are left to the caller."""
    closed = _over(ground, Act.CLOSED).but(states=frozenset({State.CLOSED}))
    by_place: dict[str, dict[str, int]] = {"": {}}
    for (_step, code, tier), number in ended.items():
        for key in (code, ""):
            row = by_place.setdefault(key, {})
            row[tier] = row.get(tier, 0) + number
    return {code: _solved(ground, closed, code, numbers) for code, numbers in sorted(by_place.items())}


def _solved(ground: Ground, closed: Filters, code: str, numbers: dict[str, int]) -> Solved:
    filters = ground.at_place(closed, code) if code else closed
    root = list_url(filters)
    tiers: dict[str, Figure] = {
        kind: Figure(numbers.get(kind, 0), filters, further=(("solved", kind.value),), root=root)
        for kind in SOLVING_TIERS
    }
    return Solved(code, "", Figure(sum(numbers.values()), filters, root=root), tiers)
