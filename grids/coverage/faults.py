"""Where a coverage is wrong, in plain words, with what can be done about it at one press. Pure but for gettext."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from django.utils.translation import gettext as _
from shapely.geometry import Point as PointShape
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from grids.coverage import plane
from grids.coverage.edits import LEAST_WIDTH_METRES, Place, Shapes
from grids.coverage.plane import FRAME, Sheet
from grids.coverage.pockets import pocket
from grids.coverage.regions import LooseCorner, Region, Survey, survey
from grids.coverage.snaps import WIDEST_METRES
from grids.coverage.sound import sound
from grids.validity import why_invalid

# Area key -> what people call it.
Naming = Callable[[int], str]

# Less of a lattice square than this is the rounding of an intersection.
_SPECK = 0.5


@dataclass(frozen=True)
class Repair:
    """One press: `how` and `to` go to `repair` as they are; `words` say what it does."""

    how: str
    to: int | None
    words: str


@dataclass(frozen=True)
class CoverageFault:
    """One place where areas do not tile their frame, or where one is not as an area should be.

    `id` stays as long as the fault stays as it is. `kind` is "invalid", "pocket" (nobody's), "overlap", "spill"
    (outside of the frame), "vertex" (a common border without common corners), "parts" (a part lies apart from the
    rest) or "sliver". `keys` are the parties; of a pocket its neighbours, longest border first. `repairs` come with
    the suggested one first.
    """

    id: str
    kind: str
    keys: tuple[int, ...]
    area_m2: float
    at: Place
    shape: BaseGeometry | None
    message: str
    repairs: tuple[Repair, ...]


def faults(shapes: Shapes, frame: BaseGeometry, name: Naming = str) -> list[CoverageFault]:
    """Every fault, kind by kind as listed there, the largest of each first; none: the areas tile the frame, each is
    valid, in one part and a metre wide. `name` turns a key into words."""
    sheet = Sheet.of(shapes, frame)
    whole = sound(sheet)
    seen = survey(whole)
    kinds: tuple[Iterable[CoverageFault], ...] = (
        _invalid(sheet, whole, name),
        (_pocket(whole, region, name) for region in seen.regions if region.depth < 0),
        _overlaps(whole, seen, name),
        _spills(whole, seen, name),
        (_corner(corner, name) for corner in seen.corners),
        _apart(whole, name),
        _slivers(whole, name),
    )
    return [fault for kind in kinds for fault in sorted(kind, key=lambda fault: (-fault.area_m2, fault.at))]


def _fault(
    kind: str,
    keys: tuple[int, ...],
    sheet: Sheet,
    shape: BaseGeometry,
    message: str,
    repairs: Iterable[Repair],
    **words: str,
) -> CoverageFault:
    """A fault of a face in the plane; `message` takes %(area)s and %(place)s beside `words`."""
    drawn = plane.to_degrees(shapely.orient_polygons(shape, exterior_cw=False))
    inside = shapely.point_on_surface(drawn)
    at = (round(inside.x, 7), round(inside.y, 7))
    area = sheet.square_metres(shape)
    said = message % {"area": _square(area), "place": f"{at[0]:.5f}, {at[1]:.5f}", **words}
    return CoverageFault(_identity(kind, keys, shape), kind, keys, area, at, drawn, said, tuple(repairs))


def _identity(kind: str, keys: tuple[int, ...], shape: BaseGeometry) -> str:
    exact = shapely.to_wkb(shapely.normalize(shape), byte_order=1)
    return hashlib.sha256(f"{kind}:{sorted(keys)}:".encode() + exact).hexdigest()[:16]


def _invalid(sheet: Sheet, whole: Sheet, name: Naming) -> Iterator[CoverageFault]:
    for key, area in sheet.shapes.items():
        if area is whole.shapes[key] or shapely.is_valid(area):
            continue
        words = {"unit": name(key), "reason": why_invalid(plane.to_degrees(area))}
        message = _("%(unit)s is not a valid area: %(reason)s.") % words
        at = plane.invalid_place(area) or plane.place(shapely.get_coordinates(area)[0])
        repairs = (Repair("mend", None, _("Redraw it by what its border encloses")),)
        shape = plane.to_degrees(whole.shapes[key])
        square = sheet.square_metres(whole.shapes[key])
        yield CoverageFault(_identity("invalid", (key,), area), "invalid", (key,), square, at, shape, message, repairs)


def _pocket(sheet: Sheet, region: Region, name: Naming) -> CoverageFault:
    keys = tuple(key for key, _metres in pocket(sheet, region).neighbours)
    own = [] if sheet.is_thin(region.face) else [Repair("new", None, _("Make it a grid of its own"))]
    repairs = [*_gifts(keys, name), *_snap(sheet, region.face), *own]
    message = _("%(area)s near %(place)s belong to no grid; next to it: %(units)s.")
    return _fault("pocket", keys, sheet, region.face, message, repairs, units=_listed(keys, name))


def _overlaps(sheet: Sheet, seen: Survey, name: Naming) -> Iterator[CoverageFault]:
    for face, owners, everywhere in _faces(sheet, seen, inside=True):
        for number, one in enumerate(owners):
            for other in owners[number + 1 :]:
                for shared in [face] if everywhere else _common(face, sheet.shapes[one], sheet.shapes[other]):
                    message = _("%(area)s near %(place)s belong to more than one grid: %(units)s.")
                    both, repairs = (one, other), [*_gifts((one, other), name), *_snap(sheet, shared)]
                    yield _fault("overlap", both, sheet, shared, message, repairs, units=_listed(both, name))


def _spills(sheet: Sheet, seen: Survey, name: Naming) -> Iterator[CoverageFault]:
    for face, owners, everywhere in _faces(sheet, seen, inside=False):
        for owner in owners:
            for part in [face] if everywhere else _common(face, sheet.shapes[owner]):
                message = _("%(area)s of %(units)s lie outside of the outline near %(place)s.")
                repairs = (Repair("drop", None, _("Cut it off at the outline")),)
                yield _fault("spill", (owner,), sheet, part, message, repairs, units=name(owner))


def _faces(sheet: Sheet, seen: Survey, *, inside: bool) -> Iterator[tuple[Polygon, list[int], bool]]:
    """The faces covered too often, inside of the frame or outside, with all areas that have ground there; and whether
    each of them has all of it."""
    regions = [region for region in seen.regions if region.depth > 0]
    if not regions:
        return
    keys, shapes = np.array(sheet.keys), np.array([None, *sheet.shapes.values()], dtype=object)[1:]
    tree = shapely.STRtree(shapes)
    shapely.prepare(sheet.frame)
    for region in regions:
        for face in _sides(region.face, sheet.frame, inside=inside):
            near = tree.query(face, predicate="intersects")
            near = near[[bool(_large(shared, face)) for shared in shapely.intersection(shapes[near], face)]]
            yield face, sorted(keys[near].tolist()), len(near) == region.depth + inside


def _sides(face: Polygon, frame: BaseGeometry, *, inside: bool) -> list[Polygon]:
    if shapely.contains(frame, face):
        return [face] if inside else []
    within = _large(shapely.intersection(face, frame, grid_size=1), face)
    beyond = _large(shapely.difference(face, frame, grid_size=1), face)
    if not within or not beyond:
        return [face] if inside == bool(within) else []
    return within if inside else beyond


def _common(face: Polygon, *areas: BaseGeometry) -> list[Polygon]:
    """What of the face the areas share."""
    if all(shapely.contains(area, face) for area in areas):
        return [face]
    shared: BaseGeometry = face
    for area in areas:
        shared = shapely.intersection(shared, area)
    if _large(shared, face) and not _large(shapely.difference(face, shared), face):
        return [face]
    return _large(shapely.set_precision(shared, 1), face)


def _large(geometry: BaseGeometry, face: Polygon) -> list[Polygon]:
    """The parts that are more than the rounding of an intersection with this face."""
    # Ends that moved by less than a step leave strips narrower than a step and a half; of a face that is no wider
    # itself the larger part counts.
    least = max(min(_SPECK, face.area / 2), face.area * 1e-3)
    return [part for part in plane.polygons(geometry) if part.area > min(least, max(_SPECK, part.length * 0.75))]


def _corner(corner: LooseCorner, name: Naming) -> CoverageFault:
    keys = tuple(sorted({*corner.lacking, *corner.having} - {FRAME}))
    at = plane.place(corner.at)
    words = {
        "units": _listed((*keys, *({*corner.lacking, *corner.having} & {FRAME})), name),
        "place": f"{at[0]:.5f}, {at[1]:.5f}",
    }
    message = _("The borders of %(units)s near %(place)s do not share the same corners.") % words
    identity = _identity("vertex", keys, PointShape(corner.at))
    repairs = (Repair("node", None, _("Put the corner into every border")),)
    return CoverageFault(identity, "vertex", keys, 0.0, at, None, message, repairs)


def _apart(sheet: Sheet, name: Naming) -> Iterator[CoverageFault]:
    for key, area in sheet.shapes.items():
        parts = sorted(plane.polygons(area), key=lambda part: part.area, reverse=True)
        for part in parts[1:]:
            message = _("%(area)s of %(unit)s near %(place)s lie apart from the rest of it.")
            own = [] if sheet.is_thin(part) else [Repair("apart", None, _("Make this part a grid of its own"))]
            neighbours = sheet.beside(part, key)
            yield _fault("parts", (key,), sheet, part, message, [*own, *_gifts(neighbours, name)], unit=name(key))


def _slivers(sheet: Sheet, name: Naming) -> Iterator[CoverageFault]:
    keys, areas = sheet.keys, np.array([None, *sheet.shapes.values()], dtype=object)[1:]
    measured = sheet.metres(areas)
    broad = shapely.area(measured) >= shapely.length(measured) * LEAST_WIDTH_METRES / 2
    simple = shapely.get_num_geometries(areas) == 1
    for number in np.flatnonzero(~(broad & simple)):
        key = keys[number]
        for part in sheet.thin_parts(areas[number]):
            message = _("%(area)s of %(unit)s near %(place)s are a sliver, nowhere a metre wide.")
            yield _fault("sliver", (key,), sheet, part, message, _gifts(sheet.beside(part, key), name), unit=name(key))


def _gifts(keys: Iterable[int], name: Naming) -> list[Repair]:
    return [Repair("give", key, _("Give it to %(unit)s") % {"unit": name(key)}) for key in keys]


def _snap(sheet: Sheet, crack: Polygon) -> list[Repair]:
    if not sheet.is_thin(crack, WIDEST_METRES):
        return []
    return [Repair("snap", None, _("Bring the corners on both sides together"))]


def _square(area: float) -> str:
    return _("%(area)s m²") % {"area": f"{area:,.0f}" if area >= 10 else f"{area:.2f}"}


def _listed(keys: Iterable[int], name: Naming) -> str:
    return _(", ").join(_("the outline") if key == FRAME else name(key) for key in keys) or _("no grid")
