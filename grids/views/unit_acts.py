"""A unit is created under another one, or called and reached otherwise; both go through `grids.hierarchy`."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from grids import hierarchy
from grids.forms import NewUnitForm, UnitForm
from grids.levels import UnitKind
from grids.requests import PersonRequest
from grids.views.posts import administered


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new(request: PersonRequest, code: str) -> HttpResponse:
    """A new unit below this one; which kinds may stand there follows from the unit, the code is proposed."""
    now = timezone.now()
    door = administered(request, code, now)
    kinds = hierarchy.kinds_below(door.unit)
    if not kinds:
        raise Http404
    asked = request.GET.get("kind", "")
    kind = UnitKind(asked) if asked in kinds else kinds[0]
    initial = {"code": hierarchy.free_code(door.unit, kind)}
    form = NewUnitForm(request.POST or None, kind=kind, now=now, initial=initial)
    if request.method == "POST" and form.is_valid():
        given: dict[str, Any] = {key: value for key, value in form.cleaned_data.items() if value}
        try:
            unit = hierarchy.create_unit(**given, kind=kind, now=now, actor=request.user)
        except ValidationError as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("%(unit)s is in service from now on.") % {"unit": unit.name})
            return redirect("grids:unit", unit.pk)
    context = {
        "title": _("New unit · %(unit)s") % {"unit": door.unit.name},
        "unit": door.unit,
        "kind": kind,
        "chips": [{"label": one.label, "on": one == kind, "url": f"?kind={one.value}", "fixed": True} for one in kinds],
        "form": form,
    }
    return render(request, "grids/unit_new.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit(request: PersonRequest, code: str) -> HttpResponse:
    """Another name, contact, phone or address; what was before stands in the audit list."""
    now = timezone.now()
    unit = administered(request, code, now).unit
    form = UnitForm(request.POST or None, kind=unit.kind, unit=unit, now=now)
    if request.method == "POST" and form.is_valid():
        try:
            hierarchy.amend(unit=unit, now=now, actor=request.user, **form.cleaned_data)
        except ValidationError as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Kept."))
            return redirect("grids:unit", unit.pk)
    context = {"title": _("Name and contact · %(unit)s") % {"unit": unit.name}, "unit": unit, "form": form}
    return render(request, "grids/unit_edit.html", context, status=422 if form.is_bound else 200)
