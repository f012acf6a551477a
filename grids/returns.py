"""A published plan taken back: the draft whose areas are the grids as they were just before it."""

from collections.abc import Mapping
from datetime import datetime

from django.utils.translation import gettext as _
from shapely.geometry.base import BaseGeometry

from grids import draft_rows, lattice, noding, plans
from grids.draft_rows import Row
from grids.levels import UnitKind, known_kind, parent_code
from grids.models import Person, Plan, PlanStatus, Unit
from grids.redraws import SAID
from grids.refusals import BoundaryRefused


def draft(*, plan: Plan, title: str, reason: str, now: datetime, actor: Person | None) -> Plan:
    """A draft that takes `plan` back: its areas are the grids as they were just before, under their own codes.

    Vertices it put on the outline stay only where somebody else built on them. Raises BoundaryRefused where nothing
    was published before, it was taken back already, or another plan was published since that was not.
    """
    if plan.status != PlanStatus.PUBLISHED or plan.effective_at is None:
        raise BoundaryRefused(_("Only what is published can be taken back."), code="plan_not_published")
    if Plan.objects.filter(rolls_back=plan).exists():
        raise BoundaryRefused(_("This plan was taken back already."), code="plan_taken_back")
    newest, standing = plans.latest(plan.scope_id), plans.standing(plan.scope_id)
    if plan not in (newest, standing):
        raise BoundaryRefused(_("Another plan was published here since: take that one back first."), code="plan_stale")
    old, outline = plans.just_before(plan.scope_id, plan.effective_at), plans.outline_of(plan.scope_id, now)
    if plan.scope_id not in old or outline is None:
        raise BoundaryRefused(_("Nothing was published here before."), code="plan_first")
    vertices = noding.inserted(old[plan.scope_id], outline) or {}
    if plans.is_untouched_since(plan):
        outline, vertices = old[plan.scope_id], {}
    grids = {code: shape for code, shape in old.items() if known_kind(code) is UnitKind.GRID}
    shapes = {code: noding.insert_into(shape, vertices) for code, shape in grids.items()}
    back = Plan.objects.create(
        scope_id=plan.scope_id,
        base=newest,
        rolls_back=plan,
        title=title[:100],
        reason=reason,
        frame=lattice.to_db(outline),
        is_synthetic=plan.base.is_synthetic if plan.base else plan.is_synthetic,
        target_households=plan.target_households,
        tolerance_percent=plan.tolerance_percent,
        created_at=now,
        created_by=actor,
    )
    before = (plan.effect or {}).get("amended", {})
    draft_rows.write(back.pk, _rows_as_they_were(shapes, before))
    return back


def _rows_as_they_were(shapes: Mapping[str, BaseGeometry], before: Mapping[str, Mapping[str, str]]) -> list[Row]:
    units = Unit.objects.in_bulk(list(shapes))
    rows = []
    for key, (code, shape) in enumerate(sorted(shapes.items()), start=1):
        said = {name: getattr(units[code], name) for name in SAID} | dict(before.get(code, {}))
        village = parent_code(code)
        assert village is not None
        row = Row(key=key, shape=shape, unit=code, village=village, **said)
        rows.append(row.drawn(shape))
    return rows
