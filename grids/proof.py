"""The proof that grids tile their frame: every directed border segment must cancel.

Take each grid as a valid polygon with a counter-clockwise shell and clockwise holes, and the frame likewise with
the sign turned. The sum of all directed segments is the border of the function "number of grids covering a point,
minus one inside of the frame". If every segment cancels, that function has no border, so it is the same everywhere,
and far away it is 0: each point inside of the frame lies in exactly one grid and none lies outside. The arithmetic
is exact on integer lattice keys; there is no tolerance. Pure.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from grids import lattice

CHECKER = "signed-edges/1"

# Room for every longitude and latitude key in one unsigned 63-bit number.
_LONGITUDES, _LATITUDES, _LATITUDE_BITS = 1_800_000_000, 900_000_000, 31


@dataclass(frozen=True)
class Proof:
    """What the count found. `open_segments` are the segments (n, 2, 2) in degrees that do not cancel."""

    grids: int
    segments: int
    open_segments: NDArray[np.float64]
    invalid: tuple[str, ...]
    off_lattice: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not (self.invalid or self.off_lattice or len(self.open_segments))


def prove(grids: Mapping[str, BaseGeometry], frame: BaseGeometry) -> Proof:
    """Count the signed segments of `grids` (by code) against `frame`."""
    everything = {**grids, "": frame}
    invalid = tuple(code for code, geometry in everything.items() if not shapely.is_valid(geometry))
    off_lattice = tuple(code for code, geometry in everything.items() if not lattice.is_on_lattice(geometry))
    begins, ends, signs = _directed([*grids.values()], frame)
    low, high, weights, _group = summed(begins, ends, signs)
    left = weights != 0
    return Proof(
        grids=len(grids),
        segments=len(begins),
        open_segments=lattice.degrees(np.stack([unpacked(low[left]), unpacked(high[left])], axis=1)),
        invalid=invalid,
        off_lattice=off_lattice,
    )


def summed(
    begins: NDArray[np.int64], ends: NDArray[np.int64], signs: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.intp]]:
    """Every segment between packed points once, lesser end first: low, high and the signed sum of its occurrences,
    those the other way round counting against it; and for each occurrence the number of its segment."""
    forward = begins < ends
    low, high = np.where(forward, begins, ends), np.where(forward, ends, begins)
    order = np.lexsort((high, low))
    low, high, weights = low[order], high[order], np.where(forward, signs, -signs)[order]
    fresh = np.ones(len(low), dtype=bool)
    fresh[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    starts = np.flatnonzero(fresh)
    sums = np.add.reduceat(weights, starts) if len(starts) else weights
    group = np.empty(len(low), dtype=np.intp)
    group[order] = np.cumsum(fresh) - 1
    return low[starts], high[starts], sums, group


def digest(grids: Mapping[str, BaseGeometry]) -> str:
    """sha256 over the codes and the exact geometry of the grids; the database's guard computes the same."""
    lines = [f"{code}:{hashlib.sha256(_wkb(grids[code])).hexdigest()}" for code in sorted(grids)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def certificate(
    proof: Proof, grids: Mapping[str, BaseGeometry], frame: BaseGeometry, *, now: datetime
) -> dict[str, Any]:
    """What is stored with a plan whose proof holds."""
    assert proof.holds, "a certificate is only for a proof that holds"
    return {
        "checker": CHECKER,
        "proven_at": now.isoformat(),
        "grids": proof.grids,
        "segments": proof.segments,
        "area_m2": round(lattice.square_metres(frame)),
        "digest": digest(grids),
        "frame_digest": hashlib.sha256(_wkb(frame)).hexdigest(),
        "in_several_parts": sorted(code for code, shape in grids.items() if shapely.get_num_geometries(shape) > 1),
        "libraries": {"shapely": shapely.__version__, "geos": shapely.geos_version_string, "numpy": np.__version__},
    }


def _wkb(geometry: BaseGeometry) -> bytes:
    wkb: bytes = shapely.to_wkb(geometry, byte_order=1, output_dimension=2)
    return wkb


def _directed(
    grids: list[BaseGeometry], frame: BaseGeometry
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Packed begin and end of every segment, with +1 for a grid's and -1 for the frame's."""
    # get_rings finds nothing in a MultiPolygon, so take the parts first.
    shapes = shapely.get_parts(np.array([*grids, frame], dtype=object), return_index=True)
    polygons = shapely.orient_polygons(shapes[0], exterior_cw=False)
    of_frame = shapes[1] == len(grids)
    rings, polygon_of_ring = shapely.get_rings(polygons, return_index=True)
    coordinates, ring_of_vertex = shapely.get_coordinates(rings, return_index=True)
    packed = pack(lattice.keys(coordinates))
    inner = (ring_of_vertex[1:] == ring_of_vertex[:-1]) & (packed[1:] != packed[:-1])
    signs = np.where(of_frame[polygon_of_ring[ring_of_vertex[:-1]]], -1, 1)
    return packed[:-1][inner], packed[1:][inner], signs[inner]


def pack(lattice_keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Points of the lattice (n, 2) as one number each; numbers are in the order of longitude, then latitude."""
    packed: NDArray[np.int64] = (lattice_keys[:, 0] + _LONGITUDES << _LATITUDE_BITS) | (lattice_keys[:, 1] + _LATITUDES)
    return packed


def unpacked(packed: NDArray[np.int64]) -> NDArray[np.int64]:
    """The points of packed numbers."""
    longitude = (packed >> _LATITUDE_BITS) - _LONGITUDES
    latitude = (packed & ((1 << _LATITUDE_BITS) - 1)) - _LATITUDES
    return np.stack([longitude, latitude], axis=1)
