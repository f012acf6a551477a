"""Whose dashboard it is: the place or body it is about, the filters all its numbers share, what may be chosen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.lookups import Exact

from governance.dashboard.spans import Span
from grids import permissions
from grids.levels import CODE_LENGTHS, UnitKind, kind_of_code
from grids.models import Person, Unit
from grids.subtrees import covers, within
from incidents import access
from incidents.filters import NO_CATEGORY, PLACE_LENGTHS, Filters
from incidents.lists import conditions
from incidents.models import Incident, Sight
from incidents.states import State

BODY = "D"
# The level whose rows a ground is split into, by the length of its code.
_LEVEL_BELOW = {6: "town", 9: "village", 12: "grid"}


@dataclass(frozen=True)
class Ground:
    """What one dashboard is about: a place or body, the filters everything is counted over, the level of its rows.

    `scope` is what `person` may see of it: nothing to ask where the ground lies in sight as a whole. `each` is the
    same, said so that it is asked of every incident alone: for the few that something happened to. `seen` are the codes
    it is seen through where that has to be asked; `of_unit`: through nothing else, whoever the person is.
    """

    person: Person
    unit: Unit | None
    base: Filters
    level: str
    span: Span
    scope: Q = field(default_factory=Q)
    each: Q = field(default_factory=Q)
    choices: list[Unit] = field(default_factory=list)
    home: str = ""
    seen: tuple[str, ...] = ()
    of_unit: bool = False

    @property
    def whole(self) -> Filters:
        """Without "waits for": for figures about what has ended or was only reported."""
        return self.base.but(at="")

    @property
    def under(self) -> str:
        """The place chosen below one's own, if any."""
        return self.base.under if self.base.under != self.home else ""

    @property
    def district(self) -> str:
        """The one district it lies in, as far as its filters say so; for the indexes that begin with it."""
        code = self.base.under or self.base.at
        return code[:6] if len(code) >= CODE_LENGTHS[UnitKind.DISTRICT] else ""

    @property
    def is_everything(self) -> bool:
        """Whether its filters leave out nothing of the one district they name, or of the whole installation."""
        bare = self.base.but(under="") == Filters() and not self.scope
        return bare and len(self.base.under) in (0, CODE_LENGTHS[UnitKind.DISTRICT])

    @property
    def bodies(self) -> tuple[str, ...]:
        """The bodies it is seen through, if that is all it is seen through."""
        return self.seen if BODY in self.home else ()

    @property
    def said(self) -> tuple[Any, ...]:
        """All that its figures hang on, but for the days; one's own sight where it is not in sight as a whole."""
        whose = (0 if self.of_unit else self.person.pk, self.seen) if self.scope else ()
        return (self.home, self.level, self.base.query(), self.unit.pk if self.unit else "", whose)

    def incidents(self, filters: Filters) -> QuerySet[Incident]:
        """What lies in sight and meets the filters' own conditions, but for lights and for whom it waits."""
        return Incident.objects.filter(self.scope, self._conditions(filters))

    def everything(self) -> QuerySet[Incident]:
        """What lies in sight in every state, for counting the few of it that something happened to."""
        return self.in_district(self.few(self.whole.but(states=frozenset(State)))).order_by()

    def came(self, name: str) -> Q:
        """That the incident other rows name in a column came to one's bodies: looked up for each row by itself."""
        if not self.bodies:
            return Q()
        return Q(
            Exact(Exists(Sight.objects.filter(within(self.bodies, "unit_id"), incident=OuterRef(name))), Value(True))
        )

    def few(self, filters: Filters) -> QuerySet[Incident]:
        """The same as `incidents`, said so that each is looked at alone: for filters that leave few."""
        return Incident.objects.filter(self.each, self._conditions(filters))

    def _conditions(self, filters: Filters) -> Q:
        """The category's are asked for once."""
        if filters.category in (None, NO_CATEGORY) or filters.category != self.base.category:
            return conditions(filters, self.person)
        return conditions(filters.but(category=None), self.person) & self._of_category

    @cached_property
    def _of_category(self) -> Q:
        return conditions(Filters(states=frozenset(State), category=self.base.category), self.person)

    def in_district(self, incidents: QuerySet[Incident]) -> QuerySet[Incident]:
        """The same rows, said so that the indexes that begin with the district serve."""
        if self.base.under and self.district:
            return incidents.filter(district=self.district)
        return incidents.filter(district__in=Unit.objects.filter(kind=UnitKind.DISTRICT).values("pk"))

    def at_place(self, filters: Filters, code: str) -> Filters:
        """What lies in one place of the rows; what lies above their level is counted under its own place alone."""
        level = self.level or "grid"
        return filters.but(place=code) if len(code) < PLACE_LENGTHS[level] else filters.narrowed(level, code)

    def query(self, **changes: Any) -> str:
        """The query string of this dashboard with some of `under`, `category` and `span` changed."""
        return urlencode(self.pairs(**changes))

    def pairs(self, **changes: Any) -> dict[str, str]:
        """The same as names and values; the widest choice of each says nothing."""
        under = changes.get("under", self.under)
        category = changes.get("category", self.base.category)
        span: Span = changes.get("span", self.span)
        said = {"under": under, "category": "" if category is None else str(category), **span.pairs}
        return {name: value for name, value in said.items() if value}


def ground_for(person: Person, given: Mapping[str, Any], *, now: datetime, only: str = "") -> Ground | None:
    """The ground of `person`, narrowed by an address's `under`, `category` and span; None for one without sight.

    A place outside of sight, or one that makes no sense, narrows nothing. With `only` it is what that unit, by its
    code, shows to its own; None where the person does not see it. Three queries at most.
    """
    prefixes = permissions.visible_prefixes(person, now=now)
    if only:
        prefixes = [only] if covers(prefixes, only) else []
    if not prefixes:
        return None
    home, base = _home(prefixes)
    reach = [home] if home else prefixes
    under = str(given.get("under", ""))
    chosen = under if under and kind_of_code(under) and covers(reach, under) and BODY not in under else ""
    at = chosen or home
    widest = not at or BODY in at or len(at) < CODE_LENGTHS[UnitKind.DISTRICT]
    level = "town" if widest else _LEVEL_BELOW.get(len(at), "")
    codes = Q(pk=at)
    if BODY not in home:
        codes |= Q(within(reach), kind=_choice_kind(home), retired_at__isnull=True)
    units = list(Unit.objects.filter(codes).order_by("code"))
    narrowed = base.but(under=chosen) if chosen else base
    scope = each = Q()
    if not _is_in_sight(narrowed, prefixes):
        scope = each = _came(prefixes) if only else access.scope(person, now=now)
        if BODY in home:
            each = _one_by_one(None if only else person, prefixes)
    return Ground(
        person=person,
        unit=next((unit for unit in units if unit.pk == at), None),
        base=narrowed.but(category=Filters.parsed({"category": given.get("category", "")}).category),
        level=level,
        span=Span.parsed(given, now=now),
        scope=scope,
        each=each,
        seen=tuple(prefixes) if scope else (),
        of_unit=bool(only),
        choices=[unit for unit in units if unit.kind == _choice_kind(home) and unit.pk != home],
        home=home,
    )


def _is_in_sight(filters: Filters, prefixes: list[str]) -> bool:
    """Whether all that lies in the place is seen through the place itself, so that the filters say it all."""
    return "" in prefixes or (
        bool(filters.under) and covers([code for code in prefixes if BODY not in code], filters.under)
    )


def _came(bodies: list[str]) -> Q:
    """What came to bodies."""
    return Q(pk__in=Sight.objects.filter(within(bodies, "unit_id")).values("incident_id"))


def _one_by_one(person: Person | None, bodies: list[str]) -> Q:
    """What bodies see, which is what came to them and what a person took: of each incident by itself."""
    came = Q(Exists(Sight.objects.filter(within(bodies, "unit_id"), incident=OuterRef("pk"))))
    return came | Q(first_receiver=person) if person else came


def _home(prefixes: list[str]) -> tuple[str, Filters]:
    """The one unit a person's sight begins at, with its filters; no unit where there are several."""
    if prefixes == [""]:
        districts = Unit.objects.filter(kind=UnitKind.DISTRICT, retired_at__isnull=True).values_list("code", flat=True)
        prefixes = list(districts[:2])
    if len(prefixes) != 1:
        return "", Filters()
    (home,) = prefixes
    return home, Filters(at=home) if BODY in home else Filters(under=home)


def _choice_kind(home: str) -> str:
    """What a person may narrow the dashboard to: towns of a district, villages of a town."""
    return UnitKind.VILLAGE if len(home) == CODE_LENGTHS[UnitKind.TOWN] else UnitKind.TOWN
