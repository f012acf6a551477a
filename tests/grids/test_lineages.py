"""Which code an area bears: half of the households keep it, new ones go from west to east and from north to south."""

import numpy as np
import pytest

from grids import lineages
from grids.lineages import Wanted
from tests.tiling import box

VILLAGE = "511111100001"
NOWHERE = np.empty((0, 3))


def grid(number: int, village: str = VILLAGE) -> str:
    return f"{village}{number:03d}"


def dwellings(*rows: tuple[float, float, int]) -> np.ndarray:
    return np.array(rows, dtype=np.float64)


def test_shares_are_of_the_ground_where_no_household_is_known() -> None:
    before = {grid(1): box(0, 0, 0.01, 0.01), grid(2): box(0.01, 0, 0.02, 0.01)}
    after = {7: box(0, 0, 0.0025, 0.01), 8: box(0.0025, 0, 0.02, 0.01)}
    found = {(share.old, share.key): round(share.weight, 3) for share in lineages.shares(before, after, NOWHERE)}
    assert found == {(grid(1), 7): 0.25, (grid(1), 8): 0.75, (grid(2), 8): 1.0}
    assert all(share.homes is None for share in lineages.shares(before, after, NOWHERE))


def test_shares_are_of_the_households_where_they_are_known() -> None:
    before = {grid(1): box(0, 0, 0.01, 0.01), grid(2): box(0.01, 0, 0.02, 0.01)}
    after = {7: box(0, 0, 0.0025, 0.01), 8: box(0.0025, 0, 0.02, 0.01)}
    points = dwellings((0.001, 0.005, 60), (0.005, 0.005, 40), (0.05, 0.05, 9))
    found = {(share.old, share.key): share for share in lineages.shares(before, after, points)}
    assert (found[grid(1), 7].homes, found[grid(1), 7].households) == (0.6, 60)
    assert found[grid(1), 8].weight == 0.4
    # The second grid has no dwelling: its ground counts.
    assert (found[grid(2), 8].homes, found[grid(2), 8].weight) == (None, 1.0)


@pytest.mark.parametrize(("households", "is_kept"), [(49, False), (50, True), (51, True)])
def test_a_grid_keeps_its_code_with_half_of_its_households(households: int, is_kept: bool) -> None:
    before = {grid(4): box(0, 0, 0.01, 0.01)}
    after = {1: box(0, 0, 0.002, 0.01), 2: box(0.002, 0, 0.01, 0.01)}
    points = dwellings((0.001, 0.005, households), (0.005, 0.005, 100 - households))
    areas = [Wanted(1, grid(4), VILLAGE, after[1]), Wanted(2, None, VILLAGE, after[2])]
    codes = lineages.codes(areas, lineages.shares(before, after, points), {VILLAGE: 9})
    assert codes == ({1: grid(4), 2: grid(10)} if is_kept else {1: grid(10), 2: grid(11)})


def test_new_codes_follow_the_highest_ever_from_west_to_east_and_from_north_to_south() -> None:
    other = "511111100002"
    places = {1: (0.02, 0.0), 2: (0.0, 0.0), 3: (0.0, 0.01), 4: (0.01, 0.0)}
    areas = [Wanted(key, None, VILLAGE, box(x, y, x + 0.01, y + 0.01)) for key, (x, y) in places.items()]
    areas.append(Wanted(5, None, other, box(0.03, 0, 0.04, 0.01)))
    codes = lineages.codes(areas, [], {VILLAGE: 3, other: 0})
    assert codes == {3: grid(4), 2: grid(5), 4: grid(6), 1: grid(7), 5: grid(1, other)}
    assert lineages.codes(areas[:1], [], {VILLAGE: 999}) == {1: ""}, "no number is left, and none is given twice"


def test_who_lives_on_a_border_stays_with_the_ground_of_the_grid_and_all_shares_make_one() -> None:
    """The area beside it has the lower number, and nothing of the grid."""
    before = {grid(1): box(0, 0, 0.01, 0.01), grid(2): box(0.01, 0, 0.02, 0.01)}
    points = dwellings((0.005, 0.005, 30), (0.01, 0.005, 70), (0.015, 0.005, 10))
    for west in ({7: box(0, 0, 0.01, 0.01)}, {7: box(0, 0, 0.004, 0.01), 8: box(0.004, 0, 0.01, 0.01)}):
        after = {3: box(0.01, 0, 0.015, 0.01), 4: box(0.015, 0, 0.02, 0.01), **west}
        found = lineages.shares(before, after, points)
        assert {share.key for share in found if share.old == grid(1)} == west.keys()
        for old in before:
            assert sum(share.homes or 0 for share in found if share.old == old) == pytest.approx(1)
            assert sum(share.ground for share in found if share.old == old) == pytest.approx(1)


def test_what_lies_exactly_under_something_else_is_numbered_after_it() -> None:
    """Their middles are reckoned a hair apart."""
    west, south, high = 103.1343642, 29.8474337, 0.0032956
    areas = [
        Wanted(key, None, VILLAGE, box(west, south + high * key, west + 0.007874, south + high * (key + 1)))
        for key in range(1, 5)
    ]
    assert list(lineages.codes(areas, [], {})) == [4, 3, 2, 1]


def test_a_grid_that_comes_to_another_village_gets_a_code_there() -> None:
    shape, other = box(0, 0, 0.01, 0.01), "511111100002"
    given = lineages.shares({grid(1): shape}, {1: shape}, NOWHERE)
    assert lineages.codes([Wanted(1, grid(1), other, shape)], given, {other: 2}) == {1: grid(3, other)}


def test_the_heir_is_who_got_most() -> None:
    before = {grid(1): box(0, 0, 0.01, 0.01)}
    after = {5: box(0, 0, 0.004, 0.01), 6: box(0.004, 0, 0.01, 0.01)}
    assert lineages.heirs(lineages.shares(before, after, NOWHERE)) == {grid(1): 6}
    points = dwellings((0.001, 0.005, 60), (0.005, 0.005, 40))
    assert lineages.heirs(lineages.shares(before, after, points)) == {grid(1): 5}
