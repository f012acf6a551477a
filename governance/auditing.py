"""Middleware: what a request changes is written down as done by the person who sent it."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from grids import audit

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Audited:
    """Costs a reading page nothing; who signed in, by session or token, is asked when something changes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in _SAFE:
            return self.get_response(request)

        def who() -> dict[str, Any]:
            person = getattr(request, "user", None)
            return {"actor": person.pk if person else None, "address": audit.address_of(request)}

        with audit.acting(who):
            return self.get_response(request)
