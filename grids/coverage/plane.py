"""The lattice as a plane of whole numbers, on which every edit is computed without rounding. Pure.

A geometry "in the plane" has lattice keys for ordinates: whole numbers, exact in doubles. Only `to_plane` and
`to_degrees` cross over.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from django.utils.translation import gettext as _
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from grids import lattice
from grids.coverage.edits import LEAST_WIDTH_METRES, EditRefused, Place, Shapes
from grids.validity import why_invalid

Point = tuple[int, int]
Segment = tuple[Point, Point]
Points = NDArray[np.int64]

# The frame's key among the owners of segments; areas have keys from 0.
FRAME = -1

# Less than a lattice square: the rounding of a sum.
_SPECK = 0.5


def to_plane(geometries: Iterable[BaseGeometry]) -> NDArray[np.object_]:
    """Geometries in degrees, put on the plane."""
    array = np.empty(0, dtype=object)
    listed = list(geometries)
    if listed:
        array = np.array([None, *listed], dtype=object)[1:]
    return shapely.transform(shapely.force_2d(array), lambda xy: np.rint(xy * lattice.SCALE))


def to_degrees(geometry: BaseGeometry) -> BaseGeometry:
    """A geometry of the plane as canonical degrees."""
    turned: BaseGeometry = shapely.transform(geometry, lambda xy: xy / float(lattice.SCALE))
    return turned


def point(place: Place) -> Point:
    """The lattice point nearest to a place in degrees."""
    return round(place[0] * lattice.SCALE), round(place[1] * lattice.SCALE)


def place(at: Iterable[float]) -> Place:
    """A point of the plane in degrees."""
    longitude, latitude = at
    return round(longitude) / lattice.SCALE, round(latitude) / lattice.SCALE


def invalid_place(area: BaseGeometry) -> Place | None:
    """Where an invalid area is invalid, in degrees, if GEOS knows."""
    _what, _bracket, at = shapely.is_valid_reason(area).partition("[")
    return place(float(part) for part in at.rstrip("]").split()[:2]) if at else None


def segments(geometries: NDArray[np.object_]) -> tuple[Points, Points, NDArray[np.intp]]:
    """Begin, end and number of geometry of every segment of the polygons' rings."""
    parts, of_geometry = shapely.get_parts(geometries, return_index=True)
    rings, of_part = shapely.get_rings(parts, return_index=True)
    coordinates, of_ring = shapely.get_coordinates(rings, return_index=True)
    xy = coordinates.astype(np.int64)
    inner = (of_ring[1:] == of_ring[:-1]) & np.any(xy[1:] != xy[:-1], axis=1)
    return xy[:-1][inner], xy[1:][inner], of_geometry[of_part[of_ring[:-1][inner]]]


def edge(one: Point, other: Point) -> Segment:
    """A segment without direction."""
    return (one, other) if one < other else (other, one)


def edges(geometry: BaseGeometry) -> set[Segment]:
    """The segments of a polygon's rings, without direction."""
    begins, ends, _owner = segments(np.array([geometry], dtype=object))
    pairs = zip(begins.tolist(), ends.tolist(), strict=True)
    return {edge((ax, ay), (bx, by)) for (ax, ay), (bx, by) in pairs}


def polygons(geometry: BaseGeometry) -> list[Polygon]:
    """The parts that have an area."""
    return [part for part in shapely.get_parts(geometry) if part.geom_type == "Polygon" and not part.is_empty]


@dataclass(frozen=True)
class Sheet:
    """Areas and their frame in the plane, with a table of all segments. `east`, `north`: metres per lattice step."""

    shapes: Mapping[int, BaseGeometry]
    frame: BaseGeometry
    east: float
    north: float

    @classmethod
    def of(cls, shapes: Shapes, frame: BaseGeometry) -> "Sheet":
        keys = list(shapes)
        array = to_plane([*(shapes[key] for key in keys), frame])
        _west, south, _east, north_end = frame.bounds if not frame.is_empty else (0.0, 0.0, 0.0, 0.0)
        east, north = lattice.metres_per_degree((south + north_end) / 2)
        known = dict(zip(keys, array[:-1], strict=True))
        return cls(known, array[-1], east / lattice.SCALE, north / lattice.SCALE)

    @cached_property
    def keys(self) -> list[int]:
        return list(self.shapes)

    @cached_property
    def _table(self) -> tuple[Points, Points, NDArray[np.int64]]:
        begins, ends, number = segments(np.array([*self.shapes.values(), self.frame], dtype=object))
        return begins, ends, np.array([*self.keys, FRAME], dtype=np.int64)[number]

    @property
    def begins(self) -> Points:
        return self._table[0]

    @property
    def ends(self) -> Points:
        return self._table[1]

    @property
    def owners(self) -> NDArray[np.int64]:
        return self._table[2]

    def area(self, key: int) -> BaseGeometry:
        """The area with this key. Raises EditRefused if there is none."""
        if key not in self.shapes:
            raise EditRefused("no_area", _("There is no such area any more."))
        return self.shapes[key]

    def valid_area(self, key: int) -> BaseGeometry:
        """The same, if it may be edited. Raises EditRefused if it is not valid."""
        area = self.area(key)
        if not shapely.is_valid(area):
            reason = why_invalid(to_degrees(area))
            raise EditRefused("invalid", _("This area must be repaired first: %(reason)s.") % {"reason": reason})
        return area

    def metres(self, geometry: BaseGeometry) -> BaseGeometry:
        """A geometry of the plane with metres for ordinates, for lengths, widths and areas."""
        return shapely.transform(geometry, lambda xy: xy * (self.east, self.north))

    def square_metres(self, geometry: BaseGeometry) -> float:
        return lattice.square_metres(to_degrees(geometry))

    def length(self, begins: Points, ends: Points) -> NDArray[np.float64]:
        """Metres of segments."""
        lengths: NDArray[np.float64] = np.hypot(*((ends - begins) * (self.east, self.north)).T)
        return lengths

    @cached_property
    def boxes(self) -> tuple[Points, Points]:
        """The low and the high corner of every segment's box."""
        return np.minimum(self.begins, self.ends), np.maximum(self.begins, self.ends)

    def beside(self, part: BaseGeometry, key: int) -> tuple[int, ...]:
        """The other areas along the border of a part of `key`, the longest stretch first."""
        low, high = self.boxes
        west, south, east, north = part.bounds
        near = np.all((high >= (west, south)) & (low <= (east, north)), axis=1)
        near &= (self.owners != key) & (self.owners != FRAME)
        border = edges(part)
        metres: dict[int, float] = {}
        lengths = self.length(self.begins[near], self.ends[near]).tolist()
        rows = zip(
            self.begins[near].tolist(), self.ends[near].tolist(), self.owners[near].tolist(), lengths, strict=True
        )
        for (ax, ay), (bx, by), owner, length in rows:
            if edge((ax, ay), (bx, by)) in border:
                metres[owner] = metres.get(owner, 0.0) + length
        return tuple(sorted(metres, key=lambda owner: (-metres[owner], owner)))

    def thin_parts(self, geometry: BaseGeometry) -> list[Polygon]:
        """The parts into which no circle of LEAST_WIDTH_METRES fits."""
        return [part for part in polygons(geometry) if self.is_thin(part)]

    def is_thin(self, part: BaseGeometry, width: float = LEAST_WIDTH_METRES) -> bool:
        measured = self.metres(part)
        # A circle of radius area/perimeter always fits.
        if measured.area >= measured.length * width / 2:
            return False
        return bool(measured.buffer(-width / 2, quad_segs=4).is_empty)


def joined(parts: Iterable[BaseGeometry]) -> BaseGeometry:
    """One polygon or multipolygon of polygons that have corners wherever their borders meet."""
    listed = list(parts)
    if not listed:
        return MultiPolygon()
    if len(listed) == 1 and listed[0].geom_type == "Polygon":
        return listed[0]
    whole = sum(float(part.area) for part in listed)
    # Areas that overlap are no coverage: what comes of it may be invalid, or lack what they share.
    union = _tried(lambda: shapely.coverage_union_all(listed))
    if union is None or abs(union.area - whole) > _SPECK:
        union = _tried(lambda: shapely.union_all(listed, grid_size=1))
    if union is None:
        at = place(shapely.get_coordinates(listed[0])[0])
        raise EditRefused("crosses", _("Borders are entangled here; repair them first."), at)
    found = polygons(union)
    return found[0] if len(found) == 1 else MultiPolygon(found)


def _tried(union: Callable[[], BaseGeometry]) -> BaseGeometry | None:
    """A union, None if it failed or came out invalid."""
    try:
        result = union()
    except shapely.errors.GEOSException:
        return None
    return result if shapely.is_valid(result) else None
