"""A corner is everybody's who has it: it moves, comes and goes for all of them at once."""

import numpy as np
import pytest
import shapely
from shapely.geometry import Polygon

from grids import coverage, lattice
from grids.coverage import Edited, EditRefused
from tests.grids.coverage import ground
from tests.grids.coverage.test_cuts import box, place


def _three() -> tuple[dict[int, Polygon], Polygon]:
    """Two areas of 100 by 100 metres over a third; one corner of their common borders lies inside."""
    middle, west, east = place(100, 100), place(0, 100), place(200, 100)
    low = lattice.to_lattice(Polygon([place(0, 0), place(200, 0), east, middle, west]))
    shapes = {1: box(0, 100, 100, 200), 2: box(100, 100, 200, 200), 3: low}
    return shapes, coverage.outline(shapes)


def _code(edit, **arguments) -> str:
    shapes, frame = _three()
    with pytest.raises(EditRefused) as refused:
        edit(shapes, frame, **arguments)
    return refused.value.code


def test_a_corner_of_three_moves_for_all_three() -> None:
    shapes, frame = _three()
    edited = coverage.move_vertex(shapes, frame, at=place(100, 100), to=place(110, 120))
    assert edited.areas.keys() == {1, 2, 3}
    assert all(place(110, 120) in area.exterior.coords for area in edited.areas.values())
    assert edited.frame is None
    assert ground.holds(edited.applied_to(shapes), frame)


@pytest.mark.parametrize("corner", [(0, 0), (0, 100), (100, 200)])
def test_a_corner_on_the_frame_stays(corner: tuple[float, float]) -> None:
    at = place(*corner)
    assert _code(coverage.move_vertex, at=at, to=place(corner[0] + 5, corner[1] + 5)) == "frame_fixed"
    assert _code(coverage.remove_vertex, at=at) == "frame_fixed"


def test_a_corner_may_not_be_dragged_over_a_border() -> None:
    assert _code(coverage.move_vertex, at=place(100, 100), to=place(100, 250)) == "crosses"
    assert _code(coverage.move_vertex, at=place(100, 100), to=place(100, -10)) == "crosses"
    assert _code(coverage.move_vertex, at=place(100, 100), to=place(0, 100)) == "crosses"


def test_an_area_may_not_be_turned_over() -> None:
    corners = [place(40, 40), place(60, 40), place(50, 60)]
    inner = lattice.to_lattice(Polygon(corners))
    shapes = {1: ground.cut_out(box(0, 0, 100, 100), inner), 2: inner}
    with pytest.raises(EditRefused) as refused:
        coverage.move_vertex(shapes, coverage.outline(shapes), at=corners[2], to=place(50, 20))
    assert refused.value.code == "crosses"
    with pytest.raises(EditRefused) as refused:
        coverage.move_vertex(shapes, coverage.outline(shapes), at=corners[2], to=place(50, 40.3))
    assert refused.value.code == "too_small"


def test_a_corner_that_is_not_there_is_told() -> None:
    assert _code(coverage.move_vertex, at=place(77, 77), to=place(78, 78)) == "no_vertex"
    assert _code(coverage.remove_vertex, at=place(77, 77)) == "no_vertex"
    assert _code(coverage.move_vertex, at=place(100, 100), to=place(100, 100)) == "nothing"


def test_a_corner_dragged_out_of_a_common_border_is_everybodys() -> None:
    shapes, frame = _three()
    segment = (place(100, 100), place(0, 100))
    edited = coverage.insert_vertex(shapes, frame, segment=segment, at=place(50, 90))
    assert edited.areas.keys() == {1, 3}
    assert all(place(50, 90) in area.exterior.coords for area in edited.areas.values())
    assert ground.holds(edited.applied_to(shapes), frame)
    back = coverage.remove_vertex(edited.applied_to(shapes), frame, at=place(50, 90))
    assert all(shapely.equals(back.areas[key], shapes[key]) for key in (1, 3))


def test_a_corner_on_the_frame_must_lie_on_its_line() -> None:
    shapes, frame = _three()
    segment = (place(0, 0), place(200, 0))
    edited = coverage.insert_vertex(shapes, frame, segment=segment, at=place(50, 0))
    assert edited.areas.keys() == {3}
    assert edited.frame is not None
    assert ground.holds(edited.applied_to(shapes), edited.frame)
    assert _code(coverage.insert_vertex, segment=segment, at=place(50, 3)) == "frame_fixed"


def test_a_corner_is_not_put_where_there_is_one_or_no_border() -> None:
    assert _code(coverage.insert_vertex, segment=(place(0, 100), place(100, 100)), at=place(0, 100)) == "nothing"
    assert _code(coverage.insert_vertex, segment=(place(0, 100), place(200, 100)), at=place(50, 99)) == "no_segment"
    across = {"segment": (place(100, 100), place(0, 100)), "at": place(50, 210)}
    assert _code(coverage.insert_vertex, **across) == "crosses"


def test_a_corner_where_three_borders_meet_stays() -> None:
    assert _code(coverage.remove_vertex, at=place(100, 100)) == "junction"


def test_a_ring_keeps_three_corners() -> None:
    inner = lattice.to_lattice(Polygon([place(40, 40), place(60, 40), place(50, 60)]))
    shapes = {1: ground.cut_out(box(0, 0, 100, 100), inner), 2: inner}
    with pytest.raises(EditRefused) as refused:
        coverage.remove_vertex(shapes, coverage.outline(shapes), at=place(50, 60))
    assert refused.value.code == "too_small"


def test_beside_a_pocket_a_border_may_close_in_but_neither_open_nor_reach_over() -> None:
    shapes = {1: box(0, 0, 100, 100), 2: box(150, 0, 250, 100)}
    frame = box(0, 0, 250, 100)
    shapes[1] = coverage.insert_into(shapes[1], {(place(100, 0), place(100, 100)): [place(100, 50)]})
    edited = coverage.move_vertex(shapes, frame, at=place(100, 50), to=place(120, 50))
    assert edited.areas.keys() == {1}
    for to, code in ((place(170, 50), "crosses"), (place(80, 50), "leaves_ground")):
        with pytest.raises(EditRefused) as refused:
            coverage.move_vertex(shapes, frame, at=place(100, 50), to=to)
        assert refused.value.code == code


def test_every_inner_corner_of_a_real_town_moves_a_metre_for_all_who_have_it() -> None:
    shapes, frame = ground.luodong()
    corners = np.unique(shapely.get_coordinates(list(shapes.values())), axis=0)
    fixed = {tuple(corner) for corner in shapely.get_coordinates(frame).tolist()}
    moved: list[Edited] = []
    for at in (tuple(corner) for corner in corners.tolist() if tuple(corner) not in fixed):
        try:
            edited = coverage.move_vertex(shapes, frame, at=at, to=(at[0] + 1e-5, at[1] - 4e-6))
        except EditRefused as refused:
            assert refused.code in ("crosses", "too_small")
            continue
        assert edited.areas.keys() == {key for key, shape in shapes.items() if at in shape.exterior.coords}
        assert ground.holds(edited.applied_to(shapes), frame)
        moved.append(edited)
    assert len(moved) > 50
