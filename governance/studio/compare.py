"""Two plans beside each other, or a plan and what is in force today: what passes from which grid to which."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from governance.studio import open_incidents, wire
from governance.studio.access import says_why, seen_plan, seen_plans
from governance.studio.api import answer
from grids import comparison
from grids.comparison import Area, Comparison, Division
from grids.draft_rows import many
from grids.levels import ancestor_codes
from grids.models import Plan, PlanStatus
from grids.requests import PersonRequest

TODAY = "today"
MOST_CHOICES, MOST_ROWS = 50, 500


@dataclass(frozen=True)
class Sides:
    """What is compared: the plan, and what it is held against (None: what is in force today)."""

    plan: Plan
    other: Plan | None
    found: Comparison
    incidents: dict[tuple[int, int], int]

    def incidents_of(self, old: Area, new: Area) -> int:
        return self.incidents.get((old.key, new.key), 0)

    @property
    def incidents_moved(self) -> int:
        return sum(self.incidents_of(one.old, one.new) for one in self.found.moved)


def _sides(request: PersonRequest, pk: int, now: datetime) -> Sides:
    plan = seen_plan(request, pk, now=now)
    asked = request.GET.get("with") or _usual(plan)
    other = None
    if asked != TODAY:
        if not (asked.isascii() and asked.isdigit() and len(asked) < 10):
            raise Http404
        other = seen_plan(request, int(asked), now=now)
        if other.pk == plan.pk or not _nests(plan.scope_id, other.scope_id):
            raise Http404
    old = _held_against(plan, other, now)
    new = _within(comparison.of_plan(plan), plan, other)
    found = comparison.compare(old, new, scope=plan.scope_id)
    return Sides(plan, other, found, _incidents(plan.scope_id, found))


def _usual(plan: Plan) -> str:
    """A plan is held against today; one that is published against the one it was begun from."""
    before = plan.base if plan.status == PlanStatus.PUBLISHED else None
    return str(before.pk) if before is not None and _nests(plan.scope_id, before.scope_id) else TODAY


def _held_against(plan: Plan, other: Plan | None, now: datetime) -> Division:
    if other is None:
        return comparison.of_today(plan.scope, now)
    return _within(comparison.of_plan(other), other, plan)


def _within(division: Division, own: Plan, other: Plan | None) -> Division:
    """Of the wider plan the areas that stand in the narrower plan's scope."""
    if other is None or len(other.scope_id) <= len(own.scope_id):
        return division
    scope = other.scope_id
    return {key: area for key, area in division.items() if (area.village or area.unit or "").startswith(scope)}


def _nests(one: str, other: str) -> bool:
    return one == other or other in ancestor_codes(one) or one in ancestor_codes(other)


def _incidents(scope: str, found: Comparison) -> dict[tuple[int, int], int]:
    """Open incidents in what changed, by the pair of areas that has them."""
    old = {key: found.old[key].shape for key in found.changed_old}
    new = {key: found.new[key].shape for key in found.changed_new}
    if not old or not new:
        return {}
    box = shapely.total_bounds(np.array([*old.values(), *new.values()], dtype=object))
    points = open_incidents.open_points(scope, tuple(float(edge) for edge in box))
    return comparison.crossed(old, new, points)


@require_safe
@login_required
def compare(request: PersonRequest, pk: int) -> HttpResponse:
    """The comparison as a map, figures and a table of what passes."""
    now = timezone.now()
    sides = _sides(request, pk, now)
    found = sides.found
    rows = [
        {"old": one.old, "new": one.new, "hectares": f"{one.area_m2 / 10_000:.2f}", "households": one.households,
         "incidents": sides.incidents_of(one.old, one.new)}
        for one in sorted(found.moved, key=lambda one: (-(one.households or 0), -one.area_m2))
    ]  # fmt: skip
    context = {
        "title": _("Compared · %(plan)s") % {"plan": sides.plan.title},
        "plan": sides.plan,
        "other": sides.other,
        "choices": _choices(request, sides.plan, now),
        "chosen": sides.other.pk if sides.other else TODAY,
        "areas_url": reverse("studio:compare_areas", args=[pk]) + f"?with={sides.other.pk if sides.other else TODAY}",
        "found": found,
        "changed": len(found.redrawn),
        "incidents_moved": sides.incidents_moved,
        "rows": rows[:MOST_ROWS],
        "row_count": len(rows),
    }
    return render(request, "studio/compare.html", context)


def _choices(request: PersonRequest, plan: Plan, now: datetime) -> list[Plan]:
    """The plans it can be held against: of its scope, of one above it, of one below it."""
    seen = Plan.objects.filter(seen_plans(request.user, now=now)).exclude(pk=plan.pk).select_related("scope")
    near = seen.exclude(status=PlanStatus.DISCARDED).order_by("-created_at", "-id").defer("frame", "certificate")
    return [other for other in near[: MOST_CHOICES * 4] if _nests(plan.scope_id, other.scope_id)][:MOST_CHOICES]


@require_safe
@login_required
@gzip_page
@says_why
def areas(request: PersonRequest, pk: int) -> HttpResponse:
    """What the map of the comparison draws: the areas after, the outlines before of those that changed."""
    sides = _sides(request, pk, timezone.now())
    found = sides.found
    moved: dict[int, float] = {}
    for one in found.moved:
        moved[one.new.key] = moved.get(one.new.key, 0.0) + one.area_m2
    begun, redrawn = {area.key for area in found.begun}, found.redrawn
    features: list[dict[str, Any]] = []
    for area in found.new.values():
        how = "new" if area.key in begun else "changed" if area.identity in redrawn else "same"
        share = min(moved.get(area.key, 0.0) / area.area_m2, 1.0) if area.area_m2 else 0.0
        features.append(_feature(area, how, share))
    gone = redrawn | {area.identity for area in found.ended}
    features += [_feature(area, "before", 0.0) for area in found.old.values() if area.identity in gone]
    return answer({"type": "FeatureCollection", "features": features})


def _feature(area: Area, how: str, share: float) -> dict[str, Any]:
    properties = {"key": area.key, "name": area.name, "code": area.unit or "", "how": how, "share": round(share, 3)}
    geometry = {"type": "MultiPolygon", "coordinates": wire.coords(many(area.shape))}
    return {"type": "Feature", "properties": properties | {"households": area.households}, "geometry": geometry}
