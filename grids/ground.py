"""What lies on the ground, taken over from registers and maps: dwellings and reference lines, all or nothing.

A row is known by the district and its number at the source: brought again it is replaced, unchanged it stays as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from django.db import connection, transaction
from shapely.geometry.base import BaseGeometry

from grids import lattice
from grids.datums import SRID
from grids.partition.ground import Floats

_LOCK_CLASS = 0x6764  # "gd": the first half of PostgreSQL's two-part advisory lock

# What differs in nothing but the moment is not written.
_DWELLINGS = f"""
insert into grids_dwelling as d
  (district_id, source_id, geom, households, people, compound, address, is_synthetic, imported_at)
select %(district)s, id, st_setsrid(st_makepoint(lon, lat), {SRID}), households, people, compound, address,
       %(synthetic)s, %(now)s
from unnest(%(ids)s::text[], %(lons)s::float8[], %(lats)s::float8[], %(households)s::int[], %(people)s::int[],
            %(compounds)s::text[], %(addresses)s::text[])
     as given (id, lon, lat, households, people, compound, address)
on conflict on constraint dwelling_once do update set
  geom = excluded.geom, households = excluded.households, people = excluded.people, compound = excluded.compound,
  address = excluded.address, is_synthetic = excluded.is_synthetic, imported_at = excluded.imported_at
where (st_asbinary(d.geom), d.households, d.people, d.compound, d.address, d.is_synthetic) is distinct from
  (st_asbinary(excluded.geom), excluded.households, excluded.people, excluded.compound, excluded.address,
   excluded.is_synthetic)
returning xmax = 0
"""
_LINES = f"""
insert into grids_referenceline as l
  (district_id, source_id, geom, kind, name, is_barrier, is_synthetic, imported_at)
select %(district)s, id, st_multi(st_geomfromwkb(decode(wkb, 'hex'), {SRID})), kind, name, is_barrier,
       %(synthetic)s, %(now)s
from unnest(%(ids)s::text[], %(wkbs)s::text[], %(kinds)s::text[], %(names)s::text[], %(barriers)s::bool[])
     as given (id, wkb, kind, name, is_barrier)
on conflict on constraint reference_line_once do update set
  geom = excluded.geom, kind = excluded.kind, name = excluded.name, is_barrier = excluded.is_barrier,
  is_synthetic = excluded.is_synthetic, imported_at = excluded.imported_at
where (st_asbinary(l.geom), l.kind, l.name, l.is_barrier, l.is_synthetic) is distinct from
  (st_asbinary(excluded.geom), excluded.kind, excluded.name, excluded.is_barrier, excluded.is_synthetic)
returning xmax = 0
"""


@dataclass(frozen=True)
class NewDwelling:
    """A building or a lone house at a position in CGCS2000 degrees."""

    source_id: str
    longitude: float
    latitude: float
    households: int
    people: int | None = None
    compound: str = ""
    address: str = ""


@dataclass(frozen=True)
class NewLine:
    """A line of the kind `LineKind`, in CGCS2000 degrees."""

    source_id: str
    kind: str
    shape: BaseGeometry
    name: str = ""
    is_barrier: bool = False


@dataclass(frozen=True)
class Taken:
    """How many rows were new, how many differed, how many did not, how many went as the source has them no more."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0

    def __add__(self, other: "Taken") -> "Taken":
        return Taken(
            self.created + other.created,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
            self.removed + other.removed,
        )


@transaction.atomic
def take_dwellings(
    *, district: str, dwellings: Sequence[NewDwelling], now: datetime, is_synthetic: bool = False, whole: bool = False
) -> Taken:
    """Take over dwellings of a district. With `whole`, those that are not among them are removed."""
    _lock(district)
    given = {
        "ids": [dwelling.source_id for dwelling in dwellings],
        "lons": lattice.degrees(lattice.keys(_column(dwellings, "longitude"))).tolist(),
        "lats": lattice.degrees(lattice.keys(_column(dwellings, "latitude"))).tolist(),
        "households": [dwelling.households for dwelling in dwellings],
        "people": [dwelling.people for dwelling in dwellings],
        "compounds": [dwelling.compound for dwelling in dwellings],
        "addresses": [dwelling.address for dwelling in dwellings],
    }
    return _taken("grids_dwelling", _DWELLINGS, district, given, now, is_synthetic, whole)


@transaction.atomic
def take_lines(
    *, district: str, lines: Sequence[NewLine], now: datetime, is_synthetic: bool = False, whole: bool = False
) -> Taken:
    """Take over reference lines of a district. With `whole`, those that are not among them are removed."""
    _lock(district)
    given = {
        "ids": [line.source_id for line in lines],
        "wkbs": [shapely.to_wkb(lattice.to_lattice(line.shape), hex=True, output_dimension=2) for line in lines],
        "kinds": [line.kind for line in lines],
        "names": [line.name for line in lines],
        "barriers": [line.is_barrier for line in lines],
    }
    return _taken("grids_referenceline", _LINES, district, given, now, is_synthetic, whole)


def _column(dwellings: Sequence[NewDwelling], name: str) -> Floats:
    return np.array([getattr(dwelling, name) for dwelling in dwellings], dtype=np.float64)


def _taken(
    table: str, sql: str, district: str, given: dict[str, list[Any]], now: datetime, is_synthetic: bool, whole: bool
) -> Taken:
    with connection.cursor() as cursor:
        removed = 0
        if whole:
            cursor.execute(
                f"delete from {table} where district_id = %s and not source_id = any(%s)",
                [district, given["ids"]],
            )
            removed = cursor.rowcount
        cursor.execute(sql, {"district": district, "synthetic": is_synthetic, "now": now, **given})
        fresh = [is_new for (is_new,) in cursor.fetchall()]
    return Taken(sum(fresh), len(fresh) - sum(fresh), len(given["ids"]) - len(fresh), removed)


def _lock(district: str) -> None:
    """One load at a time in a district: the second finds what the first wrote."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s, %s)", [_LOCK_CLASS, int(district)])
