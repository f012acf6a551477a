"""The table of who is told, as an administrator may change it: what is in force, set, and put back to the default."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from dispatch.audience import AUDIENCES, Change, Reason, Table, Who, choices
from dispatch.models import Audience
from grids.models import Person


def table() -> Table:
    """The table in force. One query for the few rows that differ from the default, once a batch of events."""
    rows = Audience.objects.order_by("pk").values_list("district", "kind", "who", "reason", "enabled")
    return Table(Change(*row) for row in rows)


def set_lines(*, kind: str, district: str | None, wanted: Mapping[Who, Reason], actor: Person, now: datetime) -> int:
    """Let exactly the groups in `wanted` be told of `kind`; returns how many lines changed.

    Only what differs from the line that would hold otherwise becomes a row. Raises KeyError for an unknown kind and
    ValueError for a group that is never around such an event.
    """
    if not set(wanted) <= set(choices(kind)):
        raise ValueError("a group that is never around such an event")
    with transaction.atomic():
        # Two windows at once: the later one waits and then finds the rows of the first.
        own = {
            row.who: row for row in Audience.objects.order_by().select_for_update().filter(district=district, kind=kind)
        }
        otherwise = _otherwise(kind, district)
        changed = 0
        for who in choices(kind):
            line = (wanted.get(who) or otherwise.get(who) or Reason.YOUR_GRID, who in wanted)
            row = own.get(who)
            if wanted.get(who) == otherwise.get(who):
                changed += _drop(row)
            elif row is None or (row.reason, row.enabled) != line:
                Audience.objects.update_or_create(
                    district_id=district,
                    kind=kind,
                    who=who,
                    defaults={"reason": line[0], "enabled": line[1], "changed_by": actor, "changed_at": now},
                )
                changed += 1
    return changed


def put_back(*, kind: str, district: str | None) -> int:
    """Forget what was changed for `kind`: the default, or for a district what all share, holds again."""
    with transaction.atomic():
        rows = list(Audience.objects.order_by().select_for_update().filter(district=district, kind=kind))
        return sum(_drop(row) for row in rows)


def _otherwise(kind: str, district: str | None) -> dict[Who, Reason]:
    """What would hold if nothing was said for `district`."""
    if district is None:
        return {line.who: line.reason for line in AUDIENCES[kind]}
    shared = Audience.objects.filter(district=None, kind=kind)
    changes = shared.values_list("district", "kind", "who", "reason", "enabled")
    return {line.who: line.reason for line in Table(Change(*row) for row in changes).lines(kind, "")}


def _drop(row: Audience | None) -> int:
    if row is None:
        return 0
    row.delete()
    return 1
