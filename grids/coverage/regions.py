"""Where a coverage is covered too little or too often: the regions between segments that do not cancel. Pure.

The signed sum of all segments is the border of the function "areas covering a point, less one inside of the frame"
(see `grids.proof`). The segments left over are cut at each other on the lattice and summed again. What cancels now
were borders that coincide without the same corners; the rest encloses the regions where the function is not 0. No
area is compared with another to find them, so the work grows with the faults and not with the town.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon

from grids import proof
from grids.coverage import plane
from grids.coverage.plane import FRAME, Point, Points, Segment, Sheet


@dataclass(frozen=True)
class Region:
    """A face of the plane that is covered `depth` times too often; -1: by nobody. `beside`: metres of border by owner
    (FRAME too), the longest first."""

    face: Polygon
    depth: int
    beside: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class LooseCorner:
    """A corner on a common border that not every owner has; FRAME may be among them."""

    at: Point
    lacking: tuple[int, ...]
    having: tuple[int, ...]


@dataclass(frozen=True)
class Survey:
    """Everything that keeps a coverage of valid areas from tiling its frame; nothing: it tiles."""

    regions: tuple[Region, ...]
    corners: tuple[LooseCorner, ...]


@dataclass(frozen=True)
class _Open:
    """Segments that do not cancel, lesser end first, with what is left of them and who has them."""

    begins: Points
    ends: Points
    weights: NDArray[np.int64]
    owners: list[tuple[int, ...]]


def survey(sheet: Sheet) -> Survey:
    """All regions and loose corners of a sheet of valid areas."""
    left = _open(sheet)
    if not len(left.begins):
        return Survey((), ())
    parents, begins, ends, inner = _cut(left)
    weights = _sums(begins, ends, left.weights[parents])
    corners = tuple(_loose_corners(left, inner, weights))
    border = weights != 0
    regions = tuple(_regions(sheet, left, parents[border], begins[border], ends[border], weights[border]))
    return Survey(regions, corners)


def _open(sheet: Sheet) -> _Open:
    geometries = np.array([*sheet.shapes.values(), sheet.frame], dtype=object)
    parts, of_geometry = shapely.get_parts(geometries, return_index=True)
    begins, ends, number = plane.segments(shapely.orient_polygons(parts, exterior_cw=False))
    owners = np.array([*sheet.keys, FRAME], dtype=np.int64)[of_geometry[number]]
    low, high, weights, group = proof.summed(
        proof.pack(begins), proof.pack(ends), np.where(owners == FRAME, -1, 1).astype(np.int64)
    )
    chosen = np.flatnonzero(weights)
    rank = np.full(len(weights), -1)
    rank[chosen] = np.arange(len(chosen))
    held: list[set[int]] = [set() for _number in chosen]
    for row in np.flatnonzero(rank[group] >= 0):
        held[rank[group[row]]].add(int(owners[row]))
    return _Open(
        proof.unpacked(low[chosen]), proof.unpacked(high[chosen]), weights[chosen], [tuple(sorted(s)) for s in held]
    )


def _cut(left: _Open) -> tuple[NDArray[np.intp], Points, Points, list[tuple[int, Point, int]]]:
    """The segments cut at each other: number of the whole, begin and end of each piece; and every corner put into
    one, as (number of the whole, corner, number of the piece that ends there)."""
    lines = shapely.linestrings(np.stack([left.begins, left.ends], axis=1).astype(np.float64))
    tree = shapely.STRtree(lines)
    hot = np.unique(np.concatenate([left.begins, left.ends, _crossings(left, lines, tree)]), axis=0)
    number, whole = tree.query(shapely.points(hot.astype(np.float64)), predicate="dwithin", distance=0.75)
    a, b, p = left.begins[whole], left.ends[whole], hot[number]
    along, offset = b - a, p - a
    within = np.all((p >= np.minimum(a, b)) & (p <= np.maximum(a, b)), axis=1)
    within &= np.any(p != a, axis=1) & np.any(p != b, axis=1)
    off = np.abs(along[:, 0] * offset[:, 1] - along[:, 1] * offset[:, 0])
    within &= 2 * off <= np.abs(along).sum(axis=1)
    whole, p, share = whole[within], p[within], (offset * along).sum(axis=1)[within]
    count = len(left.begins)
    every = np.concatenate([np.arange(count), whole, np.arange(count)])
    points = np.concatenate([left.begins, p, left.ends])
    reach = np.concatenate([np.full(count, -1), share, np.full(count, np.iinfo(np.int64).max)])
    order = np.lexsort((reach, every))
    every, points = every[order], points[order]
    same = every[1:] == every[:-1]
    piece = np.cumsum(same) - 1
    middle = np.flatnonzero(same[:-1] & same[1:]) + 1
    inner = [
        (int(every[row]), (x, y), int(piece[row - 1]))
        for row, (x, y) in zip(middle, points[middle].tolist(), strict=True)
    ]
    return every[:-1][same], points[:-1][same], points[1:][same], inner


def _crossings(left: _Open, lines: NDArray[np.object_], tree: shapely.STRtree) -> Points:
    one, other = tree.query(lines, predicate="intersects")
    once = one < other
    one, other = one[once], other[once]
    a, b = left.begins[one], left.ends[one] - left.begins[one]
    c, d = left.begins[other], left.ends[other] - left.begins[other]
    span = b[:, 0] * d[:, 1] - b[:, 1] * d[:, 0]
    offset = c - a
    share = offset[:, 0] * d[:, 1] - offset[:, 1] * d[:, 0]
    crossing = span != 0
    reach = share[crossing] / span[crossing]
    return np.rint(a[crossing] + reach[:, None] * b[crossing]).astype(np.int64)


def _sums(begins: Points, ends: Points, weights: NDArray[np.int64]) -> NDArray[np.int64]:
    """For every piece the sum over all pieces between the same two corners, in its own direction."""
    first, last = proof.pack(begins), proof.pack(ends)
    _low, _high, total, group = proof.summed(first, last, weights)
    result: NDArray[np.int64] = total[group] * np.where(first < last, 1, -1)
    return result


def _loose_corners(
    left: _Open, inner: list[tuple[int, Point, int]], weights: NDArray[np.int64]
) -> Iterator[LooseCorner]:
    """Corners put into a segment where the border cancels on both sides; at a region's corner the region is told."""
    lacking: dict[Point, set[int]] = {}
    for whole, at, piece in inner:
        if weights[piece] == 0 and weights[piece + 1] == 0:
            lacking.setdefault(at, set()).update(left.owners[whole])
    if not lacking:
        return
    having: dict[Point, set[int]] = {}
    for points in (left.begins, left.ends):
        for (x, y), owners in zip(points.tolist(), left.owners, strict=True):
            if (x, y) in lacking:
                having.setdefault((x, y), set()).update(owners)
    for at in sorted(lacking):
        others = having.get(at, set()) - lacking[at]
        yield LooseCorner(at, tuple(sorted(lacking[at])), tuple(sorted(others)))


def _regions(
    sheet: Sheet,
    left: _Open,
    parents: NDArray[np.intp],
    begins: Points,
    ends: Points,
    weights: NDArray[np.int64],
) -> Iterator[Region]:
    if not len(begins):
        return
    first, last = proof.pack(begins), proof.pack(ends)
    low, high = np.minimum(first, last), np.maximum(first, last)
    _pairs, chosen = np.unique(np.stack([low, high], axis=1), axis=0, return_index=True)
    lines = shapely.linestrings(np.stack([begins[chosen], ends[chosen]], axis=1).astype(np.float64))
    found = np.array([None, *plane.polygons(shapely.polygonize(lines))], dtype=object)[1:]
    depths = _depths(found, begins[chosen], ends[chosen], weights[chosen])
    held: dict[Segment, set[int]] = {}
    for parent, (ax, ay), (bx, by) in zip(parents.tolist(), begins.tolist(), ends.tolist(), strict=True):
        held.setdefault(plane.edge((ax, ay), (bx, by)), set()).update(left.owners[parent])
    for face, depth in zip(found, depths.tolist(), strict=True):
        if depth:
            yield Region(face, depth, _beside(sheet, face, held))


def _depths(found: NDArray[np.object_], begins: Points, ends: Points, weights: NDArray[np.int64]) -> NDArray[np.int64]:
    """How often too often each face is covered: what a ray to the east crosses upwards less downwards, weighted."""
    inside = shapely.get_coordinates(shapely.point_on_surface(found))
    depths = np.zeros(len(found), dtype=np.int64)
    rises = ends[:, 1] > begins[:, 1]
    low, high = np.minimum(begins[:, 1], ends[:, 1]), np.maximum(begins[:, 1], ends[:, 1])
    # Level segments cross no ray.
    slope = (ends[:, 0] - begins[:, 0]) / np.where(high == low, 1, ends[:, 1] - begins[:, 1])
    signed = np.where(rises, weights, -weights)
    for number, (x, y) in enumerate(inside):
        crossed = (low <= y) & (y < high)
        at = begins[crossed, 0] + (y - begins[crossed, 1]) * slope[crossed]
        depths[number] = signed[crossed][at > x].sum()
    return depths


def _beside(sheet: Sheet, face: Polygon, held: dict[Segment, set[int]]) -> tuple[tuple[int, float], ...]:
    begins, ends, _number = plane.segments(np.array([face], dtype=object))
    metres: dict[int, float] = {}
    rows = zip(begins.tolist(), ends.tolist(), sheet.length(begins, ends).tolist(), strict=True)
    for (ax, ay), (bx, by), length in rows:
        for owner in held.get(plane.edge((ax, ay), (bx, by)), ()):
            metres[owner] = metres.get(owner, 0.0) + length
    return tuple(sorted(metres.items(), key=lambda item: (-item[1], item[0])))
