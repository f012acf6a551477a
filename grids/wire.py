"""Small words to whoever has a page open: one Redis stream, trimmed, written after the commit and never relied on.

Pages ask by themselves now and then, so that what is not written here is only seen later. Redis may be gone: then
nobody waits for it, and for a while nobody even tries.
"""

import json
import logging
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache, partial
from time import monotonic
from typing import Any

import redis
from django.conf import settings
from django.db import transaction
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger(__name__)

STREAM = "wangge:live"
FIELD = "m"
# About so many entries are kept: what a page that comes back may have missed.
KEPT = 10_000
CONNECT_SECONDS, ANSWER_SECONDS = 0.2, 0.5
# After a failure nothing is tried for so long: the announcer and the sweep must not slow down.
REST_SECONDS = 3.0
# More people than this are not named one by one.
PEOPLE_NAMED = 500

_resting_until = 0.0
# Whether something was not written since the last time that anything was.
_something_lost = False


@lru_cache(maxsize=4)
def _client(address: str) -> "redis.Redis":
    # One more try, for a connection that Redis closed meanwhile; redis-py's own ten would take seconds.
    retry = Retry(NoBackoff(), 1)
    return redis.Redis.from_url(
        address, socket_connect_timeout=CONNECT_SECONDS, socket_timeout=ANSWER_SECONDS, retry=retry
    )


def is_resting() -> bool:
    """Whether Redis failed a moment ago, so that nothing would be written now."""
    return monotonic() < _resting_until


def lose() -> None:
    """Note that there was something to say that nobody will hear."""
    global _something_lost
    _something_lost = True


def send(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Whether all were written. Never raises; takes milliseconds, a second at the very most, and then rests.

    After something could not be written, the next that is comes with the word that something was lost.
    """
    global _resting_until, _something_lost
    if not messages:
        return False
    if is_resting():
        lose()
        return False
    if _something_lost:
        messages = [{"t": "lost"}, *messages]
    try:
        pipe = _client(settings.REDIS_URL).pipeline(transaction=False)
        for message in messages:
            said = json.dumps(message, separators=(",", ":"))
            pipe.xadd(STREAM, {FIELD: said}, maxlen=KEPT, approximate=True)
        pipe.execute()
    except (redis.RedisError, OSError) as trouble:
        log.warning("open pages are not told: %s", trouble)
        _resting_until, _something_lost = monotonic() + REST_SECONDS, True
        return False
    _something_lost = False
    return True


def people_changed(people: Collection[int]) -> None:
    """Have open streams of these people look again at who they are, once the transaction has committed."""
    if people:
        named = sorted(people) if len(people) <= PEOPLE_NAMED else []
        transaction.on_commit(partial(send, [{"t": "people", "of": named}]), robust=True)


def key_changed(key: int) -> None:
    """Have the streams that a wall key opened look again at it, once the transaction has committed."""
    transaction.on_commit(partial(send, [{"t": "key", "of": key}]), robust=True)
