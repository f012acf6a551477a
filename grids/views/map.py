"""One map: outlines as data, the page that draws them, the card of the unit that was pressed."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import condition, require_safe

from grids import directory, outlines, permissions, selectors, tiles
from grids.levels import DESK_KINDS, UnitKind, kind_of_code, tier_code
from grids.models import Unit
from grids.outlines import DRAWN, Wanted
from grids.requests import PersonRequest
from grids.subtrees import covers
from grids.views.tiles import EVERYTHING

GEOJSON = "application/geo+json"


@require_safe
@login_required
def one_map(request: PersonRequest) -> HttpResponse:
    """The one map of the district the person serves, or of the unit named in the address."""
    now = timezone.now()
    prefixes = permissions.visible_prefixes(request.user, now=now)
    districts = outlines.seen_by(request.user, prefixes, now=now)
    if not districts:
        raise Http404
    code = request.GET.get("unit", "")
    chosen = Unit.objects.filter(pk=tier_code(code)).first() if covers(districts, code) else None
    home = chosen or Unit.objects.filter(pk=_home(prefixes, districts)).first()
    context = {
        "title": _("One map · %(unit)s") % {"unit": home.name if home else ""},
        **_areas(prefixes, districts),
        "marks_url": reverse("incidents:marks"),
        "selected": chosen.pk if chosen else "",
        "bounds": outlines.extent(home.pk, now) if home else "",
        "card_url": reverse("grids:unit_card", args=["CODE"]),
        "may_open_chosen": bool(chosen and covers(prefixes, chosen.pk)),
    }
    return render(request, "grids/map.html", context)


def _areas(prefixes: list[str], districts: tuple[str, ...]) -> dict[str, Any]:
    """Where the outlines come from: as one answer, or as tiles where that answer would be too big."""
    scopes = tuple(sorted({next((wide for wide in prefixes if code.startswith(wide)), code)[:6] for code in districts}))
    asked = {"scope": ",".join(districts)}
    tiled = sum(tiles.count(scope) for scope in scopes) > settings.MAP_TILES_FROM
    if tiled:
        asked["kinds"] = UnitKind.DISTRICT.value
    addresses = [
        reverse("grids:tile", args=[scope or EVERYTHING, tiles.revision(scope), 0, 0, 0]).replace(
            "/0/0/0.", "/{z}/{x}/{y}."
        )
        for scope in (scopes if tiled else ())
    ]
    return {
        "areas_url": reverse("grids:boundaries") + "?" + urlencode(asked),
        "tile_urls": " ".join(addresses),
    }


def _home(prefixes: list[str], districts: tuple[str, ...]) -> str:
    """The place at which the person's sight begins."""
    return tier_code(prefixes[0]) if prefixes and prefixes != [""] else districts[0]


def _wanted(request: PersonRequest) -> Wanted:
    """What the address asks for, within the districts the person may look at; Http404 if nothing is left."""
    now = timezone.now()
    prefixes = permissions.visible_prefixes(request.user, now=now)
    districts = outlines.seen_by(request.user, prefixes, now=now)
    around = request.GET.get("around", "")
    if around:
        if not kind_of_code(around) or not covers(districts, around):
            raise Http404
        only = outlines.around(around)
        return Wanted(scopes=tuple(sorted({code[:6] for code in only})), only=only)
    asked = [code for code in request.GET.get("scope", "").split(",") if code]
    scopes = tuple(sorted(code for code in asked if kind_of_code(code) and covers(districts, code)))
    if asked and not scopes:
        raise Http404
    if not districts:
        raise Http404
    return Wanted(scopes or districts, _kinds(request.GET.get("kinds", "")), _box(request.GET.get("bbox", "")))


def _kinds(said: str) -> tuple[UnitKind, ...]:
    named = {kind for kind in said.split(",") if kind}
    return tuple(kind for kind in DRAWN if not named or kind.value in named)


def _box(said: str) -> outlines.Box | None:
    parts = said.split(",")
    try:
        west, south, east, north = (float(part) for part in parts)
    except ValueError:
        return None
    on_earth = -180 <= west < east <= 180 and -90 <= south < north <= 90
    return (west, south, east, north) if on_earth else None


def _etag(request: PersonRequest, wanted: Wanted) -> str:
    return f'"{wanted.fingerprint(timezone.now())}"'


@require_safe
@login_required
def boundaries(request: PersonRequest) -> HttpResponse:
    """Outlines as GeoJSON, 304 if unchanged: `scope` and `kinds` as lists or `around` a unit; `bbox` w,s,e,n."""
    response = _boundaries(request, _wanted(request))
    patch_cache_control(response, private=True, no_cache=True)
    return response


@gzip_page
@condition(etag_func=_etag)
def _boundaries(request: PersonRequest, wanted: Wanted) -> HttpResponse:
    return HttpResponse(wanted.geojson(timezone.now()), content_type=GEOJSON)


@require_safe
@login_required
def card(request: PersonRequest, code: str) -> HttpResponse:
    """The side card of a unit: who answers for it, whom to call; only its name where the person has no sight."""
    now = timezone.now()
    prefixes = permissions.visible_prefixes(request.user, now=now)
    unit = Unit.objects.select_related("parent", "parent__parent", "duty_contact").filter(pk=code).first()
    if unit is None or not covers([*prefixes, *outlines.seen_by(request.user, prefixes, now=now)], code):
        raise Http404
    context: dict[str, Any] = {"unit": unit, "in_sight": covers(prefixes, code), "now": now}
    if context["in_sight"]:
        context |= {
            "officer": selectors.primary_officer(code, now) if unit.is_grid else None,
            "row": next(iter(directory.rows_of([unit], now))),
            "has_desk": unit.kind in DESK_KINDS,
        }
    return render(request, "grids/_card.html", context)
