"""Insert-only versions of a rule: one more is put in force, the one it replaces ends; nothing else ever changes."""

from datetime import datetime
from typing import TypeVar

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from incidents.models import EscalationRule, TimeLimit

Version = TypeVar("Version", TimeLimit, EscalationRule)


def in_force(row: Version) -> Version | None:
    """The version now in force for exactly the case of `row`: same district, category, urgency, tier and stage."""
    return (
        type(row)
        .objects.filter(
            district=row.district_id,
            category=row.category_id,
            urgency=row.urgency,
            tier=row.tier,
            stage=row.stage,
            retired_at__isnull=True,
        )
        .first()
    )


def put_in_force(row: Version, *, now: datetime) -> Version:
    """Put an unsaved version in force from `now`, and end the one it replaces, in one transaction.

    Clocks already running keep the old one. Of two people who replace the same one at once, the second waits and
    replaces the first one's. Raises ValidationError.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        # Writers queue up; readers and the foreign keys of new clocks pass.
        cursor.execute(f"LOCK TABLE {row._meta.db_table} IN SHARE ROW EXCLUSIVE MODE")
        row.replaces, row.created_at, row.retired_at = in_force(row), now, None
        if row.replaces is not None:
            row.replaces.retired_at = now
            row.replaces.save(update_fields=["retired_at"])
        row.full_clean()
        row.save(force_insert=True)
        return row


def retire(row: Version, *, now: datetime) -> None:
    """End a version without a successor: the less specific one applies from `now`. Raises for a bare default."""
    if not (row.district_id or row.category_id or row.urgency or row.tier):
        raise ValidationError(_("The default of a stage can be replaced, not ended."), code="default")
    type(row).objects.filter(pk=row.pk, retired_at__isnull=True).update(retired_at=now)
