"""Runs many plots side by side in the order of time, with the sweep acting in between as it would have."""

import heapq
from collections.abc import Generator, Iterator
from datetime import datetime, timedelta

from django.db.models import Min

from dispatch import notices, supervision
from dispatch.demo.player import Player
from grids.models import Person
from incidents.models import Clock

# A plot yields the moment at which it goes on.
Plot = Generator[datetime, None, None]
# The sweep runs every half minute; what fell due is acted on this much later.
SWEEP_LAG = timedelta(seconds=20)
TICKER = "demo"
# What was told longer ago than so many hours of working time has been read.
READ_AFTER = 6


class Timeline:
    """A queue of plots by the moment each goes on."""

    def __init__(self, player: Player) -> None:
        self.player = player
        self.waiting: list[tuple[datetime, int, Plot]] = []
        self.begun = 0

    def begin(self, plot: Plot) -> None:
        self._queue(plot)

    def run(self) -> None:
        """Play everything up to the player's `until`, then let the sweep and the announcer catch up."""
        until, read_until = self.player.until, self.player.ago(READ_AFTER)
        read = False
        while self.waiting and self.waiting[0][0] <= until:
            moment, _number, plot = heapq.heappop(self.waiting)
            self._sweep(moment)
            if not read and moment > read_until:
                read = True
                self._tell(moment)
                self._read_all(moment)
            self.player.now = moment
            self._queue(plot)
        self._sweep(until)
        self._tell(until)

    def _queue(self, plot: Plot) -> None:
        moment = next(plot, None)
        if moment is not None:
            self.begun += 1
            heapq.heappush(self.waiting, (max(moment, self.player.now), self.begun, plot))

    def _sweep(self, until: datetime) -> None:
        """Act on what falls due up to `until`, at the moments at which it falls due."""
        while True:
            first = Clock.objects.filter(next_at__lte=until - SWEEP_LAG).aggregate(first=Min("next_at"))["first"]
            if first is None:
                return
            swept = supervision.sweep(now=first + SWEEP_LAG, ticker=TICKER, full=True)
            if not swept.acted:
                return

    def _tell(self, moment: datetime) -> None:
        notices.announce_until_done(now=moment)

    def _read_all(self, moment: datetime) -> None:
        """Everybody has read what was told until then: an inbox begins with a day's news, not with a fortnight's."""
        for person in _told():
            notices.mark_read(person, now=moment)


def _told() -> Iterator[Person]:
    return Person.objects.filter(is_demo=True, notices__read_at__isnull=True).distinct().iterator()
