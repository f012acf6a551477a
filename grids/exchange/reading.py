"""The features of one layer, as they stand in the file: Shapefiles and GeoPackages by GDAL, text by its own readers."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pyogrio import raw as ogr
from shapely.geometry import MultiPolygon, Polygon

from grids.datums import Datum
from grids.exchange import geojson, kml
from grids.exchange.features import Layer, Raw, Ring
from grids.exchange.opening import SAID_ENCODING, Format, Source
from grids.exchange.refused import BoundaryFileRefused

log = logging.getLogger(__name__)


class Encoding(TextChoices):
    """How the text of a file is encoded."""

    AUTO = "", gettext_lazy("As the file says")
    UTF8 = "utf-8", gettext_lazy("UTF-8")
    GBK = "gb18030", gettext_lazy("GBK, GB 18030")


MOST_FEATURES = 100_000
# Systems without a number in any register: only a mark can tell.
_MARKS = frozenset({Datum.GCJ02.value, Datum.BD09.value})
MOST_VERTICES = 10_000_000
_DRIVERS = {Format.SHAPEFILE: "ESRI Shapefile", Format.GPKG: "GPKG"}
_TEXT = {Format.GEOJSON: geojson.parsed, Format.KML: kml.parsed}
_ALIASES: dict[str, str] = {
    **dict.fromkeys(("936", "cp936", "ansi 936", "gbk", "gb2312"), Encoding.GBK.value),
    **dict.fromkeys(("65001", "utf8"), Encoding.UTF8.value),
}
# What programs write beside a Shapefile without having looked: no letter of Chinese is in them.
_WESTERN = frozenset({"1252", "cp1252", "ansi 1252", "windows-1252", "iso-8859-1", "iso8859-1", "latin1", "88591"})
# Each byte one sign, so that nothing is lost before the right encoding is known.
_BYTES = "ISO-8859-1"
# In bytes: the longest letter of UTF-8 and GB 18030, and the shortest field it can be worth to cut.
_LONGEST_LETTER, _SHORTEST_CUT = 4, 8
# An index that was left behind is made anew, beside the unpacked copy.
pyogrio.set_gdal_config_options({"SHAPE_RESTORE_SHX": "YES"})


def layers(sources: Sequence[Source]) -> list[str]:
    """The names of the layers that can be read."""
    return [source.name for source in sources]


def read(sources: Sequence[Source], *, layer: str = "", encoding: str = Encoding.AUTO) -> Layer:
    """The layer of that name, else the first. Raises BoundaryFileRefused."""
    source = next((source for source in sources if not layer or source.name == layer), None)
    if source is None:
        raise BoundaryFileRefused(_("The file has no layer %(layer)s.") % {"layer": layer[:80]})
    return _marked(_text(source, encoding) if source.format in _TEXT else _ogr(source, encoding))


def _text(source: Source, encoding: str) -> Layer:
    text, guessed = _decoded(source.path.read_bytes(), encoding)
    layer = _TEXT[source.format](text, source.name)
    _refuse_too_many(len(layer.features), 0)
    return replace(layer, notes=(_read_as_gbk(),) if guessed else ())


def _decoded(data: bytes, encoding: str) -> tuple[str, bool]:
    """The text, and whether it was taken for GBK because it is no UTF-8."""
    try:
        return data.decode(encoding if encoding == Encoding.GBK else "utf-8-sig"), False
    except UnicodeDecodeError as error:
        if encoding:
            raise BoundaryFileRefused(_wrong_encoding()) from error
    try:
        return data.decode("gb18030"), True
    except UnicodeDecodeError as error:
        raise BoundaryFileRefused(_wrong_encoding()) from error


def _ogr(source: Source, encoding: str) -> Layer:
    layer, given = (source.name, encoding or None) if source.format == Format.GPKG else (None, _BYTES)
    try:
        info = pyogrio.read_info(source.path, layer=layer, encoding=given)
        meta, _fids, shapes, columns = ogr.read(
            source.path, layer=layer, encoding=given, force_2d=True, max_features=MOST_FEATURES + 1
        )
    except UnicodeDecodeError as error:
        raise BoundaryFileRefused(_wrong_encoding()) from error
    except Exception as error:
        # A foreign reader of foreign bytes: whatever it stumbles over, the file is what is wrong.
        log.info("a map file that cannot be read: %r", error)
        raise BoundaryFileRefused(_damaged(source)) from error
    if info["driver"] != _DRIVERS[source.format]:
        raise BoundaryFileRefused(_damaged(source))
    geometries = shapes if shapes is not None else np.full(len(columns[0]) if columns else 0, None, dtype=object)
    fields = [str(field) for field in meta["fields"]]
    notes: tuple[str, ...] = ()
    if source.format == Format.SHAPEFILE:
        fields, columns, notes = _lettered(source.path, fields, columns, encoding)
    metadata = info.get("layer_metadata") or {}
    return Layer(
        name=source.name,
        columns=tuple(fields),
        crs=str(meta["crs"] or ""),
        datum=str(metadata.get("DATUM", "")),
        features=tuple(_features(geometries, list(zip(fields, columns, strict=True)))),
        notes=notes,
    )


def _lettered(
    path: Path, fields: list[str], columns: list[Any], encoding: str
) -> tuple[list[str], list[Any], tuple[str, ...]]:
    """Names and values of a Shapefile in letters, which came as bytes; and what to say about that.

    The encoding is the one that was given, else what the .cpg says if that is true, else UTF-8 if it is, else GBK.
    """
    said = path.with_suffix(SAID_ENCODING)
    told = said.read_text("ascii", "ignore").strip().lower()[:40] if said.exists() else ""
    believed = [told] if told and told not in _WESTERN else []
    for candidate in [encoding] if encoding else [*believed, Encoding.UTF8, Encoding.GBK, *_WESTERN & {told}]:
        name = str(_ALIASES.get(candidate, candidate))
        try:
            if b"code".decode(name) != "code":
                continue
            names = [_letters(field, name) for field in fields]
            values = [[_letters(value, name) for value in column] if column.dtype == object else column
                      for column in columns]  # fmt: skip
        except (LookupError, ValueError):
            continue
        is_guess = name == Encoding.GBK != _ALIASES.get(told, told) and not encoding
        return names, values, (_read_as_gbk(),) if is_guess else ()
    raise BoundaryFileRefused(_wrong_encoding())


def _letters(value: Any, encoding: str) -> Any:
    """The text of a field; one that was cut in the middle of its last letter loses that letter."""
    if not isinstance(value, str):
        return value
    data = value.encode(_BYTES)
    for cut in range(_LONGEST_LETTER):
        try:
            return data[: len(data) - cut].decode(encoding)
        except UnicodeDecodeError as error:
            # Only the end may be broken.
            if len(data) < _SHORTEST_CUT or error.start < len(data) - _LONGEST_LETTER:
                raise
    return data.decode(encoding)


def _marked(layer: Layer) -> Layer:
    """With the mark of our own files, which stands in each row, as most formats and programs lose everything else."""
    marks = {feature.text("datum").lower() for feature in layer.features} if "datum" in layer.columns else set()
    mark = marks.pop() if len(marks) == 1 else ""
    return replace(layer, datum=mark) if mark in _MARKS and not layer.datum else layer


def _features(shapes: Any, columns: list[tuple[str, Any]]) -> Iterator[Raw]:
    loaded = shapely.from_wkb(shapes, on_invalid="ignore")
    _refuse_too_many(len(loaded), int(shapely.get_num_coordinates(loaded).sum()))
    for number, (shape, binary) in enumerate(zip(loaded, shapes, strict=True)):
        properties = {name: values[number] for name, values in columns}
        yield Raw(number + 1, properties, _parts(shape, is_given=binary is not None))


def _parts(shape: Any, *, is_given: bool) -> tuple[tuple[Ring, ...], ...] | str:
    if shape is None:
        if is_given:
            return _("A ring has fewer than four positions or is not closed.")
        return _("%(kind)s is not a polygon.") % {"kind": _("Nothing")}
    if not isinstance(shape, Polygon | MultiPolygon):
        return _("%(kind)s is not a polygon.") % {"kind": shape.geom_type}
    if shape.is_empty:
        return _("The polygon is empty.")
    return tuple(
        tuple(shapely.get_coordinates(ring) for ring in (part.exterior, *part.interiors))
        for part in shapely.get_parts(shape)
    )


def _refuse_too_many(features: int, vertices: int) -> None:
    if features > MOST_FEATURES or vertices > MOST_VERTICES:
        words = {"features": MOST_FEATURES, "vertices": MOST_VERTICES}
        raise BoundaryFileRefused(_("It has more than %(features)d features or %(vertices)d vertices.") % words)


def _damaged(source: Source) -> str:
    return _("The %(format)s cannot be read: it is damaged.") % {"format": source.format.label}


def _wrong_encoding() -> str:
    return _("Its text is neither UTF-8 nor GBK, or not what was chosen.")


def _read_as_gbk() -> str:
    return _("Its text is no UTF-8 and was read as GBK: look whether the names are right.")
