"""Faults put into real coverages at known places are found exactly, and none else."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from grids import coverage, lattice
from grids.coverage import CoverageFault
from tests.grids.coverage import ground
from tests.grids.coverage.ground import STEP, Shapes

# What a fault is known by: kind, parties, and square metres to the nearest few.
Known = tuple[str, frozenset[int]]
Injection = Callable[[Shapes, BaseGeometry, int], tuple[Shapes, list[tuple[Known, BaseGeometry | None]]]]


def _inner(shapes: Shapes, key: int) -> int:
    """The neighbour with the longest common border."""
    metres = {
        pair: length for pair, length in coverage.shared_metres(ground.near(shapes, shapes[key])).items() if key in pair
    }
    one, other = max(metres, key=lambda pair: metres[pair])
    return other if one == key else one


def _middle_of_border(shapes: Shapes, key: int) -> tuple[int, tuple[float, float], tuple[float, float]]:
    """A neighbour and the longest segment of the border with it that is not the frame's."""
    other = _inner(shapes, key)
    arcs = [arc for arc in coverage.arcs({key: shapes[key], other: shapes[other]}) if arc.right is not None]
    pairs = [(p, q) for arc in arcs for p, q in zip(arc.coords.tolist(), arc.coords.tolist()[1:], strict=False)]
    begin, end = max(pairs, key=lambda pair: np.hypot(*np.subtract(*pair)))
    return other, tuple(begin), tuple(end)


def lost(shapes: Shapes, frame: BaseGeometry, key: int):
    """An area is missing."""
    parts = shapely.get_parts(shapes[key])
    left = {other: shape for other, shape in shapes.items() if other != key}
    beside = [
        frozenset(
            other
            for other, shape in left.items()
            if shapely.length(shapely.intersection(part.boundary, shape.boundary)) > 0
        )
        for part in parts
    ]
    return left, [(("pocket", keys), part) for keys, part in zip(beside, parts, strict=True)]


def hole(shapes: Shapes, frame: BaseGeometry, key: int):
    """A piece in the middle of an area is nobody's."""
    at, room = ground.pole(shapes[key])
    piece = ground.disc(at, min(room * 0.5, 20))
    return {**shapes, key: ground.cut_out(shapes[key], piece)}, [(("pocket", frozenset({key})), piece)]


def gap(shapes: Shapes, frame: BaseGeometry, key: int):
    """An area draws back from its neighbour between two corners."""
    other, begin, end = _middle_of_border(shapes, key)
    middle = np.add(begin, end) / 2
    across = np.array([begin[1] - end[1], end[0] - begin[0]]) * 0.02
    tips = [tuple((middle + sign * across).tolist()) for sign in (1, -1)]
    for tip in tips:
        piece = lattice.to_lattice(Polygon([begin, tip, end]))
        if shapely.contains_properly(shapes[key], shapely.Point(tip)):
            return {**shapes, key: ground.cut_out(shapes[key], piece)}, [(("pocket", frozenset({key, other})), piece)]
    raise AssertionError("no side of the border lies in the area")


def overlap(shapes: Shapes, frame: BaseGeometry, key: int):
    """An area reaches over into its neighbour between two corners."""
    other, begin, end = _middle_of_border(shapes, key)
    middle = np.add(begin, end) / 2
    across = np.array([begin[1] - end[1], end[0] - begin[0]]) * 0.02
    for sign in (1, -1):
        tip = tuple((middle + sign * across).tolist())
        piece = lattice.to_lattice(Polygon([begin, tip, end]))
        if shapely.contains_properly(shapes[other], shapely.Point(tip)):
            return {**shapes, key: ground.added(shapes[key], piece)}, [(("overlap", frozenset({key, other})), piece)]
    raise AssertionError("no side of the border lies in the neighbour")


def corner(shapes: Shapes, frame: BaseGeometry, key: int):
    """One side of a border gets a corner that the other lacks."""
    other, begin, end = _middle_of_border(shapes, key)
    at = tuple(lattice.degrees(lattice.keys(np.add(begin, end) / 2)).tolist())
    one_sided = coverage.insert_into(shapes[key], {(begin, end): [at]})
    return {**shapes, key: one_sided}, [(("vertex", frozenset({key, other})), shapely.Point(at))]


def enclave(shapes: Shapes, frame: BaseGeometry, key: int):
    """A piece in the middle of an area belongs to its neighbour."""
    other = _inner(shapes, key)
    at, room = ground.pole(shapes[key])
    piece = ground.disc(at, min(room * 0.5, 20))
    apart = shapely.MultiPolygon([*shapely.get_parts(shapes[other]), piece])
    return {**shapes, key: ground.cut_out(shapes[key], piece), other: apart}, [(("parts", frozenset({other})), piece)]


def sliver(shapes: Shapes, frame: BaseGeometry, key: int):
    """A strip of 80 centimetres is an area of its own."""
    at, room = ground.pole(shapes[key])
    east, north = lattice.metres_per_degree(at[1])
    size = np.array([min(room * 0.5, 30) / east, 0.4 / north])
    piece = lattice.to_lattice(shapely.box(*(at - size), *(at + size)))
    return (
        {**shapes, key: ground.cut_out(shapes[key], piece), max(shapes) + key: piece},
        [(("sliver", frozenset({max(shapes) + key})), piece)],
    )


def spill(shapes: Shapes, frame: BaseGeometry, key: int):
    """An area on the edge reaches out of the frame; one further in stays as it is."""
    for begin, end in _outer_segments(shapes, key):
        middle = np.add(begin, end) / 2
        across = np.array([begin[1] - end[1], end[0] - begin[0]]) * 0.02
        for sign in (1, -1):
            piece = lattice.to_lattice(Polygon([begin, (middle + sign * across).tolist(), end]))
            if piece.is_valid and piece.area > 0 and not shapely.relate_pattern(piece, frame, "2********"):
                return {**shapes, key: ground.added(shapes[key], piece)}, [(("spill", frozenset({key})), piece)]
    return shapes, []


def _outer_segments(shapes: Shapes, key: int) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    arcs = [arc for arc in coverage.arcs(ground.near(shapes, shapes[key])) if arc.left == key and arc.right is None]
    pairs = [(tuple(p), tuple(q)) for arc in arcs for p, q in itertools.pairwise(arc.coords.tolist())]
    return sorted(pairs, key=lambda pair: -np.hypot(*np.subtract(*pair)))


def spike(shapes: Shapes, frame: BaseGeometry, key: int):
    """The ring of an area goes in and comes back the same way."""
    at, _room = ground.pole(shapes[key])
    largest = max(shapely.get_parts(shapes[key]), key=lambda part: part.area)
    assert shapely.get_num_geometries(shapes[key]) == 1
    rings = [list(ring.coords) for ring in shapely.get_rings(largest)]
    for number, corner in enumerate(rings[0][:-1]):
        way = LineString([corner, np.add(corner, np.subtract(at, corner) * 1e-2)])
        if shapely.contains(largest, way):
            inner = lattice.to_lattice(shapely.Point(way.coords[1]))
            rings[0] = [*rings[0][: number + 1], (inner.x, inner.y), *rings[0][number:]]
            break
    return {**shapes, key: Polygon(rings[0], rings[1:])}, [(("invalid", frozenset({key})), shapes[key])]


INJECTIONS: dict[str, Injection] = {
    "lost": lost,
    "hole": hole,
    "gap": gap,
    "overlap": overlap,
    "corner": corner,
    "enclave": enclave,
    "sliver": sliver,
    "spill": spill,
    "spike": spike,
}


def apart(shapes: Shapes, frame: BaseGeometry, count: int, dice: np.random.Generator) -> list[int]:
    """Areas of some size that neither touch each other nor have a neighbour in common."""
    keys = [int(key) for key in dice.permutation(list(shapes))]
    chosen: list[int] = []
    taken: list[BaseGeometry] = []
    for key in keys:
        if shapely.get_num_geometries(shapes[key]) > 1 or ground.pole(shapes[key])[1] < 15:
            continue
        around = shapely.union_all(list(ground.near(shapes, shapes[key]).values())).envelope
        if len(ground.near(shapes, shapes[key])) > 2 and not any(shapely.intersects(around, other) for other in taken):
            chosen.append(key)
            taken.append(around)
        if len(chosen) == count:
            break
    return chosen


def _is(fault: CoverageFault, known: Known, piece: BaseGeometry | None) -> bool:
    if (fault.kind, frozenset(fault.keys)) != known:
        return False
    if fault.shape is None:
        return piece is not None and shapely.distance(piece, shapely.Point(fault.at)) < 2 * STEP
    assert piece is not None
    apart = shapely.area(shapely.symmetric_difference(fault.shape, piece))
    return bool(apart <= 1.5 * STEP * piece.length and shapely.dwithin(fault.shape, shapely.Point(fault.at), STEP))


@pytest.mark.parametrize("place", ground.PLACES)
@pytest.mark.parametrize("seed", [1, 2])
def test_faults_at_known_places_are_found_exactly_and_none_else(place: str, seed: int) -> None:
    shapes, frame = ground.PLACES[place]()
    before = {fault.id for fault in coverage.faults(shapes, frame)}
    dice = np.random.default_rng(seed)
    kinds = list(INJECTIONS)
    expected = []
    for number, key in enumerate(apart(shapes, frame, 21, dice)):
        shapes, known = INJECTIONS[kinds[(number + seed) % len(kinds)]](shapes, frame, key)
        expected.extend(known)
    found = [fault for fault in coverage.faults(shapes, frame) if fault.id not in before]
    for known, piece in expected:
        assert [fault for fault in found if _is(fault, known, piece)], (known, piece)
    assert len(found) == len(expected), [(f.kind, f.keys, f.area_m2) for f in found]
    assert found


def test_a_coverage_without_faults_has_none() -> None:
    for place in (ground.luodong, ground.taipei):
        assert coverage.faults(*place()) == []


def _square(west: int, south: int, east: int, north: int) -> Polygon:
    """In lattice steps from a place in China."""
    return lattice.to_lattice(shapely.box(104 + west * STEP, 30 + south * STEP, 104 + east * STEP, 30 + north * STEP))


def _told(shapes: Shapes, frame: BaseGeometry) -> list[tuple[str, tuple[int, ...], float]]:
    """Kind, parties and square lattice steps of every fault."""
    faults = coverage.faults(shapes, frame)
    return sorted((f.kind, f.keys, round(shapely.area(f.shape) / STEP**2)) for f in faults if f.shape is not None)


def test_a_narrow_trespass_beside_a_broad_one_is_told_of_its_own_party() -> None:
    """One area lies over all of a second and three steps deep in a third: both are parties, each with its ground."""
    shapes = {1: _square(0, 0, 20000, 20000), 2: _square(20000, 0, 40000, 20000), 3: _square(0, 0, 20003, 20000)}
    assert _told(shapes, _square(0, 0, 40000, 20000)) == [
        ("overlap", (1, 3), 20000 * 20000),
        ("overlap", (2, 3), 3 * 20000),
    ]


def test_a_narrow_trespass_over_the_frame_beside_a_broad_overlap_is_told() -> None:
    shapes = {1: _square(0, 0, 20000, 20000), 2: _square(0, 0, 20003, 20000)}
    assert _told(shapes, _square(0, 0, 20000, 20000)) == [
        ("overlap", (1, 2), 20000 * 20000),
        ("spill", (2,), 3 * 20000),
    ]
