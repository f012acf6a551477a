"""The main job in a real Chromium, in both languages: reported on a phone, climbed, dispatched, done, checked, told."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from dispatch import notices
from dispatch.models import Assignment
from dispatch.supervision import sweep_until_drained
from incidents.models import Clock, Incident, IncidentEvent, Light, Photo
from incidents.states import State
from tests.dispatch.play import play
from tests.journeys.walk import LANGUAGES, PHONE, OpenWalk, Walk, Window, open_walk, photo

__all__ = ["open_walk", "play"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

WHAT = "下水道堵塞，污水漫到路面，行人绕行"
BRICK, GREEN = (150, 90, 60), (70, 130, 80)
in_both_languages = pytest.mark.parametrize("language", LANGUAGES)


def fresh() -> Incident:
    return Incident.objects.get()


def report_from_the_phone(walk: Walk, officer: Window) -> Incident:
    """One picture, two taps for the category, words, one button."""
    page = officer.go("/report/")
    expect(page.locator("#place-words .place-path b")).to_contain_text("南陵社区 · 一网格")
    page.locator("#send").click()
    expect(page.locator("[data-error=text]")).to_be_visible()
    page.locator("[data-shots=photos] [data-shots-input]").first.set_input_files(photo("before.jpg", BRICK))
    expect(page.locator("[data-shots=photos] .photo img")).to_be_visible()
    page.locator("#category-words").tap()
    page.locator("#category-words").fill("噪声" if walk.language == "zh-hans" else "Noise")
    officer.look("report-category")
    page.locator("#category-found [role=option]").first.tap()
    expect(page.locator("input[name=category]:checked")).to_have_count(1)
    page.locator("#id_text").fill(WHAT)
    expect(page.locator("#consequence")).to_contain_text(walk.play.cast.village.name)
    officer.ready()
    officer.look("report-filled")
    page.locator("#send").click()
    page.wait_for_url("**/report/sent/**")
    officer.ready()
    return fresh()


def accept_by_key(clerk: Window, title: str) -> None:
    """From the desk with the keyboard alone: down to the row, act."""
    page = clerk.page
    page.keyboard.press("j")
    expect(page.locator(".desk-row").first).to_be_focused()
    expect(page.locator(".desk-row").first).to_contain_text(title)
    page.keyboard.press("a")
    expect(page.locator(".desk-row")).to_have_count(0)


def open_by_key(clerk: Window, tab: str) -> None:
    """The first row of a tab, opened with the keyboard alone."""
    page = clerk.go(f"{clerk.page.url.removeprefix(clerk.walk.url).split('?')[0]}?tab={tab}")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/incidents/*/")
    clerk.ready()


@in_both_languages
def test_sw_7_from_the_officers_phone_to_the_answer(open_walk: OpenWalk, language: str) -> None:
    walk = open_walk(language)
    cast = walk.play.cast
    walk.given |= {WHAT, "村里没有疏通设备", "须住建部门处置", "疏通管道，清理路面", "只清理路面", "已疏通，路面已清理",
                   "路面已冲洗", "现场核查属实"}  # fmt: skip

    officer = walk.window(cast.officer, PHONE, at=cast.grid)
    page = officer.go("/login/")
    officer.look("login")
    officer.sign_in()
    officer.look("today-empty")
    incident = report_from_the_phone(walk, officer)
    number = incident.number
    assert incident.state == State.REPORTED and incident.place_id == cast.grid.pk
    assert Photo.objects.filter(incident=incident).count() == 1
    expect(page.locator(".sent")).to_contain_text(number)
    expect(page.locator(".sent")).to_contain_text(cast.village.name)
    expect(page.locator(".sent time").first).to_be_visible()
    officer.look("sent")

    village = walk.signed_in(cast.village_clerk)
    assert f"/desk/{cast.village.pk}/" in village.page.url
    village.look("desk-village")
    accept_by_key(village, incident.title)
    open_by_key(village, "hand")
    village.look("incident-village")
    village.press("escalate")
    village.dialog()
    village.page.locator("#move-dialog button[type=submit]").click()
    expect(village.page.locator("#note-fault")).to_be_visible()
    village.look("escalate-without-reason")
    village.page.locator("#move-note").fill("村里没有疏通设备")
    village.send()
    assert fresh().holder_id == cast.town.pk

    town = walk.signed_in(cast.town_clerk)
    town.look("desk-town")
    open_by_key(town, "accept")
    town.move("escalate", "须住建部门处置")

    district = walk.signed_in(cast.district_clerk)
    accept_by_key(district, incident.title)
    assert (fresh().state, fresh().holder_id) == (State.ACCEPTED, cast.district.pk)

    dispatcher = walk.signed_in(cast.district_dispatcher)
    dispatcher.look("desk-district")
    dispatch_to_two(dispatcher, number)
    assert fresh().state == State.DISPATCHED

    finish(walk.signed_in(cast.handler), "已疏通，路面已清理", name="department", after=True)
    finish(walk.signed_in(cast.other_handler), "路面已冲洗", name="other-department")
    assert (fresh().state, fresh().holder_id) == (State.ANSWERED, cast.district.pk)

    checker = walk.signed_in(cast.district_checker)
    checker.go(f"/desk/{cast.district.pk}/?tab=check")
    checker.look("desk-to-check")
    open_by_key(checker, "check")
    checker.look("incident-to-check")
    checker.move("close", "现场核查属实")
    assert fresh().state == State.CLOSED
    the_whole_story_is_told(checker.incident(number), walk)
    checker.look("incident-closed")

    the_officer_reads_the_answer(officer, number)


def dispatch_to_two(dispatcher: Window, number: str) -> None:
    """To two departments with an order of its own for the second; forgetting the units keeps what was typed."""
    cast = dispatcher.walk.play.cast
    page = dispatcher.incident(number)
    dispatcher.press("dispatch")
    dispatcher.dialog()
    page.locator("#move-order_text").fill("疏通管道，清理路面")
    page.locator("#move-dialog button[type=submit]").click()
    expect(page.locator("#order-fault")).to_be_visible()
    expect(page.locator("#move-order_text")).to_have_value("疏通管道，清理路面")
    for unit in (cast.department, cast.other_department):
        page.locator("[data-filter=unit-choices]").fill(unit.name)
        page.locator(f"input[name=units][value='{unit.pk}']").check()
    page.locator("[data-filter=unit-choices]").fill("")
    page.locator(f"input[name=lead][value='{cast.department.pk}']").check()
    page.locator(f"input[name='text-{cast.other_department.pk}']").fill("只清理路面")
    dispatcher.look("dispatch-form")
    dispatcher.send()
    dispatcher.look("incident-dispatched")
    said = dict(Assignment.objects.values_list("unit_id", "order"))
    assert said == {cast.department.pk: "疏通管道，清理路面", cast.other_department.pk: "只清理路面"}


def finish(handler: Window, said: str, *, name: str, after: bool = False) -> None:
    """The department's own desk: sign at once, open what is in hand, feed back, with a picture if asked."""
    page = handler.page
    handler.look(f"desk-{name}", axe=after)
    page.locator(".desk-row [data-act]").first.click()
    expect(page.locator(".desk-row")).to_have_count(0)
    open_by_key(handler, "work")
    handler.press("feed_back", order=True)
    handler.dialog()
    page.locator("#move-note").fill(said)
    if after:
        page.locator("#move-dialog input[type=file]").set_input_files(photo("after.jpg", GREEN))
        handler.look("feed-back-form")
    handler.send()
    handler.look(f"incident-{name}", axe=after)


def the_whole_story_is_told(page: Page, walk: Walk) -> None:
    """Every act, up, down and sideways, how long each unit had it, which light that earned, both pictures."""
    cast = walk.play.cast
    history = page.locator("#incident-timeline")
    acts = IncidentEvent.objects.filter(incident=fresh()).values_list("kind", flat=True)
    assert {"report", "accept", "escalate", "dispatch", "signed", "fed_back", "answer", "close"} <= set(acts)
    assert history.locator("> li").count() >= 10
    for direction in ("up", "down"):
        expect(history.locator(f"> li.is-{direction}").first).to_be_visible()
    for unit in (cast.village, cast.town, cast.district, cast.department, cast.other_department):
        expect(history).to_contain_text(str(unit))
    lasted = history.locator(".timeline-held")
    assert lasted.count() >= 8
    green = lasted.locator(".light-green")
    assert green.count() >= 5
    expect(page.locator("#photos img")).to_have_count(2)
    expect(page.locator("#incident-status .light-green").first).to_be_visible()


def the_officer_reads_the_answer(officer: Window, number: str) -> None:
    """A message with the result; it leads to the incident; the list of own reports says it ended in time."""
    notices.announce_until_done(now=timezone.now())
    page = officer.go("/inbox/")
    expect(page.locator(".notice.is-unread").first).to_be_visible()
    expect(page.locator(".notice").first).to_contain_text(WHAT[:6])
    officer.look("inbox")
    page.locator(".notice").first.click()
    page.wait_for_url(f"**/incidents/{number}/")
    officer.ready()
    expect(page.locator("#incident-timeline")).to_contain_text("现场核查属实")
    officer.look("incident-phone")
    officer.go("/mine/?state=any&mine=1")
    expect(page.locator(".desk-row .light-green").first).to_be_visible()
    officer.look("mine")
    officer.go("/today/")
    officer.look("today-after")


@in_both_languages
def test_tl_4_the_desks_show_what_the_clock_moved_and_the_red_it_earned(open_walk: OpenWalk, language: str) -> None:
    walk = open_walk(language)
    play, cast, today = walk.play, walk.play.cast, timezone.now()
    play.now = today - timedelta(days=21)
    incident = play.report()
    walk.given.add(incident.text)
    for days in (12, 1):
        sweep_until_drained(now=today - timedelta(days=days))
    assert (fresh().state, fresh().holder_id) == (State.REPORTED, cast.district.pk)
    notices.announce_until_done(now=today)

    village = walk.signed_in(cast.village_clerk)
    expect(village.page.locator(".desk-row")).to_have_count(0)
    district = walk.signed_in(cast.district_clerk)
    expect(district.page.locator(".desk-row")).to_have_count(1)
    district.look("desk-climbed")
    page = district.incident(incident.number)
    marks = page.locator("#incident-status .light-red")
    for unit in (cast.village, cast.town):
        expect(page.locator("#incident-status")).to_contain_text(str(unit))
    assert marks.count() >= 2
    district.look("incident-climbed")
    page.locator("#incident-status .why").click()
    expect(page.locator("#move-dialog")).to_be_visible()
    district.ready()
    expect(page.locator("#move-dialog table, #move-dialog dl").first).to_be_visible()
    district.look("why-this-deadline")
    page.keyboard.press("Escape")
    with page.expect_response(lambda answer: answer.url.endswith("/accept/")):
        district.press("accept")
    expect(page.locator("#incident-status")).to_contain_text(str(cast.town))
    assert Clock.objects.filter(incident=incident, final_light=Light.RED).count() == 2

    chief = walk.signed_in(cast.village_head)
    chief.go("/inbox/")
    expect(chief.page.locator(".notice").first).to_be_visible()
    chief.look("inbox-head")


@in_both_languages
def test_an_order_comes_back_is_given_to_another_and_the_work_is_done_again(open_walk: OpenWalk, language: str) -> None:
    walk = open_walk(language)
    play, cast = walk.play, walk.play.cast
    play.now = timezone.now() - timedelta(minutes=30)
    incident = play.dispatched(cast.department, cast.other_department)
    walk.given |= {incident.text, "请立即处置", "有理由", "已修复", "不归本局管", "已修好", "照片看不清", "重新修好"}
    walk.given |= {"等雨停再施工"}

    handler = walk.signed_in(cast.handler)
    page = handler.incident(incident.number)
    handler.press("return", order=True)
    handler.dialog()
    page.locator("#move-note").fill("不归本局管")
    page.locator("#move-dialog button[type=submit]").click()
    expect(page.locator("#move-dialog .field-fault").first).to_be_visible()
    expect(page.locator("#move-note")).to_have_value("不归本局管")
    page.locator("#move-dialog input[name=reason]").first.check()
    page.locator("#move-dialog select[name=proposed_unit]").select_option(cast.town.pk)
    handler.look("return-form")
    handler.send()

    dispatcher = walk.signed_in(cast.district_dispatcher)
    dispatcher.go(f"/desk/{cast.district.pk}/?tab=returned")
    expect(dispatcher.page.locator(".desk-row")).to_have_count(1)
    dispatcher.look("desk-returned")
    page = dispatcher.incident(incident.number)
    page.locator(".orders > li", has_text=cast.department.name).locator("a[href$='/replace/']").click()
    dispatcher.dialog()
    page.locator(f"input[name=units][value='{cast.town.pk}']").check()
    dispatcher.look("replace-form", axe=False)
    dispatcher.send()

    play.now = timezone.now()
    play.finish(incident, cast.other_department, cast.other_handler)
    town = walk.signed_in(cast.town_clerk)
    town.go(f"/desk/{cast.town.pk}/?tab=sign")
    town.page.locator(".desk-row [data-act]").first.click()
    expect(town.page.locator(".desk-row")).to_have_count(0)
    town.incident(incident.number)
    town.move("feed_back", "已修好", order=True)

    checker = walk.signed_in(cast.district_checker)
    page = checker.incident(incident.number)
    checker.press("rework")
    checker.dialog()
    page.locator("#move-note").fill("照片看不清")
    page.locator("#move-dialog label", has_text=cast.other_department.name).locator("input").uncheck()
    checker.look("rework-form")
    checker.send()
    assert (fresh().state, fresh().rework_count) == (State.DISPATCHED, 1)

    town.incident(incident.number)
    with town.page.expect_response(lambda answer: answer.url.endswith("/sign/")):
        town.press("sign", order=True)
    the_work_rests_and_goes_on(walk, town, incident)
    town.incident(incident.number)
    town.move("feed_back", "重新修好", order=True)
    assert fresh().state == State.ANSWERED
    town.look("incident-after-rework")


def the_work_rests_and_goes_on(walk: Walk, other: Window, incident: Incident) -> None:
    """Suspension asked by the unit at work, granted by the duty chief on the phone, ended by the duty chief."""
    cast = walk.play.cast
    page = other.incident(incident.number)
    other.press("ask_suspend")
    other.dialog()
    page.locator("#move-note").fill("等雨停再施工")
    page.locator("#move-dialog input[name=review_at]").fill(f"{timezone.localdate() + timedelta(days=5):%Y-%m-%d}")
    other.look("ask-suspend-form")
    other.send()
    expect(page.locator("#incident-panel .banner")).to_contain_text("等雨停再施工")

    chief = walk.signed_in(cast.district_duty_chief, PHONE)
    chief.go(f"/desk/{cast.district.pk}/?tab=requests")
    expect(chief.page.locator(".desk-row")).to_have_count(1)
    chief.look("desk-requests")
    chief.page.locator(".desk-row a[href*='/grant/']").first.click()
    chief.dialog()
    chief.look("grant-form")
    chief.send()
    assert fresh().state == State.SUSPENDED
    chief.incident(incident.number)
    chief.look("incident-suspended")
    with chief.page.expect_response(lambda answer: answer.url.endswith("/resume/")):
        chief.press("resume")
    assert fresh().state == State.DISPATCHED


@in_both_languages
def test_who_comes_second_reads_that_somebody_was_faster(open_walk: OpenWalk, language: str) -> None:
    walk = open_walk(language)
    play, cast = walk.play, walk.play.cast
    play.now = timezone.now() - timedelta(minutes=30)
    incident = play.report()
    walk.given |= {incident.text, "村里处置不了", "第二次上报", "先转给别人"}
    first, second = walk.signed_in(cast.village_clerk), walk.signed_in(cast.village_clerk)
    for window in (first, second):
        window.incident(incident.number)
        window.press("escalate")
        window.dialog()
    first.page.locator("#move-note").fill("村里处置不了")
    second.page.locator("#move-note").fill("第二次上报")
    first.send()
    second.page.locator("#move-dialog .dialog-foot button[type=submit]").click()
    expect(second.page.locator("#move-dialog .banner-error")).to_be_visible()
    second.ready()
    second.look("somebody-was-faster")
    faster = "先一步" if language == "zh-hans" else "Somebody was faster"
    expect(second.page.locator("#move-dialog")).to_contain_text(faster)
    expect(second.page.locator("#move-dialog")).to_contain_text(str(cast.town))
    assert IncidentEvent.objects.filter(incident=incident, kind="escalate").count() == 1

    # The town accepts meanwhile: the form of another clerk still fits, so it keeps the words and asks once more.
    town = walk.signed_in(cast.town_clerk)
    page = town.incident(incident.number)
    town.press("send_back")
    town.dialog()
    page.locator("#move-note").fill("先转给别人")
    play.now = timezone.now()
    play.press(incident, "accept", cast.town_clerk)
    page.locator("#move-dialog .dialog-foot button[type=submit]").click()
    expect(page.locator("#move-dialog .banner-error")).to_be_visible()
    expect(page.locator("#move-note")).to_have_value("先转给别人")
    town.look("stale-form", axe=False)
    town.send()
    assert fresh().holder_id == cast.village.pk


@in_both_languages
def test_a_move_is_made_without_scripts(open_walk: OpenWalk, language: str) -> None:
    walk = open_walk(language)
    play, cast = walk.play, walk.play.cast
    play.now = timezone.now() - timedelta(minutes=30)
    incident = play.report()
    walk.given |= {incident.text, "村里没有设备"}
    clerk = walk.window(cast.village_clerk, scripts=False)
    page = clerk.page
    page.goto(walk.url + "/login/")
    page.locator("#id_username").fill(cast.village_clerk.username)
    page.locator("#id_password").fill(cast.password)
    page.locator(".sign-in-form button.btn-primary").click()
    page.goto(f"{walk.url}/incidents/{incident.number}/")
    page.locator("#incident-panel noscript a, #incident-panel a").first.click()
    page.locator("a[href$='/moves/escalate/']").click()
    page.locator("form[action$='/moves/escalate/'] button[type=submit]").click()
    expect(page.locator("#note-fault")).to_be_visible()
    page.locator("#move-note").fill("村里没有设备")
    walk.picture(page, "escalate-without-scripts", clerk.size)
    page.locator("form[action$='/moves/escalate/'] button[type=submit]").click()
    page.wait_for_url(f"**/incidents/{incident.number}/")
    assert fresh().holder_id == cast.town.pk
