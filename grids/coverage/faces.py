"""The faces into which drawn lines cut an area, and areas put together from faces. In the plane. Pure."""

import itertools
from collections.abc import Iterable, Mapping

import numpy as np
import shapely
from django.utils.translation import gettext as _
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from grids.coverage import plane
from grids.coverage.edits import Edited, EditRefused
from grids.coverage.noding import Chains, insert_into, led_through
from grids.coverage.plane import Points, Segment, Sheet
from grids.coverage.sound import mended
from grids.validity import why_invalid

# Less than a lattice square: a hair has no area.
_SPECK = 0.5


def inside(drawn: set[Segment], area: BaseGeometry) -> set[Segment]:
    """The drawn segments that lie in the interior of the area; it must have corners wherever they meet its border."""
    loose = sorted(drawn - plane.edges(area))
    if not loose:
        return set()
    middles = np.array(loose, dtype=np.float64).mean(axis=1)
    shapely.prepare(area)
    kept = shapely.contains_properly(area, shapely.points(middles))
    return {pair for pair, keep in zip(loose, kept.tolist(), strict=True) if keep}


def cutting(drawn: set[Segment], area: BaseGeometry) -> set[Segment]:
    """Of segments inside of the area, those with another face on either side: no loose ends, no bridges to holes."""
    lines = _lines(drawn | plane.edges(area))
    _faces, cuts, dangles, _rings = shapely.polygonize_full(lines)
    useless: set[Segment] = set()
    for line in (*shapely.get_parts(cuts), *shapely.get_parts(dangles)):
        path = [(int(x), int(y)) for x, y in line.coords]
        useless |= {plane.edge(p, q) for p, q in itertools.pairwise(path)}
    return drawn - useless


def faces(area: BaseGeometry, drawn: set[Segment]) -> list[Polygon]:
    """The pieces of a valid area between its own border and the drawn segments inside of it; parts are pieces too."""
    if not drawn:
        return plane.polygons(area)
    found = plane.polygons(shapely.polygonize(_lines(drawn | plane.edges(area))))
    shapely.prepare(area)
    within = shapely.contains_properly(area, shapely.point_on_surface(np.array(found, dtype=object)))
    return [face for face, keep in zip(found, within.tolist(), strict=True) if keep]


def lies_in(face: BaseGeometry, area: BaseGeometry) -> bool:
    """Whether a face lies in an area, both having been cut at the same lines."""
    return bool(shapely.contains_properly(area, shapely.point_on_surface(face)))


def _lines(pairs: Iterable[Segment]) -> list[BaseGeometry]:
    return list(shapely.linestrings(np.array(sorted(pairs), dtype=np.float64)))


def chains(sheet: Sheet, points: Points) -> Chains:
    """For all segments of the sheet that pass through the points: which."""
    return led_through(sheet.begins, sheet.ends, points)


def settled(
    sheet: Sheet,
    drawn: Chains,
    areas: Mapping[int, BaseGeometry],
    removed: Iterable[int] = (),
) -> Edited:
    """The edit in degrees: the new areas, and all others and the frame with the corners they got.

    Raises EditRefused if an area came out invalid, or with a sliver that it did not have.
    """
    gone = frozenset(removed)
    changed = {key: _checked(sheet, key, area) for key, area in areas.items()}
    for key, shape in sheet.shapes.items():
        if key in changed or key in gone:
            continue
        grown = insert_into(shape, drawn)
        if grown is not shape:
            changed[key] = _valid(grown) if shapely.is_valid(shape) else grown
    frame = insert_into(sheet.frame, drawn)
    if frame is not sheet.frame and not shapely.is_valid(frame):
        raise _tight(frame)
    return Edited(
        areas={key: plane.to_degrees(shapely.remove_repeated_points(area)) for key, area in changed.items()},
        removed=gone,
        frame=None if frame is sheet.frame else plane.to_degrees(frame),
    )


def _checked(sheet: Sheet, key: int, area: BaseGeometry) -> BaseGeometry:
    area = _valid(area)
    before = sheet.shapes.get(key)
    thin = sheet.thin_parts(area)
    if thin and (before is None or len(thin) > len(sheet.thin_parts(before))):
        at = plane.place(shapely.point_on_surface(thin[0]).coords[0])
        raise EditRefused("too_small", _("This would leave a piece narrower than a metre."), at)
    return shapely.orient_polygons(area, exterior_cw=False)


def _valid(area: BaseGeometry) -> BaseGeometry:
    """The area, without hairs: where corners made its border run to and fro over the same segments, both cancel."""
    if shapely.is_valid(area):
        return area
    shaved = mended(area)
    if shaved.is_empty or not shapely.is_valid(shaved) or abs(shaved.area - area.area) > _SPECK:
        raise _tight(area)
    return shaved


def _tight(area: BaseGeometry) -> EditRefused:
    reason = why_invalid(plane.to_degrees(area))
    at = plane.invalid_place(area)
    return EditRefused("crosses", _("Borders would cross or touch: %(reason)s.") % {"reason": reason}, at)
