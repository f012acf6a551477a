"""Who a stream is for, decided when it opens and again every few minutes: in a thread, with no connection left behind.

A session is looked at as the pages look at it, but is never kept alive: an open page is no sign that somebody sits
before it.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.backends.base import SessionBase
from django.db import connections
from django.http import HttpRequest
from django.utils import timezone

from governance import accounts, sessions
from governance.wall import keys
from grids import permissions
from grids.models import Person
from grids.subtrees import covers

# A stream whose rights nobody changed in a way that is told still looks again after so long.
AGAIN_SECONDS = 300

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whose stream it is. `name` counts streams, `maker` is by whose rights it hears, `person` who may be a receiver.

    `until`: when to look again at the latest, in seconds since 1970.
    """

    name: str
    maker: int
    prefixes: tuple[str, ...]
    until: float
    person: int | None = None
    key: int | None = None


def _leaves_nothing(function: Callable[P, T]) -> Callable[P, T]:
    """The thread gives its database connection back: two hundred streams must not hold one."""

    @functools.wraps(function)
    def inner(*given: P.args, **named: P.kwargs) -> T:
        try:
            return function(*given, **named)
        finally:
            connections.close_all()

    return inner


@_leaves_nothing
def by_session(key: str) -> Viewer | None:
    """The viewer of a session's key; None if it is over, or the person must do something else first."""
    now = timezone.now()
    seconds = int(now.timestamp())
    request = HttpRequest()
    request.session = _store(key)
    person = get_user(request)
    if not isinstance(person, Person) or sessions.why_over(request.session, person, now=seconds):
        return None
    if accounts.why_forced(person):
        return None
    end = sessions.ends_at(request.session, now=seconds)
    return Viewer(
        name=f"person {person.pk}",
        maker=person.pk,
        prefixes=tuple(permissions.visible_prefixes(person, now=now)),
        until=min(seconds + AGAIN_SECONDS, end),
        person=person.pk,
    )


@_leaves_nothing
def by_key(secret: str) -> Viewer | None:
    """The viewer of a wall's key: what its maker sees of its unit. None if it opens nothing any more."""
    now = timezone.now()
    key = keys.recognised(secret, now=now)
    if key is None:
        return None
    seen = permissions.visible_prefixes(key.made_by, now=now)
    return Viewer(
        name=f"key {key.pk}",
        maker=key.made_by_id,
        prefixes=(key.unit_id,) if covers(seen, key.unit_id) else (),
        until=min(now.timestamp() + AGAIN_SECONDS, key.expires_at.timestamp()),
        key=key.pk,
    )


def _store(key: str) -> SessionBase:
    store: SessionBase = import_module(settings.SESSION_ENGINE).SessionStore(key)
    return store
