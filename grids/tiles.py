"""Vector tiles of what is published, for maps with more outlines than can be sent at once.

Made by PostGIS (`grids_tile`): towns at every zoom, villages from 11, grids from 13, and layers of names with a point
in every area and its width on the screen. Shared borders carry the same points on both sides; from zoom 13 on nothing
is simplified, before that by at most a quarter of a pixel. A tile belongs to a revision of its scope, which changes
with every publication and every name, so that a browser may keep it for ever.
"""

import hashlib
from dataclasses import astuple, dataclass

from django.core.cache import cache
from django.db import connection

from grids.levels import next_code

FURTHEST_ZOOM = 22
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
    with connection.cursor() as cursor:
        cursor.execute("SELECT grids_tile(%s, %s, %s, %s, %s)", [*astuple(address), *span(scope)])
        (made,) = cursor.fetchone()
    return bytes(made)
