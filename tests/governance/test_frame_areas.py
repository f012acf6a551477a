"""What the frame offers to whom, and where "/" leads."""

import pytest
from django.test import Client, override_settings
from django.utils import translation

from governance import frame
from governance.landing import landing_url
from grids import posts
from grids.duties import Duty
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.governance.frame_urls")]


def frame_of(person, now, view_name=""):
    return frame.Frame(person=person, view_name=view_name, now=now)


def keys(items) -> list[str]:
    return [item.key for item in items]


def test_an_officer_has_the_field_bar_with_report_large(cast: Cast):
    made = frame_of(cast.officer, cast.now)
    assert made.in_field
    assert keys(made.bar) == ["mine", "report", "inbox"]
    assert [item.key for item in made.bar if item.main] == ["report"]
    assert keys(made.rail) == ["mine", "map", "units"]
    assert made.report_url


def test_a_clerk_has_the_desk_and_may_report(cast: Cast):
    made = frame_of(cast.town_clerk, cast.now)
    assert keys(made.rail) == ["todo", "incidents", "map", "units", "statistics"]
    assert keys(made.bar) == ["todo", "report", "incidents", "inbox"]
    assert made.unit_name == "沙湾镇"


def test_a_leader_sees_but_is_offered_nothing_to_do(cast: Cast):
    made = frame_of(cast.observer, cast.now)
    assert keys(made.rail) == ["incidents", "map", "units", "statistics"]
    assert made.report_url == ""
    assert "report" not in keys(made.bar)


@override_settings(ROOT_URLCONF="governance.urls")
def test_administration_is_for_administrators_and_auditors(cast: Cast):
    for person in (cast.administrator, cast.auditor):
        assert "administration" in keys(frame_of(person, cast.now).rail)
    for person in (cast.observer, cast.town_clerk, cast.district_head):
        assert "administration" not in keys(frame_of(person, cast.now).rail)


def test_duties_are_told_by_unit(cast: Cast):
    posts.appoint(unit=cast.town, person=cast.town_clerk, duty=Duty.CHECKER, since=cast.since, now=cast.now)
    with translation.override("en"):
        assert frame_of(cast.town_clerk, cast.now).duty_names == "沙湾镇 Checker, Clerk"


@pytest.mark.urls("governance.urls")
def test_the_style_guide_is_for_development_only(client: Client):
    assert client.get("/styleguide/").status_code == 404


def test_somebody_without_a_post_is_offered_nothing(cast: Cast):
    made = frame_of(cast.stranger, cast.now)
    assert made.rail == []
    assert landing_url(made) == ""


def test_an_ended_post_offers_nothing(cast: Cast):
    before = cast.since.replace(year=2025)
    assert frame_of(cast.town_clerk, before).rail == []


@override_settings(ROOT_URLCONF="django.conf.urls.i18n")
def test_an_area_that_is_not_built_does_not_appear(cast: Cast):
    assert frame_of(cast.town_clerk, cast.now).rail == []


def test_no_bar_is_longer_than_four(cast: Cast):
    for person in (cast.officer, cast.town_clerk, cast.handler, cast.supervisor, cast.district_head):
        assert len(frame_of(person, cast.now).bar) <= frame.BAR_LENGTH


def test_the_area_one_stands_in_is_marked_once(cast: Cast):
    made = frame_of(cast.town_clerk, cast.now, view_name="dispatch:todo")
    assert [item.key for item in made.rail if item.current] == ["todo"]


@pytest.mark.parametrize(
    ("who", "leads_to"),
    [
        ("officer", "/incidents/report/"),
        ("village_clerk", "/dispatch/desk/511111100001/"),
        ("district_dispatcher", "/dispatch/desk/511111/"),
        ("handler", "/dispatch/desk/511111D01/"),
        ("observer", "/frame/dashboard/"),
        ("supervisor", "/dispatch/todo/"),
        ("administrator", "/grids/unit/511111/"),
    ],
)
def test_the_first_page_is_by_duty(cast: Cast, client: Client, who, leads_to):
    client.force_login(getattr(cast, who))
    assert client.get("/").headers["Location"] == leads_to


def test_without_a_post_the_first_page_says_so(cast: Cast, client: Client):
    client.force_login(cast.stranger)
    assert client.get("/").status_code == 200


def test_a_page_costs_few_queries_for_its_frame(cast: Cast, client: Client, django_assert_max_num_queries):
    client.force_login(cast.town_clerk)
    with django_assert_max_num_queries(3):  # session, person, posts
        assert client.get("/grids/map/").status_code == 200


def test_counts_come_from_whoever_is_built(cast: Cast, client: Client, monkeypatch):
    monkeypatch.setattr(
        frame, "COUNTS", {"todo": "tests.governance.test_frame_areas.seven", "inbox": "dispatch.selectors.nothing"}
    )
    client.force_login(cast.town_clerk)
    answer = client.get("/frame/badges/")
    assert "[data-count='todo']" in answer.text
    assert ">7<" in answer.text
    assert "inbox" not in answer.text
    again = client.get("/frame/badges/", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def seven(*, person, now) -> int:
    return 7
