"""The features of a layer as valid polygons of CGCS2000 on the lattice, or why one is none. Pure but for GDAL."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import shapely
from django.utils.translation import gettext as _
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from grids import lattice
from grids.exchange.features import Raw, Ring
from grids.exchange.systems import System
from grids.validity import why_invalid


def drawn(features: Sequence[Raw], system: System) -> list[BaseGeometry | str]:
    """For each feature its polygon(s), or the reason why there are none.

    Each vertex is converted by itself, so that a border shared in the file is shared afterwards.
    """
    found: list[BaseGeometry | str] = [_fault(feature, system) for feature in features]
    good = [number for number, fault in enumerate(found) if not fault]
    drawings = [parts for number in good if not isinstance(parts := features[number].parts, str)]
    converted = iter(_converted([ring for parts in drawings for part in parts for ring in part], system))
    for number, parts in zip(good, drawings, strict=True):
        found[number] = _shape([[next(converted) for _ring in part] for part in parts])
    return found


def _fault(feature: Raw, system: System) -> str:
    if isinstance(feature.parts, str):
        return feature.parts
    for ring in (ring for part in feature.parts for ring in part):
        if not np.isfinite(ring).all():
            return _("A coordinate is no finite number.")
        if len(ring) < 4 or not np.array_equal(ring[0], ring[-1]):
            return _("A ring has fewer than four positions or is not closed.")
        reason = system.why_out_of_range(ring)
        if reason:
            return reason
    return ""


def _converted(rings: list[Ring], system: System) -> list[Ring | None]:
    """All rings at once; where some have no place on the earth, one by one to find out which."""
    if not rings:
        return []
    try:
        whole = system.to_cgcs2000(np.vstack(rings))
    except ValueError:
        return [_one(ring, system) for ring in rings]
    ends = np.cumsum([0, *(len(ring) for ring in rings)])
    return [whole[start:end] for start, end in pairwise(ends)]


def _one(ring: Ring, system: System) -> Ring | None:
    try:
        return system.to_cgcs2000(ring)
    except ValueError:
        return None


def _shape(parts: list[list[Ring | None]]) -> BaseGeometry | str:
    rings = [[ring for ring in part if ring is not None] for part in parts]
    if any(len(kept) < len(part) for kept, part in zip(rings, parts, strict=True)):
        return _("These metres have no place on the earth.")
    polygons = [Polygon(part[0], part[1:]) for part in rings]
    shape = lattice.to_lattice(polygons[0] if len(polygons) == 1 else MultiPolygon(polygons))
    reason = why_invalid(shape)
    if reason:
        return _("The polygon is not valid: %(reason)s.") % {"reason": reason}
    # A corner given twice is no other border.
    cleaned: BaseGeometry = shapely.remove_repeated_points(shape)
    return cleaned
