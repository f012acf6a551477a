"""How fast people are: every unit has its own speed, some are slow, and nobody takes the same time twice. Pure."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from incidents.calendars import WorkCalendar

SLOW_SHARE = 0.17
SPREAD = 0.65
# In real time, outside office hours, those on duty take so many times as long.
OFF_HOURS = 3.0


@dataclass(frozen=True)
class Pace:
    """Delays of a district. `hurry` None: working time of the calendar; else natural time, so many times as fast."""

    calendar: WorkCalendar
    seed: int
    hurry: float | None = None

    def slowness(self, unit: str) -> float:
        """By how much this unit takes longer than others; the same every time."""
        dice = random.Random(f"pace {self.seed} {unit}")
        return dice.uniform(3.5, 8.0) if dice.random() < SLOW_SHARE else dice.uniform(0.6, 1.3)

    def is_slow(self, unit: str) -> bool:
        return self.slowness(unit) > 2

    def office(self, now: datetime, unit: str, hours: float, dice: random.Random) -> datetime:
        """When `unit` gets to something that usually takes so many hours of working time."""
        seconds = max(60.0, hours * 3600 * self.slowness(unit) * dice.lognormvariate(0, SPREAD))
        if self.hurry is None:
            return self.calendar.add(now, int(seconds))
        return now + timedelta(seconds=seconds / self.hurry * (1 if self.is_working(now) else OFF_HOURS))

    def at_once(self, now: datetime, unit: str, minutes: float, dice: random.Random) -> datetime:
        """When `unit` gets to what cannot wait: natural time, also at night; slow units are slow here too."""
        slow = min(2.5, self.slowness(unit))
        seconds = max(40.0, minutes * 60 * slow * dice.lognormvariate(0, SPREAD))
        return now + timedelta(seconds=seconds / (self.hurry or 1))

    def natural(self, now: datetime, hours: float, dice: random.Random) -> datetime:
        """So many hours later by the wall clock, give or take."""
        return now + timedelta(seconds=max(60.0, hours * 3600 * dice.lognormvariate(0, SPREAD)) / (self.hurry or 1))

    def before(self, end: datetime, hours: float) -> datetime:
        """The moment that lies so many hours of working time before `end`."""
        low, high = end - timedelta(days=90), end
        while high - low > timedelta(seconds=1):
            middle = low + (high - low) / 2
            if self.calendar.elapsed(middle, end) > hours * 3600:
                low = middle
            else:
                high = middle
        return high.replace(microsecond=0)

    def is_working(self, moment: datetime) -> bool:
        """Whether offices work at that moment."""
        return self.calendar.elapsed(moment, moment + timedelta(seconds=1)) == 1
