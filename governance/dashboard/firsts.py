"""Five times of first response as medians over a span, and at which tier the closed ones were solved.

收集、办理、回应、调处、消除: from report to the first acceptance, from there to the answer, from an appeal to its first
reply, from a dispute to the end of mediation, from a hazard to its removal. Each is a median over the incidents whose
second moment lies in the span.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db.models import Aggregate, Count, DurationField, ExpressionWrapper, F, Max, Min, OuterRef, Q, Subquery
from django.db.models.functions import Left
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from governance.dashboard.figures import Figure
from governance.dashboard.grounds import Ground
from grids.levels import UnitKind
from incidents import happenings
from incidents.happenings import Act
from incidents.lists import PLACE_LENGTHS, Filters
from incidents.models import Category, IncidentKind
from incidents.states import State

# Which heads of the list of categories mean a dispute and a hazard: dictionary and code.
DISPUTE = ("sichuan-grid", "02")
HAZARD = ("sichuan-grid", "0304")
NONE_IN_SPAN = _("none in these days")
NO_APPEALS = _("no appeals are received here yet")
NO_CATEGORY = _("the list of categories has no such head")
OTHER_CATEGORY = _("not of the chosen category")
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


class Median(Aggregate):
    """The middle value; of an even number, halfway between the two in the middle."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


def firsts(ground: Ground, categories: "Categories") -> list[First]:
    """The five medians over the ground's span. Two queries."""
    accepted, finished = _over(ground, Act.ACCEPTED), _over(ground, Act.FINISHED)
    taken = ground.incidents(accepted).aggregate(
        median=Median(_since("reported_at", _moment_of(Act.ACCEPTED, Min))), number=Count("pk")
    )
    dispute, hazard = (categories.narrowed(finished, head) for head in (DISPUTE, HAZARD))
    done = _ends(ground, finished, dispute, hazard)
    appeals_reason = NO_APPEALS if not done["reply_number"] else ""
    return [
        _first("accept", taken["median"], taken["number"], accepted),
        _first("finish", done["finish"], done["finish_number"], finished.but(act=Act.ANSWERED)),
        _first("reply", done["reply"], done["reply_number"], None, appeals_reason),
        _first(
            "mediate", done.get("mediate"), done.get("mediate_number", 0), dispute, categories.why_not(ground, DISPUTE)
        ),
        _first("remove", done.get("remove"), done.get("remove_number", 0), hazard, categories.why_not(ground, HAZARD)),
    ]


def _ends(ground: Ground, finished: Filters, dispute: Filters | None, hazard: Filters | None) -> dict[str, Any]:
    """Medians over what was finished in the span, of all that a desk answered and of the three kinds."""
    rows = ground.incidents(finished).annotate(
        done=_moment_of(Act.FINISHED, Max), taken=_moment_of(Act.ACCEPTED, Min), answered=_moment_of(Act.ANSWERED, Max)
    )
    whole, handled = _since("reported_at", F("done")), _since("taken", F("answered"))
    wanted: dict[str, tuple[Any, Q]] = {
        "finish": (handled, Q(answered__isnull=False)),
        "reply": (whole, Q(kind=IncidentKind.APPEAL)),
    }
    for name, filters in (("mediate", dispute), ("remove", hazard)):
        if filters is not None:
            wanted[name] = (whole, _of_category(filters))
    asked: dict[str, Any] = {}
    for name, (span, condition) in wanted.items():
        asked[name] = Median(span, filter=condition)
        asked[f"{name}_number"] = Count("pk", filter=condition)
    found: dict[str, Any] = rows.aggregate(**asked)
    return found


def _of_category(filters: Filters) -> Q:
    head = filters.category
    return Q(category=head) | Q(category__parent=head) | Q(category__parent__parent=head)


def _over(ground: Ground, act: str) -> Filters:
    span = ground.span
    return ground.whole.but(states=frozenset(State), act=act, act_from=span.start, act_to=span.end)


def _moment_of(act: str, which: type[Min] | type[Max]) -> Subquery:
    """The first or last moment at which `act` happened to the incident of the outer query."""
    events = happenings.events_of(act).filter(incident=OuterRef("pk")).order_by()
    return Subquery(events.values("incident").annotate(moment=which("occurred_at")).values("moment"))


def _since(start: str, moment: Any) -> ExpressionWrapper:
    return ExpressionWrapper(moment - F(start), output_field=DurationField())


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

    @classmethod
    def load(cls) -> "Categories":
        """One query."""
        wanted = Q(parent__isnull=True) | Q(standard_ref=HAZARD[0], code=HAZARD[1])
        rows = list(Category.objects.filter(wanted, kind=IncidentKind.INCIDENT, retired_at__isnull=True))
        return cls([row for row in rows if row.parent_id is None], {(row.standard_ref, row.code): row for row in rows})

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


def solved(ground: Ground) -> dict[str, Solved]:
    """By place of the ground's level, and under "" for all of it; names are left to the caller. One query."""
    closed = _over(ground, Act.CLOSED).but(states=frozenset({State.CLOSED}))
    level = ground.level or "grid"
    length = PLACE_LENGTHS[level]
    rows = ground.in_district(ground.incidents(closed)).order_by()
    counted = rows.annotate(at=Left("place_id", length)).values_list("at", "answered_by_unit__kind")
    by_place: dict[str, dict[str, int]] = {"": {}}
    for code, tier, number in counted.annotate(number=Count("pk")):
        for key in (code, ""):
            row = by_place.setdefault(key, {})
            row[tier] = row.get(tier, 0) + number
    return {code: _solved(ground, closed, code, numbers) for code, numbers in sorted(by_place.items())}


def _solved(ground: Ground, closed: Filters, code: str, numbers: dict[str, int]) -> Solved:
    filters = ground.at_place(closed, code) if code else closed
    tiers: dict[str, Figure] = {kind: Figure(numbers.get(kind, 0), filters.but(solved=kind)) for kind in SOLVING_TIERS}
    return Solved(code, "", Figure(sum(numbers.values()), filters), tiers)
