"""Putting corners where lines meet, on the lattice, so that a border is cut at the same points on all its sides. Pure.

This is snap rounding (Hobby), kept local: only the lattice points of a drawing are "hot". A line that passes through
the unit square around a hot point is led through the point. Lines that are led through the same hot points meet in
common corners only.
"""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from grids.coverage.plane import Point, Points, Segment, edge

# What may be put between the two ends of a segment, in order from the first to the second.
Chains = (
    Mapping[tuple[tuple[float, float], tuple[float, float]], Sequence[tuple[float, float]]]
    | Mapping[Segment, Sequence[Point]]
)

# Pairs compared at once, to bound the memory.
_AT_ONCE = 1_000_000


def insert_into(geometry: BaseGeometry, chains: Chains) -> BaseGeometry:
    """The polygon with corners put into the given segments, whichever way round it has them.

    Ordinates are compared exactly, so it works in degrees on the lattice and in the plane alike. Returns the same
    object if the polygon has none of the segments.
    """
    if not chains:
        return geometry
    both: dict[tuple[tuple[float, float], tuple[float, float]], list[tuple[float, float]]] = {}
    for (begin, end), between in chains.items():
        both[begin, end] = list(between)
        both[end, begin] = list(between)[::-1]
    corners = shapely.get_coordinates(geometry)
    touched = {tuple(row) for row in corners.tolist()}
    if not any(begin in touched and end in touched for begin, end in chains):
        return geometry
    changed = False
    parts = []
    for part in shapely.get_parts(geometry):
        rings = []
        for ring in shapely.get_rings(part):
            fresh, grew = _inserted([(x, y) for x, y in shapely.get_coordinates(ring).tolist()], both)
            changed |= grew
            rings.append(fresh)
        parts.append(Polygon(rings[0], rings[1:]))
    if not changed:
        return geometry
    return parts[0] if geometry.geom_type == "Polygon" else MultiPolygon(parts)


def _inserted(
    ring: list[tuple[float, float]],
    both: Mapping[tuple[tuple[float, float], tuple[float, float]], list[tuple[float, float]]],
) -> tuple[list[tuple[float, float]], bool]:
    result = [ring[0]]
    for begin, end in itertools.pairwise(ring):
        result.extend(both.get((begin, end), ()))
        result.append(end)
    return result, len(result) > len(ring)


def crossings(begins: Points, ends: Points, others_begin: Points, others_end: Points) -> set[Point]:
    """The lattice points nearest to where segments of the first kind meet segments of the other, not being parallel."""
    found: set[Point] = set()
    low, high = np.minimum(others_begin, others_end), np.maximum(others_begin, others_end)
    step = max(1, _AT_ONCE // max(1, len(low)))
    for start in range(0, len(begins), step):
        first, last = begins[start : start + step], ends[start : start + step]
        near = np.all(low <= np.maximum(first, last)[:, None], axis=2)
        near &= np.all(high >= np.minimum(first, last)[:, None], axis=2)
        one, other = np.nonzero(near)
        points = _meetings(first[one], last[one], others_begin[other], others_end[other])
        found.update((x, y) for x, y in points.tolist())
    return found


def _meetings(a: Points, b: Points, c: Points, d: Points) -> Points:
    """Where segments a-b and c-d meet, row by row, rounded; rows that do not meet in one point are left out."""
    along, across, offset = b - a, d - c, c - a
    span = along[:, 0] * across[:, 1] - along[:, 1] * across[:, 0]
    # How far along the one and the other, times the span.
    first = offset[:, 0] * across[:, 1] - offset[:, 1] * across[:, 0]
    second = offset[:, 0] * along[:, 1] - offset[:, 1] * along[:, 0]
    first, second, span = np.where(span < 0, [-first, -second, -span], [first, second, span])
    meets = (span > 0) & (first >= 0) & (first <= span) & (second >= 0) & (second <= span)
    share = (first[meets] / span[meets])[:, None]
    return np.rint(a[meets] + share * along[meets]).astype(np.int64)


def passes(begins: Points, ends: Points, points: Points) -> NDArray[np.bool_]:
    """Which segment (rows) passes through the unit square around which point (columns), its own ends apart."""
    a, b, p = begins[:, None], ends[:, None], points[None]
    within = np.all((p >= np.minimum(a, b)) & (p <= np.maximum(a, b)), axis=2)
    within &= np.any(p != a, axis=2) & np.any(p != b, axis=2)
    along, offset = b - a, p - a
    off = np.abs(along[..., 0] * offset[..., 1] - along[..., 1] * offset[..., 0])
    result: NDArray[np.bool_] = within & (2 * off <= np.abs(along).sum(axis=2))
    return result


def led_through(begins: Points, ends: Points, points: Points) -> dict[Segment, list[Point]]:
    """For every segment that passes through some of the points: which, in order. Keys are `edge`s: lesser end first."""
    if not len(begins) or not len(points):
        return {}
    turned = (begins[:, 0] > ends[:, 0]) | ((begins[:, 0] == ends[:, 0]) & (begins[:, 1] > ends[:, 1]))
    begins, ends = np.where(turned[:, None], ends, begins), np.where(turned[:, None], begins, ends)
    low, high = points.min(axis=0), points.max(axis=0)
    near = np.all((np.minimum(begins, ends) <= high) & (np.maximum(begins, ends) >= low), axis=1)
    begins, ends = begins[near], ends[near]
    found: dict[Segment, list[Point]] = {}
    step = max(1, _AT_ONCE // len(points))
    for start in range(0, len(begins), step):
        a, b = begins[start : start + step], ends[start : start + step]
        rows, columns = np.nonzero(passes(a, b, points))
        along = ((points[columns] - a[rows]) * (b[rows] - a[rows])).sum(axis=1)
        for number in np.lexsort((along, rows)).tolist():
            row = rows[number]
            (ax, ay), (bx, by), (x, y) = a[row].tolist(), b[row].tolist(), points[columns[number]].tolist()
            chain = found.setdefault(((ax, ay), (bx, by)), [])
            if (x, y) not in chain:
                chain.append((x, y))
    return found


def draw(lines: Sequence[Sequence[Point]], begins: Points, ends: Points) -> set[Segment]:
    """Lines cut at each other, and led through the corners and across the segments (`begins`, `ends`) they meet.

    The result's corners are the hot points to lead those segments through.
    """
    pairs = [(p, q) for line in lines for p, q in itertools.pairwise(line) if p != q]
    if not pairs:
        return set()
    drawn = np.array(pairs, dtype=np.int64)
    first, last = drawn[:, 0], drawn[:, 1]
    low, high = drawn.min(axis=(0, 1)) - 1, drawn.max(axis=(0, 1)) + 1
    near = np.all((np.minimum(begins, ends) <= high) & (np.maximum(begins, ends) >= low), axis=1)
    begins, ends = begins[near], ends[near]
    hot = {(x, y) for x, y in drawn.reshape(-1, 2).tolist()}
    hot |= crossings(first, last, begins, ends) | crossings(first, last, first, last)
    hot |= {(x, y) for x, y in begins.tolist()}
    chains = led_through(first, last, np.array(sorted(hot), dtype=np.int64))
    result = set()
    for begin, end in pairs:
        low_end, high_end = edge(begin, end)
        path = [low_end, *chains.get((low_end, high_end), ()), high_end]
        result |= {edge(p, q) for p, q in itertools.pairwise(path)}
    return result


def corners(drawn: set[Segment]) -> Points:
    """All end points of segments."""
    return np.array(sorted({p for pair in drawn for p in pair}), dtype=np.int64).reshape(-1, 2)
