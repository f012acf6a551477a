"""The hand that plays the told plots of the demo: a simulated district, with words for plots and moments before now."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dispatch.models import Approval, ApprovalState, Assignment
from dispatch.simulation.matters import Matter, Tale, choose, kinds_of_place, matters, tell
from dispatch.simulation.world import World
from grids.duties import Duty
from grids.models import Person, Unit
from incidents.models import Incident
from incidents.states import Urgency

SEED = 511111
KEY = "demo-511111-"
HOUR = 3600
# Not everybody takes a picture, but told plots are there to be looked at.
PICTURE_SHARE = 0.6


@dataclass
class Text:
    """A matter to tell; it gets its place and words when it is reported."""

    matter: Matter
    dice: random.Random
    tale: Tale | None = None

    @property
    def unit(self) -> str:
        """The department that would be ordered to see to it."""
        return self.matter.departments[0]

    @property
    def order(self) -> str:
        return self._told.order(self.dice)

    @property
    def feedback(self) -> str:
        return self._told.fed(self.dice)

    @property
    def result(self) -> str:
        return self._told.done(self.dice)

    @property
    def _told(self) -> Tale:
        assert self.tale is not None, "reported before anything is done about it"
        return self.tale


class Player(World):
    """Plays what must be there when somebody first looks at the demo, at moments counted back from `until`."""

    def __init__(self, *, district: str, start: datetime, until: datetime) -> None:
        super().__init__(district=district, now=start, seed=SEED)
        self.until = until
        self.dice = random.Random(SEED)
        self.number = 0

    # -- time ------------------------------------------------------------------------------------------------

    def ago(self, hours: float) -> datetime:
        """The moment that lies `hours` of working time before the end, never the same for two."""
        return self.pace.before(self.until, hours + self.dice.uniform(-0.07, 0.07))

    def minutes_ago(self, minutes: float) -> datetime:
        """A moment of natural time before the end."""
        return self.until - timedelta(minutes=minutes + self.dice.random() * 4)

    def after(self, hours: float) -> datetime:
        """`hours` of working time from now on."""
        return self.calendar.add(self.now, int(hours * HOUR) + self.dice.randrange(0, 600))

    # -- what and where --------------------------------------------------------------------------------------

    def text(self, *, routine: bool, urgency: str = "", unit: str = "") -> Text:
        """A matter of that sort; `routine` ones are those an officer or a village sees to."""
        wanted = Urgency(urgency or Urgency.NORMAL)
        settled = routine if wanted == Urgency.NORMAL and not unit else None
        tags = self.almanac.tags(self.until)
        found = choose(self.dice, tags=tags, urban=True, settled=settled, urgency=wanted, department=unit)
        return Text(found, random.Random(self.dice.random()))

    def grid(self, under: str = "") -> Unit:
        """A grid under a code; without one anywhere, the first town more often than the others."""
        prefix = under or (f"{self.district}100" if self.dice.random() < 0.3 else self.district)
        return self.dice.choice([grid for grid in self.grids if grid.pk.startswith(prefix)])

    def person(self, unit: str, *duties: Duty) -> Person | None:
        """Somebody who holds one of the duties at the unit, the same one every time."""
        return self.staff.first(unit, *duties)

    # -- births ----------------------------------------------------------------------------------------------

    def begin(
        self, text: Text, grid: Unit, *, settled: bool = False, pictured: bool | None = None, key: str = ""
    ) -> int:
        """Report, or settle on the spot, as the grid's officer does; the id of the incident."""
        self.number += 1
        if not set(text.matter.where) & set(kinds_of_place(urban=self.is_urban(grid))):
            # What only a town street knows does not happen among fields.
            text.matter = _like(text.matter, urban=self.is_urban(grid))
        tags = self.almanac.tags(self.now, grid.pk[:9])
        text.tale = tell(text.matter, text.dice, tags=tags, urban=self.is_urban(grid), like=text.tale)
        if pictured is None:
            pictured = self.dice.random() < PICTURE_SHARE
        key = key or f"{KEY}{self.number:03d}"
        return self.report(text.tale, grid, text.dice, key=key, settled=settled, pictured=pictured).pk

    def show(self, incident_id: int, text: Text, by: Person | None) -> None:
        """A picture of how it looks afterwards."""
        assert text.tale is not None
        self.add_picture(Incident.objects.get(pk=incident_id), text.tale, by, text.dice)

    # -- presses ---------------------------------------------------------------------------------------------

    def do(self, incident_id: int, name: str, by: Person | None, note: str = "", **given: Any) -> bool:
        """Press a button as `by`; whether it was taken. Too late or not theirs any more: nothing happens."""
        incident = Incident.objects.only("pk").get(pk=incident_id)
        return by is not None and self.press(incident, name, by, note, **given) is not None

    def at_holder(self, incident_id: int, name: str, note: str = "", *duties: Duty, **given: Any) -> bool:
        """Press as somebody of the unit that holds it now; a clerk unless other duties are named."""
        holder = Incident.objects.values_list("holder_id", flat=True).get(pk=incident_id)
        return self.do(incident_id, name, self.person(holder, *(duties or (Duty.CLERK,))), note, **given)

    def order_to(self, incident_id: int, unit: str) -> Assignment | None:
        return Assignment.objects.filter(incident=incident_id, unit=unit).order_by("-pk").first()

    def by_unit(self, incident_id: int, unit: str, name: str, note: str = "", **given: Any) -> bool:
        """Press as the unit an order was given to."""
        assignment = self.order_to(incident_id, unit)
        taker = self.person(unit, Duty.HANDLER, Duty.CLERK)
        return assignment is not None and self.do(incident_id, name, taker, note, assignment_id=assignment.pk, **given)

    def decide(self, incident_id: int, name: str, note: str = "") -> bool:
        """Grant or refuse what was asked, as the duty chief of the holder."""
        asked = Approval.objects.filter(incident=incident_id, state=ApprovalState.PENDING).first()
        return asked is not None and self.at_holder(incident_id, name, note, Duty.DUTY_CHIEF, approval_id=asked.pk)


def _like(matter: Matter, *, urban: bool) -> Matter:
    """A matter for the same department, of the same urgency, that happens at such a place."""
    places = set(kinds_of_place(urban=urban))
    fits = [one for one in matters() if places & set(one.where) and one.urgency == matter.urgency]
    same = [one for one in fits if one.departments[0] == matter.departments[0]]
    return next(iter(same or fits), matter)
