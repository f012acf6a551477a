"""A made-up quarter of a city to divide: streets of compounds between roads and lanes, with buildings and households.

It is the test ground of proposals: 640 compounds, a main road every fourth line, 3,887 buildings with 119,964
households in 8 streets, unless asked otherwise. It resembles no real place. Pure.
"""

import random
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from grids import lattice
from grids.partition.ground import Dwellings, Ground, Line

CORNER = (103.90, 29.30)
# Compounds of one street from west to east and from south to north, and streets of the quarter likewise.
COMPOUNDS = (8, 10)
STREETS = (4, 2)
BUILDINGS, HOUSEHOLDS = 3_887, 119_964
_SIDE_M = (190.0, 150.0)
_FEWEST, _MOST = 2, 118
_MAIN_ROAD_EVERY = 4


@dataclass(frozen=True)
class Quarter:
    """Streets by number from 0, their ground, and the compounds' outlines in the order of their names."""

    ground: Ground
    compounds: tuple[BaseGeometry, ...]


def draw(
    *,
    seed: int,
    streets: tuple[int, int] = STREETS,
    buildings: int = BUILDINGS,
    households: int = HOUSEHOLDS,
    codes: tuple[str, ...] = (),
) -> Quarter:
    """The quarter of a seed. `codes` name the streets from the south-west, row by row; else they are numbered."""
    dice = random.Random(seed)
    across, up = streets[0] * COMPOUNDS[0], streets[1] * COMPOUNDS[1]
    corners = _corners(across, up, dice)
    names = codes or tuple(str(number) for number in range(streets[0] * streets[1]))
    compounds = [_compound(corners, x, y) for y in range(up) for x in range(across)]
    members: dict[str, list[BaseGeometry]] = {name: [] for name in names}
    for number, compound in enumerate(compounds):
        y, x = divmod(number, across)
        members[names[y // COMPOUNDS[1] * streets[0] + x // COMPOUNDS[0]]].append(compound)
    regions = {name: shapely.coverage_union_all(parts) for name, parts in members.items()}
    dwellings = _dwellings(corners, across, up, buildings, households, dice)
    return Quarter(Ground(regions, dwellings, _lines(corners)), tuple(compounds))


def _corners(across: int, up: int, dice: random.Random) -> NDArray[np.float64]:
    """Where lines cross, on the lattice: (across + 1, up + 1, 2)."""
    east, north = lattice.metres_per_degree(CORNER[1])
    steps = np.array([_SIDE_M[0] / east, _SIDE_M[1] / north])
    places = [
        [(x + dice.uniform(-0.18, 0.18), y + dice.uniform(-0.18, 0.18)) for y in range(up + 1)]
        for x in range(across + 1)
    ]
    return lattice.degrees(lattice.keys(np.array(places) * steps + np.array(CORNER)))


def _compound(corners: NDArray[np.float64], x: int, y: int) -> BaseGeometry:
    return Polygon([corners[x, y], corners[x + 1, y], corners[x + 1, y + 1], corners[x, y + 1]])


def _lines(corners: NDArray[np.float64]) -> tuple[Line, ...]:
    """The lines between compounds, every fourth one a main road, the others lanes."""
    upright = [(number, corners[number, :]) for number in range(corners.shape[0])]
    level = [(number, corners[:, number]) for number in range(corners.shape[1])]
    return tuple(
        Line("lane" if number % _MAIN_ROAD_EVERY else "main_road", LineString(spots))
        for number, spots in [*upright, *level]
    )


def _dwellings(
    corners: NDArray[np.float64], across: int, up: int, buildings: int, households: int, dice: random.Random
) -> Dwellings:
    counts = _shared_out(buildings, [dice.uniform(0.6, 1.4) for _compound in range(across * up)], fewest=1)
    spots, names, weights = [], [], []
    for number, count in enumerate(counts):
        y, x = divmod(number, across)
        # Towers stand with towers, houses with houses.
        storeys = dice.choice((0.5, 0.9, 1.0, 1.2, 1.7))
        columns = max(1, round(count**0.5))
        rows = -(-count // columns)
        for place in dice.sample([(c, r) for c in range(columns) for r in range(rows)], count):
            u = (place[0] + 0.5 + dice.uniform(-0.25, 0.25)) / columns
            v = (place[1] + 0.5 + dice.uniform(-0.25, 0.25)) / rows
            south = corners[x, y] * (1 - u) + corners[x + 1, y] * u
            north = corners[x, y + 1] * (1 - u) + corners[x + 1, y + 1] * u
            spots.append(south * (1 - v) + north * v)
            names.append(f"{number + 1}号院")
            weights.append(storeys * dice.uniform(0.4, 1.6))
    shares = _shared_out(households, weights, fewest=_FEWEST, most=_MOST)
    return Dwellings(lattice.degrees(lattice.keys(np.array(spots))), np.array(shares, dtype=np.int64), tuple(names))


def _shared_out(total: int, weights: list[float], *, fewest: int, most: int | None = None) -> list[int]:
    """Whole numbers about as the weights, none below `fewest` or above `most`, that add up to `total`."""
    if not len(weights) * fewest <= total <= len(weights) * (most or total):
        raise ValueError(f"{total} cannot be shared out in {len(weights)} parts of {fewest} to {most}")
    scale = total / sum(weights)
    upper = total if most is None else most
    shares = [min(upper, max(fewest, round(weight * scale))) for weight in weights]
    missing, number = total - sum(shares), 0
    while missing:
        step = 1 if missing > 0 else -1
        if fewest <= shares[number % len(shares)] + step <= upper:
            shares[number % len(shares)] += step
            missing -= step
        number += 1
    return shares
