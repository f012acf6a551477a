"""Reads of places and people that other modules and apps may use."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.gis.geos import Point
from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from grids import statements
from grids.datums import SRID
from grids.duties import Duty
from grids.levels import UnitKind, district_of, next_code, parent_code
from grids.models import DistrictProfile, Person, Post, Unit
from grids.subtrees import within

NEAREST_METRES = 200
# At any latitude of China 200 m is less than this many degrees, east or north.
NEAREST_DEGREES = 0.004


@dataclass(frozen=True)
class GridHit:
    """The grid that has a point, the version of its boundary, and how it was found.

    `located_by` is "inside", "tie" (on a border, decided by the rule) or "nearest" (outside, `distance_m` metres off).
    """

    unit_code: str
    boundary_id: int
    located_by: str
    distance_m: float


# A function of the database, whose plan lives as long as the session: planning cost twice what looking costs. It knows
# how near is near enough by itself, as each value handed over costs a tenth of the look.
_HOLDING_NOW, _HOLDING_THEN = "SELECT grids_holding(%s, %s, now())", "SELECT grids_holding(%s, %s, %s)"
_HOLDING_FIRMLY = "SELECT grids_holding_firmly(%s, %s)"


def grid_at(
    point: Point | tuple[float, float], at: datetime | None = None, *, prefer: str = "", firmly: bool = False
) -> GridHit | None:
    """The grid holding `point` (CGCS2000 degrees) at the moment `at` (None: now); None beyond 200 m of any.

    On a border the grid `prefer` wins (the reporting officer's own), else the lowest code. `firmly`: the answer holds
    until the transaction ends, as no redraw takes effect in the district before; one that is under way is waited for.
    """
    # Numbers of numpy are floats to Python and none to the database.
    longitude, latitude = map(float, point if isinstance(point, tuple) else (point.x, point.y))
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        return None
    with connection.cursor() as cursor:
        if firmly:
            cursor.execute(_HOLDING_FIRMLY, (longitude, latitude))
        elif at is None:
            cursor.execute(_HOLDING_NOW, (longitude, latitude))
        else:
            cursor.execute(_HOLDING_THEN, (longitude, latitude, at))
        (found,) = cursor.fetchone()
    if not found:
        return None
    first = found[0] if len(found) == 1 else min(found, key=lambda held: (not held.startswith(f"{prefer} "), held))
    unit_code, boundary_id, *metres = first.split()
    if metres:
        return GridHit(unit_code, int(boundary_id), "nearest", round(float(metres[0]), 1))
    return GridHit(unit_code, int(boundary_id), "inside" if len(found) == 1 else "tie", 0.0)


def hold(*codes: str) -> datetime:
    """Let no redraw take effect in the districts of these units until the transaction ends; the moment from which on.

    A redraw under way is waited for, so this comes before any lock on a row (docs/decisions/0019).
    """
    districts = sorted({district_of(code) for code in codes})
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(grids_hold(code)) FROM unnest(%s::text[]) AS given (code)", [districts])
        moment: datetime | None = cursor.fetchone()[0]
    assert moment is not None, "of no unit there is nothing to hold"
    return moment


_MANY = """
with p as materialized (
  select n, st_setsrid(st_makepoint(lon, lat), 4490) as g
  from unnest(%(numbers)s::int[], %(lons)s::float8[], %(lats)s::float8[]) as given (n, lon, lat)),
held as materialized (
  select p.n, b.unit_id, b.id from p join grids_boundary b
    on b.kind = 'grid' and b.valid is not null and b.valid @> {at} and st_intersects(b.geom, p.g))
select distinct on (n) n, unit_id, id, count(*) over (partition by n), 0::float8 from held order by n, unit_id
"""

_MANY_NEAREST = """
with p as materialized (
  select n, st_setsrid(st_makepoint(lon, lat), 4490) as g
  from unnest(%(numbers)s::int[], %(lons)s::float8[], %(lats)s::float8[]) as given (n, lon, lat))
select distinct on (n) n, unit_id, id, 1, d from (
  select p.n, b.unit_id, b.id, st_distance(b.geom::geography, p.g::geography) d from p join grids_boundary b
    on b.kind = 'grid' and b.valid is not null and b.valid @> {at} and b.geom && st_expand(p.g, %(reach)s)) near
where d <= %(metres)s order by n, d, unit_id
"""


def grids_at(points: Sequence[tuple[float, float]], at: datetime | None = None) -> list[GridHit | None]:
    """The same as `grid_at` for many points (CGCS2000 degrees) at once, in their order. Two statements."""
    found: list[GridHit | None] = [None] * len(points)
    moment = "now()" if at is None else "%(at)s"
    left = [n for n, (lon, lat) in enumerate(points) if -180 <= lon <= 180 and -90 <= lat <= 90]
    with connection.cursor() as cursor:
        for sql in (_MANY, _MANY_NEAREST):
            given: dict[str, Any] = {
                "numbers": left,
                "lons": [points[n][0] for n in left],
                "lats": [points[n][1] for n in left],
                "at": at,
                "reach": NEAREST_DEGREES,
                "metres": NEAREST_METRES,
            }
            cursor.execute(sql.format(at=moment), given)
            for n, code, boundary, times, distance in cursor.fetchall():
                how = "nearest" if sql is _MANY_NEAREST else "inside" if times == 1 else "tie"
                found[n] = GridHit(code, boundary, how, round(distance, 1))
            left = [n for n in left if found[n] is None]
    return found


def unit(code: str) -> Unit:
    """The unit with this code, retired or not; raises Unit.DoesNotExist."""
    return Unit.objects.get(pk=code)


def unit_with_parent(code: str) -> Unit:
    """The same, with the unit above it. One query; raises Unit.DoesNotExist."""
    above = parent_code(code)
    found = with_units_above([code] if above is None else [code, above])
    if code not in found:
        raise Unit.DoesNotExist
    return found[code]


def with_units_above(codes: Collection[str]) -> dict[str, Unit]:
    """The units of `codes` that there are, each with its parent as far as that is among them. One query."""
    units = statements.read(Unit, "WHERE code = ANY(%s)", [list(codes)])
    found = {one.pk: one for one in units}
    for one in found.values():
        if one.parent_id in found:
            one.parent = found[one.parent_id]
    return found


def children(code: str, *, with_retired: bool = False) -> QuerySet[Unit]:
    """The units directly below, in the order of their codes."""
    found = Unit.objects.filter(parent=code)
    return found if with_retired else found.filter(retired_at__isnull=True)


def subtree(code: str, *, with_retired: bool = False) -> QuerySet[Unit]:
    """The unit itself and all below it, in the order of their codes; one range of the index."""
    found = Unit.objects.filter(within([code]))
    return found if with_retired else found.filter(retired_at__isnull=True)


def primary_officer(grid_code: str, at: datetime) -> Person | None:
    """The officer responsible for the grid at that moment; None if the post is vacant or the account closed."""
    serving = Person.objects.filter(posts__unit=grid_code, posts__is_primary=True, posts__period__contains=at)
    return serving.filter(is_active=True).first()


def primary_officers(grid_codes: Collection[str], at: datetime) -> dict[str, int]:
    """The id of the officer responsible for each of the grids at that moment; vacant ones are left out. One query."""
    held = Post.objects.filter(unit__in=grid_codes, is_primary=True, period__contains=at, person__is_active=True)
    return dict(held.values_list("unit", "person"))


def duty_contacts(codes: Collection[str]) -> dict[str, int | None]:
    """The id of the duty contact of each of the units, None where none is named. One query."""
    return dict(Unit.objects.filter(pk__in=codes).values_list("pk", "duty_contact"))


def people_of(unit_code: str, at: datetime) -> QuerySet[Post]:
    """The posts in force at the unit, each with its person."""
    return Post.objects.filter(unit=unit_code, period__contains=at).select_related("person")


def people_with_duty(unit_code: str, duties: Iterable[Duty], at: datetime) -> list[Person]:
    """The active people who hold one of `duties` at the unit at that moment, each once."""
    holding = Post.objects.filter(person=OuterRef("pk"), unit=unit_code, duty__in=list(duties), period__contains=at)
    return list(Person.objects.filter(Exists(holding), is_active=True).order_by("pk"))


def people_on_duty(units: Collection[str], duties: Iterable[Duty], at: datetime) -> dict[tuple[str, Duty], list[int]]:
    """The ids of the active people holding each of `duties` at each of `units` at that moment. One query."""
    found: dict[tuple[str, Duty], list[int]] = {}
    held = Post.objects.filter(
        unit__in=units, duty__in=list(duties), period__contains=at, person__is_active=True
    ).order_by("person")
    for code, duty, person in held.values_list("unit", "duty", "person"):
        found.setdefault((code, Duty(duty)), []).append(person)
    return found


_UNITS_SERVED = "SELECT unit_id FROM grids_post WHERE person_id = %s AND period @> %s::timestamptz AND duty <> %s"


def units_served(person: Person, *, at: datetime) -> set[str]:
    """The codes of the units whose work `person` shares at that moment. One query.

    A grid's supervisor shares none: the post is there to check what the grid did, and nobody is its officer too.
    """
    with connection.cursor() as cursor:
        cursor.execute(_UNITS_SERVED, [person.pk, at, Duty.SUPERVISOR.value])
        return {code for (code,) in cursor.fetchall()}


def posts_of(person: Person, at: datetime) -> QuerySet[Post]:
    """The posts `person` holds at that moment, each with its unit, widest unit first."""
    return Post.objects.filter(person=person, period__contains=at).select_related("unit").order_by("unit_id", "duty")


def vacancies(prefixes: Iterable[str], at: datetime) -> QuerySet[Unit]:
    """The living grids under `prefixes` that have no primary officer with an open account at that moment."""
    served = Post.objects.filter(unit=OuterRef("pk"), is_primary=True, period__contains=at, person__is_active=True)
    grids = Unit.objects.filter(within(prefixes), kind=UnitKind.GRID, retired_at__isnull=True)
    return grids.exclude(Exists(served))


def profile_for(district: str) -> DistrictProfile:
    """How the district runs: its own row, else the installation's, else the built-in default (unsaved)."""
    # NULL sorts last, so the district's own row comes first.
    ending = "WHERE district_id = %s OR district_id IS NULL ORDER BY district_id LIMIT 1"
    found = statements.read(DistrictProfile, ending, [district])
    return found[0] if found else DistrictProfile()


_FEATURES = """
select coalesce(json_agg(json_build_object(
    'type', 'Feature', 'id', u.code, 'geometry', st_asgeojson(
      case when st_numgeometries(b.geom) = 1 then st_geometryn(b.geom, 1) else b.geom end, 7, 0)::json,
    'properties', json_build_object('code', u.code, 'name', coalesce(nullif(u.short_name, ''), u.name),
      'kind', u.kind, 'grid_kind', u.grid_kind, 'parent', u.parent_id, 'synthetic', p.is_synthetic,
      'vacant', u.kind = 'grid' and not exists (select 1 from grids_post o
        join grids_person h on h.id = o.person_id and h.is_active
        where o.unit_id = u.code and o.is_primary and o.period @> {at})))
  order by u.code), '[]'::json)::text
from grids_boundary b join grids_unit u on u.code = b.unit_id join grids_plan p on p.id = b.plan_id
where b.valid is not null and b.valid @> {at} and b.kind = any(%(kinds)s) and ({scope}) {box}
"""


def boundaries_geojson(
    scope: str | Collection[str],
    kinds: Iterable[UnitKind],
    bbox: tuple[float, float, float, float] | None = None,
    at: datetime | None = None,
    only: Collection[str] | None = None,
) -> str:
    """A GeoJSON FeatureCollection, as text with 7 decimals, of the boundaries of `kinds` under the code(s) `scope`.

    `bbox` is west, south, east, north in degrees; `only` narrows to these units. Built in PostgreSQL, which is 20
    times faster than here.
    """
    prefixes = [scope] if isinstance(scope, str) else list(scope)
    given: dict[str, Any] = {"kinds": [kind.value for kind in kinds], "at": at, "srid": SRID}
    ranges = []
    for number, prefix in enumerate(prefixes):
        if prefix:
            given |= {f"from{number}": prefix, f"to{number}": next_code(prefix)}
            ranges.append(f"(b.unit_id >= %(from{number})s and b.unit_id < %(to{number})s)")
        else:
            ranges.append("true")
    box = ""
    if bbox is not None:
        given |= dict(zip(("west", "south", "east", "north"), bbox, strict=True))
        box = "and b.geom && st_makeenvelope(%(west)s, %(south)s, %(east)s, %(north)s, %(srid)s)"
    if only is not None:
        given["only"] = list(only)
        box += " and b.unit_id = any(%(only)s)"
    sql = _FEATURES.format(at="now()" if at is None else "%(at)s", scope=" or ".join(ranges) or "false", box=box)
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        (features,) = cursor.fetchone()
    return f'{{"type": "FeatureCollection", "features": {features}}}'
