"""The live stream in a real Chromium: what happens is on open pages although no page asks by its own clock."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from dispatch import notices
from governance.wall import keys
from grids import wire
from tests.dispatch.play import Play
from tests.governance.listening import OwnRedis, Service, served, session_of
from tests.incidents.story import Story

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PATIENCE = 15_000
# No page asks by itself: whatever would be done in more than three seconds is never done.
NO_CLOCK = """
const usual = window.setTimeout;
window.setTimeout = (act, wait, ...rest) => (wait > 3000 ? 0 : usual(act, wait, ...rest));
"""


@pytest.fixture
def service(live_server: LiveServer, tmp_path: Path, settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    redis = OwnRedis(tmp_path)
    redis.start()
    settings.REDIS_URL = redis.url
    monkeypatch.setattr(wire, "_resting_until", 0.0)
    monkeypatch.setattr(wire, "_something_lost", False)
    try:
        with served(redis, tmp_path, CSRF_TRUSTED_ORIGINS=live_server.url) as running:
            settings.LIVE_URL = f":{running.port}/live/"
            yield running
    finally:
        redis.stop()


@pytest.fixture
def play(story: Story) -> Play:
    play = Play(story.cast)
    play.now = timezone.now()
    return play


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="zh-CN")
    context.add_init_script(NO_CLOCK)
    yield context
    context.close()


def opened(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(address)
    # Hearing, and with nothing of its beginning still on its way.
    expect(page.locator("body.is-live")).to_have_count(1, timeout=PATIENCE)
    page.wait_for_timeout(1500)
    return page


def test_tl_8_a_report_is_on_open_desk_page_and_wall_without_any_of_them_asking_by_its_clock(
    service: Service, live_server: LiveServer, context: BrowserContext, play: Play
) -> None:
    cast = play.cast
    _key, secret = keys.make(person=cast.auditor, unit=cast.district, name="大厅", days=9, now=timezone.now())
    known = play.report()
    notices.announce_until_done(now=play.now)
    cookie = {"name": django_settings.SESSION_COOKIE_NAME, "value": session_of(cast.village_clerk)}
    context.add_cookies([{**cookie, "url": live_server.url}])
    wall = opened(context, f"{live_server.url}/wall/k/{secret}/")
    incident_page = opened(context, live_server.url + reverse("incidents:detail", args=[known.number]))
    desk = opened(context, live_server.url + reverse("dispatch:desk", args=[cast.village.pk]))
    expect(desk.locator("[data-live-note]")).to_have_text(str(desk.get_attribute("[data-live-note]", "data-say-live")))
    expect(desk.locator("[data-row]")).to_have_count(1)
    second = play.report(text="路灯不亮")
    play.press(known, "accept", cast.village_clerk)
    notices.announce_until_done(now=play.now)
    expect(desk.locator(f"[data-row]:has-text('{second.title}')")).to_have_class("desk-row is-new", timeout=PATIENCE)
    expect(wall.locator("#wall-events .wall-event.is-new")).not_to_have_count(0, timeout=PATIENCE)
    expect(wall.locator("#wall-events")).to_contain_text(second.number)
    expect(incident_page.locator(".status-state").first).to_contain_text("办理中", timeout=PATIENCE)
    # Without the service a page says that it asks by itself, and goes on doing so.
    service.process.terminate()
    expect(desk.locator("body.is-live")).to_have_count(0, timeout=PATIENCE)
    expect(desk.locator("[data-live-note]")).to_have_text(str(desk.get_attribute("[data-live-note]", "data-say-asks")))
