"""Real coverages to draw on, and faults put into them at known places."""

import csv
import gzip
import io
import json
from functools import cache
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon, shape
from shapely.geometry.base import BaseGeometry

from grids import coverage, lattice, proof

DATA = Path(__file__).parents[2] / "data" / "boundaries"
STEP = 1e-7
Shapes = dict[int, BaseGeometry]


def _read(name: str) -> str:
    raw = (DATA / name).read_bytes()
    return (gzip.decompress(raw) if name.endswith(".gz") else raw).decode()


@cache
def _features(name: str) -> list[tuple[str, BaseGeometry]]:
    features = json.loads(_read(name))["features"]
    code = "tract_geoid" if "nyc" in name else "village_code"
    return [(f["properties"][code], lattice.to_lattice(shape(f["geometry"]))) for f in features]


@cache
def _whole(name: str) -> tuple[Shapes, BaseGeometry]:
    shapes = {number: shape for number, (_code, shape) in enumerate(_features(name), start=1)}
    frame = coverage.outline(shapes)
    for fault in coverage.faults(shapes, frame):
        if fault.kind == "invalid":
            shapes = coverage.repair_fault(shapes, frame, fault=fault, how="mend").applied_to(shapes)
    return shapes, coverage.outline(shapes)


def luodong() -> tuple[Shapes, BaseGeometry]:
    """A town of 23 villages."""
    return _whole("tw-luodong-villages.geojson")


def taipei() -> tuple[Shapes, BaseGeometry]:
    """A city of 456 villages."""
    return _whole("tw-taipei-villages.geojson.gz")


def yilan() -> tuple[Shapes, BaseGeometry]:
    """Mountains and coast: 233 villages, one in two parts, the frame too."""
    return _whole("tw-yilan-villages.geojson.gz")


def manhattan() -> tuple[Shapes, BaseGeometry]:
    """310 tracts; piers, islands, and a basin in the frame that is no tract's."""
    return _whole("nyc-manhattan-tracts.geojson.gz")


PLACES = {"luodong": luodong, "taipei": taipei, "yilan": yilan, "manhattan": manhattan}


def keys_by_code(name: str) -> dict[str, int]:
    return {code: number for number, (code, _shape) in enumerate(_features(name), start=1)}


def adjacency(name: str) -> dict[frozenset[str], float]:
    """Which villages share how many metres of border, from the arcs of the published TopoJSON."""
    rows = csv.DictReader(io.StringIO(_read(name)))
    return {frozenset((row["village_code_a"], row["village_code_b"])): float(row["shared_border_m"]) for row in rows}


def holds(shapes: Shapes, frame: BaseGeometry) -> bool:
    return proof.prove({str(key): shape for key, shape in shapes.items()}, frame).holds


def near(shapes: Shapes, *geometries: BaseGeometry) -> Shapes:
    """The areas an edit must be given: those within a few metres of what it touches."""
    west, south, east, north = shapely.total_bounds(np.array(geometries, dtype=object))
    reach = shapely.box(west - 5e-5, south - 5e-5, east + 5e-5, north + 5e-5)
    beside = shapely.intersects(np.array(list(shapes.values()), dtype=object), reach)
    return {key: shape for (key, shape), is_near in zip(shapes.items(), beside.tolist(), strict=True) if is_near}


def disc(at: tuple[float, float], metres: float) -> Polygon:
    """A round piece of ground on the lattice."""
    east, north = lattice.metres_per_degree(at[1])
    unit = shapely.Point(0, 0).buffer(1, quad_segs=4)
    return lattice.to_lattice(shapely.transform(unit, lambda xy: xy * (metres / east, metres / north) + at))


def cut_out(shape: BaseGeometry, piece: BaseGeometry) -> BaseGeometry:
    return _tidy(shapely.difference(_keys(shape), _keys(piece), grid_size=1))


def added(shape: BaseGeometry, piece: BaseGeometry) -> BaseGeometry:
    return _tidy(shapely.union(_keys(shape), _keys(piece), grid_size=1))


def shared(shape: BaseGeometry, other: BaseGeometry) -> BaseGeometry:
    return _tidy(shapely.intersection(_keys(shape), _keys(other), grid_size=1))


def _keys(shape: BaseGeometry) -> BaseGeometry:
    return shapely.transform(shape, lambda xy: np.rint(xy * 1e7))


def _tidy(shape: BaseGeometry) -> BaseGeometry:
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    degrees = [shapely.transform(part, lambda xy: xy / 1e7) for part in parts]
    return degrees[0] if len(degrees) == 1 else MultiPolygon(degrees)


def pole(shape: BaseGeometry) -> tuple[tuple[float, float], float]:
    """The point farthest from the border of an area's largest part, and about how many metres it is away."""
    largest = max(shapely.get_parts(shape), key=lambda part: part.area)
    line = shapely.maximum_inscribed_circle(largest, tolerance=1e-6)
    (x, y), _end = line.coords
    east, _north = lattice.metres_per_degree(y)
    return (round(x, 7), round(y, 7)), float(shapely.length(line)) * east * 0.9
