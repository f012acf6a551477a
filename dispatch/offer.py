"""One press somebody may make: what it needs and what follows. Plain data, no query."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.models import Approval, Assignment, Card
from grids.models import Unit
from incidents.models import CardColour


@dataclass(frozen=True)
class Offer:
    """One press: what to hand to `perform` (`name`, `seq`, the ids), what it still needs, and what follows from it.

    `needs` are names of inputs, "result" being a note that says what was done, "on_site" a check photo with position.
    `units` are the choices for `target_unit` or the orders, `assignments` those for `handlers`, `colours` those of a
    card.
    """

    name: str
    label: str
    seq: int
    needs: tuple[str, ...] = ()
    consequence: str = ""
    direction: str = "same"
    is_primary: bool = False
    assignment: Assignment | None = None
    approval: Approval | None = None
    units: tuple[Unit, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    latest: datetime | None = None
    card: Card | None = None
    colours: tuple[CardColour, ...] = ()
