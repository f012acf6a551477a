"""The page of wall keys: who may makes one for a screen, sees all, revokes one."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from governance.models import WallKey
from governance.wall import keys
from grids.levels import UnitKind
from grids.models import Unit
from grids.requests import PersonRequest
from grids.subtrees import within

USUAL_DAYS = 90
KINDS = (UnitKind.DISTRICT, UnitKind.TOWN, UnitKind.VILLAGE, UnitKind.DEPARTMENT, UnitKind.OFFICE)


class WallKeyForm(forms.Form):
    """Where the screen hangs, whose figures it shows, how long."""

    unit = forms.ModelChoiceField(Unit.objects.none(), label=gettext_lazy("Shows the figures of"), empty_label=None)
    name = forms.CharField(label=gettext_lazy("Where the screen hangs"), max_length=60)
    days = forms.IntegerField(
        label=gettext_lazy("Valid for days"), min_value=1, max_value=keys.LONGEST_DAYS, initial=USUAL_DAYS
    )

    def __init__(self, *args: Any, units: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def wall_keys(request: PersonRequest) -> HttpResponse:
    """All keys of the viewer's units and the form for a new one, whose address is shown this once."""
    now = timezone.now()
    codes = keys.units_for(request.user, now=now)
    if not codes:
        raise Http404
    units = Unit.objects.filter(within(codes), kind__in=KINDS, retired_at__isnull=True).order_by("code")
    form = WallKeyForm(request.POST or None, units=units)
    fresh: WallKey | None = None
    secret, status = "", 200
    if request.method == "POST":
        if form.is_valid():
            given = form.cleaned_data
            fresh, secret = keys.make(
                person=request.user, unit=given["unit"], name=given["name"], days=given["days"], now=now
            )
            form = WallKeyForm(units=units)
        else:
            status = 422
    listed = [(key, keys.is_valid(key, now=now)) for key in keys.listed(codes)]
    address = request.build_absolute_uri(reverse("governance:wall_by_key", args=[secret])) if secret else ""
    context = {"title": _("Wall keys"), "form": form, "keys": listed, "fresh": fresh, "fresh_url": address, "now": now}
    response = render(request, "wall/keys.html", context, status=status)
    if secret:
        response["Cache-Control"] = "no-store"
    return response


@require_POST
@login_required
def revoke(request: PersonRequest, key_id: int) -> HttpResponse:
    """End a key; its screen goes dark within seconds."""
    try:
        key = keys.revoke(key_id=key_id, person=request.user, now=timezone.now())
    except (WallKey.DoesNotExist, PermissionDenied):
        raise Http404 from None
    messages.success(request, _("The key of %(name)s is revoked.") % {"name": key.name})
    return redirect("governance:wall_keys")
