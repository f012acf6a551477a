"""Everything that keeps a plan from being proven: places where the areas do not tile, and what a plan must say."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import shapely
from django.utils.translation import gettext as _
from shapely.geometry.base import BaseGeometry

from grids import coverage, draft_log, draft_rows, lattice, plans
from grids.coverage import Repair
from grids.draft_rows import Row, shapes_of
from grids.levels import UnitKind, parent_code
from grids.models import Person, Plan, PlanArea, Unit
from grids.subtrees import within

# The way out for a grid that was forgotten.
ENDS = "end"


@dataclass(frozen=True)
class PlanFault:
    """One thing that is wrong with a plan, in words; where, if it is a place."""

    id: str
    kind: str
    words: str
    keys: tuple[int, ...] = ()
    area_m2: float = 0.0
    at: tuple[float, float] | None = None
    shape: BaseGeometry | None = None
    repairs: tuple[Repair, ...] = ()


def faults(plan: Plan, rows: Mapping[int, Row] | None = None) -> list[PlanFault]:
    """All faults of a plan as it stands, those of the ground first. Five queries and the geometry."""
    rows = draft_rows.read(plan.pk) if rows is None else rows
    assert plan.frame is not None, "a plan that is drawn has a frame"
    return [*of_ground(rows, lattice.from_db(plan.frame)), *of_paper(plan, rows)]


def of_ground(rows: Mapping[int, Row], frame: BaseGeometry) -> list[PlanFault]:
    """Where the areas do not tile the frame; several parts are none where the reason is given."""
    found = []
    for fault in coverage.faults(shapes_of(rows), frame, lambda key: rows[key].label):
        if fault.kind == "parts" and all(rows[key].parts_reason for key in fault.keys):
            continue
        found.append(
            PlanFault(
                fault.id,
                fault.kind,
                fault.message,
                tuple(fault.keys),
                fault.area_m2,
                fault.at,
                fault.shape,
                fault.repairs,
            )
        )
    return found


def of_paper(plan: Plan, rows: Mapping[int, Row]) -> list[PlanFault]:
    """Grids that are forgotten or gone, villages left empty, areas without an officer or a village, a stale base."""
    units = {row.unit for row in rows.values() if row.unit}
    living = Unit.objects.filter(within([plan.scope_id]), retired_at__isnull=True)
    kinds = dict(living.filter(kind__in=[UnitKind.GRID, UnitKind.VILLAGE]).values_list("code", "kind"))
    villages = {code for code, kind in kinds.items() if kind == UnitKind.VILLAGE}
    grids = set(kinds) - villages
    found = []
    forgotten = grids - units
    if forgotten:
        forgotten -= draft_log.grids_ended(plan)
    names = dict(Unit.objects.filter(pk__in=forgotten).values_list("code", "name")) if forgotten else {}
    for code in sorted(forgotten):
        words = _("%(name)s has no area: draw one, or say that it ends.") % {"name": f"{names[code]} {code}"}
        ends = Repair(ENDS, None, _("It ends with this plan"))
        found.append(PlanFault(_id("missing", code), "missing", words, repairs=(ends,)))
    found += _emptied(grids, forgotten, {row.village for row in rows.values()})
    active = set(
        Person.objects.filter(pk__in={row.officer for row in rows.values() if row.officer}, is_active=True).values_list(
            "pk", flat=True
        )
    )
    for row in rows.values():
        found += _of_row(row, grids, villages, active)
    if plans.is_stale(plan):
        words = _("Another plan was published here since this one was begun: begin again from it.")
        found.append(PlanFault(_id("base", ""), "base", words))
    return found


def _emptied(grids: set[str], forgotten: set[str], drawn: set[str]) -> list[PlanFault]:
    """Villages that have grids and would have none. While one of those is forgotten, that is what is to be said."""
    having = {parent_code(code) for code in grids} - {parent_code(code) for code in forgotten} - drawn
    empty = Unit.objects.filter(pk__in=having).order_by("pk") if having else ()
    return [
        PlanFault(
            _id("emptied", village.pk),
            "emptied",
            _("No grid is left to the village %(code)s.") % {"code": f"{village.name} {village.pk}"},
        )
        for village in empty
    ]


def forgotten(plan: Plan, fault_id: str) -> Unit | None:
    """The living grid without an area that a fault names, or None."""
    living = Unit.objects.filter(within([plan.scope_id]), retired_at__isnull=True, kind=UnitKind.GRID)
    carried = set(PlanArea.objects.filter(plan=plan, unit__isnull=False).values_list("unit", flat=True))
    return next((unit for unit in living if _id("missing", unit.pk) == fault_id and unit.pk not in carried), None)


def _of_row(row: Row, grids: set[str], villages: set[str], active: set[int]) -> list[PlanFault]:
    named = {"name": row.name or (row.label if row.unit else _("new grid #%(key)s") % {"key": row.key})}
    inside = _inside(row.shape)
    found = []
    if row.officer is None and not row.vacant_reason:
        words = _("%(name)s has no officer: name one, or say why it is vacant.") % named
        found.append(PlanFault(_id("officer", row.key), "officer", words, (row.key,), at=inside))
    elif row.officer is not None and row.officer not in active:
        words = _("The officer of %(name)s has left: name another.") % named
        found.append(PlanFault(_id("officer", row.key), "officer", words, (row.key,), at=inside))
    if row.unit and row.unit not in grids:
        words = _("%(name)s is no living grid any more.") % named
        found.append(PlanFault(_id("gone", row.key), "gone", words, (row.key,), at=inside))
    if row.village not in villages or (row.unit and row.unit[: len(row.village)] != row.village):
        words = _("%(name)s needs a village of the scope.") % named
        found.append(PlanFault(_id("village", row.key), "village", words, (row.key,), at=inside))
    return found


def _inside(shape: BaseGeometry) -> tuple[float, float]:
    point = shapely.point_on_surface(shape)
    return round(point.x, 7), round(point.y, 7)


def _id(kind: str, what: object) -> str:
    return hashlib.sha256(f"{kind} {what}".encode()).hexdigest()[:16]
