"""What is open now, counted in two grouped scans: by tier, place and light; by body and light.

Each incident is counted once with the worst light of its running stages, as `incidents.lists.shown_light` says it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db import connection
from django.db.models import Case, CharField, Exists, F, FilteredRelation, IntegerField, Min, Q, QuerySet, Value, When
from django.db.models.lookups import Exact

from governance.dashboard.grounds import BODY, Ground
from grids.models.expressions import Matches
from incidents import lights
from incidents.lists import running_clocks
from incidents.models import Clock, ClockState, Light
from incidents.selectors import BESIDE_STAGES
from incidents.states import Stage, State

RUNNING = (ClockState.RUNNING, ClockState.PAUSED)
MAIN_STAGES = tuple(stage for stage in Stage if stage not in BESIDE_STAGES)
_RED = 0


@dataclass(frozen=True)
class OpenCounts:
    """Numbers of open incidents: by (tier of the holder, place, light), and by (body, light)."""

    by_place: Mapping[tuple[str, str, str], int]
    by_body: Mapping[tuple[str, str], int]

    def summed(self, part: int, length: int = 0) -> dict[str, dict[str, int]]:
        """By the tier (part 0) or by places cut to `length` digits (part 1): light -> number."""
        found: dict[str, dict[str, int]] = {}
        for key, number in self.by_place.items():
            name = key[part][:length] if length else key[part]
            row = found.setdefault(name, {})
            row[key[2]] = row.get(key[2], 0) + number
        return found

    @cached_property
    def lights(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for (_tier, _place, light), number in self.by_place.items():
            found[light] = found.get(light, 0) + number
        return found

    @cached_property
    def loads(self) -> dict[str, int]:
        """By place: how many are open there."""
        found: dict[str, int] = {}
        for (_tier, place, _light), number in self.by_place.items():
            found[place] = found.get(place, 0) + number
        return found

    @property
    def total(self) -> int:
        return sum(self.lights.values())


def open_counts(ground: Ground, *, now: datetime) -> OpenCounts:
    """All that is open on the ground. Two queries."""
    return OpenCounts(
        {(tier, place, light): number for tier, place, light, number in _table(_by_place(ground, now))},
        {(unit, light): number for unit, light, number in _table(_by_body(ground, now))},
    )


def _by_place(ground: Ground, now: datetime) -> QuerySet[Any]:
    """One row per open incident: tier, place, light."""
    incidents = ground.incidents(ground.base)
    running = Q(clocks__state__in=RUNNING, clocks__stage__in=MAIN_STAGES)
    if ground.base.at:
        incidents = incidents.filter(Exists(running_clocks(ground.base.at)))
        running &= Q(clocks__unit=ground.base.at)
    return (
        incidents.order_by()
        .values("pk")
        .annotate(
            run=FilteredRelation("clocks", condition=running),
            key_1=F("holder__kind"),
            key_2=F("place_id"),
            worst=Min(_rank(now, prefix="run__")),
        )
        .annotate(key_3=_shown("state"))
        .values("pk", "key_1", "key_2", "key_3")
    )


def _by_body(ground: Ground, now: datetime) -> QuerySet[Any]:
    """One row per incident and body it waits for: body, worst light of that body's clocks."""
    clocks = Clock.objects.filter(Matches(F("unit"), Value(BODY)), stage__in=MAIN_STAGES).exclude(
        state=ClockState.STOPPED
    )
    if ground.is_everything:
        clocks = clocks.filter(district=ground.district) if ground.district else clocks
    else:
        clocks = clocks.filter(incident__in=ground.incidents(ground.whole).order_by().values("pk"))
    return (
        clocks.order_by()
        .values("incident", "unit")
        .annotate(key_1=F("unit_id"), held=F("incident__state"), worst=Min(_rank(now)))
        .annotate(key_2=_shown("held"))
        .values("incident", "key_1", "key_2")
    )


def _rank(now: datetime, *, prefix: str = "") -> Case:
    """How bad the light of a clock is: its place in `lights.ORDER`; null where there is no clock."""
    shown = lights.light_sql(now, prefix=prefix)
    cases = [When(Q(**{f"{prefix}pk__isnull": True}), then=Value(None))]
    cases += [When(_is(shown, light), then=Value(rank)) for rank, light in enumerate(lights.ORDER)]
    return Case(*cases, output_field=IntegerField())


def _is(shown: Case, light: str) -> Exact:
    return Exact(shown, Value(str(light), output_field=CharField()))


def _shown(state: str) -> Case:
    """The light an open incident shows, by the worst of its clocks and its state."""
    return Case(
        When(worst=_RED, then=Value(Light.RED.value)),
        When(Q(**{state: State.SUSPENDED}), then=Value(lights.SUSPENDED)),
        *(When(worst=rank, then=Value(str(light))) for rank, light in enumerate(lights.ORDER) if rank),
        default=Value(Light.NONE.value),
        output_field=CharField(),
    )


def _table(rows: QuerySet[Any]) -> list[tuple[Any, ...]]:
    """The rows counted by their keys: an aggregate over an aggregate, which the ORM has no words for."""
    sql, params = rows.query.sql_with_params()
    names = [name for name in ("key_1", "key_2", "key_3") if f'"{name}"' in sql]
    keys = ", ".join(f'counted."{name}"' for name in names)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {keys}, count(*) FROM ({sql}) counted GROUP BY {keys}", params)
        return cursor.fetchall()
