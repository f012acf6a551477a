"""The filter layer: what an address says, what a list finds, and that every number equals the list behind it."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.http import HttpResponse, QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from grids.models import Person
from incidents import lists, selectors
from incidents.filters import NO_CATEGORY, Filters
from incidents.lists import DIMENSIONS
from incidents.models import Incident
from incidents.states import OPEN_STATES, State, Urgency
from tests.incidents.story import Story


@pytest.fixture
def mixed(story: Story) -> Story:
    """Incidents in many states, tiers and lights; `story.now` is the moment to look at them."""
    cast = story.cast
    accepted = story.report(text="路灯不亮")
    late = story.report(by=cast.third_officer, grid=cast.third_grid, text="占道经营")
    story.later(minutes=20)
    story.move(accepted, "accept", cast.village_clerk)
    dismissed = story.report(text="重复反映")
    story.move(dismissed, "dismiss", cast.village_clerk)
    climbed = story.report(text="山体滑坡", urgency=Urgency.URGENT)
    story.move(climbed, "escalate", cast.village_clerk)
    story.move(climbed, "accept", cast.town_clerk)
    story.later(minutes=5)
    back = story.report(by=cast.other_officer, grid=cast.other_grid, text="噪声扰民", category=None)
    story.move(back, "escalate", cast.other_village_clerk)
    story.move(back, "send_back", cast.other_town_clerk)
    closed = story.report(text="井盖缺失")
    story.move(closed, "accept", cast.village_clerk)
    story.move(closed, "answer", cast.village_clerk)
    story.move(closed, "close", cast.town_checker)
    voided = story.report(text="误报")
    story.move(voided, "accept", cast.village_clerk)
    held = story.report(text="等待汛期结束")
    story.move(held, "accept", cast.village_clerk)
    Incident.objects.filter(pk=late.pk).update(address="市场东门 12 号")
    story.later(days=1)
    story.report(text="今天的新事")
    return story


def numbers(person: Person, filters: Filters, story: Story) -> set[str]:
    return set(lists.found(person, filters, now=story.now).values_list("number", flat=True))


SENSIBLE = [
    "",
    "state=open",
    "state=any",
    "light=red&tier=village&mine=1",
    "q=12号&since=2026-03-01",
    "under=511111100&urgency=urgent&category=3&at=511111100001&state=reported&state=closed",
    "category=0&until=2026-03-09",
]
SENSELESS = [
    "light=purple",
    "tier=planet",
    "holder=DROP",
    "category=x",
    "since=2026-99-99",
    "urgency=1&mine=yes",
    "state=nowhere",
    "q=%00",
    "under=5%00",
    "category=99999999999999",
]


@pytest.mark.parametrize("query", SENSIBLE)
def test_an_address_reads_back_as_it_was_written(query: str) -> None:
    filters = Filters.parsed(QueryDict(query))
    assert Filters.parsed(QueryDict(filters.query())) == filters


@pytest.mark.parametrize("query", SENSELESS)
def test_what_makes_no_sense_is_left_out(query: str) -> None:
    assert Filters.parsed(QueryDict(query)) == Filters()


def test_words_alone_search_what_has_ended_too() -> None:
    assert Filters.parsed(QueryDict("q=井盖")).states == frozenset(State)
    assert Filters.parsed(QueryDict("q=井盖&state=open")).states == OPEN_STATES


def test_a_list_is_never_wider_than_what_its_reader_sees(mixed: Story) -> None:
    cast = mixed.cast
    everything = Filters(states=frozenset(State))
    assert len(numbers(cast.observer, everything, mixed)) == Incident.objects.count()
    assert numbers(cast.stranger, everything, mixed) == set()
    village = numbers(cast.sibling_clerk, everything, mixed)
    assert village == set(Incident.objects.filter(place__parent=cast.sibling_village).values_list("number", flat=True))


def test_each_filter_narrows_by_its_own_condition(mixed: Story) -> None:
    cast, person = mixed.cast, mixed.cast.district_head
    anything = Filters(states=frozenset(State))

    def texts(**changes: object) -> set[str]:
        found = lists.found(person, anything.but(**changes), now=mixed.now)
        return set(found.values_list("text", flat=True))

    assert texts(words="井盖") == {"井盖缺失"}
    assert texts(words="市场 12") == {"占道经营"}
    assert texts(words="绥山村") == {"占道经营"}
    assert texts(urgency="urgent") == {"山体滑坡"}
    assert texts(tier="town") == {"山体滑坡", "井盖缺失"}
    assert texts(holder=cast.other_village.pk) == {"噪声扰民"}
    assert texts(under=cast.other_town.pk) == {"噪声扰民"}
    assert texts(place=cast.third_grid.pk) == {"占道经营"}
    assert texts(category=NO_CATEGORY) == {"噪声扰民"}
    assert texts(category=mixed.category.parent_id) == texts() - {"噪声扰民"}
    assert texts(states=frozenset({State.CLOSED})) == {"井盖缺失"}
    assert texts(since=date(2026, 3, 5)) == {"今天的新事"}
    assert "今天的新事" not in texts(until=date(2026, 3, 4))
    assert texts(at=cast.town.pk) == {"山体滑坡"}
    number = Incident.objects.get(text="路灯不亮").number
    assert texts(words=number) == texts(words=number[-5:]) == {"路灯不亮"}
    assert {one.text for one in lists.found(cast.third_officer, anything.but(mine=True), now=mixed.now)} == {"占道经营"}


def test_an_incident_shows_the_same_light_in_a_row_and_in_the_filter(mixed: Story) -> None:
    for hours in (0, 3, 9, 30, 100, 400):
        now = mixed.now + timedelta(hours=hours)
        found = lists.found(mixed.cast.observer, Filters(states=frozenset(State)), now=now)
        incidents = list(found.annotate(light=lists.shown_light(now)).select_related("category"))
        for row in selectors.rows(incidents, now):
            drawn = row.clock.light if row.clock else "none"
            assert drawn == row.incident.light, (hours, row.incident.text)


@pytest.mark.parametrize("hours", [0, 400])
def test_every_number_equals_the_list_behind_it(mixed: Story, hours: int) -> None:
    now = mixed.now + timedelta(hours=hours)
    for person in (mixed.cast.observer, mixed.cast.village_clerk):
        for filters in (Filters(), Filters(states=frozenset(State), under=mixed.cast.town.pk)):
            for dimension in DIMENSIONS:
                counted = lists.count_by(person, filters, dimension, now=now)
                for key, number in counted.items():
                    behind = filters.narrowed(dimension, key)
                    assert lists.total(person, behind, now=now) == number, (dimension, key)


def test_numbers_by_two_dimensions_equal_the_list_behind_them(mixed: Story) -> None:
    now, person, filters = mixed.now + timedelta(hours=30), mixed.cast.observer, Filters()
    for pair in (("town", "light"), ("at", "light"), ("tier", "light"), ("holder", "state")):
        counted = lists.count_by(person, filters, *pair, now=now)
        assert counted
        for keys, number in counted.items():
            behind = filters.narrowed(pair[0], keys[0]).narrowed(pair[1], keys[1])
            assert lists.total(person, behind, now=now) == number, (pair, keys)


def test_counting_stops_where_it_is_told_to(mixed: Story) -> None:
    assert lists.total(mixed.cast.observer, Filters(), now=mixed.now, at_most=2) == 2


# -- the page -------------------------------------------------------------------------------------------------

CEILING = 12


def open_list(client: Client, person: Person, query: str = "") -> HttpResponse:
    client.force_login(person)
    return client.get(f"{reverse('incidents:list')}?{query}")


@pytest.mark.parametrize("query", ["", "state=any&light=red&sort=due", "q=井盖&under=511111100&category=3&mine=1"])
def test_the_list_asks_at_most_twelve_queries(
    client: Client, mixed: Story, query: str, django_assert_max_num_queries: Any
) -> None:
    for person in (mixed.cast.observer, mixed.cast.town_clerk, mixed.cast.officer):
        client.force_login(person)
        with django_assert_max_num_queries(CEILING):
            assert client.get(f"{reverse('incidents:list')}?{query}").status_code == 200


def test_the_page_lists_what_the_filters_find_newest_first(client: Client, mixed: Story) -> None:
    response = open_list(client, mixed.cast.observer, "state=any")
    rows = response.context["rows"]
    assert len(rows) == Incident.objects.count()
    moments = [row.incident.reported_at for row in rows]
    assert moments == sorted(moments, reverse=True)
    for row in rows:
        assert reverse("incidents:detail", args=[row.number]) in response.content.decode()


def test_tl_4_each_row_says_which_light_comes_next_and_when(client: Client, mixed: Story) -> None:
    mixed.now = timezone.now()
    fresh = [mixed.report().number for _number in range(2)]
    response = open_list(client, mixed.cast.observer, "state=any")
    ahead = [row for row in response.context["rows"] if row.clock is not None and row.clock.next_at is not None]
    assert {row.number for row in ahead} >= set(fresh)
    assert response.content.decode().count('class="light-next"') == len(ahead)


def test_by_due_moment_the_next_to_fall_due_comes_first(client: Client, mixed: Story) -> None:
    rows = open_list(client, mixed.cast.observer, "sort=due").context["rows"]
    due = [row.clock.due_at for row in rows if row.clock and row.clock.due_at]
    assert due == sorted(due)


def test_chips_keep_the_other_filters_in_the_address(client: Client, mixed: Story) -> None:
    response = open_list(client, mixed.cast.observer, "state=open&urgency=urgent&under=511111100")
    red = next(chip for chip in response.context["light_chips"] if chip.light == "red")
    for part in ("light=red", "urgency=urgent", "under=511111100", "state=open"):
        assert part in red.url
    shown = [chip.label for chip in response.context["other_chips"] if chip.on]
    assert mixed.cast.town.label in shown


def test_the_pages_of_a_long_list_follow_each_other(
    client: Client, mixed: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("incidents.views.lists.SIZE", 3)
    for sort in ("", "&sort=due"):
        response = open_list(client, mixed.cast.observer, f"state=any{sort}")
        seen = [row.number for row in response.context["rows"]]
        while response.context["next_url"]:
            response = client.get(response.context["next_url"])
            seen += [row.number for row in response.context["rows"]]
        assert len(seen) == len(set(seen)) == Incident.objects.count()
        assert response.context["previous_url"]


def test_rows_alone_are_304_until_something_changes(client: Client, mixed: Story) -> None:
    first = open_list(client, mixed.cast.observer, "rows=1")
    assert "<html" not in first.content.decode()
    url = f"{reverse('incidents:list')}?rows=1"
    assert client.get(url, headers={"if-none-match": first["ETag"]}).status_code == 304
    mixed.report(text="又一件")
    assert client.get(url, headers={"if-none-match": first["ETag"]}).status_code == 200


def test_who_sees_nothing_reads_what_the_list_is_for(client: Client, mixed: Story) -> None:
    response = open_list(client, mixed.cast.stranger)
    assert response.status_code == 200 and not response.context["rows"]
    assert "desk-empty" in response.content.decode()
    client.logout()
    assert client.get(reverse("incidents:list")).status_code == 302


def test_the_filter_form_keeps_what_is_chosen(client: Client, mixed: Story) -> None:
    client.force_login(mixed.cast.town_clerk)
    query = f"state=closed&light=red&under={mixed.cast.village.pk}"
    for headers in ({}, {"hx-request": "true"}):
        text = client.get(f"{reverse('incidents:filter')}?{query}", headers=headers).content.decode()
        assert 'name="light" value="red"' in text and 'name="state" value="closed"' in text
        assert f'value="{mixed.cast.village.pk}" selected' in text
        assert mixed.cast.other_village.pk not in text, "places out of sight are not named"
