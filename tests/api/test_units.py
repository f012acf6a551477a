"""Units for programs: the list, one of them as its page shows it, its outline, the grid of a position."""

import json

import pytest

from grids.datums import from_cgcs2000
from grids.models import Person, Unit
from tests.api.conftest import Now, Program
from tests.api.test_problems import is_problem


def codes(program: Program, query: str = "") -> list[str]:
    answer = program.get(f"units/?{query}")
    assert answer.status_code == 200, answer.content
    return [row["code"] for row in answer.json()["results"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 14),
        ("kind=grid", 5),
        ("kind=grid&kind=village", 8),
        ("level=district", 3),
        ("level=town", 3),
        ("level=town&kind=office", 1),
        ("under=511111100001", 3),
        ("under=511111100", 8),
        ("parent=511111", 4),
        ("parent=511111100001&kind=grid", 2),
        ("q=南陵", 3),
        ("q=5111111000020", 2),
        ("under=999999", 0),
    ],
)
def test_units_are_listed_by_what_is_asked(today: Now, query: str, found: int) -> None:
    assert len(codes(Program(today.cast.district_clerk), query)) == found


def test_sight_is_the_subtree(today: Now) -> None:
    cast = today.cast
    assert codes(Program(cast.village_clerk)) == [cast.village.pk, cast.grid.pk, cast.second_grid.pk]
    assert codes(Program(cast.stranger)) == []
    for code in (cast.sibling_village.pk, cast.district.pk, "999999", "511111100009"):
        for below in ("", "boundary/"):
            assert Program(cast.village_clerk).get(f"units/{code}/{below}").status_code == 404


def test_retired_units_are_listed_when_asked_for(today: Now) -> None:
    Unit.objects.filter(pk=today.cast.office.pk).update(retired_at=today.now)
    clerk = Program(today.cast.district_clerk)
    assert today.cast.office.pk not in codes(clerk)
    assert today.cast.office.pk in codes(clerk, "retired=true")


def test_one_unit_tells_what_its_page_tells(today: Now) -> None:
    cast = today.cast
    Person.objects.filter(pk=cast.officer.pk).update(phone="13800000001")
    Unit.objects.filter(pk=cast.grid.pk).update(duty_phone="0833-1", duty_contact=cast.officer)
    told = Program(cast.village_clerk).get(f"units/{cast.grid.pk}/").json()
    assert [(above["code"], above["in_sight"]) for above in told["above"]] == [
        (cast.district.pk, False),
        (cast.town.pk, False),
        (cast.village.pk, True),
    ]
    assert (told["duty_phone"], told["duty_contact"]) == ("0833-1", cast.officer.full_name)
    officer = next(post for post in told["posts"] if post["is_primary"])
    assert (officer["name"], officer["phone"]) == (cast.officer.full_name, "13800000001")
    above = Program(cast.village_clerk).get(f"units/{cast.village.pk}/").json()
    below = Program(cast.village_clerk).get(above["links"]["children"]).json()["results"]
    assert [row["code"] for row in below] == [cast.grid.pk, cast.second_grid.pk]
    assert "phone" not in json.dumps(below)


def test_an_outline_is_geojson_in_cgcs2000(today: Now) -> None:
    answer = Program(today.cast.village_clerk).get(f"units/{today.cast.grid.pk}/boundary/")
    assert answer.headers["Content-Type"] == "application/geo+json"
    (feature,) = json.loads(answer.content)["features"]
    assert feature["id"] == today.cast.grid.pk
    assert feature["geometry"]["type"] == "Polygon"


@pytest.mark.parametrize("datum", ["cgcs2000", "wgs84", "gcj02", "bd09"])
def test_the_grid_of_a_position_is_found_in_every_datum(today: Now, datum: str) -> None:
    point = today.cast.point(today.cast.third_grid)
    ((lon, lat),) = from_cgcs2000([[point.x, point.y]], datum)
    told = Program(today.cast.officer).get(f"units/at/?lon={lon}&lat={lat}&datum={datum}").json()
    assert told["unit"]["code"] == today.cast.third_grid.pk
    assert (told["located_by"], told["in_sight"]) == ("inside", False)


def test_where_no_grid_is_there_is_nothing(today: Now) -> None:
    officer = Program(today.cast.officer)
    assert officer.get("units/at/?lon=0&lat=0").status_code == 404
    point = today.cast.point(today.cast.grid)
    at = f"units/at/?lon={point.x}&lat={point.y}"
    assert officer.get(at).json()["in_sight"] is True
    assert Program(today.cast.stranger).get(at).status_code == 404


@pytest.mark.parametrize(
    "query", ["", "lon=1", "lon=nan&lat=1", "lon=1e400&lat=1", "lon=181&lat=1", "lon=1&lat=1&datum=mars", "lon=x&lat=y"]
)
def test_odd_positions_are_refused(today: Now, query: str) -> None:
    is_problem(Program(today.cast.officer).get(f"units/at/?{query}"), 400, "invalid")


def test_pages_of_units_follow_their_codes(today: Now) -> None:
    clerk, seen, address = Program(today.cast.district_clerk), [], "units/?page_size=4"
    while address:
        page = clerk.get(address).json()
        seen += [row["code"] for row in page["results"]]
        address = page["next"]
    assert seen == codes(clerk) == sorted(seen)
