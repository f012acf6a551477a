"""Giving ground to an area: a pocket, a carved piece, painted cells; and merging neighbours. Pure."""

from collections.abc import Sequence

import numpy as np
import shapely
from django.utils.translation import gettext as _
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from grids.coverage import faces, lines, noding, plane
from grids.coverage.edits import Edited, EditRefused, Shapes
from grids.coverage.plane import Point, Sheet

# A piece that takes less than this share of itself from anybody is a pocket: taken as it is, not as a hand drew it.
_NOBODYS = 1e-3


def give(shapes: Shapes, frame: BaseGeometry, *, piece: BaseGeometry, to: int, is_new: bool = False) -> Edited:
    """Give the ground of `piece` inside of the frame to the area `to`, a new one if `is_new`.

    Whoever has it now loses it; an area that would keep nothing is removed, and leavings narrower than a metre go
    along. A piece that takes ground from somebody counts as drawn by hand: it takes over corners and borders nearer
    than SNAP_METRES. A pocket is taken exactly. The result may have several parts; see `Edited.areas`.

    Raises EditRefused "no_area", "invalid", "too_small", "crosses", "nothing" (it has all of it already).
    """
    sheet = Sheet.of(shapes, frame)
    plain = plane.to_plane([piece])[0]
    if not shapely.is_valid(plain) or not plane.polygons(plain):
        raise EditRefused("crosses", _("The drawn piece crosses itself."), None)
    losers = _losers(sheet, plain, to)
    taken = sum(float(shapely.area(shapely.intersection(sheet.shapes[key], plain))) for key in losers)
    by_hand = taken > _NOBODYS * float(plain.area)
    return transfer(sheet, plain, to=to, is_new=is_new, losers=losers, by_hand=by_hand)


def merge(shapes: Shapes, frame: BaseGeometry, *, keys: Sequence[int], into: int) -> Edited:
    """Make one area of all `keys` under the key `into` (one of them, or a new one); the others go.

    Raises EditRefused "not_neighbours" unless they hang together by shared stretches of border, "no_area", "invalid".
    """
    sheet = Sheet.of(shapes, frame)
    together = sorted(set(keys) | ({into} if into in shapes else set()))
    if len(together) < 2:
        raise EditRefused("nothing", _("A merger takes two areas."))
    areas = {key: sheet.valid_area(key) for key in together}
    drawn = noding.draw(
        [line for area in areas.values() for line in _rings(area)],
        *plane.segments(np.array(list(areas.values()), dtype=object))[:2],
    )
    chains = faces.chains(sheet, noding.corners(drawn)) if _is_loose(areas, drawn) else {}
    ready = {key: noding.insert_into(area, chains) for key, area in areas.items()}
    _refuse_strangers(sheet, ready)
    united = plane.joined(ready.values())
    return faces.settled(sheet, chains, {into: united}, removed=set(together) - {into})


def transfer(
    sheet: Sheet,
    piece: BaseGeometry,
    *,
    to: int | None,
    is_new: bool = False,
    losers: Sequence[int],
    by_hand: bool = False,
    beyond_frame: bool = False,
) -> Edited:
    """Take `piece` (in the plane) from `losers` and give it to `to`; None: to nobody. See `give`."""
    receiver = None if to is None or is_new else sheet.valid_area(to)
    outlines = _rings(piece)
    if by_hand:
        outlines = [_caught(outline, sheet) for outline in outlines]
    drawn = noding.draw(outlines, sheet.begins, sheet.ends)
    chains = faces.chains(sheet, noding.corners(drawn))
    given = _ground(piece, drawn, None if beyond_frame else noding.insert_into(sheet.frame, chains), by_hand)
    if by_hand and to is not None:
        # Caught by other borders, the outline may have come to lie in areas that the drawn one did not reach.
        losers = sorted({*losers, *_losers(sheet, given, to)})
    outcome: dict[int, BaseGeometry] = {}
    removed = []
    for key in losers:
        area = noding.insert_into(sheet.valid_area(key), chains)
        pieces = faces.faces(area, faces.inside(drawn, area))
        kept = [face for face in pieces if not faces.lies_in(face, given)]
        leavings = [face for face in kept if len(kept) < len(pieces) and sheet.is_thin(face)]
        if to is not None and leavings:
            given = plane.joined([given, *leavings])
            kept = [face for face in kept if face not in leavings]
        if kept:
            outcome[key] = plane.joined(kept)
        else:
            removed.append(key)
    if to is not None:
        outcome[to] = _received(receiver, given, drawn, chains)
    if not losers and to is not None and receiver is not None and outcome[to].equals(receiver):
        raise EditRefused("nothing", _("It has this ground already."))
    return faces.settled(sheet, chains, outcome, removed)


def _losers(sheet: Sheet, piece: BaseGeometry, to: int) -> list[int]:
    shapely.prepare(piece)
    return [
        key
        for key, area in sheet.shapes.items()
        if key != to and shapely.intersects(piece, area) and shapely.relate_pattern(piece, area, "2********")
    ]


def _rings(area: BaseGeometry) -> list[list[Point]]:
    rings = shapely.get_rings(shapely.get_parts(area))
    return [[(int(x), int(y)) for x, y in shapely.get_coordinates(ring).tolist()] for ring in rings]


def _caught(outline: list[Point], sheet: Sheet) -> list[Point]:
    path = lines.caught(lines.stretched(outline, sheet), sheet.begins, sheet.ends, sheet)
    return path if path[0] == path[-1] else [*path, path[0]]


def _ground(piece: BaseGeometry, drawn: set[plane.Segment], frame: BaseGeometry | None, by_hand: bool) -> BaseGeometry:
    """The piece between its drawn segments, inside of the frame."""
    found = plane.polygons(shapely.polygonize([shapely.LineString(pair) for pair in sorted(drawn)]))
    shapely.prepare(piece)
    found = [face for face in found if _belongs(face, piece, by_hand)]
    if frame is not None:
        shapely.prepare(frame)
        found = [part for face in found for part in _within(face, frame)]
    if not found:
        raise EditRefused("nothing", _("The drawn piece holds no ground inside of the outline."))
    return plane.joined(found)


def _belongs(face: Polygon, piece: BaseGeometry, by_hand: bool) -> bool:
    """Whether a face lies in the piece, whose border moved a little since."""
    if faces.lies_in(face, piece):
        return True
    return by_hand and float(shapely.area(shapely.intersection(face, piece))) > face.area / 2


def _within(face: Polygon, frame: BaseGeometry) -> list[BaseGeometry]:
    if shapely.covers(frame, face):
        return [face]
    kept = faces.faces(face, faces.inside(plane.edges(frame), face))
    return [part for part in kept if faces.lies_in(part, frame)]


def _received(
    receiver: BaseGeometry | None, given: BaseGeometry, drawn: set[plane.Segment], chains: noding.Chains
) -> BaseGeometry:
    if receiver is None:
        return given
    area = noding.insert_into(receiver, chains)
    shapely.prepare(given)
    own = [
        face
        for face in faces.faces(area, faces.inside(drawn | plane.edges(given), area))
        if not faces.lies_in(face, given)
    ]
    return plane.joined([*own, *plane.polygons(given)])


def _is_loose(areas: dict[int, BaseGeometry], drawn: set[plane.Segment]) -> bool:
    """Whether the areas overlap or lack each other's corners."""
    return drawn != {pair for area in areas.values() for pair in plane.edges(area)}


def _refuse_strangers(sheet: Sheet, areas: dict[int, BaseGeometry]) -> None:
    borders = {key: plane.edges(area) for key, area in areas.items()}
    first = next(iter(areas))
    reached, waiting = {first}, [first]
    while waiting:
        here = borders[waiting.pop()]
        beside = {key for key in areas if key not in reached and not here.isdisjoint(borders[key])}
        reached |= beside
        waiting.extend(beside)
    for key, area in areas.items():
        if key not in reached:
            at = plane.place(shapely.point_on_surface(area).coords[0])
            raise EditRefused("not_neighbours", _("These areas share no stretch of border."), at)
