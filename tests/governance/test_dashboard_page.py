"""Every number of the dashboard is the number of rows of the list it opens."""

import re
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import caches
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from governance.dashboard import boards, figures, grounds, keeping, open_rows
from governance.dashboard.grounds import Ground
from grids.models import Person
from incidents import lifecycle, lists
from incidents.filters import Filters
from incidents.lifecycle import Details
from incidents.models import Incident, IncidentEvent
from incidents.states import State
from tests.cast import SHANGHAI, Cast
from tests.dispatch.play import Play
from tests.incidents.story import Story

QUERIES = 17
NOON = datetime(2026, 11, 18, 11, 30, tzinfo=SHANGHAI)
ADDRESS = "governance:dashboard"


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """A Wednesday before noon for everything that asks the time, so that "today" never ends within a test."""
    monkeypatch.setattr(timezone, "now", lambda: NOON)
    return NOON


@pytest.fixture
def board(noon: datetime, story: Story) -> Play:
    """A district at work: something in every tier, at departments, in every state, of every light."""
    play, cast = Play(story.cast), story.cast
    play.now = timezone.now() - timedelta(days=40)
    play.at_district()  # overdue long since
    play.dispatched(cast.department)
    play.suspended(play.at_district())
    play.now = timezone.now() - timedelta(days=1, hours=2)
    play.press(play.report(grid=cast.third_grid), "accept", cast.sibling_clerk)
    play.now = timezone.now() - timedelta(hours=3)
    play.report(grid=cast.other_grid)
    play.press(play.report(grid=cast.second_grid), "accept", cast.village_clerk)
    play.dispatched(cast.department, cast.other_department)
    play.press(play.report(), "dismiss", cast.village_clerk)
    play.answered()
    play.now = timezone.now() - timedelta(minutes=90)
    done = play.answered_in_one_go()
    play.press(done, "close", cast.town_checker)
    return play


def listed(client: Client, address: str) -> int:
    """How many rows the list behind an address has, over all its pages."""
    found, following = 0, address
    while following:
        context = client.get(following).context
        found += len(context["rows"])
        following = context["next_url"]
    return found


PEOPLE = ["observer", "district_head", "town_head", "village_head", "department_head", "other_town_clerk", "officer"]


@pytest.mark.parametrize("who", PEOPLE)
def test_every_number_equals_the_list_it_links_to(board: Play, client: Client, who: str) -> None:
    person: Person = getattr(board.cast, who)
    client.force_login(person)
    page = client.get(reverse(ADDRESS))
    shown = list(page.context["board"].figures())
    assert len(shown) >= 5
    text = page.content.decode()
    for figure in shown:
        if figure.number:
            assert figure.filters is not None
            assert figure.url.replace("&", "&amp;") in text
            assert listed(client, figure.url) == figure.number, figure.url
            # The address says all there is to say: read back, it is the same filter.
            assert Filters.parsed(QueryDict(urlsplit(figure.url).query)) == figure.filters
    # No number on the page is without its list.
    for address in re.findall(r'href="(/incidents/\?[^"]*)"', text):
        assert address.replace("&amp;", "&").removesuffix("&sort=due") in {
            figure.url for figure in shown if figure.number
        } | {figures.list_url(figure.filters) for figure in shown if figure.filters}


def test_a_department_counts_at_others_what_it_has_done_its_own_part_of(board: Play, client: Client) -> None:
    cast = board.cast
    shared = board.dispatched(cast.department, cast.other_department)
    board.finish(shared, cast.department, cast.handler)
    client.force_login(cast.department_head)
    rows = {row.key: row.total for row in client.get(reverse(ADDRESS)).context["board"].departments}
    other = rows[cast.other_department.pk]
    assert other.number == listed(client, other.url) == 2


# A place below, a category, days gone by: by name of the cast's places, "head" of the story's category.
NARROWED = [
    ("observer", "town", False, {}),
    ("observer", "village", False, {"span": "7"}),
    ("observer", "grid", True, {}),
    ("observer", "other_town", False, {"span": "30"}),
    ("observer", "", True, {"span": "30"}),
    ("town_head", "village", True, {"since": "2026-10-01", "until": "2026-11-17"}),
    ("department_head", "", True, {"span": "30"}),
]


@pytest.mark.parametrize(("who", "under", "by_category", "days"), NARROWED)
def test_narrowed_every_number_still_equals_its_list(
    board: Play, client: Client, who: str, under: str, by_category: bool, days: dict[str, str]
) -> None:
    client.force_login(getattr(board.cast, who))
    narrowed = dict(days)
    if under:
        narrowed["under"] = getattr(board.cast, under).pk
    if by_category:
        narrowed["category"] = str(board.category.parent_id)
    page = client.get(reverse(ADDRESS), narrowed)
    walked = 0
    for figure in page.context["board"].figures():
        if figure.number:
            walked += 1
            assert figure.url.replace("&", "&amp;") in page.content.decode()
            assert listed(client, figure.url) == figure.number, figure.url
            assert Filters.parsed(QueryDict(urlsplit(figure.url).query)) == figure.filters
    assert walked or under == "other_town"


def test_rows_and_tiers_add_up_to_what_is_open(board: Play, client: Client) -> None:
    client.force_login(board.cast.observer)
    shown = client.get(reverse(ADDRESS)).context["board"]
    number = shown.strip["open"].number
    assert number == lists.total(board.cast.observer, Filters(under="511111"), now=timezone.now()) > 5
    assert sum(line.total.number for line in shown.places) == sum(line.total.number for line in shown.tiers) == number
    assert all(sum(line.counts.values()) == line.total.number for line in (*shown.places, *shown.tiers))
    assert {line.key for line in shown.departments} == {board.cast.department.pk, board.cast.other_department.pk}
    assert shown.strip["red"].number and shown.strip["closed"].number == 1


def test_a_leader_sees_their_own_ground_only(board: Play, client: Client) -> None:
    client.force_login(board.cast.other_town_clerk)
    page = client.get(reverse(ADDRESS))
    assert page.context["board"].strip["open"].number == 1
    assert [line.key for line in page.context["board"].places] == [board.cast.other_village.pk]
    # Another's place in the address changes nothing.
    foreign = client.get(reverse(ADDRESS), {"under": board.cast.town.pk})
    assert foreign.context["board"].strip["open"].number == 1


def test_a_stranger_finds_no_dashboard(cast: Cast, client: Client) -> None:
    client.force_login(cast.stranger)
    assert client.get(reverse(ADDRESS)).status_code == 404
    client.logout()
    assert client.get(reverse(ADDRESS)).status_code == 302


def test_what_is_overdue_longest_stands_first(board: Play, client: Client) -> None:
    client.force_login(board.cast.observer)
    rows = client.get(reverse(ADDRESS)).context["board"].urgent
    assert rows and {row.clock.light for row in rows} <= {"red", "yellow"}
    due = [row.clock.due_at for row in rows]
    assert due == sorted(due)


def test_yesterdays_same_hour_is_read_back_from_the_record(board: Play, client: Client) -> None:
    client.force_login(board.cast.observer)
    strip = client.get(reverse(ADDRESS)).context["board"].strip
    then = timezone.now() - timedelta(days=1)
    open_then = [
        incident
        for incident in Incident.objects.all()
        if incident.reported_at <= then and (incident.closed_at is None or incident.closed_at > then)
    ]
    assert strip["open"].before == len(open_then)
    assert strip["red"].before and strip["red"].before <= strip["open"].before


def test_the_page_costs_few_queries_and_an_unchanged_one_three(
    board: Play, client: Client, django_assert_max_num_queries
) -> None:
    client.force_login(board.cast.observer)
    with django_assert_max_num_queries(QUERIES):
        client.get(reverse(ADDRESS))
    live = client.get(reverse(ADDRESS), {"live": "1"})
    assert live.status_code == 200 and 'hx-swap-oob="true"' in live.content.decode()
    with django_assert_max_num_queries(7):
        again = client.get(reverse(ADDRESS), {"live": "1"}, headers={"if-none-match": live["ETag"]})
    assert again.status_code == 304


def test_the_fingerprint_changes_with_an_event_and_with_a_minute(board: Play) -> None:
    now = NOON
    before = boards.fingerprint(now)
    assert boards.fingerprint(now + timedelta(seconds=10)) == before
    assert boards.fingerprint(now + timedelta(minutes=1)) != before
    board.report()
    assert boards.fingerprint(now) != before


def test_those_who_look_at_the_same_ground_share_one_drawing_until_something_happens(
    board: Play, client: Client, settings, django_assert_max_num_queries
) -> None:
    kept = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "shared"}
    settings.CACHES = settings.CACHES | {"boards": kept}
    client.force_login(board.cast.observer)
    number = client.get(reverse(ADDRESS)).context["drawn"]["open"]
    with django_assert_max_num_queries(9):
        assert client.get(reverse(ADDRESS)).context["drawn"]["open"] == number
    # Another ground, other days and another language are drawn for themselves.
    for address in ({"under": board.cast.town.pk}, {"span": "7"}):
        assert "board" in client.get(reverse(ADDRESS), address).context, address
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    assert "board" in client.get(reverse(ADDRESS)).context
    del client.cookies[settings.LANGUAGE_COOKIE_NAME]
    client.force_login(board.cast.village_clerk)
    assert "board" in client.get(reverse(ADDRESS)).context
    client.force_login(board.cast.observer)
    board.report()
    page = client.get(reverse(ADDRESS))
    assert page.context["board"].strip["open"].number == page.context["drawn"]["open"] == number + 1


@pytest.fixture
def kept(settings) -> None:
    """Drawings are kept within the process, as they are where people look at them."""
    own = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "kept"}
    settings.CACHES = settings.CACHES | {"boards": own}
    caches["boards"].clear()


def test_a_department_s_drawing_is_its_viewer_s_alone_and_dies_with_an_event(
    board: Play, client: Client, kept: None, django_assert_max_num_queries
) -> None:
    cast = board.cast
    client.force_login(cast.department_head)
    number = client.get(reverse(ADDRESS)).context["drawn"]["open"]
    with django_assert_max_num_queries(11):
        assert client.get(reverse(ADDRESS)).context["drawn"]["open"] == number
    client.force_login(cast.handler)
    assert "board" in client.get(reverse(ADDRESS)).context, "another person of the same department"
    client.force_login(cast.department_head)
    board.dispatched(cast.department)
    page = client.get(reverse(ADDRESS))
    shown = page.context["board"].strip["open"]
    assert shown.number == number + 1 == listed(client, shown.url)


def test_a_district_counts_anew_only_where_something_happened_and_yet_every_number_equals_its_list(
    board: Play, client: Client, kept: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast, counted = board.cast, watched(monkeypatch)

    def check() -> list[str]:
        counted.clear()
        page = client.get(reverse(ADDRESS))
        board_shown = page.context["board"]
        with monkeypatch.context() as other:
            other.setattr(keeping, "found", lambda *given, **named: None)
            afresh = boards.board(board_shown.ground, now=NOON)
        assert list(afresh.figures()) == list(board_shown.figures())
        assert [row.number for row in afresh.urgent] == [row.number for row in board_shown.urgent]
        return [base.place or base.under for base in counted[:-1]]

    client.force_login(cast.observer)
    assert check() == [cast.district.pk]
    village = cast.grid.pk[:12]
    board.now = NOON - timedelta(minutes=30)
    one = board.report()
    assert check() == [village]
    board.press(one, "accept", cast.village_clerk)
    board.press(board.report(grid=cast.third_grid), "accept", cast.sibling_clerk)
    assert sorted(check()) == sorted({village, cast.third_grid.pk[:12]})
    board.report(grid=cast.other_grid)
    # Of what moves to another place, nobody knows from here where it was.
    lifecycle.move(
        incident_id=one.pk, name="rehome", actor=None, now=board.now, details=Details(place=cast.third_grid, plan_id=7)
    )
    assert check() == [cast.district.pk]


def test_a_district_s_count_is_carried_on_as_lights_change_by_themselves(
    board: Play, kept: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted, minute = watched(monkeypatch), timedelta(minutes=1)
    clocks = open_rows.open_clocks().filter(incident__closed_at=None, incident__district=board.cast.district)
    moments = {moment for pair in clocks.values_list("warn_at", "due_at") for moment in pair if moment}
    edges = sorted({moment + later for moment in moments for later in (timedelta(), timedelta(days=1))})
    assert len(edges) > 4
    for edge in edges:
        caches["boards"].clear()
        for at in (edge - minute, edge + minute, edge + 12 * minute):
            ground = grounds.ground_for(board.cast.observer, {}, now=at)
            assert ground is not None
            counted.clear()
            carried = open_rows.rows(ground, now=at)
            assert bool(counted) and (ground.base in counted) == (at != edge + minute)
            assert sorted(map(str, carried)) == sorted(map(str, open_rows._counted(ground, at)))


def watched(monkeypatch: pytest.MonkeyPatch) -> list[Filters]:
    """What is counted from now on, but for what was lit a day ago and has ended since."""
    counted: list[Filters] = []
    whole = open_rows._counted

    def counting(ground: Ground, now: datetime, template: str = "") -> list[open_rows.Row]:
        if template != open_rows._THEN:
            counted.append(ground.base)
        return whole(ground, now, template)

    monkeypatch.setattr(open_rows, "_counted", counting)
    return counted


def test_what_waited_for_a_department_a_day_ago_counts_what_it_has_done_since(board: Play, client: Client) -> None:
    cast = board.cast
    client.force_login(cast.department_head)
    before = client.get(reverse(ADDRESS)).context["board"].strip["open"].before
    assert before == 1, "what came forty days ago"
    old = Incident.objects.get(clocks__unit=cast.department, clocks__started_at__lt=NOON - timedelta(days=30))
    board.now = NOON - timedelta(hours=1)
    board.finish(old, cast.department, cast.handler)
    strip = client.get(reverse(ADDRESS)).context["board"].strip
    assert strip["open"].before == before and strip["open"].number == listed(client, strip["open"].url)


def test_what_is_lit_longest_is_named_from_more_places_than_are_named(story: Story, noon: datetime) -> None:
    """Of a whole district it is found by the first due of each place: the same as by looking at everything."""
    play, cast = Play(story.cast), story.cast
    for hours in range(60, 44, -1):
        play.now = NOON - timedelta(hours=hours)
        play.report(grid=[cast.grid, cast.second_grid, cast.third_grid, cast.other_grid][hours % 4])
    ground = grounds.ground_for(cast.observer, {}, now=NOON)
    assert ground is not None and ground.is_everything
    named = [row.number for row in boards.board(ground, now=NOON).urgent]
    every = lists.found(cast.observer, Filters(light="red"), now=NOON).annotate(due=lists.due()).order_by("due", "pk")
    assert named == [incident.number for incident in every[:12]] and len(named) == 12


def test_an_event_that_is_written_late_is_noticed_too(board: Play) -> None:
    event = IncidentEvent.objects.order_by("-pk")[0]
    before = boards.fingerprint(NOON)
    event.pk, event.seq = event.pk - 1000000, event.seq + 1
    event.save(force_insert=True)
    assert boards.fingerprint(NOON) != before


def test_an_empty_district_says_so(cast: Cast, client: Client, noon: datetime) -> None:
    client.force_login(cast.observer)
    page = client.get(reverse(ADDRESS))
    assert page.status_code == 200 and page.context["board"].strip["open"].number == 0
    assert 'class="empty"' in page.content.decode()


def test_the_filters_of_closed_today_hold_only_what_ended_that_day(board: Play) -> None:
    filters = Filters(states=frozenset({State.CLOSED}), ended=timezone.localdate())
    assert lists.total(board.cast.observer, filters, now=timezone.now()) == 1
    earlier = filters.but(ended=timezone.localdate() - timedelta(days=3))
    assert lists.total(board.cast.observer, earlier, now=timezone.now()) == 0
    assert parse_qs(filters.query())["ended"] == [timezone.localdate().isoformat()]
