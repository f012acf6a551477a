"""A division as a small picture: one SVG path for each grid, coarse enough for a card. Pure."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from grids import lattice

WIDTH = 360
_HIGHEST = 420
# How fine the picture is, in its own units.
_DETAIL = 0.6


def drawn(shapes: Sequence[BaseGeometry], regions: Sequence[str]) -> dict[str, Any]:
    """{"width", "height", "paths", "outlines"}: a path's `d` for each shape and for each of the `regions` they lie in.

    Neighbours still share their borders.
    """
    west, south, east, north = shapely.total_bounds(np.array(shapes, dtype=object))
    wide, high = lattice.metres_per_degree((south + north) / 2)
    scale = WIDTH / max((east - west) * wide, 1.0)
    if (north - south) * high * scale > _HIGHEST:
        scale = _HIGHEST / ((north - south) * high)
    flat = shapely.transform(
        np.array(shapes, dtype=object),
        lambda xy: np.column_stack([(xy[:, 0] - west) * wide * scale, (north - xy[:, 1]) * high * scale]),
    )
    coarse = shapely.coverage_simplify(flat, _DETAIL)
    return {
        "width": round((east - west) * wide * scale, 1),
        "height": round((north - south) * high * scale, 1),
        "paths": [_path(shape) for shape in coarse],
        "outlines": [_path(shapely.coverage_union_all(coarse[mine])) for mine in _members(regions)],
    }


def _members(regions: Sequence[str]) -> list[list[int]]:
    found: dict[str, list[int]] = {}
    for number, region in enumerate(regions):
        found.setdefault(region, []).append(number)
    return list(found.values())


def _path(shape: BaseGeometry) -> str:
    rings = shapely.get_rings(shapely.get_parts(shape))
    return "".join(
        "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in shapely.get_coordinates(ring)[:-1].tolist()) + "Z"
        for ring in rings
    )
