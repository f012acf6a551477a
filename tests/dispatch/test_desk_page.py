"""The desk of a unit: what lies in its tabs, who may press what there, and that it stays cheap and up to date."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dispatch import desks, narrowing, selectors
from dispatch.desks import Desk
from dispatch.orders import Order
from grids import permissions
from grids.models import Person, Unit
from incidents.filters import Filters
from incidents.models import Clock, Incident, IncidentEvent
from incidents.states import Stage, State
from tests.dispatch.play import Play
from tests.incidents.story import Story

CEILING = 12
HTMX = {"hx-request": "true"}


@pytest.fixture
def play(story: Story) -> Play:
    """A play at the present moment, as pages look at the clock themselves."""
    found = Play(story.cast)
    found.now = timezone.now() - timedelta(hours=3)
    return found


def open_desk(client: Client, person: Person, unit: Unit, **query: str):
    client.force_login(person)
    return client.get(reverse("dispatch:desk", args=[unit.pk]), query)


def numbers(response) -> list[str]:
    return [line.row.number for line in response.context["lines"]]


def desk_of(person: Person, unit: Unit, now, **filters) -> Desk:
    rights = permissions.rights_at(person, [unit.pk], now=now)[unit.pk]
    return Desk(unit, person, frozenset(rights), now, Filters(**filters))


@pytest.fixture
def busy(play: Play) -> dict[str, Incident]:
    """Something in every tab of the district, the town, the village and the department."""
    cast = play.cast
    made = {
        "village": play.report(text="待村里受理"),
        "in_hand": play.press(play.report(), "accept", cast.village_clerk),
        "at_district": play.at_district(),
        "dispatched": play.dispatched(),
        "signed": play.dispatched(),
        "answered": play.answered(),
        "returned": play.dispatched(cast.department, cast.other_department),
        "asked": play.at_district(),
    }
    play.press(made["signed"], "sign", cast.handler, assignment_id=play.order(made["signed"]).pk)
    order = play.order(made["returned"], cast.department)
    play.press(made["returned"], "return", cast.handler, assignment_id=order.pk, reason="not_ours")
    play.press(made["asked"], "ask_void", cast.district_clerk, note="误报")
    back = play.press(play.report(text="退回村里"), "escalate", cast.village_clerk)
    made["back"] = play.press(back, "send_back", cast.town_clerk)
    return made


def test_a_unit_out_of_sight_or_without_a_desk_is_404(client: Client, play: Play) -> None:
    cast = play.cast
    assert open_desk(client, cast.village_clerk, cast.town).status_code == 404
    assert open_desk(client, cast.handler, cast.other_department).status_code == 404
    assert open_desk(client, cast.stranger, cast.village).status_code == 404
    assert open_desk(client, cast.observer, cast.grid).status_code == 404
    assert client.get(reverse("dispatch:desk", args=["nonsense"])).status_code == 404


def test_each_tab_holds_what_waits_for_the_unit(client: Client, play: Play, busy: dict[str, Incident]) -> None:
    cast = play.cast

    def shown(person: Person, unit: Unit, tab: str) -> set[str]:
        found = set(numbers(open_desk(client, person, unit, tab=tab)))
        return {name for name, incident in busy.items() if incident.number in found}

    assert shown(cast.village_clerk, cast.village, "accept") == {"village", "back"}
    assert shown(cast.village_clerk, cast.village, "hand") == {"in_hand"}
    assert shown(cast.village_clerk, cast.village, "returned") == {"back"}
    at_district = {"at_district", "dispatched", "signed", "returned", "asked"}
    assert shown(cast.district_clerk, cast.district, "hand") == at_district
    assert shown(cast.district_clerk, cast.district, "check") == {"answered"}
    assert shown(cast.district_clerk, cast.district, "returned") == {"returned"}
    assert shown(cast.district_duty_chief, cast.district, "requests") == {"asked"}
    assert shown(cast.handler, cast.department, "sign") == {"dispatched"}
    assert shown(cast.handler, cast.department, "work") == {"signed"}
    assert shown(cast.handler, cast.department, "fed") == {"answered"}
    assert shown(cast.handler, cast.department, "back") == {"returned"}
    assert shown(cast.other_handler, cast.other_department, "sign") == {"returned"}


def test_every_count_equals_the_rows_of_its_tab(play: Play, busy: dict[str, Incident]) -> None:
    cast, now = play.cast, timezone.now()
    for person, unit in (
        (cast.village_clerk, cast.village),
        (cast.town_clerk, cast.town),
        (cast.district_clerk, cast.district),
        (cast.handler, cast.department),
        (cast.observer, cast.other_department),
    ):
        for filters in ({}, {"urgency": "urgent"}, {"under": cast.town.pk}, {"light": "unlit"}):
            desk = desk_of(person, unit, now, **filters)
            counts = desk.counts()
            for tab in desk.tabs:
                if filters.get("light") and not tab.stages:
                    continue
                assert counts[tab.key] == len(desk.page(tab)[0]), (unit, tab.key, filters)


@pytest.mark.parametrize("few", [0, 500])
def test_few_and_many_found_lie_on_a_desk_in_the_same_order(
    play: Play, busy: dict[str, Incident], monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(narrowing, "FEW", few)
    cast, now = play.cast, timezone.now()
    whole, none = (desk_of(cast.district_clerk, cast.district, now, **each) for each in ({}, {"words": "飞碟"}))
    found = desk_of(cast.district_clerk, cast.district, now, words="井盖")
    for tab in whole.tabs:
        wanted = [line.row.number for line in whole.page(tab)[0] if "井盖" in line.row.incident.text]
        assert [line.row.number for line in found.page(tab)[0]] == wanted
        assert found.counts()[tab.key] == len(wanted)
        assert none.page(tab)[0] == [] and none.counts()[tab.key] == 0


def test_rows_are_sorted_by_the_clock_against_this_unit_and_what_stands_still_comes_last(play: Play) -> None:
    cast = play.cast
    waiting = play.dispatched()
    urgent = play.at_district(urgency="urgent")
    calm = play.at_district()
    desk = desk_of(cast.district_clerk, cast.district, timezone.now())
    lines, _page = desk.page(desk.tab("hand"))
    assert [line.row.number for line in lines] == [urgent.number, calm.number, waiting.number]
    assert [line.clock.light for line in lines] == ["unlit", "unlit", "paused"]
    assert lines[2].row.handlers == cast.department.label
    assert lines[2].row.others.light == "unlit"


def test_every_page_of_a_long_tab_is_met_once(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desks, "SIZE", 3)
    made = {play.report().number for _ in range(8)}
    # Several due in the same second: the order must still be total.
    Clock.objects.filter(stage=Stage.ACCEPT).update(due_at=play.now + timedelta(hours=8))
    desk = desk_of(play.cast.village_clerk, play.cast.village, timezone.now())
    seen, after, pages = [], "", []
    while True:
        lines, page = desk.page(desk.tab("accept"), after=after)
        seen += [line.row.number for line in lines]
        pages.append(page)
        if not page.after:
            break
        after = page.after
    assert len(seen) == 8 and set(seen) == made
    back, _page = desk.page(desk.tab("accept"), before=pages[-1].before)
    assert [line.row.number for line in back] == seen[3:6]


def test_the_only_order_returned_shows_under_returned_too(client: Client, play: Play) -> None:
    cast = play.cast
    incident = play.dispatched(cast.department)
    play.press(incident, "return", cast.handler, assignment_id=play.order(incident).pk, reason="not_ours")
    assert numbers(open_desk(client, cast.district_dispatcher, cast.district, tab="returned")) == [incident.number]


@pytest.mark.parametrize("mark", ["nonsense", "n1", "t1~t2~t3", "n1~n2~n3", "n" + "9" * 30 + "~n1~n1"])
def test_a_mark_that_makes_no_sense_shows_the_first_page(client: Client, play: Play, mark: str) -> None:
    incident = play.report()
    response = open_desk(client, play.cast.village_clerk, play.cast.village, after=mark)
    assert response.status_code == 200
    if mark != "n1~n2~n3":
        assert numbers(response) == [incident.number]


def test_only_those_with_the_duty_here_get_buttons(client: Client, play: Play, busy: dict[str, Incident]) -> None:
    cast = play.cast
    for person in (cast.observer, cast.auditor, cast.district_head, cast.town_clerk, cast.village_head):
        response = open_desk(client, person, cast.village)
        assert response.status_code == 200
        text = response.content.decode()
        assert "data-act" not in text.split("data-desk-rows")[1] and 'name="pick"' not in text, person
    text = open_desk(client, cast.village_clerk, cast.village).content.decode()
    assert "data-act" in text and 'name="pick"' in text
    chief = open_desk(client, cast.district_duty_chief, cast.district, tab="requests").content.decode()
    assert "/grant/" in chief and "/refuse/" in chief
    asker = open_desk(client, cast.district_clerk, cast.district, tab="requests").content.decode()
    assert "/grant/" not in asker


def test_the_desk_asks_at_most_twelve_queries_on_any_tab_and_filter(
    client: Client, play: Play, busy: dict[str, Incident]
) -> None:
    cast = play.cast
    for person, unit in (
        (cast.village_clerk, cast.village),
        (cast.town_clerk, cast.town),
        (cast.district_dispatcher, cast.district),
        (cast.district_duty_chief, cast.district),
        (cast.handler, cast.department),
        (cast.observer, cast.district),
    ):
        for tab in desk_of(person, unit, timezone.now()).tabs:
            narrowed = {"category": str(play.category.pk), "under": cast.town.pk, "q": "井盖 12", "light": "red"}
            if tab.of_orders and unit == cast.town:
                # Holds incidents and takes orders: the one kind of page with a query more than others.
                del narrowed["category"]
            for query in ({}, {"light": "red"}, {"urgency": "urgent", "under": cast.town.pk, "q": "井盖"}, narrowed):
                client.force_login(person)
                with CaptureQueriesContext(connection) as asked:
                    client.get(reverse("dispatch:desk", args=[unit.pk]), {"tab": tab.key, **query})
                assert len(asked) <= CEILING, (unit, tab.key, query, [q["sql"][:90] for q in asked])


def test_the_rows_alone_answer_304_until_something_changes(client: Client, play: Play) -> None:
    play.report()
    first = open_desk(client, play.cast.village_clerk, play.cast.village, rows="1")
    assert first.status_code == 200 and "<html" not in first.content.decode()
    assert 'id="desk-tabs" hx-swap-oob="true"' in first.content.decode()
    url = reverse("dispatch:desk", args=[play.cast.village.pk])
    same = client.get(url, {"rows": "1"}, headers={"if-none-match": first["ETag"]})
    assert same.status_code == 304
    play.report()
    fresh = client.get(url, {"rows": "1"}, headers={"if-none-match": first["ETag"]})
    assert fresh.status_code == 200


def test_several_are_accepted_at_once_and_the_refused_one_keeps_its_reason(client: Client, play: Play) -> None:
    cast = play.cast
    first, second, moved = play.report(), play.report(), play.report()
    rows = open_desk(client, cast.village_clerk, cast.village).context["lines"]
    picks = [line.pick for line in rows]
    play.press(moved, "accept", cast.village_clerk)
    url = reverse("dispatch:several", args=[cast.village.pk, "accept"])
    response = client.post(url, {"pick": picks, "key": "k1"}, headers=HTMX)
    assert response.status_code == 200
    refused = {result.number: result.refused for result in response.context["results"]}
    assert not refused[first.number] and not refused[second.number] and refused[moved.number]
    assert {play.fresh(each).state for each in (first, second)} == {State.ACCEPTED}
    assert IncidentEvent.objects.filter(kind="accept").count() == 3
    again = client.post(url, {"pick": picks, "key": "k1"}, headers=HTMX)
    assert IncidentEvent.objects.filter(kind="accept").count() == 3
    assert again.status_code == 200


def test_several_orders_are_signed_for_at_once(client: Client, play: Play) -> None:
    made = [play.dispatched(), play.dispatched()]
    cast = play.cast
    picks = [line.pick for line in open_desk(client, cast.handler, cast.department).context["lines"]]
    client.post(reverse("dispatch:several", args=[cast.department.pk, "sign"]), {"pick": picks}, headers=HTMX)
    assert [play.order(each).state for each in made] == ["signed", "signed"]


def test_a_press_on_several_that_needs_a_reason_asks_for_it_first(client: Client, play: Play) -> None:
    cast = play.cast
    incident = play.report()
    picks = [line.pick for line in open_desk(client, cast.village_clerk, cast.village).context["lines"]]
    url = reverse("dispatch:several", args=[cast.village.pk, "escalate"])
    asked = client.post(url, {"pick": picks}, headers=HTMX)
    assert asked.status_code == 200 and "<textarea" in asked.content.decode()
    empty = client.post(url, {"pick": picks, "note": " "}, headers=HTMX)
    assert empty.status_code == 422
    client.post(url, {"pick": picks, "note": "请镇上协调"}, headers=HTMX)
    assert play.fresh(incident).holder == cast.town


def test_nobody_presses_for_several_without_the_duty(client: Client, play: Play) -> None:
    incident = play.report()
    for person in (play.cast.observer, play.cast.town_clerk, play.cast.village_head):
        client.force_login(person)
        url = reverse("dispatch:several", args=[play.cast.village.pk, "accept"])
        assert client.post(url, {"pick": [f"{incident.number}:1"]}).status_code == 404
    client.force_login(play.cast.village_clerk)
    assert client.post(reverse("dispatch:several", args=[play.cast.village.pk, "void"])).status_code == 404
    assert client.get(reverse("dispatch:several", args=[play.cast.village.pk, "accept"])).status_code == 405


def test_todo_leads_to_the_one_desk_and_offers_the_choice_of_several(client: Client, play: Play) -> None:
    cast = play.cast
    client.force_login(cast.village_clerk)
    response = client.get(reverse("dispatch:todo"))
    assert response.url == reverse("dispatch:desk", args=[cast.village.pk])
    from grids import posts
    from grids.duties import Duty

    posts.appoint(unit=cast.town, person=cast.village_clerk, duty=Duty.CHECKER, since=cast.since)
    choice = client.get(reverse("dispatch:todo"))
    assert [desk.unit for desk in choice.context["todo"].desks] == [cast.town, cast.village]
    client.force_login(cast.officer)
    assert client.get(reverse("dispatch:todo")).status_code == 200


def test_the_count_of_what_waits_follows_the_duty(play: Play, busy: dict[str, Incident]) -> None:
    cast, now = play.cast, timezone.now()

    def waiting(person: Person) -> int:
        return selectors.todo_count(person=person, now=now)

    assert waiting(cast.village_clerk) == 3
    assert waiting(cast.village_checker) == 0
    assert waiting(cast.district_checker) == 1
    assert waiting(cast.district_duty_chief) == 1
    assert waiting(cast.handler) == 2
    assert waiting(cast.observer) == waiting(cast.officer) == waiting(cast.stranger) == 0


def test_a_town_finds_its_orders_beside_what_it_holds(client: Client, play: Play) -> None:
    cast = play.cast
    incident = play.press(
        play.at_district(), "dispatch", cast.district_dispatcher, orders=[Order(cast.other_town, "请到场")]
    )
    response = open_desk(client, cast.other_town_clerk, cast.other_town, tab="sign")
    assert numbers(response) == [incident.number]
    assert [line.act for line in response.context["lines"]] == ["sign"]
