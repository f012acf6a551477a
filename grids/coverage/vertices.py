"""Moving, adding and removing a corner of a border, for all areas that have it at once. Pure.

Why this keeps an exact coverage exact: all areas with a segment change it in the same way, so the signed sum of all
segments (see `grids.proof`) stays what it was. If the changed areas are valid and no ring turned over, every point is
covered as often as before, wherever else the coverage may be faulty.
"""

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import shapely
from django.utils.translation import gettext as _
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from grids.coverage import faces, noding, plane
from grids.coverage.edits import Edited, EditRefused, Place, Shapes
from grids.coverage.plane import FRAME, Point, Segment, Sheet

Ring = list[Point]

# Borders that lack each other's corners part by half a lattice step; that much is no trespass.
_ROUNDING_SQUARE_METRES = 0.1


def move_vertex(shapes: Shapes, frame: BaseGeometry, *, at: Place, to: Place) -> Edited:
    """Move the corner `at` to `to` for every area that has it.

    Raises EditRefused "no_vertex", "frame_fixed" (it lies on the frame), "crosses" (borders would cross, or an area
    would turn over), "leaves_ground" (beside a fault: to nobody), "too_small" (an area would become a sliver),
    "nothing".
    """
    sheet = Sheet.of(shapes, frame)
    old, new = plane.point(at), plane.point(to)
    if old == new:
        raise EditRefused("nothing", _("The corner stays where it is."), at)
    holders = _holders(sheet, old)
    if _taken(sheet, holders, new):
        raise EditRefused("crosses", _("There is a corner already."), to)
    return _reshaped(sheet, holders, lambda ring: [new if p == old else p for p in ring], to)


def insert_vertex(shapes: Shapes, frame: BaseGeometry, *, segment: tuple[Place, Place], at: Place) -> Edited:
    """Put a corner `at` into the border between two corners, for every area that has it; it may lie off the line.

    On the frame it must lie on the line (within half a lattice step), and the frame gets it too.
    Raises EditRefused "no_segment", "frame_fixed", "crosses", "too_small", "nothing" (it is one of the two ends).
    """
    sheet = Sheet.of(shapes, frame)
    begin, end, new = plane.point(segment[0]), plane.point(segment[1]), plane.point(at)
    if new in (begin, end):
        raise EditRefused("nothing", _("There is a corner already."), at)
    owners = set(sheet.owners[_is_segment(sheet, begin, end)].tolist())
    if not owners:
        raise EditRefused("no_segment", _("This border is no longer there."), at)
    pair = plane.edge(begin, end)
    passed = noding.led_through(*(np.array([p], dtype=np.int64) for p in (*pair, new)))
    if passed:
        return faces.settled(sheet, {pair: [new]}, {})
    if FRAME in owners:
        raise EditRefused("frame_fixed", _("The outline keeps its form."), at)
    if _taken(sheet, owners, new):
        raise EditRefused("crosses", _("There is a corner already."), at)

    def grown(ring: Ring) -> Ring:
        result: Ring = []
        for p, q in itertools.pairwise(ring):
            result.extend((p, new) if plane.edge(p, q) == pair else (p,))
        return [*result, result[0]]

    return _reshaped(sheet, owners, grown, at)


def remove_vertex(shapes: Shapes, frame: BaseGeometry, *, at: Place) -> Edited:
    """Take the corner `at` out of the border of every area that has it; the border goes straight on.

    Raises EditRefused "no_vertex", "frame_fixed", "junction" (three or more borders meet there), "too_small" (a ring
    would keep fewer than three corners, or a sliver), "crosses".
    """
    sheet = Sheet.of(shapes, frame)
    gone = plane.point(at)
    holders = _holders(sheet, gone)
    if len(_next_to(sheet, gone)) != 2:
        raise EditRefused("junction", _("Three borders meet here; this corner must stay."), at)

    def shrunk(ring: Ring) -> Ring:
        kept = [p for p in ring[:-1] if p != gone]
        if len(kept) < 3:
            raise EditRefused("too_small", _("A border needs three corners."), at)
        return [*kept, kept[0]]

    return _reshaped(sheet, holders, shrunk, at)


def _holders(sheet: Sheet, at: Point) -> set[int]:
    """The areas with this corner, which must not lie on the frame."""
    owners = set(sheet.owners[np.all(sheet.begins == at, axis=1)].tolist())
    place = plane.place(at)
    if FRAME in owners:
        raise EditRefused("frame_fixed", _("The outline keeps its form."), place)
    if not owners:
        raise EditRefused("no_vertex", _("This corner is no longer there."), place)
    of_frame = sheet.owners == FRAME
    if noding.led_through(sheet.begins[of_frame], sheet.ends[of_frame], np.array([at], dtype=np.int64)):
        raise EditRefused("frame_fixed", _("The outline keeps its form."), place)
    return owners


def _is_segment(sheet: Sheet, begin: Point, end: Point) -> np.ndarray:
    there = np.all(sheet.begins == begin, axis=1) & np.all(sheet.ends == end, axis=1)
    back = np.all(sheet.begins == end, axis=1) & np.all(sheet.ends == begin, axis=1)
    both: np.ndarray = there | back
    return both


def _next_to(sheet: Sheet, at: Point) -> set[Point]:
    after = sheet.ends[np.all(sheet.begins == at, axis=1)]
    before = sheet.begins[np.all(sheet.ends == at, axis=1)]
    return {(x, y) for x, y in np.concatenate([after, before]).tolist()}


def _taken(sheet: Sheet, owners: set[int], at: Point) -> bool:
    """Whether one of the areas has a corner there."""
    here = sheet.owners[np.all(sheet.begins == at, axis=1)].tolist()
    return not owners.isdisjoint(here)


def _reshaped(sheet: Sheet, owners: set[int], change: Callable[[Ring], Ring], at: Place) -> Edited:
    changed = {}
    for key in sorted(owners):
        before = sheet.valid_area(key)
        after = _rebuilt(before, change, at)
        if not shapely.is_valid(after):
            raise EditRefused("crosses", _("Borders would cross here."), plane.invalid_place(after) or at)
        changed[key] = after
    _refuse_trespass(sheet, changed, at)
    return faces.settled(sheet, {}, changed)


def _rebuilt(area: BaseGeometry, change: Callable[[Ring], Ring], at: Place) -> BaseGeometry:
    parts = []
    for part in shapely.get_parts(area):
        rings: list[Sequence[Point]] = []
        for ring in shapely.get_rings(part):
            old = [(int(x), int(y)) for x, y in shapely.get_coordinates(ring).tolist()]
            new = change(old)
            if _turn(old) != _turn(new):
                raise EditRefused("crosses", _("The area would turn over."), at)
            rings.append(new)
        parts.append(Polygon(rings[0], rings[1:]))
    return parts[0] if area.geom_type == "Polygon" else MultiPolygon(parts)


def _turn(ring: Ring) -> int:
    """1 if the ring runs counter-clockwise, -1 if clockwise, 0 if it has no area; exact."""
    x0, y0 = ring[0]
    doubled = sum((p[0] - x0) * (q[1] - y0) - (q[0] - x0) * (p[1] - y0) for p, q in itertools.pairwise(ring))
    return (doubled > 0) - (doubled < 0)


def _refuse_trespass(sheet: Sheet, changed: dict[int, BaseGeometry], at: Place) -> None:
    """Where a border was not shared (beside a pocket, say) its move may reach over the next one, leave the frame or
    leave ground to nobody."""
    if _is_shared(sheet, changed):
        return
    after = {**sheet.shapes, **changed}
    for key, area in changed.items():
        before = sheet.shapes[key]
        gained, lost = shapely.difference(area, before), shapely.difference(before, area)
        others = shapely.union_all(
            [shape for other, shape in after.items() if other != key and _meet(shape, gained, lost)]
        )
        beyond = shapely.difference(gained, sheet.frame)
        if max(map(sheet.square_metres, (beyond, shapely.intersection(gained, others)))) > _ROUNDING_SQUARE_METRES:
            raise EditRefused("crosses", _("The border would reach over the next one."), at)
        if sheet.square_metres(shapely.difference(lost, others)) > _ROUNDING_SQUARE_METRES:
            raise EditRefused("leaves_ground", _("The border would leave ground to nobody."), at)


def _meet(shape: BaseGeometry, *others: BaseGeometry) -> bool:
    return any(shapely.intersects(shape, other) for other in others)


def _is_shared(sheet: Sheet, changed: dict[int, BaseGeometry]) -> bool:
    """Whether all segments that changed were and are borders between two of the changed areas."""
    before: dict[Segment, int] = {}
    for key, area in changed.items():
        for pair in plane.edges(area) ^ plane.edges(sheet.shapes[key]):
            before[pair] = before.get(pair, 0) + 1
    return all(count == 2 for count in before.values())
