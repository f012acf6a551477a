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
    drawn, owner = _cells(area, homes)
    return _cut(drawn[np.unique(owner[chosen])], area)


def cells(area: BaseGeometry, homes: Sequence[Home]) -> dict[int, BaseGeometry]:
    """The cells of an area, each by the lowest id of its dwellings."""
    if not homes:
        return {}
    drawn, owner = _cells(area, homes)
    groups: dict[object, list[int]] = {}
    for number, home in enumerate(homes):
        groups.setdefault(home.compound or home.id, []).append(number)
    found = {}
    for members in groups.values():
        cut = _cut(drawn[np.unique(owner[members])], area)
        if not cut.is_empty:
            found[min(homes[number].id for number in members)] = cut
    return found


def together(homes: Sequence[Home], numbers: Collection[int]) -> set[int]:
    """The dwellings of the cells that carry `numbers`."""
    compounds = {home.compound for home in homes if home.id in numbers and home.compound}
    return {home.id for home in homes if home.id in numbers or home.compound in compounds}


def _cut(drawn: NDArray[np.object_], area: BaseGeometry) -> BaseGeometry:
    """The ground of some cells within the area."""
    whole: BaseGeometry = shapely.coverage_union_all(drawn)
    return lattice.to_lattice(shapely.intersection(whole, area))


def _cells(area: BaseGeometry, homes: Sequence[Home]) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """The ground nearest to each spot, on the lattice, not yet cut; and for each dwelling the number of its cell."""
    spots = np.array([(home.longitude, home.latitude) for home in homes])
    # Distances in metres, not in degrees.
    scale = np.array(lattice.metres_per_degree(float(spots[:, 1].mean())))
    points = shapely.points(spots * scale)
    around = shapely.buffer(shapely.box(*(np.array(shapely.bounds(area)) * [*scale, *scale])), 50)
    drawn = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points), extend_to=around))
    owner = np.zeros(len(homes), dtype=np.int64)
    if len(drawn) == 0:
        return np.array([None, area], dtype=object)[1:], owner
    ground = [lattice.to_lattice(shapely.transform(cell, lambda xy: xy / scale)) for cell in drawn]
    point, cell = shapely.STRtree(drawn).query(points, predicate="intersects")
    owner[point[::-1]] = cell[::-1]
    return np.array([None, *ground], dtype=object)[1:], owner


def by_area(owners: Mapping[int, Sequence[Home]], wanted: Collection[int]) -> dict[int, list[Home]]:
    """Of the dwellings of each area those areas that have one of `wanted`."""
    return {key: list(homes) for key, homes in owners.items() if any(home.id in wanted for home in homes)}
