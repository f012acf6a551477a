"""A proposal: regions divided into balanced, connected grids of about a target of households. Pure.

The same ground, wishes and seed give the same grids with the same libraries.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from shapely.geometry.base import BaseGeometry

from grids.partition import bisection, cells, coarse, figures, network, outlines
from grids.partition.cells import Cells
from grids.partition.ground import Floats, Ground, Ints
from grids.partition.network import Network
from grids.partition.search import Search, band

METHOD = "bisection+search/2"
# So many cells for a grid are enough to draw it from.
_PIECES_PER_GRID = 24
# Dwellings may share a cell where there would be more cells than this and than that many for each grid.
_FEWEST_CELLS = 4_000


@dataclass(frozen=True)
class Wishes:
    """What is asked for: households per grid, the tolerance as a part of it, how much borders follow lines.

    `grids` asks for a number of grids in all instead; `counts` says how many a region without dwellings gets, and
    the regions of `single` stay one grid each whoever lives there.
    """

    target: float
    tolerance: float = 0.2
    follow: str = "usual"
    grids: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    single: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Area:
    """One grid of a proposal."""

    shape: BaseGeometry
    region: str
    households: int


@dataclass(frozen=True)
class Division:
    """The grids from region to region, in each from west to east and north to south; with what can be said of them."""

    areas: tuple[Area, ...]
    frame: BaseGeometry
    figures: dict[str, Any]


def divide(
    ground: Ground, wishes: Wishes, *, seed: int, told: Callable[[int], None] = lambda percent: None
) -> Division:
    """The division of a ground for a seed; `told` hears how far it is, in percent. Raises NotATiling."""
    dice = random.Random(seed)
    pieces = {code: count * _PIECES_PER_GRID for code, count in wishes.counts.items()}
    expected = wishes.grids or int(ground.dwellings.households.sum() / wishes.target)
    drawn = cells.draw(ground, units=pieces, most=max(_FEWEST_CELLS, _PIECES_PER_GRID * expected))
    told(25)
    barriers = [line.shape for line in ground.lines if line.is_barrier]
    net = network.build(drawn, barriers, follow=wishes.follow)
    labels = labelled(drawn, net, wishes, dice, told=lambda part: told(25 + round(60 * part)))
    shapes = outlines.areas_of(drawn, labels, ground.regions)
    told(95)
    order = _numbered(labels, drawn, shapes)
    households = np.bincount(labels, drawn.households, len(shapes)).astype(np.int64)
    region = np.zeros(len(shapes), dtype=np.int64)
    region[labels] = drawn.region
    areas = tuple(Area(shapes[i], drawn.regions[region[i]], int(households[i])) for i in order)
    said = figures.of(drawn, labels, wishes.target, wishes.tolerance, wishes.single)
    return Division(areas, outlines.frame_of(shapes), said)


def labelled(
    drawn: Cells,
    net: Network,
    wishes: Wishes,
    dice: random.Random,
    *,
    told: Callable[[float], None] = lambda part: None,
) -> Ints:
    """The grid of each cell, numbered from 0; every grid lies in one region and hangs together."""
    labels = np.full(len(drawn), -1, dtype=np.int64)
    first = 0
    counts = _counts(drawn, wishes)
    for number, count in enumerate(counts):
        members = np.flatnonzero(drawn.region == number)
        by_area = not drawn.households[members].any()
        weights = (drawn.area_m2 if by_area else drawn.households).astype(np.float64)
        pieces = [members] if drawn.regions[number] in wishes.single else net.pieces(members)
        for piece, k in zip(pieces, _over_pieces(pieces, weights, count), strict=True):
            target = float(weights[members].sum() / count) if by_area or wishes.grids else wishes.target
            labels[piece] = first + _divided(drawn, net, piece, weights, k, target, wishes.tolerance, dice)
            first = int(labels.max()) + 1
        told((number + 1) / len(counts))
    return labels


def _counts(drawn: Cells, wishes: Wishes) -> list[int]:
    """How many grids each region gets: its households by the target; what `counts` says where it has none."""
    held = np.bincount(drawn.region, drawn.households, len(drawn.regions)).astype(np.float64)
    held[[number for number, code in enumerate(drawn.regions) if code in wishes.single]] = 0.0
    known = [1 if code in wishes.single else wishes.counts.get(code, 1) for code in drawn.regions]
    target = wishes.target
    if wishes.grids:
        target = _divisor(held, wishes.grids - sum(n for n, h in zip(known, held, strict=True) if not h))
    return [max(1, round(h / target)) if h else max(1, n) for h, n in zip(held.tolist(), known, strict=True)]


def _divisor(held: Floats, grids: int) -> float:
    """The households per grid with which rounding gives `grids` in all, as near as it can be had."""
    low, high = 0.0, float(held.sum()) + 1.0
    for _step in range(60):
        middle = (low + high) / 2
        if sum(max(1, round(h / middle)) for h in held.tolist() if h) > grids:
            low = middle
        else:
            high = middle
    return high


def _over_pieces(pieces: list[Ints], weights: Floats, count: int) -> list[int]:
    """A region's grids shared over the pieces that barriers cut it into, by their weight, at least one each."""
    held = [float(weights[piece].sum()) for piece in pieces]
    shares = [1] * len(pieces)
    for _grid in range(count - len(pieces)):
        # The next one goes where it is needed most (Sainte-Laguë).
        shares[max(range(len(pieces)), key=lambda number: held[number] / (2 * shares[number] + 1))] += 1
    return shares


def _divided(
    drawn: Cells,
    net: Network,
    piece: Ints,
    weights: Floats,
    k: int,
    target: float,
    tolerance: float,
    dice: random.Random,
) -> Ints:
    """Labels from 0 for the cells of one connected piece."""
    k = min(k, max(1, int(np.count_nonzero(weights[piece]))))
    if k == 1:
        return np.zeros(len(piece), dtype=np.int64)
    share = float(weights[piece].sum()) / k
    groups = coarse.grouped(net, piece, weights.tolist(), share, k)
    small = coarse.joined(net, groups)
    loads = np.array([weights[group].sum() for group in groups])
    spots = np.array([drawn.spots_m[group].mean(axis=0) for group in groups])
    first = bisection.divide(small, np.arange(len(groups)), loads, spots, k, dice)
    search = Search(small, dict(enumerate(first.tolist())), loads.tolist(), band(share, target, tolerance), dice)
    search.run()
    found = {cell: search.label_of(number) for number, group in enumerate(groups) for cell in group}
    return np.unique([found[cell] for cell in piece.tolist()], return_inverse=True)[1].astype(np.int64)


def _numbered(labels: Ints, drawn: Cells, shapes: list[BaseGeometry]) -> list[int]:
    """The labels in order: by region, then from west to east, then from north to south."""
    region = dict(zip(labels.tolist(), drawn.region.tolist(), strict=True))
    return sorted(range(len(shapes)), key=lambda n: (region[n], round(shapes[n].centroid.x, 3), -shapes[n].centroid.y))
