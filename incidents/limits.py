"""Which limit applies, and how one is replaced. Limits are insert-only: a running clock keeps the row it began with."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection

from grids import selectors
from grids.models import DistrictProfile
from incidents import clock_rules, versions
from incidents.calendar_rows import CalendarMissing, calendar_for
from incidents.calendars import Calendar
from incidents.clock_rules import Terms
from incidents.models import Incident, TimeLimit
from incidents.states import Stage


class LimitMissing(LookupError):
    """Not even the bare default of a stage exists; `manage.py load_limits` writes it."""


# For each district and category (with those above it): the limits and the escalation rules in force, and the newest
# version of the calendar: that of the district, or the one a limit names.
_RULES = """
WITH wanted AS MATERIALIZED (
  SELECT asked.district, asked.category, c.id AS own, c.parent_id AS above, p.parent_id AS top, (
    SELECT v.id FROM incidents_calendarversion v JOIN incidents_calendar k ON k.id = v.calendar_id
     WHERE (k.district_id = asked.district OR k.district_id IS NULL) AND NOT k.by_name_only
     ORDER BY k.district_id NULLS LAST, v.id DESC LIMIT 1) AS version
    FROM unnest(%(districts)s::text[], %(categories)s::bigint[]) AS asked (district, category)
    LEFT JOIN incidents_category c ON c.id = asked.category
    LEFT JOIN incidents_category p ON p.id = c.parent_id
), given AS (
  SELECT TRUE AS is_limit, id, district_id, category_id, stage, urgency, tier,
         (SELECT max(v.id) FROM incidents_calendarversion v WHERE v.calendar_id = l.calendar_id) AS version
    FROM incidents_timelimit l WHERE created_at <= %(at)s AND (retired_at IS NULL OR retired_at > %(at)s)
   UNION ALL
  SELECT FALSE, id, district_id, category_id, stage, urgency, tier, NULL
    FROM incidents_escalationrule WHERE created_at <= %(at)s AND (retired_at IS NULL OR retired_at > %(at)s)
), turning AS (
  SELECT max(at) FILTER (WHERE at <= %(at)s) AS since, min(at) FILTER (WHERE at > %(at)s) AS until FROM (
    SELECT unnest(ARRAY[created_at, retired_at]) AS at FROM incidents_timelimit UNION ALL
    SELECT unnest(ARRAY[created_at, retired_at]) FROM incidents_escalationrule) AS points
)
SELECT wanted.district, wanted.category, wanted.version, turning.since, turning.until,
       given.stage, given.urgency, given.tier, given.district_id IS NOT NULL,
       CASE given.category_id WHEN own THEN 3 WHEN above THEN 2 WHEN top THEN 1 ELSE 0 END,
       given.id, given.is_limit, given.version
  FROM wanted CROSS JOIN turning
  LEFT JOIN given
    ON (given.district_id IS NULL OR given.district_id = wanted.district)
   AND (given.category_id IS NULL OR given.category_id IN (own, above, top))
"""

# Changes with every change of a table the query reads, in the transaction of that change: see migration 0018.
_STAMP = "SELECT string_agg(stamp::text, ' ' ORDER BY source) FROM incidents_rulestamp"
MOST_KEPT = 4096

_Case = tuple[str, int | None]
_Rank = tuple[bool, int, bool, bool, int]


class _Fitting(NamedTuple):
    """A row that may apply: how special it is, for which urgency and kind of unit, and by which calendar it counts."""

    rank: _Rank
    urgency: str
    tier: str
    pk: int
    version: int | None


@dataclass(slots=True)
class _Kept:
    """What applies to a case from `since` until before `until`, as long as nobody changes it."""

    version: int | None
    since: datetime | None
    until: datetime | None
    limits: dict[str, list[_Fitting]] = field(default_factory=dict)
    escalations: dict[str, list[_Fitting]] = field(default_factory=dict)

    def holds(self, at: datetime) -> bool:
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


# By the stamp it was read under: what was kept under another one is forgotten.
_shelf: tuple[str | None, dict[_Case, _Kept]] = (None, {})


def _shelf_of(stamp: str | None) -> dict[_Case, _Kept]:
    """What this process keeps under `stamp`; nothing without one."""
    global _shelf
    known, kept = _shelf
    if stamp is None or stamp != known or len(kept) > MOST_KEPT:
        kept = {}
        _shelf = (stamp, kept)
    return kept


class Rule(NamedTuple):
    """What a new clock goes by: its limit, the calendar version it counts by, what follows from its lights."""

    limit_id: int
    version_id: int
    escalation_id: int | None


class Rules:
    """Which limit, calendar and escalation rule apply at one moment, for all incidents asked about together.

    The district's own rule goes before the common one; then the category's own before its parent's before none; then
    one for this urgency; then one for this kind of unit. Every press asks whether what the process keeps is still true
    (`_STAMP`); what it does not keep is read in one query.
    """

    def __init__(self, *, at: datetime, incidents: Iterable[Incident] = ()) -> None:
        self.at = at
        self._cases: dict[_Case, _Kept] = {}
        self._profiles: dict[str, DistrictProfile] = {}
        self._read({(incident.district_id, incident.category_id) for incident in incidents})

    def for_clock(self, incident: Incident, *, stage: Stage, tier: str) -> Rule:
        """All that a clock of the incident goes by; raises LimitMissing or CalendarMissing."""
        return self.of((incident.district_id, incident.category_id), incident.urgency, stage=stage, tier=tier)

    def of(self, case: _Case, urgency: str, *, stage: Stage, tier: str) -> Rule:
        """The same for a district, a category and an urgency."""
        self._read({case} - self._cases.keys())
        limit = _best(self._cases[case].limits.get(stage, ()), urgency, tier)
        if limit is None:
            raise LimitMissing(f"no limit for stage {stage}: run manage.py load_limits")
        follows = _best(self._cases[case].escalations.get(stage, ()), urgency, tier)
        version = self._version_of(case) if limit.version is None else limit.version
        return Rule(limit.pk, version, follows.pk if follows else None)

    def limit_id(self, incident: Incident, *, stage: Stage, tier: str) -> int:
        """The most specific limit in force; raises LimitMissing when the stage has no default at all."""
        return self.for_clock(incident, stage=stage, tier=tier).limit_id

    def version_id(self, incident: Incident) -> int:
        """The newest version of the calendar the incident's district goes by; raises CalendarMissing."""
        case = (incident.district_id, incident.category_id)
        self._read({case} - self._cases.keys())
        return self._version_of(case)

    def profile(self, district: str) -> DistrictProfile:
        """How a district runs; read once."""
        if district not in self._profiles:
            self._profiles[district] = selectors.profile_for(district)
        return self._profiles[district]

    def _version_of(self, case: _Case) -> int:
        version = self._cases[case].version
        if version is None:
            raise CalendarMissing(f"no calendar for {case[0]}: run manage.py load_calendar")
        return version

    def _read(self, cases: Collection[_Case]) -> None:
        if not cases:
            return
        with connection.cursor() as cursor:
            cursor.execute(_STAMP)
            shelf = _shelf_of(cursor.fetchone()[0])
        kept = {case: shelf[case] for case in cases if case in shelf and shelf[case].holds(self.at)}
        missing = [case for case in cases if case not in kept]
        if missing:
            found = _found(missing, self.at)
            shelf |= found
            kept |= found
        self._cases |= kept


def _found(cases: Collection[_Case], at: datetime) -> dict[_Case, _Kept]:
    asked: dict[str, Any] = {
        "districts": [case[0] for case in cases],
        "categories": [case[1] for case in cases],
        "at": at,
    }
    found: dict[_Case, _Kept] = {}
    with connection.cursor() as cursor:
        cursor.execute(_RULES, asked)
        for district, category, version, since, until, *given in cursor.fetchall():
            kept = found.setdefault((district, category), _Kept(version, since, until))
            stage, urgency, tier, is_own, nearness, pk, is_limit, counted_by = given
            if pk is not None:
                rank = (is_own, nearness, bool(urgency), bool(tier), pk)
                by_stage = kept.limits if is_limit else kept.escalations
                by_stage.setdefault(stage, []).append(_Fitting(rank, urgency, tier, pk, counted_by))
    return found


def _best(rows: Iterable[_Fitting], urgency: str, tier: str) -> _Fitting | None:
    fitting = (row for row in rows if row.urgency in (urgency, "") and row.tier in (tier, ""))
    return max(fitting, key=lambda row: row.rank, default=None)


def rule_for(
    *,
    district_id: str,
    category_id: int | None,
    urgency: str,
    stage: Stage,
    tier: str,
    at: datetime,
) -> Rule:
    """What a clock started at `at` would go by, as `Rules` tells; raises LimitMissing or CalendarMissing."""
    return Rules(at=at).of((district_id, category_id), urgency, stage=stage, tier=tier)


@lru_cache(maxsize=4096)
def limit_row(limit_id: int) -> TimeLimit:
    """The limit by id, kept per process: its rule never changes (only its end does, so never ask that here)."""
    return TimeLimit.objects.get(pk=limit_id)


@lru_cache(maxsize=8192)
def terms_of(limit_id: int, version_id: int) -> Terms:
    """The limit in seconds, by the working day of a calendar version."""
    return terms(limit_row(limit_id), version_id)


def terms(limit: TimeLimit, version_id: int) -> Terms:
    """The terms of `limit` under a calendar version."""
    return terms_by(limit, calendar_for(version_id, working=clock_rules.is_working(limit.unit)))


def terms_by(limit: TimeLimit, calendar: Calendar) -> Terms:
    """The same by the calendar itself."""
    return clock_rules.terms(
        amount=limit.amount,
        unit=limit.unit,
        yellow_amount=limit.yellow_amount,
        end_of_day=limit.end_of_day,
        from_next_day=limit.from_next_day,
        day_seconds=calendar.working_day_seconds,
    )


def set_limit(*, limit: TimeLimit, now: datetime) -> TimeLimit:
    """Put an unsaved `limit` in force from `now`; as `versions.put_in_force`. Raises ValidationError."""
    return versions.put_in_force(limit, now=now)
