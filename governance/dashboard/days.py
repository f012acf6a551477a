"""What happened on a ground in the days it looks back over, and since yesterday morning: all of it counted at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from governance.dashboard.grounds import Ground
from governance.dashboard.keeping import for_a_while
from incidents import happenings
from incidents.filters import PLACE_LENGTHS
from incidents.happenings import Act
from incidents.models import IncidentKind
from incidents.states import State

DAY = timedelta(days=1)
# Several days are counted anew after so many seconds.
SAME_DAYS = 300
BY_EVENT = (Act.CLIMBED, Act.DISPATCHED)
_COLUMNS = ("pk", "place_id", "kind", "category_id", "state", "reported_at", "closed_at", "answered_by_unit_id")

# Rows are (what, step, place, tier, number, median, incidents). {lot}: the ground's incidents of every state. The first
# acceptance and the last end of an incident count, as `incidents.happenings.happened` says; what was counted since
# yesterday morning is counted for the same days as the lists of today are.
_LOT = """
WITH lot (pk, place_id, kind, category_id, state, reported_at, closed_at, answered_by_unit_id) AS NOT MATERIALIZED (
  {lot})"""
_IN_SPAN = """
SELECT 'reported', date_trunc(%(step)s, reported_at, %(zone)s) AS step, '', '', count(*), NULL::interval, NULL::bigint[]
FROM lot WHERE reported_at >= %(start)s AND reported_at < %(end)s GROUP BY 2
UNION ALL
SELECT 'closed', date_trunc(%(step)s, closed_at, %(zone)s), left(place_id, %(digits)s), tier, count(*), NULL, NULL
FROM (SELECT lot.closed_at, lot.place_id, coalesce(unit.kind, '') AS tier
  FROM lot LEFT JOIN grids_unit unit ON unit.code = lot.answered_by_unit_id
  WHERE lot.state = %(closed)s AND lot.closed_at >= %(start)s AND lot.closed_at < %(end)s) ended
GROUP BY 2, 3, 4
UNION ALL
SELECT CASE WHEN event.kind = ANY(%(climbed)s) THEN 'climbed' ELSE 'dispatched' END,
  date_trunc(%(step)s, event.occurred_at, %(zone)s), '', '', 0, NULL, array_agg(DISTINCT event.incident_id)
FROM incidents_incidentevent event {join}
WHERE event.kind IN ({moved}) AND event.occurred_at >= %(start)s AND event.occurred_at < %(end)s {here}
GROUP BY 1, 2
UNION ALL
SELECT 'accept', NULL, '', '', count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY taken.at - lot.reported_at), NULL
FROM (SELECT incident_id, min(occurred_at) AS at FROM incidents_incidentevent
  WHERE kind IN ({accepted}) AND occurred_at >= %(start)s AND occurred_at < %(end)s GROUP BY incident_id) taken
JOIN lot ON lot.pk = taken.incident_id
WHERE NOT EXISTS (SELECT FROM incidents_incidentevent earlier WHERE earlier.incident_id = taken.incident_id
  AND earlier.kind IN ({accepted}) AND earlier.occurred_at < %(start)s)
UNION ALL
SELECT measured.what, NULL, '', '', measured.number, measured.median, NULL
FROM (SELECT
    count(*) FILTER (WHERE answered IS NOT NULL) AS finish_number,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY answered - taken) FILTER (WHERE answered IS NOT NULL) AS finish,
    count(*) FILTER (WHERE kind = %(appeal)s) AS reply_number,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY at - reported_at) FILTER (WHERE kind = %(appeal)s) AS reply,
    count(*) FILTER (WHERE category_id = ANY(%(mediate)s)) AS mediate_number,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY at - reported_at)
      FILTER (WHERE category_id = ANY(%(mediate)s)) AS mediate,
    count(*) FILTER (WHERE category_id = ANY(%(remove)s)) AS remove_number,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY at - reported_at)
      FILTER (WHERE category_id = ANY(%(remove)s)) AS remove
  FROM (SELECT done.at, done.answered, lot.kind, lot.category_id, lot.reported_at, (
      SELECT min(event.occurred_at) FROM incidents_incidentevent event
      WHERE event.incident_id = lot.pk AND event.kind IN ({accepted})) AS taken
    FROM (SELECT incident_id, max(occurred_at) AS at, max(occurred_at) FILTER (WHERE kind IN ({answered})) AS answered
      FROM incidents_incidentevent
      WHERE kind IN ({finished}) AND occurred_at >= %(start)s AND occurred_at < %(end)s GROUP BY incident_id) done
    JOIN lot ON lot.pk = done.incident_id
    WHERE NOT EXISTS (SELECT FROM incidents_incidentevent later WHERE later.incident_id = done.incident_id
      AND later.kind IN ({finished}) AND later.occurred_at >= %(end)s)) ended) medians
CROSS JOIN LATERAL (VALUES ('finish', finish_number, finish), ('reply', reply_number, reply),
  ('mediate', mediate_number, mediate), ('remove', remove_number, remove)) measured (what, number, median)
"""
_SINCE_YESTERDAY = """
SELECT measured.what, NULL::timestamptz, '', '', measured.number, NULL::interval, NULL::bigint[]
FROM (SELECT
    count(*) FILTER (WHERE reported_at >= %(today)s AND reported_at < %(tomorrow)s) AS reported,
    count(*) FILTER (WHERE state = %(closed)s AND closed_at >= %(today)s AND closed_at < %(tomorrow)s) AS closed,
    count(*) FILTER (WHERE reported_at >= %(morning)s AND reported_at <= %(then)s) AS reported_then,
    count(*) FILTER (WHERE state = %(closed)s AND closed_at >= %(morning)s AND closed_at <= %(then)s) AS closed_then,
    count(*) FILTER (WHERE reported_at > %(then)s AND closed_at IS NULL) AS fresh,
    count(*) FILTER (WHERE reported_at <= %(then)s AND closed_at > %(then)s) AS ended
  FROM lot WHERE reported_at >= %(morning)s OR closed_at >= %(morning)s) since
CROSS JOIN LATERAL (VALUES ('reported_today', reported), ('closed_today', closed), ('reported_then', reported_then),
  ('closed_then', closed_then), ('fresh', fresh), ('ended', ended)) measured (what, number)
"""


@dataclass(frozen=True)
class Days:
    """What was counted. Steps are hours or days by their first moment; places are cut to the ground's level.

    `medians` by what is measured: the middle time and of how many. `since` are the numbers since yesterday morning.
    """

    reported: dict[datetime, int] = field(default_factory=dict)
    closed: dict[tuple[datetime, str, str], int] = field(default_factory=dict)
    moved: dict[tuple[str, datetime], list[int]] = field(default_factory=dict)
    medians: dict[str, tuple[timedelta | None, int]] = field(default_factory=dict)
    since: dict[str, int] = field(default_factory=dict)
    counted_at: datetime | None = None

    @classmethod
    def of_rows(cls, rows: list[tuple[Any, ...]], counted_at: datetime) -> "Days":
        days = cls(counted_at=counted_at)
        for what, step, place, tier, number, median, incidents in rows:
            if what == Act.REPORTED:
                days.reported[step] = number
            elif what == Act.CLOSED:
                days.closed[step, place, tier] = number
            elif what in BY_EVENT:
                days.moved[what, step] = incidents
            elif what in MEASURED:
                days.medians[what] = (median, number)
            else:
                days.since[what] = number
        return days


MEASURED = ("accept", "finish", "reply", "mediate", "remove")


_KINDS = {
    name: ", ".join(f"'{kind}'" for act in acts for kind in happenings.KINDS[act])
    for name, acts in {
        "moved": BY_EVENT,
        "accepted": (Act.ACCEPTED,),
        "answered": (Act.ANSWERED,),
        "finished": (Act.FINISHED,),
    }.items()
}


def days(ground: Ground, heads: Mapping[str, list[int]], *, now: datetime) -> Days:
    """All of it in one query. `heads`: the categories that count as mediated and as removed, by what is measured.

    Of several days what happened in them is counted every few minutes, as `counted_at` says: there are many of them,
    and what they say changes slowly. What was counted since yesterday morning is never older than `now`. Two queries.
    """
    if ground.span.is_one_day:
        return _counted(ground, heads, f"{_IN_SPAN}UNION ALL{_SINCE_YESTERDAY}", now)
    name = f"days {ground.span} {sorted(heads.items())}"
    kept = for_a_while(name, ground, lambda: _counted(ground, heads, _IN_SPAN, now), seconds=SAME_DAYS, now=now)
    return replace(kept, since=_counted(ground, heads, _SINCE_YESTERDAY, now).since)


def _counted(ground: Ground, heads: Mapping[str, list[int]], what: str, now: datetime) -> Days:
    lot, lot_params = ground.everything().values(*_COLUMNS).query.sql_with_params()
    names = {f"lot_{number}": value for number, value in enumerate(lot_params)}
    is_whole = ground.is_everything
    statement = (_LOT + what).format(
        lot=lot % tuple(f"%({name})s" for name in names),
        join="" if is_whole else "JOIN lot ON lot.pk = event.incident_id",
        here="AND event.district_id = %(district)s" if is_whole and ground.district else "",
        **_KINDS,
    )
    today = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    given = {
        "step": "hour" if ground.span.is_one_day else "day",
        "zone": timezone.get_default_timezone_name(),
        "start": ground.span.start,
        "end": ground.span.end,
        "digits": PLACE_LENGTHS[ground.level or "grid"],
        "closed": State.CLOSED.value,
        "climbed": list(happenings.KINDS[Act.CLIMBED]),
        "appeal": IncidentKind.APPEAL.value,
        "mediate": heads.get("mediate", []),
        "remove": heads.get("remove", []),
        "today": today,
        "tomorrow": today + DAY,
        "morning": today - DAY,
        "then": now - DAY,
        "district": ground.district,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, given | names)
        return Days.of_rows(cursor.fetchall(), now)
