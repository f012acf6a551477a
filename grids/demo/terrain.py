"""A made-up tiling of the demo district: believable borders, exactly shared, the same for the same seed.

A quadtree of jittered points, finer round the town centres, gives Voronoi cells on the lattice; every cell border
is bent once and then shared by both neighbours. Cells are grown into towns, towns into villages, villages into
grids, always the hungriest region first and only into free neighbours, so each region is one connected piece.
It resembles no real boundary. Pure.
"""

import heapq
import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import MultiPoint, Polygon
from shapely.geometry.base import BaseGeometry

from grids import lattice

CENTRE = (103.55, 29.41)
SQUARE_KM = 607.0
_COARSE_KM = 0.52
_BEND = 0.13

Spot = tuple[float, float]
Key = tuple[int, int]


@dataclass(frozen=True)
class VillagePlan:
    """What the tiling should give a village: `weight` is its share of land, `central` puts it at the town's heart."""

    code: str
    grids: tuple[str, ...]
    weight: float
    central: bool


@lru_cache(maxsize=1)
def draw(villages: tuple[VillagePlan, ...], *, seed: int) -> Mapping[str, BaseGeometry]:
    """An area on the lattice for every grid code, tiling about 607 square kilometres; drawn once per process."""
    dice = random.Random(seed)
    towns: dict[str, list[VillagePlan]] = {}
    for village in villages:
        towns.setdefault(village.code[:9], []).append(village)
    outline = _Outline(dice)
    shares = [sum(village.weight for village in town) for town in towns.values()]
    ground = [outline.random_spot(dice) for _number in range(1500)]
    centres = _settled(ground, [1.0] * len(ground), _spread(ground, len(towns), start=(0.0, 0.0)), shares)
    land = _Land(_spots(outline, centres, dice), outline, dice)
    shapes: dict[str, BaseGeometry] = {}
    by_town = land.grown(range(len(land.spots)), [land.nearest(centre) for centre in centres], shares, dice)
    for town, cells, centre in zip(towns.values(), by_town, centres, strict=True):
        ordered = sorted(town, key=lambda village: not village.central)
        weights = [village.weight for village in ordered]
        seeds = land.seeds(cells, weights, sum(village.central for village in ordered), centre)
        by_village = land.grown(cells, seeds, weights, dice)
        for village, own in zip(ordered, by_village, strict=True):
            equal = [1.0] * len(village.grids)
            pieces = land.grown(own, land.seeds(own, equal, 0, land.spots[own[0]]), equal, dice)
            # Numbered from west to east and from north to south, as the standards ask.
            pieces.sort(key=lambda piece: land.westward(piece))
            shapes |= {code: land.union(piece) for code, piece in zip(village.grids, pieces, strict=True)}
    return shapes


class _Outline:
    """A rounded blob of the right area, in kilometres round the centre."""

    def __init__(self, dice: random.Random) -> None:
        self._waves = [(k, 0.16 / k * dice.uniform(0.6, 1.2), dice.uniform(0, math.tau)) for k in range(2, 9)]
        angles = np.linspace(0, math.tau, 721)[:-1]
        radii = np.array([self._unscaled(angle) for angle in angles])
        self._scale = math.sqrt(SQUARE_KM / (0.5 * np.sum(radii**2) * (math.tau / 720)))

    def _unscaled(self, angle: float) -> float:
        return 1.0 + sum(size * math.cos(k * angle + shift) for k, size, shift in self._waves)

    def holds(self, spot: Spot, slack: float = 1.0) -> bool:
        return math.hypot(*spot) < slack * self._scale * self._unscaled(math.atan2(spot[1], spot[0]))

    def random_spot(self, dice: random.Random) -> Spot:
        while True:
            spot = (dice.uniform(-2, 2) * self._scale, dice.uniform(-2, 2) * self._scale)
            if self.holds(spot):
                return spot

    @property
    def reach(self) -> float:
        return 1.7 * self._scale


def _spread(spots: Sequence[Spot], count: int, *, start: Spot) -> list[Spot]:
    """`count` of the spots, far from each other, the first one nearest to `start`."""
    chosen = [min(spots, key=lambda spot: math.dist(spot, start))]
    distances = [math.dist(spot, chosen[0]) for spot in spots]
    while len(chosen) < count:
        chosen.append(spots[max(range(len(spots)), key=distances.__getitem__)])
        distances = [min(d, math.dist(spot, chosen[-1])) for d, spot in zip(distances, spots, strict=True)]
    return chosen


def _settled(
    ground: Sequence[Spot],
    areas: Sequence[float],
    seeds: Sequence[Spot],
    shares: Sequence[float],
    *,
    fixed: int = 0,
) -> list[Spot]:
    """The seeds moved to where regions of their shares are round: rounds of a weighted Voronoi on the ground.

    The first `fixed` seeds stay where they are.
    """
    land, size = np.array(ground), np.array(areas)
    places, wanted = np.array(seeds, dtype=float), np.array(shares) / sum(shares) * size.sum()
    weights = np.zeros(len(places))
    for _round in range(60):
        squared = ((land[:, None, :] - places[None, :, :]) ** 2).sum(axis=2)
        owner = np.argmin(squared - weights, axis=1)
        got = np.bincount(owner, weights=size, minlength=len(places))
        weights += 0.15 * (wanted - got) / math.pi
        for number in range(fixed, len(places)):
            if got[number]:
                own = owner == number
                places[number] = np.average(land[own], axis=0, weights=size[own])
    return [(float(x), float(y)) for x, y in places]


def _spots(outline: _Outline, centres: Sequence[Spot], dice: random.Random) -> list[Spot]:
    """One jittered spot per leaf of a quadtree that is finer near the centres; beyond the outline it is coarse."""
    spots: list[Spot] = []
    steps = math.ceil(outline.reach / _COARSE_KM)
    squares = [(x * _COARSE_KM, y * _COARSE_KM, _COARSE_KM) for x in range(-steps, steps) for y in range(-steps, steps)]
    while squares:
        x, y, side = squares.pop()
        middle = (x + side / 2, y + side / 2)
        near = min(math.dist(middle, centre) for centre in centres)
        rim = outline.holds(middle, 1.04) and not outline.holds(middle, 0.96)
        if (side > 0.5 and (rim or near < 1.6)) or (side > 0.25 and near < 0.7):
            half = side / 2
            squares += [(x + dx, y + dy, half) for dx in (0.0, half) for dy in (0.0, half)]
        elif outline.holds(middle, 1.25):
            spots.append((middle[0] + side * dice.uniform(-0.38, 0.38), middle[1] + side * dice.uniform(-0.38, 0.38)))
    return spots


class _Land:
    """The cells: where they are, how large, who touches whom, and their polygons on the lattice."""

    def __init__(self, spots: Sequence[Spot], outline: _Outline, dice: random.Random) -> None:
        cells = shapely.get_parts(shapely.voronoi_polygons(MultiPoint(list(spots)), ordered=True))
        inside = [number for number, spot in enumerate(spots) if outline.holds(spot)]
        self.spots = [spots[number] for number in inside]
        rings = [_ring(cells[number]) for number in inside]
        bends = _bends(rings, dice)
        self.shapes = [_bent(ring, bends) for ring in rings]
        self.areas = [float(shapely.area(cells[number])) for number in inside]
        self.touching = _touching(rings)

    def nearest(self, spot: Spot, among: Iterable[int] | None = None) -> int:
        return min(
            range(len(self.spots)) if among is None else among, key=lambda cell: math.dist(self.spots[cell], spot)
        )

    def seeds(self, cells: Sequence[int], shares: Sequence[float], central: int, centre: Spot) -> list[int]:
        """A different cell per share to grow from: the first `central` ones close round the centre, the rest apart."""
        count = len(shares)
        by_distance = sorted(cells, key=lambda cell: math.dist(self.spots[cell], centre))
        close = by_distance[: max(central * 6, 1)]
        heart = _spread([self.spots[cell] for cell in close], central, start=centre) if central else []
        chosen = [self.nearest(spot, close) for spot in heart]
        free = [cell for cell in by_distance if cell not in set(close)] if central else by_distance
        while len(chosen) < count:
            taken = [self.spots[cell] for cell in chosen] or [centre]
            pool = free if len(free) >= count - len(chosen) else by_distance
            chosen.append(
                max(
                    (cell for cell in pool if cell not in chosen),
                    key=lambda cell: min(math.dist(self.spots[cell], spot) for spot in taken),
                )
            )
        spots = [self.spots[cell] for cell in cells]
        areas = [self.areas[cell] for cell in cells]
        settled = _settled(spots, areas, [self.spots[cell] for cell in chosen], shares, fixed=central)
        for number in range(central, count):
            others = {*chosen[:number], *chosen[number + 1 :]}
            chosen[number] = self.nearest(settled[number], [cell for cell in cells if cell not in others])
        return chosen

    def grown(
        self, cells: Iterable[int], seeds: Sequence[int], shares: Sequence[float], dice: random.Random
    ) -> list[list[int]]:
        """The cells divided among the seeds, each in one piece, the areas about as the shares."""
        free = set(cells) - set(seeds)
        regions = [[seed] for seed in seeds]
        sizes = [self.areas[seed] for seed in seeds]
        edges: list[list[tuple[float, int]]] = [[] for _seed in seeds]
        for region, seed in enumerate(seeds):
            self._reach(edges[region], seed, seed, free, dice)
        hungry = [(size / share, region) for region, (size, share) in enumerate(zip(sizes, shares, strict=True))]
        heapq.heapify(hungry)
        while free:
            _hunger, region = heapq.heappop(hungry)
            cell = next((cell for cell in _drained(edges[region]) if cell in free), None)
            if cell is None:
                continue
            free.remove(cell)
            regions[region].append(cell)
            sizes[region] += self.areas[cell]
            self._reach(edges[region], cell, seeds[region], free, dice)
            heapq.heappush(hungry, (sizes[region] / shares[region], region))
        return regions

    def _reach(self, edge: list[tuple[float, int]], cell: int, seed: int, free: set[int], dice: random.Random) -> None:
        for neighbour in self.touching[cell]:
            if neighbour in free:
                distance = math.dist(self.spots[neighbour], self.spots[seed])
                heapq.heappush(edge, (distance * dice.uniform(0.85, 1.15), neighbour))

    def westward(self, cells: Sequence[int]) -> Spot:
        """Sorts from west to east, then from north to south, in strips of a kilometre."""
        middle = np.mean([self.spots[cell] for cell in cells], axis=0)
        return (round(float(middle[0])), -float(middle[1]))

    def union(self, cells: Sequence[int]) -> BaseGeometry:
        merged: BaseGeometry = shapely.coverage_union_all([self.shapes[cell] for cell in cells])
        return merged


def _drained(edge: list[tuple[float, int]]) -> Iterable[int]:
    while edge:
        yield heapq.heappop(edge)[1]


def _ring(cell: BaseGeometry) -> list[Key]:
    """The cell's corners as lattice keys, without repetition; neighbours get the very same keys."""
    east, north = lattice.metres_per_degree(CENTRE[1])
    corners = shapely.get_coordinates(cell) * 1000.0 / np.array([east, north]) + np.array(CENTRE)
    ring = [(int(x), int(y)) for x, y in lattice.keys(corners)[:-1]]
    return [corner for number, corner in enumerate(ring) if corner != ring[number - 1]]


def _sides(ring: Sequence[Key]) -> Iterable[tuple[Key, Key]]:
    return zip(ring, [*ring[1:], ring[0]], strict=True)


def _bends(rings: Sequence[Sequence[Key]], dice: random.Random) -> dict[tuple[Key, Key], list[Key]]:
    """One or two points off each border line between its corners, from the smaller corner to the larger."""
    bends: dict[tuple[Key, Key], list[Key]] = {}
    for ring in rings:
        for one, other in _sides(ring):
            side = (min(one, other), max(one, other))
            if side in bends:
                continue
            (ax, ay), (bx, by) = side
            length = math.hypot(bx - ax, by - ay)
            steps = (0.5,) if length < 25_000 else (0.33, 0.66)
            offs = [dice.uniform(-_BEND, _BEND) / len(steps) for _step in steps]
            bends[side] = [
                (round(ax + t * (bx - ax) - off * (by - ay)), round(ay + t * (by - ay) + off * (bx - ax)))
                for t, off in zip(steps, offs, strict=True)
                if length > 2_000
            ]
    straighten = True
    while straighten:
        straighten = False
        for ring in rings:
            if not _bent(ring, bends).is_valid:
                for one, other in _sides(ring):
                    straighten |= bool(bends[min(one, other), max(one, other)])
                    bends[min(one, other), max(one, other)] = []
    return bends


def _bent(ring: Sequence[Key], bends: dict[tuple[Key, Key], list[Key]]) -> Polygon:
    corners: list[Key] = []
    for one, other in _sides(ring):
        middle = bends[min(one, other), max(one, other)]
        corners += [one, *(middle if one < other else reversed(middle))]
    keys: NDArray[np.int64] = np.array(corners, dtype=np.int64)
    return Polygon(lattice.degrees(keys))


def _touching(rings: Sequence[Sequence[Key]]) -> list[list[int]]:
    """For each cell the cells that share a border line with it."""
    owners: dict[tuple[Key, Key], list[int]] = {}
    for cell, ring in enumerate(rings):
        for one, other in _sides(ring):
            owners.setdefault((min(one, other), max(one, other)), []).append(cell)
    touching: list[list[int]] = [[] for _ring in rings]
    for pair in owners.values():
        if len(pair) == 2:
            touching[pair[0]].append(pair[1])
            touching[pair[1]].append(pair[0])
    return touching
