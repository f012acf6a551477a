"""What a layer would change in a scope: grids that are new, changed, the same or missing, and every bad feature.

Nothing is written here. A known code carries its grid on with the new rings; an unknown one is a new grid in the
village it names or lies in; grids of the scope that the file leaves out stay as they are or fall away, as was chosen.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import shapely
from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from grids import lattice, plans
from grids.exchange import columns, fitting
from grids.exchange.columns import Columns
from grids.exchange.features import Layer, Raw
from grids.exchange.refused import FeatureFault
from grids.exchange.shapes import drawn
from grids.exchange.systems import System
from grids.levels import GridKind, UnitKind, kind_of_code, known_kind
from grids.models import Boundary, Unit
from grids.subtrees import within


class State(TextChoices):
    NEW = "new", gettext_lazy("New")
    CHANGED = "changed", gettext_lazy("Changed")
    SAME = "same", gettext_lazy("The same")
    KEPT = "kept", gettext_lazy("Not in the file, stays")
    GONE = "gone", gettext_lazy("Not in the file, falls away")


class Missing(TextChoices):
    """What becomes of grids of the scope that the file leaves out."""

    KEEP = "keep", gettext_lazy("They stay as they are published")
    DROP = "drop", gettext_lazy("They fall away")


@dataclass(frozen=True)
class Drawn:
    """One grid after the import. `index` is the feature's number, 0 for one that is not in the file."""

    state: State
    index: int
    unit: Unit | None
    village: Unit | None
    code: str
    name: str
    kind: GridKind
    basis: str
    households: int | None
    shape: BaseGeometry
    before: BaseGeometry | None = None

    @property
    def area_m2(self) -> float:
        return 0.0 if self.state == State.GONE else lattice.square_metres(self.shape)

    @property
    def before_m2(self) -> float | None:
        return None if self.before is None else lattice.square_metres(self.before)


@dataclass
class Comparison:
    """All of it. `faults` name bad features, `doubts` what a person should look at; `frame` is None without an area."""

    scope: Unit
    system: System
    frame: BaseGeometry | None = None
    is_new_frame: bool = False
    grids: list[Drawn] = field(default_factory=list)
    faults: list[FeatureFault] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    published: dict[str, BaseGeometry] = field(default_factory=dict)
    # The system that fits better by far, for a person to choose.
    better: System | None = None

    def of(self, *states: State) -> list[Drawn]:
        return [grid for grid in self.grids if grid.state in states]

    @property
    def areas(self) -> list[Drawn]:
        """The grids of the draft that would begin."""
        return [grid for grid in self.grids if grid.state != State.GONE]


def compare(
    layer: Layer, *, scope: Unit, system: System, meant: Columns, missing: Missing, now: datetime
) -> Comparison:
    """What the layer would change below `scope`. A few queries, whatever its size."""
    found = Comparison(scope, system, doubts=list(layer.notes))
    ground = _Ground.of(scope, now)
    found.published = ground.areas
    good: list[tuple[Raw, str, BaseGeometry]] = []
    outline: BaseGeometry | None = None
    seen: dict[str, int] = {}
    left_out = 0
    for raw, shape in zip(layer.features, drawn(layer.features, system), strict=True):
        code = columns.code_of(raw, meant.code)
        if code and code in seen:
            reason = _("The same code stands at feature %(index)d already.") % {"index": seen[code]}
            found.faults.append(FeatureFault(raw.index, code, reason))
            continue
        seen[code] = raw.index
        if isinstance(shape, str):
            found.faults.append(FeatureFault(raw.index, code, shape))
        elif code == scope.pk and scope.kind != UnitKind.GRID:
            outline = shape
        elif kind_of_code(code) not in (None, UnitKind.GRID):
            left_out += 1
        else:
            good.append((raw, code, shape))
    if left_out:
        found.doubts.append(
            _("%(count)d features are no grids and were left out: their areas follow from the grids.")
            % {"count": left_out}
        )
    _frame(found, ground, outline, [shape for _raw, _code, shape in good])
    for raw, code, shape in good:
        grid = _grid(raw, code, shape, found, ground, meant)
        if isinstance(grid, Drawn):
            found.grids.append(grid)
        else:
            found.faults.append(FeatureFault(raw.index, code, grid))
    found.grids += _left(found, ground, missing)
    _doubt(found, ground, [shape for _raw, _code, shape in good])
    found.faults.sort()
    return found


@dataclass(frozen=True)
class _Ground:
    """What is published and alive in the scope."""

    units: Mapping[str, Unit]
    areas: dict[str, BaseGeometry]
    villages: Mapping[str, Unit]
    neighbours: Sequence[BaseGeometry]

    @classmethod
    def of(cls, scope: Unit, now: datetime) -> "_Ground":
        places = Unit.objects.filter(within([scope.pk]), kind__in=(UnitKind.GRID, UnitKind.VILLAGE))
        units = {unit.pk: unit for unit in places}
        rows = Boundary.objects.filter(within([scope.pk], "unit"), valid__contains=now)
        areas = {row.unit_id: lattice.from_db(row.geom) for row in rows}
        above = scope.pk[: max(6, len(scope.pk) - 3)]
        beside = Boundary.objects.filter(within([above], "unit"), kind=scope.kind, valid__contains=now)
        villages = {code: unit for code, unit in units.items() if unit.kind == UnitKind.VILLAGE and not unit.is_retired}
        return cls(units, areas, villages, [lattice.from_db(row.geom) for row in beside.exclude(unit=scope)])


def _frame(found: Comparison, ground: _Ground, outline: BaseGeometry | None, shapes: list[BaseGeometry]) -> None:
    """The published outline, else the one in the file, else the outer rings of all grids together."""
    published = ground.areas.get(found.scope.pk)
    if published is not None:
        found.frame = published
        if outline is not None and not plans.same(outline, published):
            found.doubts.append(
                _("The outline in the file is not the published one, which stays: redraw the unit above to move it.")
            )
        return
    found.is_new_frame = True
    found.frame = outline if outline is not None else around(shapes) if shapes else None


def around(shapes: list[BaseGeometry]) -> BaseGeometry:
    """The outer rings of all shapes together, their holes filled."""
    whole = shapely.coverage_is_valid(shapes)
    union = shapely.coverage_union_all(shapes) if whole else lattice.to_lattice(shapely.union_all(shapes))
    shells = [Polygon(part.exterior) for part in shapely.get_parts(union) if isinstance(part, Polygon)]
    return shells[0] if len(shells) == 1 else MultiPolygon(shells)


def _grid(raw: Raw, code: str, shape: BaseGeometry, found: Comparison, ground: _Ground, meant: Columns) -> Drawn | str:
    """The grid this feature draws, or why it cannot."""
    scope, unit = found.scope, ground.units.get(code)
    if unit is not None and unit.is_retired:
        return _("This unit was retired.")
    if kind_of_code(code) is UnitKind.GRID and not code.startswith(scope.pk):
        return _("It does not stand under %(scope)s.") % {"scope": scope.label}
    if found.frame is not None and not found.is_new_frame and not shapely.intersects(found.frame, shape):
        return _("It lies outside of %(scope)s.") % {"scope": scope.label}
    households = columns.households_of(raw, meant.households)
    if isinstance(households, str):
        return _("%(text)s is no number of households.") % {"text": households[:40]}
    village = ground.villages.get(code[:12]) if unit else _village(raw, code, shape, ground, meant)
    if village is None:
        return _("Nobody can tell its village: name it in a column, or publish the villages first.")
    if isinstance(village, str):
        return village
    before = ground.areas.get(code)
    state = State.NEW if unit is None else State.CHANGED
    if before is not None and plans.same(before, shape):
        state = State.SAME
    name = raw.text(meant.name)[:100] or (unit.name if unit else "")
    kind = columns.kind_of(raw, meant.kind) or GridKind((unit and unit.grid_kind) or GridKind.COMPREHENSIVE)
    basis = columns.basis_of(raw, meant.basis) or (unit.boundary_basis if unit else "")
    return Drawn(state, raw.index, unit, village, code, name, kind, basis, households, shape, before)


def _village(raw: Raw, code: str, shape: BaseGeometry, ground: _Ground, meant: Columns) -> Unit | str | None:
    """The village a new grid stands in: as its column says, as its code says, or where most of it lies.

    Of several villages with the name in the column its code or its place decides; else the reason nobody can tell.
    """
    said = raw.text(meant.village)
    possible = [one for one in ground.villages.values() if said and said in (one.pk, one.name, one.short_name)]
    by_code = ground.villages.get(code[:12]) if kind_of_code(code) is UnitKind.GRID else None
    if by_code is not None and (by_code in possible or not possible):
        return by_code
    villages = possible or list(ground.villages.values())
    if len(villages) == 1:
        return villages[0]
    shares = [
        (float(shapely.area(shapely.intersection(shape, ground.areas[village.pk]))), village.pk)
        for village in villages
        if village.pk in ground.areas and shapely.intersects(shape, ground.areas[village.pk])
    ]
    share, where = max(shares, default=(0.0, ""))
    if share > 0:
        return ground.villages[where]
    if possible:
        words = {"count": len(possible), "name": said[:40]}
        return _("%(count)d villages are called %(name)s: write the village's code into that column.") % words
    return None


def _left(found: Comparison, ground: _Ground, missing: Missing) -> Iterable[Drawn]:
    """The living grids of the scope that the file says nothing about."""
    named = {grid.code for grid in found.grids}
    # A grid whose feature is bad does not fall away by that.
    bad = {fault.code for fault in found.faults}
    for code, unit in sorted(ground.units.items()):
        if unit.kind == UnitKind.GRID and not unit.is_retired and code in ground.areas and code not in named:
            state = State.KEPT if missing == Missing.KEEP or code in bad else State.GONE
            village, kind = ground.villages.get(code[:12]), GridKind(unit.grid_kind or GridKind.COMPREHENSIVE)
            area, basis = ground.areas[code], unit.boundary_basis
            yield Drawn(state, 0, unit, village, code, unit.name, kind, basis, None, area, area)


def _doubt(found: Comparison, ground: _Ground, shapes: list[BaseGeometry]) -> None:
    """Say so where another coordinate system fits better, or where nobody can tell."""
    if not shapes:
        return
    own = ground.areas.get(found.scope.pk)
    if own is not None and sum(map(shapely.area, shapes)) > 0.6 * shapely.area(own):
        fit = fitting.judged(shapes, [own], found.system, is_whole=True)
    elif own is not None:
        grids = [area for code, area in ground.areas.items() if known_kind(code) is UnitKind.GRID]
        fit = fitting.judged(shapes, grids, found.system, is_whole=True)
    else:
        fit = fitting.judged(shapes, ground.neighbours, found.system, is_whole=False)
    if fit is None:
        found.doubts.append(
            _("Nothing is published here or beside it: nobody can tell whether %(system)s is right.")
            % {"system": found.system.label}
        )
    elif fit.words:
        found.doubts.insert(0, fit.words)
        found.better = fit.best if fit.is_doubtful else None
