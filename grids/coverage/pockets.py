"""Ground inside of the frame that belongs to no area. Pure."""

from dataclasses import dataclass

import shapely
from django.utils.translation import gettext as _
from shapely.geometry.base import BaseGeometry

from grids.coverage import plane
from grids.coverage.edits import EditRefused, Place, Shapes
from grids.coverage.plane import FRAME, Sheet
from grids.coverage.regions import Region, survey
from grids.coverage.sound import sound


@dataclass(frozen=True)
class Pocket:
    """A piece of no-man's-land. `neighbours` are (key, metres of common border), the longest first; the first of them
    is `suggested` as the owner. `at` lies inside of it."""

    shape: BaseGeometry
    area_m2: float
    at: Place
    neighbours: tuple[tuple[int, float], ...]
    suggested: int | None


def pockets(shapes: Shapes, frame: BaseGeometry) -> list[Pocket]:
    """Every pocket between the areas and the frame, the largest first."""
    sheet = sound(Sheet.of(shapes, frame))
    found = [pocket(sheet, region) for region in survey(sheet).regions if region.depth < 0]
    return sorted(found, key=lambda one: (-one.area_m2, one.at))


def pocket_at(shapes: Shapes, frame: BaseGeometry, at: Place) -> Pocket:
    """The pocket that holds a point; `shapes` are all areas. Raises EditRefused "no_pocket" if there is none."""
    here = shapely.Point(at)
    for found in pockets(shapes, frame):
        if shapely.intersects(found.shape, here):
            return found
    raise EditRefused("no_pocket", _("This ground belongs to a grid already, or lies outside of the outline."), at)


def pocket(sheet: Sheet, region: Region) -> Pocket:
    neighbours = tuple((owner, metres) for owner, metres in region.beside if owner != FRAME)
    shape = plane.to_degrees(region.face)
    inside = shapely.point_on_surface(shape)
    return Pocket(
        shape=shape,
        area_m2=sheet.square_metres(region.face),
        at=(round(inside.x, 7), round(inside.y, 7)),
        neighbours=neighbours,
        suggested=neighbours[0][0] if neighbours else None,
    )
