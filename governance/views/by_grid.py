"""Incidents by grid: as the grids were when they happened, or as they are today."""

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from governance.dashboard import grounds, spans
from grids.levels import CODE_LENGTHS, UnitKind
from grids.requests import PersonRequest
from incidents import by_grid

THEN, TODAY = "then", "today"
WAYS = {THEN: gettext_lazy("By the grids of the time"), TODAY: gettext_lazy("By the grids of today")}


@require_safe
@login_required
def page(request: PersonRequest) -> HttpResponse:
    """The grids of the viewer's ground with what was reported in the chosen days; `by` says by which grids."""
    now = timezone.now()
    ground = grounds.ground_for(request.user, request.GET, now=now)
    if ground is None:
        raise Http404
    way = request.GET.get("by", THEN)
    way = way if way in WAYS else THEN
    under = ground.base.under
    # Only what is in sight as a whole is counted by place; a body sees what came to it, wherever that lies.
    is_counted = len(under) >= CODE_LENGTHS[UnitKind.DISTRICT] and not ground.scope
    rows = []
    if is_counted:
        span = ground.span
        rows = by_grid.counts(under=under, start=span.start, end=span.end, now=now, of_today=way == TODAY)
    context = {
        "title": _("Incidents by grid"),
        "subtitle": ground.unit.name if ground.unit else "",
        "rows": rows,
        "totals": [sum(getattr(row, name) for row in rows) for name in ("reported", "open", "closed")],
        "is_counted": is_counted,
        "ways": [{"label": label, "url": _address(ground, by=key), "on": key == way} for key, label in WAYS.items()],
        "spans": [
            {"label": spans.LABELS[key], "url": _address(ground, by=way, span=key), "on": ground.span.key == key}
            for key in spans.DAYS
        ],
        "way": way,
        "ground": ground,
        "dashboard_url": f"{reverse('governance:dashboard')}?{ground.query()}",
        "fields": {"by": way, **({"under": ground.under} if ground.under else {})},
    }
    return render(request, "dashboard/by_grid.html", context)


def _address(ground: grounds.Ground, *, by: str, span: str = "") -> str:
    given: dict[str, Any] = ground.pairs()
    if span:
        given = {name: value for name, value in given.items() if name not in ("span", "since", "until")}
        given |= {} if span == spans.TODAY else {"span": span}
    given.pop("category", None)
    return f"?{urlencode({**given, 'by': by})}"
