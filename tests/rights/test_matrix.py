"""Role x route x scope: who gets in where, generated from the URL configuration.

Each person asks for each address of the near and of the far side, by GET and with an empty POST; what the answer says
about being let in must be what `decisions` says. Nothing is kept: every question is rolled back.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from governance import sessions
from grids.models import Person
from tests.cast import PEOPLE
from tests.dispatch.play import Play
from tests.rights.audiences import KEEPER, NEWCOMER
from tests.rights.decisions import DECISIONS, FAMILIES, Decision
from tests.rights.routes import Route, body_of, routes
from tests.rights.world import NEAR, SCOPES, World

IN, OUT, HIDDEN, LATER, ABSENT, LOGIN = "let in", "refused", "not there", "not now", "no such method", "to sign in"
QUESTIONING_SECONDS = 1800
ANY = {IN, OUT, HIDDEN, LATER, ABSENT, LOGIN}

# Of pages with a proof of their own (Django's administration, signing in) only these are asked here.
ANY_ASKERS = {None, KEEPER, NEWCOMER, "stranger", "officer", "administrator"}

# Everybody with a place of their own in the picture; a second person of the same duty and unit would add nothing.
ASKERS = [
    [None, KEEPER, NEWCOMER, "stranger"],
    ["officer", "second_officer", "other_officer", "assistant", "supervisor"],
    ["village_clerk", "village_head", "sibling_clerk", "other_village_clerk"],
    ["town_clerk", "town_dispatcher", "town_checker", "other_town_clerk"],
    ["district_clerk", "district_dispatcher", "district_duty_chief", "district_head"],
    ["observer", "auditor", "administrator"],
    ["handler", "department_head", "other_handler", "office_handler"],
]


def decision_of(route: Route) -> Decision | None:
    if route.label in DECISIONS:
        return DECISIONS[route.label]
    return next((family() for start, family in FAMILIES.items() if route.name.startswith(start)), None)


def test_every_route_has_a_decision() -> None:
    assert [route.label for route in routes() if decision_of(route) is None] == []


def test_no_decision_is_left_over() -> None:
    assert sorted(set(DECISIONS) - {route.label for route in routes()}) == []


def test_every_duty_asks() -> None:
    asking = {duty for group in ASKERS for name in group for _n, _f, _u, duties in _rows(name) for duty in duties}
    assert asking == {duty for _n, _f, _u, duties in PEOPLE for duty in duties}


def _rows(name: str | None) -> Iterator[tuple[Any, ...]]:
    return (row for row in PEOPLE if row[0] == name)


@dataclass
class Asker:
    """Somebody at a browser; whatever an answer does to the session is forgotten."""

    name: str | None
    client: Client
    session: str

    @classmethod
    def of(cls, name: str | None) -> "Asker":
        client = Client(raise_request_exception=False)
        if name:
            client.force_login(Person.objects.get(username=name))
            _settle(client)
        return cls(name, client, client.cookies["sessionid"].value if name else "")

    def outcome(self, question: "Question") -> tuple[str, int]:
        self.client.cookies.clear()
        if self.session:
            self.client.cookies["sessionid"] = self.session
        # How often one address may ask for a token is counted here, over all tests of the process.
        cache.clear()
        with transaction.atomic():
            answer = self._ask(question)
            transaction.set_rollback(True)
        return _outcome(answer, question.address), answer.status_code

    def _ask(self, question: "Question") -> Any:
        """A page, an empty form, or where programs knock the least that makes sense."""
        if question.method == "get":
            return self.client.get(question.address)
        if question.address.startswith("/api/"):
            return self.client.post(question.address, question.body, content_type="application/json")
        return self.client.post(question.address)


def _settle(client: Client) -> None:
    """The session is as of somebody who acted just now, for as long as all questions take: none of them writes it."""
    session = client.session
    now = int(time.time())
    session[sessions.BEGAN], session[sessions.SEEN] = now, now + QUESTIONING_SECONDS
    session.save()


def _outcome(answer: Any, address: str) -> str:
    status: int = answer.status_code
    assert status < 500, f"{address}: {status}"
    if status == 302 and not address.startswith(reverse("logout")):
        to = answer["Location"].split("?")[0]
        if to in (reverse("login"), reverse("admin:login"), reverse("password_change")):
            return LOGIN
    return {401: LOGIN, 403: OUT, 404: HIDDEN, 405: ABSENT, 409: LATER}.get(status, IN)


def allowed(decision: Decision, method: str, name: str | None, scope: str) -> set[str]:
    """The outcomes that are right for this person."""
    audience = decision.reads if method == "get" else decision.presses
    if audience is None:
        return ANY - {IN}
    if name == NEWCOMER:
        return {LOGIN, OUT} | ({IN, ABSENT, HIDDEN} if audience(None, scope) or decision.any_answer else set())
    if audience(name, scope):
        return ANY if decision.any_answer else {IN}
    if name is None:
        return {LOGIN, HIDDEN} if decision.any_answer else {LOGIN}
    if decision.any_answer:
        return {LOGIN, OUT, HIDDEN}
    return {OUT, HIDDEN, LATER} if decision.sees(name, scope) else {HIDDEN}


@pytest.mark.slow
@pytest.mark.parametrize("group", ASKERS, ids=lambda group: "+".join(str(name) for name in group))
def test_each_route_lets_in_whom_it_should_and_nobody_else(
    group: list[str | None], story: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    play = Play(story.cast)
    world = World.make(play)
    monkeypatch.setattr(timezone, "now", lambda: play.now)
    Person.objects.create_superuser(KEEPER, "x", full_name="管理")
    Person.objects.create_user(NEWCOMER, "x", full_name="新人", must_change_password=True)
    wrong = []
    for asker in [Asker.of(name) for name in group]:
        for question in _questions(world):
            if question.decision.any_answer and asker.name not in ANY_ASKERS:
                continue
            outcome, status = asker.outcome(question)
            right = allowed(question.decision, question.method, asker.name, question.scope)
            if outcome not in right:
                who = asker.name or "nobody"
                asked = f"{question.method} {question.address} ({question.label})"
                wrong.append(f"{who}: {asked} {outcome} ({status}), not {sorted(right)}")
    assert not wrong, "\n".join(["", *wrong])


@dataclass(frozen=True)
class Question:
    """One address of one side, asked by one method."""

    label: str
    decision: Decision
    method: str
    scope: str
    address: str
    body: dict[str, object]


def _questions(world: World) -> Iterator[Question]:
    """What is asked; routes without a decision are named by the first test of this file."""
    for route in routes():
        decision = decision_of(route)
        if decision is None:
            continue
        near = route.address(world, NEAR)
        for scope in SCOPES:
            address = route.address(world, scope)
            if scope == NEAR or address != near:
                body = body_of(route.name, world, scope)
                for method in ("get", "post"):
                    yield Question(route.label, decision, method, scope, address, body)
