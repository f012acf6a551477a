"""Whether the coordinate system is likely: how far a file's border lies from what is published, in each system.

GCJ-02 lies 230 to 680 m off, one to two grids, and nobody sees that in a list of numbers. Nothing is decided here: the
distances are said in words, and a person chooses. Pure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from django.utils.translation import gettext as _
from shapely.geometry.base import BaseGeometry

from grids import lattice
from grids.datums import Datum
from grids.exchange import systems
from grids.exchange.systems import System

_MOST_POINTS = 1500
# Below this a border that was only redrawn may lie; above it the system is in doubt.
_NEAR_METRES, _FAR_METRES = 20.0, 120.0
_TIMES_BETTER = 4
# Outlines of two surveys differ by up to 140 m where they are the same (measured on four counties), read wrongly by
# 230 to 490 m: there half as far, and by so many metres nearer, is doubt enough.
_HALF, _METRES_BETTER = 2, 100.0


@dataclass(frozen=True)
class Fit:
    """How far, in metres, the share `quantile` of the file's border lies from the published one, by system."""

    chosen: System
    metres: float
    best: System
    best_metres: float

    @property
    def is_doubtful(self) -> bool:
        nearer = self.metres - self.best_metres
        if nearer > _METRES_BETTER and self.best_metres * _HALF < self.metres:
            return True
        return self.metres > _NEAR_METRES and self.best_metres * _TIMES_BETTER < self.metres

    @property
    def words(self) -> str:
        """A warning, or empty where there is nothing to warn of."""
        told = {
            "chosen": self.chosen.label, "metres": _rounded(self.metres),
            "best": self.best.label, "best_metres": _rounded(self.best_metres),
        }  # fmt: skip
        if self.is_doubtful:
            return (
                _(
                    "Read as %(chosen)s the border lies about %(metres)s m from the published one, read as %(best)s "
                    "only %(best_metres)s m: the file was probably made in %(best)s."
                )
                % told
            )
        if self.metres > _FAR_METRES:
            return (
                _("The border lies about %(metres)s m from the published one, and no other system brings it nearer.")
                % told
            )
        return ""


def judged(
    shapes: Iterable[BaseGeometry], published: Sequence[BaseGeometry], system: System, *, is_whole: bool
) -> Fit | None:
    """The fit of `shapes`, read in `system`, to published areas; None where there is nothing to compare.

    `is_whole` says that the published areas cover the same ground, so that half of the border should lie on theirs;
    of neighbours only a part is shared.
    """
    points = _border(shapes)
    if not len(points) or not published:
        return None
    quantile = 0.5 if is_whole else 0.15
    scale = np.array(lattice.metres_per_degree(float(points[:, 1].mean())))
    lines = shapely.union_all(
        [shapely.transform(shapely.boundary(shape), lambda xy: xy * scale) for shape in published]
    )
    shapely.prepare(lines)
    given = system.from_cgcs2000(points)
    found = {system.key: _distance(points * scale, lines, quantile)}
    for other in _candidates(system):
        try:
            found[other.key] = _distance(other.to_cgcs2000(given) * scale, lines, quantile)
        except ValueError:
            continue
    best = min(found, key=lambda key: found[key])
    by_key = {system.key: system, **{other.key: other for other in _candidates(system)}}
    return Fit(system, found[system.key], by_key[best], found[best])


def _candidates(system: System) -> list[System]:
    if system.in_metres:
        return systems.other_zones(system)
    return [systems.chosen(datum) for datum in (Datum.CGCS2000, Datum.GCJ02, Datum.BD09) if datum != system.key]


def _border(shapes: Iterable[BaseGeometry]) -> systems.Positions:
    """Vertices on the outer border of all shapes together, evenly thinned."""
    union = shapely.union_all(list(shapes))
    shells = shapely.get_exterior_ring(shapely.get_parts(union))
    points = np.unique(shapely.get_coordinates(shells), axis=0)
    return points[:: max(1, len(points) // _MOST_POINTS)]


def _distance(points: systems.Positions, lines: BaseGeometry, quantile: float) -> float:
    return float(np.quantile(shapely.distance(shapely.points(points), lines), quantile))


def _rounded(metres: float) -> str:
    return f"{metres:.1f}" if metres < 10 else f"{metres:.0f}"
