"""The grounds of the studio's bench, made up: a quarter of eight streets to draw in, and a city of grids to look at."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import numpy as np
import shapely

QUARTER, CITY = "511112", "511113"
# The city lies east of the demo district; a grid of it is about 0.1 square kilometres.
CITY_CORNER, CITY_STEP = (104.2, 29.0), 0.0033
_TOWN, _VILLAGE = 18, 3
# Points between the corners of a side.
_BENDS = 7
_BATCH = 20_000


def quarter(now: datetime) -> Any:
    """A district of eight streets, one grid each, published and with its dwellings; the unit."""
    from grids import ground, hierarchy, plans
    from grids.demo import street
    from grids.ground import NewDwelling, NewLine
    from grids.hierarchy import NewUnit
    from grids.models import Unit

    villages = tuple(f"{QUARTER}{number:03d}001" for number in range(1, 9))
    codes = [QUARTER, *(village[:9] for village in villages), *villages, *(f"{village}001" for village in villages)]
    hierarchy.create_units(units=[NewUnit(code=code, name=f"示意{code[6:] or '区'}") for code in codes], now=now)
    drawn = street.draw(seed=1, codes=villages).ground
    shapes = {f"{code}001": shape for code, shape in drawn.regions.items()}
    district = Unit.objects.get(pk=QUARTER)
    frame = shapely.coverage_union_all(list(shapes.values()))
    plan = plans.draft(scope=district, title="bench", now=now, grids=shapes, frame=frame, is_synthetic=True)
    plans.publish(plan=plan, at=now, now=now)
    given = drawn.dwellings
    rows = zip(given.spots.tolist(), given.households.tolist(), given.compounds, strict=True)
    dwellings = [
        NewDwelling(f"b{number}", spot[0], spot[1], count, compound=compound)
        for number, (spot, count, compound) in enumerate(rows)
    ]
    ground.take_dwellings(district=QUARTER, dwellings=dwellings, now=now, is_synthetic=True)
    lines = [NewLine(f"l{number}", line.kind, line.shape) for number, line in enumerate(drawn.lines)]
    ground.take_lines(district=QUARTER, lines=lines, now=now, is_synthetic=True)
    return district


def city(grids: int, now: datetime) -> int:
    """About so many grids in force in a district of their own, in villages and towns; how many there are.

    Written past the guards, which would prove what is made to tile: the bench proves it itself.
    """
    from django.db import connection, transaction

    from grids.models import Plan, Unit

    side = round(grids**0.5)
    cells = _cells(side)
    codes = _codes(side)
    shapes = {code: cells[number] for number, code in enumerate(codes)}
    for length in (12, 9, 6):
        shapes |= _unions({code: shape for code, shape in shapes.items() if len(code) == length + 3}, length)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        _units(cursor, sorted(shapes), now)
        plan = Plan.objects.create(
            scope=Unit.objects.get(pk=CITY),
            title="bench city",
            status="published",
            is_synthetic=True,
            frame=_stored(shapes[CITY]),
            certificate={},
            created_at=now,
            published_at=now,
            effective_at=now,
        )
        for batch in _batches(sorted(shapes)):
            _boundaries(cursor, plan.pk, {code: shapes[code] for code in batch}, now)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE grids_boundary, grids_unit")
    return len(codes)


def _cells(side: int) -> Any:
    """Crooked squares that share every point of their sides, 32 points each."""
    from grids import lattice

    dice = np.random.default_rng(1)
    corners = np.stack(np.meshgrid(np.arange(side + 1.0), np.arange(side + 1.0), indexing="ij"), axis=-1)
    corners += dice.uniform(-0.2, 0.2, corners.shape)
    level = _sides(corners[:-1], corners[1:], dice)
    upright = _sides(corners[:, :-1], corners[:, 1:], dice)
    rings = np.concatenate(
        [level[:, :-1, :-1], upright[1:, :, :-1], level[:, 1:, :0:-1], upright[:-1, :, :0:-1]], axis=2
    )  # south, east, north and west of each square, every side without its last point
    whole = np.concatenate([rings, rings[:, :, :1]], axis=2).reshape(side * side, -1, 2)
    return shapely.polygons(lattice.degrees(lattice.keys(whole * CITY_STEP + np.array(CITY_CORNER))))


def _sides(begins: Any, ends: Any, dice: Any) -> Any:
    """The points of each side from begin to end, both included but bent between."""
    parts = np.linspace(0, 1, _BENDS + 2)[:, None]
    points = begins[:, :, None] * (1 - parts) + ends[:, :, None] * parts
    points[:, :, 1:-1] += dice.uniform(-0.02, 0.02, points[:, :, 1:-1].shape)
    return points


def _codes(side: int) -> list[str]:
    """A code for each square, 9 in a village and 36 villages in a town."""
    towns = -(-side // _TOWN)
    found = []
    for x in range(side):
        for y in range(side):
            town = x // _TOWN * towns + y // _TOWN + 1
            village = x % _TOWN // _VILLAGE * (_TOWN // _VILLAGE) + y % _TOWN // _VILLAGE + 1
            grid = x % _VILLAGE * _VILLAGE + y % _VILLAGE + 1
            found.append(f"{CITY}{town:03d}{village:03d}{grid:03d}")
    return found


def _unions(shapes: dict[str, Any], length: int) -> dict[str, Any]:
    members: dict[str, list[Any]] = {}
    for code, shape in shapes.items():
        members.setdefault(code[:length], []).append(shape)
    return {code: shapely.coverage_union_all(parts) for code, parts in members.items()}


def _units(cursor: Any, codes: list[str], now: datetime) -> None:
    kinds = {6: "district", 9: "town", 12: "village", 15: "grid"}
    cursor.execute(
        "insert into grids_unit (code, kind, name, short_name, parent_id, grid_kind, boundary_basis, address, "
        "duty_phone, created_at) select code, kind, '示意' || right(code, 3), '', parent, "
        "case kind when 'grid' then 'comprehensive' else '' end, '', '', '', %s "
        "from unnest(%s::text[], %s::text[], %s::text[]) as given (code, kind, parent)",
        [now, codes, [kinds[len(code)] for code in codes], [code[:-3] if len(code) > 6 else None for code in codes]],
    )


def _boundaries(cursor: Any, plan: int, shapes: dict[str, Any], now: datetime) -> None:
    kinds = {6: "district", 9: "town", 12: "village", 15: "grid"}
    wkbs = [shapely.to_wkb(shape, hex=True, byte_order=1) for shape in shapes.values()]
    cursor.execute(
        "insert into grids_boundary (unit_id, plan_id, kind, geom, valid) select code, %s, kind, "
        "st_multi(st_geomfromwkb(decode(wkb, 'hex'), 4490)), tstzrange(%s, null) "
        "from unnest(%s::text[], %s::text[], %s::text[]) as given (code, kind, wkb)",
        [plan, now, list(shapes), [kinds[len(code)] for code in shapes], wkbs],
    )


def _batches(codes: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(codes), _BATCH):
        yield codes[start : start + _BATCH]


def _stored(shape: Any) -> Any:
    from grids import lattice

    return lattice.to_db(shape)
