"""What a division is made from: the places to divide, the dwellings on them, and the lines borders like to follow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from grids import lattice

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Dwellings:
    """One row per building. `spots` are (longitude, latitude) in degrees; a compound's name may be empty."""

    spots: Floats
    households: Ints
    compounds: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.spots)


@dataclass(frozen=True)
class Line:
    """A street, a river, a ridge. `kind` is a value of `grids.models.LineKind`."""

    kind: str
    shape: BaseGeometry
    is_barrier: bool = False


@dataclass(frozen=True)
class Ground:
    """Regions (by code, on the lattice, not overlapping) that no grid reaches across, and what lies on them."""

    regions: Mapping[str, BaseGeometry]
    dwellings: Dwellings
    lines: Sequence[Line] = ()


def staggered(outline: BaseGeometry, count: int) -> Floats:
    """About `count` spots in staggered rows inside of an outline, where nothing better is known; degrees."""
    scale = lattice.metres_per_degree(float(outline.centroid.y))
    west, south, east, north = outline.bounds
    metres = float(np.sqrt(outline.area * scale[0] * scale[1] / max(count, 1)))
    wide, high = metres / scale[0], metres / scale[1]
    rows = [
        (x, y)
        for row, y in enumerate(np.arange(south + high / 2, north, high).tolist())
        for x in np.arange(west + wide * (0.25 + 0.5 * (row % 2)), east, wide).tolist()
    ]
    spots = np.array(rows, dtype=np.float64).reshape(-1, 2)
    spots = spots[shapely.contains_xy(outline, spots[:, 0], spots[:, 1])]
    return spots if len(spots) else shapely.get_coordinates(shapely.point_on_surface(outline))


def thinned(dwellings: Dwellings, scale: Floats, most: int) -> Floats:
    """At most about `most` spots (degrees) to draw cells around: near dwellings of a compound are taken together."""
    spots, side = dwellings.spots, 4.0
    names = np.unique(np.array(dwellings.compounds, dtype=object).astype(str), return_inverse=True)[1]
    while len(spots) > most:
        squares = np.floor(dwellings.spots * scale / side)
        rows = np.unique(np.column_stack([squares, names]), axis=0, return_index=True)[1]
        spots, side = dwellings.spots[np.sort(rows)], side * 1.5
        if side > 2_000:
            break
    return spots
