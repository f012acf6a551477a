"""Why a polygon is not valid, in plain words and with the place. Pure."""

import re

import shapely
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from shapely.geometry.base import BaseGeometry

# What GEOS says, and what a clerk understands.
_WORDS: dict[str, str | Promise] = {
    "Self-intersection": gettext_lazy("its border crosses itself"),
    "Ring Self-intersection": gettext_lazy("its border touches or crosses itself"),
    "Duplicate Rings": gettext_lazy("a ring occurs twice"),
    "Hole lies outside shell": gettext_lazy("a hole lies outside of it"),
    "Holes are nested": gettext_lazy("a hole lies inside of another"),
    "Nested shells": gettext_lazy("a part lies inside of another"),
    "Interior is disconnected": gettext_lazy("holes cut it apart"),
    "Too few points in geometry component": gettext_lazy("a ring has no area"),
}
_REASON = re.compile(r"(?P<what>[^\[]+)\[(?P<longitude>\S+) (?P<latitude>\S+)\]")


def why_invalid(geometry: BaseGeometry) -> str:
    """Why `geometry` is not valid and where, in degrees; empty if it is valid."""
    if shapely.is_valid(geometry):
        return ""
    reason = shapely.is_valid_reason(geometry)
    found = _REASON.fullmatch(reason)
    if found is None or found["what"] not in _WORDS:
        return str(reason)
    place = f"{float(found['longitude']):.7f}, {float(found['latitude']):.7f}"
    return _("%(reason)s near %(place)s") % {"reason": _WORDS[found["what"]], "place": place}
