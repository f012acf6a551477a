"""Corners are put into borders on all sides alike."""

import itertools

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Polygon

from grids import coverage
from grids.coverage import noding

ORDINATES = st.integers(-40, 40)
POINTS = st.tuples(ORDINATES, ORDINATES)


def test_corners_go_into_a_segment_whichever_way_round_it_runs() -> None:
    square = Polygon([(0, 0), (4, 0), (4, 4), (0, 4)])
    chain = {((0.0, 0.0), (4.0, 0.0)): [(1.0, 0.0), (3.0, 0.0)]}
    assert list(coverage.insert_into(square, chain).exterior.coords)[:4] == [(0, 0), (1, 0), (3, 0), (4, 0)]
    turned = coverage.insert_into(shapely.reverse(square), chain)
    assert (3, 0) in turned.exterior.coords
    assert list(turned.exterior.coords).index((3, 0)) < list(turned.exterior.coords).index((1, 0))
    assert turned.equals(square)


def test_holes_and_all_parts_get_corners_and_others_are_left_as_they_are() -> None:
    ring = Polygon([(0, 0), (9, 0), (9, 9), (0, 9)], [[(3, 3), (3, 6), (6, 6), (6, 3)]])
    both = MultiPolygon([ring, Polygon([(20, 0), (24, 0), (24, 4)])])
    chain = {((3.0, 6.0), (3.0, 3.0)): [(3.0, 5.0)], ((24.0, 0.0), (20.0, 0.0)): [(22.0, 0.0)]}
    grown = coverage.insert_into(both, chain)
    assert shapely.get_num_coordinates(grown) == shapely.get_num_coordinates(both) + 2
    assert isinstance(grown, MultiPolygon)
    other = Polygon([(50, 50), (60, 50), (60, 60)])
    assert coverage.insert_into(other, chain) is other
    assert coverage.insert_into(other, {}) is other


@settings(max_examples=150, deadline=None, derandomize=True)
@given(lines=st.lists(st.lists(POINTS, min_size=2, max_size=5), min_size=1, max_size=5))
def test_drawn_lines_meet_in_corners_only_and_stay_within_half_a_step(lines: list[list[tuple[int, int]]]) -> None:
    drawn = noding.draw(lines, np.empty((0, 2), dtype=np.int64), np.empty((0, 2), dtype=np.int64))
    segments = [LineString(pair) for pair in sorted(drawn)]
    for one, other in itertools.combinations(segments, 2):
        if one.intersects(other):
            met = one.intersection(other)
            assert met.geom_type == "Point"
            assert {(met.x, met.y)} <= set(one.coords) & set(other.coords)
    originals = shapely.union_all([LineString(line) for line in lines if len(set(line)) > 1])
    for segment in segments:
        assert originals.distance(shapely.Point(segment.coords[0])) <= 0.7072


@settings(max_examples=100, deadline=None, derandomize=True)
@given(pairs=st.lists(st.tuples(POINTS, POINTS), min_size=1, max_size=6), points=st.lists(POINTS, max_size=12))
def test_a_segment_is_led_through_points_the_same_way_from_both_ends(pairs, points) -> None:
    begins = np.array([p for p, _q in pairs], dtype=np.int64)
    ends = np.array([q for _p, q in pairs], dtype=np.int64)
    hot = np.array(points, dtype=np.int64).reshape(-1, 2)
    assert noding.led_through(begins, ends, hot) == noding.led_through(ends, begins, hot)
    for (begin, end), chain in noding.led_through(begins, ends, hot).items():
        for x, y in chain:
            assert LineString([begin, end]).intersects(shapely.box(x - 0.5, y - 0.5, x + 0.5, y + 0.5))
