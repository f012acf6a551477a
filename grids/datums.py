"""The datums phones, maps and tables bring, converted at the edge to the one we store.

Stored is CGCS2000 (SRID 4490), which equals WGS-84 to a few decimetres. GCJ-02 (Amap, Tencent) is shifted by
230 to 680 m, BD-09 (Baidu) further still: a wrong datum is a wrong officer. The shifts are public formulas
without a closed inverse, so the inverse iterates to far below a millimetre. Outside of mainland China no
shift applies. Positions are arrays of (longitude, latitude) rows in degrees. Pure.
"""

from collections.abc import Callable

import numpy as np
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from numpy.typing import ArrayLike, NDArray

SRID = 4490

_SEMI_MAJOR = 6378245.0
_ECCENTRICITY_2 = 0.00669342162296594323
_BD_TURN = np.pi * 3000.0 / 180.0
_WEST, _SOUTH, _EAST, _NORTH = 72.004, 0.8293, 137.8347, 55.8271
_ROUNDS = 8

Positions = NDArray[np.float64]
Shift = Callable[[Positions], Positions]


class Datum(TextChoices):
    CGCS2000 = "cgcs2000", _("CGCS2000")
    WGS84 = "wgs84", _("WGS-84")
    GCJ02 = "gcj02", _("GCJ-02 (Amap, Tencent)")
    BD09 = "bd09", _("BD-09 (Baidu)")


def to_cgcs2000(positions: ArrayLike, datum: Datum | str) -> Positions:
    """Positions of any datum as CGCS2000 degrees. Raises ValueError for an unknown datum."""
    given = np.atleast_2d(np.asarray(positions, dtype=np.float64))
    match Datum(datum):
        case Datum.GCJ02:
            return _undone(given, gcj02_from_wgs84)
        case Datum.BD09:
            return _undone(_undone(given, _bd09_from_gcj02), gcj02_from_wgs84)
        case _:
            return given.copy()


def from_cgcs2000(positions: ArrayLike, datum: Datum | str) -> Positions:
    """CGCS2000 positions as degrees of another datum, for a map client that wants it."""
    given = np.atleast_2d(np.asarray(positions, dtype=np.float64))
    match Datum(datum):
        case Datum.GCJ02:
            return gcj02_from_wgs84(given)
        case Datum.BD09:
            return _bd09_from_gcj02(gcj02_from_wgs84(given))
        case _:
            return given.copy()


def lonlat_to_cgcs2000(longitude: float, latitude: float, datum: Datum | str) -> tuple[float, float]:
    """One position as CGCS2000 (longitude, latitude) degrees."""
    converted = to_cgcs2000([[longitude, latitude]], datum)[0]
    return float(converted[0]), float(converted[1])


def gcj02_from_wgs84(positions: Positions) -> Positions:
    """The published shift, applied inside of mainland China's box."""
    longitude, latitude = positions[:, 0], positions[:, 1]
    x, y = longitude - 105.0, latitude - 35.0
    waves = 20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x))
    north += (waves + 20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi / 3.0 * y)) * 2.0 / 3.0
    north += (160.0 * np.sin(np.pi / 12.0 * y) + 320.0 * np.sin(np.pi / 30.0 * y)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x))
    east += (waves + 20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi / 3.0 * x)) * 2.0 / 3.0
    east += (150.0 * np.sin(np.pi / 12.0 * x) + 300.0 * np.sin(np.pi / 30.0 * x)) * 2.0 / 3.0
    phi = np.radians(latitude)
    magic = 1.0 - _ECCENTRICITY_2 * np.sin(phi) ** 2
    north *= 180.0 / (_SEMI_MAJOR * (1.0 - _ECCENTRICITY_2) / (magic * np.sqrt(magic)) * np.pi)
    east *= 180.0 / (_SEMI_MAJOR / np.sqrt(magic) * np.cos(phi) * np.pi)
    inside = (longitude >= _WEST) & (longitude <= _EAST) & (latitude >= _SOUTH) & (latitude <= _NORTH)
    return positions + np.where(inside[:, None], np.column_stack([east, north]), 0.0)


def _bd09_from_gcj02(positions: Positions) -> Positions:
    longitude, latitude = positions[:, 0], positions[:, 1]
    radius = np.hypot(longitude, latitude) + 0.00002 * np.sin(latitude * _BD_TURN)
    angle = np.arctan2(latitude, longitude) + 0.000003 * np.cos(longitude * _BD_TURN)
    return np.column_stack([radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006])


def _undone(shifted: Positions, shift: Shift) -> Positions:
    """The positions that `shift` moves to `shifted`, by fixed-point rounds."""
    guess = shifted.copy()
    for _round in range(_ROUNDS):
        guess += shifted - shift(guess)
    return guess
