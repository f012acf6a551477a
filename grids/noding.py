"""Vertices that a redraw put on the outline of its scope, and the same vertices in everything else along that outline.

A border that ends on the outline makes a vertex there, which lies within one lattice step of the old segment. Unless
all areas along that segment take it over, the outline fits nowhere any more. Pure.
"""

from collections.abc import Callable, Mapping
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from grids import lattice

Point = tuple[int, int]
# The ends of a segment, the smaller first, and what lies between them in that direction; in lattice keys.
Inserted = dict[tuple[Point, Point], list[Point]]

# How far a new vertex may lie from the old segment, squared, in lattice steps: it was rounded in both directions, and
# so were the new vertices between which it was put. Measured: 1.5 steps after 400 cuts that end on one outline.
_NEAR = 9.0


def inserted(old: BaseGeometry, new: BaseGeometry) -> Inserted | None:
    """The vertices `new` has more than `old`, by the segment of `old` they lie on.

    None if `new` is another outline: not just the rings of `old` with more vertices on their segments.
    """
    before, after = _rings(old), _rings(new)
    if len(before) != len(after):
        return None
    found: Inserted = {}
    for ring in before:
        mate = next((other for other in after if set(ring) <= set(other)), None)
        if mate is None or not _between(ring, mate, found):
            return None
        after.remove(mate)
    return found


def _between(ring: list[Point], mate: list[Point], found: Inserted) -> bool:
    """Add what `mate` has between the vertices of `ring` to `found`; whether it is that ring but for these."""
    places: dict[Point, int] = {}
    for number, point in enumerate(mate):
        places.setdefault(point, number)
    start = places[ring[0]]
    turned = [*mate[start:], *mate[:start], mate[start]]
    wanted = [*ring, ring[0]]
    number = 1
    for begin, end in pairwise(wanted):
        between = []
        while number < len(turned) and turned[number] != end:
            between.append(turned[number])
            number += 1
        if number == len(turned) or not all(_is_near(point, begin, end) for point in between):
            return False
        number += 1
        if between:
            found[(begin, end) if begin < end else (end, begin)] = between if begin < end else between[::-1]
    return number == len(turned)


def _is_near(point: Point, begin: Point, end: Point) -> bool:
    """Whether `point` lies on the segment, but for rounding. Integers are exact up to the last square."""
    along, across = (end[0] - begin[0], end[1] - begin[1]), (point[0] - begin[0], point[1] - begin[1])
    length = along[0] * along[0] + along[1] * along[1]
    reach = along[0] * across[0] + along[1] * across[1]
    off = along[0] * across[1] - along[1] * across[0]
    return 0 <= reach <= length and off * off <= _NEAR * length


def insert_into(shape: BaseGeometry, vertices: Inserted) -> BaseGeometry:
    """`shape` with the vertices on each of its segments that have some; the very same shape if none has."""
    if not vertices:
        return shape
    changed = False

    def ring(line: BaseGeometry) -> list[tuple[float, float]]:
        nonlocal changed
        points = [(int(x), int(y)) for x, y in lattice.keys(shapely.get_coordinates(line))]
        noded = [points[0]]
        for begin, end in pairwise(points):
            more = vertices.get((begin, end) if begin < end else (end, begin), [])
            changed |= bool(more)
            noded += [*(more if begin < end else more[::-1]), end]
        degrees: NDArray[np.float64] = lattice.degrees(np.array(noded, dtype=np.int64))
        return [(float(x), float(y)) for x, y in degrees]

    parts = [
        shapely.Polygon(ring(part.exterior), [ring(hole) for hole in part.interiors])
        for part in shapely.get_parts(shape)
    ]
    noded: BaseGeometry = shapely.multipolygons(parts)
    return noded if changed else shape


def joined(one: BaseGeometry, other: BaseGeometry) -> BaseGeometry | None:
    """The outline with the vertices of both, where each got its own on the line they share; None for other lines."""
    common = {point for ring in _rings(other) for point in ring}
    kept = [[point for point in ring if point in common] for ring in _rings(one)]
    if any(len(ring) < 3 for ring in kept):
        return None
    rings = iter(kept)
    degrees: Callable[[list[Point]], NDArray[np.float64]] = lambda ring: lattice.degrees(np.array(ring))  # noqa: E731
    parts = [
        shapely.Polygon(degrees(next(rings)), [degrees(next(rings)) for _hole in part.interiors])
        for part in shapely.get_parts(one)
    ]
    old = shapely.multipolygons(parts)
    ones, others = inserted(old, one), inserted(old, other)
    if ones is None or others is None:
        return None
    both = {ends: _in_order(ends, {*ones.get(ends, []), *others.get(ends, [])}) for ends in {*ones, *others}}
    return insert_into(old, both)


def _in_order(ends: tuple[Point, Point], points: set[Point]) -> list[Point]:
    """The points from the first of `ends` to the second."""
    (x, y), (east, north) = ends
    return sorted(points, key=lambda p: ((p[0] - x) * (east - x) + (p[1] - y) * (north - y), p))


def carriers(shapes: Mapping[str, BaseGeometry], vertices: Inserted) -> dict[str, BaseGeometry]:
    """Those of `shapes` that carry a segment with new vertices, with these in them."""
    noded = {code: insert_into(shape, vertices) for code, shape in shapes.items()}
    return {code: shape for code, shape in noded.items() if shape is not shapes[code]}


def box_of(vertices: Inserted) -> tuple[float, float, float, float]:
    """West, south, east, north of all that is touched, in degrees."""
    points = np.array([point for ends, between in vertices.items() for point in (*ends, *between)], dtype=np.int64)
    (west, south), (east, north) = lattice.degrees(points.min(axis=0)), lattice.degrees(points.max(axis=0))
    return float(west), float(south), float(east), float(north)


def _rings(shape: BaseGeometry) -> list[list[Point]]:
    """The rings as lattice keys, shells counter-clockwise and holes clockwise, none closed."""
    parts = shapely.orient_polygons(shapely.get_parts(shape), exterior_cw=False)
    keys: Callable[[BaseGeometry], NDArray[np.int64]] = lambda ring: lattice.keys(shapely.get_coordinates(ring))  # noqa: E731
    return [[(int(x), int(y)) for x, y in keys(ring)[:-1]] for ring in shapely.get_rings(parts)]
