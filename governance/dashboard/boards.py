"""All that one dashboard shows, and all the numbers on it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.urls import reverse

from governance.dashboard.counts import open_counts
from governance.dashboard.days import days
from governance.dashboard.figures import Figure, Line, line
from governance.dashboard.firsts import Categories, First, Solved, firsts, solved
from governance.dashboard.flow import Flow, flow
from governance.dashboard.grounds import Ground
from governance.dashboard.strip import strip
from governance.dashboard.urgent import Emergencies, Pressing, emergencies, lit, named, units_of
from grids.levels import CODE_LENGTHS, UnitKind, ancestor_codes, tier_code
from grids.models import Unit
from incidents import news
from incidents.filters import HOLDING_KINDS, PLACE_LENGTHS
from incidents.models import Category


@dataclass(frozen=True)
class Board:
    """All that one dashboard shows at a moment."""

    ground: Ground
    strip: dict[str, Figure]
    emergencies: Emergencies
    urgent: list[Pressing]
    tiers: list[Line]
    places: list[Line]
    departments: list[Line]
    loads: dict[str, int]
    flow: Flow
    firsts: list[First]
    solved: list[Solved]
    categories: list[Category]
    counted_at: datetime | None = None

    def figures(self) -> Iterator[Figure]:
        """Every number on the page that has a list behind it."""
        yield from self.strip.values()
        yield self.emergencies.figure
        for row in (*self.tiers, *self.places, *self.departments):
            yield row.total
            yield from row.lights.values()
        yield from self.flow.figures()
        yield from (first.measured for first in self.firsts if first.measured)
        for place in self.solved:
            yield place.total
            yield from place.tiers.values()


def board(ground: Ground, *, now: datetime) -> Board:
    """The whole dashboard. Nine queries beside those that find the ground."""
    counts = open_counts(ground, now=now)
    pressing, waiting = lit(counts, now=now), emergencies(ground, now=now)
    categories = Categories.load()
    gone = days(ground, categories.heads(ground), now=now)
    shares = solved(ground, gone.closed)
    length = PLACE_LENGTHS[ground.level or "grid"]
    by_place, by_body = counts.by_level(length), counts.by_body
    needed = units_of([*pressing, *waiting.rows]) | {code for code in {*by_place, *by_body, *shares} if code}
    units = units_by_code(needed)
    rows = named([*waiting.rows, *pressing], units, now=now)
    kept = len(waiting.rows)
    by_tier = counts.by_tier
    return Board(
        ground=ground,
        strip=strip(ground, counts, gone.since, now=now),
        emergencies=replace(waiting, rows=rows[:kept]),
        urgent=rows[kept:],
        tiers=[
            line(ground.base.narrowed("tier", kind), kind, str(UnitKind(kind).label), by_tier[kind])
            for kind in HOLDING_KINDS
            if kind in by_tier
        ],
        places=[_place_line(ground, code, units, by_place[code]) for code in sorted(by_place)],
        departments=[
            line(ground.whole.narrowed("at", code), code, _body_name(units, code), by_body[code])
            for code in sorted(by_body, key=lambda code: (-sum(by_body[code].values()), code))
        ],
        loads=counts.loads,
        flow=flow(ground, gone, now=now),
        firsts=firsts(ground, categories, gone.medians),
        solved=[replace(row, name=_name(units, code)) for code, row in shares.items()],
        categories=categories.rows,
        counted_at=None if ground.span.is_one_day else gone.counted_at,
    )


def fingerprint(now: datetime) -> str:
    """Changes with every event and with every minute, by which lights may have changed without one. One query."""
    return news.mark_of_minute(now)


def units_by_code(codes: Iterable[str]) -> dict[str, Unit]:
    """The units by code, each with the chain of its parents and its duty contact. One query."""
    wanted = {above for code in codes for above in (code, *ancestor_codes(code))}
    family = Unit.objects.select_related("duty_contact").in_bulk(wanted)
    for unit in family.values():
        if unit.parent_id in family:
            unit.parent = family[unit.parent_id]
    return family


def _place_line(ground: Ground, code: str, units: Mapping[str, Unit], numbers: Mapping[str, int]) -> Line:
    deeper = len(code) == PLACE_LENGTHS[ground.level or "grid"] and ground.level and code != ground.base.under
    url = f"{reverse('governance:dashboard')}?{ground.query(under=code)}" if deeper else ""
    return line(ground.at_place(ground.base, code), code, _name(units, code), numbers, url=url)


def _name(units: Mapping[str, Unit], code: str) -> str:
    return units[code].label if code in units else code


def _body_name(units: Mapping[str, Unit], code: str) -> str:
    """An office goes by its town too: every town has one of the same name."""
    above = tier_code(code)
    if len(above) > CODE_LENGTHS[UnitKind.DISTRICT] and above in units:
        return f"{units[above].label} · {_name(units, code).removeprefix(units[above].label)}"
    return _name(units, code)
