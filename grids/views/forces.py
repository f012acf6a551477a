"""The ledger of forces, and the page on which those of one grid and its routines are kept."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from grids import directory, forces, routines
from grids.force_forms import ForceForm, RoutineForm
from grids.levels import UnitKind
from grids.models import Force, ForceKind, Matter, Routine, RoutineKind
from grids.refusals import ForceRefused
from grids.requests import PersonRequest
from grids.views.posts import administered

UNANSWERED_MOST = 200
_BODIES = (UnitKind.DEPARTMENT, UnitKind.OFFICE)


@require_safe
@login_required
def ledger(request: PersonRequest, code: str) -> HttpResponse:
    """Forces by type and unit, and where nobody answers for a matter; of a grid, the people themselves."""
    now = timezone.now()
    door = directory.door(request.user, code, now=now)
    if door.unit.kind in _BODIES:
        raise Http404
    found = forces.ledger(door.unit, now)
    context: dict[str, Any] = {
        "title": _("Ledger of the “N” forces · %(unit)s · %(count)d")
        % {"unit": door.unit.label, "count": found.total.total},
        "unit": door.unit,
        "path": door.path,
        "ledger": found,
        "kinds": list(ForceKind),
        "matters": list(Matter),
        "unanswered": forces.named(found.unanswered[:UNANSWERED_MOST]),
        "unanswered_more": max(0, len(found.unanswered) - UNANSWERED_MOST),
        "may_administer": door.may_administer and not door.unit.is_retired,
        "now": now,
    }
    if door.unit.is_grid:
        context |= {"forces": forces.of_grid(code, now), "routines": routines.of_grid(code, now=now)}
    return render(request, "grids/forces.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def enlist(request: PersonRequest, code: str) -> HttpResponse:
    """Somebody begins to help in a grid."""
    now = timezone.now()
    door = administered(request, code, now)
    if not door.unit.is_grid:
        raise Http404
    form = ForceForm(request.POST or None, initial={"matters": request.GET.getlist("matter")})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            force = forces.enlist(
                grid=door.unit,
                kind=ForceKind(given["kind"]),
                name=given["name"],
                phone=given["phone"],
                organisation=given["organisation"],
                matters=[Matter(matter) for matter in given["matters"]],
                now=now,
                actor=request.user,
            )
        except ForceRefused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("%(force)s helps in %(grid)s.") % {"force": force, "grid": door.unit.label})
            return redirect("grids:forces", code)
    context = {"title": _("New force · %(grid)s") % {"grid": door.unit.name}, "unit": door.unit, "form": form}
    return render(request, "grids/force_new.html", context, status=422 if form.is_bound else 200)


@require_POST
@login_required
def dismiss(request: PersonRequest, pk: int) -> HttpResponse:
    """Somebody helps no longer."""
    now = timezone.now()
    force = get_object_or_404(Force, pk=pk)
    administered(request, force.grid_id, now)
    forces.dismiss(force=force, now=now, actor=request.user)
    messages.success(request, _("%(force)s helps here no longer.") % {"force": force})
    return redirect("grids:forces", force.grid_id)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def plan_routine(request: PersonRequest, code: str) -> HttpResponse:
    """A patrol or a visit begins to come round in a grid."""
    now = timezone.now()
    door = administered(request, code, now)
    if not door.unit.is_grid:
        raise Http404
    form = RoutineForm(request.POST or None, initial={"since": timezone.localdate(now)})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data | {"kind": RoutineKind(form.cleaned_data["kind"])}
        try:
            routine = routines.plan(grid=door.unit, now=now, actor=request.user, **given)
        except ForceRefused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("“%(routine)s” comes round from now on.") % {"routine": routine})
            return redirect("grids:forces", code)
    context = {"title": _("New routine · %(grid)s") % {"grid": door.unit.name}, "unit": door.unit, "form": form}
    return render(request, "grids/routine_new.html", context, status=422 if form.is_bound else 200)


@require_POST
@login_required
def end_routine(request: PersonRequest, pk: int) -> HttpResponse:
    """A routine comes round no longer; the rounds that were walked stay."""
    now = timezone.now()
    routine = get_object_or_404(Routine, pk=pk)
    administered(request, routine.grid_id, now)
    routines.end(routine=routine, now=now, actor=request.user)
    messages.success(request, _("“%(routine)s” comes round no longer.") % {"routine": routine})
    return redirect("grids:forces", routine.grid_id)
