"""The officer's day and the list of one's own reports."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from grids import posts
from grids.duties import Duty
from incidents import clocks, field_work, lifecycle
from incidents.births import Position
from incidents.models import Incident, Inspection, Subject
from incidents.states import Stage
from tests.incidents.pages import SignIn
from tests.incidents.story import Story


def answered(story: Story, text: str = "路灯不亮") -> Incident:
    """An incident of the officer's grid that the village says is done."""
    incident = story.report(text=text)
    story.move(incident, "accept", story.cast.village_clerk)
    return story.move(incident, "answer", story.cast.village_clerk, "已修好")


def drawn(story: Story) -> Incident:
    """Settled on the spot by the officer and drawn for a look by the grid's supervisor."""
    point = story.cast.point(story.cast.grid)
    settled = lifecycle.self_handle(
        actor=story.cast.officer,
        now=story.now,
        text="楼道堆物",
        result="已清理",
        category=story.category,
        position=Position(point.x, point.y),
    )
    if not Inspection.objects.filter(incident=settled).exists():
        inspection = Inspection.objects.create(incident=settled, unit=story.cast.grid, drawn_at=story.now)
        clocks.start(
            incident=settled,
            unit=story.cast.grid,
            stage=Stage.CHECK,
            now=story.now,
            subject_kind=Subject.INSPECTION,
            subject_id=inspection.pk,
        )
    return settled


def numbers_on(client: Client, path: str) -> list[str]:
    """Numbers of the incidents on a page, in its order."""
    rows = client.get(path).context["rows"]
    return [row.number for row in rows]


def test_the_day_shows_what_is_open_in_the_grid_worst_first(signed_in: SignIn, story: Story) -> None:
    old = story.report(text="三天前的事")
    story.later(days=3)
    young = story.report(text="今天的事", by=story.cast.second_officer)
    story.report(text="别的网格", grid=story.cast.second_grid)  # by the officer, today
    client = signed_in(story.cast.officer)
    page = client.get("/today/")
    assert [row.number for row in page.context["rows"]] == [old.number, young.number]
    assert (page.context["counts"].open, page.context["counts"].red) == (2, 1)
    assert (page.context["counts"].reported, page.context["counts"].settled) == (1, 0)
    html = page.content.decode()
    assert "南陵社区一网格" in html
    assert "别的网格" not in html


def test_the_day_names_whom_to_call(signed_in: SignIn, story: Story) -> None:
    cast = story.cast
    cast.village.duty_phone = "0833-0000000"
    cast.village.save()
    calls = signed_in(cast.officer).get("/today/").context["calls"]
    assert calls[0].phone == "0833-0000000"
    assert [call.name for call in calls[1:]] == ["甲七", "甲六", "乙一", "乙三"]
    assert "甲一" not in {call.name for call in calls}, "nobody calls themselves"


def test_an_answer_waits_for_the_supervisor_and_the_first_receiver(signed_in: SignIn, story: Story) -> None:
    incident = answered(story)
    for person in (story.cast.officer, story.cast.supervisor):
        waiting = signed_in(person).get("/today/").context["waiting"]
        assert [(each.row.number, each.is_inspection) for each in waiting] == [(incident.number, False)]
    assert signed_in(story.cast.second_officer).get("/today/").context["waiting"] == []
    assert signed_in(story.cast.assistant).get("/today/").context["waiting"] == []


def test_a_drawn_one_waits_for_the_supervisor_and_never_for_who_settled_it(signed_in: SignIn, story: Story) -> None:
    incident = drawn(story)
    waiting = signed_in(story.cast.supervisor).get("/today/").context["waiting"]
    assert [(each.row.number, each.is_inspection) for each in waiting] == [(incident.number, True)]
    assert signed_in(story.cast.officer).get("/today/").context["waiting"] == []
    Inspection.objects.update(ended_at=story.now, confirmed=True)
    assert signed_in(story.cast.supervisor).get("/today/").context["waiting"] == []


def test_what_became_of_a_report_is_news_for_three_days(signed_in: SignIn, story: Story) -> None:
    incident = answered(story)
    story.move(incident, "close", story.cast.town_checker, "属实")
    assert [row.number for row in field_work.news(story.cast.officer, now=story.now)] == [incident.number]
    assert field_work.news(story.cast.second_officer, now=story.now) == []
    assert field_work.news(story.cast.officer, now=story.now + timedelta(days=4)) == []


def test_who_serves_several_grids_chooses_one(signed_in: SignIn, story: Story) -> None:
    cast = story.cast
    posts.appoint(unit=cast.second_grid, person=cast.supervisor, duty=Duty.SUPERVISOR, since=cast.since, now=cast.now)
    client = signed_in(cast.supervisor)
    page = client.get("/today/")
    assert page.context["grid"] == cast.grid
    assert [chip["on"] for chip in page.context["grids"]] == [True, False]
    assert client.get(f"/today/?grid={cast.second_grid.pk}").context["grid"] == cast.second_grid
    assert client.get(f"/today/?grid={cast.third_grid.pk}").context["grid"] == cast.grid, "not theirs"


@pytest.mark.parametrize("name", ["village_clerk", "handler", "stranger"])
def test_who_serves_no_grid_goes_to_their_own_first_page(signed_in: SignIn, story: Story, name: str) -> None:
    answer = signed_in(getattr(story.cast, name)).get("/today/")
    assert (answer.status_code, answer["location"]) == (302, "/")


def test_an_empty_day_says_what_to_do(signed_in: SignIn, story: Story) -> None:
    html = signed_in(story.cast.officer).get("/today/").content.decode()
    assert 'class="empty"' in html
    assert 'href="/report/"' in html


def test_my_reports_are_mine_wherever_they_happened(signed_in: SignIn, story: Story) -> None:
    near = story.report()
    story.later(minutes=1)
    far = story.report(grid=story.cast.other_grid)
    story.later(minutes=1)
    foreign = story.report(by=story.cast.second_officer)
    client = signed_in(story.cast.officer)
    assert numbers_on(client, "/mine/") == [far.number, near.number]
    assert numbers_on(client, f"/mine/?place={story.cast.grid.pk}") == [foreign.number, near.number]
    elsewhere = numbers_on(client, f"/mine/?place={story.cast.other_grid.pk}")
    assert elsewhere == [far.number, near.number], "another's grid is no filter here"


def test_open_ended_and_lights_are_chips_kept_in_the_address(signed_in: SignIn, story: Story) -> None:
    ended = answered(story)
    story.move(ended, "close", story.cast.town_checker, "属实")
    late = story.report(text="逾期的")
    story.later(days=5)
    fresh = story.report(text="新的")
    client = signed_in(story.cast.officer)
    assert numbers_on(client, "/mine/") == [fresh.number, late.number]
    assert set(numbers_on(client, "/mine/?state=any")) == {ended.number, late.number, fresh.number}
    assert numbers_on(client, "/mine/?light=red") == [late.number]
    chips = client.get("/mine/").context["narrow"]
    assert [chip["on"] for chip in chips] == [True, False, False, False]
    assert numbers_on(client, "/mine/" + chips[1]["url"]) == [ended.number]
    assert set(numbers_on(client, "/mine/" + chips[0]["url"])) == {ended.number, late.number, fresh.number}
    assert numbers_on(client, "/mine/" + chips[2]["url"]) == [late.number]
    red = client.get("/mine/?light=red").context["narrow"][2]
    assert red["on"]
    assert numbers_on(client, "/mine/" + red["url"]) == [fresh.number, late.number]


def test_a_long_list_goes_on_and_back_without_gaps(signed_in: SignIn, story: Story) -> None:
    made = []
    for _each in range(45):
        made.append(story.report().number)
        story.later(seconds=1)
    client = signed_in(story.cast.officer)
    seen, url = [], "/mine/"
    while url:
        page = client.get(url)
        seen += [row.number for row in page.context["rows"]]
        last, url = url, "/mine/" + page.context["next_url"] if page.context["next_url"] else ""
    assert seen == made[::-1]
    back = client.get("/mine/" + client.get(last).context["previous_url"])
    assert [row.number for row in back.context["rows"]] == made[::-1][20:40]


def test_an_empty_list_says_why(signed_in: SignIn, story: Story) -> None:
    client = signed_in(story.cast.officer)
    assert 'href="/report/"' in client.get("/mine/?state=any").content.decode()
    assert "icon" in client.get("/mine/?light=red").content.decode()


def test_pages_and_their_fragments_are_made_of_the_same_parts(signed_in: SignIn, story: Story) -> None:
    story.report()
    client = signed_in(story.cast.officer)
    for path in ("/today/", "/mine/"):
        whole = client.get(path).content.decode()
        part = client.get(path, headers={"hx-request": "true"}).content.decode()
        assert "<html" in whole
        assert "<html" not in part
        assert 'class="desk-row"' in part


def test_the_pages_cost_few_queries_however_long_the_list(signed_in: SignIn, story: Story) -> None:
    for _each in range(12):
        story.report()
        answered(story)
    client = signed_in(story.cast.officer)
    client.get("/mine/"), client.get("/today/")
    with CaptureQueriesContext(connection) as mine:
        client.get("/mine/")
    with CaptureQueriesContext(connection) as today:
        client.get("/today/")
    for context, ceiling in ((mine, 10), (today, 18)):
        assert len(context) <= ceiling, "\n".join(query["sql"][:160] for query in context)
