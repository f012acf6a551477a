"""One incident and the people around it: what it is about, what may become of it, and how they press its buttons."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dispatch.models import Assignment
from dispatch.simulation.matters import LEVELS, Tale, phrase
from dispatch.simulation.world import World
from grids.duties import Duty
from grids.levels import UnitKind, kind_of_code
from grids.models import Person
from incidents.models import Incident
from incidents.states import Urgency

_TIERS = {UnitKind.VILLAGE: 1, UnitKind.TOWN: 2, UnitKind.DISTRICT: 3}


def tier_of(unit: str) -> int:
    """1 for a village to 3 for a district, 0 for what is no tier."""
    kind = kind_of_code(unit)
    return _TIERS.get(kind, 0) if kind is not None else 0


@dataclass(frozen=True)
class Step:
    """What somebody is going to do and when; `do` None: nothing but look again."""

    at: datetime
    do: Callable[[], Incident | None] | None = None


@dataclass
class Life:
    """An incident as it now stands, with what the story means to do with it.

    `level` is the tier that can really solve it; `turn` a turn of `turns.TURNS`, taken once: what was taken is in
    `taken`. `prompt`: even slow units take the usual time over it, so that what must happen happens. `underway`: it
    was there before the story, and somebody has been at it for a while.
    """

    world: World
    incident: Incident
    tale: Tale
    level: str
    turn: str
    dice: random.Random
    prompt: bool = False
    underway: bool = False
    partner: "Life | None" = None
    taken: set[str] = field(default_factory=set)
    agenda: dict[tuple[int, int], Step] = field(default_factory=dict)

    # -- what is so ----------------------------------------------------------------------------------------

    @property
    def holder(self) -> str:
        return self.incident.holder_id

    @property
    def tier(self) -> int:
        """1 for a village to 3 for the district."""
        return tier_of(self.holder)

    @property
    def is_too_low(self) -> bool:
        """Whether its holder cannot solve it, or wrongly thinks so."""
        wrongly = self.tier == 1 and self.is_on("send_back") and "send_back" not in self.taken
        return wrongly or self.tier < LEVELS.index(self.level)

    @property
    def is_urgent(self) -> bool:
        return self.incident.urgency != Urgency.NORMAL

    def takes(self, *turns: str) -> bool:
        """Whether it takes one of these turns, which is thereby taken."""
        if self.turn not in turns or self.turn in self.taken:
            return False
        self.taken.add(self.turn)
        return True

    def is_on(self, *turns: str) -> bool:
        """Whether it is of these turns, taken or not."""
        return self.turn in turns

    def refresh(self) -> None:
        """Look again: somebody or something else moved it."""
        found = Incident.objects.select_related("holder", "place").get(pk=self.incident.pk)
        self.incident = found

    # -- when ----------------------------------------------------------------------------------------------

    def soon(self, hours: float, *, minutes: float = 12, unit: str = "") -> datetime:
        """When the unit (the holder) gets to it: so many working hours, or minutes if it is urgent."""
        code = "" if self.prompt else unit or self.holder
        if self.is_urgent:
            return self.world.pace.at_once(self.world.now, code, minutes, self.dice)
        return self.world.pace.office(self.world.now, code, hours, self.dice)

    def exactly(self, hours: float) -> datetime:
        """After so many working hours, whoever it is; in real time as fast as everything else."""
        if self.world.is_live:
            return self.soon(hours)
        return self.world.calendar.add(self.world.now, int(hours * 3600) + self.dice.randrange(60, 900))

    # -- who presses what ----------------------------------------------------------------------------------

    def at_desk(self, at: datetime, name: str, duty: Duty, note: str = "", **given: Any) -> Step | None:
        """Somebody of the holder presses; None where nobody has the duty."""
        by = self.world.staff.pick(self.dice, self.holder, duty)
        return None if by is None else self.by(by, at, name, note, **given)

    def by(self, person: Person, at: datetime, name: str, note: str = "", **given: Any) -> Step:
        """This person presses, unless it moved meanwhile."""
        seq = self.incident.seq
        return Step(at, lambda: self.world.press(self.incident, name, person, note, seq=seq, **given))

    def on_order(self, order: Assignment, at: datetime, name: str, note: str = "", **given: Any) -> Step | None:
        """Somebody of the unit that has the order presses; None where nobody takes orders."""
        by = self.world.staff.pick(self.dice, order.unit_id, Duty.HANDLER, Duty.CLERK)
        return None if by is None else self._about(order, by, at, name, note, **given)

    def about_order(self, order: Assignment, at: datetime, name: str, note: str = "", **given: Any) -> Step | None:
        """The holder's dispatcher presses about an order that is out."""
        by = self.world.staff.pick(self.dice, self.holder, Duty.DISPATCHER)
        return None if by is None else self._about(order, by, at, name, note, **given)

    def _about(self, order: Assignment, by: Person, at: datetime, name: str, note: str, **given: Any) -> Step:
        seq, pk = order.seq, order.pk
        return Step(at, lambda: self.world.press(self.incident, name, by, note, seq=seq, assignment_id=pk, **given))

    def say(self, name: str) -> str:
        """Something people at desks say."""
        return phrase(name, self.dice)
