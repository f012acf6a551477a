"""Ground is divided into balanced, connected grids that tile it exactly, whatever the ground is like."""

import random
from functools import lru_cache

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Polygon, box
from shapely.geometry.base import BaseGeometry

from grids import lattice, partition, proof
from grids.demo import street
from grids.partition import Division, Dwellings, Ground, Line, Wishes, rebuilding

NOBODY = Dwellings(np.empty((0, 2)), np.empty(0, dtype=np.int64), ())
SQUARE = lattice.to_lattice(box(103.0, 29.0, 103.02, 29.02))


def _houses(area: BaseGeometry, count: int, *, seed: int = 1, most: int = 20) -> Dwellings:
    dice = np.random.default_rng(seed)
    west, south, east, north = area.bounds
    spots = dice.uniform((west, south), (east, north), (count * 3, 2))
    spots = spots[shapely.contains_xy(area, spots[:, 0], spots[:, 1])][:count]
    return Dwellings(spots, dice.integers(1, most + 1, len(spots)), ("",) * len(spots))


def _tiles(division: Division, ground: Ground) -> None:
    """Each region is tiled by its own areas, the whole by all of them, on the lattice, but for rounding."""
    shapes = {str(number): area.shape for number, area in enumerate(division.areas)}
    assert proof.prove(shapes, division.frame).holds
    for code, region in ground.regions.items():
        own = shapely.union_all([area.shape for area in division.areas if area.region == code])
        rim = shapely.length(shapely.boundary(region))
        assert shapely.area(shapely.symmetric_difference(own, region)) <= rim * 2 / lattice.SCALE, code


@lru_cache
def _quarter() -> street.Quarter:
    return street.draw(seed=1, households=114_100)


@lru_cache
def _blocks() -> Division:
    return partition.divide(_quarter().ground, Wishes(target=350), seed=1)


def test_yh_1_eight_streets_of_114100_households_become_326_blocks_of_about_350() -> None:
    found = _blocks()
    assert len(_quarter().ground.regions) == 8
    assert len(found.areas) == 326
    assert sum(area.households for area in found.areas) == 114_100
    outside = [area.households for area in found.areas if not 280 <= area.households <= 420]
    assert found.figures["outside_tolerance"] == len(outside) == 0
    even = [area.households for area in found.areas if 315 <= area.households <= 385]
    assert len(even) / 326 >= 0.97


def test_every_block_is_one_piece_in_one_street_and_all_of_them_tile_the_quarter() -> None:
    _tiles(_blocks(), _quarter().ground)
    assert {area.shape.geom_type for area in _blocks().areas} == {"Polygon"}


def test_most_borders_run_on_roads_and_lanes() -> None:
    assert _blocks().figures["on_lines"] > 0.6
    assert _blocks().figures["compactness"] > 0.4


def test_the_made_up_quarter_is_the_one_that_was_measured() -> None:
    quarter = street.draw(seed=1)
    dwellings = quarter.ground.dwellings
    assert (len(quarter.compounds), len(dwellings), int(dwellings.households.sum())) == (640, 3_887, 119_964)
    assert dwellings.households.min() >= 2
    assert dwellings.households.max() <= 118


@settings(max_examples=6, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    buildings=st.integers(170, 420),
    target=st.integers(120, 700),
    follow=st.sampled_from(["less", "usual", "more"]),
)
def test_any_ground_is_tiled_by_connected_grids_that_respect_villages_and_repeat_with_the_seed(
    seed: int, buildings: int, target: int, follow: str
) -> None:
    ground = street.draw(seed=seed, streets=(2, 1), buildings=buildings, households=buildings * 30).ground
    wishes = Wishes(target=target, follow=follow)
    first = partition.divide(ground, wishes, seed=seed)
    _tiles(first, ground)
    assert all(area.shape.geom_type == "Polygon" for area in first.areas)
    assert sum(area.households for area in first.areas) == buildings * 30
    again = partition.divide(ground, wishes, seed=seed)
    assert [shapely.to_wkb(area.shape) for area in again.areas] == [shapely.to_wkb(area.shape) for area in first.areas]


def test_another_seed_finds_other_borders() -> None:
    ground = street.draw(seed=1, streets=(1, 1), buildings=486, households=15_000).ground
    one, other = (partition.divide(ground, Wishes(target=350), seed=seed) for seed in (1, 2))
    assert {shapely.to_wkb(area.shape) for area in one.areas} != {shapely.to_wkb(area.shape) for area in other.areas}


@settings(max_examples=8, deadline=None)
@given(heights=st.lists(st.floats(29.003, 29.017), min_size=3, max_size=6), seed=st.integers(0, 1000))
def test_a_barrier_is_never_crossed(heights: list[float], seed: int) -> None:
    xs = np.linspace(102.99, 103.03, len(heights))
    river = LineString(list(zip(xs.tolist(), heights, strict=True)))
    ground = Ground({"a": SQUARE}, _houses(SQUARE, 220, seed=seed), (Line("river", river, is_barrier=True),))
    found = partition.divide(ground, Wishes(target=350), seed=seed)
    _tiles(found, ground)
    for area in found.areas:
        # Inside of a grid there is no river, but for what was rounded at its bank.
        inner = shapely.buffer(area.shape, -3 / lattice.SCALE)
        assert shapely.length(shapely.intersection(inner, river)) == 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_barrier_that_ends_inside_is_walked_around_at_its_end_only(seed: int) -> None:
    river = LineString([(103.01, 28.99), (103.01, 29.015)])
    ground = Ground({"a": SQUARE}, _houses(SQUARE, 300, seed=seed), (Line("river", river, is_barrier=True),))
    found = partition.divide(ground, Wishes(target=350), seed=seed)
    _tiles(found, ground)
    inner = shapely.buffer([area.shape for area in found.areas], -3 / lattice.SCALE)
    passed = shapely.length(shapely.intersection(inner, LineString([(103.01, 29.0), (103.01, 29.013)])))
    assert not passed.any(), "up to the last house before its end nobody reaches across"
    assert len(found.areas) > 5


def test_without_dwellings_a_village_is_divided_by_area_and_says_so() -> None:
    found = partition.divide(Ground({"a": SQUARE}, NOBODY), Wishes(target=350, counts={"a": 5}), seed=1)
    sizes = [lattice.square_metres(area.shape) for area in found.areas]
    assert len(sizes) == 5
    assert max(sizes) < 1.3 * min(sizes)
    assert found.figures["by_area"] == ["a"]
    assert found.figures["within_10"] is None


def test_a_village_that_no_number_of_grids_fits_is_named() -> None:
    found = partition.divide(Ground({"a": SQUARE}, _houses(SQUARE, 52)), Wishes(target=400), seed=1)
    assert found.figures["uneven"] == ["a"]


def test_the_parts_of_a_village_that_touch_nowhere_may_share_a_grid() -> None:
    near, far = box(103.0, 29.0, 103.01, 29.01), box(103.02, 29.0, 103.022, 29.002)
    village = lattice.to_lattice(MultiPolygon([near, far]))
    ground = Ground({"a": village}, _houses(village, 200))
    found = partition.divide(ground, Wishes(target=350), seed=1)
    _tiles(found, ground)
    assert sum(area.shape.geom_type == "MultiPolygon" for area in found.areas) <= 1


def test_a_village_around_another_one_keeps_its_hole() -> None:
    inner = box(103.008, 29.008, 103.012, 29.012)
    outer = lattice.to_lattice(Polygon(SQUARE.exterior, [inner.exterior]))
    ground = Ground({"a": outer, "b": lattice.to_lattice(inner)}, _houses(outer, 400))
    _tiles(partition.divide(ground, Wishes(target=350, counts={"b": 2}), seed=1), ground)


@pytest.mark.parametrize(
    "spots",
    [
        [[103.01, 29.01]] * 300,
        [[103.001 + 0.00006 * number, 29.01] for number in range(300)],
        [[103.01, 29.01], [103.0100001, 29.0100001]],
        [[103.0, 29.0], [103.02, 29.02]],
    ],
    ids=["one spot", "one row", "two at one step", "on the corners"],
)
def test_dwellings_may_stand_anyhow(spots: list[list[float]]) -> None:
    dwellings = Dwellings(np.array(spots), np.full(len(spots), 5), ("",) * len(spots))
    ground = Ground({"a": SQUARE}, dwellings)
    found = partition.divide(ground, Wishes(target=100), seed=1)
    _tiles(found, ground)
    assert sum(area.households for area in found.areas) == 5 * len(spots)


def test_a_number_of_grids_asked_for_is_shared_out_over_the_villages() -> None:
    ground = street.draw(seed=3, streets=(2, 1), buildings=300, households=9_000).ground
    found = partition.divide(ground, Wishes(target=350, grids=19), seed=1)
    assert len(found.areas) == 19


def test_a_region_that_stays_single_is_not_divided() -> None:
    ground = street.draw(seed=3, streets=(2, 1), buildings=300, households=9_000).ground
    found = partition.divide(ground, Wishes(target=350, single=frozenset({"1"})), seed=1)
    assert [area.region for area in found.areas].count("1") == 1
    assert found.figures["outside_tolerance"] == 0


def test_thousands_of_lone_houses_are_taken_together() -> None:
    ground = Ground({"a": SQUARE}, _houses(SQUARE, 7_000, most=3))
    found = partition.divide(ground, Wishes(target=600), seed=1)
    _tiles(found, ground)
    assert found.figures["within_10"] >= 0.97


def test_a_region_is_rebuilt_where_the_areas_of_a_draft_do_not_fit() -> None:
    dice = random.Random(4)
    step = 0.02 / 4
    squares = {
        f"{x}{y}": box(103 + x * step, 29 + y * step, 103 + (x + 1) * step, 29 + (y + 1) * step)
        for x in range(4)
        for y in range(4)
    }
    shrunk = {code: shape.buffer(-0.0002) if dice.random() < 0.4 else shape for code, shape in squares.items()}
    areas = {
        village: [lattice.to_lattice(shape) for code, shape in shrunk.items() if (code[0] < "2") == (village == "w")]
        for village in ("w", "e")
    }
    found = rebuilding.regions(areas, SQUARE)
    assert proof.prove(found, shapely.coverage_union_all(list(found.values()))).holds
    assert shapely.area(shapely.symmetric_difference(shapely.union_all(list(found.values())), SQUARE)) < 1e-8
