"""Every answer tells the browser to load nothing from elsewhere."""

import re

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from governance.headers import ContentSecurityPolicy
from governance.live.address import stream_url


@pytest.mark.django_db
def test_every_page_carries_the_headers(client: Client) -> None:
    answer = client.get("/login/")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert not re.search(r"https?:|script-src[^;]*unsafe", policy)
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"


def test_an_inline_script_needs_the_nonce_of_its_answer(rf: RequestFactory) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(f'<script nonce="{request.csp_nonce}"></script>')  # type: ignore[attr-defined]

    page = ContentSecurityPolicy(view)
    first, second = page(rf.get("/")), page(rf.get("/"))
    nonces = [re.findall(r'nonce="([^"]+)"', answer.content.decode())[0] for answer in (first, second)]
    assert nonces[0] != nonces[1]
    assert f"'nonce-{nonces[0]}'" in first.headers["Content-Security-Policy"]


def test_a_page_without_inline_script_gets_no_nonce(rf: RequestFactory) -> None:
    answer = ContentSecurityPolicy(lambda request: HttpResponse(""))(rf.get("/"))
    assert "nonce" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("given", "address", "policy"),
    [
        ("", "", ""),
        ("/live/", "/live/wall/x", ""),
        (":8001/live/", "http://testserver:8001/live/wall/x", "connect-src 'self' http://testserver:8001"),
    ],
)
def test_the_live_service_is_the_only_other_origin_and_only_where_it_has_one(
    rf: RequestFactory, settings, given: str, address: str, policy: str
) -> None:
    settings.LIVE_URL = given
    request = rf.get("/")
    assert stream_url(request, "wall/x") == address
    said = ContentSecurityPolicy(lambda request: HttpResponse(""))(request).headers["Content-Security-Policy"]
    assert said.count("http") == (1 if policy else 0)
    assert policy in said


def test_a_request_for_no_host_of_ours_is_answered_all_the_same(rf: RequestFactory, settings) -> None:
    settings.LIVE_URL, settings.ALLOWED_HOSTS = ":8001/live/", ["grid.example"]
    answer = ContentSecurityPolicy(lambda request: HttpResponse(""))(rf.get("/", headers={"host": "elsewhere"}))
    assert "connect-src" not in answer.headers["Content-Security-Policy"]
