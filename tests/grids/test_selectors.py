"""Which grid holds a point, who serves it, and what the map shows."""

import json
from datetime import timedelta

import pytest
from django.contrib.gis.geos import Point
from django.db import connection
from django.test.utils import CaptureQueriesContext

from grids import lattice, plans, selectors
from grids.duties import Duty
from grids.levels import UnitKind
from grids.models import Boundary, DistrictProfile
from tests.cast import GRIDS, SIDE, SOUTH, WEST, Cast
from tests.tiling import squares


def test_a_point_inside_finds_its_grid_and_version(cast: Cast) -> None:
    hit = selectors.grid_at(cast.point(cast.third_grid), at=cast.now)
    boundary = Boundary.objects.get(unit=cast.third_grid, valid__contains=cast.now)
    assert hit == selectors.GridHit(cast.third_grid.pk, boundary.pk, "inside", 0.0)


def test_a_point_on_a_border_goes_to_the_preferred_grid_else_the_lowest_code(cast: Cast) -> None:
    border = cast.border_point()
    tie = selectors.grid_at(border, at=cast.now)
    assert tie is not None
    assert (tie.unit_code, tie.located_by) == (cast.grid.pk, "tie")
    own = selectors.grid_at(border, at=cast.now, prefer=cast.second_grid.pk)
    assert own is not None
    assert own.unit_code == cast.second_grid.pk
    other = selectors.grid_at(border, at=cast.now, prefer=cast.other_grid.pk)
    assert other is not None
    assert other.unit_code == cast.grid.pk, "a grid that does not touch the point has no claim"


def test_a_corner_of_the_district_belongs_to_its_grid(cast: Cast) -> None:
    hit = selectors.grid_at((WEST, SOUTH), at=cast.now)
    assert hit is not None
    assert (hit.unit_code, hit.located_by) == (cast.grid.pk, "inside")


@pytest.mark.parametrize(("metres", "found"), [(5, True), (150, True), (198, True), (210, False), (5000, False)])
def test_a_point_outside_finds_the_nearest_grid_within_200_metres(cast: Cast, metres: int, found: bool) -> None:
    east, _north = lattice.metres_per_degree(SOUTH)
    hit = selectors.grid_at(Point(WEST - metres / east, SOUTH + SIDE / 2, srid=4490), at=cast.now)
    if not found:
        assert hit is None
        return
    assert hit is not None
    assert (hit.unit_code, hit.located_by) == (cast.grid.pk, "nearest")
    assert hit.distance_m == pytest.approx(metres, abs=0.5)


@pytest.mark.parametrize("point", [(1000.0, 29.0), (103.0, float("nan")), (float("inf"), 29.0), (0.0, 0.0)])
def test_nonsense_is_nowhere(cast: Cast, point: tuple[float, float]) -> None:
    assert selectors.grid_at(point) is None


def test_the_past_is_looked_up_in_the_boundaries_of_its_day(cast: Cast) -> None:
    shapes = squares([cast.grid.pk, cast.second_grid.pk], west=WEST, south=SOUTH, side=SIDE)
    shapes[cast.grid.pk], shapes[cast.second_grid.pk] = shapes[cast.second_grid.pk], shapes[cast.grid.pk]
    frame = plans.outline_of(cast.village.pk, cast.now)
    assert frame is not None
    plan = plans.draft(scope=cast.village, title="Swap", now=cast.now, grids=shapes, frame=frame)
    swap = cast.now + timedelta(days=2)
    plans.publish(plan=plan, at=swap, now=cast.now)

    def owner(at: object) -> str:
        hit = selectors.grid_at(cast.point(cast.grid), at=at)  # type: ignore[arg-type]
        assert hit is not None
        return hit.unit_code

    assert owner(cast.now) == cast.grid.pk
    assert owner(swap - timedelta(microseconds=1)) == cast.grid.pk
    assert owner(swap) == cast.second_grid.pk
    assert selectors.grid_at(cast.point(cast.grid), at=cast.since - timedelta(days=1)) is None


def test_without_a_moment_the_present_counts(cast: Cast) -> None:
    hit = selectors.grid_at(cast.point(cast.grid))
    assert hit is not None
    assert hit.unit_code == cast.grid.pk


def test_finding_a_grid_is_one_statement(cast: Cast) -> None:
    with CaptureQueriesContext(connection) as queries:
        selectors.grid_at(cast.point(cast.grid), at=cast.now)
    assert len(queries) == 1


def test_the_map_gets_features_with_seven_decimals(cast: Cast) -> None:
    text = selectors.boundaries_geojson(cast.town.pk, [UnitKind.GRID], at=cast.now)
    features = json.loads(text)["features"]
    assert [feature["id"] for feature in features] == GRIDS[:4]
    first = features[0]
    assert first["properties"] == {
        "code": cast.grid.pk,
        "name": cast.grid.name,
        "kind": "grid",
        "grid_kind": "comprehensive",
        "parent": cast.village.pk,
        "synthetic": True,
        "vacant": False,
    }
    assert first["geometry"]["type"] == "Polygon"
    assert [WEST, SOUTH] in first["geometry"]["coordinates"][0]


def test_an_officer_whose_account_is_closed_leaves_the_grid_vacant(cast: Cast) -> None:
    assert selectors.primary_officer(cast.grid.pk, cast.now) == cast.officer
    assert cast.grid not in selectors.vacancies([cast.town.pk], cast.now)
    cast.officer.is_active = False
    cast.officer.save()
    assert selectors.primary_officer(cast.grid.pk, cast.now) is None
    assert selectors.primary_officers([cast.grid.pk], cast.now) == {}
    assert list(selectors.vacancies([cast.village.pk], cast.now)) == [cast.grid]
    text = selectors.boundaries_geojson(cast.village.pk, [UnitKind.GRID], at=cast.now)
    assert [each["properties"]["vacant"] for each in json.loads(text)["features"]] == [True, False]


def test_the_map_is_cut_to_scope_kinds_and_view(cast: Cast) -> None:
    def codes(*given: object, **options: object) -> list[str]:
        text = selectors.boundaries_geojson(*given, at=cast.now, **options)  # type: ignore[arg-type]
        return [feature["id"] for feature in json.loads(text)["features"]]

    assert codes([""], [UnitKind.DISTRICT, UnitKind.TOWN]) == ["511111", "511111100", "511111101"]
    assert codes([cast.village.pk, cast.other_town.pk], [UnitKind.VILLAGE]) == ["511111100001", "511111101001"]
    assert codes([], [UnitKind.GRID]) == []
    view = (WEST - 1, SOUTH, WEST + SIDE / 2, SOUTH + SIDE)
    assert codes(cast.district.pk, [UnitKind.GRID], bbox=view) == [cast.grid.pk]


def test_people_are_found_by_unit_and_duty(cast: Cast) -> None:
    assert {post.person for post in selectors.people_of(cast.grid.pk, cast.now)} == {
        cast.officer,
        cast.assistant,
        cast.supervisor,
    }
    checkers = selectors.people_with_duty(cast.district.pk, [Duty.CHECKER, Duty.HEAD], cast.now)
    assert checkers == [cast.district_checker, cast.other_district_checker, cast.district_head]
    assert selectors.units_served(cast.officer, at=cast.now) == {cast.grid.pk}
    assert selectors.units_served(cast.supervisor, at=cast.now) == set()
    assert [post.unit for post in selectors.posts_of(cast.officer, cast.now)] == [cast.grid]


def test_the_tree_is_read_by_code(cast: Cast) -> None:
    assert selectors.unit("511111D01") == cast.department
    assert list(selectors.children(cast.town.pk)) == [cast.village, cast.sibling_village, cast.office]
    assert selectors.subtree(cast.village.pk).count() == 3


def test_the_districts_own_profile_wins(cast: Cast) -> None:
    assert selectors.profile_for("511111").officers_per_grid == 1
    DistrictProfile.objects.create(district=None, town_dispatch=False)
    assert not selectors.profile_for("511111").town_dispatch
    DistrictProfile.objects.create(district=cast.district, officers_per_grid=3)
    assert selectors.profile_for("511111").town_dispatch
    assert selectors.profile_for("430302").officers_per_grid == 1
