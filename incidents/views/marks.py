"""What maps and pages of places show of incidents: marks by light, and how many are open at a unit."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.contrib.gis.db.models import Extent
from django.contrib.gis.geos import Polygon
from django.db import connection
from django.db.models import Case, CharField, Q, QuerySet, Value, When
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from grids import directory
from grids.datums import SRID
from grids.levels import DESK_KINDS, UnitKind
from grids.models.expressions import Latitude, Longitude
from grids.requests import PersonRequest
from incidents import lists
from incidents.filters import Filters
from incidents.models import Incident, Light

GEOJSON = "application/geo+json"
MOST_MARKS = 1000
# The view is cut into this many cells each way when there are more marks than that.
CELLS = 24
BODIES = (UnitKind.DEPARTMENT, UnitKind.OFFICE)
# The order of a bar; what a unit has open can show no other.
SHOWN = (Light.RED, Light.YELLOW, Light.UNLIT, "suspended", "paused", Light.NONE)


@gzip_page
@require_safe
@login_required
def marks(request: PersonRequest) -> HttpResponse:
    """Incidents in sight as GeoJSON points, or as clusters split by light where there are too many; 304 if unchanged.

    Takes the filters of every list, and `bbox` as west,south,east,north. Incidents without a position have no mark.
    """
    now = timezone.now()
    filters = Filters.parsed(request.GET)
    placed = lists.found(request.user, filters, now=now).filter(point__isnull=False)
    box = _box(request.GET.get("bbox", ""))
    if box is not None:
        # Of a point and a box this is the same as to intersect, at a tenth of the price.
        placed = placed.filter(point__bboverlaps=box)
    placed = placed.order_by()
    # Asked for in an order that an index keeps: where there are very many, the first thousand are found at once.
    if placed.order_by("-reported_at", "-pk").values("pk")[: MOST_MARKS + 1].count() > MOST_MARKS:
        red = lists.lit(Light.RED, now, at=filters.at, states=filters.states)
        yellow = lists.lit(Light.YELLOW, now, at=filters.at, states=filters.states, is_rest=True)
        features, clustered = _clusters(placed, box, red, yellow), True
    else:
        features, clustered = _points(placed.annotate(shown=lists.shown_light(now, at=filters.at))), False
    body = json.dumps(
        {"type": "FeatureCollection", "clustered": clustered, "features": features},
        ensure_ascii=False,
        separators=(",", ":"),
    )
    etag = f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'
    response = get_conditional_response(request, etag=etag) or HttpResponse(body, content_type=GEOJSON)
    response["ETag"] = etag
    patch_cache_control(response, private=True, no_cache=True)
    return response


def _box(said: str) -> Polygon | None:
    try:
        west, south, east, north = (float(part) for part in said.split(","))
    except ValueError:
        return None
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        return None
    box = Polygon.from_bbox((west, south, east, north))
    box.srid = SRID
    return box


def _feature(longitude: float, latitude: float, properties: dict[str, Any]) -> dict[str, Any]:
    point = {"type": "Point", "coordinates": [round(longitude, 7), round(latitude, 7)]}
    return {"type": "Feature", "geometry": point, "properties": properties}


def _points(placed: QuerySet[Incident]) -> list[dict[str, Any]]:
    features = []
    for incident in placed.order_by("pk").only("number", "text", "point"):
        assert incident.point is not None, "those without a position were left out"
        said = {
            "number": incident.number,
            "title": incident.title,
            "light": getattr(incident, "shown", ""),
            "url": reverse("incidents:detail", args=[incident.number]),
        }
        features.append(_feature(incident.point.x, incident.point.y, said))
    return features


# Each position and light is worked out once; OFFSET keeps PostgreSQL from taking the two steps for one.
_CELLS = """
SELECT floor((x - %%s) / %%s)::int AS line, floor((y - %%s) / %%s)::int AS row, count(*), sum(x), sum(y),
       count(*) FILTER (WHERE light = 'red'), count(*) FILTER (WHERE light = 'yellow')
  FROM (%s OFFSET 0) AS placed (x, y, light) GROUP BY line, row ORDER BY line, row
"""


def _clusters(placed: QuerySet[Incident], box: Polygon | None, is_red: Q, is_yellow: Q) -> list[dict[str, Any]]:
    """One feature per cell, at the middle of what lies in it, split by light."""
    west, south, east, north = box.extent if box is not None else _extent(placed)
    wide, high = max((east - west) / CELLS, 1e-5), max((north - south) / CELLS, 1e-5)
    light = Case(
        When(is_red, then=Value(Light.RED.value)),
        When(is_yellow, then=Value(Light.YELLOW.value)),
        default=Value(Light.UNLIT.value),
        output_field=CharField(),
    )
    found = placed.annotate(x=Longitude("point"), y=Latitude("point"), shown=light).values_list("x", "y", "shown")
    sql, values = found.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_CELLS % sql, [west, wide, south, high, *values])
        cells = cursor.fetchall()
    return [
        _feature(
            longitudes / number,
            latitudes / number,
            {"count": number, "red": red, "yellow": yellow, "unlit": number - red - yellow},
        )
        for _line, _row, number, longitudes, latitudes, red, yellow in cells
    ]


def _extent(placed: QuerySet[Incident]) -> Iterable[float]:
    extent: Iterable[float] = placed.aggregate(extent=Extent("point"))["extent"]
    return extent


@require_safe
@login_required
def at_unit(request: PersonRequest, code: str) -> HttpResponse:
    """How many open incidents lie in a place or wait for a body, by light, as a fragment; each number is a link."""
    now = timezone.now()
    unit = directory.door(request.user, code, now=now).unit
    is_body = unit.kind in BODIES
    base = Filters(at=unit.pk) if is_body else Filters(under=unit.pk)
    counts = cast(dict[str, int], lists.count_by(request.user, base, "light", now=now))
    address = reverse("incidents:list")
    context = {
        "unit": unit,
        "total": sum(counts.values()),
        "all_url": f"{address}?{base.query()}",
        "lights": [
            {"name": str(name), "count": counts[name], "url": f"{address}?{base.but(light=str(name)).query()}"}
            for name in SHOWN
            if counts.get(name)
        ],
        "counts": counts,
        "is_body": is_body,
        "has_desk": unit.kind in DESK_KINDS,
    }
    return render(request, "incidents/_at_unit.html", context)
