"""Ground changes hands: pockets, carved pieces, painted cells, whole neighbours."""

import numpy as np
import pytest
import shapely
from shapely.geometry import MultiPolygon, Polygon

from grids import coverage
from grids.coverage import EditRefused
from tests.grids.coverage import ground
from tests.grids.coverage.test_cuts import box, place


def _row(count: int = 3) -> tuple[dict[int, Polygon], Polygon]:
    """Areas of 100 by 100 metres in a row."""
    shapes = {number + 1: box(100 * number, 0, 100 * number + 100, 100) for number in range(count)}
    return shapes, coverage.outline(shapes)


def test_a_carved_piece_goes_from_all_who_have_it_to_a_new_area() -> None:
    shapes, frame = _row()
    piece = box(80, 20, 220, 80)
    edited = coverage.give(shapes, frame, piece=piece, to=9, is_new=True)
    assert edited.areas.keys() == {1, 2, 3, 9}
    assert shapely.get_num_geometries(edited.areas[2]) == 2
    assert shapely.equals(edited.areas[9], piece)
    assert ground.holds(edited.applied_to(shapes), edited.frame or frame)


def test_a_piece_drawn_beyond_the_frame_ends_at_the_frame() -> None:
    shapes, frame = _row()
    edited = coverage.give(shapes, frame, piece=box(50, -40, 150, 60), to=3)
    assert edited.frame is not None
    assert shapely.get_num_geometries(edited.areas[3]) == 2
    assert ground.holds(edited.applied_to(shapes), edited.frame)
    with pytest.raises(EditRefused) as refused:
        coverage.give(shapes, frame, piece=box(50, -40, 150, -10), to=3)
    assert refused.value.code == "nothing"


def test_an_area_that_keeps_nothing_is_removed() -> None:
    shapes, frame = _row()
    edited = coverage.give(shapes, frame, piece=box(90, -5, 210, 105), to=1)
    assert edited.removed == {2}
    assert edited.areas.keys() == {1, 3}
    assert ground.holds(edited.applied_to(shapes), edited.frame or frame)


def test_a_drawn_piece_takes_over_near_borders_so_that_no_splinters_are_left() -> None:
    shapes, frame = _row()
    edited = coverage.give(shapes, frame, piece=box(100.3, 0.2, 150, 99.8), to=1)
    assert edited.areas.keys() == {1, 2}
    assert all(shapely.get_num_geometries(area) == 1 for area in edited.areas.values())
    assert ground.holds(edited.applied_to(shapes), edited.frame or frame)


def test_leavings_narrower_than_a_metre_go_along() -> None:
    shapes, frame = _row()
    edited = coverage.give(shapes, frame, piece=box(100.8, -5, 150, 105), to=1)
    assert shapely.get_num_geometries(edited.areas[2]) == 1
    assert ground.holds(edited.applied_to(shapes), edited.frame or frame)


def test_a_pocket_thinner_than_the_snap_is_taken_exactly() -> None:
    shapes, frame = _row(2)
    shapes[2] = box(100.2, 0, 200, 100)
    pocket = coverage.pockets(shapes, frame)[0]
    assert pocket.area_m2 == pytest.approx(20, abs=1)
    assert [key for key, _metres in pocket.neighbours] == [1, 2]
    assert pocket.neighbours[0][1] == pytest.approx(100, abs=0.1)
    edited = coverage.give(shapes, frame, piece=pocket.shape, to=1)
    assert edited.areas.keys() == {1}
    assert ground.holds(edited.applied_to(shapes), edited.frame or frame)


def test_ground_that_one_has_already_or_a_piece_that_crosses_itself_is_refused() -> None:
    shapes, frame = _row()
    with pytest.raises(EditRefused) as refused:
        coverage.give(shapes, frame, piece=box(20, 20, 40, 40), to=1)
    assert refused.value.code == "nothing"
    bow = Polygon([place(20, 20), place(80, 80), place(80, 20), place(20, 80)])
    with pytest.raises(EditRefused) as refused:
        coverage.give(shapes, frame, piece=bow, to=2)
    assert refused.value.code == "crosses"
    with pytest.raises(EditRefused) as refused:
        coverage.give(shapes, frame, piece=box(20, 20, 40, 40), to=77)
    assert refused.value.code == "no_area"


def test_painted_cells_of_a_grid_of_cells_make_whole_areas() -> None:
    """Cells of 25 metres, painted one by one: borders follow, exactly."""
    shapes, frame = _row()
    dice = np.random.default_rng(25)
    for _stroke in range(40):
        column, line = dice.integers(12), dice.integers(4)
        piece = box(column * 25, line * 25, column * 25 + 25, line * 25 + 25)
        try:
            edited = coverage.give(shapes, frame, piece=piece, to=int(dice.choice(list(shapes))))
        except EditRefused as refused:
            assert refused.code == "nothing"
            continue
        shapes, frame = edited.applied_to(shapes), edited.frame or frame
        assert ground.holds(shapes, frame)
    east_west = {float(x) for x, _y in shapely.get_coordinates(list(shapes.values()))}
    assert east_west <= {place(25 * column, 0)[0] for column in range(13)}, "no cell's border has moved"


def test_neighbours_merge_into_one_of_them() -> None:
    shapes, frame = _row()
    edited = coverage.merge(shapes, frame, keys=[1, 2, 3], into=2)
    assert edited.removed == {1, 3}
    assert shapely.equals(edited.areas[2], frame)
    assert ground.holds(edited.applied_to(shapes), frame)


def test_areas_that_touch_in_a_point_only_or_not_at_all_do_not_merge() -> None:
    shapes = {1: box(0, 0, 100, 100), 2: box(100, 100, 200, 200), 3: box(100, 0, 200, 100), 4: box(0, 100, 100, 200)}
    frame = coverage.outline(shapes)
    with pytest.raises(EditRefused) as refused:
        coverage.merge(shapes, frame, keys=[1, 2], into=1)
    assert refused.value.code == "not_neighbours"
    row, outline = _row()
    with pytest.raises(EditRefused) as refused:
        coverage.merge(row, outline, keys=[1, 3], into=1)
    assert refused.value.code == "not_neighbours"
    with pytest.raises(EditRefused) as refused:
        coverage.merge(row, outline, keys=[1], into=1)
    assert refused.value.code == "nothing"


def test_an_enclave_merges_with_its_host_and_the_hole_is_gone() -> None:
    inner = box(40, 40, 60, 60)
    host = ground.cut_out(box(0, 0, 100, 100), inner)
    edited = coverage.merge({1: host, 2: inner}, box(0, 0, 100, 100), keys=[1, 2], into=1)
    assert len(edited.areas[1].interiors) == 0


def test_neighbours_that_lack_each_others_corners_or_overlap_merge_cleanly() -> None:
    left, right = box(0, 0, 100, 100), box(99, 0, 200, 100)
    edited = coverage.merge({1: left, 2: right}, box(0, 0, 200, 100), keys=[1, 2], into=1)
    assert edited.areas[1].equals(box(0, 0, 200, 100))
    right = coverage.insert_into(box(100, 0, 200, 100), {(place(100, 100), place(100, 0)): [place(100, 40)]})
    edited = coverage.merge({1: left, 2: right}, box(0, 0, 200, 100), keys=[1, 2], into=7)
    assert edited.areas.keys() == {7}
    assert edited.removed == {1, 2}
    assert edited.areas[7].equals(box(0, 0, 200, 100))


def test_an_area_in_two_parts_stays_so_and_is_told() -> None:
    shapes, frame = _row()
    edited = coverage.give(shapes, frame, piece=box(240, 40, 260, 60), to=1)
    assert isinstance(edited.areas[1], MultiPolygon)
    assert [fault.kind for fault in coverage.faults(edited.applied_to(shapes), frame)] == ["parts"]


def test_a_whole_area_given_away_takes_along_what_its_outline_is_caught_by() -> None:
    """Beside its border lies a strip a foot wide: the outline is led through the strip's corner, which is paid for."""
    west, middle, east, south, north, tip = 104.0, 104.001, 104.002, 30.0, 30.001, (104.001003, 30.0005)
    area = shapely.Polygon([(west, south), (middle, south), (middle, north), (west, north)])
    strip = shapely.Polygon([(middle, south), tip, (middle, north)])
    rest = shapely.Polygon([(middle, south), (east, south), (east, north), (middle, north), tip])
    shapes = {1: area, 2: strip, 3: rest}
    frame = coverage.outline(shapes)
    edited = coverage.give(shapes, frame, piece=area, to=4, is_new=True)
    assert ground.holds(edited.applied_to(shapes), edited.frame or frame)
