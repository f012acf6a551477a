"""Runs many stories side by side in the order of time; sweep and announcer act in between as they would have."""

import heapq
from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from dispatch import notices, supervision
from dispatch.simulation.world import World
from incidents.models import Clock

# A plot yields the moment at which it goes on.
Plot = Generator[datetime, None, None]
# What falls due is acted on this much later: the sweep looks again and again.
SWEEP_LAG = timedelta(seconds=20)
# People hear of things in rounds; one round per act would take as long as all acts. Nobody looks up any more to the
# minute when a notice of last week was written; of the last day it shows.
TELL_EVERY, TELL_LATELY = timedelta(hours=8), timedelta(minutes=15)
LATELY = timedelta(hours=30)
# How long what falls due next is believed.
LOOK_EVERY = timedelta(minutes=5)
TICKER = "demo"
_FIRST_DUE = f"SELECT min(next_at) FROM {Clock._meta.db_table}"


@dataclass(eq=False)
class Thread:
    """One plot in the queue; of its entries only the one of the latest `turn` counts."""

    plot: Plot
    turn: int = 0


class Timeline:
    """A queue of plots by the moment each goes on."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.told_at = self.until = world.now
        self._waiting: list[tuple[datetime, int, int, Thread]] = []
        self._count = 0
        self._running: Thread | None = None
        self._due: datetime | None = None
        self._looked_at = world.now
        self._threads: dict[int, Thread] = {}

    def begin(self, plot: Plot, *, after: datetime | None = None) -> None:
        """Take a plot into the queue; it runs up to its first moment at once. One that began by `after` is left out."""
        before, self._running = self._running, Thread(plot)
        moment = next(plot, None)
        thread, self._running = self._running, before
        if moment is not None and (after is None or moment > after):
            self._push(max(moment, self.world.now), thread)

    def begin_owned(self, incident_id: int, plot: Plot) -> None:
        """Take the plot of an incident that is there already into the queue."""
        self.begin(_owned(self, incident_id, plot))

    def forget(self, incident_id: int) -> None:
        """Leave the incident to others: its plot goes no further."""
        thread = self._threads.pop(incident_id, None)
        if thread is not None:
            thread.turn += 1

    def belongs(self, incident_id: int) -> None:
        """The running plot is the story of this incident: it is woken when the clock moves it."""
        if self._running is not None:
            self._threads[incident_id] = self._running

    def run(self, until: datetime) -> None:
        """Play everything up to `until`, then let the sweep and the announcer catch up."""
        self.until = until
        while True:
            moment = self._next_moment()
            if moment is None or moment > until:
                if not self._sweep_before(until):
                    break
            elif not self._sweep_before(moment):
                self._play_next()
        self.world.now = until
        self.tell(until)

    def play_due(self, now: datetime, *, most: int) -> int:
        """Play at most `most` of what is due by `now`, in real time; the sweep is somebody else's. How many."""
        played = 0
        while played < most and (moment := self._next_moment()) is not None and moment <= now:
            self.world.now = now
            self._play_next(at=now)
            played += 1
        return played

    @property
    def next_moment(self) -> datetime | None:
        return self._next_moment()

    def tell(self, moment: datetime) -> None:
        """Let people hear of what happened."""
        self.told_at = moment
        notices.announce_until_done(now=moment)

    def _next_moment(self) -> datetime | None:
        while self._waiting and self._waiting[0][2] != self._waiting[0][3].turn:
            heapq.heappop(self._waiting)
        return self._waiting[0][0] if self._waiting else None

    def _play_next(self, at: datetime | None = None) -> None:
        moment, _count, _turn, thread = heapq.heappop(self._waiting)
        self.world.now = at or moment
        self._tell_now_and_then(self.world.now)
        self._advance(thread)

    def _tell_now_and_then(self, moment: datetime) -> None:
        every = TELL_LATELY if self.until - moment < LATELY else TELL_EVERY
        if not self.world.is_live and moment - self.told_at >= every:
            self.tell(moment)

    def _advance(self, thread: Thread) -> None:
        self._running = thread
        moment = next(thread.plot, None)
        self._running = None
        thread.turn += 1
        if moment is not None:
            self._push(max(moment, self.world.now), thread)

    def _push(self, moment: datetime, thread: Thread) -> None:
        self._count += 1
        heapq.heappush(self._waiting, (moment, self._count, thread.turn, thread))

    def _sweep_before(self, moment: datetime) -> bool:
        """Act on what falls due first, if that is before `moment`; whether something was taken."""
        first = self._first_due(moment)
        if first is None or first > moment - SWEEP_LAG:
            return False
        at = max(first + SWEEP_LAG, self.world.now)
        swept = supervision.sweep(now=at, ticker=TICKER, full=True)
        self.world.now, self._due = at, None
        for incident_id, _name in swept.moves:
            self._wake(incident_id, at)
        self._tell_now_and_then(at)
        return bool(swept.claimed)

    def _first_due(self, moment: datetime) -> datetime | None:
        """When the first clock falls due; what was found is believed for a while, as no limit is shorter than that."""
        if self._due is not None and self._due > moment and moment - self._looked_at < LOOK_EVERY:
            return self._due
        self._looked_at = moment
        with connection.cursor() as cursor:
            cursor.execute(_FIRST_DUE)
            (self._due,) = cursor.fetchone()
        return self._due

    def _wake(self, incident_id: int, moment: datetime) -> None:
        thread = self._threads.get(incident_id)
        if thread is not None and thread is not self._running:
            thread.turn += 1
            self._push(moment, thread)


def _owned(timeline: Timeline, incident_id: int, plot: Plot) -> Plot:
    timeline.belongs(incident_id)
    yield from plot
