"""The report page: one screen to report in half a minute, or to settle on the spot, from a phone or a desk."""

from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_http_methods, require_safe

from grids import permissions
from grids.levels import UnitKind
from grids.requests import PersonRequest
from grids.selectors import boundaries_geojson
from incidents import access, catalogue, places, records, reporting, selectors
from incidents.forms import MOST_PICTURES, PlaceForm, ReportForm, new_key
from incidents.places import Reach
from incidents.refusals import MoveRefused
from incidents.states import Urgency

# 常用语: what officers type again and again.
PHRASES = (
    gettext_lazy("Blocks the way"),
    gettext_lazy("A danger to people"),
    gettext_lazy("Smells bad"),
    gettext_lazy("Residents complain"),
    gettext_lazy("Keeps coming back"),
    gettext_lazy("Needs a specialist"),
)
RESULT_PHRASES = (
    gettext_lazy("Cleared away"),
    gettext_lazy("Talked it over, both sides agree"),
    gettext_lazy("Warned and put right"),
    gettext_lazy("Made safe for now"),
)
AREAS_FRESH_SECONDS = 3600


@require_http_methods(["GET", "HEAD", "POST"])
@gzip_page
@never_cache
@login_required
def report(request: PersonRequest) -> HttpResponse:
    """The empty page; by POST the report itself, which leads to its receipt or back with what is at fault."""
    now = timezone.now()
    reach = _reach(request, now)
    if request.method != "POST":
        return render(request, "incidents/report.html", _context(request, reach, None, now))
    form = ReportForm(request.POST, request.FILES, reach=reach)
    if form.is_valid():
        try:
            filed = reporting.file(actor=request.user, sketch=form.sketch, now=now)
        except ValidationError as refused:
            form.refuse(refused)
        else:
            url = reverse("incidents:sent", args=[filed.incident.number]) + ("?differs=1" if filed.differs else "")
            return JsonResponse({"url": url}) if _wants_json(request) else redirect(url)
    if _wants_json(request):
        return JsonResponse({"errors": _errors(form)}, status=422)
    return render(request, "incidents/report.html", _context(request, reach, form, now), status=422)


@require_safe
@never_cache
@login_required
def locate(request: PersonRequest) -> HttpResponse:
    """Where a report from here would go, as the fragment of the place card and of the consequence."""
    now = timezone.now()
    reach = _reach(request, now)
    form = PlaceForm(request.GET, reach=reach)
    context = _destination(form, reach, now) | {"settled": bool(request.GET.get("settled")), "oob": True}
    if not context["to"] and not context["fault"]:
        context["own"] = _own(reach)
    return render(request, "incidents/_place.html", context)


@require_safe
@never_cache
@login_required
def find_places(request: PersonRequest) -> HttpResponse:
    """Places by name, for somebody whose position no grid holds or who reports from elsewhere."""
    reach = _reach(request, timezone.now())
    words = request.GET.get("q", "").replace("\x00", "").strip()[:40]
    found = [{"unit": unit, "path": places.path_of(unit)} for unit in places.search(reach, words)]
    return render(request, "incidents/_places.html", {"words": words, "found": found})


@require_safe
@gzip_page
@login_required
def areas(request: PersonRequest) -> HttpResponse:
    """The outlines around the person's own places, for the map of the report page and of the day."""
    seen = permissions.visible_prefixes(request.user, now=timezone.now())
    scopes = sorted({code[:9] for code in seen if code and "D" not in code})
    if not scopes:
        raise PermissionDenied(_("You have no duty here that allows this."))
    kinds = [UnitKind.TOWN, UnitKind.VILLAGE]
    if all(len(code) == 9 for code in scopes):
        kinds.append(UnitKind.GRID)
    etag = f'"{"-".join(scopes)}-{timezone.now():%Y%m%d%H}"'
    response = get_conditional_response(request, etag=etag)
    if response is None:
        text = boundaries_geojson(scopes, kinds)
        response = HttpResponse(text, content_type="application/geo+json")
        response["ETag"] = etag
    patch_cache_control(response, private=True, max_age=AREAS_FRESH_SECONDS)
    return response


@require_safe
@never_cache
@login_required
def receipt(request: PersonRequest, key: str) -> HttpResponse:
    """Whether what was handed in under this key has arrived: the address of its page, or 404."""
    event = records.earlier(actor=request.user, idempotency_key=key)
    if event is None:
        raise Http404
    number = event.incident.number
    return JsonResponse({"url": reverse("incidents:sent", args=[number]), "number": number})


@require_safe
@never_cache
@login_required
def sent(request: PersonRequest, number: str) -> HttpResponse:
    """After sending: the number, who has it now and until when."""
    now = timezone.now()
    incident = access.incident_for(request.user, number, now=now)
    context = {
        "title": _("Settled and on record") if incident.self_handled else _("Reported"),
        "incident": incident,
        "row": selectors.rows([incident], now)[0],
        "desk": places.desk_name(incident.holder),
        "photos": selectors.photos_of(incident),
        "differs": "differs" in request.GET,
    }
    return render(request, "incidents/sent.html", context)


def _reach(request: PersonRequest, now: datetime) -> Reach:
    reach = places.reach_of(request.user, now=now)
    if not reach.reports:
        raise PermissionDenied(_("You have no duty here that allows this."))
    return reach


def _context(request: PersonRequest, reach: Reach, form: ReportForm | None, now: datetime) -> dict[str, Any]:
    offered = catalogue.entries(reach.districts)
    tiles = catalogue.tiles(request.user, offered, now=now)
    given = form.data if form is not None else {}
    chosen = str(given.get("category", ""))
    if chosen and chosen not in {str(entry.pk) for entry in tiles}:
        tiles = [entry for entry in offered if str(entry.pk) == chosen] + tiles[: catalogue.TILES - 1]
    context = {
        "title": _("Report"),
        "form": form,
        "given": given,
        "key": given.get("key") or new_key(),
        "chosen": chosen,
        "tiles": tiles,
        "offered": offered,
        "urgencies": Urgency,
        "phrases": PHRASES,
        "result_phrases": RESULT_PHRASES,
        "own": _own(reach),
        "focus": reach.prefer or reach.reports[0],
        "may_settle": bool(reach.settles),
        "most_pictures": MOST_PICTURES,
        "settled": bool(given.get("settled")),
    }
    if form is not None:
        context |= _destination(form, reach, now)
    return context


def _own(reach: Reach) -> list[dict[str, Any]]:
    """The person's grids, each with its path. One query, for a desk none."""
    units = places.with_parents(reach.grids) if reach.grids else {}
    return [{"unit": unit, "path": places.path_of(unit)} for unit in units.values()]


def _destination(form: PlaceForm, reach: Reach, now: datetime) -> dict[str, Any]:
    """Where the place of this form leads, or why it leads nowhere; both empty while no place is given."""
    form.is_valid()
    given = form.cleaned_data
    category = given.get("category")
    position = form.position
    if position is None and not given.get("place"):
        return {"to": None, "fault": None}
    try:
        found = places.destination(
            reach=reach,
            position=position,
            place=given.get("place"),
            category_id=category.pk if category else None,
            urgency=given.get("urgency") or Urgency.NORMAL,
            now=now,
        )
    except MoveRefused as refused:
        return {"to": None, "fault": refused.messages[0]}
    rough = form.at_hand and (given.get("accuracy") or 0) > 100
    return {"to": found, "fault": None, "accuracy": given.get("accuracy"), "rough": rough, "at_hand": form.at_hand}


def _errors(form: ReportForm) -> dict[str, list[str]]:
    return {name if name != "__all__" else "": [str(each) for each in faults] for name, faults in form.errors.items()}


def _wants_json(request: PersonRequest) -> bool:
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"
