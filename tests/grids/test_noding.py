"""Vertices that come to an outline are found, and put into everything along it."""

import shapely
from shapely.geometry import Polygon

from grids import lattice, noding, proof
from tests.tiling import box


def test_an_outline_with_more_vertices_is_the_same_outline() -> None:
    old = box(0, 0, 0.01, 0.01)
    new = lattice.to_lattice(Polygon([(0, 0), (0.01, 0), (0.01, 0.0033333), (0.01, 0.01), (0.004, 0.01), (0, 0.01)]))
    found = noding.inserted(old, new)
    assert found == {
        ((100_000, 0), (100_000, 100_000)): [(100_000, 33_333)],
        ((0, 100_000), (100_000, 100_000)): [(40_000, 100_000)],
    }
    assert noding.inserted(old, old) == {}
    assert noding.inserted(old, shapely.reverse(old)) == {}, "whichever way it turns"
    assert noding.box_of(found) == (0, 0, 0.01, 0.01)


def test_a_slanted_border_takes_a_vertex_that_was_rounded() -> None:
    old = lattice.to_lattice(Polygon([(0, 0), (0.01, 0), (0.0066667, 0.01)]))
    new = lattice.to_lattice(Polygon([(0, 0), (0.01, 0), (0.0083333, 0.005), (0.0066667, 0.01)]))
    found = noding.inserted(old, new)
    assert found == {((66_667, 100_000), (100_000, 0)): [(83_333, 50_000)]}


def test_another_outline_is_none() -> None:
    old = box(0, 0, 0.01, 0.01)
    bent = lattice.to_lattice(Polygon([(0, 0), (0.01, 0), (0.0101, 0.005), (0.01, 0.01), (0, 0.01)]))
    holed = old.difference(box(0.004, 0.004, 0.005, 0.005))
    for other in (bent, box(0, 0, 0.01, 0.02), holed, shapely.union(old, box(0.02, 0, 0.03, 0.01))):
        assert noding.inserted(old, other) is None
    corner_lost = lattice.to_lattice(Polygon([(0, 0), (0.01, 0), (0.01, 0.01)]))
    assert noding.inserted(old, corner_lost) is None


def test_neighbours_on_both_sides_get_the_vertex_and_tile_again() -> None:
    left, right = box(0, 0, 0.01, 0.01), box(0.01, 0, 0.02, 0.01)
    noded = lattice.to_lattice(Polygon([(0, 0), (0.01, 0), (0.01, 0.0033333), (0.01, 0.01), (0, 0.01)]))
    vertices = noding.inserted(left, noded)
    assert vertices
    frame = shapely.coverage_union_all([left, right])
    assert not proof.prove({"1": noded, "2": right}, frame).holds
    far = box(0.05, 0, 0.06, 0.01)
    found = noding.carriers({"2": right, "3": far}, vertices)
    assert set(found) == {"2"}, "only who carries the segment changes"
    assert proof.prove({"1": noded, "2": found["2"]}, frame).holds
    assert shapely.get_num_coordinates(found["2"]) == shapely.get_num_coordinates(right) + 1


def test_a_ring_around_a_hole_gets_it_too() -> None:
    inner = box(0.004, 0.004, 0.006, 0.006)
    around = shapely.multipolygons([box(0, 0, 0.01, 0.01).difference(inner)])
    noded = lattice.to_lattice(
        Polygon([(0.004, 0.004), (0.005, 0.004), (0.006, 0.004), (0.006, 0.006), (0.004, 0.006)])
    )
    vertices = noding.inserted(inner, noded)
    assert vertices
    refit = noding.insert_into(around, vertices)
    assert proof.prove({"1": noded, "2": refit}, box(0, 0, 0.01, 0.01)).holds
    assert noding.insert_into(around, {}) is around
