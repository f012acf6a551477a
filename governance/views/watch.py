"""The page on which people read whether the house itself is well: what is late, why, and what to do about it."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dispatch import watch
from dispatch.models import SweepFault, Ticker
from dispatch.watch import Finding, State
from governance import watching
from grids import audit_list, permissions
from grids.duties import Right
from grids.models import Person
from grids.requests import PersonRequest
from grids.subtrees import within
from incidents.models import Incident

FAULTS_SHOWN = 20


@never_cache
@require_safe
@login_required
def state_of_the_house(request: PersonRequest) -> HttpResponse:
    """What runs and what is late, from a look at this moment and the last one at the record. About 15 queries."""
    now = timezone.now()
    codes = audit_list.read_by(request.user, now=now)
    if not codes and not _commands(request.user, now):
        raise Http404
    database_now = watch.database_now()
    quick = list(watch.look(database_now, worker_now=now))
    last = watch.latest(database_now)
    seen = {one.name for one in quick}
    kept = [Finding(**one) for one in last.findings if one["name"] not in seen] if last else []
    findings = [*quick, *(Finding(one.name, State(one.state), one.figures) for one in kept)]
    context: dict[str, Any] = {
        "title": _("State of the house"),
        "headline": watching.headline(findings),
        "worst": max((one.state for one in findings), key=[State.OK, State.WARN, State.LATE].index),
        "said": sorted(
            (watching.say(one) for one in findings),
            key=lambda said: [State.LATE, State.WARN, State.OK].index(said.state),
        ),
        "last": last,
        "day": watch.last_day(database_now),
        "processes": _processes(database_now),
        "faults": _faults(codes),
        "keeps": bool(codes),
        "now": now,
    }
    return render(request, "governance/watch.html", context)


def _commands(person: Person, now: Any) -> bool:
    """Whether the person dispatches or is duty chief at a district: who must know when the lights are late."""
    rights = (Right.DISPATCH, Right.GRANT)
    return any(len(code) <= 6 for right in rights for code in permissions.units_with_right(person, right, now=now))


def _processes(now: Any) -> list[dict[str, Any]]:
    rows = Ticker.objects.order_by("-last_tick")[:20]
    return [{"row": row, "alive": now - row.last_tick <= watch.BEAT_SILENT, "is_spare": row.name == watch.BEAT}
            for row in rows]  # fmt: skip


def _faults(codes: list[str]) -> list[dict[str, Any]]:
    """The failed steps of the units the person keeps, the longest first."""
    rows = list(SweepFault.objects.filter(solved_at__isnull=True).order_by("first_failed_at")[:FAULTS_SHOWN])
    seen = Incident.objects.filter(within(codes, "place"))
    numbers = dict(seen.filter(pk__in=[row.incident_id for row in rows]).values_list("pk", "number"))
    return [{"row": row, "number": numbers[row.incident_id]} for row in rows if row.incident_id in numbers]
