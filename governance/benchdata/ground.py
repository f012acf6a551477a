"""What the generator stands on: places, people, limits, calendar and texts, read once from the database."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import shapely
from django.db import connection

from governance.benchdata.hands import Rule
from governance.benchdata.texts import Matter, matters
from grids import selectors
from grids.duties import Duty
from grids.levels import UnitKind, district_of
from grids.models import Post
from incidents import calendar_rows, escalations, limits
from incidents.calendars import WorkCalendar
from incidents.states import Stage

POINTS_PER_GRID = 240
LONGEST_HISTORY = timedelta(days=730)
# One unit in eight is slow: that is where the red lights come from.
SLOW_SHARE, SLOW_FACTOR = 0.125, 3.5


class GroundMissing(LookupError):
    """The database lacks what incidents need; the message says which step loads it."""


@dataclass(frozen=True, slots=True)
class Grid:
    """One grid with points inside of it, its boundary and how much happens there."""

    code: str
    boundary_id: int
    points: list[tuple[float, float]]
    weight: float


class Ground:
    """Everything read once. `end` is the moment up to which the tales run."""

    def __init__(self, *, under: str, end: datetime, seed: int) -> None:
        self.end = end.replace(microsecond=0)
        self.under, self.district = under, district_of(under)
        self.dice = random.Random(seed)
        self.kinds: dict[str, str] = dict(selectors.subtree(self.district).values_list("pk", "kind"))
        self.departments = sorted(code for code, kind in self.kinds.items() if kind == UnitKind.DEPARTMENT)
        self.people = self._people()
        self.grids = self._grids()
        self.matters = self._matters()
        try:
            version = calendar_rows.current_version(district_id=self.district)
        except calendar_rows.CalendarMissing as error:
            raise GroundMissing("no calendar: load the demo's calendar first") from error
        self.version_id = version.pk
        self.calendar: WorkCalendar = calendar_rows.work_calendar(version.pk)
        self.profile = selectors.profile_for(self.district)
        self.begin = max(self.end - LONGEST_HISTORY, self._since)
        self.pace = {code: self._pace() for code in sorted(self.kinds)}
        self.rule = lru_cache(maxsize=None)(self._rule)

    def _people(self) -> dict[tuple[str, str], list[int]]:
        found: dict[tuple[str, str], list[int]] = {}
        posts = Post.objects.filter(unit__in=self.kinds, period__contains=self.end).order_by("-is_primary", "pk")
        self._since = self.end - LONGEST_HISTORY
        for unit, duty, person, period in posts.values_list("unit", "duty", "person", "period"):
            found.setdefault((unit, duty), []).append(person)
            self._since = max(self._since, period.lower)
        if not found or not self.departments:
            raise GroundMissing("no people with posts: load the demo's places and people first")
        return found

    def _grids(self) -> list[Grid]:
        query = """
            SELECT b.unit_id, b.id, st_asbinary(b.geom), lower(b.valid) FROM grids_boundary b
            WHERE b.kind = 'grid' AND b.valid @> %s AND b.unit_id LIKE %s ORDER BY b.unit_id
        """
        with connection.cursor() as cursor:
            cursor.execute(query, [self.end, f"{self.under}%"])
            rows = cursor.fetchall()
        served = {unit for unit, duty in self.people if duty == Duty.OFFICER}
        found = [
            Grid(code, pk, self._points(shapely.from_wkb(bytes(wkb))), self.dice.lognormvariate(0, 0.6))
            for code, pk, wkb, _since in rows
            if code in served
        ]
        if not found:
            raise GroundMissing(f"no grids with borders and officers under {self.under}: load the demo's places first")
        self._since = max([self._since, *(since for *_rest, since in rows)])
        return found

    def _points(self, area: shapely.Geometry) -> list[tuple[float, float]]:
        west, south, east, north = area.bounds
        found: list[tuple[float, float]] = []
        shapely.prepare(area)
        for _try in range(40):
            xs = [round(self.dice.uniform(west, east), 7) for _ in range(400)]
            ys = [round(self.dice.uniform(south, north), 7) for _ in range(400)]
            inside = shapely.contains_xy(area, xs, ys)
            found += [(x, y) for x, y, is_in in zip(xs, ys, inside, strict=True) if is_in]
            if len(found) >= POINTS_PER_GRID:
                break
        middle = area.representative_point()
        return found[:POINTS_PER_GRID] or [(round(middle.x, 7), round(middle.y, 7))]

    def _matters(self) -> dict[tuple[bool, str], list[Matter]]:
        found: dict[tuple[bool, str], list[Matter]] = {}
        try:
            known = matters()
        except LookupError as error:
            raise GroundMissing("no categories: load the demo's categories first") from error
        for matter in known:
            found.setdefault((matter.routine, matter.urgency), []).append(matter)
        return found

    def _pace(self) -> float:
        slow = SLOW_FACTOR if self.dice.random() < SLOW_SHARE else 1.0
        return slow * self.dice.lognormvariate(0, 0.25)

    def _rule(self, category_id: int, urgency: str, stage: Stage, tier: str) -> Rule:
        try:
            found = limits.rule_for(
                district_id=self.district,
                category_id=category_id,
                urgency=urgency,
                stage=stage,
                tier=tier,
                at=self.end,
            )
        except limits.LimitMissing as error:
            raise GroundMissing("no limits: load the demo's limits first") from error
        given = limits.terms_of(found.limit_id, found.version_id)
        calendar = calendar_rows.calendar_for(found.version_id, working=given.working)
        repeats = None
        if found.escalation_id is not None:
            repeats = escalations.repeats(found.escalation_id, found.version_id)
        return Rule(*found, given, calendar, repeats)

    # -- asked by the tales -----------------------------------------------------------------------------------

    def person(self, unit: str, *duties: Duty) -> tuple[int, Duty] | None:
        """Somebody who holds one of the duties at the unit, and which."""
        for duty in duties:
            holders = self.people.get((unit, duty.value))
            if holders:
                return self.dice.choice(holders), duty
        return None

    def above(self, unit: str) -> str:
        """The next tier up, at most the district."""
        return {UnitKind.GRID: unit[:12], UnitKind.VILLAGE: unit[:9]}.get(UnitKind(self.kinds[unit]), unit[:6])

    def tier(self, unit: str) -> int:
        """0 for a grid, 1 village, 2 town, 3 district."""
        return {6: 3, 9: 2, 12: 1}.get(len(unit), 0)

    def beside(self, village: str) -> str | None:
        """Another village of the same town."""
        town = village[:9]
        others = [code for code, kind in self.kinds.items() if kind == UnitKind.VILLAGE and code.startswith(town)]
        others = [code for code in others if code != village]
        return self.dice.choice(others) if others else None

    def offices(self, town: str) -> list[str]:
        """The town's own offices."""
        return [code for code, kind in self.kinds.items() if kind == UnitKind.OFFICE and code.startswith(town)]

    def ago(self, seconds: int) -> datetime:
        """The moment that lies `seconds` of working time before the end, not before the beginning."""
        low, high = self.begin, self.end
        while high - low > timedelta(seconds=1):
            middle = low + (high - low) / 2
            if self.calendar.elapsed(middle, self.end) > seconds:
                low = middle
            else:
                high = middle
        return high.replace(microsecond=0)
