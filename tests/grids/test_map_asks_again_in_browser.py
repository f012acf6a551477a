"""The map without a stream: it asks for its marks each minute by itself, and not while nobody looks at it."""

import pytest
from django.urls import reverse
from playwright.sync_api import Response

from incidents.models import Incident
from tests.grids.test_places_in_browser import Opener, district, opened
from tests.incidents.story import Story

__all__ = ["district", "opened"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# The minute passes in less than a second.
HURRY = """
const usual = window.setInterval;
window.setInterval = (act, wait, ...rest) => usual(act, wait === 60000 ? 700 : wait, ...rest);
"""


def test_new_marks_come_to_an_open_map_by_its_own_clock_and_none_are_asked_for_while_it_is_hidden(
    district: Story,
    opened: Opener,
) -> None:
    page = opened(district.cast.town_head, reverse("grids:map"))
    page.context.add_init_script(HURRY)
    address = page.locator("[data-onemap]").get_attribute("data-marks") or "?"

    def has_marks(answer: Response) -> bool:
        return address.split("?")[0] in answer.url and answer.status in (200, 304)

    with page.expect_response(has_marks):
        page.reload()
    before = Incident.objects.count()
    fresh = district.report(text="新来的一件")
    assert Incident.objects.count() == before + 1
    numbers: set[str] = set()
    for _time in range(5):
        with page.expect_response(has_marks) as asked:
            pass
        if asked.value.status == 200:
            numbers |= {mark["properties"].get("number") for mark in asked.value.json()["features"]}
        if fresh.number in numbers:
            break
    assert fresh.number in numbers

    page.evaluate("Object.defineProperty(document, 'hidden', { get: () => true })")
    page.wait_for_timeout(300)
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url) if address.split("?")[0] in request.url else None)
    page.wait_for_timeout(2_200)
    assert seen == [], "a page nobody looks at asks for nothing"
