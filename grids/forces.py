"""Who helps in the grids, and whether in each grid somebody answers for every matter: the ledger of forces."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Count, QuerySet
from django.db.models.functions import Left
from django.utils.translation import gettext as _

from grids import permissions
from grids.duties import Duty, Right
from grids.levels import CODE_LENGTHS, UnitKind, district_of
from grids.models import Force, ForceKind, Matter, Person, Post, Unit
from grids.refusals import ForceRefused, constraints_as
from grids.selectors import profile_for
from grids.subtrees import within

# Their posts answer for what the district's profile says; every other matter needs a force.
ANSWERING_DUTIES = (Duty.OFFICER, Duty.ASSISTANT)


@dataclass(frozen=True, kw_only=True)
class Enlistment:
    """One force, for `enlist_all`."""

    grid: str
    kind: ForceKind
    name: str
    phone: str = ""
    organisation: str = ""
    matters: tuple[Matter, ...] = ()


@transaction.atomic
def enlist_all(*, wanted: Iterable[Enlistment], since: datetime) -> int:
    """The forces of many grids from `since` on, for an import; all or none. Raises ForceRefused for a double."""
    rows = [
        Force(
            grid_id=each.grid,
            kind=each.kind,
            name=each.name,
            phone=each.phone,
            organisation=each.organisation,
            matters=sorted(matter.value for matter in each.matters),
            period=DateTimeTZRange(since, None),
        )
        for each in wanted
    ]
    with constraints_as(ForceRefused, Force):
        return len(Force.objects.bulk_create(rows, batch_size=1000))


@transaction.atomic
def enlist(
    *,
    grid: Unit,
    kind: ForceKind,
    name: str,
    now: datetime,
    matters: Collection[Matter] = (),
    phone: str = "",
    organisation: str = "",
    person: Person | None = None,
    actor: Person | None = None,
) -> Force:
    """The new force of a grid, from `now` on. Raises ForceRefused for a unit that is no living grid or a double."""
    if actor is not None:
        permissions.require(actor, Right.ADMINISTER, grid, now=now)
    if not grid.is_grid or grid.is_retired:
        raise ForceRefused(_("A force belongs to a grid."), code="force_at_a_grid")
    if not name.strip():
        raise ForceRefused(_("A force has a name."), code="force_has_name")
    force = Force(
        grid=grid,
        kind=kind,
        name=name.strip(),
        phone=phone.strip(),
        organisation=organisation.strip(),
        person=person,
        matters=sorted({Matter(matter).value for matter in matters}),
        period=DateTimeTZRange(now, None),
    )
    with constraints_as(ForceRefused, Force):
        force.save()
    return force


@transaction.atomic
def dismiss(*, force: Force, now: datetime, actor: Person | None = None) -> Force:
    """The force ended at `now`; the row stays. One that ended before stays as it was."""
    if actor is not None:
        permissions.require(actor, Right.ADMINISTER, force.grid_id, now=now)
    force = Force.objects.select_for_update().get(pk=force.pk)
    if force.period.upper is None:
        force.period = DateTimeTZRange(force.period.lower, max(now, force.period.lower))
        if force.period.lower == force.period.upper:
            force.delete()  # It began and ended in the same moment: it never helped.
            return force
        force.save(update_fields=["period"])
    return force


def of_grid(grid: str, at: datetime) -> list[Force]:
    """The forces of one grid at a moment, by kind and name."""
    return list(Force.objects.filter(grid=grid, period__contains=at).select_related("person"))


@dataclass
class LedgerRow:
    """One unit of the ledger: its grids, its forces by kind, and the grids in which nobody answers, by matter."""

    unit: Unit
    grids: int = 0
    officers: int = 0
    assistants: int = 0
    supervisors: int = 0
    forces: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    missing: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def total(self) -> int:
        return self.officers + self.assistants + self.supervisors + sum(self.forces.values())

    def cells(self) -> list[int]:
        """The number of forces by kind, in the order of ForceKind."""
        return [self.forces.get(kind.value, 0) for kind in ForceKind]

    def matter_cells(self) -> list[tuple[str, int]]:
        """Each matter with the number of grids in which nobody answers for it."""
        return [(str(matter.label), self.missing.get(matter.value, 0)) for matter in Matter]


@dataclass(frozen=True)
class Unanswered:
    """A grid, by its code, in which nobody answers for `matters`."""

    grid: str
    matters: tuple[Matter, ...]

    @property
    def words(self) -> str:
        """「矛盾调解 无人负责」 and its like."""
        return _("; ").join(_("%(matter)s: nobody answers for it") % {"matter": each.label} for each in self.matters)


@dataclass(frozen=True)
class Ledger:
    """The forces below one unit, by the units directly below it (the grids themselves below a village)."""

    rows: list[LedgerRow]
    total: LedgerRow
    unanswered: list[Unanswered]


def coverage(scopes: Sequence[str], at: datetime) -> list[Unanswered]:
    """The living grids under `scopes` in which nobody answers for some matter. Three queries and a profile."""
    return _unanswered(scopes, _grids(scopes), at)


def _unanswered(scopes: Sequence[str], grids: Sequence[str], at: datetime) -> list[Unanswered]:
    answered = _answered(scopes, grids, at)
    found = [
        Unanswered(grid, tuple(matter for matter in Matter if matter.value not in answered[grid])) for grid in grids
    ]
    return [each for each in found if each.matters]


def named(found: Sequence[Unanswered]) -> list[tuple[Unit, Unanswered]]:
    """Each with its grid and the village above. One query: for as many as a page shows."""
    units = Unit.objects.select_related("parent").in_bulk([each.grid for each in found])
    return [(units[each.grid], each) for each in found]


def ledger(scope: Unit, at: datetime) -> Ledger:
    """The ledger of everything below `scope`. Five queries and a profile, whatever the size."""
    scopes = [scope.pk]
    grids = _grids(scopes)
    below = list(Unit.objects.filter(parent=scope.pk, retired_at__isnull=True, kind__in=_PLACES).order_by("code"))
    units = [scope] if scope.is_grid else below
    length = len(units[0].pk) if units else CODE_LENGTHS[UnitKind.GRID]
    rows = {unit.pk: LedgerRow(unit) for unit in units}
    total = LedgerRow(scope)
    for part, number in Counter(grid[:length] for grid in grids).items():
        for row in filter(None, (rows.get(part), total)):
            row.grids += number
    for part, kind, number in _counted(Force.objects.filter(period__contains=at), "grid", "kind", scopes, length):
        for row in filter(None, (rows.get(part), total)):
            row.forces[kind] += number
    posts = Post.objects.filter(period__contains=at, duty__in=[Duty.OFFICER, Duty.ASSISTANT, Duty.SUPERVISOR])
    for part, duty, number in _counted(posts, "unit", "duty", scopes, length):
        for row in filter(None, (rows.get(part), total)):
            setattr(row, f"{duty}s", getattr(row, f"{duty}s") + number)
    unanswered = _unanswered(scopes, grids, at)
    for each in unanswered:
        for row in filter(None, (rows.get(each.grid[:length]), total)):
            for matter in each.matters:
                row.missing[matter.value] += 1
    return Ledger(list(rows.values()), total, unanswered)


_PLACES = (UnitKind.CITY, UnitKind.DISTRICT, UnitKind.TOWN, UnitKind.VILLAGE, UnitKind.GRID)


def _grids(scopes: Sequence[str]) -> list[str]:
    living = Unit.objects.filter(within(scopes), kind=UnitKind.GRID, retired_at__isnull=True)
    return list(living.order_by("code").values_list("code", flat=True))


def _answered(scopes: Sequence[str], grids: Sequence[str], at: datetime) -> dict[str, set[str]]:
    """The matters somebody answers for, by grid."""
    found: dict[str, set[str]] = defaultdict(set)
    by_post = {code: set(profile_for(code).officers_matters) for code in {district_of(grid) for grid in grids}}
    served = Post.objects.filter(within(scopes, "unit"), duty__in=ANSWERING_DUTIES, period__contains=at)
    for unit in served.values_list("unit_id", flat=True).distinct():
        found[unit] |= by_post.get(district_of(unit), set())
    helping = Force.objects.filter(within(scopes, "grid"), period__contains=at)
    for grid, matters in helping.values_list("grid_id", "matters"):
        found[grid] |= set(matters)
    return found


def _counted(
    rows: QuerySet[Any], unit: str, kind: str, scopes: Sequence[str], length: int
) -> Iterable[tuple[str, str, int]]:
    """(code of the row's unit, kind, number) for the rows under `scopes`."""
    grouped = rows.filter(within(scopes, unit)).annotate(part=Left(f"{unit}_id", length)).order_by()
    return grouped.values_list("part", kind).annotate(number=Count("pk"))
