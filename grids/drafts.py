"""Plans as drafts: begun from what is published, from drawn shapes or from another plan; set, held, discarded."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import shapely
from django.db import transaction
from django.utils.translation import gettext as _
from shapely.geometry.base import BaseGeometry

from grids import coverage, draft_log, draft_rows, holds, households, lattice, permissions, plans, selectors
from grids.draft_edits import locked, reopened
from grids.draft_rows import Row, many, shapes_of
from grids.duties import Right
from grids.levels import BoundaryBasis, GridKind, UnitKind, district_of
from grids.models import Boundary, Person, Plan, PlanArea, PlanStatus, Unit
from grids.refusals import BoundaryRefused
from grids.subtrees import within

# What a plan may cover.
SCOPES = frozenset({UnitKind.VILLAGE, UnitKind.TOWN, UnitKind.DISTRICT})
DEFAULT_TOLERANCE = 20


@dataclass(frozen=True)
class Drawn:
    """An area that somebody drew: the code of the grid it is for (None: a new one), its village, name and shape."""

    code: str | None
    village: str
    name: str
    shape: BaseGeometry
    households: int | None = None
    grid_kind: str = GridKind.COMPREHENSIVE.value
    boundary_basis: str = ""


@dataclass(frozen=True)
class Wish:
    """What a plan is begun with besides its areas."""

    title: str
    reason: str = ""
    note: str = ""
    target_households: int | None = None
    tolerance_percent: int = DEFAULT_TOLERANCE
    is_synthetic: bool = False


@transaction.atomic
def begin(*, scope: Unit, wish: Wish, actor: Person | None, now: datetime) -> Plan:
    """A draft for a village, town or district that begins with the grids in force, their officers and households.

    Raises PermissionDenied; BoundaryRefused if nothing is published there.
    """
    _require(scope, actor, now)
    # Asked first: what is published while the rest is read makes this draft a stale one.
    base = plans.latest(scope.pk)
    in_force = Boundary.objects.filter(within([scope.pk], "unit"), kind=UnitKind.GRID, valid__contains=now)
    living = in_force.filter(unit__retired_at__isnull=True).select_related("unit", "plan").order_by("unit_id")
    boundaries = list(living.defer("plan__frame", "plan__certificate", "plan__effect"))
    if not boundaries:
        raise BoundaryRefused(
            _("%(unit)s has no published grids to begin from: import some.") % {"unit": scope.name},
            code="nothing_published",
        )
    given = households.given_before([boundary.unit_id for boundary in boundaries])
    rows = []
    for key, boundary in enumerate(boundaries, 1):
        unit = boundary.unit
        row = Row(
            key, lattice.from_db(boundary.geom), unit.pk, str(unit.parent_id), unit.name,
            unit.grid_kind or GridKind.COMPREHENSIVE.value, unit.boundary_basis,
            households=given.get(unit.pk), households_given=unit.pk in given,
        )  # fmt: skip
        rows.append(row)
    frame = plans.outline_of(scope.pk, now) or shapely.coverage_union_all([row.shape for row in rows])
    synthetic = wish.is_synthetic or any(boundary.plan.is_synthetic for boundary in boundaries)
    wish = replace(wish, is_synthetic=synthetic)
    return _begun(scope, base, wish, rows, frame, "begin", actor=actor, now=now)


@transaction.atomic
def begin_from(
    *,
    scope: Unit,
    wish: Wish,
    shapes: Iterable[Drawn | tuple[str | None, str, str, BaseGeometry]],
    frame: BaseGeometry,
    actor: Person | None,
    now: datetime,
    said: Mapping[str, Any] | None = None,
) -> Plan:
    """A draft that begins with drawn areas, be they faulty: the faults are listed and repaired in the plan.

    Shapes and frame must lie on the lattice; grids of no code are new ones. Raises PermissionDenied; BoundaryRefused
    for a code that is no living grid of the scope or comes twice, or a village that is not in the scope.
    """
    _require(scope, actor, now)
    base = plans.latest(scope.pk)
    drawn = [one if isinstance(one, Drawn) else Drawn(*one) for one in shapes]
    units = _units(scope, drawn)
    rows = []
    for key, one in enumerate(drawn, 1):
        unit = units.get(one.code or "")
        rows.append(
            Row(
                key, many(one.shape), one.code, one.village, one.name or (unit.name if unit else ""),
                one.grid_kind, one.boundary_basis or (unit.boundary_basis if unit else ""),
                households=one.households, households_given=one.households is not None,
            )
        )  # fmt: skip
    return _begun(scope, base, wish, rows, frame, "begin_from", actor=actor, now=now, said=said)


@transaction.atomic
def copy(*, plan: Plan, title: str, actor: Person, now: datetime) -> Plan:
    """A new draft with the areas of another plan, whatever became of that; what was published since stays its base."""
    _require(plan.scope, actor, now)
    base = plans.latest(plan.scope_id)
    rows = list(draft_rows.read(plan.pk).values())
    if not rows or plan.frame is None:
        raise BoundaryRefused(_("This plan has no areas to copy."), code="nothing_to_copy")
    published = dict(PlanArea.objects.filter(plan=plan, published_as__isnull=False).values_list("key", "published_as"))
    living = set(
        Unit.objects.filter(
            pk__in={*published.values(), *(row.unit for row in rows if row.unit)}, retired_at__isnull=True
        ).values_list("pk", flat=True)
    )
    carried = [replace(row, unit=published.get(row.key, row.unit)) for row in rows]
    kept = [row if row.unit in living else replace(row, unit=None) for row in carried]
    wish = Wish(title, plan.reason, plan.note, plan.target_households, plan.tolerance_percent, plan.is_synthetic)
    frame, said = lattice.from_db(plan.frame), {"what": plan.title}
    return _begun(plan.scope, base, wish, kept, frame, "copy", actor=actor, now=now, said=said)


@transaction.atomic
def change(*, plan: Plan, actor: Person, now: datetime, **given: Any) -> Plan:
    """The plan with another title, note, reason, target or tolerance. An approved plan keeps what was approved."""
    permissions.require(actor, Right.ADMINISTER, plan.scope_id, now=now)
    plan = locked(plan.pk)
    holds.refuse_finished(plan)
    known = {"title", "note", "reason", "target_households", "tolerance_percent"}
    assert set(given) <= known, f"not to be changed here: {set(given) - known}"
    changed = {name: value for name, value in given.items() if getattr(plan, name) != value}
    if not changed:
        return plan
    if plan.status == PlanStatus.APPROVED:
        reopened(plan, actor=actor, now=now)
    for name, value in changed.items():
        setattr(plan, name, value)
    draft_log.record(plan=plan, kind="settings", now=now, actor=actor, args=changed)
    plan.save()
    return plan


@transaction.atomic
def discard(*, plan: Plan, actor: Person, now: datetime, reason: str) -> Plan:
    """The plan put away for good; it can still be read and copied. Raises PlanConflict if it is published."""
    permissions.require(actor, Right.ADMINISTER, plan.scope_id, now=now)
    if not reason.strip():
        raise BoundaryRefused(_("Say why the plan is discarded."), code="reason_missing")
    plan = locked(plan.pk)
    holds.refuse_finished(plan)
    plan.status, plan.publish_at = PlanStatus.DISCARDED, None
    plan.held_by = plan.held_until = None
    draft_log.record(plan=plan, kind="discard", now=now, actor=actor, said={"why": reason.strip()})
    plan.save()
    return plan


@transaction.atomic
def hold(*, plan_id: int, actor: Person, now: datetime, by_force: bool = False) -> Plan:
    """Take the lease, or prolong it; `by_force` from somebody else, which the log says. Raises PlanConflict "held"."""
    plan = locked(plan_id)
    permissions.require(actor, Right.ADMINISTER, plan.scope_id, now=now)
    holds.refuse_finished(plan)
    lost = holds.take(plan, actor=actor, now=now, by_force=by_force)
    if lost is not None:
        said = {"what": lost.full_name or lost.username}
        draft_log.record(plan=plan, kind="takeover", now=now, actor=actor, said=said)
    plan.save(update_fields=["held_by", "held_until", "revision"])
    return plan


@transaction.atomic
def release(*, plan_id: int, actor: Person) -> Plan:
    """End the own lease; nothing happens if it is somebody else's."""
    plan = locked(plan_id)
    if holds.let_go(plan, actor=actor):
        plan.save(update_fields=["held_by", "held_until"])
    return plan


def _require(scope: Unit, actor: Person | None, now: datetime) -> None:
    if actor is not None:
        permissions.require(actor, Right.ADMINISTER, scope, now=now)
    if scope.kind not in SCOPES or scope.retired_at is not None:
        raise BoundaryRefused(_("A plan is for a village, a town or a district."), code="no_scope")


def _units(scope: Unit, drawn: list[Drawn]) -> dict[str, Unit]:
    """The living grids that the codes name. Raises BoundaryRefused naming every code that does not fit."""
    codes = [one.code for one in drawn if one.code]
    villages = {one.village for one in drawn}
    found = Unit.objects.filter(pk__in={*codes, *villages}, retired_at__isnull=True)
    known = {unit.pk: unit for unit in found if unit.pk.startswith(scope.pk)}
    wrong = sorted({code for code in codes if code not in known or known[code].kind != UnitKind.GRID})
    wrong += sorted({code for code in villages if code not in known or known[code].kind != UnitKind.VILLAGE})
    wrong += sorted({code for code in codes if codes.count(code) > 1} - set(wrong))
    wrong += sorted(
        {one.code for one in drawn if one.code and one.code[: len(one.village)] != one.village} - set(wrong)
    )
    if wrong:
        words = {"codes": ", ".join(wrong[:20])}
        raise BoundaryRefused(
            _("These codes are no living grids or villages of the scope, or come twice: %(codes)s.") % words,
            code="codes_unknown",
        )
    kinds = {one.grid_kind for one in drawn} | {one.boundary_basis for one in drawn}
    assert kinds <= {*GridKind.values, *BoundaryBasis.values, ""}, kinds
    return known


def _begun(
    scope: Unit,
    base: Plan | None,
    wish: Wish,
    rows: list[Row],
    frame: BaseGeometry,
    kind: str,
    *,
    actor: Person | None,
    now: datetime,
    said: Mapping[str, Any] | None = None,
) -> Plan:
    plan = Plan.objects.create(
        scope=scope,
        base=base,
        title=wish.title,
        reason=wish.reason,
        note=wish.note,
        target_households=wish.target_households,
        tolerance_percent=wish.tolerance_percent,
        is_synthetic=wish.is_synthetic,
        frame=lattice.to_db(frame),
        last_key=max((row.key for row in rows), default=0),
        created_at=now,
        created_by=actor,
    )
    filled = _peopled(_counted(scope, rows), now)
    draft_rows.write(plan.pk, filled)
    found = coverage.faults(shapes_of({row.key: row for row in filled}), frame)
    kinds = {name: sum(fault.kind == name for fault in found) for name in sorted({fault.kind for fault in found})}
    told = {"areas": len(filled), "faults": len(found), "pockets": kinds.get("pocket", 0), **(said or {})}
    draft_log.record(plan=plan, kind=kind, now=now, actor=actor, said=told, after={"faults": kinds})
    plan.save(update_fields=["revision"])
    return plan


def _counted(scope: Unit, rows: list[Row]) -> list[Row]:
    """The rows with the area in square metres, and the households that are counted from dwellings."""
    rows = [row.drawn(row.shape) for row in rows]
    district = district_of(scope.pk)
    if not households.has_dwellings(district):
        return rows
    counted = households.count({row.key: row.shape for row in rows}, district=district)
    known = bool(counted)
    result = []
    for row in rows:
        if row.key in counted:
            result.append(replace(row, households=counted[row.key][1], households_given=False))
        else:
            result.append(row if row.households_given or not known else replace(row, households=0))
    return result


def _peopled(rows: list[Row], now: datetime) -> list[Row]:
    """The rows with the officers who are responsible for their grids at present; one who is named already stays. What
    was said before of a grid that is vacant, or in several parts, still holds."""
    units = [row.unit for row in rows if row.unit]
    officers, reasons = selectors.primary_officers(units, now), draft_rows.reasons_before(units)
    result = []
    for row in rows:
        officer = row.officer or (None if row.vacant_reason else officers.get(row.unit or ""))
        vacant, parts = reasons.get(row.unit or "", ("", ""))
        parts_reason = row.parts_reason or (parts if shapely.get_num_geometries(row.shape) > 1 else "")
        vacant_reason = row.vacant_reason or ("" if officer else vacant)
        result.append(replace(row, officer=officer, vacant_reason=vacant_reason, parts_reason=parts_reason))
    return result
