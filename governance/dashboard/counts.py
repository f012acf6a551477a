"""What is open now, counted in one statement that reads the open clocks once: by place, by body, by light.

Each incident is counted once with the worst light of its running stages, as `incidents.lists.shown_light` says it. The
same pass finds which incidents are lit longest and what the lights were a day ago: each of these alone would read all
the clocks again. The clocks are read from their index alone, in the order of their incidents.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db import connection
from django.db.models import Case, Expression, F, IntegerField, Min, Q, QuerySet, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce
from django.db.models.lookups import Contains

from governance.dashboard.grounds import BODY, Ground
from grids.levels import CODE_LENGTHS
from incidents import lights
from incidents.models import Clock, ClockState, Light
from incidents.selectors import BESIDE_STAGES
from incidents.states import State

DAY = timedelta(days=1)
# This many incidents that are lit longest are named.
LIT_MOST = 12
RED, YELLOW = lights.ORDER.index(Light.RED), lights.ORDER.index(Light.YELLOW)
_SUSPENDED, _NONE = lights.ORDER.index(lights.SUSPENDED), lights.ORDER.index(Light.NONE)
_TIERS = {length: kind.value for kind, length in CODE_LENGTHS.items()}

# {mine}: the ground's open incidents; {clocks}: of each the rank of its worst light, when the first of what is lit is
# due, and the rank of what it showed a day ago; {late}: the rank a day ago of clocks that stopped since, after their
# yellow moment; {bodies}: the worst rank at each body; {whole}: what bodies are counted over, which for one's own body
# is more than waits there. Ranks are places in `lights.ORDER`, worst first.
_STATEMENT = """
WITH mine AS ({mine}),
held AS MATERIALIZED (
  SELECT mine.pk, mine.place_id, mine.state, length(mine.holder_id) AS tier, {shown} AS shown, clocks.due, clocks.past
  FROM mine {join} JOIN ({clocks}) clocks ON clocks.incident_id = mine.pk),
ended AS MATERIALIZED (SELECT incident_id, min(past) AS past FROM ({late}) late GROUP BY incident_id)
SELECT 'place', tier, place_id, shown, count(*) FROM held GROUP BY tier, place_id, shown
UNION ALL
SELECT 'body', 0, unit_id, shown, count(*) FROM (
  SELECT clocks.unit_id, {shown} AS shown FROM ({bodies}) clocks JOIN {whole} ON mine.pk = clocks.incident_id) counted
GROUP BY unit_id, shown
UNION ALL
SELECT 'then', 0, '', past, count(*) FROM (
  SELECT past FROM held WHERE past IS NOT NULL AND pk NOT IN (SELECT incident_id FROM ended)
  UNION ALL
  SELECT min(past) FROM (
    SELECT incident_id, past FROM ended
    UNION ALL SELECT pk, past FROM held WHERE pk IN (SELECT incident_id FROM ended)) twice
  GROUP BY incident_id) ran
GROUP BY past
UNION ALL
(SELECT 'lit', 0, '', shown, pk FROM held WHERE shown <= {yellow} ORDER BY due, pk LIMIT {most})
"""


@dataclass(frozen=True)
class OpenCounts:
    """Numbers of open incidents: by (tier of the holder, place, light), by (body, light), by light a day ago.

    `lit` are the ids of the incidents that are lit longest; `at` the body whose clocks alone count, if it is one's.
    """

    by_place: Mapping[tuple[str, str, str], int]
    by_body: Mapping[str, Mapping[str, int]]
    then: Mapping[str, int]
    lit: list[int]
    at: str = ""

    def by_tier(self) -> dict[str, dict[str, int]]:
        """Tier -> light -> number."""
        return self._summed(lambda tier, _place: tier)

    def by_level(self, length: int) -> dict[str, dict[str, int]]:
        """Place cut to `length` digits -> light -> number."""
        return self._summed(lambda _tier, place: place[:length])

    def _summed(self, name: Any) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for (tier, place, light), number in self.by_place.items():
            row = found.setdefault(name(tier, place), {})
            row[light] = row.get(light, 0) + number
        return found

    @cached_property
    def lights(self) -> dict[str, int]:
        return self._summed(lambda _tier, _place: "").get("", {})

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
    """All that is open on the ground. One query."""
    then = now - DAY
    at = ground.base.at
    here = _open_clocks(ground).filter(unit=at) if at else _open_clocks(ground)
    mine, mine_params = _sql(ground.incidents(ground.whole).order_by().values("pk", "holder_id", "place_id", "state"))
    clocks, clock_params = _sql(_by_incident(here, then, now=now))
    bodies, body_params = _sql(_by_body(_open_clocks(ground), now=now))
    late, late_params = _sql(_stopped_late(ground, then))
    statement = _STATEMENT.format(
        mine=mine,
        clocks=clocks,
        bodies=bodies,
        late=late,
        shown=_SHOWN,
        join="" if at else "LEFT",
        whole="mine" if at else "held mine",
        yellow=YELLOW,
        most=LIT_MOST,
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [*mine_params, *clock_params, *late_params, *body_params])
        return _read(cursor.fetchall(), at)


# The place in `lights.ORDER` of what an open incident shows, by the worst of its clocks and its state.
_SHOWN = (
    f"CASE WHEN clocks.rank = {RED} THEN {RED} WHEN mine.state = '{State.SUSPENDED.value}' THEN {_SUSPENDED} "
    f"ELSE coalesce(clocks.rank, {_NONE}) END"
)


def _read(rows: list[tuple[str, int, str, int, int]], at: str) -> OpenCounts:
    by_place: dict[tuple[str, str, str], int] = {}
    by_body: dict[str, dict[str, int]] = {}
    then, lit = dict.fromkeys(("red", "yellow"), 0), []
    for part, tier, code, rank, number in rows:
        light = str(lights.ORDER[rank])
        if part == "place":
            by_place[_TIERS[tier], code, light] = number
        elif part == "body":
            by_body.setdefault(code, {})[light] = number
        elif part == "then":
            then[light] = number
        else:
            lit.append(number)
    return OpenCounts(by_place, by_body, then, lit, at)


def _open_clocks(ground: Ground) -> QuerySet[Clock]:
    """The open clocks of the ground's open incidents; those of others too where hardly any are others'."""
    clocks = Clock.objects.exclude(state=ClockState.STOPPED).exclude(stage__in=BESIDE_STAGES).order_by()
    return clocks if ground.is_everything else clocks.filter(incident__in=RawSQL("SELECT pk FROM mine", ()))


def _by_incident(clocks: QuerySet[Clock], then: datetime, *, now: datetime) -> QuerySet[Any]:
    rank = lights.rank_sql(now)
    grouped = clocks.annotate(each=rank).values("incident_id")
    return grouped.annotate(rank=Min("each"), due=Min("due_at", filter=Q(each__lte=YELLOW)), past=Min(_past(then)))


def _by_body(clocks: QuerySet[Clock], *, now: datetime) -> QuerySet[Any]:
    of_bodies = clocks.filter(Contains(F("unit_id"), BODY))
    return of_bodies.values("incident_id", "unit_id").annotate(rank=Min(lights.rank_sql(now)))


def _past(then: datetime) -> Expression:
    """The rank a clock showed at `then`; none if it was not lit. It is never lit before it starts."""
    return Case(
        When(due_at__lt=then, then=Value(RED)), When(warn_at__lte=then, then=Value(YELLOW)), output_field=IntegerField()
    )


def _stopped_late(ground: Ground, then: datetime) -> QuerySet[Any]:
    """Incident and rank of clocks that ran at `then`, lit, and stopped since: these have an index of their own."""
    late = Q(stopped_at__gt=Coalesce("warn_at", "due_at"))
    clocks = Clock.objects.filter(late, stopped_at__gt=then).exclude(stage__in=BESIDE_STAGES)
    if ground.base.at:
        clocks = clocks.filter(unit=ground.base.at)
    if ground.is_everything:
        clocks = clocks.filter(district=ground.district) if ground.district else clocks
    else:
        anything = ground.incidents(ground.whole.but(states=frozenset(State))).order_by()
        clocks = clocks.filter(incident__in=anything.values("pk"))
    clocks = clocks.filter(Q(due_at__lt=then) | Q(warn_at__lte=then), started_at__lte=then)
    return clocks.order_by().annotate(past=_past(then)).values("incident_id", "past")


def _sql(rows: QuerySet[Any]) -> tuple[str, tuple[Any, ...]]:
    return rows.query.sql_with_params()
