"""Two methods that share nothing prove a coverage, and they agree on every fault."""

import numpy as np
import pytest
import shapely
from shapely.geometry import Polygon

from grids import coverage, lattice
from grids.coverage import proofs
from tests.grids.coverage import ground, test_faults


@pytest.mark.parametrize("place", ground.PLACES)
def test_real_coverages_are_proven_by_both(place: str) -> None:
    proof = coverage.prove_twice(*ground.PLACES[place]())
    assert proof.methods == {"signed-edges/1": True, "geos-coverage-and-squares/1": True}
    assert proof.holds


@pytest.mark.parametrize("kind", test_faults.INJECTIONS)
@pytest.mark.parametrize("place", ["luodong", "yilan"])
def test_both_methods_agree_on_every_kind_of_fault(kind: str, place: str) -> None:
    shapes, frame = ground.PLACES[place]()
    still_tiles = kind in ("enclave", "sliver")
    for key in test_faults.apart(shapes, frame, 3, np.random.default_rng(5)):
        faulty, known = test_faults.INJECTIONS[kind](shapes, frame, key)
        proof = coverage.prove_twice(faulty, frame)
        assert proof.agree
        assert proof.holds == (still_tiles or not known)
        if kind == "overlap":
            assert [frozenset(pair) for pair in proof.sharing] == [keys for (_kind, keys), _piece in known]
        if kind == "spill" and known:
            assert key in proof.beyond


def test_a_gap_and_an_overlap_of_the_same_size_are_seen_by_both() -> None:
    """A sum of areas alone would pass this."""
    west = lattice.to_lattice(shapely.box(103, 29, 103.01, 29.01))
    middle = lattice.to_lattice(shapely.box(103.009, 29, 103.019, 29.01))
    east = lattice.to_lattice(shapely.box(103.02, 29, 103.03, 29.01))
    proof = coverage.prove_twice({1: west, 2: middle, 3: east}, lattice.to_lattice(shapely.box(103, 29, 103.03, 29.01)))
    assert proof.squares == 0
    assert proof.sharing == ((1, 2),)
    assert proof.methods == {"signed-edges/1": False, "geos-coverage-and-squares/1": False}


def test_one_lattice_step_is_seen_by_both() -> None:
    shapes, frame = ground.luodong()
    key = 7
    moved = shapely.transform(shapes[key], lambda xy: xy + np.where(np.arange(len(xy)) == 2, 1e-7, 0)[:, None])
    proof = coverage.prove_twice({**shapes, key: lattice.to_lattice(moved)}, frame)
    assert not proof.by_segments.holds
    assert not proof.holds_by_areas


def test_a_corner_that_only_the_frame_lacks_is_seen_by_both() -> None:
    west = lattice.to_lattice(shapely.box(103, 29, 103.01, 29.01))
    area = lattice.to_lattice(Polygon([(103, 29), (103.005, 29), (103.01, 29), (103.01, 29.01), (103, 29.01)]))
    hollow = west.difference(lattice.to_lattice(shapely.box(103.002, 29.002, 103.004, 29.004)))
    hole = Polygon([(103.002, 29.002), (103.003, 29.002), (103.004, 29.002), (103.004, 29.004), (103.002, 29.004)])
    around = Polygon(west.exterior, [lattice.to_lattice(hole).exterior])
    for shape, frame in ((area, west), (west, area), (hollow, around)):
        proof = coverage.prove_twice({1: shape}, frame)
        assert set(proof.methods.values()) == {False}, shape
    assert coverage.prove_twice({1: hollow}, hollow).holds


def test_squares_are_whole_numbers_of_any_length() -> None:
    wide = np.array([Polygon([(10**9, 3 * 10**8), (10**9 + 10**7, 3 * 10**8), (10**9, 3 * 10**8 + 10**7)])])
    assert proofs.doubled_area(wide) == 10**14
    hole = shapely.box(10**9, 0, 10**9 + 10, 10)
    ring = Polygon(shapely.box(10**9 - 5, -5, 10**9 + 15, 15).exterior, [hole.exterior])
    assert proofs.doubled_area(np.array([ring])) == 2 * (400 - 100)
    assert proofs.doubled_area(np.array([ring, hole])) == 800
    assert proofs.doubled_area(np.array([], dtype=object)) == 0
