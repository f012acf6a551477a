"""The live service is no part of the URL configuration, so its streams are asked here: who opens one and what it tells.

The same people, the same two sides and the same words for who sees an incident as in `test_matrix`.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.utils import timezone

from governance.live import admission, door
from governance.live.admission import Viewer
from governance.live.door import STREAMS, Asked
from grids.models import Person
from incidents.access import Reach, reaches_of
from tests.dispatch.play import Play
from tests.governance.listening import session_of
from tests.rights.audiences import KEEPER, NEWCOMER, Audience, everybody, sees_incident, signed_in
from tests.rights.routes import routes
from tests.rights.test_matrix import ASKERS
from tests.rights.world import FAR, NEAR, SCOPES, World

# Who opens a stream, and of which incidents it tells; a key tells what its maker sees of its unit, to whoever has it.
OPENS: dict[str, Audience] = {"live:own": signed_in, "live:wall": everybody}
HEARS: dict[str, Audience] = {"live:own": sees_incident}


def asked(path: str, *, method: str = "GET", session: str = "") -> Asked:
    cookie = {"cookie": f"sessionid={session}"} if session else {}
    return Asked(method, path, {"host": "testserver", **cookie}, {})


@pytest.fixture
def world(story: Any, monkeypatch: pytest.MonkeyPatch) -> World:
    play = Play(story.cast)
    found = World.make(play)
    monkeypatch.setattr(timezone, "now", lambda: play.now)
    # The service gives its thread's connection back; here that is the test's own.
    for name in ("by_session", "by_key"):
        monkeypatch.setattr(admission, name, getattr(admission, name).__wrapped__)
    Person.objects.create_superuser(KEEPER, "x", full_name="管理")
    Person.objects.create_user(NEWCOMER, "x", full_name="新人", must_change_password=True)
    return found


def viewer(path: str, session: str = "") -> Viewer | None:
    admit: Callable[[], Viewer | None] | None = door._admission(asked(path, session=session))
    return admit() if admit else None


def heard(opened: Viewer | None, reach: Reach) -> bool:
    return opened is not None and reach.meets(opened.prefixes, opened.person)


def test_every_stream_has_a_decision_and_no_other_address_opens_one() -> None:
    assert set(OPENS) == set(STREAMS)
    for path in (*(route.pattern for route in routes()), "live/health", "live/wall/", "live/wall/a/b/", "live/x/"):
        assert door._admission(asked("/" + path)) is None, path
    assert all(door._admission(asked(path.replace("<key>", "k"))) for path in STREAMS.values())


def test_everybody_opens_their_own_stream_and_hears_of_what_they_see_alone(world: World) -> None:
    reaches = reaches_of([world.near.incident, world.far.incident])
    wrong = []
    for name in [name for group in ASKERS for name in group]:
        session = session_of(Person.objects.get(username=name)) if name else ""
        opened = viewer(STREAMS["live:own"], session)
        if (opened is not None) != (OPENS["live:own"](name, NEAR) and name != NEWCOMER):
            wrong.append(f"{name}: opened is {opened}")
        for scope in SCOPES:
            right = name != NEWCOMER and HEARS["live:own"](name, scope)
            if heard(opened, reaches[world.side(scope).incident.pk]) != right:
                wrong.append(f"{name}: should{'' if right else ' not'} hear of what is {scope}")
    assert not wrong, "\n".join(wrong)


def test_a_key_opens_the_stream_of_its_unit_and_tells_of_nothing_elsewhere(world: World) -> None:
    reaches = reaches_of([world.near.incident, world.far.incident])
    for scope, other in ((NEAR, FAR), (FAR, NEAR)):
        opened = viewer(STREAMS["live:wall"].replace("<key>", world.side(scope).wall_secret))
        assert opened is not None and opened.person is None
        assert heard(opened, reaches[world.side(scope).incident.pk])
        assert not heard(opened, reaches[world.side(other).incident.pk])
    assert viewer(STREAMS["live:wall"].replace("<key>", "x" * 43)) is None
    assert viewer(STREAMS["live:own"], "x" * 32) is None


@pytest.mark.parametrize("path", STREAMS.values())
def test_streams_are_read_and_never_written(path: str) -> None:
    told: list[Any] = []

    async def send(message: Any) -> None:
        told.append(message)

    async def nothing() -> Any:
        return {"type": "http.disconnect"}

    async def knock() -> None:
        for method in ("POST", "PUT", "DELETE", "HEAD"):
            await door.Door()._answer(asked(path, method=method), nothing, send)

    # In a thread of its own: a browser of another test may keep this one's loop running.
    with ThreadPoolExecutor(1) as apart:
        apart.submit(asyncio.run, knock()).result()
    assert {one["status"] for one in told if "status" in one} == {405}
