"""Grids as files of four formats. What a file says about itself (system, who took it, why) goes into all of them.

The column `datum` stands in every row, as formats and programs lose everything else: a file in GCJ-02 that forgot it
would put everybody half a kilometre off. Pure but for GDAL.
"""

import io
import json
import tempfile
import warnings
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import shapely
from pyogrio import raw as ogr
from shapely.geometry import MultiPolygon, Polygon, mapping
from shapely.geometry.base import BaseGeometry

from grids.exchange.features import readable
from grids.exchange.opening import Format
from grids.exchange.reading import Encoding
from grids.exchange.systems import System

# At most ten letters each: dBASE knows no longer ones.
COLUMNS = ("code", "name", "village", "vill_name", "kind", "basis", "households", "datum")
CONTENT_TYPES = {
    Format.GEOJSON: "application/geo+json",
    Format.SHAPEFILE: "application/zip",
    Format.GPKG: "application/geopackage+sqlite3",
    Format.KML: "application/vnd.google-earth.kml+xml",
}
SUFFIXES = {Format.GEOJSON: "geojson", Format.SHAPEFILE: "zip", Format.GPKG: "gpkg", Format.KML: "kml"}
_CGCS2000, _WGS84 = "EPSG:4490", "EPSG:4326"
_AS_STORED = {"cgcs2000", "wgs84"}
# A ten-millionth of a degree is a centimetre and all there is; shifted ordinates need more to come back to it.
_DECIMALS = 10


@dataclass(frozen=True)
class Row:
    """One grid as a file shows it."""

    code: str
    name: str
    village: str
    village_name: str
    kind: str
    basis: str
    households: int | None
    shape: BaseGeometry


@dataclass(frozen=True)
class About:
    """What the file says about itself: a short name in letters and digits, a title and a sentence."""

    layer: str
    title: str
    told: str


def written(rows: Sequence[Row], format: Format, system: System, about: About, *, encoding: str = "") -> bytes:
    """The file. Raises UnicodeEncodeError where `encoding` has no sign for a letter of a name."""
    shapes = [_shifted(row.shape, system) for row in rows]
    match format:
        case Format.GEOJSON:
            return _geojson(rows, shapes, system, about)
        case Format.SHAPEFILE:
            return _shapefile(rows, shapes, system, about, encoding or Encoding.UTF8)
        case Format.GPKG:
            return _geopackage(rows, shapes, system, about)
        case Format.KML:
            return _kml(rows, shapes, system, about)


def _shifted(shape: BaseGeometry, system: System) -> BaseGeometry:
    if system.key in _AS_STORED:
        return shape
    decimals = 6 if system.in_metres else _DECIMALS
    moved: BaseGeometry = shapely.transform(shape, lambda xy: np.round(system.from_cgcs2000(xy), decimals))
    return moved


def _properties(row: Row, system: System) -> dict[str, Any]:
    return {
        "code": row.code,
        "name": row.name,
        "village": row.village,
        "vill_name": row.village_name,
        "kind": row.kind,
        "basis": row.basis,
        "households": row.households,
        "datum": system.key,
    }


def _geojson(rows: Sequence[Row], shapes: Sequence[BaseGeometry], system: System, about: About) -> bytes:
    head: dict[str, Any] = {"type": "FeatureCollection", "name": about.title, "datum": system.key}
    head["exported"] = about.told
    if system.key == "cgcs2000":
        head["crs"] = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}
    features = [
        {"type": "Feature", "properties": _properties(row, system), "geometry": mapping(shape)}
        for row, shape in zip(rows, shapes, strict=True)
    ]
    # One feature a line: such a file can be compared and looked at.
    lines = ",\n".join(json.dumps(feature, ensure_ascii=False, separators=(",", ":")) for feature in features)
    start = json.dumps(head, ensure_ascii=False)[:-1]
    return f'{start}, "features": [\n{lines}\n]}}\n'.encode()


def _shapefile(
    rows: Sequence[Row], shapes: Sequence[BaseGeometry], system: System, about: About, encoding: str
) -> bytes:
    name = "GBK" if encoding == Encoding.GBK else "UTF-8"
    for row in rows:
        f"{row.name}{row.village_name}".encode(name)
    packed = io.BytesIO()
    archive = zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED)
    with tempfile.TemporaryDirectory(prefix="wangge-map-") as folder, archive:
        path = Path(folder) / f"{about.layer}.shp"
        _ogr(path, rows, shapes, system, about, driver="ESRI Shapefile", crs=_crs(system), encoding=name)
        for part in sorted(Path(folder).iterdir()):
            archive.write(part, part.name)
        archive.writestr("README.txt", f"{about.title}\r\n{about.told}\r\n".encode("utf-8-sig"))
    return packed.getvalue()


def _geopackage(rows: Sequence[Row], shapes: Sequence[BaseGeometry], system: System, about: About) -> bytes:
    with tempfile.TemporaryDirectory(prefix="wangge-map-") as folder:
        path = Path(folder) / f"{about.layer}.gpkg"
        _ogr(
            path, rows, shapes, system, about, driver="GPKG", crs=_crs(system),
            layer_metadata={"DATUM": system.key, "DESCRIPTION": about.told},
            layer_options={"DESCRIPTION": about.told, "IDENTIFIER": about.title},
        )  # fmt: skip
        return path.read_bytes()


def _kml(rows: Sequence[Row], shapes: Sequence[BaseGeometry], system: System, about: About) -> bytes:
    """Written by hand: GDAL refuses areas a draft may hold. KML has one system; the description tells which this is."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>',
        f"<name>{_xml(about.title)}</name><description>{_xml(about.told)}</description>",
        '<Style id="grid"><LineStyle><width>2</width></LineStyle><PolyStyle><fill>0</fill></PolyStyle></Style>',
    ]
    for row, shape in zip(rows, shapes, strict=True):
        values = {key: value for key, value in _properties(row, system).items() if key != "name" and value is not None}
        data = "".join(
            f"<Data name={quoteattr(key)}><value>{_xml(str(value))}</value></Data>" for key, value in values.items()
        )
        parts = "".join(_kml_polygon(part) for part in shapely.get_parts(shape))
        lines.append(
            f"<Placemark><name>{_xml(row.name)}</name><styleUrl>#grid</styleUrl><ExtendedData>{data}</ExtendedData>"
            f"<MultiGeometry>{parts}</MultiGeometry></Placemark>"
        )
    return "\n".join([*lines, "</Document></kml>", ""]).encode()


def _xml(text: str) -> str:
    """The text between tags, without the signs that no XML file may hold."""
    return escape(readable(text, len(text)))


def _kml_polygon(polygon: Polygon) -> str:
    outer, *inner = [
        f"<LinearRing><coordinates>{' '.join(f'{x!r},{y!r}' for x, y in ring.coords)}</coordinates></LinearRing>"
        for ring in (polygon.exterior, *polygon.interiors)
    ]
    holes = "".join(f"<innerBoundaryIs>{ring}</innerBoundaryIs>" for ring in inner)
    return f"<Polygon><outerBoundaryIs>{outer}</outerBoundaryIs>{holes}</Polygon>"


def _ogr(
    path: Path, rows: Sequence[Row], shapes: Sequence[BaseGeometry], system: System, about: About, **options: Any
) -> None:
    parts = [MultiPolygon(list(shapely.get_parts(shape))) for shape in shapes]
    binary = np.array([shapely.to_wkb(part, byte_order=1, output_dimension=2) for part in parts], dtype=object)
    values = [_properties(row, system) for row in rows]
    columns = [_column([value[name] for value in values], name) for name in COLUMNS]
    masks = [np.array([value[name] is None for value in values]) if name == "households" else None for name in COLUMNS]
    with warnings.catch_warnings():
        # GCJ-02 and BD-09 have no number in any register.
        warnings.filterwarnings("ignore", message=".*crs.*")
        ogr.write(
            path, binary, columns, list(COLUMNS),
            field_mask=masks, layer=about.layer, geometry_type="MultiPolygon", **options,
        )  # fmt: skip


def _column(values: list[Any], name: str) -> Any:
    if name == "households":
        return np.array([value or 0 for value in values], dtype=np.int32)
    return np.array(values, dtype=object)


def _crs(system: System) -> str | None:
    if system.in_metres:
        return system.definition
    return {"cgcs2000": _CGCS2000, "wgs84": _WGS84}.get(system.key)
