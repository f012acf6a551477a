"""The lines of a coverage: each stretch of border once, with who is left and who is right of it. Pure."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from grids import lattice
from grids.coverage import plane
from grids.coverage.edits import Shapes
from grids.coverage.plane import Point


@dataclass(frozen=True)
class Arc:
    """A border line from one junction to the next (or once around), in degrees; None: no area on this side.

    `right` is None unless `left` is an area too; between two areas, `left` is the lower key.
    """

    left: int
    right: int | None
    coords: NDArray[np.float64]


def arcs(shapes: Shapes) -> list[Arc]:
    """All border lines. They end where another pair of areas begins or where more than two lines meet."""
    keys = list(shapes)
    array = plane.to_plane(shapes.values())
    parts, of_area = shapely.get_parts(array, return_index=True)
    begins, ends, number = plane.segments(shapely.orient_polygons(parts, exterior_cw=False))
    first = [(x, y) for x, y in begins.tolist()]
    last = [(x, y) for x, y in ends.tolist()]
    owners = [keys[index] for index in of_area[number].tolist()]
    sides: dict[tuple[Point, Point], list[int]] = defaultdict(list)
    for p, q, owner in zip(first, last, owners, strict=True):
        sides[p, q].append(owner)
    ways: dict[tuple[int, int | None], dict[Point, list[Point]]] = defaultdict(lambda: defaultdict(list))
    meeting: dict[Point, set[Point]] = defaultdict(set)
    for (p, q), left in sides.items():
        meeting[p].add(q)
        meeting[q].add(p)
        right = sides.get((q, p), [])
        for owner in left:
            if not right:
                ways[owner, None][p].append(q)
            for other in right:
                if owner < other:
                    ways[owner, other][p].append(q)
    found = []
    for (left_key, right_key), way in ways.items():
        for path in _paths(way, meeting):
            found.append(Arc(left_key, right_key, lattice.degrees(np.array(path, dtype=np.int64))))
    return found


def _paths(way: dict[Point, list[Point]], meeting: dict[Point, set[Point]]) -> list[list[Point]]:
    """The segments of one pair of areas joined to lines, from junction to junction, then the closed ones."""
    arriving: dict[Point, int] = defaultdict(int)
    for ends in way.values():
        for q in ends:
            arriving[q] += 1
    junctions = [p for p in way if len(meeting[p]) != 2 or arriving[p] != 1]
    found = []
    for start in (*junctions, *list(way)):
        while way[start]:
            path = [start, way[start].pop()]
            while path[-1] != start and len(meeting[path[-1]]) == 2 and way.get(path[-1]):
                path.append(way[path[-1]].pop())
            found.append(path)
    return found


def shared_metres(shapes: Shapes) -> dict[tuple[int, int], float]:
    """Metres of common border of every two neighbours, lower key first; touching in a point does not count."""
    metres: dict[tuple[int, int], float] = defaultdict(float)
    for arc in arcs(shapes):
        if arc.right is not None:
            east, north = lattice.metres_per_degree(float(arc.coords[:, 1].mean()))
            metres[arc.left, arc.right] += float(np.hypot(*(np.diff(arc.coords, axis=0) * (east, north)).T).sum())
    return dict(metres)


def outline(shapes: Shapes) -> BaseGeometry:
    """The union of areas that tile, with all their corners: the frame of a coverage that has none."""
    union = plane.joined(plane.to_plane(shapes.values()))
    return plane.to_degrees(union)
