"""The browser itself: it starts, and it asks nobody outside."""

import pytest
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_browser_shows_a_page_of_the_live_site(browser: Browser, live_server: LiveServer) -> None:
    page = browser.new_page()
    response = page.goto(f"{live_server.url}/healthz")
    assert response is not None
    assert "database" in page.content()
    page.close()
