"""How many households an area has: its dwellings counted, each in one area; or as given where nobody was counted."""

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
import shapely
from django.db import connection
from shapely.geometry.base import BaseGeometry

from grids.datums import SRID
from grids.draft_rows import Row
from grids.models import PlanArea, PlanStatus

_DWELLINGS = f"""
select st_x(geom), st_y(geom), households, id from grids_dwelling
where district_id = %(district)s and geom && st_makeenvelope(%(west)s, %(south)s, %(east)s, %(north)s, {SRID})
"""


def dwellings_in(district: str, box: tuple[float, float, float, float]) -> np.ndarray:
    """Longitude, latitude, households and id of each dwelling of the district in the box, as rows. One query."""
    with connection.cursor() as cursor:
        edges = dict(zip(("west", "south", "east", "north"), box, strict=True))
        cursor.execute(_DWELLINGS, {"district": district, **edges})
        found = cursor.fetchall()
    return np.array(found, dtype=np.float64).reshape(-1, 4)


def has_dwellings(district: str) -> bool:
    """Whether any dwelling of the district is known."""
    with connection.cursor() as cursor:
        cursor.execute("select exists (select 1 from grids_dwelling where district_id = %s)", [district])
        (known,) = cursor.fetchone()
    return bool(known)


def homes(shapes: Mapping[int, BaseGeometry], points: np.ndarray) -> np.ndarray:
    """For each point (rows of longitude, latitude, …) the area that has it: on a border the lowest, -1 for none."""
    owners = np.full(len(points), np.iinfo(np.int64).max)
    if len(points) and shapes:
        keys = np.array(list(shapes), dtype=np.int64)
        tree = shapely.STRtree(shapely.points(points[:, 0], points[:, 1]))
        area, point = tree.query(np.array(list(shapes.values()), dtype=object), predicate="intersects")
        np.minimum.at(owners, point, keys[area])
    owners[owners == np.iinfo(np.int64).max] = -1
    return owners


def count(
    shapes: Mapping[int, BaseGeometry], *, district: str, only: Collection[int] | None = None
) -> dict[int, tuple[int, int]]:
    """Dwellings and households of each area of `shapes` (or `only` of some of them) that has any. One query.

    `shapes` must hold the neighbours of those that are counted, as one on a border counts once.
    """
    counted = {key: shape for key, shape in shapes.items() if only is None or key in only}
    if not counted:
        return {}
    box = shapely.total_bounds(np.array(list(counted.values()), dtype=object))
    points = dwellings_in(district, (float(box[0]), float(box[1]), float(box[2]), float(box[3])))
    owners = homes(shapes, points)
    found: dict[int, tuple[int, int]] = {}
    for key in counted:
        mine = owners == key
        if mine.any():
            found[key] = (int(mine.sum()), int(points[mine, 2].sum()))
    return found


def given_before(units: Collection[str]) -> dict[str, int]:
    """Households given by hand for these grids in the plan they were published with last. One query."""
    areas = PlanArea.objects.filter(
        published_as__in=units, households_given=True, households__isnull=False, plan__status=PlanStatus.PUBLISHED
    )
    found = areas.order_by("plan__published_at", "plan_id").values_list("published_as", "households")
    return {unit: number for unit, number in found if unit and number is not None}


def recounted(
    rows: Mapping[int, Row], before: Mapping[int, Row], around: Mapping[int, BaseGeometry], *, district: str
) -> dict[int, Row]:
    """`rows` with their households: counted where dwellings stand, else as given, else shared out by area.

    `before` are the rows that were there; `around` the shapes of the neighbours that did not change.
    """
    counted = count({**around, **{key: row.shape for key, row in rows.items()}}, district=district, only=set(rows))
    given = _given(rows, before)
    known = bool(counted) or any(not row.households_given and row.households is not None for row in before.values())
    result = {}
    for key, row in rows.items():
        if key in counted:
            result[key] = replace(row, households=counted[key][1], households_given=False)
        elif key in given:
            result[key] = replace(row, households=given[key], households_given=True)
        else:
            result[key] = replace(row, households=0 if known else None, households_given=False)
    return result


def _given(rows: Mapping[int, Row], before: Mapping[int, Row]) -> dict[int, int]:
    """Counts given by hand: kept where an area stays, divided by area where it was cut, added where it was merged."""
    result: dict[int, int] = {}
    born = {key: row for key, row in rows.items() if key not in before}
    for old in (row for row in before.values() if row.households_given):
        if old.key in rows and not born:
            shares = {old.key: old.households or 0}
        else:
            heirs = {**born, old.key: rows[old.key]} if old.key in rows else born or rows
            shares = _divided(old.households or 0, {key: _common(old, row) for key, row in heirs.items()})
        for key, households in shares.items():
            result[key] = result.get(key, 0) + households
    return result


def _common(one: Row, other: Row) -> float:
    return float(shapely.area(shapely.intersection(one.shape, other.shape)))


def _divided(number: int, weights: Mapping[int, float]) -> dict[int, int]:
    """`number` shared out by weight in whole households: the largest remainders get the rest."""
    whole = sum(weights.values())
    if not whole:
        return {}
    exact = {key: number * weight / whole for key, weight in weights.items() if weight > 0}
    shares = {key: int(value) for key, value in exact.items()}
    rest = number - sum(shares.values())
    for key in sorted(exact, key=lambda key: (shares[key] - exact[key], key))[:rest]:
        shares[key] += 1
    return shares
