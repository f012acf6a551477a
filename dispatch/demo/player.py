"""Plays the people of the demo: finds who would press, and presses through the ordinary doors."""

import csv
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import shapely
from django.core.exceptions import PermissionDenied

from dispatch import moves
from dispatch.simulation import pictures
from dispatch.models import Approval, ApprovalState, Assignment
from grids import plans, selectors
from grids.duties import Duty
from grids.levels import UnitKind
from grids.models import Person, Unit
from incidents import calendar_rows, photos, reporting
from incidents.lifecycle import Position
from incidents.models import Category, Incident, PhotoStage, Source
from incidents.refusals import MoveRefused
from incidents.reporting import Sketch
from incidents.states import Urgency

SEED = 511111
KEY = "demo-511111-"
DICTIONARIES = {"S": "sichuan-grid", "G": "GB/T 47678.5-2026"}
HOUR = 3600
# Not everybody takes a picture.
PICTURE_SHARE = 0.45


@dataclass(frozen=True)
class Text:
    """One made-up matter: what is reported, who would be ordered to do what, how it ends."""

    category: Category
    urgency: Urgency
    routine: bool
    unit: str
    picture: str
    text: str
    address: str
    order: str
    feedback: str
    result: str


class Player:
    """The hand that presses every button of the demo. `now` moves on with the timeline, up to `until`."""

    def __init__(self, *, district: str, now: datetime) -> None:
        self.district, self.until = district, now.replace(microsecond=0)
        self.now = self.until - timedelta(days=60)
        self.dice = random.Random(SEED)
        self.calendar = calendar_rows.work_calendar(calendar_rows.current_version(district_id=district).pk)
        self.texts = _texts()
        self.number = self.refused = 0
        self._people: dict[tuple[str, Duty], list[Person]] = {}
        self._grids = list(selectors.subtree(district).filter(kind=UnitKind.GRID).select_related("parent"))
        self._used: dict[bool, list[Text]] = {}

    # -- time ------------------------------------------------------------------------------------------------

    def ago(self, hours: float) -> datetime:
        """The moment that lies `hours` of working time before the end, never the same for two."""
        wanted = int(hours * HOUR) + self.dice.randrange(-240, 240)
        low, high = self.until - timedelta(days=60), self.until
        while high - low > timedelta(seconds=1):
            middle = low + (high - low) / 2
            if self.calendar.elapsed(middle, self.until) > wanted:
                low = middle
            else:
                high = middle
        return high.replace(microsecond=0)

    def minutes_ago(self, minutes: float) -> datetime:
        """A moment of natural time before the end."""
        return self.until - timedelta(minutes=minutes + self.dice.random() * 4)

    def after(self, hours: float) -> datetime:
        """`hours` of working time from now on."""
        return self.calendar.add(self.now, int(hours * HOUR) + self.dice.randrange(0, 600))

    # -- what and where --------------------------------------------------------------------------------------

    def text(self, *, routine: bool, urgency: str = "", unit: str = "") -> Text:
        """The next matter of that sort; all are used once before one comes again."""
        fits = [
            text
            for text in self.texts
            if (text.routine == routine or unit) and text.urgency == (urgency or "normal") and unit in ("", text.unit)
        ]
        fresh = [text for text in fits if text not in self._used.setdefault(routine, [])] or fits
        chosen = self.dice.choice(fresh)
        self._used[routine].append(chosen)
        if len(self._used[routine]) > 0.8 * len(fits) and not unit and not urgency:
            self._used[routine].clear()
        return chosen

    def grid(self, under: str = "") -> Unit:
        """A grid under a code; without one anywhere, the first town more often than the others."""
        prefix = under or (f"{self.district}100" if self.dice.random() < 0.3 else self.district)
        return self.dice.choice([grid for grid in self._grids if grid.pk.startswith(prefix)])

    def _position(self, grid: Unit) -> Position | None:
        outline = plans.outline_of(grid.pk, self.until)
        if outline is None:
            return None
        west, south, east, north = outline.bounds
        for _try in range(60):
            point = shapely.Point(self.dice.uniform(west, east), self.dice.uniform(south, north))
            if outline.contains(point):
                break
        else:
            point = outline.representative_point()
        accuracy = float(self.dice.randrange(5, 25))
        return Position(round(point.x, 7), round(point.y, 7), accuracy_m=accuracy)

    # -- people ----------------------------------------------------------------------------------------------

    def person(self, unit: str, *duties: Duty) -> Person | None:
        """Somebody who holds one of the duties at the unit, the same one every time."""
        for duty in duties:
            if (unit, duty) not in self._people:
                self._people[unit, duty] = selectors.people_with_duty(unit, [duty], self.until)
            if self._people[unit, duty]:
                return self._people[unit, duty][0]
        return None

    # -- births ----------------------------------------------------------------------------------------------

    def report(self, text: Text, grid: Unit, *, settled: bool = False, pictured: bool | None = None) -> int:
        """Report, or settle on the spot, as the grid's officer does; the id of the incident."""
        self.number += 1
        officer = self.person(grid.pk, Duty.OFFICER)
        assert officer is not None, f"the demo gives {grid.pk} an officer"
        if pictured is None:
            pictured = self.dice.random() < PICTURE_SHARE
        sketch = Sketch(
            text=text.text,
            key=f"{KEY}{self.number:03d}",
            category=text.category,
            position=self._position(grid),
            at_hand=True,
            place=grid,
            address=text.address,
            urgency=text.urgency,
            source=Source.OFFICER,
            settled=settled,
            result=text.result if settled else "",
            before=[self.picture(text.picture, after=False)] if pictured else [],
            after=[self.picture(text.picture, after=True)] if pictured and settled else [],
        )
        return reporting.file(actor=officer, sketch=sketch, now=self.now).incident.pk

    def picture(self, scene: str, *, after: bool) -> photos.Picture:
        return photos.check(pictures.draw(scene, after=after, dice=self.dice))

    def add_picture(self, incident_id: int, scene: str, by: Person | None) -> None:
        """A picture of how it looks afterwards."""
        incident = Incident.objects.get(pk=incident_id)
        picture = self.picture(scene, after=True)
        photos.add(incident=incident, picture=picture, stage=PhotoStage.AFTER, now=self.now, added_by=by)

    # -- presses ---------------------------------------------------------------------------------------------

    def press(self, incident_id: int, name: str, by: Person | None, note: str = "", **given: Any) -> bool:
        """Press a button as `by`; whether it was taken. Too late or not theirs any more: nothing happens."""
        if by is None:
            self.refused += 1
            return False
        try:
            moves.perform(incident_id=incident_id, name=name, actor=by, now=self.now, note=note, **given)
        except (MoveRefused, PermissionDenied):
            self.refused += 1
            return False
        return True

    def at_holder(self, incident_id: int, name: str, note: str = "", *duties: Duty, **given: Any) -> bool:
        """Press as somebody of the unit that holds it now; a clerk unless other duties are named."""
        holder = Incident.objects.values_list("holder_id", flat=True).get(pk=incident_id)
        return self.press(incident_id, name, self.person(holder, *(duties or (Duty.CLERK,))), note, **given)

    def order_to(self, incident_id: int, unit: str) -> Assignment | None:
        return Assignment.objects.filter(incident=incident_id, unit=unit).order_by("-pk").first()

    def by_unit(self, incident_id: int, unit: str, name: str, note: str = "", **given: Any) -> bool:
        """Press as the unit an order was given to."""
        assignment = self.order_to(incident_id, unit)
        taker = self.person(unit, Duty.HANDLER, Duty.CLERK)
        return assignment is not None and self.press(
            incident_id, name, taker, note, assignment_id=assignment.pk, **given
        )

    def decide(self, incident_id: int, name: str, note: str = "") -> bool:
        """Grant or refuse what was asked, as the duty chief of the holder."""
        asked = Approval.objects.filter(incident=incident_id, state=ApprovalState.PENDING).first()
        return asked is not None and self.at_holder(incident_id, name, note, Duty.DUTY_CHIEF, approval_id=asked.pk)


def _texts() -> list[Text]:
    categories = {(row.standard_ref, row.code): row for row in Category.objects.filter(district=None)}
    with (Path(__file__).parent / "texts.csv").open(encoding="utf-8", newline="") as file:
        return [
            Text(
                category=categories[DICTIONARIES[line["ref"]], line["code"]],
                urgency=Urgency(line["urgency"] or "normal"),
                routine=line["routine"] == "1",
                **{name: line[name] for name in ("unit", "picture", "text", "address", "order", "feedback", "result")},
            )
            for line in csv.DictReader(file)
        ]
