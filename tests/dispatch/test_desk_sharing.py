"""What those at one desk share is drawn once, never shows another's rows, and dies with what changes it."""

from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from django.core.cache import caches
from django.test import Client
from django.urls import reverse

from dispatch.views import desk as desk_view
from grids import posts
from grids.duties import Duty
from grids.models import Person, Unit
from incidents.models import Clock
from incidents.states import Stage
from tests.cast import NOW
from tests.dispatch.play import Play
from tests.incidents.story import Story

DESKS = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "shared-desks"}


@pytest.fixture(autouse=True)
def shared(settings) -> None:
    settings.CACHES = settings.CACHES | {"desks": DESKS}
    caches["desks"].clear()


@pytest.fixture
def play(story: Story) -> Play:
    return Play(story.cast)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch):
    """Set the moment at which desks are looked at."""

    def go(moment: datetime) -> None:
        monkeypatch.setattr(desk_view, "timezone", SimpleNamespace(now=lambda: moment))

    go(NOW)
    return go


def look(client: Client, person: Person, unit: Unit, **query: str):
    client.force_login(person)
    return client.get(reverse("dispatch:desk", args=[unit.pk]), query)


def is_drawn(response) -> bool:
    """Whether it was drawn for this request."""
    return "lines" in response.context


def test_the_same_desk_is_drawn_once_until_something_happens(client: Client, play: Play, at) -> None:
    cast, first = play.cast, play.report()
    assert is_drawn(look(client, cast.village_clerk, cast.village))
    again = look(client, cast.village_clerk, cast.village)
    assert not is_drawn(again) and first.number in again.content.decode()
    # The rows a screen asks for by itself are the same ones.
    rows = look(client, cast.village_clerk, cast.village, rows="1")
    assert not is_drawn(rows) and first.number in rows.content.decode()
    second = play.report()
    fresh = look(client, cast.village_clerk, cast.village)
    assert is_drawn(fresh) and second.number in fresh.content.decode()
    assert fresh.context["drawn"].counts["accept"] == 2
    # Somebody else accepts: it is gone from this tab with the next look, and lies in the other.
    play.press(first, "accept", cast.village_clerk)
    fresh = look(client, cast.village_clerk, cast.village)
    assert f"row-{first.number}" not in fresh.content.decode()
    assert (fresh.context["drawn"].counts["accept"], fresh.context["drawn"].counts["hand"]) == (1, 1)


def test_another_desk_tab_light_page_language_or_right_is_drawn_for_itself(
    client: Client, play: Play, at, settings
) -> None:
    cast = play.cast
    here, elsewhere = play.report(), play.report(cast.third_officer, grid=cast.third_grid)
    assert look(client, cast.village_clerk, cast.village).context["drawn"].shown == 1
    for person, unit, query in (
        (cast.town_clerk, cast.sibling_village, {}),
        (cast.village_clerk, cast.village, {"tab": "hand"}),
        (cast.village_clerk, cast.village, {"light": "unlit"}),
        (cast.village_clerk, cast.village, {"after": "n0~t1~n1"}),
        (cast.observer, cast.village, {}),
    ):
        assert is_drawn(look(client, person, unit, **query)), (person, unit, query)
    # Who may only look finds no press, though the clerk's rows were drawn first; and the other way round.
    seen = look(client, cast.auditor, cast.village).content.decode()
    assert here.number in seen and elsewhere.number not in seen and 'name="pick"' not in seen
    assert 'name="pick"' in look(client, cast.village_clerk, cast.village).content.decode()
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    assert is_drawn(look(client, cast.village_clerk, cast.village))


def test_a_desk_out_of_sight_stays_404_though_others_drew_it(client: Client, play: Play, at) -> None:
    cast = play.cast
    play.report()
    assert look(client, cast.village_clerk, cast.village).status_code == 200
    assert look(client, cast.sibling_clerk, cast.village).status_code == 404


def test_what_is_narrowed_to_ones_own_and_requests_are_drawn_for_each(client: Client, play: Play, at) -> None:
    cast = play.cast
    posts.appoint(unit=cast.district, person=cast.district_clerk, duty=Duty.DUTY_CHIEF, since=cast.since)
    incident = play.press(play.at_district(), "ask_void", cast.district_clerk, note="误报")
    for query in ({"tab": "requests"}, {"mine": "1"}, {"q": "井盖"}, {"urgency": "urgent"}):
        for _time in range(2):
            assert is_drawn(look(client, cast.district_clerk, cast.district, **query)), query
    # Who asked does not decide, the other chief does.
    for person, may in ((cast.district_clerk, False), (cast.district_duty_chief, True)):
        text = look(client, person, cast.district, tab="requests").content.decode()
        assert incident.number in text and ("/grant/" in text) is may, person


def test_a_light_changes_at_its_second_and_time_left_within_the_minute(client: Client, play: Play, at) -> None:
    cast, incident = play.cast, play.report()
    start = NOW.replace(second=0, microsecond=0) + timedelta(minutes=5)
    clock = Clock.objects.get(incident=incident, stage=Stage.ACCEPT)
    Clock.objects.filter(pk=clock.pk).update(
        warn_at=start + timedelta(seconds=20), due_at=start + timedelta(seconds=40)
    )

    def light(second: int) -> str:
        at(start + timedelta(seconds=second))
        text = look(client, cast.village_clerk, cast.village).content.decode()
        row = text.split(f'id="row-{incident.number}"')[1].split("</li>")[0]
        return row.split('class="light light-')[1].split('"')[0]

    assert [light(second) for second in (0, 1, 19, 20, 39, 40, 41, 42)] == [
        "unlit", "unlit", "unlit", "yellow", "yellow", "yellow", "red", "red",
    ]  # fmt: skip
    assert not is_drawn(look(client, cast.village_clerk, cast.village))
    at(start + timedelta(minutes=1))
    assert is_drawn(look(client, cast.village_clerk, cast.village))


def test_what_a_light_narrows_is_counted_to_the_second(client: Client, play: Play, at) -> None:
    cast, incident = play.cast, play.report()
    Clock.objects.filter(incident=incident, stage=Stage.ACCEPT).update(due_at=NOW + timedelta(seconds=10))
    for second, number in ((10, 0), (11, 1)):
        at(NOW + timedelta(seconds=second))
        drawn = look(client, cast.village_clerk, cast.village, light="red").context["drawn"]
        assert (drawn.shown, drawn.counts["accept"]) == (number, number), second


def test_emergencies_on_top_follow_at_once(client: Client, play: Play, at) -> None:
    cast = play.cast
    assert look(client, cast.village_clerk, cast.village).context["drawn"].emergencies == ""
    incident = play.report(urgency="critical")
    top = look(client, cast.village_clerk, cast.village).context["drawn"].emergencies
    assert incident.number in top
    play.press(incident, "accept", cast.village_clerk)
    assert look(client, cast.village_clerk, cast.village, rows="1").context["drawn"].emergencies == ""


def test_what_is_pressed_on_a_shared_row_leads_back_to_the_page_itself(client: Client, play: Play, at) -> None:
    cast = play.cast
    play.press(play.report(), "accept", cast.village_clerk)
    rows = look(client, cast.village_clerk, cast.village, tab="hand", rows="1").content.decode()
    assert "next=" in rows and "rows%3D1" not in rows
