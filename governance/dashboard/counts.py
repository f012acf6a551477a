"""What is open now, counted in one statement that reads the open clocks once: by place, by body, by light.

Each incident is counted once with the worst light of its running stages, as `incidents.lists.shown_light` says it. The
same pass finds which incidents are lit longest and what the lights were a day ago: each of these alone would read all
the clocks again. The clocks are read from their index alone, in the order of their incidents.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
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
_LIGHTS = [str(light) for light in lights.ORDER]
# Part, tier, code, rank, rank a day ago, number, first due in full seconds of the epoch. Thousands are read.
_Row = tuple[str, int, str, int, int | None, int, int | None]
_TIERS = {length: kind.value for kind, length in CODE_LENGTHS.items()}

# {mine}: the ground's open incidents; {clocks}: of each the rank of its worst light, when the first of what is lit is
# due, and the rank of what it showed a day ago; {ended}: the rank a day ago of clocks that stopped since, after their
# yellow moment, and {left}: of those of the same incident that go on; {bodies}: the worst rank at each body. Ranks are
# places in `lights.ORDER`, worst first.
_HELD = """
  SELECT mine.pk, length(mine.holder_id) AS tier, mine.place_id, {shown} AS shown, clocks.past, clocks.due{began}
  FROM {mine} {join} JOIN ({clocks}) clocks ON clocks.incident_id = mine.pk"""
_COUNTED = """
SELECT 'place', tier, place_id, shown, past, count(*), ceil(extract(epoch FROM min(due)))::bigint
FROM {held} GROUP BY tier, place_id, shown, past
UNION ALL
SELECT 'body', 0, unit_id, shown, NULL, count(*), NULL FROM (
  SELECT clocks.unit_id, {shown} AS shown FROM ({bodies}) clocks JOIN {mine} ON mine.pk = clocks.incident_id) counted
GROUP BY unit_id, shown
UNION ALL
SELECT 'then', 0, '', 0, one.past, sum(one.number), NULL
FROM (SELECT incident_id, min(past) AS past FROM ({ended}) late GROUP BY incident_id) ended
LEFT JOIN LATERAL ({left}) still ON true
CROSS JOIN LATERAL (VALUES (least(ended.past, still.past), 1), (still.past, -1)) one (past, number)
WHERE one.past IS NOT NULL GROUP BY one.past
"""
# Of a part, what is on it is kept while it is counted, to look its clocks up by; of a whole district nothing is kept.
_OF_PART = f"""WITH mine AS ({{whole}}), held AS MATERIALIZED ({_HELD})
{_COUNTED}
UNION ALL
(SELECT 'lit', 0, '', shown, NULL, pk, NULL FROM held WHERE shown <= {YELLOW} ORDER BY due, pk LIMIT {LIT_MOST})
"""
_OF_BODY = f"""{_OF_PART}UNION ALL
SELECT 'began', 0, '', 0, NULL, count(*), NULL FROM held WHERE began <= %s
"""
_OF_WHOLE = _COUNTED.replace("{held}", f"({_HELD}) held").replace("{mine}", "({whole}) mine")


@dataclass(frozen=True)
class OpenCounts:
    """Numbers of open incidents: by (tier of the holder, place, light), by (body, light), by light a day ago.

    `lit` finds the clocks of the incidents that are lit longest; `at` is the body whose clocks alone count, if one's,
    and `waited` how many of what waits there did so a day ago.
    """

    by_place: Mapping[tuple[str, str, str], int]
    by_body: Mapping[str, Mapping[str, int]]
    then: Mapping[str, int]
    lit: Q
    at: str = ""
    waited: int = 0

    def by_tier(self) -> dict[str, dict[str, int]]:
        """Tier -> light -> number."""
        return self._summed(lambda tier, _place: tier)

    def by_level(self, length: int) -> dict[str, dict[str, int]]:
        """Place cut to `length` digits -> light -> number."""
        return self._summed(lambda _tier, place: place[:length])

    def _summed(self, name: Callable[[str, str], str]) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for (tier, place, light), number in self.by_place.items():
            row = found.setdefault(name(tier, place), {})
            row[light] = row.get(light, 0) + number
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
    """All that is open on the ground. One query."""
    at, then = ground.base.at, now - DAY
    parts = {
        "whole": _sql(ground.incidents(ground.whole).order_by().values("pk", "holder_id", "place_id", "state")),
        "ended": _sql(_stopped_late(ground, then)),
    } | {name: (sql, _moved(given, now)) for name, (sql, given) in _of_clocks(at, ground.is_everything).items()}
    template = _OF_WHOLE if ground.is_everything else _OF_BODY if at else _OF_PART
    shape = {"held": "held", "mine": "mine", "shown": _SHOWN, "join": "" if at else "LEFT"}
    shape["began"] = ", clocks.began" if at else ""
    statement = template.format(**shape, **{name: sql for name, (sql, _given) in parts.items()})
    params = [value for name in _NAMES.findall(template) if name in parts for value in parts[name][1]]
    with connection.cursor() as cursor:
        cursor.execute(statement, [*params, then] if template is _OF_BODY else params)
        return _read(cursor.fetchall(), ground, now)


_NAMES = re.compile(r"{(\w+)}")
# Statements are put together for this moment once, and then said of any other.
_SOME_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=256)
def _of_clocks(at: str, is_everything: bool) -> dict[str, tuple[str, tuple[Any, ...]]]:
    """The parts of the statement that ask of clocks alone, as of some moment: the same for every ground of a kind."""
    now, then = _SOME_MOMENT, _SOME_MOMENT - DAY
    clocks = _open_clocks(is_everything=is_everything)
    here = clocks.filter(unit=at) if at else clocks
    return {
        "clocks": _sql(_by_incident(here, then, at, now=now)),
        "bodies": _sql(_by_body(clocks, now=now)),
        "left": _sql(_left(at, then)),
    }


def _moved(params: Iterable[Any], now: datetime) -> list[Any]:
    """The same parameters as of `now`."""
    return [now + (value - _SOME_MOMENT) if isinstance(value, datetime) else value for value in params]


# The place in `lights.ORDER` of what an open incident shows, by the worst of its clocks and its state.
_SHOWN = (
    f"CASE WHEN clocks.rank = {RED} THEN {RED} WHEN mine.state = '{State.SUSPENDED.value}' THEN {_SUSPENDED} "
    f"ELSE coalesce(clocks.rank, {_NONE}) END"
)


def _read(rows: list[_Row], ground: Ground, now: datetime) -> OpenCounts:
    by_place: dict[tuple[str, str, str], int] = {}
    by_body: dict[str, dict[str, int]] = {}
    then, lit, waited = {RED: 0, YELLOW: 0}, list[int](), 0
    dues: list[int] = []
    for part, tier, code, rank, past, number, due in rows:
        if part == "lit":
            lit.append(number)
            continue
        if part == "began":
            waited = number
            continue
        if past is not None:
            then[past] += int(number)
        if part == "place":
            key = (_TIERS[tier], code, _LIGHTS[rank])
            by_place[key] = by_place.get(key, 0) + number
            if rank <= YELLOW and due is not None:
                dues.append(due)
        elif part == "body":
            by_body.setdefault(code, {})[_LIGHTS[rank]] = number
    longest = _lit_longest(ground, sorted(dues), now) if ground.is_everything else Q(incident__in=lit)
    return OpenCounts(by_place, by_body, {"red": then[RED], "yellow": then[YELLOW]}, longest, ground.base.at, waited)


def _lit_longest(ground: Ground, dues: list[int], now: datetime) -> Q:
    """Finds clocks of what is lit longest in a whole district, by when each place and tier has the first one due.

    Enough of them are due by the last of the first few.
    """
    shown = lights.showing(Light.RED.value, now) | lights.showing(Light.YELLOW.value, now)
    clocks = _open_clocks().filter(shown)
    if len(dues) >= LIT_MOST:
        clocks = clocks.filter(due_at__lte=datetime.fromtimestamp(dues[LIT_MOST - 1], UTC))
    found = Q(incident__in=clocks.values("incident"), incident__closed_at__isnull=True)
    return found & Q(incident__district=ground.district) if ground.district else found


def _open_clocks(*, is_everything: bool = True) -> QuerySet[Clock]:
    """The open clocks of what is on the ground; those of others too where hardly any are others'."""
    clocks = Clock.objects.exclude(state=ClockState.STOPPED).exclude(stage__in=BESIDE_STAGES).order_by()
    return clocks if is_everything else clocks.filter(incident__in=RawSQL("SELECT pk FROM mine", ()))


def _by_incident(clocks: QuerySet[Clock], then: datetime, at: str, *, now: datetime) -> QuerySet[Any]:
    rank = lights.rank_sql(now)
    grouped = clocks.annotate(each=rank).values("incident_id")
    found = grouped.annotate(rank=Min("each"), due=Min("due_at", filter=Q(each__lte=YELLOW)), past=Min(_past(then)))
    return found.annotate(began=Min("started_at")) if at else found


def _by_body(clocks: QuerySet[Clock], *, now: datetime) -> QuerySet[Any]:
    of_bodies = clocks.filter(Contains(F("unit_id"), BODY))
    return of_bodies.values("incident_id", "unit_id").annotate(rank=Min(lights.rank_sql(now)))


def _left(at: str, then: datetime) -> QuerySet[Any]:
    """The rank at `then` of what goes on of an incident of the outer query."""
    clocks = _open_clocks().filter(incident=RawSQL("ended.incident_id", ()))
    grouped = (clocks.filter(unit=at) if at else clocks).annotate(one=Value(1)).values("one")
    return grouped.annotate(past=Min(_past(then))).values("past")


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
        clocks = clocks.filter(incident__in=ground.everything().values("pk"))
    clocks = clocks.filter(Q(due_at__lt=then) | Q(warn_at__lte=then), started_at__lte=then)
    return clocks.order_by().annotate(past=_past(then)).values("incident_id", "past")


def _sql(rows: QuerySet[Any]) -> tuple[str, tuple[Any, ...]]:
    return rows.query.sql_with_params()
