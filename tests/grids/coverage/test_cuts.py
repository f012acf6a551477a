"""A drawn line cuts an area, and everybody along the cut knows."""

import numpy as np
import pytest
import shapely
from shapely.geometry import MultiPolygon, Polygon

from grids import coverage, lattice, noding
from grids.coverage import EditRefused
from tests.grids.coverage import ground

EAST, NORTH = lattice.metres_per_degree(29.005)


def box(west: float, south: float, east: float, north: float) -> Polygon:
    """A box in metres east and north of a corner."""
    corners = [(west, south), (east, south), (east, north), (west, north)]
    return lattice.to_lattice(Polygon([place(*corner) for corner in corners]))


def place(east: float, north: float) -> tuple[float, float]:
    return round(103 + east / EAST, 7), round(29 + north / NORTH, 7)


def twins() -> tuple[dict[int, Polygon], Polygon]:
    """Two areas of 100 by 100 metres side by side."""
    shapes = {1: box(0, 0, 100, 100), 2: box(100, 0, 200, 100)}
    return shapes, coverage.outline(shapes)


def test_a_thousand_random_cuts_leave_no_fault() -> None:
    """A naive split leaves an edge fault in every hundredth; requirement: none in a thousand."""
    shapes, outline = ground.taipei()
    frame, dice = outline, np.random.default_rng(1000)
    done = tried = 0
    while done < 1000:
        tried += 1
        key = int(dice.choice(list(shapes)))
        west, south, east, north = shapes[key].bounds
        line = np.array([west, south]) + np.array([east - west, north - south]) * dice.uniform(-0.2, 1.2, (3, 2))
        try:
            edited = coverage.split(
                ground.near(shapes, shapes[key]), frame, key=key, line=line.tolist(), new_keys=max(shapes) + 1
            )
        except EditRefused as refused:
            assert refused.code in ("line_misses", "too_small")
            continue
        assert edited.removed == {key}
        assert len(edited.areas.keys() - shapes.keys()) >= 2
        shapes, frame = edited.applied_to(shapes), edited.frame or frame
        done += 1
        if done % 250 == 0:
            assert ground.holds(shapes, frame)
    assert {fault.kind for fault in coverage.faults(shapes, frame)} <= {"parts"}
    assert coverage.prove_twice(shapes, frame).holds
    # The frame only got corners on its own lines: those around it can take them over when this is published.
    assert noding.inserted(outline, frame)


def test_a_cut_puts_its_ends_into_the_neighbour_and_into_the_frame() -> None:
    shapes, frame = twins()
    edited = coverage.split(shapes, frame, key=1, line=[place(-20, 50), place(130, 50)], new_keys=10)
    assert edited.areas.keys() == {10, 11, 2}
    assert len(edited.areas[2].exterior.coords) == 6
    assert edited.frame is not None
    assert len(edited.frame.exterior.coords) == len(frame.exterior.coords) + 1
    assert ground.holds(edited.applied_to(shapes), edited.frame)


def test_a_cut_on_the_far_side_of_a_neighbour_leaves_it_alone() -> None:
    shapes, frame = twins()
    edited = coverage.split(shapes, frame, key=1, line=[place(50, -20), place(50, 120)])
    assert edited.areas.keys() == {3, 4}


def test_pieces_are_numbered_west_to_east() -> None:
    shapes, frame = twins()
    edited = coverage.split(shapes, frame, key=1, line=[place(30, -5), place(30, 105)], new_keys=7)
    assert edited.areas[7].centroid.x < edited.areas[8].centroid.x


def test_a_line_takes_over_corners_and_borders_nearer_than_half_a_metre() -> None:
    shapes, frame = twins()
    edited = coverage.split(shapes, frame, key=1, line=[place(0.3, 0.2), place(100.2, 99.7)])
    assert edited.frame is None
    assert all(len(piece.exterior.coords) == 4 for piece in edited.areas.values())
    assert 2 not in edited.areas


def test_a_line_that_stops_short_of_the_border_by_less_than_half_a_metre_reaches_it() -> None:
    shapes, frame = twins()
    edited = coverage.split(shapes, frame, key=1, line=[place(0.4, 50), place(99.6, 50)])
    assert ground.holds(edited.applied_to(shapes), edited.frame or frame)


@pytest.mark.parametrize(
    "line", [[(20, 50), (60, 50)], [(-50, 50), (60, 50)], [(-50, -50), (300, -50)], [(50, 50)], []]
)
def test_a_line_that_does_not_cut_is_refused_with_the_place(line: list[tuple[float, float]]) -> None:
    shapes, frame = twins()
    with pytest.raises(EditRefused) as refused:
        coverage.split(shapes, frame, key=1, line=[place(*corner) for corner in line])
    assert refused.value.code == "line_misses"
    if len(line) == 2 and line[1] == (60, 50):
        assert refused.value.at == place(60, 50)


def test_loose_ends_of_a_line_that_cuts_are_dropped() -> None:
    shapes, frame = twins()
    line = [(30, 70), (30, -10), (70, -10), (70, 110)]
    edited = coverage.split(shapes, frame, key=1, line=[place(*corner) for corner in line])
    assert edited.areas.keys() == {3, 4}
    assert place(30, 0) not in edited.areas[3].exterior.coords


def test_a_zigzag_cuts_into_many_pieces() -> None:
    shapes, frame = twins()
    line = [(20, -10), (40, 110), (60, -10), (80, 110)]
    edited = coverage.split(shapes, frame, key=1, line=[place(*corner) for corner in line])
    assert len(edited.areas) == 4
    assert ground.holds(edited.applied_to(shapes), edited.frame or frame)


def test_a_line_that_crosses_itself_cuts_out_its_loop() -> None:
    shapes, frame = twins()
    line = [(-10, 50), (60, 50), (60, 80), (40, 80), (40, 20), (110, 20)]
    edited = coverage.split(shapes, frame, key=1, line=[place(*corner) for corner in line])
    assert ground.holds(edited.applied_to(shapes), edited.frame or frame)
    assert len(edited.areas.keys() - {2}) == 3


def test_a_ring_drawn_inside_of_an_area_becomes_an_area() -> None:
    shapes, frame = twins()
    line = [(30, 30), (60, 30), (60, 60), (30, 60), (30, 30)]
    edited = coverage.split(shapes, frame, key=1, line=[place(*corner) for corner in line])
    assert sorted(len(piece.interiors) for piece in edited.areas.values()) == [0, 1]
    assert edited.frame is None


def test_a_line_through_a_hole_cuts_on_both_sides_of_it() -> None:
    inner = box(40, 40, 60, 60)
    shapes = {1: ground.cut_out(box(0, 0, 100, 100), inner), 2: inner}
    frame = coverage.outline(shapes)
    edited = coverage.split(shapes, frame, key=1, line=[place(-5, 50), place(105, 50)])
    assert edited.areas.keys() == {2, 3, 4}
    assert len(edited.areas[2].exterior.coords) == 7
    assert ground.holds(edited.applied_to(shapes), edited.frame or frame)
    with pytest.raises(EditRefused) as refused:
        coverage.split(shapes, frame, key=1, line=[place(-5, 50), place(50, 50)])
    assert refused.value.code == "line_misses"


def test_a_part_that_the_line_leaves_alone_stays_with_the_largest_piece() -> None:
    both = MultiPolygon([box(0, 0, 100, 100), box(300, 0, 320, 20)])
    shapes = {1: both, 2: box(100, 0, 300, 100)}
    frame = coverage.outline(shapes)
    edited = coverage.split(shapes, frame, key=1, line=[place(30, -5), place(30, 105)])
    pieces = sorted(edited.areas.values(), key=lambda piece: piece.area)
    assert [shapely.get_num_geometries(piece) for piece in pieces] == [1, 2]
    through_both = coverage.split(shapes, frame, key=1, line=[place(-5, 10), place(400, 10)])
    assert len(through_both.areas.keys() - {2}) == 4


def test_a_cut_that_leaves_a_strip_narrower_than_a_metre_is_refused_there() -> None:
    shapes, frame = twins()
    with pytest.raises(EditRefused) as refused:
        coverage.split(shapes, frame, key=1, line=[place(-5, 0.8), place(105, 0.8)])
    assert refused.value.code == "too_small"
    assert refused.value.at is not None
    assert refused.value.at[1] < place(0, 0.8)[1]


def test_long_stretches_get_a_corner_every_400_metres() -> None:
    shapes = {1: box(0, 0, 3000, 3000)}
    edited = coverage.split(shapes, shapes[1], key=1, line=[place(-100, 1500), place(3100, 1600)])
    border = coverage.arcs(edited.applied_to(shapes))
    line = next(arc.coords for arc in border if arc.right is not None)
    lengths = np.hypot(*(np.diff(line, axis=0) * (EAST, NORTH)).T)
    assert lengths.max() <= coverage.LONGEST_METRES + 1
    assert len(line) >= 8


def test_an_area_that_is_gone_or_invalid_is_not_cut() -> None:
    shapes, frame = twins()
    with pytest.raises(EditRefused) as refused:
        coverage.split(shapes, frame, key=5, line=[place(30, -5), place(30, 105)])
    assert refused.value.code == "no_area"
    bow = Polygon([place(0, 0), place(100, 100), place(100, 0), place(0, 100)])
    with pytest.raises(EditRefused) as refused:
        coverage.split({1: bow}, frame, key=1, line=[place(30, -5), place(30, 105)])
    assert refused.value.code == "invalid"


def test_what_is_drawn_far_beyond_the_ground_is_answered_at_once() -> None:
    """A line around half the earth cuts as its stretch over the ground does; one that never ends is refused."""
    shapes, frame = ground.luodong()
    key = next(iter(shapes))
    (x, y), _metres = ground.pole(shapes[key])
    short = coverage.split(shapes, frame, key=key, line=[(x - 1, y), (x + 1, y)])
    long = coverage.split(shapes, frame, key=key, line=[(x - 80, y), (x + 40, y)])
    assert ground.holds(long.applied_to(shapes), long.frame or frame)
    assert len(long.areas) == len(short.areas)
    with pytest.raises(EditRefused) as refused:
        coverage.split(shapes, frame, key=key, line=[(x + (-1) ** number, y) for number in range(5000)])
    assert refused.value.code == "too_long"
