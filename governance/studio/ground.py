"""What lies on the ground, for the drawing page: dwellings, reference lines, and base cells for painting."""

from typing import Any

import shapely
from django.contrib.auth.decorators import login_required
from django.contrib.gis.geos import Polygon
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from governance.studio import wire
from governance.studio.access import says_why, seen_plan
from governance.studio.api import answer
from grids import draft_painting, draft_rows, dwelling_cells, households, lattice
from grids.coverage import EditRefused
from grids.datums import SRID
from grids.draft_rows import Box, shapes_of
from grids.levels import district_of
from grids.models import Plan, ReferenceLine
from grids.requests import PersonRequest

# More than this on one screen is dust; the page asks again when it is nearer.
MOST_DWELLINGS, MOST_LINES, MOST_CELLS = 20_000, 5_000, 5_000


def _box(request: PersonRequest) -> Box:
    try:
        west, south, east, north = (float(part) for part in request.GET.get("bbox", "").split(","))
    except ValueError as error:
        raise EditRefused("bad_arguments", _("What was sent cannot be read.")) from error
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise EditRefused("bad_arguments", _("What was sent cannot be read."))
    return west, south, east, north


@require_safe
@login_required
@gzip_page
@says_why
def ground(request: PersonRequest, pk: int) -> HttpResponse:
    """The dwellings of the plan's ground in a box (id, longitude, latitude, households) and the lines there."""
    plan = seen_plan(request, pk, now=timezone.now())
    box = _box(request)
    return answer({"dwellings": _dwellings(plan, box), "lines": _lines(plan, box)})


def _dwellings(plan: Plan, box: Box) -> list[list[float]]:
    """Whoever may read a plan sees what lies in its outline; next door it may be somebody else's to know."""
    if plan.frame is None:
        return []
    frame = lattice.from_db(plan.frame)
    shapely.prepare(frame)
    points = households.dwellings_in(district_of(plan.scope_id), box)
    held = points[shapely.intersects_xy(frame, points[:, 0], points[:, 1])]
    return [[int(pk), lon, lat, int(number)] for lon, lat, number, pk in held[:MOST_DWELLINGS].tolist()]


def _lines(plan: Plan, box: Box) -> list[dict[str, Any]]:
    envelope = Polygon.from_bbox(box)
    envelope.srid = SRID
    found = ReferenceLine.objects.filter(district_id=district_of(plan.scope_id), geom__bboverlaps=envelope)
    return [{"kind": line.kind, "name": line.name, "coords": line.geom.coords} for line in found[:MOST_LINES]]


@require_safe
@login_required
@gzip_page
@says_why
def cells(request: PersonRequest, pk: int) -> HttpResponse:
    """The ground of each compound or lone house in a box, by the number that painting names it with."""
    plan = seen_plan(request, pk, now=timezone.now())
    rows = draft_rows.near(plan.pk, box=_box(request))
    homes = draft_painting.homes_of(plan.scope_id, shapes_of(rows), frozenset(rows))
    found = []
    for key, own in homes.items():
        for number, shape in dwelling_cells.cells(rows[key].shape, own).items():
            found.append({"id": number, "key": key, "coords": wire.coords(draft_rows.many(shape))})
            if len(found) == MOST_CELLS:
                return answer({"cells": found, "more": True})
    return answer({"cells": found, "more": False})
