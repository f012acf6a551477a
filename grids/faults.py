"""Where a coverage is wrong, in plain words; asked only once the proof has failed. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from grids import lattice
from grids.proof import Proof
from grids.validity import why_invalid

# Smaller faults are rounding: reported as one line, never as a list of specks.
LEAST_SQUARE_METRES = 1.0
# One step of the lattice, in degrees: nothing on the ground.
_STEP = 1e-7


@dataclass(frozen=True)
class Fault:
    """One place where the grids do not tile the frame.

    `kind` is "invalid", "off_lattice", "pocket" (nobody's), "overlap", "spill" (outside), "vertex" or "rounding";
    `units` are codes, for a pocket its neighbours with the longest shared border first, "" the outline; `at` is a
    point in degrees.
    """

    kind: str
    units: tuple[str, ...]
    area_m2: float
    at: tuple[float, float] | None
    message: str


Naming = Callable[[str], str]


def find(proof: Proof, grids: Mapping[str, BaseGeometry], frame: BaseGeometry, name: Naming = str) -> list[Fault]:
    """Every fault of a proof that does not hold, the largest first; `name` turns a code into words."""
    if proof.holds:
        return []
    found = _invalid(proof, {**grids, "": frame}, name)
    if found:
        return found
    codes = np.array(sorted(grids))
    shapes = np.array([grids[code] for code in codes], dtype=object)
    tree = shapely.STRtree(shapes)
    union = shapely.union_all(shapes)
    found = [
        *_pockets(shapely.difference(frame, union), codes, shapes, tree, name),
        *_spills(shapely.difference(union, frame), codes, shapes, tree, name),
        *_overlaps(codes, shapes, tree, name),
    ]
    large = sorted((fault for fault in found if fault.area_m2 >= LEAST_SQUARE_METRES), key=lambda f: -f.area_m2)
    small = [fault for fault in found if fault.area_m2 < LEAST_SQUARE_METRES]
    if large:
        return large + _rounding(small)
    return _loose_vertices(proof.open_segments, codes, tree, frame, name) or _rounding(small)


def _invalid(proof: Proof, shapes: Mapping[str, BaseGeometry], name: Naming) -> list[Fault]:
    found = []
    for code in proof.invalid:
        words = {"unit": _called(code, name), "reason": why_invalid(shapes[code])}
        message = _("%(unit)s is not a valid area: %(reason)s.") % words
        found.append(Fault("invalid", (code,), 0.0, None, message))
    for code in proof.off_lattice:
        message = _("%(unit)s has vertices off the lattice of 7 decimals.") % {"unit": _called(code, name)}
        found.append(Fault("off_lattice", (code,), 0.0, None, message))
    return found


def _called(code: str, name: Naming) -> str:
    return name(code) if code else _("the outline")


def _pockets(
    holes: BaseGeometry,
    codes: NDArray[np.str_],
    shapes: NDArray[np.object_],
    tree: shapely.STRtree,
    name: Naming,
) -> list[Fault]:
    found = []
    for hole in _polygons(holes):
        near = tree.query(hole, predicate="intersects")
        shared = shapely.length(shapely.intersection(shapes[near], hole.boundary))
        units = tuple(codes[near[np.argsort(-shared, kind="stable")]].tolist())
        words = {"area": _square(hole), "place": _place(hole), "units": _listed(units, name)}
        message = _("%(area)s near %(place)s belong to no grid; next to it: %(units)s.") % words
        found.append(Fault("pocket", units, lattice.square_metres(hole), _inside(hole), message))
    return found


def _spills(
    outside: BaseGeometry,
    codes: NDArray[np.str_],
    shapes: NDArray[np.object_],
    tree: shapely.STRtree,
    name: Naming,
) -> list[Fault]:
    found = []
    for part in _polygons(outside):
        near = tree.query(part, predicate="intersects")
        owners = near[shapely.relate_pattern(shapes[near], part, "2********")]
        units = tuple(codes[owners].tolist())
        words = {"area": _square(part), "place": _place(part), "units": _listed(units, name)}
        message = _("%(area)s of %(units)s lie outside of the outline near %(place)s.") % words
        found.append(Fault("spill", units, lattice.square_metres(part), _inside(part), message))
    return found


def _overlaps(codes: NDArray[np.str_], shapes: NDArray[np.object_], tree: shapely.STRtree, name: Naming) -> list[Fault]:
    one, other = tree.query(shapes, predicate="intersects")
    once = one < other
    one, other = one[once], other[once]
    # Interiors share an area: touching borders cost nothing, and one grid inside of another is found too.
    both = shapely.relate_pattern(shapes[one], shapes[other], "2********")
    found = []
    for first, second in zip(one[both], other[both], strict=True):
        shared = shapely.intersection(shapes[first], shapes[second])
        units = (str(codes[first]), str(codes[second]))
        words = {"area": _square(shared), "place": _place(shared), "units": _listed(units, name)}
        message = _("%(area)s near %(place)s belong to more than one grid: %(units)s.") % words
        found.append(Fault("overlap", units, lattice.square_metres(shared), _inside(shared), message))
    return found


def _loose_vertices(
    segments: NDArray[np.float64],
    codes: NDArray[np.str_],
    tree: shapely.STRtree,
    frame: BaseGeometry,
    name: Naming,
) -> list[Fault]:
    """Borders that coincide but do not share every vertex: one side has a corner the other lacks.

    The sides are those that run along the segment, be they grids or the outline ("").
    """
    lines = shapely.linestrings(segments)
    found: dict[tuple[str, ...], Fault] = {}
    edge = shapely.boundary(frame)
    shapely.prepare(edge)
    for line in lines:
        near = tree.query(line, predicate="dwithin", distance=_STEP)
        along = [number for number in near if _runs_along(line, shapely.boundary(tree.geometries[number]))]
        units = tuple(sorted(codes[along].tolist())) + (("",) if _runs_along(line, edge) else ())
        if units not in found:
            words = {"units": _listed(units, name), "place": _place(line)}
            message = _("The borders of %(units)s near %(place)s do not share the same corners.") % words
            found[units] = Fault("vertex", units, 0.0, _inside(line), message)
    return list(found.values())


def _runs_along(line: BaseGeometry, border: BaseGeometry) -> bool:
    """Whether the border follows the line for more than the few steps by which it may cross it."""
    if not shapely.dwithin(border, line, _STEP):
        return False
    return bool(shapely.length(shapely.intersection(border, line.buffer(_STEP))) > 4 * _STEP)


def _rounding(small: list[Fault]) -> list[Fault]:
    if not small:
        return []
    message = ngettext(
        "%(count)d speck below one square metre, from rounding.",
        "%(count)d specks below one square metre, from rounding.",
        len(small),
    ) % {"count": len(small)}
    units = tuple(sorted({code for fault in small for code in fault.units}))
    return [Fault("rounding", units, sum(fault.area_m2 for fault in small), small[0].at, message)]


def _polygons(geometry: BaseGeometry) -> list[BaseGeometry]:
    return [part for part in shapely.get_parts(geometry) if part.geom_type == "Polygon" and not part.is_empty]


def _inside(geometry: BaseGeometry) -> tuple[float, float]:
    point = shapely.point_on_surface(geometry)
    return round(point.x, 7), round(point.y, 7)


def _place(geometry: BaseGeometry) -> str:
    longitude, latitude = _inside(geometry)
    return f"{longitude:.5f}, {latitude:.5f}"


def _square(geometry: BaseGeometry) -> str:
    area = lattice.square_metres(geometry)
    return _("%(area)s m²") % {"area": f"{area:,.0f}" if area >= 10 else f"{area:.2f}"}


def _listed(units: tuple[str, ...], name: Naming) -> str:
    return _(", ").join(_called(code, name) for code in units) or _("no grid")
