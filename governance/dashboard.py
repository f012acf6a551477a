"""The figures of the dashboard. Every figure is counted over the filters of the list its link opens.

Nothing here counts by conditions of its own but the figures of yesterday's same hour, which have no list: those are
read back from the record as far as it goes (a clock that was paused then counts by the due moment it has now).
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from grids import permissions
from grids.levels import CODE_LENGTHS, UnitKind, kind_of_code
from grids.models import Person, Unit
from grids.subtrees import covers, within
from incidents import access, lights, lists, selectors
from incidents.lists import BESIDE_STAGES, PLACE_LENGTHS, Filters
from incidents.models import Clock, Incident, IncidentEvent, Light
from incidents.states import State

URGENT_MOST = 12
DAY = timedelta(days=1)
LIGHT_ORDER: tuple[str, ...] = (
    Light.RED.value,
    Light.YELLOW.value,
    Light.UNLIT.value,
    lights.SUSPENDED,
    lights.PAUSED,
    Light.NONE.value,
)
# The level whose rows a ground is split into, by the length of its code.
_LEVEL_BELOW = {6: "town", 9: "village", 12: "grid"}
_BODY = "D"


@dataclass(frozen=True)
class Ground:
    """What one dashboard is about: a place or body, the filters everything is counted over, the level of its rows."""

    unit: Unit | None
    base: Filters
    level: str
    choices: list[Unit] = field(default_factory=list)
    home: str = ""

    @property
    def whole(self) -> Filters:
        """Without "waits for": for figures about what has ended or was only reported."""
        return self.base.but(at="")


def ground_for(person: Person, under: str, *, now: datetime) -> Ground | None:
    """The ground of `person`, narrowed to the place `under` where that lies in it; None for somebody without sight."""
    prefixes = permissions.visible_prefixes(person, now=now)
    if not prefixes:
        return None
    home, base = _home(prefixes)
    reach = [home] if home else prefixes
    chosen = under if under and kind_of_code(under) and covers(reach, under) and _BODY not in under else ""
    at = chosen or home
    widest = not at or _BODY in at or len(at) < CODE_LENGTHS[UnitKind.DISTRICT]
    level = "town" if widest else _LEVEL_BELOW.get(len(at), "")
    codes = Q(pk=at)
    if _BODY not in home:
        codes |= Q(within(reach), kind=_choice_kind(home), retired_at__isnull=True)
    units = list(Unit.objects.filter(codes).order_by("code"))
    unit = next((unit for unit in units if unit.pk == at), None)
    choices = [unit for unit in units if unit.kind == _choice_kind(home) and unit.pk != home]
    return Ground(unit, base.but(under=chosen) if chosen else base, level, choices, home)


def _home(prefixes: list[str]) -> tuple[str, Filters]:
    """The one unit a person's sight begins at, with its filters; no unit where there are several."""
    if prefixes == [""]:
        districts = Unit.objects.filter(kind=UnitKind.DISTRICT, retired_at__isnull=True).values_list("code", flat=True)
        prefixes = list(districts[:2])
    if len(prefixes) != 1:
        return "", Filters()
    (home,) = prefixes
    return home, Filters(at=home) if _BODY in home else Filters(under=home)


def _choice_kind(home: str) -> str:
    """What a person may narrow the dashboard to: towns of a district, villages of a town."""
    return UnitKind.VILLAGE if len(home) == CODE_LENGTHS[UnitKind.TOWN] else UnitKind.TOWN


@dataclass(frozen=True)
class Figure:
    """One number with the address of exactly the list it counts, and the same number a day ago if known."""

    number: int
    filters: Filters | None = None
    before: int | None = None

    @property
    def url(self) -> str:
        return list_url(self.filters) if self.filters is not None and self.number else ""


@dataclass(frozen=True)
class Line:
    """One row of a table: a name, its total, a figure per light."""

    key: str
    name: str
    total: Figure
    lights: dict[str, Figure]
    unit_url: str = ""

    @property
    def counts(self) -> dict[str, int]:
        return {name: figure.number for name, figure in self.lights.items()}


@dataclass(frozen=True)
class Board:
    """All that one dashboard shows."""

    ground: Ground
    strip: dict[str, Figure]
    tiers: list[Line]
    places: list[Line]
    departments: list[Line]
    urgent: list[selectors.Row]

    def figures(self) -> list[Figure]:
        """Every number on the page that has a list behind it."""
        lines = [*self.tiers, *self.places, *self.departments]
        return [
            *self.strip.values(),
            *(line.total for line in lines),
            *(f for line in lines for f in line.lights.values()),
        ]


def list_url(filters: Filters) -> str:
    """The address of the list that `filters` describe."""
    return f"{reverse('incidents:list')}?{filters.query()}"


def board(person: Person, ground: Ground, *, now: datetime) -> Board:
    """The whole dashboard: counted in five queries beside those that find the person's sight."""
    base, level = ground.base, ground.level or "grid"
    table = cast(dict[tuple[str, ...], int], lists.count_by(person, base, "tier", level, "light", now=now))
    by_tier: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    by_place: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    by_light: dict[str, int] = defaultdict(int)
    for (tier, place, light), number in table.items():
        by_tier[tier][light] += number
        by_place[place][light] += number
        by_light[light] += number
    waiting = cast(dict[tuple[str, ...], int], lists.count_by(person, ground.whole, "at", "light", now=now))
    by_body: dict[str, dict[str, int]] = defaultdict(dict)
    for (unit, light), number in waiting.items():
        if _BODY in unit:
            by_body[unit][light] = number
    units = Unit.objects.in_bulk({*by_place, *by_body})
    # Asked once for both that need it: finding out what somebody may see takes queries of its own.
    in_sight = Incident.objects.filter(access.scope(person, now=now))
    tiers = [
        _line(base.narrowed("tier", kind), kind, str(UnitKind(kind).label), by_tier[kind])
        for kind in lists.HOLDING_KINDS
        if kind in by_tier
    ]
    return Board(
        ground=ground,
        strip=_strip(person, ground, in_sight, by_light, now=now),
        tiers=tiers,
        places=_places(base, level, by_place, units),
        departments=[
            _line(ground.whole.narrowed("at", code), code, _name(units, code), by_body[code])
            for code in sorted(by_body, key=lambda code: (-sum(by_body[code].values()), code))
        ],
        urgent=_urgent(in_sight, person, base, now=now),
    )


def _places(base: Filters, level: str, counts: Mapping[str, dict[str, int]], units: Mapping[str, Unit]) -> list[Line]:
    lines = []
    for code in sorted(counts):
        # What lies above the level (reported at the town itself) is a row of its own.
        exact = len(code) < PLACE_LENGTHS[level]
        filters = base.but(place=code) if exact else base.narrowed(level, code)
        lines.append(_line(filters, code, _name(units, code), counts[code]))
    return lines


def _line(filters: Filters, key: str, name: str, counts: Mapping[str, int]) -> Line:
    by_light = {light: Figure(counts[light], filters.but(light=light)) for light in LIGHT_ORDER if counts.get(light)}
    return Line(key, name, Figure(sum(counts.values()), filters), by_light)


def _name(units: Mapping[str, Unit], code: str) -> str:
    return units[code].label if code in units else code


def _strip(
    person: Person, ground: Ground, in_sight: QuerySet[Incident], by_light: Mapping[str, int], *, now: datetime
) -> dict[str, Figure]:
    """The five figures of the top strip: now, and at yesterday's same hour."""
    today, base = timezone.localtime(now).date(), ground.base
    reported = ground.whole.but(states=frozenset(State), since=today, until=today)
    closed = ground.whole.but(states=frozenset({State.CLOSED}), ended=today)
    counted = _today_and_then(in_sight, person, ground, reported, closed, now=now)
    return {
        "reported": Figure(counted["reported"], reported, counted["reported_then"]),
        "open": Figure(sum(by_light.values()), base, counted["open_then"]),
        "yellow": Figure(by_light.get("yellow", 0), base.but(light="yellow"), counted["yellow_then"]),
        "red": Figure(by_light.get("red", 0), base.but(light="red"), counted["red_then"]),
        "closed": Figure(counted["closed"], closed, counted["closed_then"]),
    }


def _today_and_then(
    in_sight: QuerySet[Incident], person: Person, ground: Ground, reported: Filters, closed: Filters, *, now: datetime
) -> dict[str, int]:
    """Today's births and ends by the lists' own conditions; the five figures a day ago. One query over recent rows."""
    then = now - DAY
    morning = timezone.localtime(then).replace(hour=0, minute=0, second=0, microsecond=0)
    ran = Clock.objects.filter(incident=OuterRef("pk"), started_at__lte=then).exclude(stage__in=BESIDE_STAGES)
    ran = ran.filter(Q(stopped_at__isnull=True) | Q(stopped_at__gt=then))
    if ground.base.at:
        ran = ran.filter(unit=ground.base.at)
    open_then = Q(reported_at__lte=then) & (Q(closed_at__isnull=True) | Q(closed_at__gt=then))
    if ground.base.at:
        open_then &= Q(ran_then=True)
    red, yellow = Q(red_then=True), Q(yellow_then=True, red_then=False)
    recent = in_sight.filter(
        lists.conditions(ground.whole.but(states=frozenset(State)), person),
        Q(closed_at__isnull=True) | Q(closed_at__gte=morning),
    ).annotate(
        ran_then=Exists(ran),
        red_then=Exists(ran.filter(due_at__lt=then)),
        yellow_then=Exists(ran.filter(warn_at__lte=then)),
    )
    counts: dict[str, Any] = recent.aggregate(
        reported=Count("pk", filter=lists.conditions(reported, person)),
        closed=Count("pk", filter=lists.conditions(closed, person)),
        reported_then=Count("pk", filter=Q(reported_at__gte=morning, reported_at__lte=then)),
        closed_then=Count("pk", filter=Q(state=State.CLOSED, closed_at__gte=morning, closed_at__lte=then)),
        open_then=Count("pk", filter=open_then),
        red_then_=Count("pk", filter=open_then & red),
        yellow_then_=Count("pk", filter=open_then & yellow),
    )
    return {name.removesuffix("_") if name.endswith("then_") else name: number for name, number in counts.items()}


def _urgent(in_sight: QuerySet[Incident], person: Person, base: Filters, *, now: datetime) -> list[selectors.Row]:
    """What is overdue or near due, the one due longest ago first."""
    lit = in_sight.filter(lists.conditions(base, person))
    if base.at:
        lit = lit.filter(Exists(lists.running_clocks(base.at)))
    lit = lit.annotate(shown=lists.shown_light(now, at=base.at), due=lists.due(at=base.at))
    first = lit.filter(shown__in=[Light.RED.value, Light.YELLOW.value]).select_related("category").order_by("due", "pk")
    return selectors.rows(list(first[:URGENT_MOST]), now, at=base.at)


def fingerprint(now: datetime) -> str:
    """Changes with every event and with every minute, by which lights may have changed without one."""
    newest = IncidentEvent.objects.aggregate(newest=Max("pk"))["newest"]
    return f"{newest or 0}-{int(now.timestamp()) // 60}"
