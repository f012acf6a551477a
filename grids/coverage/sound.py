"""Invalid areas made valid, so that the others can be looked at beside them. Pure."""

from dataclasses import replace

import numpy as np
import shapely
from shapely.geometry import MultiPolygon
from shapely.geometry.base import BaseGeometry

from grids.coverage import plane
from grids.coverage.plane import Sheet


def mended(area: BaseGeometry) -> BaseGeometry:
    """A valid area on the lattice for an invalid one (in the plane), by what its rings enclose."""
    valid = shapely.make_valid(area, method="structure", keep_collapsed=False)
    found = plane.polygons(shapely.set_precision(MultiPolygon(plane.polygons(valid)), 1))
    return found[0] if len(found) == 1 else MultiPolygon(found)


def sound(sheet: Sheet) -> Sheet:
    """The same sheet with every invalid area mended."""
    valid = shapely.is_valid(np.array([None, *sheet.shapes.values(), sheet.frame], dtype=object)[1:])
    if valid.all():
        return sheet
    shapes = {
        key: area if fine else mended(area) for (key, area), fine in zip(sheet.shapes.items(), valid, strict=False)
    }
    return replace(sheet, shapes=shapes, frame=sheet.frame if valid[-1] else mended(sheet.frame))
