"""Open incidents by the areas of a plan: counted where they lie, whatever grid they are filed under today."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely
from django.db import connection
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from grids import households
from grids.datums import SRID
from grids.levels import next_code

# Read from the index of what is open alone. Whoever may read a plan sees the incidents of its scope.
_POINTS = f"""
select st_x(point), st_y(point) from incidents_incident
where closed_at is null and place_id >= %(first)s and place_id < %(end)s and point is not null
  and point && st_makeenvelope(%(west)s, %(south)s, %(east)s, %(north)s, {SRID})
"""


def by_area(scope: str, shapes: Mapping[int, BaseGeometry], only: frozenset[int] | None = None) -> dict[int, int]:
    """How many open incidents of `scope` lie in each area (or in `only` some); one on a border in the lowest number.

    `shapes` hold the neighbours of those that are counted. One query.
    """
    counted = [shape for key, shape in shapes.items() if only is None or key in only]
    if not counted:
        return {}
    points = open_points(scope, tuple(float(edge) for edge in shapely.total_bounds(np.array(counted, dtype=object))))
    owners = households.homes(shapes, points)
    keys, numbers = np.unique(owners[owners >= 0], return_counts=True)
    found = dict.fromkeys(shapes if only is None else only, 0)
    return found | {int(key): int(n) for key, n in zip(keys, numbers, strict=True) if only is None or int(key) in only}


def open_points(scope: str, box: tuple[float, ...]) -> NDArray[np.float64]:
    """Longitude and latitude of the open incidents of a scope within a box. One query."""
    given: dict[str, Any] = {"first": scope, "end": next_code(scope)}
    given |= dict(zip(("west", "south", "east", "north"), box, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(_POINTS, given)
        found = cursor.fetchall()
    return np.array(found, dtype=np.float64).reshape(-1, 2)
