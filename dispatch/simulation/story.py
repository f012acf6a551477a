"""Tells the past days of a district: so many incidents, born when they would be, each lived by the people around it."""

import random
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.simulation import overseers, turns
from dispatch.simulation.habits import live
from dispatch.simulation.life import Life
from dispatch.simulation.matters import LEVELS, Matter, choose, tell
from dispatch.simulation.timeline import Timeline
from dispatch.simulation.world import LIVE_KEY, World
from grids.models import Unit
from incidents.states import Urgency

# What must happen needs time to happen.
TIME_FOR_TURNS = 26
# Reports that villages take on the phone; and phones that find a network only later.
ON_THE_PHONE, DELIVERED_LATE = 0.09, 0.06


@dataclass(frozen=True)
class Birth:
    """One incident to come: when, which in the row, and the turn it must take, if any."""

    moment: datetime
    number: int
    turn: str = ""


def _unheard(incident_id: int) -> None:
    """Nobody wants to know."""


def births(world: World, *, start: datetime, end: datetime, count: int) -> list[Birth]:
    """`count` births in the order of time; every turn is taken by one of them at least, early enough to be seen."""
    dice = random.Random(f"births {world.seed}")
    moments = world.almanac.moments(start, end, count, dice)
    certain = turns.must_happen(moments, before=world.pace.before(end, TIME_FOR_TURNS), dice=dice)
    return [Birth(moment, number, certain.get(number, "")) for number, moment in enumerate(moments)]


def begin(world: World, timeline: Timeline, wanted: list[Birth]) -> None:
    """Take the births into the timeline, and those who look at what is late."""
    overseers.begin(world, timeline)
    for birth in wanted:
        timeline.begin(born(world, timeline, birth))


def born(
    world: World, timeline: Timeline, birth: Birth, *, born: Callable[[int], None] = _unheard
) -> Generator[datetime, None, None]:
    """One incident from its report to wherever it comes; `born` hears its id. The same seed and number: the same."""
    yield birth.moment
    dice = random.Random(f"story {world.seed} {birth.number}")
    life = bear(world, birth, dice)
    timeline.belongs(life.incident.pk)
    born(life.incident.pk)
    if life.is_on("merge", "unmerge"):
        timeline.begin(_twin(life, birth, timeline, born))
        # The one the second is merged into must still be open, and at the same village: who merges answers for both.
        life.turn, life.level = "", "village"
    yield from live(life)


def bear(world: World, birth: Birth, dice: random.Random) -> Life:
    """Somebody meets with something and reports it, or settles it at once."""
    must = turns.BY_NAME.get(birth.turn)
    grid = _grid(world, dice, must)
    tags = world.almanac.tags(birth.moment, grid.pk[:9])
    matter = _matter(must, dice, tags, urban=world.is_urban(grid))
    level = matter.level(dice, settled=None if must is None else False)
    if must is not None and (must.exact or LEVELS.index(level) < LEVELS.index(must.level)):
        level = must.level
    turn = birth.turn or (turns.happens(level, matter.urgency, dice) if level != "grid" else "")
    tale = tell(matter, dice, tags=tags, urban=world.is_urban(grid))
    settled = level == "grid"
    incident = world.report(
        tale,
        grid,
        dice,
        key=_key(world, birth),
        settled=settled,
        by_clerk=not settled and dice.random() < ON_THE_PHONE,
        heard=timedelta(minutes=dice.randrange(5, 90)) if dice.random() < DELIVERED_LATE else timedelta(0),
    )
    return Life(world, incident, tale, level, turn, dice, prompt=must is not None)


def _matter(must: turns.Turn | None, dice: random.Random, tags: frozenset[str], *, urban: bool) -> Matter:
    if must is None:
        return choose(dice, tags=tags, urban=urban)
    urgency = must.urgency or Urgency.NORMAL
    return choose(dice, tags=tags, urban=urban, settled=False if urgency == Urgency.NORMAL else None, urgency=urgency)


def _grid(world: World, dice: random.Random, must: turns.Turn | None) -> Unit:
    """Somewhere in the district; where there is a village next door, if it must go there."""
    grids = world.grids
    if must is not None and must.name == "transfer":
        grids = [grid for grid in grids if world.siblings(world.units[grid.parent_id or ""])] or grids
    return dice.choices(grids, [world.crowds[grid.pk] for grid in grids])[0]


def _twin(
    first: Life, birth: Birth, timeline: Timeline, born: Callable[[int], None]
) -> Generator[datetime, None, None]:
    """The same matter, reported once more in other words, and merged into the first."""
    world, turn = first.world, first.turn
    dice = random.Random(f"twin {world.seed} {birth.number}")
    yield world.now + timedelta(minutes=dice.randrange(8, 25))
    grid = first.incident.place
    tags = world.almanac.tags(world.now, grid.pk[:9])
    again = tell(first.tale.matter, dice, tags=tags, urban=world.is_urban(grid), like=first.tale)
    incident = world.report(again, grid, dice, key=f"{_key(world, birth)}-2")
    life = Life(world, incident, again, "village", turn, dice, prompt=True, partner=first)
    timeline.belongs(incident.pk)
    born(incident.pk)
    yield from live(life)


def _key(world: World, birth: Birth) -> str:
    """What makes a report of the story come in once."""
    return f"{LIVE_KEY}{birth.number}" if world.is_live else f"sim-{world.seed}-{birth.number:05d}"
