"""What was made for a ground is kept within the process for all who look at the same one.

Of a ground that does not lie in sight as a whole it is kept for the one person, as long as that person sees the same.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from django.core.cache import caches
from django.utils.translation import get_language

from governance.dashboard.grounds import Ground
from incidents import news

Made = TypeVar("Made")


def until_something_happens(what: str, ground: Ground, make: Callable[[], Made], *, now: datetime) -> Made:
    """What `make` gives, drawn in the present language; made anew after an event, and in every minute. One query.

    Whether something happened is asked before it is made, so that it is never older than it is kept for.
    """
    return _kept((what, get_language(), ground.said, ground.span, news.mark_of_minute(now)), make)


def for_a_while(what: str, ground: Ground, make: Callable[[], Made], *, seconds: int, now: datetime) -> Made:
    """What `make` gives, the same until the next full so many seconds: for what nobody can count after."""
    return _kept((what, ground.said, seconds, int(now.timestamp()) // seconds), make, seconds=seconds)


def found(what: str, ground: Ground) -> Any:
    """What was put by for the ground, if anything: whoever finds it makes it anew where it must be."""
    return caches["boards"].get(_key((what, ground.said)))


def put(what: str, ground: Ground, made: object, *, seconds: int) -> None:
    """Keep something for the ground, for so many seconds at most."""
    caches["boards"].set(_key((what, ground.said)), made, timeout=seconds)


def _kept(said: tuple[object, ...], make: Callable[[], Made], seconds: int | None = None) -> Made:
    shared, key = caches["boards"], _key(said)
    found: Made | None = shared.get(key)
    if found is None:
        found = make()
        shared.set(key, found, **({"timeout": seconds} if seconds else {}))
    return found


def _key(said: tuple[object, ...]) -> str:
    return hashlib.sha256(repr(said).encode()).hexdigest()
