"""KML, read placemark by placemark: GDAL makes a layer of each folder and turns Chinese names of columns into lines.

Here all placemarks of a file are one layer, and the folder one stands in is a column like others. Pure.
"""

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import numpy as np
from django.utils.translation import gettext as _

from grids.exchange.features import Layer, Raw, Ring, readable
from grids.exchange.refused import BoundaryFileRefused

_GEOMETRIES = frozenset(
    {"Polygon", "MultiGeometry", "Point", "LineString", "LinearRing", "Model", "Track", "MultiTrack"}
)
# KML knows this system only; a mark in its rows says what else it may be.
_CRS = "EPSG:4326"


def parsed(text: str, name: str) -> Layer:
    """The placemarks of a document without entities of its own. Raises BoundaryFileRefused if it is no XML."""
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, RecursionError, ValueError) as error:
        raise BoundaryFileRefused(_("The KML cannot be read: %(what)s.") % {"what": str(error)[:80]}) from error
    features = tuple(_feature(index, *found) for index, found in enumerate(_placemarks(root), start=1))
    columns = dict.fromkeys(column for feature in features for column in feature.properties)
    return Layer(name=name, columns=tuple(columns), crs=_CRS, datum="", features=features)


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _children(element: ElementTree.Element, *tags: str) -> Iterator[ElementTree.Element]:
    return (child for child in element if _tag(child) in tags)


def _text(element: ElementTree.Element, tag: str) -> str:
    return next((child.text or "" for child in _children(element, tag)), "").strip()


def _placemarks(root: ElementTree.Element) -> Iterator[tuple[ElementTree.Element, str]]:
    """Each placemark with the name of its folder, in the order of the file."""
    waiting = [(root, "")]
    while waiting:
        element, folder = waiting.pop()
        if _tag(element) == "Placemark":
            yield element, folder
            continue
        inner = _text(element, "name") if _tag(element) == "Folder" else folder
        waiting += [(child, inner) for child in reversed(element)]


def _feature(index: int, placemark: ElementTree.Element, folder: str) -> Raw:
    properties: dict[str, Any] = {"name": _text(placemark, "name")}
    for extended in _children(placemark, "ExtendedData"):
        for data in _children(extended, "Data"):
            properties[readable(data.get("name", ""))] = _text(data, "value")
        for schema in _children(extended, "SchemaData"):
            for data in _children(schema, "SimpleData"):
                properties[readable(data.get("name", ""))] = (data.text or "").strip()
    if folder:
        properties["folder"] = folder
    return Raw(index, {name: value for name, value in properties.items() if name}, _parts(placemark))


def _parts(placemark: ElementTree.Element) -> tuple[tuple[Ring, ...], ...] | str:
    parts: list[tuple[Ring, ...]] = []
    for geometry in _geometries(placemark):
        if _tag(geometry) != "Polygon":
            return _("%(kind)s is not a polygon.") % {"kind": _tag(geometry)}
        rings = _rings(geometry)
        if isinstance(rings, str):
            return rings
        parts.append(rings)
    return tuple(parts) or _("%(kind)s is not a polygon.") % {"kind": _("Nothing")}


def _geometries(placemark: ElementTree.Element) -> Iterator[ElementTree.Element]:
    """The geometries of a placemark in the order of the file, however deep they are nested."""
    waiting = list(_children(placemark, *_GEOMETRIES))[::-1]
    while waiting:
        geometry = waiting.pop()
        if _tag(geometry) == "MultiGeometry":
            waiting += list(_children(geometry, *_GEOMETRIES))[::-1]
        else:
            yield geometry


def _rings(polygon: ElementTree.Element) -> tuple[Ring, ...] | str:
    rings: list[Ring] = []
    outer = list(_children(polygon, "outerBoundaryIs"))
    for border in (*outer, *_children(polygon, "innerBoundaryIs")) if outer else ():
        for ring in _children(border, "LinearRing"):
            try:
                pairs = [position.split(",")[:2] for position in _text(ring, "coordinates").split()]
                rings.append(np.array(pairs, dtype=np.float64).reshape(-1, 2))
            except ValueError:
                return _("Its coordinates are not lists of numbers.")
    return tuple(rings) or _("The polygon is empty.")
