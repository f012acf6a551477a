"""Lets a district go on in real time: reports come in by the hour, everybody reacts, screens move. Until told to stop.

Time is the real one; `speed` makes people come and act so many times as fast. Clocks, lights and notices belong to the
sweep and the announcer, which run beside it. What a person does on a page is that person's: the incident is left alone
until nobody touched it for a while (`adoption.QUIET`), then the people of the district go on with it.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from dispatch.simulation import adoption, overseers, story
from dispatch.simulation.story import Birth
from dispatch.simulation.timeline import Timeline
from dispatch.simulation.world import World

# How long to sleep when nothing is due, and how much to do before looking at the time again.
IDLE_SECONDS = 0.5
AT_ONCE = 20
LOOK_AROUND = timedelta(seconds=20)
# Even at night something comes in: a screen that stands still looks broken.
FEWEST_AN_HOUR = 0.6


class RealTime:
    """One run: `turn` does what is due and says how long to wait, `stop` makes it end after the act in hand."""

    def __init__(self, *, district: str, seed: int, speed: float, now: datetime) -> None:
        self.world = World(district=district, now=now, seed=seed, hurry=speed)
        self.speed, self.began = speed, now
        self.timeline = Timeline(self.world)
        overseers.begin(self.world, self.timeline)
        self.dice = random.Random(f"live {seed} {now.isoformat()}")
        self.numbers = _numbers(now)
        self.born = 0
        self.ours: set[int] = set()
        self.looked_at = datetime.min.replace(tzinfo=now.tzinfo)
        self.next_birth = self._next_birth(now)
        self.stopping = False

    def stop(self) -> None:
        self.stopping = True

    def turn(self, now: datetime) -> float:
        """Do what is due by `now`; the seconds to wait before the next turn. Each act is a transaction of its own."""
        self.world.now = now
        if now - self.looked_at >= LOOK_AROUND:
            self._look_around(now)
        while self.next_birth <= now and not self.stopping:
            self._bear(now)
        done = 0
        while done < AT_ONCE and not self.stopping and self.timeline.play_due(now, most=1):
            done += 1
        return 0 if done else IDLE_SECONDS

    def _look_around(self, now: datetime) -> None:
        """Take up what nobody here has in hand yet, and leave to people what they touched."""
        self.looked_at = now
        self.ours |= adoption.adopt(self.world, self.timeline, but=self.ours, since=self.began)
        theirs = adoption.touched_by_people(self.world, since=self.began) & self.ours
        for incident_id in theirs:
            self.timeline.forget(incident_id)
        self.ours -= theirs

    def _bear(self, now: datetime) -> None:
        birth = Birth(now, next(self.numbers))
        self.next_birth = self._next_birth(now)
        self.born += 1
        self.timeline.begin(story.born(self.world, self.timeline, birth, born=self.ours.add))

    def _next_birth(self, now: datetime) -> datetime:
        an_hour = max(FEWEST_AN_HOUR, self.world.almanac.an_hour(now)) * self.speed
        return now + timedelta(seconds=self.dice.expovariate(an_hour / 3600))


def _numbers(now: datetime) -> Iterator[int]:
    """Numbers that no earlier run used: seconds since 1970, and on."""
    number = int(now.timestamp()) * 1000
    while True:
        yield number
        number += 1
