"""A comparison as a drawing: the published outline, and what the file draws over it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from grids import lattice
from grids.exchange.comparing import Comparison, State

_WIDTH, _TALLEST = 900.0, 700.0
# What lies closer together than this many units of the drawing is one point.
_DETAIL = 0.4


@dataclass(frozen=True)
class Path:
    """One area: its path, a class name and what it is called."""

    d: str
    kind: str
    name: str


@dataclass(frozen=True)
class Drawing:
    width: int
    height: int
    paths: tuple[Path, ...]


def of(found: Comparison) -> Drawing | None:
    """None where there is nothing to draw."""
    grids = sorted(found.grids, key=lambda grid: list(State).index(State(grid.state)), reverse=True)
    shapes = [grid.shape for grid in grids]
    published = [found.frame] if found.frame is not None and not found.is_new_frame else []
    if not shapes:
        return None
    west, south, east, north = shapely.total_bounds(shapely.GeometryCollection([*shapes, *published]))
    across, up = lattice.metres_per_degree((south + north) / 2)
    wide, tall = max((east - west) * across, 1.0), max((north - south) * up, 1.0)
    scale = min(_WIDTH / wide, _TALLEST / tall)

    def place(
        positions: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    ) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        return np.column_stack([(positions[:, 0] - west) * across, (north - positions[:, 1]) * up]) * scale

    paths = [
        Path(_path(shapely.transform(grid.shape, place)), grid.state.value, f"{grid.name} {grid.code}".strip())
        for grid in grids
    ]
    paths += [Path(_path(shapely.transform(shape, place)), "outline", "") for shape in published]
    return Drawing(round(wide * scale), round(tall * scale), tuple(paths))


def _path(shape: BaseGeometry) -> str:
    return "".join(_ring(ring) for ring in _rings(shape))


def _rings(shape: BaseGeometry) -> Iterable[BaseGeometry]:
    for part in shapely.get_parts(shape):
        if part.geom_type == "Polygon":
            yield from (part.exterior, *part.interiors)


def _ring(ring: BaseGeometry) -> str:
    points = shapely.get_coordinates(shapely.simplify(ring, _DETAIL))
    return "M" + " ".join(f"{x:.1f},{y:.1f}" for x, y in points[:-1]) + "Z"
