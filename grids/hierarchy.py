"""A unit is created, renamed, retired or succeeded. Units are never deleted and never recoded."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from grids import permissions, posts, selectors
from grids.duties import Right
from grids.levels import (
    CODE_LENGTHS,
    PARENT_KINDS,
    TOP_KINDS,
    GridKind,
    UnitKind,
    district_of,
    kind_of_code,
    known_kind,
    parent_code,
    tier_code,
)
from grids.models import Boundary, Person, Post, Succession, Unit
from grids.refusals import HierarchyRefused, constraints_as
from grids.subtrees import within


@transaction.atomic
def create_unit(
    *, code: str, kind: UnitKind, name: str, now: datetime, actor: Person | None = None, **details: Any
) -> Unit:
    """The new unit under the unit its code names.

    `details` are other fields of Unit. Raises HierarchyRefused for a code of another kind, a parent that is
    missing or retired, or a code that is taken, be it by a retired unit.
    """
    if kind_of_code(code) != kind:
        raise HierarchyRefused(_("The code or the parent does not fit this kind of unit."), code="unit_code")
    above = parent_code(code)
    selectors.hold(code)
    parent = Unit.objects.select_for_update(no_key=True).filter(pk=above).first() if above else None
    if parent is None and kind not in TOP_KINDS:
        raise _parent_missing(above)
    if parent is not None and parent.is_retired:
        raise HierarchyRefused(_("The parent unit was retired."), code="unit_parent_retired")
    if actor is not None:
        permissions.require(actor, Right.ADMINISTER, parent or code, now=now)
    if Unit.objects.filter(pk=code).exists():
        raise HierarchyRefused(_("The code %(code)s is taken.") % {"code": code}, code="unit_code_taken")
    if kind == UnitKind.GRID:
        details.setdefault("grid_kind", GridKind.COMPREHENSIVE)
    unit = Unit(code=code, kind=kind, name=name.strip(), parent=parent, created_at=now, **details)
    with constraints_as(HierarchyRefused, Unit):
        unit.save(force_insert=True)
    return unit


@dataclass(frozen=True, kw_only=True)
class NewUnit:
    """One unit to be created, for `create_units`; its kind and parent follow from its code."""

    code: str
    name: str
    short_name: str = ""
    grid_kind: str = ""
    boundary_basis: str = ""
    duty_phone: str = ""
    address: str = ""


@transaction.atomic
def create_units(*, units: Iterable[NewUnit], now: datetime) -> list[Unit]:
    """The new units in the order of their codes, for an import; all or none. Parents may be among them.

    Raises HierarchyRefused as `create_unit` does.
    """
    wanted = {unit.code: unit for unit in units}
    if not wanted:
        return []
    above = {code: parent_code(code) for code in wanted}
    selectors.hold(*wanted)
    parents = Unit.objects.select_for_update(no_key=True).filter(pk__in={code for code in above.values() if code})
    standing = {parent.pk: parent for parent in parents.order_by("pk")}
    rows = []
    for code, unit in sorted(wanted.items()):
        kind, parent = known_kind(code), above[code]
        if parent not in wanted and parent not in standing:
            if kind not in TOP_KINDS:
                raise _parent_missing(parent)
            parent = None
        if parent in standing and standing[parent].is_retired:
            raise HierarchyRefused(_("The parent unit was retired."), code="unit_parent_retired")
        row = Unit(kind=kind, parent_id=parent, created_at=now, **asdict(unit))
        if kind == UnitKind.GRID and not row.grid_kind:
            row.grid_kind = GridKind.COMPREHENSIVE
        rows.append(row)
    with constraints_as(HierarchyRefused, Unit):
        return Unit.objects.bulk_create(rows, batch_size=2000)


def _parent_missing(code: str | None) -> HierarchyRefused:
    return HierarchyRefused(_("There is no unit %(code)s above it.") % {"code": code}, code="unit_parent_missing")


def why_not_retired(unit: Unit, *, now: datetime) -> list[ValidationError]:
    """What stands against retiring `unit`; empty if nothing does. Two queries."""
    reasons: list[ValidationError] = []
    if unit.is_retired:
        return [HierarchyRefused(_("This unit was retired."), code="unit_retired")]
    if unit.children.filter(retired_at__isnull=True).exists():
        reasons.append(HierarchyRefused(_("Units below it are still in service."), code="unit_has_children"))
    if Boundary.objects.filter(still_published(now), unit=unit).exists():
        words = _("Its area is still published: redraw the boundaries first.")
        reasons.append(HierarchyRefused(words, code="unit_has_boundary"))
    return reasons


def still_published(now: datetime) -> Q:
    """The boundaries in force at `now` or later: what is retired at `now` has none."""
    return Q(valid__upper_inf=True) | Q(valid__endswith__gt=now)


@transaction.atomic
def retire(*, unit: Unit, now: datetime, actor: Person | None = None) -> Unit:
    """The unit retired at `now`, its posts ended; the row and its history stay.

    Raises HierarchyRefused while it has living children or a boundary in force, now or later: those go first.
    """
    if actor is not None:
        permissions.require(actor, Right.ADMINISTER, unit, now=now)
    selectors.hold(unit.pk)
    return _retire(Unit.objects.select_for_update(no_key=True).get(pk=unit.pk), now)


def _retire(unit: Unit, now: datetime) -> Unit:
    if unit.is_retired:
        return unit
    for reason in why_not_retired(unit, now=now):
        raise reason
    unit.retired_at, unit.duty_contact = now, None
    unit.save(update_fields=["retired_at", "duty_contact"])
    for post in Post.objects.filter(unit=unit, period__endswith__isnull=True, period__isempty=False):
        posts.relieve(post=post, at=now)
    for post in Post.objects.filter(unit=unit, period__endswith__gt=now):
        posts.relieve(post=post, at=now)
    return unit


@transaction.atomic
def succeed(
    *, old: Unit, new: Unit, at: datetime, actor: Person | None = None, people_follow: bool = False
) -> Succession:
    """`new` follows `old`, which is retired at `at` if it is not yet; a split names several successors.

    With `people_follow` who serves `old` at that moment serves `new` from then on, in the same duties. Raises
    HierarchyRefused for another kind, a retired successor or a circle, PostRefused for a post that has no room.
    """
    if actor is not None:
        permissions.require(actor, Right.ADMINISTER, old, now=at)
        permissions.require(actor, Right.ADMINISTER, new, now=at)
    if old.pk == new.pk:
        raise HierarchyRefused(_("A unit is succeeded by another one."), code="succession_of_another")
    selectors.hold(old.pk, new.pk)
    # Both at once, so that two units never come to follow each other.
    pair = Unit.objects.select_for_update(no_key=True).filter(pk__in=[old.pk, new.pk]).order_by("pk")
    units = {unit.pk: unit for unit in pair}
    old, new = units[old.pk], units[new.pk]
    if Succession.objects.filter(old=old, new=new).exists():
        raise HierarchyRefused(_("This succession is on record already."), code="succession_once")
    if old.kind != new.kind:
        raise HierarchyRefused(_("A unit is succeeded by a unit of the same kind."), code="succession_kind")
    if new.is_retired:
        raise HierarchyRefused(_("The successor was retired itself."), code="succession_retired")
    serving = list(selectors.people_of(old.pk, at)) if people_follow else []
    _retire(old, at)
    for post in serving:
        posts.follow(post=post, unit=new, at=at)
    with constraints_as(HierarchyRefused, Succession):
        return Succession.objects.create(old=old, new=new, at=at, actor=actor)


def successor_of(unit: Unit) -> Unit:
    """The living unit that carries on the work of `unit`: itself, or its heir over any number of reforms.

    Of several heirs of a split the one with the lowest code. A unit retired without an heir answers itself.
    """
    seen = {unit.pk}
    while unit.is_retired:
        heirs = Succession.objects.filter(old=unit).exclude(new__in=seen).select_related("new").order_by("new")
        succession = heirs.first()
        if succession is None:
            break
        unit = succession.new
        seen.add(unit.pk)
    return unit


def tier_parent(unit: Unit) -> Unit | None:
    """The tier above: grid to village to town to district to city; for a department or office the tier it serves."""
    if unit.kind in (UnitKind.DEPARTMENT, UnitKind.OFFICE):
        return Unit.objects.get(pk=tier_code(unit.pk))
    return unit.parent


@transaction.atomic
def set_duty_contacts(*, contacts: Mapping[str, Person]) -> None:
    """Who answers for each unit (by code) when it must be reached; the duty phone stays."""
    units = list(Unit.objects.select_for_update(no_key=True).filter(pk__in=contacts).order_by("pk"))
    for unit in units:
        unit.duty_contact = contacts[unit.pk]
    Unit.objects.bulk_update(units, ["duty_contact"], batch_size=1000)


# What may be said otherwise of a unit in service; its code, kind and parent never.
AMENDABLE = ("name", "short_name", "grid_kind", "boundary_basis", "address", "duty_phone", "duty_contact")


@transaction.atomic
def amend(*, unit: Unit, now: datetime, actor: Person | None = None, **changes: Any) -> Unit:
    """The unit with `changes` to AMENDABLE fields; what stays the same is not written.

    Raises HierarchyRefused for a retired unit, an empty name, or a duty contact who holds no post there.
    """
    if actor is not None:
        permissions.require(actor, Right.ADMINISTER, unit, now=now)
    unknown = set(changes) - set(AMENDABLE)
    if unknown:
        raise ValueError(f"not amendable: {sorted(unknown)}")
    unit = Unit.objects.select_for_update(no_key=True, of=("self",)).get(pk=unit.pk)
    if unit.is_retired:
        raise HierarchyRefused(_("This unit was retired."), code="unit_retired")
    given = {name: value.strip() if isinstance(value, str) else value for name, value in changes.items()}
    differing = [name for name, value in given.items() if getattr(unit, name) != value]
    if not differing:
        return unit
    contact: Any = given.get("duty_contact")
    if contact is not None and not selectors.people_of(unit.pk, now).filter(person=contact).exists():
        raise HierarchyRefused(_("The duty contact holds a post at the unit."), code="unit_contact")
    for name in differing:
        setattr(unit, name, given[name])
    with constraints_as(HierarchyRefused, Unit):
        unit.save(update_fields=differing)
    return unit


def rename(*, unit: Unit, name: str, now: datetime, actor: Person | None = None) -> Unit:
    """The unit under its new name. Raises HierarchyRefused for an empty one."""
    return amend(unit=unit, now=now, actor=actor, name=name)


def kinds_below(unit: Unit) -> list[UnitKind]:
    """The kinds of unit that may stand directly under `unit`, places first."""
    if unit.kind in (UnitKind.DEPARTMENT, UnitKind.OFFICE):
        # One level of sub-units, and no more.
        return [UnitKind(unit.kind)] if len(unit.pk.partition("D")[2]) == _BODY_LETTERS else []
    return [kind for kind in UnitKind if unit.kind in PARENT_KINDS[kind] and kind != unit.kind]


_BODY_LETTERS = 2


def free_code(parent: Unit, kind: UnitKind) -> str:
    """The code after the highest ever given under `parent` to a unit of `kind`, or "" when none is left.

    A code is never given twice, be its unit retired. The one who creates the unit may still choose another.
    """
    if kind in (UnitKind.DEPARTMENT, UnitKind.OFFICE):
        prefix = parent.pk + ("D" if "D" not in parent.pk else "")
        width = _BODY_LETTERS
    else:
        prefix, width = parent.pk, CODE_LENGTHS[kind] - len(parent.pk)
    taken = Unit.objects.filter(parent=parent, kind=kind, code__startswith=prefix).values_list("pk", flat=True)
    numbers = [int(own) for code in taken if (own := code[len(prefix) :]).isdigit()]
    number = max(numbers, default=0) + 1
    return f"{prefix}{number:0{width}d}" if len(str(number)) <= width else ""


def heirs_possible(unit: Unit) -> list[Unit]:
    """The units in service that may carry on the work of `unit`: of its kind, in its district, the nearest first."""
    found = Unit.objects.filter(within([district_of(unit.pk)]), kind=unit.kind, retired_at__isnull=True)
    others = found.exclude(pk=unit.pk).select_related("parent")
    return sorted(others, key=lambda other: (other.parent_id != unit.parent_id, other.pk))
