"""What can go wrong, where, and how people talk about it: sentences made from the tables beside this module."""

import random
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from dispatch.simulation.grammar import say
from incidents.states import Urgency

HERE = Path(__file__).parent
DICTIONARIES = {"S": "sichuan-grid", "G": "GB/T 47678.5-2026"}
# Officers settle most of what they meet before it ever becomes somebody else's: the weights below it times this.
OFFICERS_SETTLE = 2.2
# A report says "two cars", what was done about it says "the cars".
_COUNTED = re.compile("^(连着)?[一两三四几](个|条|盏|辆|台|只|窝|段|名|位|串|部|张|堆|袋|车左右的|群|头)")
LEVELS = ("grid", "village", "town", "district")


@dataclass(frozen=True)
class Matter:
    """One sort of trouble. `reach`: how often it ends at each of `LEVELS`; `when`: what makes it likelier, or less."""

    category: tuple[str, str]
    departments: tuple[str, ...]
    urgency: Urgency
    reach: tuple[float, ...]
    often: float
    when: Mapping[str, float]
    where: tuple[str, ...]
    picture: str
    slot: str
    things: tuple[str, ...]
    text: tuple[str, ...]
    done: tuple[str, ...]
    order: tuple[str, ...]
    fed: tuple[str, ...]

    def weight(self, tags: Collection[str]) -> float:
        """How likely it is under these tags of day, hour and weather."""
        found = self.often
        for tag, times in self.when.items():
            if tag in tags:
                found *= times
        return found

    def level(self, dice: random.Random, *, settled: bool | None = None) -> str:
        """Where it will end; `settled` False leaves the officer out, True takes nobody else."""
        if settled:
            return "grid"
        weights = [self.reach[0] * OFFICERS_SETTLE, *self.reach[1:]]
        if settled is False:
            weights[0] = 0.0
        return dice.choices(LEVELS, weights)[0] if sum(weights) else "village"


@dataclass(frozen=True)
class Tale:
    """One matter at one spot, in words; what is done about it is said in words that fit."""

    matter: Matter
    thing: str
    spot: str
    text: str

    def done(self, dice: random.Random) -> str:
        return self._say(self.matter.done, dice)

    def order(self, dice: random.Random) -> str:
        return self._say(self.matter.order, dice)

    def fed(self, dice: random.Random) -> str:
        return self._say(self.matter.fed, dice)

    def _say(self, patterns: tuple[str, ...], dice: random.Random) -> str:
        slots = {"spot": self.spot, self.matter.slot: _COUNTED.sub("", self.thing) or self.thing}
        return say(dice.choice(patterns), dice, slots)


@cache
def matters() -> tuple[Matter, ...]:
    """Every matter of the table."""
    return tuple(_matter(row) for row in _table("matters.toml")["matter"])


@cache
def phrases(kind: str) -> Mapping[str, Any]:
    """A section of phrases.toml: `lead`, `said` or `spots`."""
    section: Mapping[str, Any] = _table("phrases.toml")[kind]
    return section


def phrase(name: str, dice: random.Random) -> str:
    """Something people at desks say."""
    return say(dice.choice(phrases("said")[name]), dice)


def spot(kind: str, dice: random.Random) -> str:
    """A made-up place of a kind within a village."""
    spots = phrases("spots")
    road, cross = dice.sample(spots["roads"], 2)
    named = {"road": road, "cross": cross, "estate": dice.choice(spots["estates"])}
    return say(dice.choice(spots[kind]), dice, named)


def kinds_of_place(*, urban: bool) -> tuple[str, ...]:
    """The kinds of spots there are in a community or in a village."""
    return tuple(phrases("spots")["urban" if urban else "country"])


def choose(
    dice: random.Random,
    *,
    tags: Collection[str],
    urban: bool,
    settled: bool | None = None,
    urgency: Urgency | None = None,
    department: str = "",
) -> Matter:
    """A matter that happens under these tags at such a place."""
    places = set(kinds_of_place(urban=urban))
    fits = [
        matter
        for matter in matters()
        if places & set(matter.where)
        and (urgency is None or matter.urgency == urgency)
        and (not department or matter.departments[0] == department)
        and (settled is None or settled is (matter.reach[0] >= 50))
    ]
    fits = fits or [matter for matter in matters() if urgency is None or matter.urgency == urgency]
    return dice.choices(fits, [matter.weight(tags) for matter in fits])[0]


def tell(matter: Matter, dice: random.Random, *, tags: Collection[str], urban: bool, like: Tale | None = None) -> Tale:
    """The matter as somebody reports it; `like`: what somebody else has reported already, in other words."""
    kinds = [kind for kind in matter.where if kind in kinds_of_place(urban=urban)] or list(matter.where)
    thing, place = say(dice.choice(matter.things), dice), spot(dice.choice(kinds), dice)
    if like is not None and like.matter is matter:
        thing, place = like.thing, like.spot
    leads = phrases("lead")
    fitting = [tag for tag in leads if tag in tags]
    lead = dice.choice(leads[dice.choice(fitting)] if fitting and dice.random() < 0.35 else leads["any"])
    slots = {"spot": place, "lead": lead, matter.slot: thing}
    return Tale(matter, thing, place, say(dice.choice(matter.text), dice, slots))


def recognise(category: tuple[str, str] | None, text: str, dice: random.Random) -> Tale:
    """The tale behind words that somebody else wrote: of its category, with the thing it names if it names one."""
    of_it = [matter for matter in matters() if matter.category == category]
    for matter in of_it:
        for thing in matter.things:
            if thing in text:
                return Tale(matter, thing, "该处", text)
    found = next(iter(of_it), None)
    return Tale(_plain(found), "", "该处", text)


def _plain(matter: Matter | None) -> Matter:
    """The matter with words that fit any trouble."""
    plain = phrases("plain")
    known = replace(matter or matters()[0], slot="", things=())
    return replace(known, done=tuple(plain["done"]), order=tuple(plain["order"]), fed=tuple(plain["fed"]))


def _matter(row: Mapping[str, Any]) -> Matter:
    ((slot, things),) = row["slots"].items()
    return Matter(
        category=(DICTIONARIES[row["cat"][0]], row["cat"][1:]),
        departments=tuple(row["to"]),
        urgency=Urgency(row.get("urgency", "normal")),
        reach=tuple(row["reach"]),
        often=row["often"],
        when=row.get("when", {}),
        where=tuple(row["where"]),
        picture=row["picture"],
        slot=slot,
        things=tuple(things),
        **{name: tuple(row[name]) for name in ("text", "done", "order", "fed")},
    )


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads((HERE / name).read_text(encoding="utf-8"))
