"""The lattice on which every published vertex lies: 1e-7 degrees, about one centimetre.

A canonical ordinate is key / 1e7 with an integer key, which is the double nearest to the 7-digit decimal that
GeoJSON carries. PostGIS' snapping functions multiply by 1e-7 instead and miss it in 38 % of cases, so geometry
is put on the lattice here, and travels to the database as binary, untouched. Pure but for GeoDjango's types.
"""

import math

import numpy as np
import shapely
from django.contrib.gis.geos import GEOSGeometry
from django.contrib.gis.geos import MultiPolygon as StoredMultiPolygon
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon
from shapely.geometry.base import BaseGeometry

from grids.datums import SRID

SCALE = 10_000_000


def keys(coordinates: NDArray[np.float64]) -> NDArray[np.int64]:
    """The integer keys of ordinates in degrees."""
    return np.rint(coordinates * SCALE).astype(np.int64)


def degrees(lattice_keys: NDArray[np.int64]) -> NDArray[np.float64]:
    """The canonical ordinates of integer keys."""
    return lattice_keys / float(SCALE)


def is_on_lattice(geometry: BaseGeometry) -> bool:
    """Whether every ordinate is canonical."""
    coordinates = shapely.get_coordinates(geometry)
    return bool(np.array_equal(coordinates, degrees(keys(coordinates))))


def to_lattice(geometry: BaseGeometry) -> BaseGeometry:
    """The geometry with every vertex moved to the nearest lattice point.

    Vertex by vertex, so that a border shared by two neighbours stays shared; it may become invalid where it was
    narrower than a step, which the caller checks.
    """
    rounded: BaseGeometry = shapely.transform(shapely.force_2d(geometry), lambda xy: degrees(keys(xy)))
    return rounded


def to_db(geometry: BaseGeometry) -> StoredMultiPolygon:
    """A polygon or multipolygon as the MultiPolygon GeoDjango stores, bit by bit."""
    parts = MultiPolygon([part for part in shapely.get_parts(geometry) if part.geom_type == "Polygon"])
    stored = GEOSGeometry(memoryview(shapely.to_wkb(parts, byte_order=1, output_dimension=2)))
    assert isinstance(stored, StoredMultiPolygon)
    stored.srid = SRID
    return stored


def from_db(geometry: GEOSGeometry) -> BaseGeometry:
    """A stored geometry for shapely, bit by bit."""
    loaded: BaseGeometry = shapely.from_wkb(bytes(geometry.wkb))
    return loaded


def square_metres(geometry: BaseGeometry) -> float:
    """The area in square metres on the ellipsoid, right to about 1 in 10,000 for anything up to a district."""
    if geometry.is_empty:
        return 0.0
    west_east, south_north = metres_per_degree(geometry.centroid.y)
    return float(geometry.area) * west_east * south_north


def metres_per_degree(latitude: float) -> tuple[float, float]:
    """Metres per degree of longitude and of latitude, at `latitude` degrees."""
    phi = math.radians(latitude)
    north = 111132.92 - 559.82 * math.cos(2 * phi) + 1.175 * math.cos(4 * phi)
    east = 111412.84 * math.cos(phi) - 93.5 * math.cos(3 * phi) + 0.118 * math.cos(5 * phi)
    return east, north
