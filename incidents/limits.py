"""Which limit applies, and how one is replaced. Limits are insert-only: a running clock keeps the row it began with."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from incidents import clock_rules
from incidents.calendar_rows import work_calendar
from incidents.clock_rules import Terms
from incidents.models import Category, TimeLimit
from incidents.states import Stage


class LimitMissing(LookupError):
    """Not even the bare default of a stage exists; `manage.py load_limits` writes it."""


def limit_for(
    *,
    district_id: str,
    category_id: int | None,
    urgency: str,
    stage: Stage,
    tier: str,
    at: datetime,
) -> TimeLimit:
    """The most specific limit in force at `at`.

    The district's own rule goes before the common one; then the category's own before its parent's before none; then
    one for this urgency; then one for this kind of unit. Raises LimitMissing when the stage has no default at all.
    """
    chain = category_chain(category_id)
    found = TimeLimit.objects.filter(
        Q(district=district_id) | Q(district__isnull=True),
        Q(category__in=chain) | Q(category__isnull=True),
        Q(retired_at__isnull=True) | Q(retired_at__gt=at),
        stage=stage,
        urgency__in=[urgency, ""],
        tier__in=[tier, ""],
        created_at__lte=at,
    )
    best = max(found, key=lambda limit: _specificity(limit, chain), default=None)
    if best is None:
        raise LimitMissing(f"no limit for stage {stage}: run manage.py load_limits")
    return best


def _specificity(limit: TimeLimit, chain: Sequence[int]) -> tuple[bool, int, bool, bool, int]:
    nearness = len(chain) - chain.index(limit.category_id) if limit.category_id is not None else 0
    return limit.district_id is not None, nearness, bool(limit.urgency), bool(limit.tier), limit.pk


def category_chain(category_id: int | None) -> list[int]:
    """The category and those above it, nearest first; empty for none. One query."""
    if category_id is None:
        return []
    row = Category.objects.values_list("pk", "parent_id", "parent__parent_id").get(pk=category_id)
    return [pk for pk in row if pk is not None]


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
