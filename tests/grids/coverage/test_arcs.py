"""The border lines of a coverage, against what the publisher of the villages says."""

import numpy as np
import pytest
import shapely

from grids import coverage, lattice
from tests.grids.coverage import ground


@pytest.mark.parametrize("county", ["taipei", "yilan"])
def test_neighbours_and_their_borders_are_those_of_the_published_adjacency(county: str) -> None:
    shapes, _frame = ground.PLACES[county]()
    codes = {key: code for code, key in ground.keys_by_code(f"tw-{county}-villages.geojson.gz").items()}
    published = ground.adjacency(f"tw-{county}-village-adjacency.csv.gz")
    found = {frozenset(codes[key] for key in pair): metres for pair, metres in coverage.shared_metres(shapes).items()}
    assert found.keys() == published.keys()
    for pair, metres in found.items():
        assert metres == pytest.approx(published[pair], rel=0.01, abs=1), pair


@pytest.mark.parametrize("place", ["luodong", "yilan", "manhattan"])
def test_arcs_are_every_border_once(place: str) -> None:
    shapes, _frame = ground.PLACES[place]()
    arcs = coverage.arcs(shapes)
    drawn = {
        tuple(sorted((tuple(p), tuple(q))))
        for arc in arcs
        for p, q in zip(arc.coords.tolist(), arc.coords.tolist()[1:], strict=False)
    }
    assert len(drawn) == sum(len(arc.coords) - 1 for arc in arcs)
    borders = set()
    for shape in shapes.values():
        for ring in shapely.get_rings(shapely.get_parts(shape)):
            borders |= {
                tuple(sorted(pair)) for pair in zip(ring.coords, ring.coords[1:], strict=False) if pair[0] != pair[1]
            }
    assert drawn == borders


def test_an_arc_runs_from_junction_to_junction_with_its_areas_left_and_right() -> None:
    shapes, _frame = ground.luodong()
    arcs = coverage.arcs(shapes)
    ends = {tuple(p) for arc in arcs for p in (arc.coords[0], arc.coords[-1])}
    for arc in arcs:
        assert not any(tuple(p) in ends for p in arc.coords[1:-1])
        begin, end = arc.coords[0], arc.coords[1]
        left = (begin + end) / 2 + np.array([begin[1] - end[1], end[0] - begin[0]]) * 1e-3
        assert shapes[arc.left].contains(shapely.Point(left))
        assert arc.right is None or arc.left < arc.right


def test_the_ring_of_an_island_and_of_an_enclave_is_one_arc() -> None:
    hole = lattice.to_lattice(shapely.box(103.004, 29.004, 103.006, 29.006))
    host = ground.cut_out(shapely.box(103, 29, 103.01, 29.01), hole)
    arcs = coverage.arcs({1: host, 2: hole})
    assert sorted((arc.left, arc.right, len(arc.coords)) for arc in arcs if arc.right) == [(1, 2, 5)]
    assert [(arc.left, len(arc.coords)) for arc in arcs if arc.right is None] == [(1, 5)]
