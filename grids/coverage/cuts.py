"""Splitting an area along a drawn line. Pure."""

from collections.abc import Callable, Sequence

import numpy as np
import shapely
from django.utils.translation import gettext as _
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from grids.coverage import faces, lines, noding, plane
from grids.coverage.edits import Edited, EditRefused, Place, Shapes, numbered
from grids.coverage.plane import Sheet


def split(
    shapes: Shapes,
    frame: BaseGeometry,
    *,
    key: int,
    line: Sequence[Place],
    new_keys: Callable[[], int] | int | None = None,
) -> Edited:
    """Cut the area `key` along `line` (longitude, latitude); it goes, its pieces get new keys, west to east.

    The line may begin and end outside, run over the frame, through holes and several parts, cross itself, and cut
    into more than two pieces; it takes over corners and borders nearer than SNAP_METRES. Ends that hang inside are
    dropped. Parts that it does not cut stay with the largest piece. The corners it makes on the border are put into
    every area that has the same border, and into the frame.

    `new_keys` gives keys, or is the first of them; by default they follow the highest of `shapes`.
    Raises EditRefused "line_misses" (at the loose end, if there is one), "too_small", "crosses", "invalid", "no_area".
    """
    sheet = Sheet.of(shapes, frame)
    area = sheet.valid_area(key)
    if not len(line):
        raise EditRefused("line_misses", _("The line does not cut the area."))
    begins, ends, _number = plane.segments(np.array([area], dtype=object))
    path = lines.caught(lines.drawn(line, sheet), begins, ends, sheet)
    drawn = noding.draw([path], begins, ends)
    ready = noding.insert_into(area, noding.led_through(begins, ends, noding.corners(drawn)))
    cut = faces.cutting(faces.inside(drawn, ready), ready)
    if not cut:
        raise _missed(path, area)
    chains = faces.chains(sheet, noding.corners(cut))
    ready = noding.insert_into(area, chains)
    pieces = _pieces(faces.faces(ready, cut), cut)
    if callable(new_keys):
        fresh = new_keys
    else:
        fresh = numbered(max(shapes) + 1 if new_keys is None else new_keys)
    pieces.sort(key=lambda piece: (piece.centroid.x, -piece.centroid.y))
    return faces.settled(sheet, chains, {fresh(): piece for piece in pieces}, removed=[key])


def _pieces(found: list[Polygon], cut: set[plane.Segment]) -> list[BaseGeometry]:
    """The faces along the cut; the others join the largest of them."""
    beside = [face for face in found if not cut.isdisjoint(plane.edges(face))]
    apart = [face for face in found if cut.isdisjoint(plane.edges(face))]
    beside.sort(key=lambda face: face.area, reverse=True)
    return [plane.joined([beside[0], *apart]), *beside[1:]]


def _missed(path: list[plane.Point], area: BaseGeometry) -> EditRefused:
    for end in (path[-1], path[0]):
        if shapely.contains_properly(area, shapely.Point(end)):
            return EditRefused("line_misses", _("The line ends inside of the area."), plane.place(end))
    return EditRefused("line_misses", _("The line does not cut the area."), plane.place(path[0]))
