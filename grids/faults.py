"""Why a publication or an import is refused, in plain words by code; asked only once the proof has failed. Pure.

What is wrong where is found by `grids.coverage`; here it is told the way a refusal tells it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from shapely.geometry.base import BaseGeometry

from grids import coverage
from grids.proof import Proof
from grids.validity import why_invalid

# Smaller faults are rounding: reported as one line, never as a list of specks.
LEAST_SQUARE_METRES = 1.0
# What keeps grids from tiling. Several parts and slivers are the drawing's matter: they may be meant.
_KINDS = ("pocket", "overlap", "spill", "vertex")


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
    codes = sorted(grids)
    shapes = {number: grids[code] for number, code in enumerate(codes)}
    for one in coverage.faults(shapes, frame, lambda key: name(codes[key])):
        if one.kind in _KINDS:
            found.append(Fault(one.kind, tuple(codes[key] for key in one.keys), one.area_m2, one.at, one.message))
    corners = {fault.units: fault for fault in reversed(found) if fault.kind == "vertex"}
    areas = [fault for fault in found if fault.kind != "vertex"]
    large = sorted((fault for fault in areas if fault.area_m2 >= LEAST_SQUARE_METRES), key=lambda fault: -fault.area_m2)
    small = [fault for fault in areas if fault.area_m2 < LEAST_SQUARE_METRES]
    return [*large, *sorted(corners.values(), key=lambda fault: fault.units), *_rounding(small)]


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
