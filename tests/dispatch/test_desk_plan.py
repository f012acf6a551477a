"""What a page of a long desk or list costs the database: its rows, however much is open and however far one came."""

import json
from datetime import timedelta

import pytest
from django.db.models import QuerySet

from dispatch import desks
from dispatch.desks import Desk
from grids import permissions
from incidents import access, by_due, keyset, lists
from incidents.filters import Filters
from incidents.models import Clock, Incident, Sight
from incidents.states import Stage, State
from tests.dispatch.crowd import copy
from tests.dispatch.play import Play

PAGE, OPEN = 51, 5_000


def plan(rows: QuerySet) -> tuple[str, int, int]:
    """The plan as text, the pages it touched and the rows it gave."""
    (row,) = json.loads(rows.explain(format="json", analyze=True, buffers=True))
    top = row["Plan"]
    return json.dumps(top), top["Shared Hit Blocks"] + top["Shared Read Blocks"], top["Actual Rows"]


@pytest.fixture
def crowded(play: Play) -> Play:
    """5 000 incidents at one village, their clocks due a second after one another, two of them with rare words."""
    incident = play.report(text="路灯不亮")
    copy(
        Incident,
        incident.pk,
        OPEN,
        number="'copy-' || n",
        token="gen_random_uuid()",
        reported_at="reported_at + n * interval '1 second'",
        text="CASE WHEN mod(n, 2500) = 0 THEN '井盖缺失' ELSE text || n END",
    )
    copy(
        Clock,
        play.clock(incident, Stage.ACCEPT).pk,
        OPEN,
        incident_id=f"(SELECT min(id) FROM {Incident._meta.db_table} WHERE id > incident_id) - 1 + n",
        due_at="due_at + n * interval '1 second'",
        warn_at="warn_at + n * interval '1 second'",
    )
    return play


def beyond(queryset: QuerySet, order: tuple[str, ...], skipped: int) -> QuerySet:
    """The page after `skipped` rows, as a reader who went on page by page asks for it."""
    row = queryset.order_by(*order)[skipped]
    kinds = [keyset._is_moment(queryset, name.lstrip("-")) for name in order]
    values = keyset._read(keyset._mark(row, order), kinds)
    assert values is not None
    return queryset.filter(keyset._beyond(order, values, forward=True)).order_by(*order)[:PAGE]


@pytest.fixture
def desk(crowded: Play) -> Desk:
    person, unit = crowded.cast.village_clerk, crowded.cast.village
    rights = permissions.rights_at(person, [unit.pk], now=crowded.now)[unit.pk]
    return Desk(unit, person, frozenset(rights), crowded.now, Filters())


@pytest.mark.parametrize("skipped", [0, 2500])
def test_a_page_of_a_desk_is_walked_along_the_index_of_its_open_clocks(desk: Desk, skipped: int) -> None:
    text, pages, rows = plan(beyond(desk.clocks(desk.tab("accept")), desks.BY_DUE, skipped))
    assert rows == PAGE
    assert "clock_open_of_unit" in text and '"Node Type": "Sort"' not in text and "Seq Scan" not in text
    assert pages < 20 * PAGE


@pytest.mark.parametrize("skipped", [0, 2500])
def test_the_newest_of_a_list_are_walked_along_their_index(crowded: Play, skipped: int) -> None:
    found = lists.found(crowded.cast.district_head, Filters(), now=crowded.now)
    text, pages, rows = plan(beyond(found, ("-reported_at", "-pk"), skipped))
    assert rows == PAGE
    assert "newest" in text and '"Node Type": "Sort"' not in text
    assert pages < 20 * PAGE


def test_the_next_due_are_walked_along_their_moments(crowded: Play) -> None:
    found = lists.found(crowded.cast.district_head, Filters(), now=crowded.now)
    text, pages, rows = plan(by_due._first_clocks(found, "").order_by("due_at", "pk")[:PAGE])
    assert rows == PAGE
    assert "clock_runs_by_due" in text and pages < 20 * PAGE


def test_two_characters_are_found_by_their_index(crowded: Play) -> None:
    found = lists.found(crowded.cast.district_head, Filters(states=frozenset(State), words="井盖"), now=crowded.now)
    text, _pages, rows = plan(found.order_by("-reported_at", "-pk")[:PAGE])
    assert rows == 2 and "incident_grams" in text


def test_only_sight_that_the_place_does_not_explain_is_afield(play: Play) -> None:
    """Each incident has several rows of sight; nearly all say what its place says already, and are never read."""
    cast, incident = play.cast, play.dispatched()
    assert set(Sight.objects.filter(incident=incident).values_list("afield", flat=True)) == {False}
    # A redraw gives it to another place: who had it goes on seeing it.
    Incident.objects.filter(pk=incident.pk).update(place=cast.other_grid)
    afield = set(Sight.objects.filter(incident=incident, afield=True).values_list("unit_id", flat=True))
    assert cast.village.pk in afield and cast.district.pk not in afield and cast.department.pk not in afield
    for person in (cast.village_clerk, cast.town_clerk, cast.other_town_clerk, cast.handler):
        seen = access.incidents_for(person, now=play.now)
        assert seen.filter(pk=incident.pk).exists()
        assert access.incident_for(person, incident.number, now=play.now) == incident
    assert not access.incidents_for(cast.sibling_clerk, now=play.now).exists()


def test_the_lights_of_a_desk_are_ranges_of_moments(desk: Desk, crowded: Play) -> None:
    clock = desk.clocks(desk.tab("accept")).order_by(*desks.BY_DUE)[100]
    assert clock.due_at is not None
    later = Desk(desk.unit, desk.person, desk.rights, clock.due_at + timedelta(seconds=1), Filters(light="red"))
    assert later.counts()["accept"] == len(later.clocks(later.tab("accept"))) == 101
