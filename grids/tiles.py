"""Vector tiles of what is published, for maps with more outlines than can be sent at once.

Made by PostGIS in one statement: towns up to zoom 10, villages from 11, grids from 13, and a layer `names` with a point
in every area and its width on the screen. Shared borders carry the same points on both sides; from zoom 13 on nothing is
simplified, before that by at most a quarter of a pixel. A tile belongs to a revision of its scope, which changes with
every publication and every name, so that a browser may keep it for ever.
"""

import hashlib
from dataclasses import dataclass

from django.core.cache import cache
from django.db import connection

from grids.levels import UnitKind, next_code

FURTHEST_ZOOM = 22
EXTENT, BUFFER = 4096, 64
# A revision is asked for with every tile and costs a range of the index: it may be this many seconds old.
REVISION_LASTS = 20
TILE_LASTS = 24 * 3600
# Tiles much bigger than this would push everything else out of the cache.
KEPT_BYTES = 512 * 1024


@dataclass(frozen=True, order=True)
class Address:
    """Which tile: of the web's own scheme, zoom 0 being the whole world."""

    zoom: int
    column: int
    row: int

    @property
    def exists(self) -> bool:
        return 0 <= self.zoom <= FURTHEST_ZOOM and 0 <= self.column < 2**self.zoom and 0 <= self.row < 2**self.zoom

    @property
    def kinds(self) -> tuple[UnitKind, ...]:
        """What a tile of this zoom shows, the widest first."""
        shown = [UnitKind.DISTRICT, UnitKind.TOWN]
        if self.zoom >= 11:
            shown.append(UnitKind.VILLAGE)
        if self.zoom >= 13:
            shown.append(UnitKind.GRID)
        return tuple(shown)


# Quarter of a pixel in degrees of longitude at zoom 0.
_QUARTER_PIXEL = 360 / 256 / 4

_TILE = """
with cut as (
  select st_tileenvelope(%(z)s, %(x)s, %(y)s) as tile,
         st_setsrid(st_transform(st_tileenvelope(%(z)s, %(x)s, %(y)s, margin => %(margin)s), 4326), 4490) as ground),
shown as materialized (
  select u.code, coalesce(nullif(u.short_name, ''), u.name) as name, b.kind, p.is_synthetic as synthetic,
         round(256 * (st_xmax(b.geom) - st_xmin(b.geom)) / (360 / 2 ^ %(z)s::int))::int as width,
         st_transform(st_setsrid({simple}, 4326), 3857) as shape
  from cut join grids_boundary b on b.geom && cut.ground
    join grids_unit u on u.code = b.unit_id join grids_plan p on p.id = b.plan_id
  where b.valid is not null and b.kind = %(kind)s and b.valid @> now()
    and b.unit_id >= %(begin)s and b.unit_id < %(end)s),
lines as (
  select code, name, kind, synthetic, st_asmvtgeom(shape, tile, %(extent)s, %(buffer)s, true) as geom from shown, cut),
points as (
  select code, name, kind, width, st_asmvtgeom(st_pointonsurface(shape), tile, %(extent)s, 0, true) as geom
  from shown, cut where width >= 24)
select (select st_asmvt(lines, %(kind)s, %(extent)s, 'geom') from lines where geom is not null),
       (select st_asmvt(points, %(names)s, %(extent)s, 'geom') from points where geom is not null)
"""

_REVISION = """
select count(*), sum(b.id), sum(hashtext(u.name || '|' || u.short_name)::bigint)
from grids_boundary b join grids_unit u on u.code = b.unit_id
where b.unit_id >= %s and b.unit_id < %s and b.valid is not null and b.valid @> now()
"""


def span(scope: str) -> tuple[str, str]:
    """The range of codes below `scope`; the empty scope is everything."""
    return (scope, next_code(scope)) if scope else ("", "Z")


def revision(scope: str) -> str:
    """Changes whenever a tile of the scope would be drawn differently; at most REVISION_LASTS seconds old."""
    key = f"tiles:revision:{scope}"
    found: str | None = cache.get(key)
    if found is None:
        with connection.cursor() as cursor:
            cursor.execute(_REVISION, span(scope))
            found = hashlib.sha256(repr(cursor.fetchone()).encode()).hexdigest()[:16]
        cache.set(key, found, REVISION_LASTS)
    return found


def count(scope: str) -> int:
    """How many grids are published under the scope; as old as a revision may be."""
    key = f"tiles:grids:{scope}"
    found: int | None = cache.get(key)
    if found is None:
        begin, end = span(scope)
        with connection.cursor() as cursor:
            cursor.execute(
                "select count(*) from grids_boundary where kind = 'grid' and valid is not null and valid @> now() "
                "and unit_id >= %s and unit_id < %s",
                [begin, end],
            )
            (found,) = cursor.fetchone()
        cache.set(key, found, REVISION_LASTS)
    return found


def tile(scope: str, address: Address) -> bytes:
    """The tile as a Mapbox vector tile, kept in the cache under its revision. Empty where nothing lies."""
    key = f"tile:{scope}:{revision(scope)}:{address.zoom}:{address.column}:{address.row}"
    kept: bytes | None = cache.get(key)
    if kept is not None:
        return kept
    made = _made(scope, address)
    if len(made) <= KEPT_BYTES:
        cache.set(key, made, TILE_LASTS)
    return made


def _made(scope: str, address: Address) -> bytes:
    begin, end = span(scope)
    given = {
        "z": address.zoom,
        "x": address.column,
        "y": address.row,
        "margin": BUFFER / EXTENT,
        "extent": EXTENT,
        "buffer": BUFFER,
        "begin": begin,
        "end": end,
        "tolerance": _QUARTER_PIXEL / 2**address.zoom,
    }
    simple = "b.geom" if address.zoom >= 13 else "st_simplify(b.geom, %(tolerance)s, true)"
    areas, names = [], []
    with connection.cursor() as cursor:
        for kind in address.kinds:
            cursor.execute(_TILE.format(simple=simple), {**given, "kind": kind.value, "names": f"names_{kind.value}"})
            lines, points = cursor.fetchone()
            areas.append(bytes(lines or b""))
            names.append(bytes(points or b""))
    # Layers of a vector tile are simply put one after the other.
    return b"".join([*areas, *names])
