"""Who holds which post, read once: the people a story plays."""

import random
from datetime import datetime

from grids import selectors
from grids.duties import Duty
from grids.models import Person, Unit

PLAYED = (
    Duty.OFFICER, Duty.SUPERVISOR, Duty.CLERK, Duty.DISPATCHER, Duty.CHECKER, Duty.DUTY_CHIEF, Duty.HANDLER,
)  # fmt: skip


class Staff:
    """The people of a district by unit and duty, as of one moment."""

    def __init__(self, units: list[Unit], at: datetime) -> None:
        held = selectors.people_on_duty([unit.pk for unit in units], PLAYED, at)
        people = Person.objects.in_bulk({pk for found in held.values() for pk in found})
        self._by_post = {post: [people[pk] for pk in found] for post, found in held.items()}

    def of(self, unit: str, *duties: Duty) -> list[Person]:
        """Those who hold the first of `duties` that anybody holds there."""
        for duty in duties:
            if found := self._by_post.get((unit, duty)):
                return found
        return []

    def first(self, unit: str, *duties: Duty) -> Person | None:
        """The same one every time."""
        return next(iter(self.of(unit, *duties)), None)

    def pick(self, dice: random.Random, unit: str, *duties: Duty, but: Person | None = None) -> Person | None:
        """One of them, another than `but` where there is another."""
        found = self.of(unit, *duties)
        others = [person for person in found if person != but] or found
        return dice.choice(others) if others else None

    def everybody(self) -> list[Person]:
        """Each once, in a fixed order."""
        return sorted({person for found in self._by_post.values() for person in found}, key=lambda one: one.pk)
