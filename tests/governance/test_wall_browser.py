"""The wall in a real Chromium: a new report within ten seconds, no word of anybody, and it says when it is cut off."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from governance.wall import keys
from grids.models import Person
from tests.dispatch.play import Play
from tests.incidents.story import Story

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

TEN_SECONDS = 10_000
WORDS = "李某某反映楼上漏水，电话13900002222"


@pytest.fixture
def play(story: Story) -> Play:
    play = Play(story.cast)
    play.now = timezone.now() - timedelta(minutes=30)
    return play


@pytest.fixture
def screen(browser: Browser, live_server: LiveServer, play: Play) -> Iterator[Page]:
    """A screen in a hall, opened by its key; nobody is signed in."""
    cast = play.cast
    _key, secret = keys.make(person=cast.auditor, unit=cast.district, name="大厅", days=9, now=timezone.now())
    context = browser.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN")
    page = context.new_page()
    page.goto(f"{live_server.url}/wall/k/{secret}/")
    yield page
    context.close()


def test_tl_8_a_new_report_is_on_the_wall_within_ten_seconds_and_says_nothing_of_anybody(
    screen: Page, play: Play
) -> None:
    expect(screen.locator("#wall-reported b")).to_have_text("0")
    play.now = timezone.now()
    incident = play.report(text=WORDS)
    news = screen.locator("#wall-events .wall-event").filter(has_text=incident.number)
    expect(news).to_be_visible(timeout=TEN_SECONDS)
    expect(news).to_have_class("wall-event is-birth is-new")
    expect(screen.locator("#wall-reported b")).to_have_text("1")
    text = screen.content()
    assert "漏水" not in text and "13900002222" not in text
    assert not [person.full_name for person in Person.objects.all() if person.full_name in text]
    # All of it is on the screen at once.
    assert screen.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_a_wall_cut_off_says_of_when_its_figures_are_and_goes_on_by_itself(screen: Page, play: Play) -> None:
    expect(screen.locator("#wall-state")).not_to_be_empty()
    screen.context.set_offline(True)
    expect(screen.locator("body")).to_have_class("wall is-stale", timeout=30_000)
    expect(screen.locator("#wall-state")).to_contain_text(f"{timezone.localtime():%H:}")
    play.now = timezone.now()
    incident = play.report()
    screen.context.set_offline(False)
    expect(screen.locator("#wall-events")).to_contain_text(incident.number, timeout=2 * TEN_SECONDS)
    expect(screen.locator("body")).to_have_class("wall")


def test_a_screen_whose_key_is_revoked_says_so(screen: Page, play: Play) -> None:
    key = keys.listed([play.cast.district.pk]).get()
    keys.revoke(key_id=key.pk, person=play.cast.auditor, now=timezone.now())
    expect(screen.locator("body")).to_have_class("wall is-ended", timeout=2 * TEN_SECONDS)
