"""Which outlines a map asks for, and a fingerprint that changes when any of them would be drawn differently."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.contrib.gis.db.models import Extent
from django.db import connection

from grids import selectors
from grids.levels import UnitKind, kind_of_code, parent_code, tier_code
from grids.models import Boundary, Person, Post, Unit
from grids.subtrees import covers

DRAWN = (UnitKind.DISTRICT, UnitKind.TOWN, UnitKind.VILLAGE, UnitKind.GRID)
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Wanted:
    """What one map shows: the boundaries of `kinds` under `scopes`, in `box`, of the units `only`."""

    scopes: tuple[str, ...]
    kinds: tuple[UnitKind, ...] = DRAWN
    box: Box | None = None
    only: tuple[str, ...] | None = None

    def geojson(self, at: datetime) -> str:
        """The FeatureCollection as text; shared borders carry the same points on both sides, none is simplified."""
        return selectors.boundaries_geojson(self.scopes, self.kinds, self.box, at, self.only)

    def fingerprint(self, at: datetime) -> str:
        """Changes with the plans in force, with names, and with grids that lose or gain their officer."""
        asked = repr((self.scopes, self.kinds, self.box, self.only))
        return hashlib.sha256(f"{asked} {_state(self.scopes, at)}".encode()).hexdigest()[:32]


# Under a few hundred units this costs a millisecond; the outlines themselves cost fifty times that.
_STATE = """
select count(*), sum(b.id), max(b.plan_id),
  md5(string_agg(u.code || u.name || u.short_name || (o.unit_id is null)::text, ',' order by u.code))
from unnest(%(districts)s::text[]) d(code)
join grids_boundary b on b.unit_id >= d.code and b.unit_id < d.code || 'Z'
join grids_unit u on u.code = b.unit_id
left join grids_post o on o.unit_id = u.code and o.is_primary and o.period @> %(at)s
where b.valid is not null and b.valid @> %(at)s
"""


def _state(scopes: Collection[str], at: datetime) -> tuple[object, ...]:
    with connection.cursor() as cursor:
        cursor.execute(_STATE, {"at": at, "districts": sorted({scope[:6] for scope in scopes})})
        row: tuple[object, ...] = cursor.fetchone()
    return row


def seen_by(person: Person, prefixes: Collection[str], *, now: datetime) -> tuple[str, ...]:
    """The districts whose outlines the person may look at: those served, whatever the post.

    Outlines and names of places are on every notice board; who serves there, and what happened, is not in them.
    """
    if "" in prefixes:
        tops = Unit.objects.filter(kind=UnitKind.DISTRICT, retired_at__isnull=True)
        return tuple(tops.order_by("code").values_list("code", flat=True))
    held = Post.objects.filter(person=person, period__contains=now).values_list("district", flat=True)
    wider = [prefix for prefix in prefixes if len(prefix) < 6]
    below = Unit.objects.filter(kind=UnitKind.DISTRICT, retired_at__isnull=True) if wider else Unit.objects.none()
    codes = {code for code in held if len(code) == 6} | {unit.pk for unit in below if covers(wider, unit.pk)}
    return tuple(sorted(codes))


def extent(code: str, at: datetime) -> str:
    """West, south, east, north of a unit's outline, for a map to begin with; empty for a unit without one."""
    found = Boundary.objects.filter(unit=code, valid__contains=at).aggregate(box=Extent("geom"))["box"]
    return ",".join(f"{edge:.6f}" for edge in found) if found else ""


def around(code: str) -> tuple[str, ...]:
    """A unit with what makes its place understood: the unit above, its neighbours under that, its own children."""
    place = tier_code(code)
    kind = kind_of_code(place)
    above = parent_code(place) if kind not in (UnitKind.PROVINCE, UnitKind.CITY, UnitKind.DISTRICT) else None
    found = {place, *selectors.children(place).values_list("code", flat=True)}
    if above:
        found |= {above, *selectors.children(above).values_list("code", flat=True)}
    return tuple(sorted(found))
