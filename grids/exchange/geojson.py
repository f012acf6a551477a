"""GeoJSON, read by its own rules, so that every bad feature is named instead of dropped. Pure."""

import json
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from grids.exchange.features import Layer, Raw, Ring, readable
from grids.exchange.refused import BoundaryFileRefused


def parsed(text: str, name: str) -> Layer:
    """The features of a FeatureCollection. Raises BoundaryFileRefused if it is none."""
    try:
        collection = json.loads(text)
    except json.JSONDecodeError as error:
        words = {"line": error.lineno, "what": error.msg}
        raise BoundaryFileRefused(_("Not JSON: line %(line)d, %(what)s.") % words) from error
    except (RecursionError, ValueError) as error:
        raise BoundaryFileRefused(_("Not a GeoJSON FeatureCollection.")) from error
    raw = collection.get("features") if isinstance(collection, dict) else None
    if not isinstance(raw, list) or collection.get("type") != "FeatureCollection":
        raise BoundaryFileRefused(_("Not a GeoJSON FeatureCollection."))
    features = [_feature(index, feature) for index, feature in enumerate(raw, start=1)]
    columns = dict.fromkeys(column for feature in features for column in feature.properties)
    datum = collection.get("datum")
    return Layer(
        name=name,
        columns=tuple(columns),
        crs=_crs(collection.get("crs")),
        datum=datum if isinstance(datum, str) else "",
        features=tuple(features),
    )


def _crs(crs: Any) -> str:
    """What the member `crs` of older GeoJSON says."""
    if crs is None:
        return ""
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(name, str) or not name:
        raise BoundaryFileRefused(_("Its coordinate system is not understood: %(crs)s.") % {"crs": str(crs)[:80]})
    return name


def _feature(index: int, feature: Any) -> Raw:
    if not isinstance(feature, dict):
        return Raw(index, {}, _("%(kind)s is not a polygon.") % {"kind": _("Nothing")})
    properties = feature.get("properties")
    properties = {readable(key): value for key, value in properties.items()} if isinstance(properties, dict) else {}
    return Raw(index, properties, _parts(feature.get("geometry")))


def _parts(geometry: Any) -> tuple[tuple[Ring, ...], ...] | str:
    """The rings of each part, or the reason why there are none."""
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        return _("%(kind)s is not a polygon.") % {"kind": str(kind)[:40] if kind else _("Nothing")}
    polygons = geometry.get("coordinates")
    if not isinstance(polygons, list) or not polygons:
        return _("The polygon is empty.")
    parts = []
    for polygon in polygons if kind == "MultiPolygon" else [polygons]:
        rings = []
        for ring in polygon if isinstance(polygon, list) else [None]:
            positions = _positions(ring)
            if isinstance(positions, str):
                return positions
            rings.append(positions)
        if not rings:
            return _("The polygon is empty.")
        parts.append(tuple(rings))
    return tuple(parts)


def _positions(ring: Any) -> Ring | str:
    try:
        pairs = [(position[0], position[1]) for position in ring]
        if not all(type(ordinate) in (int, float) for pair in pairs for ordinate in pair):
            return _("Its coordinates are not lists of numbers.")
        return np.array(pairs, dtype=np.float64).reshape(-1, 2)
    except (TypeError, ValueError, IndexError, KeyError, OverflowError):
        return _("Its coordinates are not lists of numbers.")
