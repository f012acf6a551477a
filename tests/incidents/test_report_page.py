"""The report page: what a phone sends becomes one incident, and nothing typed is lost when it does not."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from incidents.models import Category, Incident, IncidentEvent, Photo, PhotoStage
from incidents.states import State
from tests.incidents.pages import SignIn, fields, picture
from tests.incidents.story import Story

JSON = {"accept": "application/json"}


def send(client: Client, given: dict[str, Any]) -> Any:
    return client.post("/report/", given, headers=JSON)


def test_a_report_reaches_the_village_and_shows_its_receipt(signed_in: SignIn, story: Story) -> None:
    client = signed_in(story.cast.officer)
    answer = send(client, fields(story, photos=[picture(), picture("b.jpg", (1, 2, 3))]))
    assert answer.status_code == 200, answer.content
    incident = Incident.objects.get()
    assert (incident.holder, incident.place, incident.source) == (story.cast.village, story.cast.grid, "officer")
    assert incident.accuracy_m == 12
    assert incident.raw_datum == "wgs84"
    assert answer.json() == {"url": f"/report/sent/{incident.number}/"}
    page = client.get(answer.json()["url"], headers={"accept-language": "en"})
    assert page.status_code == 200
    assert incident.number in page.content.decode()
    assert story.cast.village.label in page.content.decode()


def test_pictures_taken_at_hand_carry_the_position_of_the_phone(signed_in: SignIn, story: Story) -> None:
    send(signed_in(story.cast.officer), fields(story, photos=[picture()]))
    photo = Photo.objects.get()
    assert photo.stage == PhotoStage.BEFORE
    assert photo.added_by == story.cast.officer
    assert photo.event == IncidentEvent.objects.get(kind="report")
    assert photo.point is not None
    assert photo.point.distance(story.cast.point(story.cast.grid)) < 1e-6


def test_a_tap_on_the_map_says_nothing_about_where_pictures_were_taken(signed_in: SignIn, story: Story) -> None:
    send(signed_in(story.cast.officer), fields(story, by="tap", photos=[picture()]))
    assert Photo.objects.get().point is None
    assert Incident.objects.get().raw_datum == "cgcs2000"
    assert Incident.objects.get().accuracy_m is None


def test_pressing_twice_or_sending_again_makes_one_incident(signed_in: SignIn, story: Story) -> None:
    client = signed_in(story.cast.officer)
    first = send(client, fields(story, photos=[picture()]))
    again = send(client, fields(story, photos=[picture(), picture("b.jpg", (1, 2, 3))]))
    assert first.json() == again.json()
    assert Incident.objects.count() == 1
    assert Photo.objects.count() == 2, "what the first sending left out is made good, nothing is doubled"


def test_other_words_under_the_same_key_are_told_about(signed_in: SignIn, story: Story) -> None:
    client = signed_in(story.cast.officer)
    send(client, fields(story))
    again = send(client, fields(story, text="完全不同的话"))
    assert again.json()["url"].endswith("?differs=1")
    assert b"banner-warning" in client.get(again.json()["url"]).content


def test_a_closed_page_learns_that_its_report_arrived(signed_in: SignIn, story: Story) -> None:
    client = signed_in(story.cast.officer)
    assert client.get("/report/receipt/0123456789abcdef/").status_code == 404
    send(client, fields(story))
    answer = client.get("/report/receipt/0123456789abcdef/")
    assert answer.json()["number"] == Incident.objects.get().number
    assert signed_in(story.cast.second_officer).get("/report/receipt/0123456789abcdef/").status_code == 404


def test_words_or_a_category_must_say_what_it_is(signed_in: SignIn, story: Story) -> None:
    client = signed_in(story.cast.officer)
    answer = send(client, fields(story, text="  ", category=""))
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == ["text"]
    assert send(client, fields(story, text="")).status_code == 200
    assert Incident.objects.get().text == story.category.name  # type: ignore[union-attr]


def test_the_whole_list_serves_where_no_script_makes_tiles(signed_in: SignIn, story: Story) -> None:
    chosen = Category.objects.filter(parent__isnull=False).last()
    assert chosen is not None
    send(signed_in(story.cast.officer), fields(story, category="", other=chosen.pk))
    assert Incident.objects.get().category == chosen


def test_without_scripts_a_fault_brings_the_page_back_with_all_that_was_typed(signed_in: SignIn, story: Story) -> None:
    given = fields(story, lon="", lat="", text="路面塌陷，约两米宽", address="粮站对面", urgency="urgent")
    page = signed_in(story.cast.officer).post("/report/", given)
    assert page.status_code == 422
    html = page.content.decode()
    assert "路面塌陷，约两米宽" in html
    assert "粮站对面" in html
    assert 'value="urgent" checked' in html
    assert f'value="{given["category"]}" checked' in html
    assert 'name="key" value="0123456789abcdef"' in html
    assert not Incident.objects.exists()


def test_without_scripts_the_receipt_follows_by_redirect(signed_in: SignIn, story: Story) -> None:
    given = fields(story, lon="", lat="", by="", place=story.cast.grid.pk)
    answer = signed_in(story.cast.officer).post("/report/", given)
    assert answer.status_code == 302
    assert answer["location"] == f"/report/sent/{Incident.objects.get().number}/"
    assert Incident.objects.get().located_by == "named"


def test_settled_on_the_spot_is_closed_with_its_picture(signed_in: SignIn, story: Story) -> None:
    given = fields(story, settled="on", result="已清理", after=[picture()], photos=[picture("b.jpg", (9, 9, 9))])
    assert send(signed_in(story.cast.officer), given).status_code == 200
    incident = Incident.objects.get()
    assert (incident.state, incident.self_handled) == (State.CLOSED, True)
    assert sorted(Photo.objects.values_list("stage", flat=True)) == ["after", "before"]


def test_settled_needs_words_and_the_own_grid_and_says_so_at_the_field(signed_in: SignIn, story: Story) -> None:
    client = signed_in(story.cast.officer)
    assert list(send(client, fields(story, settled="on")).json()["errors"]) == ["result"]
    elsewhere = fields(story, story.cast.second_grid, settled="on", result="已清理", photos=[picture()])
    answer = send(client, elsewhere)
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == ["settled"]
    assert not Incident.objects.exists()
    assert not Photo.objects.exists()


def test_a_place_outside_of_all_grids_is_taken_by_the_village_that_is_named(signed_in: SignIn, story: Story) -> None:
    client = signed_in(story.cast.officer)
    far = {"lon": "103.2", "lat": "29.1"}
    answer = send(client, fields(story, **far))
    assert list(answer.json()["errors"]) == ["place"]
    assert send(client, fields(story, **far, place=story.cast.village.pk)).status_code == 200
    incident = Incident.objects.get()
    assert (incident.place, incident.holder) == (story.cast.village, story.cast.village)
    assert incident.raw_longitude == 103.2


def test_a_picture_that_is_none_is_refused_by_number_and_nothing_is_made(signed_in: SignIn, story: Story) -> None:
    bad = picture("b.jpg")
    bad.file.seek(0)
    bad.file.write(b"GIF89a")
    bad.file.seek(0)
    answer = send(signed_in(story.cast.officer), fields(story, photos=[picture(), bad]))
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == ["photos"]
    assert "2" in answer.json()["errors"]["photos"][0]
    assert not Incident.objects.exists()


def test_the_moment_of_the_phone_is_believed_within_reason(signed_in: SignIn, story: Story) -> None:
    client = signed_in(story.cast.officer)
    said = story.now - timedelta(hours=5)
    send(client, fields(story, key="aaaaaaaa1", occurred_at=said.isoformat()))
    assert IncidentEvent.objects.get().occurred_at == said
    for number, odd in enumerate(["2001-01-01T00:00:00Z", "not a time", "2026-99-99T00:00:00Z", "2026-03-04T10:00"]):
        send(client, fields(story, key=f"bbbbbbbb{number}", occurred_at=odd))
    assert IncidentEvent.objects.filter(occurred_at=story.now).count() == 4


@pytest.mark.parametrize("odd", ["nan", "inf", "x", "1e400", "200"])
def test_numbers_of_no_sense_count_as_not_said(signed_in: SignIn, story: Story, odd: str) -> None:
    answer = send(signed_in(story.cast.officer), fields(story, lon=odd, lat=odd, accuracy=odd))
    assert list(answer.json()["errors"]) == ["place"]


def test_a_clerk_reports_from_the_desk(signed_in: SignIn, story: Story) -> None:
    client = signed_in(story.cast.village_clerk)
    page = client.get("/report/")
    assert page.status_code == 200
    assert b"data-locate" not in page.content
    assert b"id_settled" not in page.content
    send(client, fields(story, by="tap"))
    assert Incident.objects.get().source == "clerk"


@pytest.mark.parametrize("name", ["handler", "district_head", "auditor", "supervisor", "stranger"])
def test_who_may_not_report_finds_no_page(signed_in: SignIn, story: Story, name: str) -> None:
    client = signed_in(getattr(story.cast, name))
    for path in ("/report/", "/report/place/", "/report/places/?q=a"):
        assert client.get(path).status_code == 403
    assert send(client, fields(story)).status_code == 403
    assert not Incident.objects.exists()


def test_the_place_is_told_at_once_with_who_gets_it_and_how_soon(signed_in: SignIn, story: Story) -> None:
    client = signed_in(story.cast.officer)
    client.cookies["django_language"] = "en"
    given = fields(story)
    words = client.get("/report/place/", given).content.decode()
    assert "沙湾镇 · 南陵社区 · 一网格" in words
    assert "4 working hours" in words
    assert "30 min" in client.get("/report/place/", given | {"urgency": "critical"}).content.decode()
    other = client.get("/report/place/", fields(story, story.cast.other_grid)).content.decode()
    assert "嘉农镇 · 农场村 · 一网格" in other
    assert "My grid" not in other


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"lon": "103.2", "lat": "29.1"}, "No grid holds this position"),
        ({"lon": "", "lat": ""}, "Where is it?"),
        ({"accuracy": "900"}, "900 m: press the right spot"),
        ({"lon": "103.5490000"}, "the nearest is"),
        ({"settled": "on"}, "settled by you"),
    ],
)
def test_the_place_card_says_what_is_odd(signed_in: SignIn, story: Story, given: dict[str, str], says: str) -> None:
    client = signed_in(story.cast.officer)
    client.cookies["django_language"] = "en"
    assert says in client.get("/report/place/", fields(story) | given).content.decode()


def test_on_a_border_the_officers_own_grid_wins(signed_in: SignIn, story: Story) -> None:
    border = story.cast.border_point()
    at = {"lon": f"{border.x:.7f}", "lat": f"{border.y:.7f}"}
    for officer, grid in ((story.cast.officer, "一网格"), (story.cast.second_officer, "二网格")):
        client = signed_in(officer)
        client.cookies["django_language"] = "en"
        words = client.get("/report/place/", fields(story) | at).content.decode()
        assert f"南陵社区 · {grid}" in words
        assert "On the border of two grids" in words


def test_places_are_found_by_name_in_the_own_district_only(signed_in: SignIn, story: Story) -> None:
    client = signed_in(story.cast.officer)
    found = client.get("/report/places/", {"q": "绥山"}).content.decode()
    assert f'data-place="{story.cast.sibling_village.pk}"' in found
    assert found.index(story.cast.sibling_village.pk) < found.index(story.cast.third_grid.pk), "villages first"
    assert "data-place" not in client.get("/report/places/", {"q": "没有这里"}).content.decode()
    assert "data-place" not in client.get("/report/places/", {"q": ""}).content.decode()


def test_the_tiles_are_what_the_officer_reports_most(signed_in: SignIn, story: Story) -> None:
    client = signed_in(story.cast.officer)
    rare = Category.objects.filter(parent__isnull=False).last()
    assert rare is not None
    before = client.get("/report/").content.decode()
    assert before.count('type="radio" name="category" value=') == 6
    assert f'name="category" value="{rare.pk}"' not in before
    for number in range(2):
        send(client, fields(story, key=f"cccccccc{number}", category=rare.pk))
    after = client.get("/report/").content.decode()
    assert after.count('type="radio" name="category" value=') == 6
    assert after.index(f'name="category" value="{rare.pk}"') == after.index('name="category" value="')


def test_the_outlines_for_the_map_are_kept_by_the_browser(signed_in: SignIn, story: Story) -> None:
    client = signed_in(story.cast.officer)
    first = client.get("/report/areas.geojson")
    assert {feature["id"] for feature in first.json()["features"]} >= {story.cast.grid.pk, story.cast.third_grid.pk}
    assert "private" in first["cache-control"]
    assert client.get("/report/areas.geojson", headers={"if-none-match": first["etag"]}).status_code == 304


def test_on_a_weak_network_the_page_travels_light(signed_in: SignIn, story: Story) -> None:
    client = signed_in(story.cast.officer)
    packed = client.get("/report/", headers={"accept-encoding": "gzip"})
    assert packed["content-encoding"] == "gzip"
    assert len(packed.content) < 15_000
    areas = client.get("/report/areas.geojson", headers={"accept-encoding": "gzip"})
    again = {"accept-encoding": "gzip", "if-none-match": areas["etag"]}
    assert client.get("/report/areas.geojson", headers=again).status_code == 304


def test_the_outlines_are_for_whoever_serves_a_place(signed_in: SignIn, story: Story) -> None:
    for name, status in (("supervisor", 200), ("district_head", 200), ("handler", 403), ("stranger", 403)):
        answer = signed_in(getattr(story.cast, name)).get("/report/areas.geojson")
        assert answer.status_code == status, name


def test_the_page_and_the_report_cost_few_queries(signed_in: SignIn, story: Story) -> None:
    client = signed_in(story.cast.officer)
    send(client, fields(story, key="the first of the process", photos=[picture()]))
    with CaptureQueriesContext(connection) as page:
        client.get("/report/")
    with CaptureQueriesContext(connection) as place:
        client.get("/report/place/", fields(story))
    with CaptureQueriesContext(connection) as sending:
        assert send(client, fields(story, photos=[picture()])).status_code == 200
    for context, ceiling in ((page, 9), (place, 12), (sending, 30)):
        assert len(context) <= ceiling, "\n".join(query["sql"][:160] for query in context)
