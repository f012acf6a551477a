"""Plans: the only way a boundary changes. Drawn, proven against a frame, published in one transaction."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import shapely
from django.contrib.gis.db.models.functions import AsWKB
from django.contrib.gis.geos import Polygon as StoredPolygon
from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q
from django.utils.translation import gettext as _
from shapely.geometry.base import BaseGeometry

from grids import faults, lattice, noding, permissions, proof
from grids.datums import SRID
from grids.duties import Right
from grids.levels import CODE_LENGTHS, TIER_ORDER, UnitKind, ancestor_codes, district_of, known_kind
from grids.models import Boundary, Person, Plan, PlanStatus, Unit
from grids.refusals import BoundaryRefused
from grids.subtrees import within

_LOCK_CLASS = 0x6772  # "gr": the first half of PostgreSQL's two-part advisory lock


@transaction.atomic
def draft(
    *,
    scope: Unit,
    title: str,
    now: datetime,
    grids: Mapping[str, BaseGeometry],
    frame: BaseGeometry,
    actor: Person | None = None,
    is_synthetic: bool = False,
    note: str = "",
) -> Plan:
    """A new draft that gives each grid (by code) its area inside of `frame`; nothing is in force yet.

    Geometry must be on the lattice. `actor` must administer the scope, or PermissionDenied.
    """
    if actor is not None:
        permissions.require(actor, Right.ADMINISTER, scope, now=now)
    plan = Plan.objects.create(
        scope=scope,
        base=latest(scope.pk),
        title=title,
        note=note,
        is_synthetic=is_synthetic,
        frame=lattice.to_db(frame),
        created_at=now,
        created_by=actor,
    )
    _add(plan, grids)
    return plan


def touching(scope: str) -> Q:
    """Plans for the unit `scope` itself, for units above it and below it."""
    return within([scope], "scope") | Q(scope__in=ancestor_codes(scope))


def latest(scope: str) -> Plan | None:
    """The plan published last that touches the unit `scope`: one of its own, of a unit above it or below it."""
    published = Plan.objects.filter(touching(scope), status=PlanStatus.PUBLISHED).order_by("-published_at", "-id")
    return published.defer("frame", "certificate", "effect").first()


def standing(scope: str) -> Plan | None:
    """The same without what was taken back since, and what took it back."""
    undone: set[int] = set()
    published = Plan.objects.filter(touching(scope), status=PlanStatus.PUBLISHED).order_by("-published_at", "-id")
    for plan in published.defer("frame", "certificate", "effect"):
        if plan.pk in undone:
            continue
        if plan.rolls_back_id is None:
            return plan
        # A plan that takes one back may be taken back itself: then it counts, as what it undid stands again.
        undone.add(plan.rolls_back_id)
    return None


def outline_of(code: str, at: datetime) -> BaseGeometry | None:
    """The published area of a unit at a moment, or None."""
    return outlines_of([code], at).get(code)


def outlines_of(codes: Collection[str], at: datetime) -> dict[str, BaseGeometry]:
    """The same for several units, by code; those that have none are left out. One query."""
    published = Boundary.objects.filter(unit__in=codes, valid__contains=at)
    return {boundary.unit_id: lattice.from_db(boundary.geom) for boundary in published}


@transaction.atomic
def prove(*, plan: Plan, now: datetime) -> Plan:
    """The plan as proven, with its certificate. Raises BoundaryRefused naming every fault."""
    plan = Plan.objects.select_for_update(of=("self",)).get(pk=plan.pk)
    if plan.status not in (PlanStatus.DRAFT, PlanStatus.PROVEN):
        raise BoundaryRefused(_("This plan is no draft any more."), code="plan_not_draft")
    grids, frame = shapes_of(plan), _frame_of(plan)
    _require_every_grid(plan, set(grids))
    plan.certificate = certify(grids, frame, now=now)
    plan.status = PlanStatus.PROVEN
    plan.save(update_fields=["status", "certificate"])
    return plan


def certify(grids: Mapping[str, BaseGeometry], frame: BaseGeometry, *, now: datetime) -> dict[str, Any]:
    """The certificate that `grids` tile `frame` exactly. Raises BoundaryRefused with one message per fault."""
    result = proof.prove(grids, frame)
    if not result.holds:
        names = dict(Unit.objects.filter(pk__in=grids).values_list("code", "name"))
        found = faults.find(result, grids, frame, lambda code: f"{names.get(code, '')} {code}".strip())
        lines = [fault.message for fault in found] or [_("The grids do not tile the outline.")]
        raise BoundaryRefused(lines, code="plan_not_proven")
    return proof.certificate(result, grids, frame, now=now)


@transaction.atomic
def publish(*, plan: Plan, at: datetime, now: datetime, actor: Person | None = None) -> Plan:
    """The plan in force from `at` on: old ranges end, new begin, villages and towns follow as unions of their grids.

    A grid whose area did not change keeps its version. Raises BoundaryRefused if the plan is stale, does not cover
    its scope, moves the scope's outline, or fails the proof; PermissionDenied if `actor` may not administer it.
    """
    if actor is not None:
        permissions.require(actor, Right.ADMINISTER, plan.scope_id, now=now)
    lock(plan.scope_id)
    # Nobody else published here since the draft was made, and it is proven now, whatever was proven before.
    plan = prove(plan=plan, now=now)
    refuse_stale(plan)
    grids, current = shapes_of(plan), in_force(plan.scope_id)
    outside = _outside(plan, current)
    _refuse_reaching_out(plan, current)
    _put_in_force(plan, grids, current, outside, at=at, now=now, actor=actor)
    return plan


@transaction.atomic
def publish_redrawn(
    *,
    plan: Plan,
    grids: Mapping[str, BaseGeometry],
    retiring: Collection[str],
    at: datetime,
    actor: Person | None = None,
) -> dict[str, BaseGeometry]:
    """A redraw in force from `at` on: `grids` are its areas by the codes they bear from then on; `retiring` ones end.

    Returns what got a vertex of the outline outside of the scope, by code. The caller locked the district (`lock`) and
    made new units. Raises BoundaryRefused as `publish`.
    """
    refuse_stale(plan)
    frame, current = _frame_of(plan), in_force(plan.scope_id)
    _require_every_grid(plan, set(grids), but=retiring)
    outside = _outside(plan, current)
    _refuse_reaching_out(plan, current)
    plan.certificate = {**(plan.certificate or {}), **certify(grids, frame, now=at)}
    _put_in_force(plan, grids, current, outside, at=at, now=at, actor=actor)
    return outside


def _put_in_force(
    plan: Plan,
    grids: Mapping[str, BaseGeometry],
    current: Mapping[str, BaseGeometry],
    outside: Mapping[str, BaseGeometry],
    *,
    at: datetime,
    now: datetime,
    actor: Person | None,
) -> None:
    """Write the proven `grids` and all that follows from them as the version from `at` on."""
    # 1. The units between grid and scope are unions of their grids; the scope is the frame.
    shapes = {**grids, **_derived(grids, plan.scope_id), plan.scope_id: _frame_of(plan)}
    there = set(Boundary.objects.filter(plan=plan).values_list("unit", flat=True))
    _add(plan, {code: shape for code, shape in {**shapes, **outside}.items() if code not in there})
    assert plan.certificate is not None
    drawn = {code: shape for code, shape in outside.items() if known_kind(code) is UnitKind.GRID}
    plan.certificate |= {"digest": proof.digest({**grids, **drawn}), "noded_outside": sorted(outside)}
    plan.status, plan.published_at, plan.effective_at, plan.published_by = PlanStatus.PUBLISHED, now, at, actor
    plan.save(update_fields=["status", "certificate", "published_at", "effective_at", "published_by"])
    # 2. Only what changed gets a new version.
    changed = {code for code, shape in shapes.items() if code not in current or not same(current[code], shape)}
    ended = {code for code in current if code in changed or code not in shapes}
    _end(ended | set(outside), at=at, now=now)
    Boundary.objects.filter(plan=plan, unit__in=changed | set(outside)).update(valid=DateTimeTZRange(at, None))


def shapes_of(plan: Plan) -> dict[str, BaseGeometry]:
    """The areas of the plan's grids by code."""
    rows = Boundary.objects.filter(plan=plan, kind=UnitKind.GRID).order_by("unit_id")
    return {row.unit_id: lattice.from_db(row.geom) for row in rows}


def _frame_of(plan: Plan) -> BaseGeometry:
    if plan.frame is None:
        raise BoundaryRefused(_("The plan has no outline."), code="plan_without_frame")
    return lattice.from_db(plan.frame)


def _add(plan: Plan, shapes: Mapping[str, BaseGeometry]) -> None:
    rows = [
        Boundary(unit_id=code, plan=plan, kind=known_kind(code), geom=lattice.to_db(shape))
        for code, shape in sorted(shapes.items())
    ]
    Boundary.objects.bulk_create(rows, batch_size=500)


_PUBLISHING = 0  # no district has this number


def lock(scope: str) -> None:
    """One publication at a time, as scopes nest and neighbours share outlines; alone in its district.

    Whoever places a report, fills a post or ends a unit there waits, as publications wait for them
    (`selectors.hold`, docs/decisions/0019). Before any lock on a row.
    """
    with connection.cursor() as cursor:
        for what in (_PUBLISHING, int(district_of(scope))):
            cursor.execute("select pg_advisory_xact_lock(%s, %s)", [_LOCK_CLASS, what])


def in_force(scope: str) -> dict[str, BaseGeometry]:
    """The areas of the scope and all below it in their latest version, by code."""
    return _read(within([scope], "unit") & Q(valid__upper_inf=True))


def just_before(scope: str, moment: datetime) -> dict[str, BaseGeometry]:
    """The same as they were until just before `moment`."""
    return _read(within([scope], "unit") & Q(valid__contains=moment - timedelta(microseconds=1)))


def _read(condition: Q) -> dict[str, BaseGeometry]:
    rows = Boundary.objects.filter(condition).order_by("unit_id").values_list("unit", AsWKB("geom"))
    found = list(rows)
    shapes = shapely.from_wkb(np.array([bytes(wkb) for _code, wkb in found], dtype=object))
    return {code: shape for (code, _wkb), shape in zip(found, shapes, strict=True)}


def _require_every_grid(plan: Plan, drawn: set[str], but: Collection[str] = ()) -> None:
    living = Unit.objects.filter(within([plan.scope_id]), kind=UnitKind.GRID, retired_at__isnull=True)
    expected = set(living.values_list("code", flat=True)) - set(but)
    lines = []
    if expected - drawn:
        lines.append(_("Grids without an area: %(codes)s.") % {"codes": ", ".join(sorted(expected - drawn))})
    if drawn - expected:
        words = {"codes": ", ".join(sorted(drawn - expected))}
        lines.append(_("Areas of units that are no living grid of the scope: %(codes)s.") % words)
    if lines:
        raise BoundaryRefused(lines, code="plan_incomplete")


def is_stale(plan: Plan) -> bool:
    """Whether another plan was published here since this one was begun."""
    base = latest(plan.scope_id)
    return (base.pk if base else None) != plan.base_id


def refuse_stale(plan: Plan) -> None:
    """Raise BoundaryRefused if another plan was published here since this one was begun."""
    if is_stale(plan):
        raise BoundaryRefused(
            _("Another plan was published here since this one was begun: begin again from it."), code="plan_stale"
        )


def _outside(plan: Plan, current: Mapping[str, BaseGeometry]) -> dict[str, BaseGeometry]:
    """What lies outside of the scope along its outline, by code, with the vertices the plan puts on the outline.

    The outline is fixed but for these once it is published; what takes a plan back may take them out again.
    """
    outline, frame = current.get(plan.scope_id), _frame_of(plan)
    vertices = {} if outline is None else noding.inserted(outline, frame)
    if vertices is None and plan.rolls_back is not None and outline is not None and noding.inserted(frame, outline):
        return noded_by(plan.rolls_back)
    if vertices is None:
        raise BoundaryRefused(outline_is_fixed(plan.scope_id), code="plan_moves_outline")
    if not vertices:
        return {}
    box = StoredPolygon.from_bbox(noding.box_of(vertices))
    box.srid = SRID
    rows = Boundary.objects.filter(valid__upper_inf=True, geom__bboverlaps=box)
    others = rows.exclude(within([plan.scope_id], "unit"))
    return noding.carriers({row.unit_id: lattice.from_db(row.geom) for row in others}, vertices)


def outline_is_fixed(code: str) -> str:
    """Why a plan for the unit with another outline is refused."""
    return _("The outline of %(code)s is published and fixed: redraw the unit above it.") % {"code": code}


def noded_by(plan: Plan) -> dict[str, BaseGeometry]:
    """What a published plan put vertices into outside of its scope, by code, as it was just before."""
    assert plan.effective_at is not None
    noded = (plan.certificate or {}).get("noded_outside", [])
    return _read(Q(unit__in=noded, valid__contains=plan.effective_at - timedelta(microseconds=1)))


def is_untouched_since(plan: Plan) -> bool:
    """Whether all that a published plan put vertices into outside of its scope is still there as that plan left it."""
    noded = (plan.certificate or {}).get("noded_outside", [])
    standing = Boundary.objects.filter(plan=plan, unit__in=noded, valid__upper_inf=True)
    return standing.values("unit").distinct().count() == len(noded)


def _refuse_reaching_out(plan: Plan, current: Mapping[str, BaseGeometry]) -> None:
    """A first outline must not reach into grids outside of the scope."""
    if plan.scope_id in current:
        return
    frame = _frame_of(plan)
    others = Boundary.objects.filter(kind=UnitKind.GRID, valid__upper_inf=True, geom__bboverlaps=plan.frame)
    for other in others.exclude(within([plan.scope_id], "unit")):
        if shapely.relate_pattern(frame, lattice.from_db(other.geom), "2********"):
            raise BoundaryRefused(
                _("The outline reaches into the grid %(code)s of another unit.") % {"code": other.unit_id},
                code="plan_reaches_out",
            )


def _derived(grids: Mapping[str, BaseGeometry], scope: str) -> dict[str, BaseGeometry]:
    """The areas of the units between the grids and the scope."""
    found: dict[str, BaseGeometry] = {}
    below: Mapping[str, BaseGeometry] = grids
    for kind in reversed(TIER_ORDER[:-1]):
        length = CODE_LENGTHS[kind]
        if length <= len(scope):
            break
        parts: dict[str, list[BaseGeometry]] = {}
        for code, shape in below.items():
            parts.setdefault(code[:length], []).append(shape)
        below = {code: shapely.coverage_union_all(shapes) for code, shapes in parts.items()}
        found |= below
    return found


def same(one: BaseGeometry, other: BaseGeometry) -> bool:
    """Whether two areas have the same rings, wherever these begin and whichever way they turn."""
    # Stored areas are multipolygons, derived ones may be plain: compare the parts.
    alike = [shapely.normalize(shapely.multipolygons(shapely.get_parts(shape))) for shape in (one, other)]
    return bool(shapely.equals_exact(*alike, tolerance=0.0))


def _end(codes: Collection[str], *, at: datetime, now: datetime) -> None:
    """End the versions in force of `codes` at `at`, which must lie after their start and not in the past."""
    rows = list(Boundary.objects.filter(unit__in=codes, valid__upper_inf=True).only("id", "valid"))
    if not rows:
        return
    if at < now:
        raise BoundaryRefused(_("Boundaries in force cannot be replaced in the past."), code="plan_in_the_past")
    if any(row.valid.lower >= at for row in rows):
        raise BoundaryRefused(
            _("A version that begins at or after that moment is already published."), code="plan_out_of_order"
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "update grids_boundary set valid = tstzrange(lower(valid), %s) where id = any(%s)",
            [at, [row.pk for row in rows]],
        )
