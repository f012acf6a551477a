"""A line as a hand draws it, made fit for cutting: long stretches get corners, near corners and borders catch it."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import shapely
from django.utils.translation import gettext as _

from grids.coverage import plane
from grids.coverage.edits import LONGEST_METRES, SNAP_METRES, EditRefused, Place
from grids.coverage.plane import Point, Points, Sheet

# Each corner is held against every border near the line: with more, an answer takes too long.
MOST_CORNERS = 20_000


def drawn(line: Sequence[Place], sheet: Sheet) -> list[Point]:
    """The line on the lattice, without repeated points, with a corner at least every LONGEST_METRES."""
    return stretched([plane.point(place) for place in line], sheet)


def stretched(given: Sequence[Point], sheet: Sheet) -> list[Point]:
    """The line without repeated points, with a corner at least every LONGEST_METRES where there are areas.

    Raises EditRefused "too_long" for a line that gets more than MOST_CORNERS by that.
    """
    low, high = _ground(sheet)
    result: list[Point] = []
    for begin, end in itertools.pairwise(given):
        span = np.subtract(end, begin)
        pieces = max(1, int(np.ceil(np.hypot(*(span * (sheet.east, sheet.north))) / LONGEST_METRES)))
        first, last = _crossing(np.array(begin), span, low, high)
        if (last - first) * pieces + len(result) > MOST_CORNERS:
            raise EditRefused("too_long", _("The line is too long: draw it in pieces."), plane.place(begin))
        numbers = np.arange(max(1, math.floor(first * pieces)), min(pieces, math.ceil(last * pieces) + 1))
        steps = np.rint(np.array(begin) + span * (numbers[:, None] / pieces)).astype(np.int64)
        result.append(begin)
        result.extend((x, y) for x, y in steps.tolist())
    result.extend(given[-1:])
    return without_repeats(result)


def _ground(sheet: Sheet) -> tuple[np.ndarray, np.ndarray]:
    """The south-west and the north-east corner of all there is, one stretch of line around it."""
    bounds = shapely.total_bounds(np.array([*sheet.shapes.values(), sheet.frame], dtype=object))
    around = LONGEST_METRES / np.array([sheet.east, sheet.north])
    return bounds[:2] - around, bounds[2:] + around


def _crossing(begin: np.ndarray, span: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[float, float]:
    """From which share of a stretch to which it lies in the box; 0 and 0 where it misses it."""
    first, last = 0.0, 1.0
    for start, along, least, most in zip(begin.tolist(), span.tolist(), low.tolist(), high.tolist(), strict=True):
        if along == 0:
            if not least <= start <= most:
                return 0.0, 0.0
            continue
        enters, leaves = sorted(((least - start) / along, (most - start) / along))
        first, last = max(first, enters), min(last, leaves)
    return (first, last) if first < last else (0.0, 0.0)


def without_repeats(points: Sequence[Point]) -> list[Point]:
    return [p for number, p in enumerate(points) if number == 0 or p != points[number - 1]]


def caught(points: list[Point], begins: Points, ends: Points, sheet: Sheet, within: float = SNAP_METRES) -> list[Point]:
    """The line with its corners moved to corners, else to borders, nearer than `within` metres, and led through
    corners it passes that near. Borders are the segments (`begins`, `ends`)."""
    scale = np.array([sheet.east, sheet.north])
    reach = np.ceil(within / scale).astype(np.int64)
    line = np.array(points, dtype=np.int64)
    low, high = line.min(axis=0) - reach, line.max(axis=0) + reach
    near = np.all((np.minimum(begins, ends) <= high) & (np.maximum(begins, ends) >= low), axis=1)
    begins, ends = begins[near], ends[near]
    if not len(begins):
        return points
    held = [_held(p, begins, ends, scale, within) for p in points]
    corners = np.unique(begins, axis=0)
    result = held[:1]
    for begin, end in itertools.pairwise(held):
        result.extend(_passed(begin, end, corners, scale, within))
        result.append(end)
    return without_repeats(result)


def _held(p: Point, begins: Points, ends: Points, scale: np.ndarray, within: float) -> Point:
    """Where a corner of the line comes to lie."""
    away = np.hypot(*((begins - p) * scale).T)
    nearest = int(away.argmin())
    if away[nearest] <= within:
        x, y = begins[nearest].tolist()
        return x, y
    along = (ends - begins) * scale
    offset = (np.array(p) - begins) * scale
    share = np.clip((offset * along).sum(axis=1) / np.maximum((along * along).sum(axis=1), 1e-12), 0, 1)
    away = np.hypot(*(offset - share[:, None] * along).T)
    nearest = int(away.argmin())
    if away[nearest] > within:
        return p
    foot = np.rint(begins[nearest] + share[nearest] * (ends[nearest] - begins[nearest])).astype(np.int64)
    x, y = foot.tolist()
    return x, y


def _passed(begin: Point, end: Point, corners: Points, scale: np.ndarray, within: float) -> list[Point]:
    """The corners near which a stretch passes, in order, its ends apart."""
    along = np.subtract(end, begin) * scale
    length = float(np.hypot(*along))
    if length == 0:
        return []
    offset = (corners - begin) * scale
    share = (offset @ along) / length
    away = np.abs(offset[:, 0] * along[1] - offset[:, 1] * along[0]) / length
    chosen = np.flatnonzero((away <= within) & (share > 0) & (share < length))
    found = [(x, y) for x, y in corners[chosen[np.argsort(share[chosen], kind="stable")]].tolist()]
    return [p for p in found if p not in (begin, end)]
