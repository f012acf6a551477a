"""Boundaries of grids from map files: read, checked feature by feature, published as one plan or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import shapely
from django.db import transaction
from django.utils.translation import gettext as _
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from grids import faults, lattice, plans, proof
from grids.exchange import columns, opening, reading, systems
from grids.exchange.refused import BoundaryFileRefused, FeatureFault
from grids.exchange.shapes import drawn
from grids.levels import CODE_LENGTHS, TIER_ORDER, UnitKind, known_kind, unpadded
from grids.models import Boundary, Person, Plan, Unit
from grids.refusals import BoundaryRefused
from grids.subtrees import within

__all__ = ["BoundaryFileRefused", "FeatureFault", "Published", "load"]


@dataclass(frozen=True)
class _Feature:
    index: int
    code: str
    shape: BaseGeometry


@dataclass(frozen=True)
class Published:
    """The plan that was published, or None if the file holds nothing new; which grids changed."""

    plan: Plan | None
    changed: tuple[str, ...]
    unchanged: int


@transaction.atomic
def load(
    *,
    path: Path,
    now: datetime,
    effective: datetime | None = None,
    system: str = "",
    layer: str = "",
    column: str = "",
    encoding: str = "",
    scope: str = "",
    is_synthetic: bool = False,
    actor: Person | None = None,
) -> Published:
    """Publish the grids of a GeoJSON, zipped Shapefile, GeoPackage or KML as one plan in force from `effective`.

    `effective` is `now` unless given. `system` is a key of `systems.chosen`; empty, the file's own word is taken, or
    degrees of CGCS2000. `column` holds the codes; empty, it is found by its name.

    The frame is the outline in the file (the feature with the scope's code), else the published outline, else the
    outer rings of all grids together. Raises BoundaryFileRefused, and then nothing was written.
    """
    features, found = _parsed(path, system=system, layer=layer, column=column, encoding=encoding)
    known = {unit.pk: unit for unit in Unit.objects.filter(pk__in=[feature.code for feature in features])}
    found += _unknown(features, known)
    if found:
        raise BoundaryFileRefused(found)
    grids = {feature.code: feature for feature in features if known[feature.code].kind == UnitKind.GRID}
    if not grids:
        raise BoundaryFileRefused([FeatureFault(0, "", _("The file holds no grid."))])
    outlines = [feature for feature in features if feature.code not in grids]
    unit = _scope(scope, grids, outlines)
    shapes = {code: feature.shape for code, feature in grids.items()}
    frame = _frame(unit, shapes, outlines, effective or now)
    _refuse_incomplete(unit, grids, outlines)
    _refuse_unproven(grids, known, shapes, frame)
    changed = _changed(unit, shapes)
    if not changed:
        return Published(None, (), len(shapes))
    try:
        plan = plans.draft(
            scope=unit,
            title=path.name[:100],
            now=now,
            grids=shapes,
            frame=frame,
            actor=actor,
            is_synthetic=is_synthetic,
        )
        plan = plans.publish(plan=plan, at=effective or now, now=now, actor=actor)
    except BoundaryRefused as refused:
        raise BoundaryFileRefused([FeatureFault(0, "", message) for message in refused.messages]) from refused
    return Published(plan, changed, len(shapes) - len(changed))


def _parsed(
    path: Path, *, system: str, layer: str, column: str, encoding: str
) -> tuple[list[_Feature], list[FeatureFault]]:
    with opening.opened(path) as sources:
        read = reading.read(sources, layer=layer, encoding=encoding)
    decided = systems.decided(crs=read.crs, datum=read.datum, choice=system)
    column = column or columns.guessed(read.columns).code or "code"
    features: list[_Feature] = []
    found: list[FeatureFault] = []
    seen: dict[str, int] = {}
    for raw, shape in zip(read.features, drawn(read.features, decided), strict=True):
        code = columns.code_of(raw, column)
        if not code:
            found.append(FeatureFault(raw.index, "", _("It has no property `code`.")))
        elif code in seen:
            reason = _("The same code stands at feature %(index)d already.") % {"index": seen[code]}
            found.append(FeatureFault(raw.index, code, reason))
        else:
            seen[code] = raw.index
            if isinstance(shape, str):
                found.append(FeatureFault(raw.index, code, shape))
            else:
                features.append(_Feature(raw.index, code, shape))
    return features, found


def _unknown(features: list[_Feature], known: Mapping[str, Unit]) -> list[FeatureFault]:
    found = []
    for feature in features:
        unit = known.get(feature.code)
        if unit is None:
            found.append(FeatureFault(feature.index, feature.code, _("There is no unit with this code.")))
        elif unit.is_retired:
            found.append(FeatureFault(feature.index, feature.code, _("This unit was retired.")))
        elif unit.kind not in TIER_ORDER:
            found.append(FeatureFault(feature.index, feature.code, _("%(unit)s is no place.") % {"unit": unit.label}))
    return found


def _scope(given: str, grids: Mapping[str, _Feature], outlines: list[_Feature]) -> Unit:
    """The unit whose grids are redrawn: as given, else the widest outline's, else the narrowest above all grids."""
    code = unpadded(given) or min((feature.code for feature in outlines), key=len, default="")
    if not code:
        shared = [above for above in _above(next(iter(grids))) if all(grid.startswith(above) for grid in grids)]
        if not shared:
            raise BoundaryFileRefused([FeatureFault(0, "", _("The grids have no unit above them in common."))])
        code = shared[0]
    unit = Unit.objects.filter(pk=code).first()
    if unit is None or unit.kind not in TIER_ORDER[:-1]:
        reason = _("%(code)s is no place with grids below it.") % {"code": code}
        raise BoundaryFileRefused([FeatureFault(0, "", reason)])
    return unit


def _above(grid: str) -> list[str]:
    """The codes above a grid, the nearest first, at most the district."""
    kinds = (UnitKind.VILLAGE, UnitKind.TOWN, UnitKind.DISTRICT)
    return [grid[: CODE_LENGTHS[kind]] for kind in kinds]


def _frame(unit: Unit, shapes: Mapping[str, BaseGeometry], outlines: list[_Feature], at: datetime) -> BaseGeometry:
    for outline in outlines:
        if outline.code == unit.pk:
            return outline.shape
    published = plans.outline_of(unit.pk, at)
    if published is not None:
        return published
    parts = list(shapes.values())
    union = (
        shapely.coverage_union_all(parts)
        if shapely.coverage_is_valid(parts)
        else lattice.to_lattice(shapely.union_all(parts))
    )
    shells = [Polygon(part.exterior) for part in shapely.get_parts(union) if isinstance(part, Polygon)]
    return shells[0] if len(shells) == 1 else MultiPolygon(shells)


def _refuse_incomplete(unit: Unit, grids: Mapping[str, _Feature], outlines: list[_Feature]) -> None:
    found = []
    for feature in grids.values():
        if not feature.code.startswith(unit.pk):
            reason = _("It does not stand under %(scope)s.") % {"scope": unit.pk}
            found.append(FeatureFault(feature.index, feature.code, reason))
    for feature in outlines:
        if feature.code != unit.pk:
            kind = UnitKind(known_kind(feature.code)).label
            reason = _("The area of a unit between is the union of its grids: leave out the %(kind)s.") % {"kind": kind}
            found.append(FeatureFault(feature.index, feature.code, reason))
    living = Unit.objects.filter(within([unit.pk]), kind=UnitKind.GRID, retired_at__isnull=True)
    for code, name in living.exclude(pk__in=list(grids)).values_list("code", "name"):
        reason = _("The grid %(name)s %(code)s of %(scope)s is missing.")
        found.append(FeatureFault(0, code, reason % {"name": name, "code": code, "scope": unit.label}))
    if found:
        raise BoundaryFileRefused(found)


def _refuse_unproven(
    grids: Mapping[str, _Feature], known: Mapping[str, Unit], shapes: Mapping[str, BaseGeometry], frame: BaseGeometry
) -> None:
    result = proof.prove(shapes, frame)

    def named(code: str) -> str:
        return f"#{grids[code].index} {known[code].name} {code}"

    found = []
    for fault in faults.find(result, shapes, frame, named):
        index, code = (grids[fault.units[0]].index, fault.units[0]) if fault.units and fault.units[0] else (0, "")
        found.append(FeatureFault(index, code, fault.message))
    if not result.holds:
        raise BoundaryFileRefused(found or [FeatureFault(0, "", _("The grids do not tile the outline."))])


def _changed(unit: Unit, shapes: Mapping[str, BaseGeometry]) -> tuple[str, ...]:
    """The grids whose area differs from the version published last."""
    rows = Boundary.objects.filter(within([unit.pk], "unit"), kind=UnitKind.GRID, valid__upper_inf=True)
    before = {row.unit_id: lattice.from_db(row.geom) for row in rows}
    return tuple(
        sorted(code for code, shape in shapes.items() if code not in before or not plans.same(before[code], shape))
    )
