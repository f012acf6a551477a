"""The schema: valid OpenAPI 3.1 without a warning, every route in it, and a page that draws it under our CSP."""

import json
import re
from typing import Any

import jsonschema_rs
import pytest
from django.urls import URLPattern, URLResolver
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from governance.api import docs, urls
from grids.api.endpoints import Endpoint, SignedIn
from tests.api.conftest import ROOT, Now, Program
from tests.cast import PASSWORD, Cast

OPEN_TO_ALL = {"login/", "problems/", "problems/<str:name>/"}


@pytest.fixture
def schema(cast: Cast) -> dict[str, Any]:
    GENERATOR_STATS.reset()
    answer = Program(cast.officer).get("schema/")
    assert answer.status_code == 200
    told: dict[str, Any] = json.loads(answer.content)
    return told


def routes(patterns: list[Any], before: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for pattern in patterns:
        here = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found += routes(pattern.url_patterns, here)
        elif isinstance(pattern, URLPattern):
            found.append((here, pattern.callback))
    return found


def test_the_schema_is_valid_and_made_without_a_warning(schema: dict[str, Any]) -> None:
    assert schema["openapi"] == "3.1.0"
    validate_schema(schema)
    assert not GENERATOR_STATS._warn_cache, GENERATOR_STATS._warn_cache
    assert not GENERATOR_STATS._error_cache


def test_every_route_stands_in_the_schema(schema: dict[str, Any]) -> None:
    there = {ROOT + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route) for route, _view in routes(urls.urlpatterns)}
    beside = {f"{ROOT}schema/", f"{ROOT}docs/", ROOT + "^.*$"}
    assert set(schema["paths"]) == there - beside


def test_every_view_says_who_may_and_all_but_the_first_doors_are_for_who_is_signed_in() -> None:
    for route, view in routes(urls.urlpatterns):
        cls = getattr(view, "cls", None)
        if cls is None:
            assert view is docs.page
            continue
        assert issubclass(cls, Endpoint), route
        assert (list(cls.permission_classes) == [SignedIn]) is (route not in OPEN_TO_ALL), route


def test_every_operation_names_its_refusals_and_its_problems(schema: dict[str, Any]) -> None:
    for path, item in schema["paths"].items():
        for method, operation in item.items():
            answers = operation["responses"]
            assert operation["summary"], path
            if path != ROOT + "login/" and "problems" not in path:
                assert {"401", "403"} <= set(answers), (path, method)
                assert operation["security"] == [{"token": []}, {"session": []}]
            for status, answer in answers.items():
                if int(status) >= 400:
                    assert list(answer["content"]) == ["application/problem+json"], (path, method, status)


def test_answers_are_what_the_schema_says(schema: dict[str, Any], today: Now) -> None:
    incident = today.answered()
    clerk = Program(today.cast.district_clerk)
    for path in ("incidents/?state=any", f"incidents/{incident.number}/", f"incidents/{incident.number}/history/",
                 "units/", f"units/{today.cast.grid.pk}/", "assignments/", "categories/", "me/", "inbox/"):  # fmt: skip
        template = f"{ROOT}{path.partition('?')[0]}".replace(incident.number, "{number}")
        template = template.replace(today.cast.grid.pk, "{code}")
        content = schema["paths"][template]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        told = clerk.get(path).json()
        validator = jsonschema_rs.Draft202012Validator({**content, "components": schema["components"]})
        assert validator.is_valid(told), [str(each) for each in validator.iter_errors(told)]


def test_yaml_is_given_to_who_asks_and_nothing_to_strangers(cast: Cast) -> None:
    answer = Program(cast.officer).get("schema/?format=yaml")
    assert answer.content.startswith(b"openapi: 3.1.0")
    assert Program().get("schema/").status_code == 401
    assert Program().get("docs/").status_code == 302


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("width", [360, 1440])
def test_the_page_draws_the_schema_under_our_csp_and_tries_a_request(
    live_server: LiveServer, browser: Browser, width: int, cast: Cast
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, locale="en")
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "request",
        lambda request: (
            faults.append(request.url) if not request.url.startswith((live_server.url, "data:", "blob:")) else None
        ),
    )
    page.goto(f"{live_server.url}/login/?next={ROOT}docs/")
    page.fill("input[name=username]", "officer")
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_selector("#operations-about-getMe")
    assert page.locator(".opblock").count() > 20
    page.click("#operations-about-getMe .opblock-summary-control")
    page.click("#operations-about-getMe .try-out__btn")
    page.click("#operations-about-getMe .execute")
    page.wait_for_selector("#operations-about-getMe .live-responses-table")
    assert "officer" in page.locator("#operations-about-getMe .live-responses-table").inner_text()
    assert not faults, faults
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    context.close()
