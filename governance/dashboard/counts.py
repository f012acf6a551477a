"""What is open now, counted in one statement that reads the open clocks once: by place, by body, by light.

Each incident is counted once with the worst light of its running stages, as `incidents.lists.shown_light` says it. The
same pass finds which clocks are lit longest and what the lights were a day ago: each of these alone would read all the
clocks again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db import connection
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from governance.dashboard.grounds import BODY, Ground
from grids.levels import CODE_LENGTHS
from incidents import lights
from incidents.models import Clock, ClockState, Light
from incidents.selectors import BESIDE_STAGES
from incidents.states import Stage, State

DAY = timedelta(days=1)
MAIN_STAGES = tuple(stage for stage in Stage if stage not in BESIDE_STAGES)
# An incident may have several lit clocks; this many are named, so that a list of a dozen incidents is full.
LIT_CLOCKS = 48
_TIERS = {length: kind.value for kind, length in CODE_LENGTHS.items()}
_COLUMNS = ("pk", "incident_id", "unit_id", "started_at", "warn_at", "due_at")

# {held}: the ground's open incidents; {run}: their open clocks with the light each shows; {late}: clocks that stopped
# in the last day after their yellow moment. Ranks count lights worst first.
_STATEMENT = """
WITH held AS MATERIALIZED ({held}),
run AS MATERIALIZED (SELECT lit.*, {rank} AS rank FROM ({run}) lit),
worst AS (SELECT incident_id, min(rank) AS rank FROM run {here} GROUP BY incident_id)
SELECT 'place', length(holder_id)::text, place_id, light, count(*) FROM (
  SELECT held.holder_id, held.place_id, {light} AS light
  FROM held {join} JOIN worst ON worst.incident_id = held.pk) counted
GROUP BY holder_id, place_id, light
UNION ALL
SELECT 'body', unit_id, '', light, count(*) FROM (
  SELECT worst.unit_id, {light} AS light
  FROM (SELECT incident_id, unit_id, min(rank) AS rank FROM run WHERE unit_id ~ '{body}'
        GROUP BY incident_id, unit_id) worst
  JOIN held ON held.pk = worst.incident_id) counted
GROUP BY unit_id, light
UNION ALL
SELECT 'then', '', '', red, count(*) FROM (
  SELECT CASE WHEN bool_or(due_at < %s) THEN 'red' ELSE 'yellow' END AS red
  FROM (SELECT * FROM run {here} UNION ALL SELECT ended.*, 0 FROM ({late}) ended) ran
  WHERE started_at <= %s AND (due_at < %s OR warn_at <= %s) GROUP BY incident_id) counted
GROUP BY red
UNION ALL
(SELECT 'lit', '', '', '', run.pk FROM run JOIN held ON held.pk = run.incident_id
 WHERE run.rank <= 1 AND (held.state <> 'suspended' OR run.rank = 0) {and_here}
 ORDER BY run.due_at, run.pk LIMIT {lit})
"""


@dataclass(frozen=True)
class OpenCounts:
    """Numbers of open incidents: by (tier of the holder, place, light), by (body, light), by light a day ago.

    `lit` are the ids of the clocks that are lit longest.
    """

    by_place: Mapping[tuple[str, str, str], int]
    by_body: Mapping[str, Mapping[str, int]]
    then: Mapping[str, int]
    lit: list[int]

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
    held, held_params = _sql(ground.incidents(ground.whole).order_by().values("pk", "holder_id", "place_id", "state"))
    run, run_params = _sql(_running(ground, now))
    late, late_params = _sql(_stopped_late(ground, then))
    at = ground.base.at
    rank = _case("shown", lights.ORDER)
    statement = _STATEMENT.format(
        held=held,
        run=run,
        late=late,
        rank=rank,
        light=_light(),
        join="" if at else "LEFT",
        here="WHERE unit_id = %s" if at else "",
        and_here="AND run.unit_id = %s" if at else "",
        body=BODY,
        lit=LIT_CLOCKS,
    )
    here = [at] if at else []
    with connection.cursor() as cursor:
        cursor.execute(
            statement, [*held_params, *run_params, *here, then, *here, *late_params, then, then, then, *here]
        )
        return _read(cursor.fetchall())


def _read(rows: list[tuple[str, str, str, str, int]]) -> OpenCounts:
    by_place: dict[tuple[str, str, str], int] = {}
    by_body: dict[str, dict[str, int]] = {}
    found = OpenCounts(by_place, by_body, dict.fromkeys(("red", "yellow"), 0), [])
    for part, first, second, light, number in rows:
        if part == "place":
            key = (_TIERS[int(first)], second, light)
            by_place[key] = by_place.get(key, 0) + number
        elif part == "body":
            by_body.setdefault(first, {})[light] = number
        elif part == "then":
            found.then[light] = number  # type: ignore[index]
        else:
            found.lit.append(number)
    return found


def _running(ground: Ground, now: datetime) -> QuerySet[Any]:
    """The open clocks of the ground's open incidents, each with the light it shows."""
    clocks = Clock.objects.filter(stage__in=MAIN_STAGES).exclude(state=ClockState.STOPPED)
    if ground.is_everything:
        clocks = clocks.filter(district=ground.district) if ground.district else clocks
    else:
        clocks = clocks.filter(incident__in=ground.incidents(ground.whole).order_by().values("pk"))
    return clocks.order_by().annotate(shown=lights.light_sql(now)).values(*_COLUMNS, "shown")


def _stopped_late(ground: Ground, then: datetime) -> QuerySet[Any]:
    """Clocks that ran at `then` and showed a light before they stopped: these have an index of their own."""
    late = Q(stopped_at__gt=Coalesce("warn_at", "due_at"))
    clocks = Clock.objects.filter(late, stopped_at__gt=then, stage__in=MAIN_STAGES)
    if ground.base.at:
        clocks = clocks.filter(unit=ground.base.at)
    if ground.is_everything:
        clocks = clocks.filter(district=ground.district) if ground.district else clocks
    else:
        anything = ground.incidents(ground.whole.but(states=frozenset(State))).order_by()
        clocks = clocks.filter(incident__in=anything.values("pk"))
    return clocks.order_by().annotate(shown=F("final_light")).values(*_COLUMNS, "shown")


def _sql(rows: QuerySet[Any]) -> tuple[str, tuple[Any, ...]]:
    return rows.query.sql_with_params()


def _case(column: str, values: Any) -> str:
    """The place of a value in a row of values, none of them from outside."""
    return f"CASE {column} " + " ".join(f"WHEN '{value!s}' THEN {rank}" for rank, value in enumerate(values)) + " END"


def _light() -> str:
    """The light an open incident shows, by the worst of its clocks and its state."""
    red, *others = [str(light) for light in lights.ORDER]
    words = " ".join(f"WHEN worst.rank = {rank} THEN '{light}'" for rank, light in enumerate(others, 1))
    return (
        f"CASE WHEN worst.rank = 0 THEN '{red}' WHEN held.state = '{State.SUSPENDED.value}' THEN '{lights.SUSPENDED}' "
        f"{words} ELSE '{Light.NONE.value}' END"
    )
