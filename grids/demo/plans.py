"""Two made-up plans to try the boundary studio on: one that waits for the head's word, one that is full of faults.

The first evens out the households of a community's grids: its largest gives a piece to its smallest. The second is a
town as if drawn by several hands, with pockets where grids meet, a forgotten strip and an overlap. Each comes whole or
not at all, and once only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import shapely
from django.db import transaction
from shapely.geometry import LineString, Point
from shapely.geometry.base import BaseGeometry

from grids import approvals, coverage, draft_edits, draft_rows, drafts, households, lattice, plans
from grids.demo.places import DISTRICT
from grids.draft_rows import Row, shapes_of
from grids.drafts import Drawn, Wish
from grids.levels import CODE_LENGTHS, UnitKind, parent_code
from grids.models import Person, Plan, Unit

PROVEN_FOR, FAULTY_FOR = "511111100003", "511111103"
PROVEN = Wish(
    title="绥山社区网格户数均衡",
    reason="入户走访统计：第2网格户数比第3网格多出一半，网格员巡查不过来，社区居民议事会同意调整。",
    note="由程序生成，仅供演示（合成）。",
    target_households=350,
    tolerance_percent=30,
    is_synthetic=True,
)
FAULTY = Wish(
    title="老图拼合稿：无人管地带待认领",
    reason="各村按旧图各画各的，拼到一起有缝有叠，先补齐再校验。",
    note=PROVEN.note,
    target_households=350,
    is_synthetic=True,
)
BEGUN_BEFORE, EVERY = timedelta(hours=3), timedelta(minutes=3)
Spot = tuple[float, float]
# Half the length of a line drawn across a grid.
_REACH_M = 5_000.0
# How far around a corner nobody drew, and how wide the strip and the overlap are, in metres.
_POCKETS_M, _STRIP_M, _LAP_M = (90.0, 60.0, 130.0), 25.0, 70.0


def load(*, now: datetime) -> str:
    """Draw the plans that are missing; needs the demo's borders, dwellings and people."""
    admin = Person.objects.filter(username="admin", is_demo=True).first()
    missing = [
        (draw, code) for draw, wish, code in ((_proven, PROVEN, PROVEN_FOR), (_faulty, FAULTY, FAULTY_FOR))
        if not Plan.objects.filter(scope=code, title=wish.title).exists()
    ]  # fmt: skip
    if admin is None or not missing:
        return "plans: there already" if admin else "plans: nobody to draw them"
    for draw, code in missing:
        with transaction.atomic():
            draw(Unit.objects.get(pk=code), admin, now)
    return f"plans: {len(missing)} drawn, of which the head approves one and one is to be mended"


# -- the plan that waits ---------------------------------------------------------------------------------------


@dataclass
class _Pen:
    """The administrator at work on a plan: an edit every few minutes."""

    plan: Plan
    actor: Person
    now: datetime

    def __call__(self, kind: str, **args: object) -> draft_edits.Outcome:
        self.now += EVERY
        done = draft_edits.operate(
            plan_id=self.plan.pk, seen=self.plan.revision, kind=kind, args=args, actor=self.actor, now=self.now
        )
        self.plan = done.plan
        return done


def _proven(scope: Unit, admin: Person, now: datetime) -> None:
    pen = _Pen(drafts.begin(scope=scope, wish=PROVEN, actor=admin, now=now - BEGUN_BEFORE), admin, now - BEGUN_BEFORE)
    rows = draft_rows.read(pen.plan.pk)
    borders = coverage.shared_metres(shapes_of(rows))
    large, small = max(((rows[a], rows[b]) for a, b in [*borders, *((b, a) for a, b in borders)]), key=_unevenness)
    pieces = pen("split", key=large.key, line=_cut(rows, large, small)).changed.values()
    kept, given = sorted((row for row in pieces if row.unit is None), key=lambda row: row.officer is None)
    pen("merge", keys=[given.key], into=small.key)
    pen("describe", key=kept.key, name=large.name)
    approvals.prove(plan_id=pen.plan.pk, actor=admin, now=pen.now + EVERY)


def _unevenness(pair: tuple[Row, Row]) -> int:
    large, small = pair
    return (large.households or 0) - (small.households or 0)


def _cut(rows: Mapping[int, Row], large: Row, small: Row) -> list[Spot]:
    """A line through the larger grid: beyond it, along the smaller, lies about half of what it has more."""
    homes = households.dwellings_in(DISTRICT, large.shape.bounds)
    begin, end = large.shape.centroid, shapely.intersection(large.shape, small.shape).centroid
    east, north = lattice.metres_per_degree(begin.y)
    way = np.array([(end.x - begin.x) * east, (end.y - begin.y) * north])
    across = np.array([-way[1], way[0]]) / np.hypot(*way) * _REACH_M
    found: list[tuple[float, list[Spot]]] = []
    for share in np.linspace(-0.4, 0.95, 28):
        middle = way * share
        line = [(begin.x + float(x) / east, begin.y + float(y) / north) for x, y in (middle - across, middle + across)]
        edited = coverage.split(shapes_of(rows), coverage.outline(shapes_of(rows)), key=large.key, line=line)
        pieces = {key: shape for key, shape in edited.areas.items() if key not in rows}
        beyond = [key for key, shape in pieces.items() if shapely.intersection(shape, small.shape).length > 0]
        if len(pieces) == 2 and len(beyond) == 1:
            owners = households.homes(pieces, homes)
            goes = float(homes[owners == beyond[0], 2].sum())
            found.append((abs(goes - _unevenness((large, small)) / 2), line))
    return min(found)[1]


# -- the plan to mend ------------------------------------------------------------------------------------------


def _faulty(scope: Unit, admin: Person, now: datetime) -> None:
    published = plans.in_force(scope.pk)
    shapes = {code: shape for code, shape in sorted(published.items()) if len(code) == CODE_LENGTHS[UnitKind.GRID]}
    frame = coverage.outline(dict(enumerate(shapes.values())))
    drawn = _as_if_by_several_hands(shapes)
    named = dict(Unit.objects.filter(pk__in=shapes).values_list("pk", "name"))
    given = [Drawn(code, str(parent_code(code)), named[code], shape) for code, shape in drawn.items()]
    drafts.begin_from(scope=scope, wish=FAULTY, shapes=given, frame=frame, actor=admin, now=now - BEGUN_BEFORE)


def _as_if_by_several_hands(shapes: Mapping[str, BaseGeometry]) -> dict[str, BaseGeometry]:
    """The same grids with corners that nobody drew, a strip left out along a border and a piece that two have."""
    codes = list(shapes)
    found = dict(shapes)
    inner = [arc for arc in coverage.arcs(dict(enumerate(shapes.values()))) if arc.right is not None]
    inner.sort(key=lambda arc: (-len(arc.coords), arc.left, arc.right))
    for arc, metres in zip(inner[2:], _POCKETS_M, strict=False):
        hole = _around(Point(arc.coords[0]), metres)
        for code in codes:
            found[code] = _without(found[code], hole)
    strip, lap = (LineString(arc.coords[1:-1]) for arc in inner[:2])
    left, right = codes[inner[0].left], codes[inner[1].left]
    found[left] = _without(found[left], _around(strip, _STRIP_M))
    found[right] = _snapped(shapely.union(found[right], _around(lap, _LAP_M)))
    return found


def _around(what: BaseGeometry, metres: float) -> BaseGeometry:
    degrees = metres / lattice.metres_per_degree(what.centroid.y)[1]
    return lattice.to_lattice(what.buffer(degrees, quad_segs=2))


def _without(shape: BaseGeometry, hole: BaseGeometry) -> BaseGeometry:
    return _snapped(shapely.difference(shape, hole)) if shapely.intersects(shape, hole) else shape


def _snapped(shape: BaseGeometry) -> BaseGeometry:
    """On the lattice, the largest part of what came of it."""
    parts = shapely.get_parts(lattice.to_lattice(shape))
    return max(parts, key=lambda part: part.area)
