"""The one map: outlines, marks, the card of a unit, and who may look at what."""

import gzip
import json
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from grids import outlines, posts
from grids.models import Person, Post
from tests.cast import UNITS, Cast
from tests.incidents.story import Story

BOUNDARIES = "grids:boundaries"


@pytest.fixture
def get(client: Client):
    def as_(person: Person, name: str, *args, headers=None, **query):
        client.force_login(person)
        return client.get(reverse(name, args=args), query, headers=headers)

    return as_


def drawn(answer) -> dict[str, dict]:
    return {feature["properties"]["code"]: feature for feature in json.loads(answer.content)["features"]}


def test_the_map_names_where_it_begins_and_says_that_outlines_are_synthetic(cast: Cast, get) -> None:
    page = get(cast.village_clerk, "grids:map")
    assert page.status_code == 200 and cast.village.name in page.content.decode()
    features = drawn(get(cast.village_clerk, BOUNDARIES))
    assert set(features) == {code for code in UNITS if "D" not in code}
    assert all(feature["properties"]["synthetic"] for feature in features.values())


def test_outlines_are_narrowed_by_scope_kind_box_and_neighbourhood(cast: Cast, get) -> None:
    def codes(**query: str) -> set[str]:
        return set(drawn(get(cast.observer, BOUNDARIES, **query)))

    assert codes(scope=cast.village.pk) == {cast.village.pk, cast.grid.pk, cast.second_grid.pk}
    assert codes(scope=cast.town.pk, kinds="village") == {cast.village.pk, cast.sibling_village.pk}
    west = cast.point(cast.grid)
    assert codes(bbox=f"{west.x - 0.001},{west.y - 0.001},{west.x + 0.001},{west.y + 0.001}", kinds="grid") == {
        cast.grid.pk
    }
    assert codes(around=cast.grid.pk) == {cast.village.pk, cast.grid.pk, cast.second_grid.pk}
    # A box that makes no sense narrows nothing, and is no error.
    for nonsense in ("a,b", "nan,0,nan,0", "-inf,-inf,inf,inf", "5,5,4,4", "1,2,3"):
        assert codes(bbox=nonsense) == codes()


def test_shared_borders_carry_the_same_points_on_both_sides(cast: Cast, get) -> None:
    features = drawn(get(cast.observer, BOUNDARIES))

    def corners(code: str) -> set[tuple[float, float]]:
        geometry = features[code]["geometry"]
        rings = geometry["coordinates"] if geometry["type"] == "Polygon" else geometry["coordinates"][0]
        return {(x, y) for x, y in rings[0]}

    assert len(corners(cast.grid.pk) & corners(cast.second_grid.pk)) == 2


def test_unchanged_outlines_are_not_sent_again_until_something_is_drawn_differently(cast: Cast, get) -> None:
    first = get(cast.observer, BOUNDARIES)
    assert first["Cache-Control"] == "no-cache, private" or "private" in first["Cache-Control"]
    again = get(cast.observer, BOUNDARIES, headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    packed = get(cast.observer, BOUNDARIES, headers={"accept-encoding": "gzip"})
    assert packed["Content-Encoding"] == "gzip" and gzip.decompress(packed.content) == first.content
    weak = get(cast.observer, BOUNDARIES, headers={"accept-encoding": "gzip", "if-none-match": packed["ETag"]})
    assert weak.status_code == 304
    posts.relieve(post=Post.objects.get(unit=cast.grid, is_primary=True), at=cast.now)
    changed = get(cast.observer, BOUNDARIES, headers={"if-none-match": first["ETag"]})
    assert changed.status_code == 200
    assert drawn(changed)[cast.grid.pk]["properties"]["vacant"] is True


def test_the_fingerprint_follows_names(cast: Cast) -> None:
    wanted = outlines.Wanted(scopes=(cast.district.pk,))
    before = wanted.fingerprint(cast.now)
    assert wanted.fingerprint(cast.now + timedelta(hours=1)) == before
    cast.grid.name = "新名称网格"
    cast.grid.save()
    assert wanted.fingerprint(cast.now) != before


def test_a_stranger_finds_no_map_and_nobody_looks_into_another_district(cast: Cast, get) -> None:
    for name in ("grids:map", BOUNDARIES):
        assert get(cast.stranger, name).status_code == 404
    assert get(cast.observer, BOUNDARIES, scope="500151").status_code == 404
    assert get(cast.observer, BOUNDARIES, around="500151001").status_code == 404


def test_a_department_sees_the_outlines_of_the_district_it_serves(cast: Cast, get) -> None:
    assert cast.other_grid.pk in drawn(get(cast.handler, BOUNDARIES))
    assert get(cast.handler, "grids:map").status_code == 200


def test_the_card_tells_who_answers_for_a_grid_and_whom_to_call(cast: Cast, get) -> None:
    text = get(cast.town_clerk, "grids:unit_card", cast.grid.pk).content.decode()
    assert cast.officer.full_name in text
    assert reverse("incidents:at_unit", args=[cast.grid.pk]) in text


def test_the_card_of_a_unit_out_of_sight_says_its_name_and_nothing_else(cast: Cast, get) -> None:
    text = get(cast.village_clerk, "grids:unit_card", cast.other_grid.pk).content.decode()
    assert cast.other_grid.name in text and cast.other_officer.full_name not in text
    assert get(cast.stranger, "grids:unit_card", cast.grid.pk).status_code == 404
    assert get(cast.observer, "grids:unit_card", "500151001").status_code == 404


def test_marks_show_the_incidents_in_sight_by_their_light(story: Story, get) -> None:
    cast = story.cast
    story.now = timezone.now() - timedelta(days=20)
    late = story.report(text="井盖缺失")
    story.now = timezone.now()
    fresh = story.report(grid=cast.third_grid)
    marks = {
        feature["properties"]["number"]: feature
        for feature in json.loads(get(cast.observer, "incidents:marks").content)["features"]
    }
    assert marks[late.number]["properties"]["light"] == "red"
    assert marks[fresh.number]["properties"]["light"] == "unlit"
    assert marks[late.number]["geometry"]["coordinates"] == pytest.approx(
        [cast.point(cast.grid).x, cast.point(cast.grid).y]
    )
    seen = json.loads(get(cast.sibling_clerk, "incidents:marks").content)["features"]
    assert [feature["properties"]["number"] for feature in seen] == [fresh.number]
    assert json.loads(get(cast.stranger, "incidents:marks").content)["features"] == []


def test_marks_are_narrowed_by_a_box_and_by_the_filters_of_the_lists(story: Story, get) -> None:
    cast = story.cast
    story.now = timezone.now()
    here = story.report()
    story.report(grid=cast.other_grid)
    point = cast.point(cast.grid)
    box = f"{point.x - 0.001},{point.y - 0.001},{point.x + 0.001},{point.y + 0.001}"

    def numbers(**query: str) -> list[str]:
        features = json.loads(get(cast.observer, "incidents:marks", **query).content)["features"]
        return [feature["properties"]["number"] for feature in features]

    assert numbers(bbox=box) == numbers(under=cast.town.pk) == [here.number]
    assert numbers(light="red") == []


def test_unchanged_marks_answer_304(story: Story, get) -> None:
    story.now = timezone.now()
    story.report()
    first = get(story.cast.observer, "incidents:marks")
    again = get(story.cast.observer, "incidents:marks", headers={"if-none-match": first["ETag"]})
    assert again.status_code == 304
    story.report()
    assert get(story.cast.observer, "incidents:marks", headers={"if-none-match": first["ETag"]}).status_code == 200


def test_too_many_marks_come_as_clusters_that_lose_nothing(story: Story, get, monkeypatch) -> None:
    cast = story.cast
    monkeypatch.setattr("incidents.views.marks.MOST_MARKS", 3)
    story.now = timezone.now() - timedelta(days=20)
    story.report()
    story.now = timezone.now()
    for grid in (cast.grid, cast.grid, cast.other_grid):
        story.report(grid=grid)
    answer = json.loads(get(cast.observer, "incidents:marks").content)
    clusters = [feature["properties"] for feature in answer["features"]]
    assert answer["clustered"] is True
    assert sorted(cluster["count"] for cluster in clusters) == [1, 3]
    assert sum(cluster["red"] for cluster in clusters) == 1
    assert all(cluster["red"] + cluster["yellow"] + cluster["unlit"] == cluster["count"] for cluster in clusters)
    # Near enough, they are single marks again.
    point = cast.point(cast.other_grid)
    box = f"{point.x - 0.001},{point.y - 0.001},{point.x + 0.001},{point.y + 0.001}"
    near = json.loads(get(cast.observer, "incidents:marks", bbox=box).content)
    assert near["clustered"] is False and len(near["features"]) == 1


def test_what_is_open_at_a_unit_is_counted_by_light_and_linked(story: Story, get) -> None:
    cast = story.cast
    story.now = timezone.now()
    story.report()
    context = get(cast.observer, "incidents:at_unit", cast.village.pk).context
    assert context["total"] == 1 and [light["name"] for light in context["lights"]] == ["unlit"]
    assert f"under={cast.village.pk}" in context["all_url"]
    assert get(cast.observer, "incidents:at_unit", cast.department.pk).context["total"] == 0
