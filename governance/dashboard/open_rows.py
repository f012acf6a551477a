"""What is open on a ground, counted in one statement that reads the open clocks once: by place, by body, by light.

Each incident is counted once with the worst light of its running stages, as `incidents.lists.shown_light` says it. The
same pass finds what the lights were a day ago, which alone would read all the clocks again. The clocks are read from
their index alone, in the order of their incidents.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import Case, Expression, F, IntegerField, Min, Q, QuerySet, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce
from django.db.models.lookups import Contains

from governance.dashboard import keeping
from governance.dashboard.grounds import BODY, Ground
from incidents import lights, news
from incidents.filters import PLACE_LENGTHS
from incidents.models import Clock, ClockState, IncidentEvent, Light
from incidents.selectors import BESIDE_STAGES
from incidents.states import State

DAY = timedelta(days=1)
# This many incidents that are lit longest are named.
LIT_MOST = 12
RED, YELLOW = lights.ORDER.index(Light.RED), lights.ORDER.index(Light.YELLOW)
_SUSPENDED, _NONE = lights.ORDER.index(lights.SUSPENDED), lights.ORDER.index(Light.NONE)
# Part, place, tier, body, rank, rank a day ago, number, first due in full seconds of the epoch. Thousands are read.
Row = tuple[str, str, int, str, int, int | None, int, int | None]
# A district's count is carried on village by village, as long as little happened in few of them, and so long.
PART, MOST_EVENTS, MOST_PARTS = PLACE_LENGTHS["village"], 30, 6
CARRIED = timedelta(minutes=10)
# Lights are said to the second; whoever asks what changed asks for a little more.
SLACK = timedelta(seconds=2)
# Kinds of event after which an incident lies where it lay before, and no other is touched.
STAY = frozenset({
    "report", "self_handle", "accept", "dismiss", "escalate", "escalate_urgent", "send_back", "dispatch", "recall",
    "answer", "rework", "close", "suspend", "resume", "void", "signed", "arrived", "fed_back", "returned", "confirmed",
    "light_yellow", "light_red", "overdue_again", "comment", "photo", "urged", "card_issued", "card_replied",
})  # fmt: skip

# {mine}: the ground's open incidents; {clocks}: of each the rank of its worst light, when the first of what is lit is
# due, and the rank of what it showed a day ago; {ended}: the rank a day ago of clocks that stopped since, after their
# yellow moment, and {left}: of those of the same incident that go on; {bodies}: the worst rank at each body. Ranks are
# places in `lights.ORDER`, worst first.
_HELD = """
  SELECT mine.pk, length(mine.holder_id) AS tier, mine.place_id, {shown} AS shown, clocks.past, clocks.due{began}
  FROM {mine} {join} JOIN ({clocks}) clocks ON clocks.incident_id = mine.pk"""
_COUNTED = """
SELECT 'place', place_id, tier, '', shown, past, count(*), ceil(extract(epoch FROM min(due)))::bigint
FROM {held} GROUP BY tier, place_id, shown, past
UNION ALL
SELECT 'body', place, 0, unit_id, shown, NULL, count(*), NULL FROM (
  SELECT clocks.unit_id, left(mine.place_id, {part}) AS place, {shown} AS shown
  FROM ({bodies}) clocks JOIN {mine} ON mine.pk = clocks.incident_id) counted
GROUP BY place, unit_id, shown
"""
_A_DAY_AGO = """
UNION ALL
SELECT 'then', '', 0, '', 0, one.past, sum(one.number), NULL
FROM (SELECT incident_id, min(past) AS past FROM ({ended}) late GROUP BY incident_id) ended
LEFT JOIN LATERAL ({left}) still ON true
CROSS JOIN LATERAL (VALUES (least(ended.past, still.past), 1), (still.past, -1)) one (past, number)
WHERE one.past IS NOT NULL GROUP BY one.past
"""
# Of a part, what is on it is kept while it is counted, to look its clocks up by; of a whole district nothing is kept.
_OF_PLACE = f"WITH mine AS ({{whole}}), held AS MATERIALIZED ({_HELD})\n{_COUNTED}"
_OF_PART = f"""{_OF_PLACE}{_A_DAY_AGO}
UNION ALL
(SELECT 'lit', '', 0, '', shown, NULL, pk, NULL FROM held WHERE shown <= {YELLOW} ORDER BY due, pk LIMIT {LIT_MOST})
"""
_OF_BODY = f"""{_OF_PART}UNION ALL
SELECT 'began', '', 0, '', 0, NULL, count(*), NULL FROM held WHERE began <= %s
"""
_THEN = _A_DAY_AGO.partition("UNION ALL")[2]
_OF_WHOLE = (_COUNTED + _A_DAY_AGO).replace("{held}", f"({_HELD}) held").replace("{mine}", "({whole}) mine")


@dataclass(frozen=True)
class Kept:
    """A count of a district: as of `at`, with the newest events there were, after a count of all of it at `whole`."""

    whole: datetime
    at: datetime
    events: frozenset[int]
    rows: list[Row]


def rows(ground: Ground, *, now: datetime) -> list[Row]:
    """All that is open on the ground. One query; a few small ones where a district was counted a short while before.

    Of a district the rows are kept: later those places alone are counted anew at whose incidents something happened,
    or a light changed by itself.
    """
    if not (ground.is_everything and ground.district):
        return _counted(ground, now)
    name, events = "open rows", _newest()
    kept: Kept | None = keeping.found(name, ground)
    parts = None if kept is None else _changed(kept, events, now)
    if kept is None or parts is None:
        kept = Kept(now, now, events, _counted(ground, now))
    else:
        found = [row for row in kept.rows if row[1] and row[1][:PART] not in parts]
        for code in sorted(parts):
            place = {"under": code} if len(code) == PART else {"place": code}
            found += _counted(replace(ground, base=ground.base.but(**place)), now, _OF_PLACE)
        kept = Kept(kept.whole, now, events, found + _counted(ground, now, _THEN))
    keeping.put(name, ground, kept, seconds=int(CARRIED.total_seconds()))
    return kept.rows


def _newest() -> frozenset[int]:
    """The events among which one that is written late would still be found."""
    newest = IncidentEvent.objects.order_by("-pk").values_list("pk", flat=True)
    return frozenset(newest[: news.LATE_EVENTS])


def _changed(kept: Kept, events: frozenset[int], now: datetime) -> set[str] | None:
    """The places of which the count is another one by now; None if that is unknown, in too many, or reaches farther."""
    if not kept.whole <= kept.at <= now < kept.whole + CARRIED:
        return None
    places = _touched(events - kept.events, kept.events & events)
    if places is not None:
        places |= _relit(kept.at, now)
    return None if places is None or len(places) > MOST_PARTS else places


def _touched(born: frozenset[int], still: frozenset[int]) -> set[str] | None:
    """The places where something happened; None if that is unknown or may reach farther."""
    if not still or len(born) > MOST_EVENTS:
        return None
    events = IncidentEvent.objects.filter(pk__in=born).values_list("kind", "incident__place") if born else []
    found = {place[:PART] if kind in STAY else "" for kind, place in events}
    return None if "" in found else found


def _relit(since: datetime, now: datetime) -> set[str]:
    """The places of open incidents that show another light than at `since`, or did a day before. One query."""
    moments = Q()
    for begin, end in ((since - SLACK, now + SLACK), (since - DAY - SLACK, now - DAY + SLACK)):
        for name in ("warn_at", "due_at"):
            moments |= Q(**{f"{name}__gt": begin, f"{name}__lte": end})
    clocks = open_clocks().filter(moments, incident__closed_at__isnull=True)
    return {place[:PART] for place in clocks.values_list("incident__place", flat=True)}


def _counted(ground: Ground, now: datetime, template: str = "") -> list[Row]:
    at, then = ground.base.at, now - DAY
    parts = {
        "whole": _sql(ground.incidents(ground.whole).order_by().values("pk", "holder_id", "place_id", "state")),
        "ended": _sql(_stopped_late(ground, then)),
    } | {name: (sql, _moved(given, now)) for name, (sql, given) in _of_clocks(at, ground.is_everything).items()}
    template = template or (_OF_WHOLE if ground.is_everything else _OF_BODY if at else _OF_PART)
    shape = {"held": "held", "mine": "mine", "shown": _SHOWN, "join": "" if at else "LEFT", "part": str(PART)}
    shape["began"] = ", clocks.began" if at else ""
    statement = template.format(**shape, **{name: sql for name, (sql, _given) in parts.items()})
    params = [value for name in _NAMES.findall(template) if name in parts for value in parts[name][1]]
    with connection.cursor() as cursor:
        cursor.execute(statement, [*params, then] if template is _OF_BODY else params)
        return cursor.fetchall()


_NAMES = re.compile(r"{(\w+)}")
# Statements are put together for this moment once, and then said of any other.
_SOME_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=256)
def _of_clocks(at: str, is_everything: bool) -> dict[str, tuple[str, tuple[Any, ...]]]:
    """The parts of the statement that ask of clocks alone, as of some moment: the same for every ground of a kind."""
    now, then = _SOME_MOMENT, _SOME_MOMENT - DAY
    clocks = open_clocks(is_everything=is_everything)
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


def open_clocks(*, is_everything: bool = True) -> QuerySet[Clock]:
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
    clocks = open_clocks().filter(incident=RawSQL("ended.incident_id", ()))
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
