"""Coordinate systems of map files: degrees of the four datums, and metres of the Gauss-Krueger zones of CGCS2000.

Whatever a file says of itself is accepted if it rests on CGCS2000 or WGS-84, which are the same to a few decimetres.
Beijing 1954 and Xi'an 1980 differ by up to a hundred metres that only the survey office can convert. Positions are
(longitude, latitude) or (easting, northing) rows, the order of files and screens, never that of the registers.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import shapely
from django.contrib.gis.gdal import CoordTransform, GDALException, OGRGeometry, SpatialReference
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from grids import datums
from grids.datums import Datum, Positions
from grids.exchange.refused import BoundaryFileRefused

# Three degrees wide, by central meridian from 75 to 135 degrees east: with the zone's number before the easting, and
# without.
NUMBERED_ZONES, PLAIN_ZONES = range(4513, 4534), range(4534, 4555)
_FIRST_MERIDIAN, _ZONE_WIDTH, _FIRST_ZONE = 75, 3, 25
# How far a three-degree zone reaches, generously, in metres; and where China's north ends.
_WEST, _EAST, _SOUTH, _NORTH = 100_000.0, 900_000.0, 0.0, 6_300_000.0
_MILLION = 1_000_000

_DEGREES = re.compile(r"(CRS84|[:/](4326|4490|CGCS2000|WGS84))$", re.IGNORECASE)
_REGISTERED = re.compile(r"EPSG[:/]+(?:[0-9.]*[:/])?([0-9]{4,6})$", re.IGNORECASE)
_WRITTEN_OUT = re.compile(r"\s*(GEOG|GEOD|PROJ|BOUND|COMP)[A-Z]*\[", re.IGNORECASE)
_SAME_EARTH = re.compile(
    r"china[ _]?(geodetic[ _]?coordinate[ _]?system[ _]?)?2000|cgcs[ _]?2000|wgs[ _]?(19)?84", re.IGNORECASE
)


@dataclass(frozen=True)
class System:
    """One way to say where a vertex is. `definition` is empty for degrees of a datum, else what GDAL reads."""

    key: str
    label: str | Promise
    datum: Datum = Datum.CGCS2000
    definition: str = ""

    @property
    def in_metres(self) -> bool:
        return bool(self.definition)

    def to_cgcs2000(self, positions: Positions) -> Positions:
        """Degrees of CGCS2000. Raises ValueError where the metres have no place on the earth."""
        if self.definition:
            return _transformed(positions, self.definition, "EPSG:4490")
        return datums.to_cgcs2000(positions, self.datum)

    def from_cgcs2000(self, positions: Positions) -> Positions:
        """What CGCS2000 degrees are in this system."""
        if self.definition:
            return _transformed(positions, "EPSG:4490", self.definition)
        return datums.from_cgcs2000(positions, self.datum)

    def why_out_of_range(self, positions: Positions) -> str:
        """In words why these finite positions cannot be of this system; empty if they can."""
        return _metres_fault(positions, self.key) if self.definition else _degrees_fault(positions)


DEGREES = tuple(System(datum.value, datum.label, datum=datum) for datum in Datum)


def _zone(code: int) -> System:
    place = (code - NUMBERED_ZONES.start) % len(NUMBERED_ZONES)
    words = {"zone": _FIRST_ZONE + place, "meridian": _FIRST_MERIDIAN + _ZONE_WIDTH * place}
    if code in NUMBERED_ZONES:
        label = gettext_lazy("CGCS2000, 3-degree zone %(zone)d, %(meridian)d° E, zone number before the easting")
    else:
        label = gettext_lazy("CGCS2000, 3-degree zone %(zone)d, %(meridian)d° E")
    return System(str(code), _Filled(label, words), definition=f"EPSG:{code}")


class _Filled(Promise):
    """A lazy sentence with its words, put together when it is shown."""

    def __init__(self, text: str | Promise, words: dict[str, int]) -> None:
        self.text, self.words = text, words

    def __str__(self) -> str:
        return str(self.text) % self.words


ZONES = tuple(_zone(code) for code in (*PLAIN_ZONES, *NUMBERED_ZONES))
_CHOICES = {system.key: system for system in (*DEGREES, *ZONES)}


def chosen(key: str) -> System:
    """The system of a choice: a datum's value or a zone's number in the EPSG register. Raises KeyError."""
    return _CHOICES[key]


def said_by_file(crs: str) -> System | None:
    """The system a file names, None if it names none. Raises BoundaryFileRefused for one on another earth."""
    if not crs.strip():
        return None
    if _DEGREES.search(crs):
        return chosen(Datum.WGS84 if re.search("84|4326", crs) else Datum.CGCS2000)
    found = _REGISTERED.search(crs)
    if found and found[1] in _CHOICES:
        return chosen(found[1])
    # Only these: GDAL would also take the name of a file, or an address.
    if not found and not _WRITTEN_OUT.match(crs):
        raise BoundaryFileRefused(_foreign(crs))
    try:
        read = SpatialReference(int(found[1])) if found else SpatialReference(crs, srs_type="wkt")
        datum, name = str(read.attr_value("DATUM") or ""), str(read.name or "")
    except (GDALException, UnicodeDecodeError, TypeError) as error:
        raise BoundaryFileRefused(_foreign(crs)) from error
    if not _SAME_EARTH.search(datum):
        raise BoundaryFileRefused(_foreign(name if name and name != "unnamed" else crs))
    if read.geographic:
        return chosen(Datum.WGS84 if "84" in datum else Datum.CGCS2000)
    if not read.projected:
        raise BoundaryFileRefused(_foreign(name or crs))
    return System("file", name, definition=read.wkt)


def _foreign(name: str) -> str:
    return _(
        "Its coordinates are in %(crs)s, which does not rest on CGCS2000 or WGS-84: have the survey office convert it."
    ) % {"crs": name[:80]}


@lru_cache(maxsize=64)
def _path(source: str, target: str) -> tuple[SpatialReference, CoordTransform]:
    start = SpatialReference(source)
    return start, CoordTransform(start, SpatialReference(target))


def _transformed(positions: Positions, source: str, target: str) -> Positions:
    start, path = _path(source, target)
    # One line of all positions: a call per vertex would take a hundred times as long. A line needs two.
    twice = np.vstack([positions, positions[-1:]])
    line = OGRGeometry(memoryview(shapely.to_wkb(shapely.linestrings(twice))), start)
    try:
        line.transform(path)
    except GDALException as error:
        raise ValueError(_("These metres have no place on the earth.")) from error
    found: Positions = shapely.get_coordinates(shapely.from_wkb(bytes(line.wkb)))[:-1]
    if not np.isfinite(found).all():
        raise ValueError(_("These metres have no place on the earth."))
    return found


def _degrees_fault(positions: Positions) -> str:
    low, high = np.array([-180.0, -90.0]), np.array([180.0, 90.0])
    bad = ((positions < low) | (positions > high)).any(axis=1)
    if not bad.any():
        return ""
    longitude, latitude = positions[bad][0]
    words = {"lon": f"{longitude:g}", "lat": f"{latitude:g}"}
    if -90 <= longitude <= 90 and -180 <= latitude <= 180:
        return _("%(lon)s, %(lat)s is out of range: are longitude and latitude swapped?") % words
    return _("%(lon)s, %(lat)s is out of range: degrees of longitude and latitude are needed.") % words


def _metres_fault(positions: Positions, key: str) -> str:
    """Only of the zones it is known where they end."""
    if key not in _CHOICES:
        return ""
    code = int(key)
    offset = (_FIRST_ZONE + code - NUMBERED_ZONES.start) * _MILLION if code in NUMBERED_ZONES else 0
    easting, northing = positions[:, 0] - offset, positions[:, 1]
    bad = (easting < _WEST) | (easting > _EAST) | (northing < _SOUTH) | (northing > _NORTH)
    if not bad.any():
        return ""
    first, second = positions[bad][0]
    zone = int(first // _MILLION)
    words = {"x": f"{first:.0f}", "y": f"{second:.0f}", "zone": zone}
    if (np.abs(positions) <= np.array([180.0, 90.0])).all():
        return _("%(x)s, %(y)s are degrees, no metres: choose a system in degrees.") % words
    if _WEST <= second - offset <= _EAST and _MILLION < first < _NORTH:
        return _("%(x)s, %(y)s is out of range: are easting and northing swapped?") % words
    if not offset and _FIRST_ZONE <= zone < _FIRST_ZONE + len(NUMBERED_ZONES):
        return (
            _("%(x)s begins with the zone number %(zone)d: choose that zone with its number before the easting.")
            % words
        )
    return _("%(x)s, %(y)s lies outside of the zone: another zone, or another system.") % words


def decided(*, crs: str, datum: str, choice: str = "") -> System:
    """The system to read a layer in: what was chosen, else what the file says, else degrees of CGCS2000.

    `crs` is the file's own word, `datum` the mark of a file written here. Raises BoundaryFileRefused for a system that
    rests on another earth, whatever was chosen.
    """
    said = said_by_file(crs)
    if choice in _CHOICES:
        return chosen(choice)
    if datum in Datum.values:
        return chosen(datum)
    return said or chosen(Datum.CGCS2000)
