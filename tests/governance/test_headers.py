"""Every answer tells the browser to load nothing from elsewhere."""

import re

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from governance.headers import ContentSecurityPolicy


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
