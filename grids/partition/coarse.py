"""Where dwellings are many and small, some of them are taken together before they are divided. Pure."""

from collections.abc import Sequence

import numpy as np

from grids.partition.ground import Ints
from grids.partition.network import Network

# More cells than this in a grid help nobody; together they may hold this part of a grid.
_CELLS_PER_GRID = 40
_SHARE = 1 / 20
_MOST_TOGETHER = 16


def grouped(network: Network, members: Ints, weights: Sequence[float], share: float, k: int) -> list[list[int]]:
    """The members in connected groups of which none holds more than a twentieth of a grid, unless a cell does alone.

    Cells that would dislike to be parted most are taken together first. Where they are few, each stays alone.
    """
    if len(members) <= _CELLS_PER_GRID * k:
        return [[cell] for cell in members.tolist()]
    inside = np.zeros(len(network.neighbours), dtype=bool)
    inside[members] = True
    own = np.flatnonzero(inside[network.edges].all(axis=1))
    above = {cell: cell for cell in members.tolist()}
    load = {cell: float(weights[cell]) for cell in above}
    size = dict.fromkeys(above, 1)

    def of(cell: int) -> int:
        while above[cell] != cell:
            above[cell] = above[above[cell]]
            cell = above[cell]
        return cell

    for edge in own[np.argsort(-network.weights[own], kind="stable")].tolist():
        one, other = of(int(network.edges[edge, 0])), of(int(network.edges[edge, 1]))
        fits = load[one] + load[other] <= _SHARE * share and size[one] + size[other] <= _MOST_TOGETHER
        if one != other and fits:
            above[other] = one
            load[one] += load[other]
            size[one] += size[other]
    groups: dict[int, list[int]] = {}
    for cell in above:
        groups.setdefault(of(cell), []).append(cell)
    return list(groups.values())


def joined(network: Network, groups: list[list[int]]) -> Network:
    """The network of groups of cells; its cells are numbered as `groups`."""
    group = np.full(len(network.neighbours), -1, dtype=np.int64)
    for number, cells in enumerate(groups):
        group[cells] = number
    ends = group[network.edges]
    kept = (ends >= 0).all(axis=1) & (ends[:, 0] != ends[:, 1])
    rows, row = np.unique(np.sort(ends[kept], axis=1), axis=0, return_inverse=True)
    rows = rows.reshape(-1, 2).astype(np.int64)
    return Network.of(rows, np.bincount(row, network.weights[kept], len(rows)).astype(np.float64), len(groups))
