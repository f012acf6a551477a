"""The cells as a network: who may share a grid with whom, and how much it hurts to part them. Pure."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString
from shapely.geometry.base import BaseGeometry

from grids.partition.borders import KINDS, OPEN
from grids.partition.cells import Cells
from grids.partition.ground import Floats, Ints

# What a metre of border weighs: a grid rather ends at a main road than in a lane, and never gladly in a compound.
_WEIGHTS = {"main_road": 0.2, "river": 0.2, "railway": 0.2, "ridge": 0.3, "road": 0.5, "lane": 1.0, "": 2.0}
_IN_COMPOUND = 4.0
# How strongly lines are preferred: the weights to this power.
FOLLOW = {"less": 0.5, "usual": 1.0, "more": 1.6}
# What ties together the parts of a region that touch nowhere, per bridge.
_BRIDGE = 1.0


@dataclass(frozen=True)
class Network:
    """`edges` are (n, 2) cells with a weight each; `neighbours` the same by cell. None crosses a barrier or outline."""

    edges: Ints
    weights: Floats
    neighbours: list[dict[int, float]]

    @classmethod
    def of(cls, edges: Ints, weights: Floats, count: int) -> "Network":
        """The network of `count` cells with these edges, each given once."""
        neighbours: list[dict[int, float]] = [{} for _cell in range(count)]
        for (one, other), weight in zip(edges.tolist(), weights.tolist(), strict=True):
            neighbours[one][other] = neighbours[other][one] = weight
        return cls(edges, weights, neighbours)

    def pieces(self, members: Ints) -> list[Ints]:
        """The members in connected pieces, the one with the smallest number first."""
        inside, found = set(members.tolist()), []
        for start in members.tolist():
            if start in inside:
                inside.discard(start)
                piece, fresh = [start], [start]
                while fresh:
                    here = fresh.pop()
                    for cell in self.neighbours[here]:
                        if cell in inside:
                            inside.discard(cell)
                            piece.append(cell)
                            fresh.append(cell)
                found.append(np.array(sorted(piece)))
        return found


def build(cells: Cells, barriers: list[BaseGeometry], *, follow: str = "usual") -> Network:
    """The network of all cells; no edge leaves a region or crosses a barrier."""
    borders = cells.borders
    barred = _barred(cells)
    usable = (cells.region[borders.one] == cells.region[borders.other]) & ~barred
    factor = np.array([_WEIGHTS[kind] for kind in KINDS])[borders.kind]
    compound = cells.compound[borders.one]
    together = (compound >= 0) & (compound == cells.compound[borders.other]) & (borders.kind >= OPEN - 1)
    factor = np.where(together, _IN_COMPOUND, factor) ** FOLLOW[follow]
    rows = np.column_stack([borders.one, borders.other])[usable]
    bridges = _bridges(cells, barriers)
    usual = float(np.median(borders.length)) if len(borders.length) else 1.0
    edges, number = np.unique(np.vstack([rows, bridges]), axis=0, return_inverse=True)
    weights = (borders.length * factor)[usable] / max(usual, 1.0)
    summed = np.bincount(number, np.concatenate([weights, np.full(len(bridges), _BRIDGE)]), len(edges))
    return Network.of(edges.astype(np.int64), summed.astype(np.float64), len(cells))


def _barred(cells: Cells) -> NDArray[np.bool_]:
    """Borders of every pair that has a barrier between it, also where that runs along a part of the border only."""
    borders = cells.borders
    pair = borders.one * len(cells) + borders.other
    return np.isin(pair, pair[borders.barrier])


def _bridges(cells: Cells, barriers: list[BaseGeometry]) -> Ints:
    """Pairs of cells that tie the parts of a region which touch nowhere, as long as no barrier lies between them."""
    found: list[tuple[int, int]] = []
    borders = cells.borders
    land = _Sets(len(cells))
    for one, other in zip(borders.one.tolist(), borders.other.tolist(), strict=True):
        if cells.region[one] == cells.region[other]:
            land.join(one, other)
    for region in range(len(cells.regions)):
        members = np.flatnonzero(cells.region == region)
        parts: dict[int, list[int]] = {}
        for cell in members.tolist():
            parts.setdefault(land.of(cell), []).append(cell)
        apart = sorted(parts.values(), key=len, reverse=True)
        near = apart[0] if apart else []
        for part in apart[1:]:
            tree = shapely.STRtree(cells.shapes[near])
            pairs, distances = tree.query_nearest(cells.shapes[part], return_distance=True, all_matches=False)
            best = int(np.argmin(distances))
            one, other = part[int(pairs[0][best])], near[int(pairs[1][best])]
            line = LineString(shapely.get_coordinates(shapely.shortest_line(cells.shapes[one], cells.shapes[other])))
            if not any(line.intersects(barrier) for barrier in barriers):
                found.append((min(one, other), max(one, other)))
            near = near + part
    return np.array(found, dtype=np.int64).reshape(-1, 2)


class _Sets:
    """Which cells hang together."""

    def __init__(self, count: int) -> None:
        self._above = list(range(count))

    def of(self, cell: int) -> int:
        while self._above[cell] != cell:
            self._above[cell] = self._above[self._above[cell]]
            cell = self._above[cell]
        return cell

    def join(self, one: int, other: int) -> None:
        self._above[self.of(one)] = self.of(other)
