"""What a proposal is found from: a plan's villages as they are drawn, its dwellings and the lines on the ground."""

from dataclasses import dataclass, field

import numpy as np
import shapely
from django.db import connection
from shapely.geometry.base import BaseGeometry

from grids import draft_rows, lattice
from grids.datums import SRID
from grids.draft_rows import Row
from grids.levels import GridKind, district_of
from grids.models import Plan
from grids.partition import Dwellings, Ground, Line, rebuilding
from grids.partition.ground import staggered

# A count given by hand for a grid without dwellings is spread over so many places of it.
_PLACES = 24

_DWELLINGS = f"""
select st_x(geom), st_y(geom), households, compound from grids_dwelling
where district_id = %(district)s and geom && st_makeenvelope(%(west)s, %(south)s, %(east)s, %(north)s, {SRID})
order by source_id
"""
_LINES = f"""
select kind, is_barrier, st_asbinary(geom, 'NDR') from grids_referenceline
where district_id = %(district)s and geom && st_makeenvelope(%(west)s, %(south)s, %(east)s, %(north)s, {SRID})
order by source_id
"""


@dataclass(frozen=True)
class PlanGround:
    """The ground of a plan by region: a village by its code, a dedicated grid by village and key.

    `counts` are the grids a village has today; `kept` the dedicated grids, which stay as they are; `spread` the
    villages whose households were given by hand and lie evenly over their grids.
    """

    ground: Ground
    counts: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    spread: tuple[str, ...] = ()


def village_of(region: str) -> str:
    return region.partition("/")[0]


def of_plan(plan: Plan) -> PlanGround:
    """The ground of a plan as it is drawn at present, in three queries."""
    rows = draft_rows.read(plan.pk)
    areas: dict[str, list[BaseGeometry]] = {}
    counts: dict[str, int] = {}
    kept: dict[str, int] = {}
    for row in rows.values():
        is_kept = row.grid_kind == GridKind.DEDICATED
        region = f"{row.village}/{row.key}" if is_kept else row.village
        areas.setdefault(region, []).append(row.shape)
        if is_kept:
            kept[region] = row.key
        else:
            counts[region] = counts.get(region, 0) + 1
    assert plan.frame is not None, "a plan that is drawn has a frame"
    regions = rebuilding.regions(areas, lattice.from_db(plan.frame))
    box = shapely.total_bounds(np.array(list(regions.values()), dtype=object))
    dwellings, lines = _found(district_of(plan.scope_id), dict(zip(_EDGES, map(float, box), strict=True)))
    dwellings, spread = _with_given(dwellings, list(rows.values()), counts)
    return PlanGround(Ground(regions, dwellings, lines), counts, kept, spread)


_EDGES = ("west", "south", "east", "north")


def _found(district: str, box: dict[str, float]) -> tuple[Dwellings, tuple[Line, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(_DWELLINGS, {"district": district, **box})
        rows = cursor.fetchall()
        cursor.execute(_LINES, {"district": district, **box})
        lines = tuple(Line(kind, shapely.from_wkb(bytes(wkb)), barrier) for kind, barrier, wkb in cursor.fetchall())
    spots = np.array([row[:2] for row in rows], dtype=np.float64).reshape(-1, 2)
    households = np.array([row[2] for row in rows], dtype=np.int64)
    return Dwellings(spots, households, tuple(row[3] for row in rows)), lines


def _with_given(dwellings: Dwellings, rows: list[Row], counts: dict[str, int]) -> tuple[Dwellings, tuple[str, ...]]:
    """The dwellings, and in villages without any the counts given by hand, spread evenly over their grids."""
    given = [row for row in rows if row.households_given and row.households and row.village in counts]
    if not given:
        return dwellings, ()
    shapes = np.array([row.shape for row in rows], dtype=object)
    holding, _spot = shapely.STRtree(shapely.points(dwellings.spots)).query(shapes, predicate="intersects")
    peopled = {rows[number].village for number in holding.tolist()}
    spots, households = [dwellings.spots], [dwellings.households]
    spread = sorted({row.village for row in given} - peopled)
    for row in given:
        if row.village in spread:
            places = staggered(row.shape, _PLACES)
            spots.append(places)
            steps = np.linspace(0, row.households or 0, len(places) + 1).round().astype(np.int64)
            households.append(np.diff(steps))
    every = np.vstack(spots)
    names = (*dwellings.compounds, *[""] * (len(every) - len(dwellings)))
    return Dwellings(every, np.concatenate(households), names), tuple(spread)
