"""The cast itself holds together."""

import time

from grids import permissions, selectors
from grids.duties import Duty, Right
from tests.cast import Cast


def test_everybody_stands_where_the_cast_says(cast: Cast) -> None:
    assert selectors.primary_officer(cast.grid.pk, cast.now) == cast.officer
    assert permissions.acting_duty(cast.village_clerk, Right.HANDLE, cast.village, now=cast.now) is Duty.CLERK
    assert not permissions.allows(cast.village_clerk, Right.HANDLE, cast.town, now=cast.now)
    assert permissions.visible_prefixes(cast.town_clerk, now=cast.now) == [cast.town.pk]
    assert not selectors.vacancies([cast.district.pk], cast.now).exists()


def test_every_grid_holds_its_own_middle(cast: Cast) -> None:
    for grid in (cast.grid, cast.second_grid, cast.third_grid, cast.fourth_grid, cast.other_grid):
        hit = selectors.grid_at(cast.point(grid), at=cast.now)
        assert hit is not None
        assert (hit.unit_code, hit.located_by) == (grid.pk, "inside")


def test_the_cast_is_made_quickly(db: None) -> None:
    begin = time.perf_counter()
    Cast.make()
    assert time.perf_counter() - begin < 2, "far above the usual 0.1 s, to bear a busy machine"
