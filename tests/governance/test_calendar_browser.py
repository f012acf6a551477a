"""The calendar's pages in a real Chromium: every size, axe, and a long change that is left and found again."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from governance.views import calendar_change
from incidents import tasks
from incidents.models import CalendarChange
from tests.governance.test_frame_browser import DESK, PHONE, violations
from tests.incidents.story import Story

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(browser: Browser, live_server: LiveServer, story: Story) -> Iterator[Page]:
    """The administrator's page, in English; a script fault or a refusal of the page's own policy fails the test."""
    client, faults = Client(), []
    client.force_login(story.cast.administrator)
    kept = {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value}
    kept[settings.LANGUAGE_COOKIE_NAME] = "en"
    context = browser.new_context(viewport={"width": DESK[0], "height": DESK[1]}, reduced_motion="reduce")
    context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in kept.items()])
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda line: faults.append(line.text) if "Content Security Policy" in line.text else None)
    page.goto(f"{live_server.url}/administration/calendar/")
    yield page
    context.close()
    assert faults == []


def looks_well(page: Page) -> None:
    for width, height in (PHONE, DESK):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert violations(page) == []


def test_a_long_change_shows_how_far_it_is_and_is_found_again(
    page: Page, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calendar_change, "SECONDS_AT_ONCE", -1)
    monkeypatch.setattr(tasks, "wake", lambda: None)
    monkeypatch.setattr("incidents.calendar_drafts.SLICE", 1)
    monkeypatch.setattr("incidents.calendar_changes.BATCH", 1)
    story.now = timezone.now()
    for _ in range(3):
        story.report()
    looks_well(page)
    page.get_by_role("link", name="Change the calendar").click()
    looks_well(page)
    page.locator("[name=days-first]").fill(str(timezone.localdate() + timedelta(days=1)))
    page.locator("[name=days-last]").fill(str(timezone.localdate() + timedelta(days=4)))
    page.locator("[name=days-name]").fill("防汛")
    page.locator("form:has(#f-days) button[type=submit]").click()
    expect(page.locator("#effect progress")).to_be_visible()
    looks_well(page)
    address = page.url
    page.goto("about:blank")
    tasks.change_calendars()
    page.goto(address)
    expect(page.locator("#moves")).to_contain_text("running deadlines move")
    looks_well(page)
    page.get_by_role("button", name="Apply and move").click()
    expect(page.locator("#draft")).to_contain_text("Version 2 is in force")
    tasks.change_calendars()
    expect(page.get_by_text("Last change: version 2")).to_be_visible(timeout=10_000)
    assert CalendarChange.objects.get().state == "applied"
