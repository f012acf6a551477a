"""The one reader of a process: brings what stands in the Redis stream to the hub, and begins again when Redis fails.

It reads on from the last id it saw. Where that entry is not there any more, Redis was emptied (or the reader was asleep
for ten thousand entries), and something may be missing: every page is told to ask for everything anew.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from governance.live.hub import Entry, Hub, Id
from grids import wire

log = logging.getLogger(__name__)

BLOCK_SECONDS = 5.0
# Redis answers a blocking read when its time is up; a connection that says nothing for longer is dead.
ANSWER_SECONDS = 8.0
BATCH = 500
SHORTEST_REST, LONGEST_REST = 0.1, 3.0


class Reader:
    """Where one process stands in the stream. At most one connection at a time, closed when it fails."""

    def __init__(self, hub: Hub, address: str) -> None:
        self.hub, self.address = hub, address
        # The last entry that was read; None before the first look, (0, 0) for the stream's beginning.
        self.position: Id | None = None
        # Whether an entry stood there when it was read, so that its absence says something.
        self.is_real = False
        self.began = asyncio.Event()

    async def run(self) -> None:
        """Goes on until it is cancelled."""
        rest = SHORTEST_REST
        while True:
            redis = _connection(self.address)
            try:
                await self._begin(redis)
                rest = SHORTEST_REST
                while True:
                    await self._step(redis)
            except (RedisError, OSError, TimeoutError) as trouble:
                if self.hub.is_up:
                    log.warning("Redis is away, pages ask by themselves: %s", trouble)
                self.hub.turn(up=False)
                await asyncio.sleep(rest)
                rest = min(2 * rest, LONGEST_REST)
            finally:
                await _close(redis)

    async def _begin(self, redis: "Redis") -> None:
        now = await _now(redis)
        if self.position is None:
            newest: Any = await redis.xrevrange(wire.STREAM, count=wire.KEPT)
            entries = _entries(reversed(newest))
            self.hub.begin(entries, now)
            self.position, self.is_real = self.hub.last, bool(entries)
        else:
            if not await self._look_for_loss(redis):
                # While Redis was away nobody could write.
                self.hub.ask_all()
        self.hub.turn(up=True)
        self.began.set()

    async def _step(self, redis: "Redis") -> None:
        """One look: waits until something is written, for at most `BLOCK_SECONDS`."""
        assert self.position is not None
        after: Any = {wire.STREAM: _text(self.position)}
        found: Any = await redis.xread(after, count=BATCH, block=int(BLOCK_SECONDS * 1000))
        if await self._look_for_loss(redis):
            return
        rows = found[0][1] if found else []
        if rows:
            self.position, self.is_real = _id(rows[-1][0]), True
            self.hub.take(_entries(rows))

    async def _look_for_loss(self, redis: "Redis") -> bool:
        """Whether the entry at our position is gone; then everything is read from the beginning of what there is."""
        assert self.position is not None
        at = _text(self.position)
        if not self.is_real or await redis.xrange(wire.STREAM, at, at, count=1):
            return False
        self.hub.lose(await _now(redis))
        self.position, self.is_real = (0, 0), False
        return True


def _connection(address: str) -> "Redis":
    return Redis.from_url(
        address,
        socket_connect_timeout=2,
        socket_timeout=ANSWER_SECONDS,
        health_check_interval=15,
        retry=Retry(NoBackoff(), 0),
    )


async def _close(redis: "Redis") -> None:
    """Says goodbye to a Redis that may not listen."""
    with contextlib.suppress(RedisError, OSError, TimeoutError):
        async with asyncio.timeout(0.5):
            await redis.aclose()


async def _now(redis: "Redis") -> Id:
    seconds, micros = await redis.time()
    return int(seconds) * 1000 + int(micros) // 1000, 0


def _entries(rows: Iterable[tuple[bytes, dict[bytes, bytes]]]) -> list[Entry]:
    found = []
    for id_, fields in rows:
        try:
            found.append(Entry.read(_id(id_), fields[wire.FIELD.encode()]))
        except (ValueError, KeyError, TypeError):
            # Of another version: a page that should have heard of it asks by itself before long.
            log.warning("entry %s cannot be read", id_)
    return found


def _id(text: bytes) -> Id:
    at, _dash, number = text.decode().partition("-")
    return int(at), int(number)


def _text(id_: Id) -> str:
    return f"{id_[0]}-{id_[1]}"
