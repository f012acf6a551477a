"""Signed out meanwhile, in a real Chromium: what was typed stays, an untouched page leads to the sign-in and back."""

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from tests.cast import PASSWORD, Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def opened(browser: Browser, address: str, cast: Cast, path: str) -> Page:
    client = Client()
    client.force_login(cast.town_clerk)
    page = browser.new_context().new_page()
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": address}])
    page.goto(address + path)
    page.wait_for_load_state("networkidle")
    return page


def closed(page: Page) -> None:
    for one in page.context.pages:
        one.wait_for_load_state("networkidle")
    page.context.close()


def test_s_4_typed_words_stay_and_go_on_after_signing_in_in_another_tab(
    browser: Browser, live_server, cast: Cast
) -> None:
    page = opened(browser, live_server.url, cast, reverse("grids:people", args=[cast.town.pk]))
    Session.objects.all().delete()
    page.fill("#people-search", "丙一")
    expect(page.locator(".note-text")).to_have_count(1)
    assert page.input_value("#people-search") == "丙一"
    other = page.context.new_page()
    other.goto(live_server.url + "/login/")
    other.fill("#id_username", "town_clerk")
    other.fill("#id_password", PASSWORD)
    other.press("#id_password", "Enter")
    other.wait_for_load_state("networkidle")
    page.fill("#people-search", "丙")
    page.fill("#people-search", "丙一")
    expect(page.locator(".people-table tbody tr")).to_have_count(1)
    closed(page)


def test_s_4_an_untouched_page_leads_to_the_sign_in_and_back(browser: Browser, live_server, cast: Cast) -> None:
    path = reverse("grids:people", args=[cast.town.pk])
    page = opened(browser, live_server.url, cast, path)
    Session.objects.all().delete()
    # Not waited for: the page is left before it answers.
    page.evaluate("() => { htmx.ajax('GET', location.pathname + '?q=x', '#people') }")
    page.wait_for_url(f"**/login/?next={path}")
    page.fill("#id_username", "town_clerk")
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    page.wait_for_url(f"**{path}")
    closed(page)


def test_s_4_a_page_says_when_it_asks_by_itself(browser: Browser, live_server, cast: Cast) -> None:
    page = opened(browser, live_server.url, cast, reverse("grids:units"))
    with page.expect_request("**/frame/badges/") as asked:
        page.evaluate("document.body.dispatchEvent(new Event('badges'))")
    assert asked.value.headers["x-quiet"] == "1"
    closed(page)
