"""The district in which a story plays: its places and people, the time, and the hand that presses every button."""

import random
import uuid
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import Any

import shapely
from django.core.exceptions import PermissionDenied

from dispatch import moves
from dispatch.simulation.album import Album
from dispatch.simulation.matters import Tale
from dispatch.simulation.pace import Pace
from dispatch.simulation.rhythm import Almanac
from dispatch.simulation.staff import Staff
from grids import plans, selectors
from grids.duties import Duty
from grids.levels import UnitKind
from grids.models import Person, Unit
from incidents import calendar_rows, comments, photos, reporting
from incidents.lifecycle import Position
from incidents.models import Category, Incident, IncidentEvent, PhotoStage, Source
from incidents.refusals import MoveRefused
from incidents.reporting import Sketch

# Most of what officers record goes without a picture.
PICTURE_SHARE = 0.06
# People live closer together in communities, and the first town is the largest.
URBAN_WEIGHT, FIRST_TOWN_WEIGHT = 2.2, 1.6
# Marks what was pressed here in real time, so that what people pressed beside it can be told apart.
LIVE_KEY = "sim-live-"


class World:
    """One district. `now` moves on with the story; `hurry` is for stories in real time (see `pace`)."""

    def __init__(self, *, district: str, now: datetime, seed: int, hurry: float | None = None) -> None:
        self.district, self.now, self.seed = district, now, seed
        self.is_live = hurry is not None
        version = calendar_rows.current_version(district_id=district)
        self.calendar = calendar_rows.work_calendar(version.pk)
        self.almanac = Almanac(self.calendar, seed)
        self.pace = Pace(self.calendar, seed, hurry)
        self.album = Album(seed)
        self.units = {unit.pk: unit for unit in selectors.subtree(district).select_related("parent")}
        self._families: dict[tuple[str | None, str], list[Unit]] = defaultdict(list)
        for unit in self.units.values():
            self._families[unit.parent_id, unit.kind].append(unit)
        self.staff = Staff(list(self.units.values()), now)
        self.grids = [unit for unit in self.units.values() if self._can_report(unit)]
        self.crowds = {grid.pk: self._crowd(grid) for grid in self.grids}
        self.categories = {(row.standard_ref, row.code): row for row in Category.objects.filter(district=None)}
        self.pressed: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._outlines = plans.outlines_of([grid.pk for grid in self.grids], now)

    def _can_report(self, unit: Unit) -> bool:
        return unit.kind == UnitKind.GRID and bool(self.staff.of(unit.pk, Duty.OFFICER))

    def _crowd(self, grid: Unit) -> float:
        """How much happens there, beside other grids."""
        first = grid.pk.startswith(self.district + "100")
        return (URBAN_WEIGHT if self.is_urban(grid) else 1.0) * (FIRST_TOWN_WEIGHT if first else 1.0)

    # -- places --------------------------------------------------------------------------------------------

    def is_urban(self, grid: Unit) -> bool:
        """Whether it lies in a community rather than in a village."""
        return "社区" in grid.name

    def siblings(self, unit: Unit) -> list[Unit]:
        """The other units of the same kind under the same parent."""
        return [one for one in self._families[unit.parent_id, unit.kind] if one.pk != unit.pk]

    def departments(self, wanted: tuple[str, ...]) -> list[Unit]:
        """Those of the wanted departments that the district has; else any."""
        named = [self.units[code] for code in (self.district + one for one in wanted) if code in self.units]
        return named or [unit for unit in self.units.values() if unit.kind == UnitKind.DEPARTMENT]

    def offices(self, town: str) -> list[Unit]:
        return [unit for unit in self.units.values() if unit.kind == UnitKind.OFFICE and unit.pk.startswith(town)]

    def position(self, grid: Unit, dice: random.Random) -> Position | None:
        """A point within the grid, as a phone gives it; None where the grid has no outline."""
        outline = self._outlines.get(grid.pk)
        if outline is None:
            return None
        west, south, east, north = outline.bounds
        for _try in range(60):
            point = shapely.Point(dice.uniform(west, east), dice.uniform(south, north))
            if outline.contains(point):
                break
        else:
            point = outline.representative_point()
        return Position(round(point.x, 7), round(point.y, 7), accuracy_m=float(dice.randrange(5, 25)))

    # -- births --------------------------------------------------------------------------------------------

    def report(
        self,
        tale: Tale,
        grid: Unit,
        dice: random.Random,
        *,
        key: str,
        settled: bool = False,
        pictured: bool | None = None,
        by_clerk: bool = False,
        heard: timedelta = timedelta(0),
    ) -> Incident:
        """What the grid's officer (or the village's clerk, on the phone) reports, or settles; `heard` long before."""
        clerk = self.staff.first(grid.parent_id or "", Duty.CLERK) if by_clerk else None
        actor = clerk or self.staff.first(grid.pk, Duty.OFFICER)
        assert actor is not None, "only grids with an officer are played"
        if pictured is None:
            pictured = clerk is None and dice.random() < PICTURE_SHARE
        village = self.units[grid.parent_id or ""]
        scene = tale.matter.picture
        sketch = Sketch(
            text=tale.text,
            key=key,
            category=self.categories[tale.matter.category],
            position=None if clerk else self.position(grid, dice),
            at_hand=clerk is None,
            place=grid,
            address=f"{village.label}{tale.spot}",
            urgency=tale.matter.urgency,
            source=Source.CLERK if clerk else Source.OFFICER,
            settled=settled,
            result=tale.done(dice) if settled else "",
            occurred_at=self.now - heard,
            before=[self.album.picture(scene, after=False, dice=dice)] if pictured else [],
            after=[self.album.picture(scene, after=True, dice=dice)] if pictured and settled else [],
        )
        self.pressed["self_handle" if settled else "report"] += 1
        return reporting.file(actor=actor, sketch=sketch, now=self.now).incident

    def add_picture(self, incident: Incident, tale: Tale, by: Person | None, dice: random.Random) -> None:
        """A picture of how it looks afterwards."""
        picture = self.album.picture(tale.matter.picture, after=True, dice=dice)
        photos.add(incident=incident, picture=picture, stage=PhotoStage.AFTER, now=self.now, added_by=by)

    def look_on_site(self, incident: Incident, tale: Tale, by: Person, dice: random.Random) -> None:
        """The picture that proves that `by` stood there: with a position, at the stage of a check."""
        picture = self.album.picture(tale.matter.picture, after=True, dice=dice)
        point = incident.point or reporting.taken_at_hand(self.position(incident.place, dice))
        photos.add(incident=incident, picture=picture, stage=PhotoStage.CHECK, now=self.now, added_by=by, point=point)

    # -- presses -------------------------------------------------------------------------------------------

    def press(
        self, incident: Incident, name: str, by: Person, note: str = "", *, seq: int | None = None, **given: Any
    ) -> Incident | None:
        """The incident after `by` pressed; None if it was refused: too late, or somebody was faster."""
        key = f"{LIVE_KEY}{uuid.uuid4().hex[:24]}" if self.is_live else ""
        try:
            pressed = moves.perform(
                incident_id=incident.pk,
                name=name,
                actor=by,
                now=self.now,
                note=note,
                seen_seq=seq,
                idempotency_key=key,
                **given,
            )
        except (MoveRefused, PermissionDenied) as refused:
            self.refused[f"{name}: {getattr(refused, 'code', 'forbidden')}"] += 1
            return None
        self.pressed[name] += 1
        return pressed

    def comment(self, incident: Incident, by: Person, text: str) -> IncidentEvent | None:
        """Words without a move; None if `by` has no part in it any more."""
        key = f"{LIVE_KEY}{uuid.uuid4().hex[:24]}" if self.is_live else ""
        try:
            written = comments.add(incident=incident, actor=by, text=text, now=self.now, key=key)
        except MoveRefused as refused:
            self.refused[f"comment: {refused.code}"] += 1
            return None
        self.pressed["comment"] += 1
        return written
