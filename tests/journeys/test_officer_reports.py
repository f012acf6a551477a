"""An officer with a phone in a real Chromium: reports, settles, loses the network, and never a word or a picture."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from PIL import ExifTags, Image
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from grids.models import Person, Unit
from incidents.models import Incident, IncidentEvent, Photo
from incidents.states import State
from tests.incidents.pages import SignIn
from tests.incidents.story import Story

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AXE = Path(settings.BASE_DIR) / "node_modules" / "axe-core" / "axe.min.js"
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 780}, "is_mobile": True, "has_touch": True}
DESK: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
Phone = Callable[..., Page]


@pytest.fixture
def phone(browser: Browser, live_server: LiveServer, signed_in: SignIn, story: Story) -> Iterator[Phone]:
    """Opens the report page as somebody of the cast who stands at a grid; script faults fail the test."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def open_page(
        person: Person,
        at: Unit | None = None,
        path: str = "/report/",
        language: str = "en",
        size: dict[str, Any] = PHONE,
    ) -> Page:
        given: dict[str, Any] = {"reduced_motion": "reduce", **size}
        if at is not None:
            point = story.cast.point(at)
            position = {"longitude": point.x, "latitude": point.y, "accuracy": 9}
            given |= {"geolocation": position, "permissions": ["geolocation"]}
        context = browser.new_context(**given)
        contexts.append(context)
        session = signed_in(person).cookies[settings.SESSION_COOKIE_NAME].value
        cookies = {settings.SESSION_COOKIE_NAME: session, settings.LANGUAGE_COOKIE_NAME: language}
        context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()])
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(live_server.url + path)
        page.wait_for_load_state("networkidle")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


def camera(size: tuple[int, int] = (2600, 1950), orientation: int = 6) -> dict[str, Any]:
    """A picture as a phone takes it: large, lying on its side, with place and time written into it."""
    image = Image.new("RGB", size, (70, 110, 90))
    image.paste(Image.effect_noise((size[0] // 2, size[1] // 2), 40).convert("RGB"), (0, 0))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Make] = "Camera"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2026:03:04 09:58:00"
    out = io.BytesIO()
    image.save(out, "JPEG", quality=92, exif=exif)
    return {"name": "IMG_0001.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def take(page: Page, field: str = "photos", picture: dict[str, Any] | None = None) -> None:
    """Take a picture and wait until it is shown."""
    before = page.locator(f"[data-shots={field}] [data-shots-list] li").count()
    page.set_input_files(f"[data-shots={field}] .shots-camera input", picture or camera())
    shown = page.locator(f"[data-shots={field}] .photo:not(.is-shrinking) img[src]")
    expect(shown).to_have_count(before + 1, timeout=15_000)


def choose(page: Page, word: str) -> None:
    """A category by a word: one press on the search, one on what is found."""
    page.fill("#category-words", word)
    page.locator("#category-found li").first.tap()


def violations(page: Page) -> list[str]:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then(result => result.violations)")
    return [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in found]


def sideways(page: Page) -> int:
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


def test_a_report_takes_a_picture_two_taps_and_a_few_words(phone: Phone, story: Story) -> None:
    page = phone(story.cast.officer, story.cast.grid)
    expect(page.locator("#place-words")).to_contain_text("沙湾镇 · 南陵社区 · 一网格")
    expect(page.locator("#consequence")).to_contain_text("4 working hours")
    take(page)
    choose(page, "噪音")
    page.fill("#id_text", "夜间施工声音大")
    assert violations(page) == []
    assert sideways(page) <= 0
    page.tap("#send")
    page.wait_for_url("**/report/sent/**")
    incident = Incident.objects.get()
    expect(page.locator("main")).to_contain_text(incident.number)
    assert (incident.place, incident.holder, incident.text) == (story.cast.grid, story.cast.village, "夜间施工声音大")
    assert incident.category is not None
    assert incident.category.name == "噪声扰民"
    assert incident.accuracy_m == 9
    assert violations(page) == []
    assert page.evaluate("localStorage.length") == 0, "nothing stays on the phone"


def test_a_picture_is_made_small_and_upright_and_keeps_what_the_camera_wrote(phone: Phone, story: Story) -> None:
    page = phone(story.cast.officer, story.cast.grid)
    original = camera()
    take(page, picture=original)
    page.fill("#id_text", "照片")
    page.tap("#send")
    page.wait_for_url("**/report/sent/**")
    photo = Photo.objects.get()
    assert (photo.width, photo.height) == (1500, 2000)
    assert photo.taken_at is not None
    assert photo.taken_at.isoformat() == "2026-03-04T01:58:00+00:00"
    kept = Image.open(photo.original)
    assert kept.getexif()[ExifTags.Base.Make] == "Camera"
    assert kept.getexif()[ExifTags.Base.Orientation] == 1
    assert photo.original.size < len(original["buffer"])


def test_settled_on_the_spot_asks_what_was_done_and_closes(phone: Phone, story: Story) -> None:
    page = phone(story.cast.officer, story.cast.grid)
    expect(page.locator("#place-words b")).to_be_visible()
    expect(page.locator("#id_result")).to_be_hidden()
    page.fill("#id_text", "楼道堆物")
    page.check("#id_settled")
    expect(page.locator("#send")).to_have_text("Settle and close")
    page.tap("#send")
    expect(page.locator("#error-result")).to_be_visible()
    page.locator("#settled-part .chip").first.tap()
    take(page, "after")
    page.tap("#send")
    page.wait_for_url("**/report/sent/**")
    incident = Incident.objects.get()
    assert incident.state == State.CLOSED
    assert Photo.objects.get().stage == "after"


def test_what_is_refused_stays_in_the_page_with_its_pictures(phone: Phone, story: Story) -> None:
    page = phone(story.cast.officer, story.cast.second_grid)
    expect(page.locator("#place-words")).to_contain_text("二网格")
    take(page)
    page.fill("#id_text", "楼道堆物")
    page.check("#id_settled")
    page.fill("#id_result", "已清理")
    expect(page.locator("#consequence")).to_contain_text("Not your grid")
    page.tap("#send")
    expect(page.locator("#error-settled")).to_be_visible()
    expect(page.locator("[data-shots=photos] img")).to_have_count(1)
    assert page.input_value("#id_result") == "已清理"
    assert violations(page) == []
    page.uncheck("#id_settled")
    page.tap("#send")
    page.wait_for_url("**/report/sent/**")
    assert Incident.objects.get().place == story.cast.second_grid
    assert Photo.objects.count() == 1


def test_a_press_on_the_map_corrects_the_place(phone: Phone, story: Story) -> None:
    page = phone(story.cast.officer, story.cast.grid)
    expect(page.locator("#place-words")).to_contain_text("一网格")
    east = story.cast.point(story.cast.second_grid)
    page.evaluate(
        "at => { const map = document.getElementById('report-map').wanggeMap; map.leaflet.setView(at, 15); }",
        [east.y, east.x],
    )
    page.wait_for_timeout(400)
    page.locator("#report-map").click(position={"x": 160, "y": 80})
    expect(page.locator("#place-words")).to_contain_text("二网格")
    page.fill("#id_text", "在隔壁")
    page.tap("#send")
    page.wait_for_url("**/report/sent/**")
    incident = Incident.objects.get()
    assert (incident.place, incident.raw_datum) == (story.cast.second_grid, "cgcs2000")


def test_without_a_position_the_place_is_chosen_by_name(phone: Phone, story: Story) -> None:
    page = phone(story.cast.officer)
    expect(page.locator("#place-trouble")).to_contain_text("press the map, or choose a place by name")
    page.tap(".place-tools [data-open=place-dialog]")
    page.fill("#place-q", "绥山")
    page.locator("#places-found button").first.tap()
    expect(page.locator("#place-words")).to_contain_text("沙湾镇 · 绥山村")
    page.fill("#id_text", "电话里听说的")
    page.tap("#send")
    page.wait_for_url("**/report/sent/**")
    assert Incident.objects.get().place == story.cast.sibling_village


def test_without_a_network_it_waits_and_goes_out_once(phone: Phone, story: Story) -> None:
    page = phone(story.cast.officer, story.cast.grid)
    expect(page.locator("#place-words b")).to_be_visible()
    take(page)
    page.fill("#id_text", "断网时写的")
    page.context.set_offline(True)
    page.tap("#send")
    expect(page.locator("#unsent")).to_be_visible()
    expect(page.locator("#send")).to_have_text("Send again")
    draft = json.loads(page.evaluate("Object.values(localStorage)[0]"))
    assert (draft["text"], draft["tried"]) == ("断网时写的", True)
    assert not Incident.objects.exists()
    page.context.set_offline(False)
    page.wait_for_url("**/report/sent/**")
    assert Incident.objects.get().text == "断网时写的"
    assert Photo.objects.count() == 1


def test_a_lost_answer_makes_no_second_incident(phone: Phone, story: Story) -> None:
    page = phone(story.cast.officer, story.cast.grid)
    expect(page.locator("#place-words b")).to_be_visible()

    def lose(route: Route) -> None:
        if route.request.method == "POST":
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route("**/report/", lose)
    page.fill("#id_text", "回执丢了")
    page.tap("#send")
    expect(page.locator("#unsent")).to_be_visible()
    assert Incident.objects.count() == 1
    page.unroute("**/report/")
    page.tap("#send")
    page.wait_for_url("**/report/sent/**")
    assert Incident.objects.count() == 1


def test_after_a_lost_answer_a_new_page_says_that_it_arrived(phone: Phone, story: Story) -> None:
    page = phone(story.cast.officer, story.cast.grid)
    expect(page.locator("#place-words b")).to_be_visible()

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/report/", lose)
    page.fill("#id_text", "回执丢了")
    page.tap("#send")
    expect(page.locator("#unsent")).to_be_visible()
    page.unroute("**/report/")
    page.reload()
    expect(page.locator("#arrived-note")).to_contain_text(Incident.objects.get().number)
    assert page.input_value("#id_text") == ""


def test_a_draft_comes_back_and_can_be_dropped(phone: Phone, story: Story) -> None:
    page = phone(story.cast.officer, story.cast.grid)
    expect(page.locator("#place-words b")).to_be_visible()
    page.fill("#id_text", "写到一半")
    choose(page, "噪音")
    page.reload()
    expect(page.locator("#draft-note")).to_be_visible()
    assert page.input_value("#id_text") == "写到一半"
    expect(page.locator("input[name=category]:checked")).to_have_count(1)
    page.tap("#draft-drop")
    page.wait_for_load_state("networkidle")
    assert page.input_value("#id_text") == ""
    assert page.evaluate("localStorage.length") == 0


def test_pressing_twice_makes_one_incident(phone: Phone, story: Story) -> None:
    page = phone(story.cast.officer, story.cast.grid)
    expect(page.locator("#place-words b")).to_be_visible()
    page.fill("#id_text", "按了两下")
    page.locator("#send").dblclick()
    page.wait_for_url("**/report/sent/**")
    assert Incident.objects.count() == 1
    assert IncidentEvent.objects.filter(kind="report").count() == 1


def test_the_words_themselves_offer_a_category(phone: Phone, story: Story) -> None:
    page = phone(story.cast.officer, story.cast.grid)
    expect(page.locator("#category-guess")).to_be_hidden()
    page.fill("#id_text", "三单元消防通道堵了，有人停电动车")
    expect(page.locator("#category-guess")).to_be_visible()
    assert violations(page) == []
    page.locator("#category-guess button").first.tap()
    expect(page.locator("input[name=category]:checked")).to_have_count(1)
    expect(page.locator("#category-guess")).to_be_hidden()
    page.tap("#send")
    page.wait_for_url("**/report/sent/**")
    category = Incident.objects.get().category
    assert category is not None
    assert category.name == "占用消防通道"


def test_a_picture_of_the_check_is_taken_on_the_incidents_page(phone: Phone, story: Story) -> None:
    incident = story.report()
    story.move(incident, "accept", story.cast.village_clerk)
    story.move(incident, "answer", story.cast.village_clerk, "已修好")
    page = phone(story.cast.supervisor, story.cast.grid, "/today/")
    page.locator("#wait-" + incident.number).get_by_role("link", name="Check").tap()
    page.wait_for_url("**/incidents/**")
    page.set_input_files("form[data-photo-add=check] input[type=file]", camera())
    expect(page.locator("#photos .photo img")).to_have_count(1, timeout=15_000)
    photo = Photo.objects.get()
    assert photo.stage == "check"
    assert photo.point is not None
    assert photo.point.distance(story.cast.point(story.cast.grid)) < 1e-6
    assert violations(page) == []


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_the_officers_pages_are_clean_at_both_sizes(
    phone: Phone, story: Story, size: dict[str, Any], language: str
) -> None:
    for number in range(3):
        story.report(text=f"南陵路与滨河路交叉口西侧人行道地砖大面积松动，雨天积水严重，多名居民反映滑倒{number}")
    for path in ("/report/", "/today/", "/mine/"):
        page = phone(story.cast.officer, story.cast.grid, path, language, size)
        assert sideways(page) <= 0, path
        assert violations(page) == [], path
