"""The list of plans, and the page that begins one."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from governance.studio import fault_counts
from governance.studio.access import places, scopes_of, seen_plans
from governance.studio.forms import BeginForm
from grids import approvals, balance, drafts, holds
from grids.drafts import Wish
from grids.duties import Right
from grids.models import Plan, PlanStatus, Unit
from grids.refusals import BoundaryRefused
from grids.requests import PersonRequest

PAGE = 30
# The chips of the list: what each shows.
SHELVES: dict[str, tuple[Any, Q]] = {
    "open": (gettext_lazy("In progress"), Q(status__in=[PlanStatus.DRAFT, PlanStatus.PROVEN, PlanStatus.APPROVED])),
    "approve": (gettext_lazy("Waiting for approval"), Q(status=PlanStatus.PROVEN)),
    "publish": (gettext_lazy("Approved"), Q(status=PlanStatus.APPROVED)),
    "published": (gettext_lazy("Published"), Q(status=PlanStatus.PUBLISHED)),
    "discarded": (gettext_lazy("Discarded"), Q(status=PlanStatus.DISCARDED)),
    "all": (gettext_lazy("All"), Q()),
}


@require_safe
@login_required
def plans(request: PersonRequest) -> HttpResponse:
    """The plans of the units the person draws, approves or looks after."""
    now = timezone.now()
    seen = Plan.objects.filter(seen_plans(request.user, now=now))
    shelf = request.GET.get("show", "open")
    shelf = shelf if shelf in SHELVES else "open"
    words = request.GET.get("q", "").replace("\0", " ").strip()[:60]
    found = seen.filter(SHELVES[shelf][1]).select_related("scope", "held_by", "created_by")
    if words:
        found = found.filter(Q(title__icontains=words) | Q(scope__name__icontains=words) | Q(scope=words))
    listed = found.defer("frame", "effect").order_by("-created_at", "-id")
    page = Paginator(listed, PAGE).get_page(request.GET.get("page"))
    draws = scopes_of(request.user, (Right.ADMINISTER,), now=now)
    approves = scopes_of(request.user, (Right.APPROVE_PLAN,), now=now)
    awaited = approvals.waiting_for(request.user, approves).values_list("pk", flat=True)
    context = {
        "title": _("Plans · %(count)d") % {"count": page.paginator.count},
        "subtitle": _("Draw, weigh, prove, approve and publish the borders of grids"),
        "chips": _chips(seen, shelf, words),
        "q": words,
        "shelf": shelf,
        "page": page,
        "rows": _rows(list(page.object_list), now),
        "awaited": set(awaited) if approves else set(),
        "may_begin": bool(draws),
        # The published borders as a file: see governance.studio.files.export.
        "may_export": bool(draws or approves),
    }
    return render(request, "studio/plans.html", context)


def _chips(seen: "QuerySet[Plan]", shelf: str, words: str) -> list[dict[str, Any]]:
    counts = seen.aggregate(**{key: Count("pk", filter=which or None) for key, (_label, which) in SHELVES.items()})
    asked = {"q": words} if words else {}
    return [
        {
            "label": label,
            "url": "?" + urlencode({"show": key, **asked}),
            "on": key == shelf,
            "fixed": True,
            "count": counts[key],
        }
        for key, (label, _which) in SHELVES.items()
    ]


def _rows(plans: list[Plan], now: datetime) -> list[dict[str, Any]]:
    """What the list says of each plan; its faults as far as somebody looked. Two queries, one of them to the cache."""
    totals, faults = balance.totals_of(plans), fault_counts.known(plans)
    return [
        {
            "plan": plan,
            "holder": holds.holder(plan, now=now),
            "totals": totals[plan.pk],
            "grids": grids_of(plan, totals[plan.pk]),
            "faults": faults.get(plan.pk) if plan.status == PlanStatus.DRAFT else None,
        }
        for plan in plans
    ]


def grids_of(plan: Plan, totals: dict[str, Any]) -> int:
    """How many grids a plan has; one that was published from a file has them in its certificate alone."""
    return int(totals["areas"] or (plan.certificate or {}).get("grids", 0))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def begin(request: PersonRequest) -> HttpResponse:
    """Begin a plan from what is published."""
    now = timezone.now()
    scopes = places(request.user, Right.ADMINISTER, now=now)
    if not scopes:
        raise Http404
    wanted = request.GET.get("scope", "")
    form = BeginForm(request.POST or None, scopes=scopes, initial={"scope": wanted, "title": _title(scopes, wanted)})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        chosen = given.pop("scope")
        scope = next(unit for unit in scopes if unit.pk == chosen)
        try:
            plan = drafts.begin(scope=scope, wish=Wish(**given), actor=request.user, now=now)
        except BoundaryRefused as refused:
            form.add_error(None, refused)
        else:
            return redirect("studio:plan", plan.pk)
    context = {"title": _("Begin a plan"), "form": form}
    return render(request, "studio/begin.html", context, status=422 if form.errors else 200)


def _title(scopes: list[Unit], wanted: str) -> str:
    unit = next((unit for unit in scopes if unit.pk == wanted), None)
    return _("%(unit)s: grids redrawn") % {"unit": unit.name} if unit else ""
