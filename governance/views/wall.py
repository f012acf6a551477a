"""The wall: full screen and dark, fresh every five seconds, opened by somebody signed in or by a screen's own key."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.http import quote_etag
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from governance.dashboard import boards, flow, grounds, keeping
from governance.dashboard.grounds import BODY, Ground
from governance.dashboard.strip import LABELS
from governance.live.address import since, stream_url
from governance.views.dashboard import flow_chart
from governance.wall import keys, walls
from governance.wall.walls import Wall
from grids.levels import UnitKind
from grids.models import Person
from grids.outlines import Wanted
from grids.requests import PersonRequest

GEOJSON = "application/geo+json"
# The templates that show figures.
PARTS = ("emergencies", "figures", "events", "lit", "totals")
# Which outlines the map of a wall draws, by the level of its rows.
KINDS = {
    "town": (UnitKind.DISTRICT, UnitKind.TOWN),
    "village": (UnitKind.TOWN, UnitKind.VILLAGE),
    "grid": (UnitKind.VILLAGE, UnitKind.GRID),
}


@dataclass(frozen=True)
class Viewer:
    """By whose sight a wall shows what, and where its parts are fetched."""

    person: Person
    given: dict[str, str]
    address: str
    areas: str
    stream: str = ""
    only: str = ""

    def ground(self, *, now: datetime) -> Ground:
        ground = grounds.ground_for(self.person, self.given, now=now, only=self.only)
        if ground is None:
            raise Http404
        return ground


@require_safe
@login_required
def signed_in(request: PersonRequest) -> HttpResponse:
    """The wall of the viewer's own ground, or of a place in it."""
    return _wall(request, _own(request))


@require_safe
def by_key(request: HttpRequest, secret: str) -> HttpResponse:
    """The wall of a key; 404 alike for a wrong, a revoked and an expired one."""
    return _wall(request, _keyed(secret))


@require_safe
@login_required
def own_areas(request: PersonRequest) -> HttpResponse:
    """The outlines of one's own wall."""
    return _areas(request, _own(request))


@require_safe
def areas_by_key(request: HttpRequest, secret: str) -> HttpResponse:
    """The outlines of a key's wall."""
    return _areas(request, _keyed(secret))


def _own(request: PersonRequest) -> Viewer:
    under = request.GET.get("under", "")
    query = f"?{urlencode({'under': under})}" if under else ""
    address, areas = reverse("governance:wall"), reverse("governance:wall_areas")
    return Viewer(request.user, {"under": under}, f"{address}{query}", f"{areas}{query}")


def _keyed(secret: str) -> Viewer:
    key = keys.recognised(secret, now=timezone.now())
    if key is None:
        raise Http404
    return Viewer(
        key.made_by,
        {},
        reverse("governance:wall_by_key", args=[secret]),
        reverse("governance:wall_areas_by_key", args=[secret]),
        stream=f"wall/{secret}",
        only=key.unit_id,
    )


def _wall(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """The page; or with `live` its parts alone, 304 while nothing happened in this minute."""
    now = timezone.now()
    if "live" not in request.GET:
        stream = {"stream_url": stream_url(request, viewer.stream), "stream_since": since(now)}
        response = render(request, "wall/wall.html", _context(viewer, now) | stream)
        patch_cache_control(response, private=True, no_store=True)
        return response
    shown = viewer.only or viewer.given["under"]
    etag = quote_etag(f"{viewer.person.pk}-{shown}-{get_language()}-{boards.fingerprint(now)}")
    unchanged = get_conditional_response(request, etag=etag)
    response = unchanged or render(request, "wall/_live.html", _context(viewer, now))
    response["ETag"] = etag
    patch_cache_control(response, private=True, no_cache=True)
    return response


def _context(viewer: Viewer, now: datetime) -> dict[str, Any]:
    ground = viewer.ground(now=now)
    live = f"{viewer.address}{'&' if '?' in viewer.address else '?'}{urlencode({'live': '1', 'wall': '1'})}"
    return {
        "title": _("%(unit)s · wall") % {"unit": ground.unit.name if ground.unit else _("My units")},
        "unit_name": ground.unit.name if ground.unit else _("My units"),
        "drawn": keeping.until_something_happens("wall", ground, lambda: _draw(ground, now), now=now),
        "live_url": live,
        "areas_url": viewer.areas,
        "zone": timezone.get_default_timezone_name(),
    }


def _draw(ground: Ground, now: datetime) -> dict[str, Any]:
    """The parts of a wall. Nothing in here may hang on who looks: no request, no person, no key."""
    shown = walls.wall(ground, now=now)
    context = {
        "wall": shown,
        "figures": _figures(shown),
        "flow_totals": [(act.value, act.label, shown.flow.totals[act].number) for act in flow.ACTS],
    }
    parts: dict[str, Any] = {name: render_to_string(f"wall/_{name}.html", context) for name in PARTS}
    return parts | {
        "newest": max((row.event_id for row in shown.events), default=0),
        "loads": json.dumps(shown.loads, separators=(",", ":")),
        "marks": json.dumps(shown.marks, separators=(",", ":")),
        "flow_chart": json.dumps(flow_chart(shown.flow, now), ensure_ascii=False, separators=(",", ":")),
        "at": f"{timezone.localtime(now):%H:%M}",
    }


def _figures(shown: Wall) -> list[dict[str, Any]]:
    return [
        {"key": key, "label": label, "light": light, "number": shown.strip[key].number, "was": shown.strip[key].before}
        for key, (label, light) in LABELS.items()
    ]


@gzip_page
def _areas(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Outlines as GeoJSON, 304 if unchanged: of the place, or of the whole district for a body."""
    now = timezone.now()
    ground = viewer.ground(now=now)
    code = ground.unit.pk if ground.unit else ""
    scope = code.partition(BODY)[0] if BODY in code else code
    wanted = Wanted((scope,) if scope else tuple(unit.pk for unit in ground.choices), KINDS[ground.level or "grid"])
    etag = quote_etag(wanted.fingerprint(now))
    response = get_conditional_response(request, etag=etag) or HttpResponse(wanted.geojson(now), content_type=GEOJSON)
    response["ETag"] = etag
    patch_cache_control(response, private=True, no_cache=True)
    return response
