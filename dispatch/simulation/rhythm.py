"""When things happen: working days, weekends, holidays, market days, hours of the day, weather of a date. Pure."""

import bisect
import itertools
import random
from datetime import date, datetime, time, timedelta

from incidents.calendars import WorkCalendar

HOUR = timedelta(hours=1)
# How many incidents a district like this one meets on an ordinary working day.
A_DAY = 72

# What officers meet by hour of the local day: two rounds on working days, a later start and long evenings on others.
_WORKDAY = (1, 1, 0, 0, 0, 1, 6, 22, 66, 92, 84, 52, 20, 26, 64, 86, 80, 62, 34, 26, 18, 10, 5, 2)
_DAY_OFF = (2, 1, 0, 0, 0, 1, 4, 12, 34, 62, 66, 50, 30, 30, 46, 58, 58, 52, 44, 40, 30, 18, 9, 4)
_DAY_WEIGHT = {"workday": 1.0, "weekend": 0.8, "holiday": 1.25}

# Share of rainy, stormy, windy and foggy days by month.
_CLIMATE = {
    1: (0.25, 0, 0.05, 0.30), 2: (0.30, 0, 0.08, 0.20), 3: (0.35, 0.01, 0.12, 0.10), 4: (0.40, 0.04, 0.12, 0.05),
    5: (0.40, 0.08, 0.10, 0.02), 6: (0.42, 0.14, 0.08, 0.02), 7: (0.40, 0.20, 0.08, 0.01),
    8: (0.42, 0.20, 0.08, 0.01), 9: (0.48, 0.10, 0.05, 0.04), 10: (0.46, 0.03, 0.06, 0.10),
    11: (0.34, 0.02, 0.12, 0.22), 12: (0.25, 0, 0.06, 0.30),
}  # fmt: skip
_HOT, _COLD = (6, 7, 8), (11, 12, 1, 2)


class Almanac:
    """What kind of a moment it is, for one calendar and one seed."""

    def __init__(self, calendar: WorkCalendar, seed: int) -> None:
        self.calendar, self.seed = calendar, seed
        self._weather: dict[date, frozenset[str]] = {}

    def day_of(self, moment: datetime) -> date:
        return moment.astimezone(self.calendar.zone).date()

    def kind(self, day: date) -> str:
        """`workday`, `weekend` or `holiday`; a Saturday worked to make up for a holiday is a workday."""
        if self.calendar.works(day):
            return "workday"
        return "holiday" if day in self.calendar.special else "weekend"

    def weather(self, day: date) -> frozenset[str]:
        """Tags of the weather, the same for everybody and every time."""
        if day not in self._weather:
            dice = random.Random(f"weather {self.seed} {day.isoformat()}")
            rain, storm, wind, fog = _CLIMATE[day.month]
            sky, tags = dice.random(), set()
            if sky < storm:
                tags = {"storm", "rain"}
            elif sky < storm + rain:
                tags = {"rain"}
            else:
                tags = {"dry"}
            tags |= {"wind"} if dice.random() < wind else set()
            tags |= {"fog"} if "rain" not in tags and dice.random() < fog else set()
            tags |= {"hot"} if day.month in _HOT else {"cold"} if day.month in _COLD else set()
            self._weather[day] = frozenset(tags)
        return self._weather[day]

    def tags(self, moment: datetime, town: str = "") -> frozenset[str]:
        """Everything that makes one matter likelier than another at that moment in that town."""
        local = moment.astimezone(self.calendar.zone)
        found = {self.kind(local.date())} | self.weather(local.date())
        if town and is_market_day(town, local.date()) and 6 <= local.hour < 14:
            found.add("market")
        if local.hour < 5 or local.hour >= 22:
            found.add("night")
        elif local.hour < 9:
            found.add("morning")
        elif local.hour >= 18:
            found.add("evening")
        return frozenset(found)

    def weight(self, moment: datetime) -> float:
        """How much happens in the hour of `moment`, beside other hours."""
        local = moment.astimezone(self.calendar.zone)
        kind = self.kind(local.date())
        hours = _WORKDAY if kind == "workday" else _DAY_OFF
        swing = random.Random(f"day {self.seed} {local.date().isoformat()}").uniform(0.85, 1.15)
        bad = 1.2 if "storm" in self.weather(local.date()) else 1.0
        return hours[local.hour] / sum(hours) * _DAY_WEIGHT[kind] * swing * bad

    def an_hour(self, moment: datetime) -> float:
        """How many incidents the hour of `moment` brings."""
        return A_DAY * self.weight(moment)

    def moments(self, start: datetime, end: datetime, count: int, dice: random.Random) -> list[datetime]:
        """`count` moments between `start` and `end` in order, more of them where more happens."""
        first = start.replace(minute=0, second=0, microsecond=0)
        hours = [first + HOUR * number for number in range(int((end - first) / HOUR) + 1)]
        sums = list(itertools.accumulate(self.weight(hour) for hour in hours))
        found: list[datetime] = []
        while len(found) < count:
            hour = hours[bisect.bisect_left(sums, dice.random() * sums[-1])]
            moment = hour + timedelta(seconds=dice.randrange(3600))
            if start <= moment < end:
                found.append(moment)
        return sorted(found)


def is_market_day(town: str, day: date) -> bool:
    """Towns hold their market on three days of ten; neighbours on different ones."""
    return day.day % 10 in ((1, 4, 7), (2, 5, 8), (3, 6, 9))[sum(town.encode()) % 3]


def at(day: date, hour: int, calendar: WorkCalendar) -> datetime:
    """A local hour of a day."""
    return datetime.combine(day, time(hour), tzinfo=calendar.zone)
