"""The page of urges and cards, and the forms by which they are given, answered and withdrawn."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dispatch.models import Card
from grids.models import Person
from incidents.models import Incident
from tests.dispatch.play import Play, play
from tests.dispatch.test_cards import Desk, desk

__all__ = ["desk", "play"]

PAGE = "/supervision/"


@pytest.fixture(autouse=True)
def the_story_is_of_today_and_in_english(play: Play, client: Client) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    play.now = timezone.now().replace(microsecond=0) - timedelta(minutes=30)


def opened(client: Client, person: Person, address: str = PAGE, **headers: Any) -> str:
    client.force_login(person)
    response = client.get(address, headers=headers)
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def pressed(client: Client, person: Person, address: str, **given: Any) -> Any:
    client.force_login(person)
    return client.post(address, given)


def move(incident: Incident, name: str) -> str:
    return f"/incidents/{incident.number}/moves/{name}/"


def act(card: Card, name: str) -> str:
    return f"/incidents/{card.incident.number}/cards/{card.pk}/{name}/"


def test_the_unit_finds_what_waits_for_its_answer_and_the_issuer_what_it_gave_out(desk: Desk, client: Client) -> None:
    cast, play = desk.cast, desk.play
    incident = play.report(text="河道边倾倒垃圾")
    card = desk.card(incident, cast.village, cast.town_duty_chief, "red")
    page = opened(client, cast.village_clerk)
    assert "河道边倾倒垃圾" in page and "red card" in page and act(card, "reply_card") in page
    assert act(card, "withdraw_card") not in page
    assert "河道边倾倒垃圾" not in opened(client, cast.town_clerk)
    given_out = opened(client, cast.town_clerk, PAGE + "?tab=issued")
    assert "河道边倾倒垃圾" in given_out and act(card, "withdraw_card") not in given_out
    assert act(card, "withdraw_card") in opened(client, cast.town_head, PAGE + "?tab=issued")
    assert "河道边倾倒垃圾" not in opened(client, cast.sibling_clerk)


def test_what_is_over_stays_in_the_history_of_both_with_its_words(desk: Desk, client: Client) -> None:
    cast = desk.cast
    incident = desk.play.report(text="路灯不亮")
    desk.reply(desk.card(incident, cast.village, cast.town_clerk), cast.village_clerk)
    desk.withdraw(desk.urge(incident, cast.village, cast.town_clerk), cast.town_clerk)
    for person in (cast.village_clerk, cast.town_head):
        assert "路灯不亮" not in opened(client, person)
        history = opened(client, person, PAGE + "?tab=history")
        assert history.count("路灯不亮") == 2 and "已安排人员" in history and "发错了" in history


def test_the_list_is_narrowed_to_urges_or_to_one_colour_and_counts_what_is_left(desk: Desk, client: Client) -> None:
    cast = desk.cast
    incident = desk.play.report()
    desk.urge(incident, cast.village, cast.town_clerk)
    desk.card(incident, cast.village, cast.town_clerk, "yellow")
    desk.card(incident, cast.village, cast.town_head, "red")
    for what, number in (("", 3), ("urge", 1), ("yellow", 1), ("red", 1), ("ordinary", 0), ("nonsense", 3)):
        page = opened(client, cast.village_clerk, f"{PAGE}?what={what}")
        assert page.count('class="card-row"') == number, what
        assert f'title-count">{number}<' in page


def test_rows_alone_answer_304_while_nothing_changes(desk: Desk, client: Client) -> None:
    cast = desk.cast
    incident = desk.play.report()
    desk.urge(incident, cast.village, cast.town_clerk)
    client.force_login(cast.village_clerk)
    first = client.get(PAGE + "?rows=1")
    assert first.content.count(b'class="card-row"') == 1
    assert client.get(PAGE + "?rows=1", headers={"If-None-Match": first["ETag"]}).status_code == 304
    desk.card(incident, cast.village, cast.town_clerk)
    assert client.get(PAGE + "?rows=1", headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_the_page_asks_the_database_as_often_for_many_as_for_one(desk: Desk, client: Client) -> None:
    cast, play = desk.cast, desk.play

    def asked() -> int:
        client.force_login(cast.village_clerk)
        client.get(PAGE)
        with CaptureQueriesContext(connection) as taken:
            client.get(PAGE)
        return len(taken)

    desk.card(play.report(), cast.village, cast.town_clerk)
    one = asked()
    for _number in range(5):
        desk.card(play.report(), cast.village, cast.town_clerk)
    assert asked() == one <= 14


def test_the_badge_counts_what_this_person_may_answer(desk: Desk, client: Client) -> None:
    cast = desk.cast
    desk.urge(desk.play.report(), cast.village, cast.town_clerk)
    for person, number in ((cast.village_clerk, ">1<"), (cast.village_checker, ">1<"), (cast.town_clerk, "><")):
        badges = opened(client, person, "/frame/badges/")
        assert f"data-count='supervision']\"{number}" in badges.replace("&#x27;", "'"), person


def test_the_form_says_what_follows_and_gives_the_card(desk: Desk, client: Client) -> None:
    cast = desk.cast
    incident = desk.play.report()
    form = opened(client, cast.town_clerk, move(incident, "supervise"))
    assert "Comes before 南陵社区, which must answer within 7 days." in form
    assert 'value="yellow"' in form and 'value="red"' not in form
    given = {"note": "超期", "target_unit": cast.village.pk, "colour": "yellow", "seq": incident.seq, "key": "k1"}
    for status in (302, 422):
        assert pressed(client, cast.town_clerk, move(incident, "supervise"), **given).status_code == status
    assert [card.colour for card in Card.objects.all()] == ["yellow"]


def test_what_is_missing_comes_back_with_what_was_typed(desk: Desk, client: Client) -> None:
    cast = desk.cast
    incident = desk.play.report()
    given = {"note": "群众反复来电", "target_unit": cast.village.pk, "seq": incident.seq}
    response = pressed(client, cast.town_clerk, move(incident, "supervise"), **given)
    assert response.status_code == 422
    page = response.content.decode()
    assert "群众反复来电" in page and "Choose which card." in page
    card = desk.urge(incident, cast.village, cast.town_clerk)
    response = pressed(client, cast.village_clerk, act(card, "reply_card"), note=" ", seq=card.seq)
    assert response.status_code == 422 and not Card.objects.exclude(state="issued").exists()


def test_an_answer_leads_back_to_the_list_it_came_from(desk: Desk, client: Client) -> None:
    cast = desk.cast
    card = desk.urge(desk.play.report(), cast.village, cast.town_clerk)
    here = PAGE + "?what=urge"
    assert here in opened(client, cast.village_clerk, act(card, "reply_card") + f"?next={here}")
    response = pressed(client, cast.village_clerk, act(card, "reply_card"), note="马上去", seq=card.seq, next=here)
    assert response.headers["Location"] == here
    card.refresh_from_db()
    assert card.answer == "马上去"


def test_who_urged_lately_reads_when_the_next_time_is_possible(desk: Desk, client: Client) -> None:
    cast = desk.cast
    incident = desk.play.report()
    desk.urge(incident, cast.village, cast.town_clerk)
    client.force_login(cast.town_head)
    response = client.get(move(incident, "urge"))
    assert response.status_code == 409
    assert "the next time is possible from" in response.content.decode()


def test_the_panel_shows_the_cards_with_their_lights_and_offers_what_each_may_do(desk: Desk, client: Client) -> None:
    cast = desk.cast
    incident = desk.play.report()
    panel = f"/incidents/{incident.number}/panel/"
    assert move(incident, "urge") in opened(client, cast.town_clerk, panel)
    card = desk.urge(incident, cast.village, cast.town_clerk)
    shown = opened(client, cast.town_clerk, panel)
    assert "Urges and cards" in shown and act(card, "withdraw_card") in shown and move(incident, "urge") not in shown
    assert act(card, "reply_card") in opened(client, cast.village_clerk, panel)


def test_the_timeline_tells_of_cards_in_words(desk: Desk, client: Client) -> None:
    cast = desk.cast
    incident = desk.play.report()
    desk.reply(desk.card(incident, cast.village, cast.town_clerk), cast.village_clerk)
    page = opened(client, cast.town_clerk, f"/incidents/{incident.number}/")
    assert "Supervision card" in page and "yellow card" in page and "Answered the card" in page
    assert "已安排人员" in page
