"""The kit of parts in a real Chromium: sizes, languages, keyboard, axe."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("tests.governance.frame_urls"),
]

PHONE, TABLET, DESK = (360, 780), (768, 1024), (1440, 900)
AXE = Path(settings.BASE_DIR) / "node_modules" / "axe-core" / "axe.min.js"
Opener = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser, live_server) -> Iterator[Opener]:
    """Opens an address at a size and in a language; a script fault or a CSP refusal fails the test."""
    contexts, faults = [], []

    def open_page(path: str, size: tuple[int, int] = DESK, language: str = "zh-hans") -> Page:
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce")
        contexts.append(context)
        context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": live_server.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda line: faults.append(line.text) if "Content Security Policy" in line.text else None)
        page.goto(live_server.url + path)
        page.wait_for_load_state("networkidle")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


def violations(page: Page) -> list[str]:
    # Through the debugging channel: the page's own policy would refuse an added script.
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then(result => result.violations)")
    return [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in found]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("size", [PHONE, TABLET, DESK], ids=["phone", "tablet", "desk"])
def test_the_kit_is_clean_at_every_size(opened: Opener, size, language):
    page = opened("/styleguide/?rows=9", size, language)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert violations(page) == []


@pytest.mark.parametrize("path", ["/login/", "/nothing/"])
def test_plain_pages_are_clean(opened: Opener, path):
    for size in (PHONE, DESK):
        page = opened(path, size)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert violations(page) == []


def test_an_empty_list_says_what_happens_next(opened: Opener):
    page = opened("/styleguide/?rows=0", PHONE)
    expect(page.locator(".empty").first).to_contain_text("没有待受理的事件")


def test_zoomed_to_two_hundred_percent_nothing_is_lost(opened: Opener):
    page = opened("/styleguide/", (720, 450))
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.locator("[data-open=menu-sheet]").click()
    expect(page.locator("#menu-sheet a")).to_have_count(7)


def test_a_thumb_finds_every_target_on_the_phone(opened: Opener):
    page = opened("/styleguide/", PHONE)
    small = page.evaluate(
        """() => [...document.querySelectorAll('button, .btn, .chip, select, textarea, nav a, .tabs a, .topbar a')]
            .filter(place => !place.closest('.map') && place.checkVisibility())
            .map(place => [place.outerHTML.slice(0, 80), place.getBoundingClientRect()])
            .filter(([, box]) => box.height < 47.5 && box.height > 0 && !(box.height >= 36 && box.width > 250))
            .map(([html, box]) => html + ' ' + box.height)"""
    )
    assert [one for one in small if "topbar-brand" not in one and "data-dismiss-note" not in one] == []


def test_the_list_is_worked_by_keys(opened: Opener):
    page = opened("/styleguide/")
    page.evaluate(
        """document.addEventListener('click', event => {
            if (event.target.closest('[data-act]')) window.acted = event.target.closest('[data-row]').id;
        })"""
    )
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator(".desk-row").nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(page.locator(".desk-row").nth(0)).to_be_focused()
    page.keyboard.press("a")
    assert page.evaluate("window.acted") == page.locator(".desk-row").nth(0).get_attribute("id")
    page.keyboard.press("x")
    expect(page.locator("[data-pick-bar]")).to_be_visible()
    expect(page.locator("[data-pick-count]")).to_have_text("1")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    assert page.url.endswith(page.locator(".desk-row").nth(1).locator("a").get_attribute("href"))


def test_keys_typed_into_a_field_stay_there(opened: Opener):
    page = opened("/styleguide/")
    page.locator("#what").fill("")
    page.locator("#what").press("j")
    expect(page.locator("#what")).to_have_value("j")
    expect(page.locator("#what")).to_be_focused()


def test_a_refresh_keeps_place_and_selection(opened: Opener):
    page = opened("/styleguide/?rows=30")
    third = page.locator(".desk-row").nth(2)
    name = third.get_attribute("id")
    third.locator("input[name=pick]").check()
    page.locator(".desk-row").nth(12).focus()
    page.evaluate("window.scrollTo(0, 500)")
    before = page.locator(".desk-row").nth(12).bounding_box()["y"]
    # Two rows arrive, in one answer: a second one, of a later second, would find them there already.
    page.evaluate("document.querySelector('[data-desk-rows]').setAttribute('hx-get', '/styleguide/rows/?rows=32')")
    page.evaluate(
        "htmx.process(document.querySelector('[data-desk-rows]')); htmx.trigger('[data-desk-rows]', 'desk:refresh')"
    )
    expect(page.locator(".desk-row")).to_have_count(32)
    expect(page.locator(f"#{name} input[name=pick]")).to_be_checked()
    expect(page.locator(".desk-row").nth(12)).to_be_focused()
    assert abs(page.locator(".desk-row").nth(12).bounding_box()["y"] - before) < 2
    expect(page.locator(".desk-row.is-new")).to_have_count(2)


def test_a_fault_of_the_server_becomes_a_toast(opened: Opener):
    page = opened("/styleguide/", language="en")
    page.locator("#try-fault").click()
    expect(page.locator(".note-error")).to_contain_text("Somebody was faster")
    page.locator("[data-dismiss-note]").click()
    expect(page.locator(".note")).to_have_count(0)


def test_messages_are_said_and_the_field_at_fault_takes_the_focus(opened: Opener):
    page = opened("/styleguide/?say=1&fault=1", PHONE)
    expect(page.locator(".note")).to_contain_text("已受理")
    expect(page.locator(".banner-error")).to_be_visible()
    expect(page.locator("#id_reason")).to_be_focused()


def test_a_dialog_opens_takes_the_focus_and_gives_it_back(opened: Opener):
    page = opened("/styleguide/")
    opener = page.locator("[data-open=sample-confirm]").first
    opener.click()
    expect(page.locator("#sample-confirm-note")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#sample-confirm")).not_to_be_visible()
    expect(opener).to_be_focused()


def test_the_first_tab_leads_to_the_content(opened: Opener):
    page = opened("/styleguide/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip-link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_the_map_draws_areas_names_marks_and_its_legend(opened: Opener):
    page = opened("/styleguide/", language="en")
    one = page.locator("#map-one")
    expect(one.locator(".map-town.is-selected")).to_have_count(1)
    assert one.locator(".map-town").count() == 9
    assert one.locator(".map-label-town").count() >= 1
    assert one.locator(".map-mark, .map-cluster").count() >= 3
    expect(one.locator(".map-legend")).to_contain_text("synthetic")
    expect(one.locator(".map-legend")).to_contain_text("Overdue")
    assert one.locator("img").count() == 0
    one.evaluate("element => element.wanggeMap.leaflet.setZoom(14, {animate: false})")
    expect(one.locator(".map-legend")).to_contain_text("Grid outline")


def test_an_area_is_chosen_by_keyboard(opened: Opener):
    page = opened("/styleguide/")
    page.evaluate("document.addEventListener('map:select', event => { window.chosen = event.detail })")
    area = page.locator("#map-one path[role=button]").first
    area.focus()
    area.press("Enter")
    assert page.evaluate("window.chosen.name") == area.get_attribute("aria-label")
    expect(area).to_have_attribute("aria-pressed", "true")


def test_a_press_on_the_small_map_sets_the_pin_and_the_fields(opened: Opener):
    page = opened("/styleguide/", PHONE)
    page.evaluate("document.addEventListener('map:point', event => { window.point = event.detail })")
    small = page.locator("#map-mini")
    expect(small.locator(".map-accuracy")).to_have_count(1)
    small.scroll_into_view_if_needed()
    small.click(position={"x": 60, "y": 60})
    point = page.evaluate("window.point")
    assert page.locator("#lat").input_value() == f"{point['lat']:.7f}"
    assert page.locator("#lon").input_value() == f"{point['lon']:.7f}"
    expect(small.locator(".map-accuracy")).to_have_count(0)


def test_a_map_without_its_data_says_so_and_leaves_the_page_alone(opened: Opener, browser: Browser, live_server):
    context = browser.new_context()
    page = context.new_page()
    page.route("**/areas.json", lambda route: route.abort())
    page.goto(live_server.url + "/styleguide/")
    expect(page.locator("#map-one .map-fault")).to_be_visible()
    expect(page.locator("h1")).to_be_visible()
    context.close()


def test_a_phrase_chip_adds_its_words_once(opened: Opener):
    page = opened("/styleguide/", PHONE)
    chip = page.locator("[data-insert=what]").first
    chip.click()
    chip.click()
    page.locator("[data-insert=what]").nth(1).click()
    expect(page.locator("#what")).to_have_value("影响通行，多次反复")
