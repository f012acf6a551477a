"""One process's streams: each is handed what concerns it, and a page that comes back gets what it missed.

Everything here runs in one event loop and never waits. Each stream has a short queue; where it is full the stream ends,
and the page comes back for the rest: no event is ever dropped alone.
"""

import asyncio
import json
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from governance.live.admission import Viewer
from grids import wire
from incidents.access import Reach

QUEUED = 64
# More at once are told as one: the page asks again once either way.
TOLD_APART = 20
STREAMS_EACH = 20
STREAMS_ALL = 2_000
LOST = "lost"
_ID = re.compile(r"([0-9]{1,15})(?:-([0-9]{1,9}))?")

# When an entry was written in Redis, in milliseconds, and which of that one.
Id = tuple[int, int]


class Signal(Enum):
    """What a stream is told besides what happened."""

    LOOK_AGAIN = "who listens may have lost the right to"
    END = "the service ends, or the stream was too slow"
    GONE = "nobody is at the other end"


class Full(Exception):
    """So many streams are open that no other is let in."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the Redis stream. `told` is what a page gets of it; of an event `reach` says whose page."""

    id: Id
    kind: str
    told: dict[str, Any] = field(default_factory=dict)
    reach: Reach | None = None
    about: tuple[int, ...] = ()

    @classmethod
    def read(cls, id_: Id, said: str | bytes) -> "Entry":
        """The entry that `grids.wire` and `dispatch.feed` wrote. Raises ValueError, KeyError, TypeError."""
        message = json.loads(said)
        if message["t"] == LOST:
            return cls(id_, LOST)
        if message["t"] != "event":
            about = message["of"]
            return cls(id_, message["t"], about=(about,) if isinstance(about, int) else tuple(about))
        reach = Reach(message["p"], tuple(message["u"]), message.get("f"))
        units = {reach.place, *reach.units, message.get("b"), message.get("a"), *message.get("n", ())} - {None}
        told = {"k": message["k"], "i": message["i"], "e": message["e"], "u": sorted(units)}
        if "l" in message:
            told["l"] = message["l"]
        return cls(id_, "event", told, reach)

    def concerns(self, viewer: Viewer) -> bool:
        """Whether the viewer may hear of it."""
        return self.reach is not None and self.reach.meets(viewer.prefixes, viewer.person)


def block(name: str, about: dict[str, Any], id_: Id | None = None) -> bytes:
    """One message as it goes over the line."""
    said = f"event: {name}\ndata: {json.dumps(about, separators=(',', ':'))}\n\n"
    return (f"id: {id_[0]}-{id_[1]}\n{said}" if id_ else said).encode()


def parsed(text: str) -> Id | None:
    """The id a page gives, `milliseconds` or `milliseconds-number`; None for anything else."""
    found = _ID.fullmatch(text)
    return (int(found[1]), int(found[2] or 0)) if found else None


class Stream:
    """One open page."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.queue: asyncio.Queue[bytes | Signal] = asyncio.Queue(QUEUED)
        self.is_over = False

    def put(self, item: bytes | Signal) -> None:
        """Hand over; a stream that takes nothing any more ends."""
        if self.is_over:
            return
        try:
            self.queue.put_nowait(item)
        except asyncio.QueueFull:
            self.end(Signal.END)

    def end(self, why: Signal) -> None:
        """The next thing the stream hears, and the last."""
        if not self.is_over:
            self.is_over = True
            while not self.queue.empty():
                self.queue.get_nowait()
            self.queue.put_nowait(why)


class Hub:
    """All streams of this process, and the newest entries for those who come back."""

    def __init__(self) -> None:
        self.streams: set[Stream] = set()
        self.kept: deque[Entry] = deque(maxlen=wire.KEPT)
        # Of what was written after `floor` everything is kept.
        self.floor: Id = (0, 0)
        self.last: Id = (0, 0)
        self.is_up = False
        self.is_ending = False

    # -- pages ----------------------------------------------------------------------------------------------

    def join(self, viewer: Viewer, after: Id | None) -> Stream:
        """A new stream, with what happened since `after` already in its queue. Raises Full."""
        same = sum(stream.viewer.name == viewer.name for stream in self.streams)
        if self.is_ending or same >= STREAMS_EACH or len(self.streams) >= STREAMS_ALL:
            raise Full
        stream = Stream(viewer)
        self.streams.add(stream)
        if after is not None and after < self.floor:
            stream.put(block("reset", {}))
        elif after is not None and after < self.last:
            self._hand([entry for entry in self.kept if entry.id > after], [stream])
        # The id to come back with: from here on nothing is missed, whether or not anything is heard meanwhile.
        stream.put(block("hello", {"up": self.is_up}, self.last if self.last > (0, 0) else None))
        return stream

    def leave(self, stream: Stream) -> None:
        self.streams.discard(stream)

    # -- the reader -----------------------------------------------------------------------------------------

    def begin(self, entries: Sequence[Entry], now: Id) -> None:
        """What stands in the Redis stream when the reader begins at `now`."""
        self.kept.extend(entries)
        self.floor = entries[0].id if entries else now
        self.last = entries[-1].id if entries else now
        self.ask_all()

    def take(self, entries: Sequence[Entry]) -> None:
        """New entries, in their order."""
        if not entries:
            return
        self.kept.extend(entries)
        if len(self.kept) == self.kept.maxlen:
            self.floor = max(self.floor, self.kept[0].id)
        self.last = max(self.last, entries[-1].id)
        self._hand(entries, self.streams)
        for entry in entries:
            if entry.kind not in ("event", LOST):
                self._look_again(entry)

    def lose(self, now: Id) -> None:
        """Entries may be missing: every page asks for everything anew."""
        self.kept.clear()
        self.floor = self.last = now
        self.ask_all()

    def ask_all(self) -> None:
        """Nobody knows what was missed: every page asks for everything anew."""
        for stream in tuple(self.streams):
            stream.put(block("reset", {}, self.last))

    def turn(self, *, up: bool) -> None:
        """Redis came or went: while it is away pages ask by themselves, as often as without this service."""
        if up != self.is_up:
            self.is_up = up
            for stream in tuple(self.streams):
                stream.put(block("up" if up else "down", {}))

    def end(self) -> None:
        """Every stream ends by itself; nobody is let in any more."""
        self.is_ending = True
        for stream in tuple(self.streams):
            stream.end(Signal.END)

    def _hand(self, entries: Iterable[Entry], streams: Iterable[Stream]) -> None:
        events = [entry for entry in entries if entry.kind in ("event", LOST)]
        lost = any(entry.kind == LOST for entry in events)
        written: dict[Id, bytes] = {}
        for stream in tuple(streams) if events else ():
            if lost:
                stream.put(block("reset", {}, events[-1].id))
                continue
            for message in _messages(events, stream.viewer, written):
                stream.put(message)

    def _look_again(self, entry: Entry) -> None:
        for stream in tuple(self.streams):
            mine = stream.viewer.key if entry.kind == "key" else stream.viewer.maker
            if mine is not None and (mine in entry.about or not entry.about):
                stream.put(Signal.LOOK_AGAIN)


def _messages(events: Sequence[Entry], viewer: Viewer, written: dict[Id, bytes]) -> Iterator[bytes]:
    """What a viewer is told of these events; of many at once only that there were many."""
    if len(events) > TOLD_APART:
        if any(entry.concerns(viewer) for entry in events):
            yield block("many", {}, events[-1].id)
        return
    for entry in events:
        if entry.concerns(viewer):
            if entry.id not in written:
                written[entry.id] = block("happened", entry.told, entry.id)
            yield written[entry.id]
