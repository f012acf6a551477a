"""A connected piece of ground in k parts of about equal weight: cut in two along the best straight front, again and
again. Pure; the same dice give the same parts.
"""

import math
import random

import numpy as np
from numpy.typing import NDArray

from grids.partition.ground import Floats, Ints
from grids.partition.network import Network

Flags = NDArray[np.bool_]

_FRONTS = 12
# How far a cut may stand off its share, as a part of one grid, per grid on the smaller side.
_SLACK = 0.06


def divide(network: Network, members: Ints, weights: Floats, spots_m: Floats, k: int, dice: random.Random) -> Ints:
    """A label from 0 to k - 1 for each of `members` (sorted cells), every label used if there are cells enough."""
    labels = np.zeros(len(members), dtype=np.int64)
    work = [(np.arange(len(members)), k, 0)]
    position = np.full(len(network.neighbours), -1, dtype=np.int64)
    while work:
        rows, parts, first = work.pop()
        if parts == 1 or len(rows) <= 1:
            labels[rows] = first
            continue
        low = parts // 2 if dice.random() < 0.5 else parts - parts // 2
        side = _cut(network, members[rows], weights[rows], spots_m[rows], low / parts, parts, position, dice)
        work += [(rows[side], low, first), (rows[~side], parts - low, first + low)]
    return labels


def _cut(
    network: Network,
    cells: Ints,
    weights: Floats,
    spots_m: Floats,
    share: float,
    parts: int,
    position: Ints,
    dice: random.Random,
) -> Flags:
    """Which cells lie on the first side: the cheapest front that keeps the share and both sides in one piece."""
    position[cells] = np.arange(len(cells))
    inside = (position[network.edges] >= 0).all(axis=1)
    edges, costs = position[network.edges[inside]], network.weights[inside]
    position[cells] = -1
    grid = weights.sum() / parts
    slack = _SLACK * grid * min(round(share * parts), parts - round(share * parts)) if grid else 0.0
    turn = dice.random()
    found = []
    for number in range(_FRONTS):
        angle = math.pi * (number + turn) / _FRONTS
        for sign in (1.0, -1.0):
            front = spots_m @ np.array([math.cos(angle), math.sin(angle)]) * sign
            found.append(_best_on_front(np.argsort(front, kind="stable"), edges, costs, weights, share, slack, grid))
    found.sort(key=lambda option: option[0])
    for _cost, side in found:
        if _in_one(edges, side) and _in_one(edges, ~side):
            return side
    return _without_islands(edges, costs, found[0][1])


def _best_on_front(
    order: Ints, edges: Ints, costs: Floats, weights: Floats, share: float, slack: float, grid: float
) -> tuple[float, Flags]:
    """The cheapest cut of cells in this order, with its cost; at least one cell on each side."""
    count = len(order)
    rank = np.empty(count, dtype=np.int64)
    rank[order] = np.arange(count)
    ends = np.sort(rank[edges], axis=1)
    # cost[i]: what is cut between the first i + 1 cells and the others.
    change = np.bincount(ends[:, 0], costs, count) - np.bincount(ends[:, 1], costs, count)
    cost = np.cumsum(change)[:-1]
    total = weights.sum()
    if total:
        off = np.abs(np.cumsum(weights[order])[:-1] - share * total)
    else:
        off, grid = np.abs(np.arange(1, count) - share * count), count
    over = np.maximum(off - max(slack, float(off.min())), 0.0) / grid
    score = cost + 1e4 * over
    best = int(np.argmin(score))
    side = rank <= best
    return float(score[best]), side


def _in_one(edges: Ints, side: Flags) -> bool:
    return len(_components(edges, side)) <= 1


def _components(edges: Ints, side: Flags) -> list[list[int]]:
    """The cells of a side in connected pieces, the largest first."""
    near: dict[int, list[int]] = {int(cell): [] for cell in np.flatnonzero(side)}
    for one, other in edges[side[edges].all(axis=1)].tolist():
        near[one].append(other)
        near[other].append(one)
    found, left = [], set(near)
    while left:
        fresh = [left.pop()]
        piece = list(fresh)
        while fresh:
            for cell in near[fresh.pop()]:
                if cell in left:
                    left.discard(cell)
                    piece.append(cell)
                    fresh.append(cell)
        found.append(piece)
    return sorted(found, key=lambda piece: (-len(piece), min(piece)))


def _without_islands(edges: Ints, costs: Floats, side: Flags) -> Flags:
    """The same cut with every smaller piece given to the other side, until both are in one piece."""
    side = side.copy()
    for value in (True, False, True):
        for island in _components(edges, side == value)[1:]:
            side[island] = not value
    return side
