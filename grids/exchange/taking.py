"""Boundaries as a file that leaves the house: what was published at a moment, or what a plan draws; by right, with a
reason, and never without an entry in the audit list."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import shapely
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from grids import audit, lattice, permissions, spans
from grids.duties import Right
from grids.exchange import systems, writing
from grids.exchange.opening import Format
from grids.exchange.writing import About, Row
from grids.levels import UnitKind
from grids.models import AuditAct, Boundary, Person, Plan, PlanArea, PlanStatus, Unit
from grids.subtrees import within

REASON_LENGTH = 200


class TakingRefused(ValidationError):
    """No file; `field` names what to change."""

    def __init__(self, message: str, *, field: str, code: str) -> None:
        super().__init__(message, code=code)
        self.field = field


@dataclass(frozen=True)
class Wish:
    """Which state of which place, as what. Without a plan it is what was in force below `scope` at `at`."""

    scope: Unit
    format: Format
    system: str
    at: datetime
    plan: Plan | None = None
    encoding: str = ""


@dataclass(frozen=True)
class Taken:
    name: str
    content_type: str
    data: bytes


def may_take(person: Person, unit: Unit | str, *, now: datetime) -> bool:
    """Whether this person may take the boundaries below `unit`: who draws there, and who approves."""
    return any(permissions.allows(person, right, unit, now=now) for right in (Right.ADMINISTER, Right.APPROVE_PLAN))


def take(*, person: Person, wish: Wish, reason: str, now: datetime, address: str | None = None) -> Taken:
    """The file, once the audit list has the entry of it: both or neither.

    Raises PermissionDenied without the right, TakingRefused where there is no reason, no area, or no such file.
    """
    if not may_take(person, wish.scope, now=now):
        raise PermissionDenied(_("You have no duty here that allows this."))
    reason = " ".join(reason.split())[:REASON_LENGTH]
    if not reason:
        raise TakingRefused(_("Give a reason."), field="reason", code="missing")
    system = systems.chosen(wish.system)
    if system.in_metres and wish.format in (Format.GEOJSON, Format.KML):
        raise TakingRefused(_("This format knows degrees only."), field="system", code="degrees_only")
    with transaction.atomic():
        rows = rows_of_plan(wish.plan) if wish.plan else rows_at(wish.scope, wish.at)
        if not rows:
            raise TakingRefused(_("No grid has an area in this state."), field="state", code="nothing")
        _refuse_out_of_range(rows, system)
        about = About(wish.scope.pk, _title(wish), _told(person, wish, system, reason, now))
        try:
            data = writing.written(rows, wish.format, system, about, encoding=wish.encoding)
        except UnicodeEncodeError as error:
            words = {"name": str(error.object)[:40]}
            raise TakingRefused(_("GBK has no sign for a letter in %(name)s: take UTF-8.") % words, field="encoding",
                                code="no_such_letter") from error  # fmt: skip
        audit.note(
            act=AuditAct.EXPORTED, kind=Plan._meta.db_table, object_id=str(wish.plan.pk) if wish.plan else "",
            unit=wish.scope.pk, actor=person, address=address,
            after={"rows": len(rows), "format": wish.format.value, "system": system.key, "reason": reason,
                   "state": f"plan {wish.plan.pk}" if wish.plan else wish.at.isoformat()},
        )  # fmt: skip
    return Taken(_file_name(wish, system.key), writing.CONTENT_TYPES[wish.format], data)


def _refuse_out_of_range(rows: Iterable[Row], system: systems.System) -> None:
    """A zone of another place gives metres that nobody could read again."""
    for row in rows if system.in_metres else ():
        reason = system.why_out_of_range(system.from_cgcs2000(shapely.get_coordinates(row.shape)))
        if reason:
            raise TakingRefused(reason, field="system", code="out_of_range")


def rows_at(scope: Unit, at: datetime) -> list[Row]:
    """The grids below the scope as they were in force at a moment."""
    found = Boundary.objects.filter(within([scope.pk], "unit"), kind=UnitKind.GRID, valid__contains=at)
    return _of_boundaries(found.select_related("unit").order_by("unit_id"))


def rows_of_plan(plan: Plan) -> list[Row]:
    """The grids as the plan draws them; of a published one with the codes they were given."""
    if plan.status == PlanStatus.PUBLISHED or not plan.areas.exists():
        # Beyond the scope it only put vertices on the outline of neighbours.
        brought = Boundary.objects.filter(within([plan.scope_id], "unit"), plan=plan, kind=UnitKind.GRID)
        return _of_boundaries(brought.select_related("unit").order_by("unit_id"))
    rows = [_of_area(area) for area in plan.areas.select_related("village", "unit").order_by("key")]
    return [*_first_outline(plan), *rows]


def _first_outline(plan: Plan) -> list[Row]:
    """The frame of a plan for a place that has none published yet: nobody could tell it from the grids."""
    if plan.frame is None or Boundary.objects.filter(unit=plan.scope_id, valid__isnull=False).exists():
        return []
    scope = plan.scope
    return [Row(scope.pk, scope.name, "", "", "outline", "", None, lattice.from_db(plan.frame))]


def _of_boundaries(found: Iterable[Boundary]) -> list[Row]:
    rows = list(found)
    villages = Unit.objects.in_bulk({row.unit_id[:12] for row in rows})
    return [
        Row(
            code=row.unit_id,
            name=row.unit.name,
            village=row.unit_id[:12],
            village_name=villages[row.unit_id[:12]].name,
            kind=row.unit.grid_kind,
            basis=row.unit.boundary_basis,
            households=None,
            shape=lattice.from_db(row.geom),
        )
        for row in rows
    ]


def _of_area(area: PlanArea) -> Row:
    return Row(
        code=area.unit_id or "",
        name=area.name or (area.unit.name if area.unit else ""),
        village=area.village_id,
        village_name=area.village.name,
        kind=area.grid_kind,
        basis=area.boundary_basis,
        households=area.households,
        shape=lattice.from_db(area.geom),
    )


def _title(wish: Wish) -> str:
    if wish.plan:
        return f"{wish.scope.label} · {wish.plan.title}"
    return f"{wish.scope.label} · {spans.exact(wish.at)}"


def _told(person: Person, wish: Wish, system: systems.System, reason: str, now: datetime) -> str:
    words = {
        "system": system.label, "person": person, "moment": spans.exact(now), "reason": reason,
        "scope": wish.scope.label,
    }  # fmt: skip
    told = _("Boundaries of %(scope)s in %(system)s, exported by %(person)s, %(moment)s. Reason: %(reason)s")
    synthetic = _("Drawn by a program, not surveyed.") if wish.plan and wish.plan.is_synthetic else ""
    return f"{told % words} {synthetic}".strip()


def _file_name(wish: Wish, system: str) -> str:
    state = f"{_('plan')}{wish.plan.pk}" if wish.plan else f"{wish.at:%Y%m%d}"
    label = re.sub(r"[^\w-]", "", wish.scope.label)
    return f"{label}-{wish.scope.pk}-{state}-{system}.{writing.SUFFIXES[wish.format]}"
