"""Who touches whom, for how long, and along what: the shared borders of pieces that tile their ground. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from grids import lattice
from grids.partition.ground import Floats, Ints, Line

# What a border runs along: nothing, or a line by its rank. The lower the rank, the rather a grid ends there.
KINDS = ("main_road", "river", "railway", "ridge", "road", "lane", "")
OPEN = KINDS.index("")
# A segment lies on a line if its middle is nearer to it than three lattice steps: both were rounded.
_ON_LINE = 3.0 / lattice.SCALE


@dataclass(frozen=True)
class Borders:
    """One row per pair of pieces and kind of line between them: `one` < `other`, metres, and whether it is a barrier.

    `rim` are the metres of each piece that touch no other piece.
    """

    one: Ints
    other: Ints
    length: Floats
    kind: Ints
    barrier: NDArray[np.bool_]
    rim: Floats

    def around_m(self, count: int) -> Floats:
        """The perimeter of each of `count` pieces, in metres."""
        inner = np.bincount(self.one, self.length, count) + np.bincount(self.other, self.length, count)
        return np.asarray(inner + self.rim)


def borders_between(
    pieces: NDArray[np.object_],
    block: Ints,
    lines: Sequence[Line],
    scale: Floats,
    loose: NDArray[np.object_],
) -> Borders:
    """The shared borders of polygons that are noded with each other. `scale`: metres per degree.

    A border runs along a line where it parts two blocks, or lies on one of the `loose` ends inside of a block.
    """
    begin, end, piece = _segments(pieces)
    forward = (begin[:, 0] < end[:, 0]) | ((begin[:, 0] == end[:, 0]) & (begin[:, 1] < end[:, 1]))
    low, high = np.where(forward[:, None], begin, end), np.where(forward[:, None], end, begin)
    order = np.lexsort((piece, high[:, 1], high[:, 0], low[:, 1], low[:, 0]))
    low, high, piece = low[order], high[order], piece[order]
    length = np.hypot(*((high - low) / lattice.SCALE * scale).T)
    pair = (low[1:] == low[:-1]).all(axis=1) & (high[1:] == high[:-1]).all(axis=1)
    first = np.flatnonzero(pair)
    alone = np.ones(len(piece), dtype=bool)
    alone[first] = alone[first + 1] = False
    rim = np.bincount(piece[alone], length[alone], len(pieces))
    middle = (low[first] + high[first]) / 2 / lattice.SCALE
    one, other = piece[first], piece[first + 1]
    beside_line = block[one] != block[other]
    if len(loose):
        ends = shapely.STRtree(loose).query(shapely.points(middle), predicate="dwithin", distance=_ON_LINE)
        beside_line[ends[0]] = True
    kind, barrier = np.full(len(first), OPEN), np.zeros(len(first), dtype=bool)
    kind[beside_line], barrier[beside_line] = _along(middle[beside_line], lines)
    return _summed(one, other, length[first], kind, barrier, np.asarray(rim))


def merged(borders: Borders, owner: Ints) -> Borders:
    """The borders of pieces that were joined: `owner` is the new piece of each old one."""
    one, other = owner[borders.one], owner[borders.other]
    apart = one != other
    rim = np.bincount(owner, borders.rim, int(owner.max()) + 1 if len(owner) else 0)
    low, high = np.minimum(one, other)[apart], np.maximum(one, other)[apart]
    return _summed(low, high, borders.length[apart], borders.kind[apart], borders.barrier[apart], np.asarray(rim))


def _segments(pieces: NDArray[np.object_]) -> tuple[Ints, Ints, Ints]:
    """Begin and end keys of every border segment, and the piece it belongs to."""
    parts, piece_of_part = shapely.get_parts(pieces, return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    coordinates, ring = shapely.get_coordinates(rings, return_index=True)
    spots = lattice.keys(coordinates)
    inner = ring[1:] == ring[:-1]
    return spots[:-1][inner], spots[1:][inner], piece_of_part[part_of_ring[ring[:-1][inner]]]


def _along(middles: Floats, lines: Sequence[Line]) -> tuple[Ints, NDArray[np.bool_]]:
    """The strongest kind of line each spot lies on, and whether it lies on a barrier."""
    kind, barrier = np.full(len(middles), OPEN, dtype=np.int64), np.zeros(len(middles), dtype=bool)
    if not lines or not len(middles):
        return kind, barrier
    parts, line_of_part = shapely.get_parts([line.shape for line in lines], return_index=True)
    coordinates, part = shapely.get_coordinates(parts, return_index=True)
    inner = part[1:] == part[:-1]
    pieces = shapely.linestrings(np.stack([coordinates[:-1][inner], coordinates[1:][inner]], axis=1))
    spot, piece = shapely.STRtree(pieces).query(shapely.points(middles), predicate="dwithin", distance=_ON_LINE)
    line = line_of_part[part[:-1][inner]][piece]
    kinds = np.array([KINDS.index(line.kind) if line.kind in KINDS else OPEN - 1 for line in lines])
    np.minimum.at(kind, spot, kinds[line])
    np.logical_or.at(barrier, spot, np.array([line.is_barrier for line in lines])[line])
    return kind, barrier


def _summed(one: Ints, other: Ints, length: Floats, kind: Ints, barrier: NDArray[np.bool_], rim: Floats) -> Borders:
    rows, number = np.unique(np.column_stack([one, other, kind, barrier]), axis=0, return_inverse=True)
    rows = rows.astype(np.int64)
    total = np.bincount(number, length, len(rows)).astype(np.float64)
    return Borders(rows[:, 0], rows[:, 1], total, rows[:, 2], rows[:, 3].astype(bool), rim)
