"""From labels to areas: the cells of a label become one polygon, and all together tile their regions exactly.

Only the lines between areas are kept: they and the regions' outlines are noded once on the lattice and polygonized,
so an outline gets a new vertex where a border ends on it and nowhere else. Pure.
"""

from collections.abc import Mapping

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from grids import lattice, proof
from grids.partition.cells import Cells
from grids.partition.ground import Ints

_STEP = 1.0 / lattice.SCALE


class NotATiling(Exception):
    """The areas found do not tile their ground; nothing may be made of them."""


def areas_of(cells: Cells, labels: Ints, outlines: Mapping[str, BaseGeometry]) -> list[BaseGeometry]:
    """The area of each label from 0 on, proven to tile what the outlines cover. Raises NotATiling."""
    count = int(labels.max()) + 1
    rough = np.array([shapely.coverage_union_all(cells.shapes[labels == label]) for label in range(count)])
    regions = np.array([outlines[code] for code in cells.regions], dtype=object)
    region = np.zeros(count, dtype=np.int64)
    region[labels] = cells.region
    lines = [*shapely.boundary(regions), *_inner(rough, region)]
    noded = shapely.union_all(np.array(lines, dtype=object), grid_size=_STEP)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    middles = shapely.point_on_surface(faces)
    face, owner = shapely.STRtree(rough).query(middles, predicate="intersects")
    unique, first = np.unique(face, return_index=True)
    found = [shapely.coverage_union_all(faces[unique[owner[first] == label]]) for label in range(count)]
    if not _tiles(found, regions):
        found = list(rough)
        if not _tiles(found, regions):
            raise NotATiling
    return found


def frame_of(areas: list[BaseGeometry]) -> BaseGeometry:
    """The outline of all areas together, with every vertex in which a border ends on it."""
    frame: BaseGeometry = shapely.coverage_union_all(areas)
    return frame


def _inner(rough: NDArray[np.object_], region: Ints) -> list[BaseGeometry]:
    """The lines between areas of the same region."""
    found = []
    for one, other in shapely.STRtree(rough).query(rough, predicate="intersects").T.tolist():
        if one < other and region[one] == region[other]:
            shared = shapely.intersection(shapely.boundary(rough[one]), shapely.boundary(rough[other]))
            parts = shapely.get_parts(shared)
            found += [*parts[shapely.get_dimensions(parts) == 1]]
    return found


def _tiles(areas: list[BaseGeometry], regions: NDArray[np.object_]) -> bool:
    """Whether the areas tile their own outline without gap or overlap, and that is the regions' within rounding."""
    if any(shape.is_empty for shape in areas):
        return False
    frame = frame_of(areas)
    if not proof.prove({str(number): shape for number, shape in enumerate(areas)}, frame).holds:
        return False
    wanted = shapely.union_all(regions)
    rim = shapely.length(shapely.boundary(wanted))
    return bool(shapely.area(shapely.symmetric_difference(wanted, frame)) <= rim * 2 * _STEP)
