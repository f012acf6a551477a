"""Small exact tilings for tests: squares in a row."""

from datetime import datetime

from django.contrib.gis.geos import MultiPolygon, Polygon
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from grids.datums import SRID
from grids.levels import kind_of_code
from grids.models import Boundary, Plan, PlanStatus, Unit


def box(west: float, south: float, east: float, north: float) -> MultiPolygon:
    """A rectangle on the lattice."""
    west, south, east, north = (round(edge, 7) for edge in (west, south, east, north))
    ring = ((west, south), (east, south), (east, north), (west, north), (west, south))
    return MultiPolygon(Polygon(ring, srid=SRID), srid=SRID)


def publish_squares(scope: Unit, grids: list[str], *, west: float, south: float, side: float, at: datetime) -> Plan:
    """Publish one square per grid, in a row from west to east, valid since `at`."""
    frame = box(west, south, west + side * len(grids), south + side)
    plan = Plan.objects.create(
        scope=scope,
        title="Squares",
        status=PlanStatus.PUBLISHED,
        is_synthetic=True,
        frame=frame,
        certificate={},
        created_at=at,
        published_at=at,
        effective_at=at,
    )
    Boundary.objects.bulk_create(
        Boundary(
            unit_id=code,
            plan=plan,
            kind=kind_of_code(code),
            geom=box(west + side * number, south, west + side * (number + 1), south + side),
            valid=DateTimeTZRange(at, None),
        )
        for number, code in enumerate(grids)
    )
    return plan
