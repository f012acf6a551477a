"""Boundaries of grids from GeoJSON files: read, checked feature by feature, published as one plan or not at all."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from django.db import transaction
from django.utils.translation import gettext as _
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from grids import datums, faults, lattice, plans, proof, registers
from grids.datums import Datum
from grids.levels import CODE_LENGTHS, TIER_ORDER, UnitKind, known_kind, unpadded
from grids.models import Boundary, Person, Plan, Unit
from grids.refusals import BoundaryRefused
from grids.subtrees import within
from grids.validity import why_invalid

# As much of a code as is worth repeating when it is wrong.
_LONGEST_CODE = 40
# What the member `crs` of older GeoJSON may say.
_SYSTEMS = re.compile(r"(CRS84|[:/](4326|4490|CGCS2000|WGS84))$", re.IGNORECASE)


@dataclass(frozen=True, order=True)
class FeatureFault:
    """Why a feature cannot be loaded. `index` counts from 1; 0 stands for the file as a whole."""

    index: int
    code: str
    reason: str

    def __str__(self) -> str:
        if not self.index:
            return self.reason
        words = {"index": self.index, "code": self.code or "?", "reason": self.reason}
        return _("feature %(index)d (%(code)s): %(reason)s") % words


class BoundaryFileRefused(Exception):
    """Nothing was published; `faults` names every bad feature and every place that does not fit."""

    def __init__(self, found: list[FeatureFault]) -> None:
        self.faults = sorted(found)
        super().__init__("\n".join(str(fault) for fault in self.faults))


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
    datum: Datum = Datum.CGCS2000,
    scope: str = "",
    is_synthetic: bool = False,
    actor: Person | None = None,
) -> Published:
    """Publish the grids of a GeoJSON file as one plan in force from `effective` (default `now`).

    The frame is the outline in the file (the feature with the scope's code), else the published outline, else the
    outer rings of all grids together. Raises BoundaryFileRefused, and then nothing was written.
    """
    features, found = _parsed(registers.read_text(path), datum)
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


def _parsed(text: str, datum: Datum) -> tuple[list[_Feature], list[FeatureFault]]:
    try:
        collection = json.loads(text)
    except json.JSONDecodeError as error:
        raise BoundaryFileRefused(
            [FeatureFault(0, "", _("Not JSON: line %(line)d, %(what)s.") % {"line": error.lineno, "what": error.msg})]
        ) from error
    except (RecursionError, ValueError) as error:
        raise BoundaryFileRefused([FeatureFault(0, "", _("Not a GeoJSON FeatureCollection."))]) from error
    raw = collection.get("features") if isinstance(collection, dict) else None
    if not isinstance(raw, list) or collection.get("type") != "FeatureCollection":
        raise BoundaryFileRefused([FeatureFault(0, "", _("Not a GeoJSON FeatureCollection."))])
    _refuse_other_system(collection.get("crs"))
    features: list[_Feature] = []
    found: list[FeatureFault] = []
    seen: dict[str, int] = {}
    for index, feature in enumerate(raw, start=1):
        code = _code_of(feature)
        if not code:
            found.append(FeatureFault(index, "", _("It has no property `code`.")))
            continue
        if code in seen:
            reason = _("The same code stands at feature %(index)d already.") % {"index": seen[code]}
            found.append(FeatureFault(index, code, reason))
            continue
        seen[code] = index
        shape = _shape(feature.get("geometry"), datum)
        if isinstance(shape, str):
            found.append(FeatureFault(index, code, shape))
        else:
            features.append(_Feature(index, code, shape))
    return features, found


def _refuse_other_system(crs: Any) -> None:
    """Raise BoundaryFileRefused if the file says that its coordinates are not degrees of CGCS2000 or WGS-84."""
    if crs is None:
        return
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(name, str) or not _SYSTEMS.search(name):
        words = {"crs": str(name or crs)[:80]}
        reason = _("Its coordinates are in %(crs)s: degrees of CGCS2000 or WGS-84 are needed.") % words
        raise BoundaryFileRefused([FeatureFault(0, "", reason)])


def _code_of(feature: Any) -> str:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    code = properties.get("code") if isinstance(properties, dict) else None
    if not isinstance(code, str | int) or isinstance(code, bool):
        return ""
    return unpadded(str(code).strip())[:_LONGEST_CODE].replace("\0", "\ufffd")


def _shape(geometry: Any, datum: Datum) -> BaseGeometry | str:
    """The polygon(s) in CGCS2000 on the lattice, or the reason why there are none."""
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        return _("%(kind)s is not a polygon.") % {"kind": kind or _("Nothing")}
    polygons = geometry.get("coordinates")
    if not isinstance(polygons, list) or not polygons:
        return _("The polygon is empty.")
    parts = []
    for polygon in polygons if kind == "MultiPolygon" else [polygons]:
        rings = []
        for ring in polygon if isinstance(polygon, list) else [None]:
            positions = _positions(ring)
            if isinstance(positions, str):
                return positions
            rings.append(datums.to_cgcs2000(positions, datum))
        if not rings:
            return _("The polygon is empty.")
        parts.append(Polygon(rings[0], rings[1:]))
    shape = lattice.to_lattice(parts[0] if len(parts) == 1 else MultiPolygon(parts))
    reason = why_invalid(shape)
    if reason:
        return _("The polygon is not valid: %(reason)s.") % {"reason": reason}
    # A corner given twice is no other border.
    return shapely.remove_repeated_points(shape)


def _positions(ring: Any) -> np.ndarray[Any, np.dtype[np.float64]] | str:
    """The ring's positions, or the reason why it has none that can be used."""
    try:
        pairs = [(position[0], position[1]) for position in ring]
        if not all(type(ordinate) in (int, float) for pair in pairs for ordinate in pair):
            return _("Its coordinates are not lists of numbers.")
        positions = np.array(pairs, dtype=np.float64)
    except (TypeError, ValueError, IndexError, KeyError, OverflowError):
        return _("Its coordinates are not lists of numbers.")
    if not np.isfinite(positions).all():
        return _("A coordinate is no finite number.")
    if len(positions) < 4 or not np.array_equal(positions[0], positions[-1]):
        return _("A ring has fewer than four positions or is not closed.")
    for longitude, latitude in positions:
        if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
            words = {"lon": f"{longitude:g}", "lat": f"{latitude:g}"}
            if -90 <= longitude <= 90 and -180 <= latitude <= 180:
                return _("%(lon)s, %(lat)s is out of range: are longitude and latitude swapped?") % words
            return _("%(lon)s, %(lat)s is out of range: degrees of longitude and latitude are needed.") % words
    return positions


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
