"""Which limit applies, and how one is replaced. Limits are insert-only: a running clock keeps the row it began with."""

from collections.abc import Collection, Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from incidents import clock_rules
from incidents.calendar_rows import CalendarMissing, work_calendar
from incidents.clock_rules import Terms
from incidents.models import Incident, TimeLimit
from incidents.states import Stage


class LimitMissing(LookupError):
    """Not even the bare default of a stage exists; `manage.py load_limits` writes it."""


# For each district and category (with those above it): the limits in force and the newest calendar.
_RULES = """
WITH wanted AS MATERIALIZED (
  SELECT asked.district, asked.category, c.id AS own, c.parent_id AS above, p.parent_id AS top, (
    SELECT v.id FROM incidents_calendarversion v JOIN incidents_calendar k ON k.id = v.calendar_id
     WHERE (k.district_id = asked.district OR k.district_id IS NULL) AND NOT k.by_name_only
     ORDER BY k.district_id NULLS LAST, v.id DESC LIMIT 1) AS version
    FROM unnest(%(districts)s::text[], %(categories)s::bigint[]) AS asked (district, category)
    LEFT JOIN incidents_category c ON c.id = asked.category
    LEFT JOIN incidents_category p ON p.id = c.parent_id
)
SELECT wanted.district, wanted.category, wanted.version, l.stage, l.urgency, l.tier, l.district_id IS NOT NULL,
       CASE l.category_id WHEN own THEN 3 WHEN above THEN 2 WHEN top THEN 1 ELSE 0 END, l.id
  FROM wanted
  LEFT JOIN incidents_timelimit l
    ON (l.district_id IS NULL OR l.district_id = wanted.district)
   AND (l.category_id IS NULL OR l.category_id IN (own, above, top))
   AND l.created_at <= %(at)s AND (l.retired_at IS NULL OR l.retired_at > %(at)s)
"""

_Case = tuple[str, int | None]


class Rules:
    """Which limit and which calendar apply at one moment, read in one query for all the incidents it is asked about.

    The district's own rule goes before the common one; then the category's own before its parent's before none; then
    one for this urgency; then one for this kind of unit. Read anew for every press: nothing is kept that may change.
    """

    def __init__(self, *, at: datetime, incidents: Iterable[Incident] = ()) -> None:
        self.at = at
        self._limits: dict[_Case, dict[str, list[tuple[tuple[bool, int, bool, bool, int], str, str, int]]]] = {}
        self._versions: dict[_Case, int | None] = {}
        self._read({(incident.district_id, incident.category_id) for incident in incidents})

    def limit_id(self, incident: Incident, *, stage: Stage, tier: str) -> int:
        """The most specific limit in force; raises LimitMissing when the stage has no default at all."""
        return self.limit_of((incident.district_id, incident.category_id), incident.urgency, stage=stage, tier=tier)

    def limit_of(self, case: _Case, urgency: str, *, stage: Stage, tier: str) -> int:
        """The same for a district, a category and an urgency."""
        self._read({case} - self._versions.keys())
        fitting = [
            (rank, pk)
            for rank, for_urgency, for_tier, pk in self._limits[case].get(stage, ())
            if for_urgency in (urgency, "") and for_tier in (tier, "")
        ]
        if not fitting:
            raise LimitMissing(f"no limit for stage {stage}: run manage.py load_limits")
        return max(fitting)[1]

    def version_id(self, incident: Incident) -> int:
        """The newest version of the calendar the incident's district goes by; raises CalendarMissing."""
        case = (incident.district_id, incident.category_id)
        self._read({case} - self._versions.keys())
        version = self._versions[case]
        if version is None:
            raise CalendarMissing(f"no calendar for {incident.district_id}: run manage.py load_calendar")
        return version

    def _read(self, cases: Collection[_Case]) -> None:
        if not cases:
            return
        asked: dict[str, Any] = {
            "districts": [case[0] for case in cases],
            "categories": [case[1] for case in cases],
            "at": self.at,
        }
        with connection.cursor() as cursor:
            cursor.execute(_RULES, asked)
            rows = cursor.fetchall()
        for district, category, version, stage, urgency, tier, is_own, nearness, pk in rows:
            self._versions[district, category] = version
            by_stage = self._limits.setdefault((district, category), {})
            if pk is not None:
                rank = (is_own, nearness, bool(urgency), bool(tier), pk)
                by_stage.setdefault(stage, []).append((rank, urgency, tier, pk))


def limit_for(
    *,
    district_id: str,
    category_id: int | None,
    urgency: str,
    stage: Stage,
    tier: str,
    at: datetime,
) -> TimeLimit:
    """The most specific limit in force at `at`, as `Rules` tells; raises LimitMissing. Two queries."""
    found = Rules(at=at).limit_of((district_id, category_id), urgency, stage=stage, tier=tier)
    return TimeLimit.objects.get(pk=found)


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
    return clock_rules.terms(
        amount=limit.amount,
        unit=limit.unit,
        yellow_amount=limit.yellow_amount,
        end_of_day=limit.end_of_day,
        day_seconds=work_calendar(version_id).working_day_seconds,
    )


def in_force(limit: TimeLimit) -> TimeLimit | None:
    """The limit now in force for exactly the case of `limit` (same district, category, urgency, tier and stage)."""
    return TimeLimit.objects.filter(
        district=limit.district_id,
        category=limit.category_id,
        urgency=limit.urgency,
        tier=limit.tier,
        stage=limit.stage,
        retired_at__isnull=True,
    ).first()


def set_limit(*, limit: TimeLimit, now: datetime) -> TimeLimit:
    """Put an unsaved `limit` in force from `now`, and end the one it replaces, in one transaction.

    Clocks already running keep the old one. Of two people who replace the same limit at once, the second waits and
    replaces the first one's. Raises ValidationError.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        # Writers queue up; readers and the foreign keys of new clocks pass.
        cursor.execute(f"LOCK TABLE {TimeLimit._meta.db_table} IN SHARE ROW EXCLUSIVE MODE")
        limit.replaces, limit.created_at, limit.retired_at = in_force(limit), now, None
        if limit.replaces is not None:
            limit.replaces.retired_at = now
            limit.replaces.save(update_fields=["retired_at"])
        limit.full_clean()
        limit.save(force_insert=True)
        return limit


def retire_limit(*, limit: TimeLimit, now: datetime) -> None:
    """End a limit without a successor: the less specific rule applies from `now`. Raises for a bare default."""
    if not (limit.district_id or limit.category_id or limit.urgency or limit.tier):
        raise ValidationError(_("The default of a stage can be replaced, not ended."), code="default")
    TimeLimit.objects.filter(pk=limit.pk, retired_at__isnull=True).update(retired_at=now)
