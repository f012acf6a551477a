"""Programs of the tests: a client that speaks JSON and carries a token."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from grids.api.tokens import issue
from grids.models import Person
from incidents.models import Incident
from tests.cast import Cast
from tests.dispatch.play import Play, play

__all__ = ["play"]

ROOT = "/api/v1/"


class Program:
    """Asks the API as `person` by a token; without one, as nobody."""

    def __init__(self, person: Person | None = None, **named: Any) -> None:
        self.client = Client(**named)
        self.headers: dict[str, str] = {"Accept-Language": "en"}
        if person is not None:
            _row, secret = issue(person, now=timezone.now())
            self.headers["Authorization"] = f"Token {secret}"

    @classmethod
    def like(cls, other: "Program") -> "Program":
        """Another one of the same person, for another thread."""
        program = cls()
        program.headers = other.headers
        return program

    def ask(self, method: str, path: str, body: Any = None, *, key: str = "", **headers: str) -> Any:
        """The answer; `json` of it is what came back."""
        given = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        if key:
            given["Idempotency-Key"] = key
        address = path if path.startswith("/") else ROOT + path
        data = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        return self.client.generic(method, address, headers=given, **data)

    def get(self, path: str, **headers: str) -> Any:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any = None, *, key: str = "", **headers: str) -> Any:
        return self.ask("POST", path, {} if body is None else body, key=key, **headers)


class Now(Play):
    """A play that happens at present: the API takes the time from the server's clock."""

    def __init__(self, cast: Cast) -> None:
        super().__init__(cast)
        self.now = timezone.now() - timedelta(hours=1)

    def program(self, person: Person) -> Program:
        return Program(person)

    def report_body(self, **given: Any) -> dict[str, Any]:
        """A report in the first grid, as a program sends it."""
        point = self.cast.point(self.cast.grid)
        where = {"lon": point.x, "lat": point.y, "datum": "wgs84", "accuracy_m": 8}
        return {"text": "井盖缺失，行人绕行", "position": where, **given}

    def url(self, incident: Incident, below: str = "") -> str:
        return f"{ROOT}incidents/{incident.number}/{below}"


@pytest.fixture(autouse=True)
def _no_memory_of_earlier_requests() -> None:
    """Throttles remember who asked; each test begins anew."""
    cache.clear()


@pytest.fixture
def today(story: Any) -> Now:
    """The cast with a story that plays today."""
    return Now(story.cast)
