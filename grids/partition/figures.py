"""What can be said of a division: balance, roads, shape. Pure."""

from collections.abc import Collection
from typing import Any

import numpy as np

from grids.partition.borders import OPEN
from grids.partition.cells import Cells
from grids.partition.ground import Ints


def of(cells: Cells, labels: Ints, target: float, tolerance: float, single: Collection[str] = ()) -> dict[str, Any]:
    """The figures of a division; shares are between 0 and 1 and None where nothing can be said.

    The regions of `single` were not to be divided: their balance is not judged.
    """
    count = int(labels.max()) + 1
    load = np.bincount(labels, cells.households, count)
    region = np.zeros(count, dtype=np.int64)
    region[labels] = cells.region
    held = np.bincount(cells.region, cells.households, len(cells.regions))
    judged = (held > 0) & ~np.isin(np.array(cells.regions, dtype=object), list(single))
    counted = judged[region]
    deviation = (load[counted] - target) / target
    off = np.abs(deviation)
    mean = held / np.maximum(np.bincount(region, minlength=len(cells.regions)), 1)
    uneven = judged & (np.abs(mean / target - 1) > 0.1)
    return {
        "grids": count,
        "households": int(load.sum()),
        "within_10": _share(off <= 0.1),
        "within_tolerance": _share(off <= tolerance),
        "outside_tolerance": int((off > tolerance).sum()),
        "mean_deviation": float(off.mean()) if len(off) else None,
        "max_deviation": float(off.max()) if len(off) else None,
        "fewest": int(load[counted].min()) if counted.any() else None,
        "most": int(load[counted].max()) if counted.any() else None,
        # Villages whose own households divide by no number of grids into about the target.
        "uneven": sorted(cells.regions[n] for n in np.flatnonzero(uneven)),
        "by_area": sorted(cells.regions[n] for n in np.flatnonzero(held == 0)),
        **_borders(cells, labels, count),
        "compounds_whole": _compounds(cells, labels),
    }


def _share(holds: Any) -> float | None:
    return float(np.mean(holds)) if len(holds) else None


def _borders(cells: Cells, labels: Ints, count: int) -> dict[str, Any]:
    borders = cells.borders
    apart = labels[borders.one] != labels[borders.other]
    inside = apart & (cells.region[borders.one] == cells.region[borders.other])
    length = borders.length[inside]
    around = (
        np.bincount(labels[borders.one][apart], borders.length[apart], count)
        + np.bincount(labels[borders.other][apart], borders.length[apart], count)
        + np.bincount(labels, borders.rim, count)
    )
    area = np.bincount(labels, cells.area_m2, count)
    return {
        "borders_m": round(float(length.sum())),
        "on_lines": float(length[borders.kind[inside] < OPEN].sum() / length.sum()) if length.sum() else None,
        # Polsby-Popper: 1 is a circle, a square has 0.79.
        "compactness": float(np.mean(4 * np.pi * area / np.maximum(around, 1.0) ** 2)),
    }


def _compounds(cells: Cells, labels: Ints) -> float | None:
    """The share of compounds that lie in one grid."""
    known = cells.compound >= 0
    pairs = np.unique(np.column_stack([cells.compound[known], labels[known]]), axis=0)
    if not len(pairs):
        return None
    return float(np.mean(np.unique(pairs[:, 0], return_counts=True)[1] == 1))
