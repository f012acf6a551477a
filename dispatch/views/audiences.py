"""The table of who is told of what: read by whoever administers or audits, changed by whoever administers."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from dispatch import audiences
from dispatch.address_forms import AudienceForm
from dispatch.audience import AUDIENCES, Table
from dispatch.kinds import label_of
from dispatch.models import Audience
from grids import audit_list, house
from grids.administration import administered, keeps_house
from grids.levels import UnitKind
from grids.models import Unit
from grids.requests import PersonRequest
from grids.subtrees import covers, within


def _districts(request: PersonRequest) -> list[Unit]:
    """The districts whose table the person may read; Http404 for who may read none."""
    codes = audit_list.read_by(request.user, now=timezone.now())
    if not codes:
        raise Http404
    seen = within([code[:6] for code in codes])
    return list(Unit.objects.filter(seen, kind=UnitKind.DISTRICT, retired_at__isnull=True).order_by("code"))


def _asked(request: PersonRequest, districts: list[Unit]) -> Unit | None:
    """The district the page is about; None means what all share."""
    code = request.GET.get("district", "")
    if not code:
        return None
    found = next((unit for unit in districts if unit.pk == code), None)
    if found is None:
        raise Http404
    return found


def _may_change(request: PersonRequest, district: Unit | None) -> bool:
    return keeps_house(request) if district is None else covers(administered(request), district.pk)


@require_safe
@login_required
def index(request: PersonRequest) -> HttpResponse:
    """Every kind of event and who is told of it, for what all share or one district."""
    districts = _districts(request)
    district = _asked(request, districts)
    table, code = audiences.table(), district.pk if district else ""
    own = set(Audience.objects.filter(district=district).values_list("kind", flat=True))
    context = {
        "title": _("Who is told · %(where)s") % {"where": district or _("all districts")},
        "districts": districts,
        "district": district,
        "sections": _sections([_row(kind, table, code, own) for kind in AUDIENCES]),
        "changed": len(own),
        "may_change": _may_change(request, district),
        "query": f"?district={code}" if code else "",
    }
    return render(request, "dispatch/audience.html", context)


def _sections(rows: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """The rows by what the kinds of event are about."""
    titles = {"plan": _("Plans"), "export": _("Long exports")}
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        about = row["kind"].partition("_")[0] if row["kind"] in house.KINDS else ""
        found.setdefault(titles.get(about, _("Incidents")), []).append(row)
    return list(found.items())


def _row(kind: str, table: Table, district: str, own: set[str]) -> dict[str, Any]:
    return {
        "kind": kind,
        "label": label_of(kind),
        "lines": table.lines(kind, district),
        "is_changed": kind in own,
    }


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit(request: PersonRequest, kind: str) -> HttpResponse:
    """Change who is told of one kind of event, or set it back to the default."""
    district = _asked(request, _districts(request))
    if kind not in AUDIENCES or not _may_change(request, district):
        raise Http404
    code = district.pk if district else None
    table = audiences.table()
    form = AudienceForm(request.POST or None, kind=kind, table=table, district=code or "")
    back = reverse("dispatch:audience") + (f"?district={code}" if code else "")
    if request.method == "POST":
        if "default" in request.POST:
            audiences.put_back(kind=kind, district=code)
            messages.success(request, _("%(kind)s: set back to the default.") % {"kind": label_of(kind)})
            return redirect(back)
        if form.is_valid():
            wanted = form.wanted()
            audiences.set_lines(kind=kind, district=code, wanted=wanted, actor=request.user, now=timezone.now())
            messages.success(request, _("%(kind)s: holds from the next event on.") % {"kind": label_of(kind)})
            return redirect(back)
    changed = Audience.objects.filter(district=district, kind=kind).exists()
    where = district or _("all districts")
    context = {"title": f"{label_of(kind)} · {where}", "form": form, "back": back, "is_changed": changed}
    return render(request, "dispatch/audience_edit.html", context, status=422 if form.errors else 200)
