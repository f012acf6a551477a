"""What the dashboard says of days gone by, and what stands on top of it: first times, who solved it, emergencies."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from governance.dashboard.spans import MOST_DAYS, Span
from incidents import lifecycle
from incidents.births import Position
from incidents.models import Category, Incident
from incidents.states import Urgency
from tests.cast import SHANGHAI
from tests.dispatch.play import Play
from tests.governance.test_dashboard_page import NOON, listed
from tests.incidents.story import Story

ADDRESS = "governance:dashboard"


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> datetime:
    monkeypatch.setattr(timezone, "now", lambda: NOON)
    return NOON


@pytest.fixture
def play(noon: datetime, story: Story) -> Play:
    play = Play(story.cast)
    play.now = noon - timedelta(hours=3)
    return play


def settled(play: Play) -> Incident:
    """Settled on the spot by the grid's officer."""
    point = play.cast.point(play.cast.grid)
    return lifecycle.self_handle(
        actor=play.cast.officer,
        now=play.now,
        text="已清扫",
        category=play.category,
        position=Position(point.x, point.y, accuracy_m=8),
        result="已清扫",
    )


def category(code: str) -> Category:
    return Category.objects.get(standard_ref="sichuan-grid", code=code)


def test_sw_17_five_times_of_first_response_are_medians_over_the_days(play: Play, client: Client) -> None:
    cast, start = play.cast, play.now
    for code, wait, work in (("0202", 10, 30), ("0304", 20, 50), ("0101", 60, 90)):
        play.now = start
        one = play.report(category=category(code))
        play.later(minutes=wait)
        play.move(one, "accept", cast.village_clerk)
        play.later(minutes=work)
        play.move(one, "answer", cast.village_clerk, note="已处理")
    client.force_login(cast.observer)
    page = client.get(reverse(ADDRESS))
    firsts = {first.key: first for first in page.context["board"].firsts}
    minutes = {key: first.median and first.median.total_seconds() / 60 for key, first in firsts.items()}
    assert minutes == {"accept": 20, "finish": 50, "reply": None, "mediate": 40, "remove": 70}
    for key, number in (("accept", 3), ("finish", 3), ("mediate", 1), ("remove", 1)):
        measured = firsts[key].measured
        assert measured is not None and measured.number == number == listed(client, measured.url), key
    # Where there is nothing to measure it says why.
    assert str(firsts["reply"].reason) in page.content.decode()
    # Yesterday nothing happened: every median gives its reason.
    yesterday = (NOON - timedelta(days=1)).date().isoformat()
    before = client.get(reverse(ADDRESS), {"since": yesterday, "until": yesterday}).context["board"].firsts
    assert all(first.median is None and first.reason for first in before)


def test_sw_17_what_came_back_counts_by_its_first_acceptance_and_its_last_answer(play: Play, client: Client) -> None:
    cast = play.cast
    one = play.report(category=category("0202"))
    play.later(minutes=5)
    play.move(one, "accept", cast.village_clerk)
    play.later(minutes=10)
    play.move(one, "answer", cast.village_clerk, note="已处理")
    play.later(minutes=5)
    play.move(one, "rework", cast.town_checker)
    play.later(minutes=40)
    play.move(one, "answer", cast.village_clerk, note="重新处理")
    client.force_login(cast.observer)
    firsts = {first.key: first for first in client.get(reverse(ADDRESS)).context["board"].firsts}
    minutes = {key: first.median and first.median.total_seconds() / 60 for key, first in firsts.items()}
    assert (minutes["accept"], minutes["finish"], minutes["mediate"]) == (5, 55, 60)


def test_tl_15_the_share_closed_at_grid_village_town_and_district_is_shown_per_town(play: Play, client: Client) -> None:
    cast = play.cast
    settled(play)
    settled(play)
    village = play.answered_in_one_go()
    play.press(village, "close", cast.town_checker)
    district = play.answered()
    play.press(district, "close", cast.district_checker)
    client.force_login(cast.observer)
    page = client.get(reverse(ADDRESS))
    whole, town = page.context["board"].solved
    assert (whole.key, town.key) == ("", cast.town.pk)
    for row in (whole, town):
        assert [(kind.value, figure.number, share) for kind, figure, share in row.cells] == [
            ("grid", 2, 50),
            ("village", 1, 25),
            ("town", 0, 0),
            ("district", 1, 25),
        ]
        for _kind, figure, _share in row.cells:
            assert not figure.number or listed(client, figure.url) == figure.number
        assert listed(client, row.total.url) == row.total.number == 4
    assert "50%" in page.content.decode()


def test_an_act_counts_an_incident_once_per_step_and_once_for_the_whole(play: Play, client: Client) -> None:
    play.at_district()  # climbs twice within one hour
    client.force_login(play.cast.observer)
    flow = client.get(reverse(ADDRESS)).context["board"].flow
    climbed = [step.figures["climbed"].number for step in flow.steps]
    assert sum(climbed) == flow.totals["climbed"].number == 1
    assert listed(client, flow.totals["climbed"].url) == 1
    assert flow.totals["reported"].number == 1


def test_qy_13_an_emergency_stands_on_top_of_dashboard_desk_and_wall_until_it_is_accepted(
    play: Play, client: Client
) -> None:
    cast = play.cast
    play.report()
    urgent = play.report(text="居民楼起火", urgency=Urgency.CRITICAL)
    places = [
        (cast.observer, reverse(ADDRESS)),
        (cast.village_clerk, reverse("dispatch:desk", args=[cast.village.pk])),
        (cast.village_clerk, reverse("dispatch:desk", args=[cast.village.pk]) + "?tab=hand"),
        (cast.observer, reverse("governance:wall")),
    ]
    for who, address in places:
        client.force_login(who)
        text = client.get(address).content.decode()
        assert "emergency-beat" in text, address
        # On top: before the first of everything else.
        first = min(text.find(mark) for mark in ('id="board-strip"', 'id="rows"', 'id="wall-figures"') if mark in text)
        assert text.index("emergency-beat") < first
    client.force_login(cast.observer)
    shown = client.get(reverse(ADDRESS)).context["board"].emergencies
    assert [row.number for row in shown.rows] == [urgent.number]
    assert (shown.rows[0].unit, shown.rows[0].person) == (cast.village.label, cast.village_clerk.full_name)
    assert listed(client, shown.figure.url) == shown.figure.number == 1
    play.press(urgent, "accept", cast.village_clerk)
    for who, address in places:
        client.force_login(who)
        assert "emergency-beat" not in client.get(address).content.decode(), address


def test_qy_13_an_emergency_is_seen_by_nobody_out_of_its_scope(play: Play, client: Client) -> None:
    play.report(urgency=Urgency.CRITICAL)
    client.force_login(play.cast.other_town_clerk)
    assert client.get(reverse(ADDRESS)).context["board"].emergencies.figure.number == 0
    client.force_login(play.cast.town_clerk)
    assert "emergency-beat" not in client.get(reverse("dispatch:desk", args=[play.cast.town.pk])).content.decode()


def test_qy_13_the_flashing_stops_for_people_who_want_less_motion() -> None:
    style = (Path(settings.BASE_DIR) / "static" / "css" / "emergency.css").read_text()
    assert "animation: emergency" in style
    assert "@media (prefers-reduced-motion: reduce) { .emergency-beat { animation: none; } }" in style


def test_what_is_red_names_who_has_it(play: Play, client: Client) -> None:
    cast = play.cast
    play.now = NOON - timedelta(days=40)
    play.dispatched(cast.department)
    held = play.at_district()
    client.force_login(cast.observer)
    rows = client.get(reverse(ADDRESS)).context["board"].urgent
    who = {(row.unit, row.person) for row in rows}
    assert (cast.department.label, cast.handler.full_name) in who
    assert (cast.district.label, cast.district_clerk.full_name) in who
    assert held.number in {row.number for row in rows}


@pytest.mark.parametrize(
    ("given", "first", "last", "key"),
    [
        ({}, "2026-11-18", "2026-11-18", "today"),
        ({"span": "7"}, "2026-11-12", "2026-11-18", "7"),
        ({"span": "zz"}, "2026-11-18", "2026-11-18", "today"),
        ({"since": "2026-11-01", "until": "2026-11-03"}, "2026-11-01", "2026-11-03", "custom"),
        ({"since": "2026-11-05", "until": "2026-11-03"}, "2026-11-03", "2026-11-03", "custom"),
        ({"until": "2026-11-03"}, "2026-11-03", "2026-11-03", "custom"),
        ({"since": "0000-00-00", "until": "never"}, "2026-11-18", "2026-11-18", "today"),
    ],
)
def test_a_span_is_read_from_an_address_and_written_back(
    given: dict[str, str], first: str, last: str, key: str
) -> None:
    span = Span.parsed(given, now=NOON)
    assert (span.first.isoformat(), span.last.isoformat(), span.key) == (first, last, key)
    assert Span.parsed(span.pairs, now=NOON) == span


def test_a_span_is_never_longer_than_a_year() -> None:
    span = Span.parsed({"since": "1999-01-01", "until": "2026-11-18"}, now=NOON)
    assert len(span.steps()) == MOST_DAYS
    assert datetime(2026, 11, 19, tzinfo=SHANGHAI) == span.end
