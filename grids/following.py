"""Forces and rounds of a grid that ends go on at the grid that got most of it. Called by `grids.enactments` alone."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
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
    today = timezone.localdate(at)
    going = Routine.objects.filter(grid__in=heirs).exclude(until__lt=today)
    for routine in list(going.order_by("pk")):
        late = max((today - routine.since).days, 0)
        since = routine.since + timedelta(days=-(-late // routine.every_days) * routine.every_days)
        until = routine.until
        routines.end(routine=routine, now=at)
        if until is None or since <= until:
            Routine.objects.create(
                grid_id=heirs[routine.grid_id],
                kind=routine.kind,
                title=routine.title,
                place=routine.place,
                every_days=routine.every_days,
                since=since,
                until=until,
            )
