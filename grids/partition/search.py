"""Border cells change hands while that helps: first balance, then roads and short borders. Never is a grid torn.

Inside of the free band around its share a grid's deviation costs nothing, so roads win there. Pure; the same dice
give the same moves.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from grids.partition.network import Network

# Of the tolerance this part is free, and up to that part of it a grid is pulled towards the target.
_FREE, _NEAR = 0.25, 0.45
# What stands further off costs its square and its length, in lengths of a usual border.
_SQUARE, _LINEAR = 6000.0, 60.0
_EPS = 1e-9


@dataclass(frozen=True)
class Band:
    """What a grid should hold; between `low` and `high` it is free."""

    low: float
    high: float
    target: float

    def cost(self, load: float) -> float:
        off = load - self.high if load > self.high else self.low - load
        if off <= 0.0 or not self.target:
            return 0.0
        off /= self.target
        return _SQUARE * off * off + _LINEAR * off


def band(share: float, target: float, tolerance: float) -> Band:
    """The band of grids that hold `share` on average where `target` was wanted: a quarter of the tolerance around the
    share, and where that can be had within 45 % of it of the target.
    """
    free, near = _FREE * tolerance, _NEAR * tolerance
    low = max((1 - free) * share, min((1 - near) * target, share))
    high = min((1 + free) * share, max((1 + near) * target, share))
    return Band(low, high, target)


class Search:
    """Labels of one connected piece of ground, changed in place."""

    def __init__(
        self, network: Network, labels: dict[int, int], weights: Sequence[float], wanted: Band, dice: random.Random
    ) -> None:
        self._near, self._of, self._weights, self._band, self._dice = network.neighbours, labels, weights, wanted, dice
        self._members: dict[int, set[int]] = {}
        for cell, label in labels.items():
            self._members.setdefault(label, set()).add(cell)
        self._known_ties: dict[int, dict[int, float]] = {}
        self._load = {label: sum(weights[c] for c in cells) for label, cells in self._members.items()}

    def run(self, *, heat: float = 2.5, rounds: int = 30) -> None:
        """Cool down from `heat`, then only what helps, then exchanges for grids that still stand off."""
        self.join_islands()
        cells = sorted(self._of)
        for number in range(rounds):
            temperature = heat * (1.0 - number / rounds) ** 2
            self._dice.shuffle(cells)
            for cell in cells:
                self._try(cell, temperature)
        for _round in range(20):
            self._dice.shuffle(cells)
            moved = sum(self._try(cell, 0.0) for cell in cells)
            swapped = self._exchange()
            if not moved and not swapped:
                return

    def label_of(self, cell: int) -> int:
        return self._of[cell]

    def join_islands(self) -> None:
        """Pieces that hang apart from the main piece of their label join the strongest neighbour."""
        for label in sorted(self._members):
            for island in self._islands(label):
                ties: dict[int, float] = {}
                for cell in island:
                    for other, weight in self._near[cell].items():
                        to = self._of.get(other, label)
                        if to != label:
                            ties[to] = ties.get(to, 0.0) + weight
                if ties:
                    to = max(sorted(ties), key=ties.__getitem__)
                    for cell in island:
                        self._give(cell, to)

    def _islands(self, label: int) -> list[list[int]]:
        left, pieces = set(self._members[label]), []
        while left:
            fresh = [min(left)]
            left.discard(fresh[0])
            piece = list(fresh)
            while fresh:
                for other in self._near[fresh.pop()]:
                    if other in left:
                        left.discard(other)
                        piece.append(other)
                        fresh.append(other)
            pieces.append(piece)
        pieces.sort(key=lambda piece: (-sum(self._weights[c] for c in piece), -len(piece), min(piece)))
        return pieces[1:]

    def _ties(self, cell: int) -> dict[int, float]:
        """How strongly the cell hangs on each label around it; asked far more often than it changes."""
        known = self._known_ties.get(cell)
        if known is not None:
            return known
        ties: dict[int, float] = {}
        of = self._of
        for other, weight in self._near[cell].items():
            label = of[other]
            ties[label] = ties.get(label, 0.0) + weight
        self._known_ties[cell] = ties
        return ties

    def _try(self, cell: int, temperature: float) -> bool:
        """Give the cell to the neighbour where that helps most, or, while it is warm, hurts little."""
        home = self._of[cell]
        ties = self._ties(cell)
        if len(ties) == 1 and home in ties:
            return False
        cost, load, weight = self._band.cost, self._load, self._weights[cell]
        stay = ties.get(home, 0.0)
        saved = cost(load[home]) - cost(load[home] - weight)
        best, to = math.inf, -1
        for label in ties:
            if label != home:
                change = stay - ties[label] + cost(load[label] + weight) - cost(load[label]) - saved
                if change < best:
                    best, to = change, label
        limit = -temperature * math.log(1.0 - self._dice.random()) if temperature > 0.01 else -_EPS
        if best > limit or not self._can_leave(cell):
            return False
        self._give(cell, to)
        return True

    def _can_leave(self, cell: int, but: int = -1) -> bool:
        """Whether its grid stays in one piece, and is not empty, without the cell (and without `but`)."""
        members = self._members[self._of[cell]]
        if len(members) < 2:
            return False
        around = [other for other in self._near[cell] if other in members and other != but]
        if not around:
            return False
        left = set(around[1:])
        seen, fresh = {cell, around[0], but}, [around[0]]
        near = self._near
        while left and fresh:
            for other in near[fresh.pop()]:
                if other in members and other not in seen:
                    seen.add(other)
                    left.discard(other)
                    fresh.append(other)
        return not left

    def _give(self, cell: int, to: int) -> None:
        home, weight = self._of[cell], self._weights[cell]
        self._members[home].discard(cell)
        self._load[home] -= weight
        self._of[cell] = to
        self._members[to].add(cell)
        self._load[to] += weight
        for other in self._near[cell]:
            self._known_ties.pop(other, None)

    def _exchange(self) -> int:
        """For each grid outside of its band: one cell out and one in, or one handed on, where that helps."""
        done = 0
        off = sorted(self._load, key=lambda label: -self._band.cost(self._load[label]))
        for label in off:
            if self._band.cost(self._load[label]) <= 0.0:
                break
            done += self._swap(label)
        return done

    def _swap(self, label: int) -> bool:
        """The first exchange of border cells between the grid and a neighbour, or over a third one, that helps."""
        options = []
        for cell in sorted(self._members[label]):
            for to in self._ties(cell):
                if to != label:
                    options.append((cell, label, to))
                    options += [(o, to, label) for o in self._near[cell] if self._of[o] == to]
        for cell, home, to in sorted(set(options)):
            if self._of[cell] != home or not self._can_leave(cell):
                continue
            gain = self._change(cell, home, to)
            self._give(cell, to)
            second = self._second(to, home, gain, cell)
            if second is not None:
                self._give(*second)
                return True
            self._give(cell, home)
        return False

    def _change(self, cell: int, home: int, to: int) -> float:
        ties, weight, load, cost = self._ties(cell), self._weights[cell], self._load, self._band.cost
        balance = cost(load[home] - weight) + cost(load[to] + weight) - cost(load[home]) - cost(load[to])
        return ties.get(home, 0.0) - ties.get(to, 0.0) + balance

    def _second(self, giver: int, taker: int, spent: float, moved: int) -> tuple[int, int] | None:
        """The cell that leaves either of two grids after a first move so that both moves together help most."""
        best, found = -_EPS, None
        for home in (giver, taker):
            for cell in sorted(self._members[home]):
                if cell == moved:
                    continue
                for to in self._ties(cell):
                    if to != home:
                        change = spent + self._change(cell, home, to)
                        if change < best and self._can_leave(cell):
                            best, found = change, (cell, to)
        return found
