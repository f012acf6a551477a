"""What an edit is given, as it comes over the wire: read strictly, refused with a word for people. Pure."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import shapely
from django.utils.translation import gettext as _
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from grids import lattice
from grids.coverage import EditRefused

Point = tuple[float, float]
MOST_POINTS = 5000
MOST_NUMBERS = 20000
Args = Mapping[str, Any]


def bad(what: str) -> EditRefused:
    """The refusal of an argument that is missing or makes no sense."""
    return EditRefused("bad_arguments", _("“%(what)s” is missing or makes no sense.") % {"what": what})


def point(args: Args, name: str) -> Point:
    """A position on the lattice."""
    return _point(args.get(name), name)


def line(args: Args, name: str, least: int = 2) -> list[Point]:
    """Positions of a line, none twice in a row."""
    given = args.get(name)
    if not isinstance(given, list) or not least <= len(given) <= MOST_POINTS:
        raise bad(name)
    points = [_point(one, name) for one in given]
    kept = [one for before, one in zip([None, *points], points, strict=False) if one != before]
    if len(kept) < least:
        raise bad(name)
    return kept


def polygon(args: Args, name: str) -> BaseGeometry:
    """A ring of positions, or a polygon's list of rings, as a valid area on the lattice."""
    given = args.get(name)
    if isinstance(given, list) and given and isinstance(given[0], list) and given[0] and _is_list(given[0][0]):
        rings = [line({name: ring}, name, 3) for ring in given]
    else:
        rings = [line(args, name, 3)]
    try:
        shape = Polygon(rings[0], rings[1:])
    except ValueError as error:
        raise bad(name) from error
    if not shapely.is_valid(shape) or shape.is_empty:
        raise EditRefused("crosses", _("The drawn area crosses itself."), _first(rings))
    return shape


def number(args: Args, name: str) -> int:
    """The number of an area or the like."""
    value = args.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**31:
        raise bad(name)
    return value


def optional_number(args: Args, name: str) -> int | None:
    return None if args.get(name) is None else number(args, name)


def numbers(args: Args, name: str, least: int = 1) -> list[int]:
    """Different numbers, in their order."""
    given = args.get(name)
    if not isinstance(given, list) or not least <= len(given) <= MOST_NUMBERS:
        raise bad(name)
    found = list(dict.fromkeys(_whole(one, name) for one in given))
    if len(found) < least:
        raise bad(name)
    return found


def text(args: Args, name: str, most: int) -> str:
    """A short text without space around it."""
    value = args.get(name, "")
    if value is None:
        return ""
    if not isinstance(value, str) or len(value.strip()) > most or "\x00" in value:
        raise bad(name)
    return value.strip()


def chosen(args: Args, name: str, among: Sequence[str]) -> str:
    value = text(args, name, 100)
    if value not in among:
        raise bad(name)
    return value


def _whole(value: Any, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise bad(name)
    return value


def _point(value: Any, name: str) -> Point:
    if not _is_list(value) or len(value) != 2:
        raise bad(name)
    longitude, latitude = value
    for one, most in ((longitude, 180), (latitude, 90)):
        if not isinstance(one, int | float) or isinstance(one, bool) or not math.isfinite(one) or abs(one) > most:
            raise bad(name)
    return round(longitude * lattice.SCALE) / lattice.SCALE, round(latitude * lattice.SCALE) / lattice.SCALE


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _first(rings: list[list[Point]]) -> Point:
    return rings[0][0]
