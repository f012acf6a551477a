"""Schemathesis over the whole schema: nothing fails, nothing is answered that the schema does not say.

Every operation gets made-up requests, some as the schema wants them and some not, from people who may and who may
not, about things that are there and things that are not. Seeded, and bounded in number and time.
"""

import time
from collections.abc import Iterator
from copy import copy
from itertools import count, cycle
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from rest_framework.response import Response
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from dispatch.api.inbox import Unread
from dispatch.models import Card
from governance.wsgi import application
from incidents import photos, reporting
from incidents.models import Incident, Photo, PhotoStage
from tests.api.conftest import Now, Program
from tests.incidents.pages import picture

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
SEED = 20261122
# After so long the operations that are left get few requests each.
ENOUGH_SECONDS = 60
EXAMPLES, FEW = 14, 3
BOUNDS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class House:
    """A few incidents in several states, and what stands in addresses about them."""

    def __init__(self, today: Now) -> None:
        cast = today.cast
        self.reported = today.report()
        self.dispatched = today.dispatched()
        self.answered = today.answered()
        people = (cast.village_clerk, cast.officer, cast.district_dispatcher, cast.handler, cast.observer)
        self.tokens = [Program(person).headers["Authorization"] for person in people]
        reporting.show(
            actor=cast.village_clerk,
            incident=self.reported,
            stage=PhotoStage.BEFORE,
            pictures=[photos.check(picture())],
            point=None,
            now=today.now,
        )
        order = today.order(self.dispatched)
        today.press(self.dispatched, "urge", cast.district_dispatcher, target_unit=cast.department, note="请尽快反馈")
        self.known: dict[str, list[str]] = {
            "number": [each.number for each in (self.reported, self.dispatched, self.answered)],
            "code": [cast.village.pk, cast.grid.pk, cast.department.pk, cast.district.pk],
            "id": [str(order.pk), str(Card.objects.get().pk)],
            "token": [str(Photo.objects.get().token)],
            "size": ["shown", "original"],
            "name": ["stale", "invalid"],
            "key": ["sichuan-grid:0101"],
        }

    def seq_of(self, number: str) -> int:
        return Incident.objects.values_list("seq", flat=True).get(number=number)


@pytest.fixture
def _one_connection() -> Iterator[None]:
    """Requests that come through WSGI stay inside of the test's transaction, as those of Django's own client do."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def house(today: Now) -> House:
    return House(today)


def strategies(operation: Any, house: House) -> st.SearchStrategy:
    """Requests about anything, requests against the schema, and requests about what is there."""
    found = [operation.as_strategy(GenerationMode.POSITIVE), operation.as_strategy(GenerationMode.NEGATIVE)]
    names = [parameter.name for parameter in operation.path_parameters]
    if names:
        known = st.fixed_dictionaries({name: st.sampled_from(house.known[name]) for name in names})
        found += [known.flatmap(lambda words: operation.as_strategy(path_parameters=words))] * 2
    return st.one_of(found)


def aimed(case: Any, house: House, turn: int) -> Any:
    """Every second move carries the right seq and no more than it needs, so that some are made."""
    body, number = case.body, (case.path_parameters or {}).get("number")
    if isinstance(body, dict) and "move" in body and number in house.known["number"] and turn % 2:
        case.body = {"move": body["move"], "note": "有理由", "seq": house.seq_of(number)}
    return case


def operations(schema: Any) -> Iterator[Any]:
    for found in schema.get_all_operations():
        yield found.ok()


class Asker:
    """Makes requests, by one person after the other, and notes what came back."""

    def __init__(self, house: House) -> None:
        self.house, self.turns = house, count()
        self.tokens = cycle([""])
        self.answered: dict[str, set[int]] = {}

    def ask_about(self, operation: Any, *, most: int) -> None:
        """At most so many requests of one operation, always the same ones."""
        # The same people for each: what is asked of one does not hang on how many there are before it.
        self.tokens = cycle([*self.house.tokens, *self.house.tokens, ""])

        @seed(SEED)
        @settings(BOUNDS, max_examples=most)
        @given(case=strategies(operation, self.house))
        def ask(case: Any) -> None:
            token = next(self.tokens)
            headers = {"Authorization": token} if token else {}
            case = aimed(case, self.house, next(self.turns))
            response = case.call_and_validate(checks=CHECKS, headers=headers)
            self.answered.setdefault(operation.label, set()).add(response.status_code)

        ask()


@pytest.mark.slow
@pytest.mark.usefixtures("_one_connection")
def test_no_made_up_request_fails_or_is_answered_otherwise_than_documented(house: House) -> None:
    headers = {"Authorization": house.tokens[0]}
    schema = schemathesis.openapi.from_wsgi("/api/v1/schema/", application, headers=headers)
    asker, began = Asker(house), time.monotonic()
    hurried = False
    for operation in operations(schema):
        hurried = hurried or time.monotonic() - began > ENOUGH_SECONDS
        asker.ask_about(operation, most=FEW if hurried else EXAMPLES)
        assert not connection.needs_rollback, operation.label
    everything = set().union(*asker.answered.values())
    assert hurried or {200, 201, 204, 400, 401, 404, 409} <= everything, asker.answered


@pytest.mark.usefixtures("_one_connection")
@pytest.mark.parametrize(
    "answer", [Response({"unread": "many"}), Response({"unread": 1}, status=418), Response({}, status=500)]
)
def test_what_is_not_documented_would_be_noticed(
    house: House, monkeypatch: pytest.MonkeyPatch, answer: Response
) -> None:
    headers = {"Authorization": house.tokens[0]}
    schema = schemathesis.openapi.from_wsgi("/api/v1/schema/", application, headers=headers)
    monkeypatch.setattr(Unread, "get", lambda view, request: copy(answer))
    with pytest.raises(FailureGroup):
        Asker(house).ask_about(schema["/api/v1/inbox/unread/"]["GET"], most=3)
