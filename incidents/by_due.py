"""Pages of incidents by when their first running stage is due; those in which nothing runs come last.

A walk along the due moments of clocks, so that the first page costs no more than its fifty rows.
"""

from dataclasses import replace

from django.db.models import Exists, F, OuterRef, QuerySet

from incidents import keyset
from incidents.lists import running_clocks
from incidents.models import Clock, ClockState, Incident
from incidents.models.clocks import BESIDE_STAGES
from incidents.models.expressions import Beyond, Row
from incidents.selectors import for_rows


def page(incidents: QuerySet[Incident], *, size: int, at: str = "", after: str = "", before: str = "") -> keyset.Page:
    """At most `size` incidents after one mark, or before the other, or the first ones. One or two queries.

    With `at`, by the clocks of that unit alone.
    """
    parts = ((_first_clocks(incidents, at), ("due_at", "pk")), (_resting(incidents, at), ("pk",)))
    found = keyset.chained(parts, size=size, after=after, before=before)
    return replace(found, rows=[row.incident if isinstance(row, Clock) else row for row in found.rows])


def ids(incidents: QuerySet[Incident], *, at: str = "", most: int) -> list[int]:
    """The ids of at most so many incidents in that order. Two queries."""
    found = list(_first_clocks(incidents, at).order_by("due_at", "pk").values_list("incident", flat=True)[:most])
    return found + list(_resting(incidents, at).order_by("pk").values_list("pk", flat=True)[: most - len(found)])


def _first_clocks(incidents: QuerySet[Incident], at: str) -> QuerySet[Clock]:
    """Of each of the incidents in which a stage runs, the clock that is due first."""
    running = Clock.objects.filter(state=ClockState.RUNNING).exclude(stage__in=BESIDE_STAGES)
    if at:
        running = running.filter(unit=at)
    earlier = running.filter(
        Beyond(Row(F("due_at"), F("pk")), Row(OuterRef("due_at"), OuterRef("pk")), before=True),
        incident=OuterRef("incident"),
    )
    return for_rows(running.filter(~Exists(earlier), incident__in=incidents), "incident__")


def _resting(incidents: QuerySet[Incident], at: str) -> QuerySet[Incident]:
    return for_rows(incidents.exclude(Exists(running_clocks(at).filter(state=ClockState.RUNNING))))
