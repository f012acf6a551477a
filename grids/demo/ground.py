"""Made-up dwellings and lines of the demo district: a few hundred households about each grid, streets, a river.

They fit the made-up borders: dwellings stand inside of their grid, roads and the river run along borders. No line and
no house resembles a real one.
"""

import heapq
import math
import random
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import pairwise

import numpy as np
import shapely
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry

from grids import ground, lattice
from grids.demo.places import DISTRICT, is_community
from grids.ground import NewDwelling, NewLine
from grids.levels import UnitKind
from grids.models import Boundary, Dwelling, LineKind, Unit
from grids.subtrees import within

SEED = 511111
# Households of a village for each of its grids, and how unevenly these have them today.
_PER_GRID, _UNEVEN = (315.0, 385.0), (0.65, 1.35)
# Households of a building in a community or a farmstead in a village.
_OF_TOWER, _OF_FARM = (8, 48), (4, 30)
_SPREAD_M = {True: 60.0, False: 120.0}

Spot = tuple[float, float]
Side = tuple[Spot, Spot]


def load(*, now: datetime) -> str:
    """Put dwellings and lines on the ground unless the district has some."""
    if Dwelling.objects.filter(district=DISTRICT).exists():
        return "ground: there already"
    rows = Boundary.objects.filter(within([DISTRICT], "unit"), kind=UnitKind.GRID, valid__upper_inf=True)
    shapes = {row.unit_id: lattice.from_db(row.geom) for row in rows.order_by("unit_id")}
    villages = {unit.pk: unit for unit in Unit.objects.filter(within([DISTRICT]), kind=UnitKind.VILLAGE)}
    dice = random.Random(SEED)
    households = _households(list(shapes), dice)
    dwellings = [
        dwelling
        for code, shape in shapes.items()
        for dwelling in _dwellings(code, villages[code[:12]], shape, households[code], dice)
    ]
    lines = [*_roads(shapes, villages), _river(shapes), *_lanes(shapes, villages, dice)]
    ground.take_dwellings(district=DISTRICT, dwellings=dwellings, now=now, is_synthetic=True)
    ground.take_lines(district=DISTRICT, lines=lines, now=now, is_synthetic=True)
    return f"ground: {len(dwellings)} dwellings, {sum(households.values())} households, {len(lines)} lines, all made up"


def _households(grids: list[str], dice: random.Random) -> dict[str, int]:
    """How many live in each grid: a village has about 350 for each of its grids, but today not each grid has 350."""
    found: dict[str, int] = {}
    villages: dict[str, list[str]] = {}
    for code in grids:
        villages.setdefault(code[:12], []).append(code)
    for codes in villages.values():
        shares = [dice.uniform(*_UNEVEN) for _code in codes]
        each = dice.uniform(*_PER_GRID) * len(codes) / sum(shares)
        found |= {code: round(share * each) for code, share in zip(codes, shares, strict=True)}
    return found


def _dwellings(
    code: str, village: Unit, shape: BaseGeometry, in_all: int, dice: random.Random
) -> Iterable[NewDwelling]:
    """The buildings of one grid, in compounds or hamlets, with so many households in all."""
    is_town = is_community(village)
    left, number, compound = in_all, 0, 0
    east, north = lattice.metres_per_degree(shape.centroid.y)
    while left > 0:
        compound += 1
        centre = _inside(shape, dice)
        for _house in range(dice.randint(3, 7)):
            spot = _near(shape, centre, (_SPREAD_M[is_town] / east, _SPREAD_M[is_town] / north), dice)
            households = min(left, dice.randint(*(_OF_TOWER if is_town else _OF_FARM)))
            number, left = number + 1, left - households
            name = f"{village.label}{int(code[12:])}网格{compound}{'号院' if is_town else '组'}"
            yield NewDwelling(
                f"{code}-{number:03d}",
                *spot,
                households=households,
                people=round(households * dice.uniform(2.1, 3.2)),
                compound=name,
                address=f"{name}{number}{'幢' if is_town else '号'}",
            )
            if left <= 0:
                return


def _inside(shape: BaseGeometry, dice: random.Random) -> Spot:
    west, south, east, north = shape.bounds
    while True:
        spot = (dice.uniform(west, east), dice.uniform(south, north))
        if shapely.contains_xy(shape, *spot):
            return spot


def _near(shape: BaseGeometry, centre: Spot, spread: Spot, dice: random.Random) -> Spot:
    for _try in range(20):
        spot = (centre[0] + dice.gauss(0, spread[0]), centre[1] + dice.gauss(0, spread[1]))
        if shapely.contains_xy(shape, *spot):
            return spot
    return centre


def _sides(shapes: Mapping[str, BaseGeometry]) -> dict[Side, list[str]]:
    """Every border segment, from its smaller end to its larger, with the grids that have it."""
    owners: dict[Side, list[str]] = {}
    for code, shape in shapes.items():
        for ring in shapely.get_rings(shapely.get_parts(shape)):
            spots = [(float(x), float(y)) for x, y in shapely.get_coordinates(ring)]
            for one, other in pairwise(spots):
                owners.setdefault((min(one, other), max(one, other)), []).append(code)
    return owners


def _roads(shapes: Mapping[str, BaseGeometry], villages: Mapping[str, Unit]) -> Iterable[NewLine]:
    """The borders of communities: a main road between two of them, a road inside of one."""
    kinds: dict[tuple[str, str, str], list[LineString]] = {}
    for side, codes in _sides(shapes).items():
        towns = {code[:9] for code in codes if is_community(villages[code[:12]])}
        if len(codes) == 2 and towns:
            both = {code[:12] for code in codes}
            kind = LineKind.ROAD if len(both) == 1 else LineKind.MAIN_ROAD
            one, other = sorted(codes)
            kinds.setdefault((kind.value, one, other), []).append(LineString(side))
    for number, ((sort, one, other), sides) in enumerate(sorted(kinds.items(), key=lambda item: item[0]), start=1):
        name = f"示意{'大道' if sort == LineKind.MAIN_ROAD else '路'}{number}"
        yield NewLine(f"road-{one}-{other}", sort, shapely.line_merge(shapely.multilinestrings(sides)), name)


def _river(shapes: Mapping[str, BaseGeometry]) -> NewLine:
    """From the north of the outline to its south along borders of grids, by the shortest way."""
    near: dict[Spot, list[Spot]] = {}
    rim: set[Spot] = set()
    for (one, other), codes in _sides(shapes).items():
        if len(codes) == 1:
            rim |= {one, other}
        else:
            near.setdefault(one, []).append(other)
            near.setdefault(other, []).append(one)
    mouths = sorted((spot for spot in rim if spot in near), key=lambda spot: spot[1])
    start, end = mouths[-1], mouths[0]
    ways: list[tuple[float, Spot, Spot | None]] = [(0.0, start, None)]
    came: dict[Spot, Spot | None] = {}
    while ways:
        length, here, before = heapq.heappop(ways)
        if here in came:
            continue
        came[here] = before
        if here == end:
            break
        for there in near[here]:
            if there not in came:
                heapq.heappush(ways, (length + math.dist(here, there), there, here))
    course: list[Spot] = []
    step: Spot | None = end
    while step is not None:
        course.append(step)
        step = came[step]
    return NewLine("river-1", LineKind.RIVER.value, LineString(course), "示意河", is_barrier=True)


def _lanes(shapes: Mapping[str, BaseGeometry], villages: Mapping[str, Unit], dice: random.Random) -> Iterable[NewLine]:
    """Two crossing lanes through each grid of a community."""
    for code, shape in shapes.items():
        if not is_community(villages[code[:12]]):
            continue
        west, south, east, north = shape.bounds
        middle = np.array([shape.centroid.x, shape.centroid.y])
        reach = max(east - west, north - south)
        turn = dice.uniform(0, math.pi)
        for number in (1, 2):
            angle = turn + (number - 1) * (math.pi / 2 + dice.uniform(-0.2, 0.2))
            step = np.array([math.cos(angle), math.sin(angle)]) * reach
            shift = np.array([dice.uniform(-0.15, 0.15), dice.uniform(-0.15, 0.15)]) * reach
            cut = shapely.intersection(LineString([middle + shift - step, middle + shift + step]), shape)
            if not cut.is_empty and cut.geom_type in ("LineString", "MultiLineString"):
                yield NewLine(f"lane-{code}-{number}", LineKind.LANE.value, cut, f"示意{int(code[-3:])}-{number}巷")
