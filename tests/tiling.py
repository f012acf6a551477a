"""Small exact tilings for tests: squares in a row, published as a real plan."""

from datetime import datetime

import shapely
from shapely.geometry.base import BaseGeometry

from grids import lattice, plans
from grids.models import Plan, Unit


def box(west: float, south: float, east: float, north: float) -> BaseGeometry:
    """A rectangle on the lattice."""
    return lattice.to_lattice(shapely.box(west, south, east, north))


def squares(grids: list[str], *, west: float, south: float, side: float) -> dict[str, BaseGeometry]:
    """One square per grid, in a row from west to east."""
    return {
        code: box(west + side * number, south, west + side * (number + 1), south + side)
        for number, code in enumerate(grids)
    }


def publish_squares(scope: Unit, grids: list[str], *, west: float, south: float, side: float, at: datetime) -> Plan:
    """Publish one square per grid, in a row from west to east, valid since `at`."""
    shapes = squares(grids, west=west, south=south, side=side)
    frame = shapely.coverage_union_all(list(shapes.values()))
    plan = plans.draft(scope=scope, title="Squares", now=at, grids=shapes, frame=frame, is_synthetic=True)
    return plans.publish(plan=plan, at=at, now=at)
