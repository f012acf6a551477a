"""Which limit applies to what, for whoever sets limits: all rules that fit a case, in the order that decides."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from incidents.models import Category, TimeLimit
from incidents.states import Stage, Urgency


@dataclass(frozen=True)
class Case:
    """What a limit is asked for: a category in a district, how urgent, at which kind of unit."""

    district: str
    category: int | None
    urgency: str
    tier: str


@dataclass(frozen=True)
class Candidate:
    """A rule that fits, with its place in the order: the district's own, nearness of the category, urgency, tier."""

    limit: TimeLimit
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
class Choice:
    """The rule that wins in a case, those it stands before, and whether that is less than obvious."""

    candidates: list[Candidate]

    @property
    def winner(self) -> TimeLimit | None:
        return self.candidates[0].limit if self.candidates else None

    @property
    def rivals(self) -> list[Candidate]:
        """Rules special in as many ways as the winner or more: only the order of the ways decides against them."""
        if not self.candidates:
            return []
        best = self.candidates[0]
        return [one for one in self.candidates[1:] if one.steps >= best.steps and one.steps > 0]


def choose(case: Case, stage: Stage, *, at: datetime) -> Choice:
    """Every rule in force at `at` that fits the case, the one that wins first. Two queries."""
    return _choices(case, at=at, stages=[stage], urgencies=[case.urgency])[stage, case.urgency]


def matrix(case: Case, *, at: datetime) -> dict[tuple[Stage, str], Choice]:
    """The same for every stage and urgency. Two queries."""
    return _choices(case, at=at, stages=list(Stage), urgencies=list(Urgency))


def _choices(
    case: Case, *, at: datetime, stages: list[Stage], urgencies: list[str] | list[Urgency]
) -> dict[tuple[Stage, str], Choice]:
    chain = _chain(case.category)
    fitting = list(
        TimeLimit.objects.filter(
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
                Candidate(limit, _rank(limit, chain), len(chain))
                for limit in fitting
                if limit.stage == stage and limit.urgency in (urgency, "")
            ]
            found[stage, str(urgency)] = Choice(sorted(here, key=lambda one: (one.rank, one.limit.pk), reverse=True))
    return found


def _chain(category: int | None) -> list[int]:
    """The category and those above it, nearest first."""
    if category is None:
        return []
    row = Category.objects.values_list("pk", "parent_id", "parent__parent_id").filter(pk=category).first()
    return [pk for pk in row or () if pk is not None]


def _rank(limit: TimeLimit, chain: list[int]) -> tuple[bool, int, bool, bool]:
    """As `limits.Rules` ranks: district, category, urgency, kind of unit, in this order."""
    nearness = len(chain) - chain.index(limit.category_id) if limit.category_id is not None else 0
    return limit.district_id is not None, nearness, bool(limit.urgency), bool(limit.tier)
