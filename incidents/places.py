"""Where a report would go: the place a position or a name leads to, who would get it and how soon they must accept.

Asked by the report page before anything is written; `births` decides again, by the same `find_place`.
"""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from grids import permissions, statements, words
from grids.duties import Right
from grids.levels import UnitKind, ancestor_codes, district_of
from grids.models import Person, Unit
from grids.subtrees import within
from incidents import holders, limits
from incidents.births import Position, find_place
from incidents.models import LocatedBy
from incidents.states import Stage, Urgency

# Places a report may be given to by name: the widest last.
NAMED_KINDS = (UnitKind.GRID, UnitKind.VILLAGE, UnitKind.TOWN)
DESK_WORDS = {
    UnitKind.VILLAGE: "station",
    UnitKind.TOWN: "service_centre",
    UnitKind.DISTRICT: "command_centre",
}
MOST_FOUND = 12
GRID_DIGITS = 15


@dataclass(frozen=True)
class Reach:
    """Where a person may report at a moment: codes of units, which stand for what lies below them too."""

    person: Person
    now: datetime
    reports: tuple[str, ...]

    @cached_property
    def settles(self) -> frozenset[str]:
        """The grids in which the person may settle matters on the spot. One query when first asked."""
        held = permissions.rights_at(self.person, self.grids, now=self.now)
        return frozenset(code for code, rights in held.items() if Right.SETTLE in rights)

    @property
    def grids(self) -> list[str]:
        """The grids the person serves, in the order of their codes."""
        return [code for code in self.reports if len(code) == GRID_DIGITS]

    @property
    def districts(self) -> list[str]:
        return sorted({district_of(code) for code in self.reports})

    def holds(self, place: Unit) -> bool:
        """Whether a report at `place` will be taken: it lies in a district the person serves."""
        return district_of(place.pk) in self.districts

    @property
    def prefer(self) -> str:
        """The grid that wins on a border."""
        return self.grids[0] if self.grids else ""


@dataclass(frozen=True, slots=True)
class Destination:
    """A place as the report page shows it. `seconds` is how soon `holder` must accept, in working time or not."""

    place: Unit
    path: str
    located_by: LocatedBy
    distance_m: float | None
    is_own: bool
    is_reachable: bool
    holder: Unit
    seconds: int
    is_working: bool

    @property
    def desk(self) -> str:
        return desk_name(self.holder)


def reach_of(person: Person, *, now: datetime) -> Reach:
    """Where `person` may report at `now`; `reports` is empty for somebody who may not at all. One query."""
    return Reach(person, now, tuple(permissions.units_with_right(person, Right.REPORT, now=now)))


def destination(
    *,
    reach: Reach,
    position: Position | None,
    place: Unit | None,
    category_id: int | None,
    urgency: Urgency,
    now: datetime,
) -> Destination:
    """Where a report from here would go. Raises MoveRefused when neither position nor name leads anywhere."""
    found = find_place(position=position, place=place, prefer=reach.prefer)
    chain = with_parents([found.place.pk])[found.place.pk]
    holder = holders.at_birth(chain)
    seconds, is_working = accept_limit(holder, category_id=category_id, urgency=urgency, now=now)
    return Destination(
        place=chain,
        path=path_of(chain),
        located_by=found.located_by,
        distance_m=found.distance_m,
        is_own=chain.pk in reach.settles,
        is_reachable=reach.holds(chain),
        holder=holder,
        seconds=seconds,
        is_working=is_working,
    )


def accept_limit(holder: Unit, *, category_id: int | None, urgency: Urgency, now: datetime) -> tuple[int, bool]:
    """How soon `holder` must accept: seconds, and whether they are working time."""
    district = district_of(holder.pk)
    rule = limits.rule_for(
        district_id=district,
        category_id=category_id,
        urgency=urgency,
        stage=Stage.ACCEPT,
        tier=UnitKind(holder.kind),
        at=now,
    )
    terms = limits.terms_of(rule.limit_id, rule.version_id)
    return terms.seconds, terms.working


def with_parents(
    codes: Iterable[str],
    among: "QuerySet[Unit] | None" = None,
    *,
    known: Mapping[str, Unit] | None = None,
    without: tuple[str, ...] = (),
) -> dict[str, Unit]:
    """The units by code, each with the chain of its parents attached. One query; none if all of them are `known`.

    Those `known` have their chains already. `among` reads more of each unit, `without` names fields that are read when
    first asked for.
    """
    wanted = list(codes)
    family = dict(known or {})
    asked = {
        above
        for code in wanted
        for above in itertools.takewhile(lambda one: one not in family, (code, *ancestor_codes(code)))
    }
    if asked:
        if among is None:
            read = statements.read(Unit, "WHERE code = ANY(%s)", [list(asked)], without=without)
        else:
            read = list(among.filter(pk__in=asked))
        family |= {unit.pk: unit for unit in read}
        for unit in read:
            if unit.parent_id in family:
                unit.parent = family[unit.parent_id]
    return {code: family[code] for code in wanted if code in family}


def path_of(place: Unit) -> str:
    """Town, village and grid as people say them: 沙湾镇 · 铜河社区 · 003 网格. Needs the parents attached."""
    names: list[str] = []
    unit: Unit | None = place
    while unit is not None and unit.kind in NAMED_KINDS:
        names.insert(0, short_label(unit))
        unit = unit.parent
    return " · ".join(names) or place.label


def desk_name(unit: Unit) -> str:
    """The desk of a unit as people call it: 铜河社区网格服务工作站, 沙湾镇网格服务中心."""
    desk = DESK_WORDS.get(UnitKind(unit.kind))
    return _("%(unit)s %(desk)s") % {"unit": unit.label, "desk": words.word(desk)} if desk else unit.label


def short_label(unit: Unit) -> str:
    """A unit's name without its parent's name in front: 南陵社区一网格 below 南陵社区 is 一网格."""
    above = unit.parent
    label = unit.label
    if above is not None:
        for name in (above.name, above.label):
            if label.startswith(name) and label != name:
                return label.removeprefix(name).strip()
    return label


def search(reach: Reach, text: str) -> list[Unit]:
    """Towns, villages and grids in the person's districts whose names hold all the words; at most twelve.

    Villages come first: a grid is found by its position, a village is what people name.
    """
    parts = text.split()[:4]
    if not parts:
        return []
    found = _living(reach)
    for part in parts:
        found = found.filter(Q(name__icontains=part) | Q(short_name__icontains=part) | Q(parent__name__icontains=part))
    order = {UnitKind.VILLAGE: 0, UnitKind.TOWN: 1, UnitKind.GRID: 2}
    near = tuple(reach.reports)
    rows = list(found.select_related("parent", "parent__parent")[:200])
    rows.sort(key=lambda unit: (order[UnitKind(unit.kind)], not unit.pk.startswith(near), unit.pk))
    return rows[:MOST_FOUND]


def named(reach: Reach, code: str) -> Unit | None:
    """The living place with this code if the person may report there, else None."""
    if not code:
        return None
    return _living(reach).filter(pk=code).first()


def _living(reach: Reach) -> "QuerySet[Unit]":
    return Unit.objects.filter(within(reach.districts), kind__in=NAMED_KINDS, retired_at__isnull=True)
