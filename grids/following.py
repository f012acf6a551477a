"""Forces and rounds of a grid that ends go on at the grid that got most of it. Called by `grids.enactments` alone."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from grids import routines
from grids.models import Routine

_HEIRS = "unnest(%(old)s::text[], %(new)s::text[]) as given (old, new)"
# What already helps at the heir under the same name does so once.
_BEGIN = f"""
insert into grids_force (grid_id, kind, name, phone, organisation, person_id, matters, period)
select distinct on (given.new, f.kind, f.name, f.phone)
  given.new, f.kind, f.name, f.phone, f.organisation, f.person_id, f.matters, tstzrange(%(at)s, upper(f.period))
from grids_force f join {_HEIRS} on f.grid_id = given.old
where f.period @> %(at)s and not exists (
  select 1 from grids_force there where there.grid_id = given.new and there.kind = f.kind and there.name = f.name
    and there.phone = f.phone and there.period && tstzrange(%(at)s, upper(f.period)))
order by given.new, f.kind, f.name, f.phone, f.id"""
_END = """
update grids_force set period = tstzrange(lower(period), %(at)s)
where grid_id = any(%(old)s) and period @> %(at)s and lower(period) < %(at)s"""
# It began and ended in the same moment: it never helped.
_NEVER = "delete from grids_force where grid_id = any(%(old)s) and lower(period) >= %(at)s"


def follow(*, heirs: Mapping[str, str], at: datetime) -> None:
    """Let forces and rounds of the grids in `heirs` go on at their heirs from `at`, in the same rhythm."""
    if not heirs:
        return
    given: dict[str, Any] = {"old": list(heirs), "new": list(heirs.values()), "at": at}
    with connection.cursor() as cursor:
        for statement in (_BEGIN, _END, _NEVER):
            cursor.execute(statement, given)
    going = Routine.objects.filter(Q(until__isnull=True) | Q(until__gte=timezone.localdate(at)), grid__in=heirs)
    resumed = [each for routine in going.order_by("pk") if (each := _resumed(routine, heirs[routine.grid_id], at))]
    routines.end_all(going, now=at)
    Routine.objects.bulk_create(resumed, batch_size=1000)


def _resumed(routine: Routine, heir: str, at: datetime) -> Routine | None:
    """The routine as it goes on at the heir, or None if its last round is behind it. Not saved."""
    late = max((timezone.localdate(at) - routine.since).days, 0)
    since = routine.since + timedelta(days=-(-late // routine.every_days) * routine.every_days)
    if routine.until is not None and since > routine.until:
        return None
    return Routine(
        grid_id=heir,
        kind=routine.kind,
        title=routine.title,
        place=routine.place,
        every_days=routine.every_days,
        since=since,
        until=routine.until,
    )
