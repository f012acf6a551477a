"""Closing a crack: the corners along a narrow gap or overlap are brought together. In the plane. Pure."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import shapely
from django.utils.translation import gettext as _
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from grids.coverage import faces, noding, plane
from grids.coverage.edits import SNAP_METRES, Edited, EditRefused
from grids.coverage.plane import FRAME, Point, Segment, Sheet
from grids.coverage.regions import survey
from grids.coverage.sound import sound

# As much as two borders may be apart to be drawn as one.
WIDEST_METRES = 2 * SNAP_METRES


def snapped(sheet: Sheet, crack: BaseGeometry) -> Edited:
    """Close a crack no wider than WIDEST_METRES: corners on its two sides that are that near become one, for every
    area that has them, the one with fewer owners giving way; a corner without such a partner is put into the border
    across. The frame keeps its form.

    Raises EditRefused "no_repair" if that does not close it, or would open another.
    """
    moves, chains = _plan(sheet, crack)
    owners = set(sheet.owners[_at_any(sheet, set(moves))].tolist()) - {FRAME}
    moved = {key: _moved(sheet.valid_area(key), moves) for key in owners}
    after = replace(sheet, shapes={**sheet.shapes, **moved})
    edited = faces.settled(after, chains, {key: noding.insert_into(area, chains) for key, area in moved.items()})
    if not _closes(sheet, edited):
        at = plane.place(shapely.point_on_surface(crack).coords[0])
        raise EditRefused("no_repair", _("The corners cannot be brought together here; give it to a neighbour."), at)
    return edited


def _plan(sheet: Sheet, crack: BaseGeometry) -> tuple[dict[Point, Point], dict[Segment, list[Point]]]:
    """Which corners move where, and which are put into which segments after that."""
    holders = _holders(sheet, crack)
    corners = list(holders)
    pairs = [
        (_metres(sheet, p, q), p, q)
        for number, p in enumerate(corners)
        for q in corners[number + 1 :]
        if holders[p].isdisjoint(holders[q])
    ]
    moves: dict[Point, Point] = {}
    met: set[Point] = set()
    for apart, p, q in sorted(pairs):
        if apart > WIDEST_METRES or p in met or q in met:
            continue
        weak, strong = sorted((p, q), key=lambda corner: (FRAME in holders[corner], len(holders[corner]), corner))
        moves[weak] = strong
        met |= {p, q}
    chains: dict[Segment, list[Point]] = {}
    for corner in corners:
        if corner not in met:
            for segment in _across(sheet, crack, corner, holders[corner]):
                one, other = (moves.get(end, end) for end in segment)
                if corner not in (one, other) and one != other:
                    chains.setdefault(plane.edge(one, other), []).append(corner)
    for (begin, end), between in chains.items():
        along = np.subtract(end, begin)
        between.sort(key=lambda p: float(np.dot(np.subtract(p, begin), along)))
    return moves, chains


def _holders(sheet: Sheet, crack: BaseGeometry) -> dict[Point, set[int]]:
    """The corners in reach of the crack, with whose they are."""
    scale = np.array([sheet.east, sheet.north])
    low, high = np.array(crack.bounds).reshape(2, 2) + np.outer([-1, 1], np.ceil(WIDEST_METRES / scale))
    near = np.all((sheet.begins >= low) & (sheet.begins <= high), axis=1)
    spots = shapely.points(sheet.begins[near] * scale)
    rows = np.flatnonzero(near)[shapely.dwithin(sheet.metres(crack), spots, WIDEST_METRES)]
    found: dict[Point, set[int]] = {}
    for (x, y), owner in zip(sheet.begins[rows].tolist(), sheet.owners[rows].tolist(), strict=True):
        found.setdefault((x, y), set()).add(owner)
    return dict(sorted(found.items()))


def _across(sheet: Sheet, crack: BaseGeometry, corner: Point, holders: set[int]) -> set[Segment]:
    """The segments along the crack, of others, that pass the corner near enough."""
    scale = np.array([sheet.east, sheet.north])
    low, high = sheet.boxes
    reach = np.ceil(WIDEST_METRES / scale)
    near = np.all((low - reach <= corner) & (high + reach >= corner), axis=1)
    near &= ~np.isin(sheet.owners, list(holders))
    found = set()
    spot = shapely.Point(np.array(corner) * scale)
    for begin, end, owner in zip(
        sheet.begins[near].tolist(), sheet.ends[near].tolist(), sheet.owners[near].tolist(), strict=True
    ):
        line = shapely.LineString(np.array([begin, end]) * scale)
        foot = line.project(spot)
        beside = shapely.dwithin(crack, shapely.LineString([begin, end]), 1)
        if spot.distance(line) <= WIDEST_METRES and 0 < foot < line.length and beside:
            (ax, ay), (bx, by) = begin, end
            on_line = noding.led_through(*(np.array([p], dtype=np.int64) for p in (begin, end, corner)))
            if owner != FRAME or on_line:
                found.add(plane.edge((ax, ay), (bx, by)))
    return found


def _moved(area: BaseGeometry, moves: Mapping[Point, Point]) -> BaseGeometry:
    parts = []
    for part in shapely.get_parts(area):
        rings = [
            [moves.get((int(x), int(y)), (x, y)) for x, y in shapely.get_coordinates(ring).tolist()]
            for ring in shapely.get_rings(part)
        ]
        parts.append(Polygon(rings[0], rings[1:]))
    whole = parts[0] if area.geom_type == "Polygon" else MultiPolygon(parts)
    return shapely.remove_repeated_points(whole)


def _closes(sheet: Sheet, edited: Edited) -> bool:
    """Whether there is less ground amiss than before, in no more pieces, and no corner more is loose."""
    before = survey(sound(sheet))
    changed = dict(zip(edited.areas, plane.to_plane(edited.areas.values()), strict=True))
    frame = sheet.frame if edited.frame is None else plane.to_plane([edited.frame])[0]
    after = survey(sound(replace(sheet, shapes={**sheet.shapes, **changed}, frame=frame)))
    known = {shapely.normalize(region.face).wkb for region in before.regions}
    fresh = [region for region in after.regions if shapely.normalize(region.face).wkb not in known]
    return not fresh and len(after.regions) < len(before.regions) and len(after.corners) <= len(before.corners)


def _at_any(sheet: Sheet, points: set[Point]) -> np.ndarray:
    if not points:
        return np.zeros(len(sheet.begins), dtype=bool)
    found: np.ndarray = np.any([np.all(sheet.begins == p, axis=1) for p in points], axis=0)
    return found


def _metres(sheet: Sheet, p: Point, q: Point) -> float:
    return float(np.hypot((p[0] - q[0]) * sheet.east, (p[1] - q[1]) * sheet.north))
