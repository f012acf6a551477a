"""Units, posts, the map and the dashboard in a real Chromium: sizes, keyboard, axe."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from grids import posts, selectors
from grids.models import Person, Post
from tests.incidents.story import Story

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE, DESK = (360, 780), (1440, 900)
AXE = Path(settings.BASE_DIR) / "node_modules" / "axe-core" / "axe.min.js"
Opener = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser, live_server) -> Iterator[Opener]:
    """Opens a page as somebody, at a size; a script fault or a refusal by the CSP fails the test."""
    contexts, faults = [], []

    def open_page(person: Person, path: str, size: tuple[int, int] = DESK, language: str = "zh-hans") -> Page:
        client = Client()
        client.force_login(person)
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce")
        contexts.append(context)
        for name, value in (
            (settings.SESSION_COOKIE_NAME, client.cookies[settings.SESSION_COOKIE_NAME].value),
            (settings.LANGUAGE_COOKIE_NAME, language),
        ):
            context.add_cookies([{"name": name, "value": value, "url": live_server.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda line: faults.append(line.text) if "Content Security Policy" in line.text else None)
        page.goto(live_server.url + path)
        page.wait_for_load_state("networkidle")
        return page

    yield open_page
    for context in contexts:
        # What is still on its way would meet the emptied tables of the next test.
        for page in context.pages:
            page.wait_for_load_state("networkidle")
        context.close()
    assert faults == []


@pytest.fixture
def district(story: Story) -> Story:
    """The cast with a vacancy, and incidents that are late and fresh."""
    cast = story.cast
    posts.relieve(post=Post.objects.get(unit=cast.third_grid, is_primary=True), at=cast.now)
    story.now = timezone.now() - timedelta(days=20)
    story.report(text="沿街垃圾桶旁堆放多袋生活垃圾，有异味，已有多位居民反映并要求尽快清运和冲洗")
    story.now = timezone.now()
    story.report(grid=cast.second_grid)
    return story


def faults_of(page: Page) -> list[str]:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then(result => result.violations)")
    faults = [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in found]
    if page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
        faults.append("wider than the screen")
    return faults


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_fits_and_is_clean(district: Story, opened: Opener, live_server, size, language) -> None:
    cast = district.cast
    page = opened(cast.administrator, reverse("grids:units"), size, language)
    addresses = [
        reverse("grids:units"),
        reverse("grids:units") + "?vacant=1",
        reverse("grids:unit", args=[cast.town.pk]),
        reverse("grids:unit", args=[cast.third_grid.pk]),
        reverse("grids:people", args=[cast.town.pk]),
        reverse("grids:appoint", args=[cast.third_grid.pk]) + "?q=甲",
        reverse("grids:person", args=[cast.village_clerk.pk]),
        reverse("grids:map"),
        reverse("governance:dashboard"),
    ]
    for address in addresses:
        page.goto(live_server.url + address)
        page.wait_for_load_state("networkidle")
        assert faults_of(page) == [], address


def test_a_press_on_the_map_opens_the_card_and_escape_gives_the_map_back(district: Story, opened: Opener) -> None:
    cast = district.cast
    page = opened(cast.town_head, reverse("grids:map"))
    expect(page.locator(".map-legend")).to_contain_text("示意边界（合成）")
    expect(page.locator(".map-mark, .map-cluster").first).to_be_visible()
    area = page.locator(f"path.can-pick[aria-label='{cast.grid.name}']")
    area.focus()
    page.keyboard.press("Enter")
    card = page.locator("#map-card")
    expect(card).to_contain_text(cast.officer.full_name)
    expect(card.locator(".light-counts")).to_contain_text("1")
    assert f"unit={cast.grid.pk}" in page.url
    # The same address shows the same card.
    page.reload()
    expect(card).to_contain_text(cast.officer.full_name)
    page.keyboard.press("Tab")
    card.locator("[data-close-card]").press("Escape")
    expect(card).to_be_hidden()


def test_a_vacancy_is_filled_from_a_phone(district: Story, opened: Opener) -> None:
    cast = district.cast
    page = opened(cast.administrator, reverse("grids:unit", args=[cast.third_grid.pk]), PHONE)
    expect(page.locator(".roster .vacant")).to_be_visible()
    page.locator(".is-vacant a").click()
    page.locator("#candidate-search").press_sequentially("甲六")
    page.locator("label.candidate", has_text=cast.assistant.full_name).click()
    expect(page.locator("#id_is_primary")).to_be_checked()
    page.locator("form button[type=submit].btn-main").click()
    expect(page.locator(".toasts")).to_contain_text(cast.assistant.full_name)
    expect(page.locator(".roster .vacant")).to_have_count(0)
    assert selectors.primary_officer(cast.third_grid.pk, timezone.now()) == cast.assistant


def test_what_is_refused_stands_at_its_field_and_what_was_chosen_stays(district: Story, opened: Opener) -> None:
    cast = district.cast
    page = opened(cast.administrator, reverse("grids:appoint", args=[cast.grid.pk]) + "?duty=officer&primary=1&q=甲二")
    page.locator("label.candidate").first.click()
    page.locator("form button[type=submit].btn-main").click()
    expect(page.locator(".invalid-feedback").first).to_be_visible()
    expect(page.locator("label.candidate input:checked")).to_have_value(str(cast.second_officer.pk))


def test_the_tree_opens_by_keyboard_and_fetches_each_branch_once(district: Story, opened: Opener) -> None:
    page = opened(district.cast.administrator, reverse("grids:units"))
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/below/" in request.url else None)
    town = page.locator("summary", has_text=district.cast.town.name)
    town.focus()
    page.keyboard.press("Enter")
    expect(page.locator("summary", has_text=district.cast.village.name)).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator("summary", has_text=district.cast.village.name)).to_be_visible()
    assert len(asked) == 1


def test_a_number_of_the_dashboard_leads_to_its_list(district: Story, opened: Opener) -> None:
    page = opened(district.cast.observer, reverse("governance:dashboard"))
    expect(page.locator("#stat-open .stat-figure")).to_have_text("2")
    page.locator("#board-places tbody td.num a").first.click()
    expect(page.locator("[data-row]")).to_have_count(2)


def test_the_dashboard_refreshes_its_figures_and_leaves_the_map(district: Story, opened: Opener) -> None:
    page = opened(district.cast.observer, reverse("governance:dashboard"))
    page.evaluate("document.getElementById('board-map').dataset.kept = 'yes'")
    district.report(grid=district.cast.fourth_grid)
    page.evaluate("htmx.ajax('GET', document.querySelector('[hx-get*=live]').getAttribute('hx-get'), {swap: 'none'})")
    expect(page.locator("#stat-open .stat-figure")).to_have_text("3")
    assert page.evaluate("document.getElementById('board-map').dataset.kept") == "yes"
