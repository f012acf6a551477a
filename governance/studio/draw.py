"""The drawing page: the one map with tools on it. It only shows; the edits go through the JSON addresses beside it."""

import json
from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.gis.db.models.functions import AsGeoJSON
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from governance.studio.access import may, seen_plan
from governance.studio.draw_words import WORDS
from grids import plans
from grids.holds import FINISHED
from grids.levels import BoundaryBasis, GridKind, UnitKind
from grids.models import Boundary
from grids.requests import PersonRequest
from grids.subtrees import within

# Each may use those before it while it loads, and all of them afterwards.
PARTS = (
    "topology", "store", "hold", "layer", "ground", "panel", "tools", "draw", "paint", "border", "balance", "faults",
    "grid", "divide", "compare",
)  # fmt: skip
SCRIPTS = (*(f"js/studio_{part}.js" for part in PARTS), "js/studio.js")

TOOLS = (
    {"name": "select", "icon": "pointer", "label": pgettext_lazy("tool", "Select")},
    {"name": "split", "icon": "slice", "label": pgettext_lazy("tool", "Split")},
    {"name": "merge", "icon": "arrow-merge", "label": pgettext_lazy("tool", "Merge")},
    {"name": "border", "icon": "vector-spline", "label": pgettext_lazy("tool", "Move border")},
    {"name": "paint", "icon": "brush", "label": pgettext_lazy("tool", "Paint")},
    {"name": "assign", "icon": "puzzle", "label": pgettext_lazy("tool", "Assign gap")},
    {"name": "carve", "icon": "lasso-polygon", "label": pgettext_lazy("tool", "Carve out")},
)


def addresses(pk: int) -> dict[str, str]:
    """Where the page asks and sends, by the names its scripts use."""
    names = (
        "state",
        "standing",
        "operate",
        "faults",
        "log",
        "ground",
        "cells",
        "hold",
        "release",
        "prove",
        "officers",
        "today",
    )
    return {name: reverse(f"studio:{name}", args=[pk]) for name in names}


@require_safe
@login_required
def draw(request: PersonRequest, pk: int) -> HttpResponse:
    """The map with its tools and the panel; the plan itself is fetched by the page."""
    now = timezone.now()
    plan = seen_plan(request, pk, now=now)
    context: dict[str, Any] = {
        "title": _("Draw · %(plan)s") % {"plan": plan.title},
        "plan": plan,
        "may_copy": may(request.user, plan, now=now).draws,
        "is_stale": plan.status not in FINISHED and plans.is_stale(plan),
        "plan_url": reverse("studio:plan", args=[pk]),
        "scripts": SCRIPTS,
        "tools": TOOLS,
        "grid_kinds": GridKind.choices,
        "bases": BoundaryBasis.choices,
        "urls": addresses(pk),
        "words": WORDS | {"zone": timezone.get_current_timezone_name()},
    }
    return render(request, "studio/draw.html", context)


@require_safe
@login_required
@gzip_page
def today(request: PersonRequest, pk: int) -> JsonResponse:
    """The grids in force inside of the plan's scope, for comparing: {areas: [{key, code, name, village, coords}]}."""
    now = timezone.now()
    plan = seen_plan(request, pk, now=now)
    rows = (
        Boundary.objects.filter(within([plan.scope_id], "unit"), valid__contains=now, kind=UnitKind.GRID)
        .annotate(drawn=AsGeoJSON("geom", precision=7))
        .values_list("unit_id", "unit__name", "unit__parent_id", "drawn")
        .order_by("unit_id")
    )
    areas = [
        {"key": key, "code": code, "name": name, "village": village, "coords": json.loads(drawn)["coordinates"]}
        for key, (code, name, village, drawn) in enumerate(rows, start=1)
    ]
    return JsonResponse({"areas": areas})
