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

_FIRST_MERIDIAN = 75
# How far a zone reaches, generously, in metres; and where China's north ends.
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


@dataclass(frozen=True)
class _Zones:
    """Gauss-Krueger zones of one width by their numbers in the EPSG register, from 75 to 135 degrees east."""

    codes: range
    width: int
    first: int
    is_numbered: bool
    label: Promise

    def meridian(self, code: int) -> int:
        return _FIRST_MERIDIAN + self.width * (code - self.codes.start)

    def number(self, code: int) -> int:
        return self.first + code - self.codes.start

    def system(self, code: int) -> "System":
        words = {"zone": self.number(code), "meridian": self.meridian(code)}
        return System(str(code), _Filled(self.label, words), definition=f"EPSG:{code}")


_PLAIN, _NUMBERED, _WIDE, _WIDE_NUMBERED = (
    _Zones(range(4534, 4555), 3, 25, False, gettext_lazy("CGCS2000, 3-degree zone %(zone)d, %(meridian)d° E")),
    _Zones(
        range(4513, 4534), 3, 25, True,
        gettext_lazy("CGCS2000, 3-degree zone %(zone)d, %(meridian)d° E, zone number before the easting"),
    ),
    _Zones(range(4502, 4513), 6, 13, False, gettext_lazy("CGCS2000, 6-degree zone %(zone)d, %(meridian)d° E")),
    _Zones(
        range(4491, 4502), 6, 13, True,
        gettext_lazy("CGCS2000, 6-degree zone %(zone)d, %(meridian)d° E, zone number before the easting"),
    ),
)  # fmt: skip
_EVERY = (_PLAIN, _NUMBERED, _WIDE, _WIDE_NUMBERED)


def _zones_of(key: str) -> _Zones | None:
    code = int(key) if key.isascii() and key.isdigit() else 0
    return next((zones for zones in _EVERY if code in zones.codes), None)


class _Filled(Promise):
    """A lazy sentence with its words, put together when it is shown."""

    def __init__(self, text: str | Promise, words: dict[str, int]) -> None:
        self.text, self.words = text, words

    def __str__(self) -> str:
        return str(self.text) % self.words


THREE_DEGREES = tuple(zones.system(code) for zones in (_PLAIN, _NUMBERED) for code in zones.codes)
SIX_DEGREES = tuple(zones.system(code) for zones in (_WIDE, _WIDE_NUMBERED) for code in zones.codes)
ZONES = (*THREE_DEGREES, *SIX_DEGREES)
_CHOICES = {system.key: system for system in (*DEGREES, *ZONES)}


def chosen(key: str) -> System:
    """The system of a choice: a datum's value or a zone's number in the EPSG register. Raises KeyError."""
    return _CHOICES[key]


def other_zones(system: System) -> list[System]:
    """The zones whose metres look like those of this one, a number before the easting apart."""
    zones = _zones_of(system.key)
    if zones is None or zones.is_numbered:
        return []
    meridian = zones.meridian(int(system.key))
    return [_CHOICES[str(code)] for code in _PLAIN.codes if _PLAIN.meridian(code) != meridian]


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
    words = {"lon": f"{longitude:.10g}", "lat": f"{latitude:.10g}"}
    if -90 <= longitude <= 90 and -180 <= latitude <= 180:
        return _("%(lon)s, %(lat)s is out of range: are longitude and latitude swapped?") % words
    if max(abs(longitude), abs(latitude)) >= _WEST:
        words = {"x": f"{longitude:.0f}", "y": f"{latitude:.0f}"}
        return _("%(x)s, %(y)s are metres, no degrees: choose the zone they are in.") % words
    return _("%(lon)s, %(lat)s is out of range: degrees of longitude and latitude are needed.") % words


def _metres_fault(positions: Positions, key: str) -> str:
    """Only of the zones it is known where they end."""
    zones = _zones_of(key)
    if zones is None:
        return ""
    offset = zones.number(int(key)) * _MILLION if zones.is_numbered else 0
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
    if not offset and any(other.first <= zone < other.first + len(other.codes) for other in _EVERY):
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
