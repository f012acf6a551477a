"""How many incidents of which fate, and when each is born: the shape of two years of a district."""

import bisect
import itertools
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from governance.benchdata.ground import Grid, Ground
from governance.benchdata.teller import Fate
from governance.benchdata.texts import Matter
from incidents.states import Stage, State, Urgency

T = TypeVar("T")
OPEN_SHARE = 0.10
URGENT_SHARE, CRITICAL_SHARE = 0.05, 0.012
# By hour of the local day, 0 to 23: two peaks, little at night.
HOURS = (1, 1, 0, 0, 0, 1, 4, 16, 42, 60, 56, 38, 18, 24, 46, 52, 48, 36, 24, 18, 12, 7, 4, 2)
WORKDAY, DAY_OFF = 1.0, 0.45

# Weights of what happens to what is over by now: (weight, fate).
CLOSED: tuple[tuple[float, Fate], ...] = (
    (46, Fate(level=0)),
    (17, Fate(level=1)),
    (8, Fate(level=2)),
    (3, Fate(level=2, ordered=True)),
    (14, Fate(level=3, ordered=True)),
    (2, Fate(level=3, ordered=True, helpers=1)),
    (0.6, Fate(level=3, ordered=True, helpers=2)),
    (0.8, Fate(level=3, ordered=True, returned=True)),
    (0.6, Fate(level=3, ordered=True, returned=True, helpers=1)),
    (1.5, Fate(level=3, ordered=True, reworks=1)),
    (0.8, Fate(level=1, reworks=1)),
    (0.7, Fate(level=1, reopens=1)),
    (0.6, Fate(level=3, ordered=True, reopens=1)),
    (1.0, Fate(level=3, ordered=True, pauses=1)),
    (0.5, Fate(level=2, pauses=1)),
    (1.6, Fate(level=1, ends=State.DISMISSED)),
    (0.6, Fate(level=2, ends=State.VOIDED)),
    (0.7, Fate(level=1, sideways="transfer")),
    (0.6, Fate(level=2, sideways="send_back")),
    (0.5, Fate(level=3)),
)
# The same of what is still open: state, tier, whether others are at work.
OPEN: tuple[tuple[float, Fate], ...] = (
    (12, Fate(level=1, stuck=State.REPORTED)),
    (6, Fate(level=2, stuck=State.REPORTED)),
    (5, Fate(level=3, stuck=State.REPORTED)),
    (12, Fate(level=1, stuck=State.ACCEPTED)),
    (8, Fate(level=2, stuck=State.ACCEPTED)),
    (6, Fate(level=3, stuck=State.ACCEPTED)),
    (4, Fate(level=2, ordered=True, stuck=State.DISPATCHED)),
    (8, Fate(level=3, ordered=True, stuck=State.DISPATCHED)),
    (12, Fate(level=3, ordered=True, stuck=State.DISPATCHED, stuck_signed=True)),
    (3, Fate(level=3, ordered=True, helpers=1, stuck=State.DISPATCHED, stuck_signed=True)),
    (7, Fate(level=1, stuck=State.ANSWERED)),
    (3, Fate(level=2, stuck=State.ANSWERED)),
    (6, Fate(level=3, ordered=True, stuck=State.ANSWERED)),
    (4, Fate(level=2, stuck=State.SUSPENDED)),
    (4, Fate(level=3, stuck=State.SUSPENDED)),
)
# The light that shall show at the end, as far as time allows: (weight, name).
LIGHTS = ((48, "unlit"), (18, "yellow"), (34, "red"))
# Of plain reports that could be one, how many are a second report of the matter just before.
TWIN_SHARE = 0.1
STAGE_OF = {
    State.REPORTED: Stage.ACCEPT,
    State.ACCEPTED: Stage.HANDLE,
    State.ANSWERED: Stage.CHECK,
    State.SUSPENDED: Stage.PAUSE,
}


@dataclass(frozen=True, slots=True)
class Birth:
    """One incident to be told. `twin` marks a second report of the one before."""

    at: datetime
    grid: Grid
    matter: Matter
    fate: Fate
    twin: bool = False


class Planner:
    """Draws the births. All chance comes from one seed."""

    def __init__(self, ground: Ground, seed: int, open_share: float = OPEN_SHARE) -> None:
        self.ground, self.open_share = ground, open_share
        self.dice = random.Random(seed)
        self.zone = ground.calendar.zone
        self._days = self._day_weights()
        self._grids = list(itertools.accumulate(grid.weight for grid in ground.grids))
        self._hours = list(itertools.accumulate(HOURS))

    def births(self, count: int) -> list[Birth]:
        """`count` births in the order of their moments."""
        still_open = round(count * self.open_share)
        births = [self._closed() for _ in range(count - still_open)]
        births += [self._open() for _ in range(still_open)]
        births.sort(key=lambda birth: birth.at)
        return self._with_twins(births)

    def _with_twins(self, births: list[Birth]) -> list[Birth]:
        """A few plain reports become a second report of the matter of the one just before them."""
        result: list[Birth] = []
        for birth in births:
            before = result[-1] if result else None
            if before is not None and _may_be_twins(before, birth) and self.dice.random() < TWIN_SHARE:
                birth = Birth(birth.at, before.grid, before.matter, Fate(level=1), twin=True)
            result.append(birth)
        return result

    def _closed(self) -> Birth:
        fate = _copy(_drawn(self.dice, CLOSED))
        return Birth(self._moment(), self._grid(), self._matter(fate), fate)

    def _open(self) -> Birth:
        fate = _copy(_drawn(self.dice, OPEN))
        grid, matter = self._grid(), self._matter(fate)
        seconds, working = self._stage_age(fate, matter)
        end = self.ground.end
        fate.stuck_at = self.ground.ago(seconds) if working else end - timedelta(seconds=seconds)
        fate.stuck_at = max(fate.stuck_at, self.ground.begin + timedelta(days=5))
        before = self._before(fate)
        if matter.urgency == Urgency.NORMAL:
            at = self.ground.ago(self.ground.calendar.elapsed(fate.stuck_at, end) + int(before * 3600))
        else:
            at = fate.stuck_at - timedelta(hours=before / 6)
        at = min(max(at, self.ground.begin), end - timedelta(seconds=90))
        return Birth(at.replace(microsecond=0), grid, matter, fate)

    def _before(self, fate: Fate) -> float:
        """How many working hours the way to the last state takes."""
        if fate.stuck == State.REPORTED and fate.level == 1:
            return 0.0
        hours = self.dice.uniform(1, 3) * fate.level
        if fate.ordered:
            hours += self.dice.uniform(2, 5)
        if fate.stuck == State.ANSWERED and fate.ordered:
            hours += self.dice.expovariate(1 / 60)
        return hours

    def _stage_age(self, fate: Fate, matter: Matter) -> tuple[int, bool]:
        """How long the last stage has been running: seconds, and whether of working time."""
        light = _drawn(self.dice, LIGHTS)
        assert fate.stuck is not None
        stage = STAGE_OF.get(fate.stuck) or (Stage.FINISH if fate.stuck_signed else Stage.SIGN)
        kind = {1: "village", 2: "town", 3: "district"}[fate.level]
        rule = self.ground.rule(matter.category_id, matter.urgency, stage, kind)
        whole = rule.given.seconds
        if stage == Stage.PAUSE:
            return int(self.dice.uniform(3600, 80 * 86400)), False
        yellow = rule.given.yellow_seconds or whole * 3 // 4
        if light == "unlit":
            return int(self.dice.uniform(60, yellow)), rule.given.working
        if light == "yellow":
            return int(self.dice.uniform(yellow, whole)), rule.given.working
        late = self.dice.expovariate(1 / (30 * 28800 if rule.given.working else 20 * 86400))
        return int(whole + late), rule.given.working

    def _matter(self, fate: Fate) -> Matter:
        routine = fate.level <= 1
        urgency = Urgency.NORMAL.value
        if not routine and fate.stuck != State.SUSPENDED and not fate.pauses:
            chance = self.dice.random()
            if chance < CRITICAL_SHARE * 2:
                urgency = Urgency.CRITICAL.value
            elif chance < (CRITICAL_SHARE + URGENT_SHARE) * 2:
                urgency = Urgency.URGENT.value
        known = self.ground.matters
        return self.dice.choice(known.get((routine, urgency)) or known[(False, Urgency.NORMAL.value)])

    def _grid(self) -> Grid:
        at = bisect.bisect(self._grids, self.dice.random() * self._grids[-1])
        return self.ground.grids[min(at, len(self.ground.grids) - 1)]

    def _day_weights(self) -> tuple[list[datetime], list[float]]:
        """The local midnights of the history with a running sum of their weights: work days more, slowly growing."""
        days, sums, total = [], [], 0.0
        first = self.ground.begin.astimezone(self.zone).date() + timedelta(days=1)
        last = self.ground.end.astimezone(self.zone).date()
        span = max(1, (last - first).days)
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            works = self.ground.calendar.works(day)
            total += (WORKDAY if works else DAY_OFF) * (0.8 + 0.4 * number / span) * self.dice.lognormvariate(0, 0.12)
            days.append(datetime(day.year, day.month, day.day, tzinfo=self.zone))
            sums.append(total)
        return days, sums

    def _moment(self) -> datetime:
        days, sums = self._days
        while True:
            day = days[min(bisect.bisect(sums, self.dice.random() * sums[-1]), len(days) - 1)]
            hour = min(bisect.bisect(self._hours, self.dice.random() * self._hours[-1]), 23)
            moment = day + timedelta(hours=hour, seconds=self.dice.randrange(3600))
            if moment < self.ground.end - timedelta(minutes=2):
                return moment.astimezone(UTC)


def _may_be_twins(first: Birth, second: Birth) -> bool:
    """Whether both go to a village and nothing particular shall become of either."""
    plain = Fate(level=1)
    return not first.twin and first.fate == second.fate == plain and first.matter.urgency == Urgency.NORMAL


def _drawn(dice: random.Random, weighted: tuple[tuple[float, T], ...]) -> T:
    return dice.choices([what for _weight, what in weighted], [weight for weight, _what in weighted])[0]


def _copy(fate: Fate) -> Fate:
    return Fate(**{name: getattr(fate, name) for name in Fate.__slots__})
