"""Base cells for painting: the ground of an area divided among its dwellings, one cell for each compound or lone house.

A cell is the ground nearer to its dwellings than to any other of the area, cut at the border of the area. Pure.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from grids import lattice


@dataclass(frozen=True)
class Home:
    """A dwelling: where it stands, how many live there, the compound it belongs to."""

    id: int
    longitude: float
    latitude: float
    households: int
    compound: str = ""


def ground_of(area: BaseGeometry, homes: Sequence[Home], wanted: Collection[int]) -> BaseGeometry:
    """The ground of the dwellings `wanted` within `area`, of which `homes` are all; empty if none of them is wanted."""
    chosen = [number for number, home in enumerate(homes) if home.id in wanted]
    if not chosen:
        return shapely.Polygon()
    if len(chosen) == len(homes):
        return area
    cells = _cells(area, homes)
    mine: BaseGeometry = shapely.coverage_union_all(np.unique(cells[chosen]))
    return lattice.to_lattice(shapely.intersection(mine, area))


def cells(area: BaseGeometry, homes: Sequence[Home]) -> dict[int, BaseGeometry]:
    """The cells of an area, each by the lowest id of its dwellings."""
    if not homes:
        return {}
    each = _cells(area, homes)
    groups: dict[object, list[int]] = {}
    for number, home in enumerate(homes):
        groups.setdefault(home.compound or home.id, []).append(number)
    found = {}
    for members in groups.values():
        whole = shapely.coverage_union_all(np.unique(each[members])) if len(homes) > 1 else area
        cut = lattice.to_lattice(shapely.intersection(whole, area))
        if not cut.is_empty:
            found[min(homes[number].id for number in members)] = cut
    return found


def together(homes: Sequence[Home], numbers: Collection[int]) -> set[int]:
    """The dwellings of the cells that carry `numbers`."""
    compounds = {home.compound for home in homes if home.id in numbers and home.compound}
    return {home.id for home in homes if home.id in numbers or home.compound in compounds}


def _cells(area: BaseGeometry, homes: Sequence[Home]) -> NDArray[np.object_]:
    """For each dwelling the ground nearest to it, on the lattice, not yet cut; those on one spot share it."""
    spots = np.array([(home.longitude, home.latitude) for home in homes])
    # Distances in metres, not in degrees.
    east, north = lattice.metres_per_degree(float(spots[:, 1].mean()))
    scale = np.array([east, north])
    points = shapely.points(spots * scale)
    around = shapely.buffer(shapely.box(*(np.array(shapely.bounds(area)) * [*scale, *scale])), 50)
    drawn = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points), extend_to=around))
    if len(drawn) == 0:
        return np.array([area] * len(homes), dtype=object)
    ground = np.array([lattice.to_lattice(shapely.transform(cell, lambda xy: xy / scale)) for cell in drawn])
    point, cell = shapely.STRtree(drawn).query(points, predicate="intersects")
    owner = np.zeros(len(homes), dtype=np.int64)
    owner[point[::-1]] = cell[::-1]
    return ground[owner]


def by_area(owners: Mapping[int, Sequence[Home]], wanted: Collection[int]) -> dict[int, list[Home]]:
    """Of the dwellings of each area those areas that have one of `wanted`."""
    return {key: list(homes) for key, homes in owners.items() if any(home.id in wanted for home in homes)}
