"""Which rule applies to what, for whoever sets them: all that fit a case, in the order that decides.

The same for limits (how long) and for escalation rules (what follows).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.db.models import Q
from django.utils.translation import gettext as _

from incidents.models import Category, EscalationRule, TimeLimit
from incidents.states import Stage, Urgency

Row = TypeVar("Row", TimeLimit, EscalationRule)


@dataclass(frozen=True)
class Case:
    """What a rule is asked for: a category in a district, how urgent, at which kind of unit."""

    district: str
    category: int | None
    urgency: str
    tier: str


@dataclass(frozen=True)
class Candidate(Generic[Row]):
    """A rule that fits, with its place in the order: the district's own, nearness of the category, urgency, tier."""

    rule: Row
    rank: tuple[bool, int, bool, bool]
    depth: int

    @property
    def reasons(self) -> list[str]:
        """In what the rule is special, the weightiest first; empty for the default of a stage."""
        own, nearness, urgency, tier = self.rank
        said = []
        if own:
            said.append(_("the district's own"))
        if nearness:
            said.append(_("for this very category") if nearness == self.depth else _("for the category above"))
        if urgency:
            said.append(_("for this urgency"))
        if tier:
            said.append(_("for this kind of unit"))
        return said

    @property
    def steps(self) -> int:
        return sum(bool(part) for part in self.rank)


@dataclass(frozen=True)
class Choice(Generic[Row]):
    """The rule that wins in a case, those it stands before, and whether that is less than obvious."""

    candidates: list[Candidate[Row]]

    @property
    def winner(self) -> Row | None:
        return self.candidates[0].rule if self.candidates else None

    @property
    def rivals(self) -> list[Candidate[Row]]:
        """Rules special in as many ways as the winner or more: only the order of the ways decides against them."""
        if not self.candidates:
            return []
        best = self.candidates[0]
        return [one for one in self.candidates[1:] if one.steps >= best.steps and one.steps > 0]


Matrix = dict[tuple[Stage, str], Choice[Row]]


def choose(case: Case, stage: Stage, *, at: datetime, of: type[Row]) -> Choice[Row]:
    """Every rule of one kind in force at `at` that fits the case, the one that wins first. Two queries."""
    return _choices(case, at=at, of=of, stages=[stage], urgencies=[case.urgency])[stage, case.urgency]


def matrix(case: Case, *, at: datetime, of: type[Row]) -> Matrix[Row]:
    """The same for every stage and urgency. Two queries."""
    return _choices(case, at=at, of=of, stages=list(Stage), urgencies=list(Urgency))


def _choices(
    case: Case, *, at: datetime, of: type[Row], stages: list[Stage], urgencies: list[str] | list[Urgency]
) -> Matrix[Row]:
    chain = _chain(case.category)
    fitting: list[Any] = list(
        of.objects.filter(
            Q(district=case.district) | Q(district__isnull=True),
            Q(category__in=chain) | Q(category__isnull=True),
            Q(retired_at__isnull=True) | Q(retired_at__gt=at),
            created_at__lte=at,
            stage__in=stages,
            tier__in=[case.tier, ""],
        ).select_related("category", "district")
    )
    found = {}
    for stage in stages:
        for urgency in urgencies:
            here = [
                Candidate(rule, _rank(rule, chain), len(chain))
                for rule in fitting
                if rule.stage == stage and rule.urgency in (urgency, "")
            ]
            found[stage, str(urgency)] = Choice(sorted(here, key=lambda one: (one.rank, one.rule.pk), reverse=True))
    return found


def _chain(category: int | None) -> list[int]:
    """The category and those above it, nearest first."""
    if category is None:
        return []
    row = Category.objects.values_list("pk", "parent_id", "parent__parent_id").filter(pk=category).first()
    return [pk for pk in row or () if pk is not None]


def _rank(rule: TimeLimit | EscalationRule, chain: list[int]) -> tuple[bool, int, bool, bool]:
    """As `limits.Rules` ranks: district, category, urgency, kind of unit, in this order."""
    nearness = len(chain) - chain.index(rule.category_id) if rule.category_id is not None else 0
    return rule.district_id is not None, nearness, bool(rule.urgency), bool(rule.tier)
