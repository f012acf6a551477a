"""The desk and the incident's page in a real Chromium: keys, several at once, somebody faster, by itself up to date."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from incidents.models import IncidentEvent
from incidents.states import State
from tests.dispatch.play import Play, play
from tests.journeys.walk import DESK, PHONE, TABLET, OpenWalk, open_walk

__all__ = ["open_walk", "play"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

LOOKS = [(PHONE, "zh-hans"), (TABLET, "zh-hans"), (DESK, "zh-hans"), (PHONE, "en"), (DESK, "en")]
# What people wrote, and how a page shortens the name of a grid.
GIVEN = {
    "请立即处置",
    "有理由",
    "不属于本单位",
    "误报",
    "井盖缺失，行人绕行",
    "已修复",
    "很长的地点说明",
    "一网格",
    "二网格",
}


@pytest.fixture(autouse=True)
def at_the_present_moment(play: Play) -> None:
    """Pages look at the clock themselves."""
    play.now = timezone.now() - timedelta(hours=3)


@pytest.mark.parametrize(("size", "language"), LOOKS)
def test_every_page_of_a_desk_is_clean_at_every_size(
    open_walk: OpenWalk, play: Play, size: tuple[int, int], language: str
) -> None:
    cast = play.cast
    walk = open_walk(language)
    walk.given |= GIVEN
    play.report(text="井盖缺失，行人绕行", urgency="critical", address="很长的地点说明" * 8)
    returned = play.dispatched(cast.department, cast.other_department)
    order = play.order(returned, cast.department)
    play.press(returned, "return", cast.handler, "不属于本单位", assignment_id=order.pk, reason="not_ours")
    asked = play.at_district()
    play.press(asked, "ask_void", cast.district_clerk, note="误报")
    answered = play.answered()
    walk.given |= {play.category.name, play.category.name_en}
    clerk = walk.signed_in(cast.district_dispatcher, size)
    for tab in ("accept", "hand", "check", "returned", "requests"):
        clerk.go(f"/desk/{cast.district.pk}/?tab={tab}")
        clerk.look(f"desk-{tab}")
    clerk.go("/incidents/?state=any")
    clerk.look("incidents")
    for incident in (returned, asked, answered):
        clerk.incident(incident.number)
        clerk.look(f"incident-{incident.state}")
    clerk.go("/inbox/")
    clerk.look("inbox")
    clerk.go("/incidents/filter/?state=any")
    clerk.look("filter")
    clerk.incident(asked.number)
    clerk.press("dispatch")
    clerk.dialog()
    clerk.look("dispatch")


def test_several_are_picked_and_accepted_and_a_refusal_is_told(open_walk: OpenWalk, play: Play) -> None:
    made = [play.report(text=f"第 {number} 件") for number in range(4)]
    clerk = open_walk("zh-hans").signed_in(play.cast.village_clerk)
    page = clerk.go(f"/desk/{play.cast.village.pk}/")
    for row in range(3):
        page.locator("input[name=pick]").nth(row).check()
    expect(page.locator("[data-pick-count]")).to_have_text("3")
    lost = next(each for each in made if each.number == page.locator(".desk-row").first.get_attribute("id")[4:])
    play.now = timezone.now()
    play.press(lost, "accept", play.cast.village_clerk)
    page.locator(".pick-bar .btn-primary").click()
    expect(page.locator("#move-dialog .results li")).to_have_count(3)
    expect(page.locator("#move-dialog .result-refused")).to_have_count(1)
    page.locator("#move-dialog .dialog-foot [data-close]").click()
    expect(page.locator(".desk-row")).to_have_count(1)
    expect(page.locator("#desk-title .title-count")).to_have_text("1")
    assert IncidentEvent.objects.filter(kind="accept").count() == 3


def test_the_desk_refreshes_itself_and_keeps_what_was_picked(open_walk: OpenWalk, play: Play) -> None:
    play.report(text="先到的一件")
    clerk = open_walk("zh-hans").signed_in(play.cast.village_clerk)
    page = clerk.go(f"/desk/{play.cast.village.pk}/")
    page.locator("input[name=pick]").first.check()
    play.now = timezone.now()
    play.report(text="后到的一件")
    page.evaluate("htmx.trigger('#rows', 'desk:refresh')")
    expect(page.locator(".desk-row")).to_have_count(2)
    expect(page.locator("input[name=pick]:checked")).to_have_count(1)
    expect(page.locator("#desk-tabs [aria-current] .count")).to_have_text("2")


def test_somebody_faster_leaves_the_words_and_shows_where_it_stands(open_walk: OpenWalk, play: Play) -> None:
    incident = play.report()
    clerk = open_walk("zh-hans").signed_in(play.cast.village_clerk)
    page = clerk.incident(incident.number)
    clerk.press("escalate")
    clerk.dialog()
    page.locator("#move-note").fill("需要镇上协调")
    play.now = timezone.now()
    play.press(incident, "accept", play.cast.village_clerk)
    page.locator("#move-dialog .dialog-foot button[type=submit]").click()
    expect(page.locator("#move-dialog .banner-error")).to_be_visible()
    expect(page.locator("#move-note")).to_have_value("需要镇上协调")
    assert play.fresh(incident).state == State.ACCEPTED
    clerk.send()
    expect(page.locator("#incident-timeline")).to_contain_text("需要镇上协调")
    expect(page.locator("#incident-status")).to_contain_text(play.cast.town.name)
    assert play.fresh(incident).holder == play.cast.town


def test_the_page_follows_what_others_do(open_walk: OpenWalk, play: Play) -> None:
    incident = play.report()
    officer = open_walk("zh-hans").signed_in(play.cast.officer, PHONE)
    page = officer.incident(incident.number)
    steps = page.locator("#incident-timeline > li")
    expect(steps).to_have_count(1)
    play.now = timezone.now()
    play.press(incident, "accept", play.cast.village_clerk, note="已安排人员")
    page.evaluate("htmx.trigger('body', 'incident:moved')")
    expect(steps).to_have_count(2)
    expect(page.locator("#incident-timeline")).to_contain_text("已安排人员")


def test_a_comment_appears_and_the_field_is_empty_again(open_walk: OpenWalk, play: Play) -> None:
    incident = play.report()
    clerk = open_walk("zh-hans").signed_in(play.cast.village_clerk)
    page = clerk.incident(incident.number)
    page.locator("#comment-form button").click()
    expect(page.locator("#comment-form .is-invalid")).to_be_visible()
    page.locator("#comment-form textarea").fill("已联系物业")
    page.locator("#comment-form button").click()
    expect(page.locator("#incident-timeline")).to_contain_text("已联系物业")
    expect(page.locator("#comment-form textarea")).to_have_value("")


def test_everything_works_without_scripts(open_walk: OpenWalk, play: Play) -> None:
    incident = play.report(text="无脚本的一件")
    walk = open_walk("zh-hans")
    window = walk.window(play.cast.village_clerk, scripts=False)
    page = window.page
    page.goto(walk.url + "/login/")
    page.locator("#id_username").fill(play.cast.village_clerk.username)
    page.locator("#id_password").fill(play.cast.password)
    page.locator("form button.btn-primary").click()
    page.goto(f"{walk.url}/desk/{play.cast.village.pk}/")
    page.locator("[data-act]").click()
    assert play.fresh(incident).state == State.ACCEPTED
    page.goto(f"{walk.url}/incidents/{incident.number}/moves/escalate/")
    page.locator("#move-note").fill("需镇上协调")
    page.locator("main form .btn-primary").click()
    assert play.fresh(incident).holder == play.cast.town
