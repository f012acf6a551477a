"""Files of dwellings and reference lines: read, checked line by line or feature by feature, taken over all or nothing.

Dwellings come as CSV or as points of GeoJSON, lines as GeoJSON.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from django.db import transaction
from django.utils.translation import gettext as _
from shapely.geometry import LineString, MultiLineString
from shapely.geometry.base import BaseGeometry

from grids import datums, ground, plans, registers
from grids.boundary_files import FeatureFault
from grids.datums import Datum
from grids.ground import NewDwelling, NewLine, Taken
from grids.levels import UnitKind
from grids.models import LineKind, Unit
from grids.registers import LineFault

REQUIRED = ("source_id", "lon", "lat", "households")
OPTIONAL = ("people", "compound", "address")
_MOST_LETTERS = {"source_id": 60, "compound": 100, "address": 200, "name": 100}
# More households than this are in no building; more people in no household.
_MOST_HOUSEHOLDS, _MOST_PEOPLE = 5_000, 50_000
_TRUE, _FALSE = frozenset({"1", "true", "yes", "是"}), frozenset({"", "0", "false", "no", "否", "none"})

Fault = LineFault | FeatureFault


class GroundRefused(Exception):
    """Nothing was taken over; `faults` names every bad line or feature."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = sorted(faults)  # type: ignore[type-var]
        super().__init__("\n".join(str(fault) for fault in self.faults))


@dataclass(frozen=True)
class Loaded:
    """What became of the dwellings and the lines of a file, and how many dwellings lie outside of the district."""

    dwellings: Taken
    lines: Taken
    outside: int = 0


@dataclass(frozen=True)
class _Read:
    dwellings: list[NewDwelling]
    lines: list[NewLine]
    faults: list[Fault]


@transaction.atomic
def load(
    *,
    path: Path,
    now: datetime,
    district: str = "",
    datum: Datum = Datum.CGCS2000,
    is_synthetic: bool = False,
    whole: bool = False,
) -> Loaded:
    """Take over a file of dwellings, lines or both. Running it again changes nothing.

    With `whole`, rows of the sort the file holds that are not in it are removed. Raises GroundRefused with every
    fault, and then nothing was written.
    """
    text = registers.read_text(path)
    unit = _district(district)
    is_geojson = text.lstrip().startswith("{")
    read = _geojson(text, datum) if is_geojson else _table(text, datum)
    if read.faults:
        raise GroundRefused(read.faults)
    outside = _outside(unit, read.dwellings, now)
    if outside * 2 > len(read.dwellings):
        words = {"count": outside, "all": len(read.dwellings), "district": unit.label}
        reason = _("%(count)d of %(all)d dwellings lie outside of %(district)s: is the datum right?") % words
        raise GroundRefused([FeatureFault(0, "", reason)])
    given: dict[str, Any] = {"district": unit.pk, "now": now, "is_synthetic": is_synthetic, "whole": whole}
    none = Taken()
    return Loaded(
        ground.take_dwellings(dwellings=read.dwellings, **given) if read.dwellings else none,
        ground.take_lines(lines=read.lines, **given) if read.lines else none,
        outside,
    )


def _district(code: str) -> Unit:
    """The district as given, or the only one there is."""
    districts = list(Unit.objects.filter(kind=UnitKind.DISTRICT, retired_at__isnull=True).order_by("pk")[:2])
    if code:
        districts = list(Unit.objects.filter(pk=code, kind=UnitKind.DISTRICT))
    if len(districts) == 1:
        return districts[0]
    reason = _("There is no district %(code)s.") % {"code": code} if code else _("Say which district it is.")
    raise GroundRefused([FeatureFault(0, "", reason)])


def _outside(district: Unit, dwellings: list[NewDwelling], now: datetime) -> int:
    outline = plans.outline_of(district.pk, now)
    if outline is None or not dwellings:
        return 0
    spots = np.array([(dwelling.longitude, dwelling.latitude) for dwelling in dwellings])
    return int((~shapely.contains_xy(outline, spots[:, 0], spots[:, 1])).sum())


def _table(text: str, datum: Datum) -> _Read:
    rows = registers.rows_of(text)
    number, _line, header = next(rows, (1, "", []))
    fault = header if isinstance(header, str) else registers.header_fault(header, REQUIRED, OPTIONAL)
    if isinstance(header, str) or fault:
        raise GroundRefused([LineFault(number, fault or "")])
    found: list[tuple[int, dict[str, str]]] = []
    faults: list[Fault] = []
    for number, _line, fields in rows:
        if isinstance(fields, str):
            faults.append(LineFault(number, fields))
        elif len(fields) != len(header):
            faults.append(LineFault(number, _("It has more or fewer fields than the header.")))
        else:
            found.append((number, {name: value.strip() for name, value in zip(header, fields, strict=True)}))
    dwellings: dict[str, NewDwelling] = {}
    lines: dict[str, int] = {}
    for number, given in found:
        made = _dwelling(given, given["lon"], given["lat"])
        if isinstance(made, NewDwelling) and made.source_id in lines:
            words = {"code": made.source_id, "line": lines[made.source_id]}
            made = _("%(code)s stands on line %(line)d already.") % words
        if isinstance(made, str):
            faults.append(LineFault(number, made))
        else:
            dwellings[made.source_id], lines[made.source_id] = made, number
    if not dwellings and not faults:
        faults.append(LineFault(1, _("There is no line below the header.")))
    return _Read(_shifted(list(dwellings.values()), datum), [], faults)


def _dwelling(given: Mapping[str, Any], longitude: Any, latitude: Any) -> NewDwelling | str:
    """The dwelling, or the reason why it is none."""
    reason = _bad_text(given, ("source_id", "compound", "address"))
    if reason:
        return reason
    place = _position(longitude, latitude)
    if isinstance(place, str):
        return place
    households = _count(given.get("households"), _MOST_HOUSEHOLDS)
    people = None if given.get("people") in (None, "") else _count(given.get("people"), _MOST_PEOPLE)
    if isinstance(households, str) or isinstance(people, str):
        return f"households: {households}" if isinstance(households, str) else f"people: {people}"
    texts = {name: _text(given.get(name)) for name in ("source_id", "compound", "address")}
    return NewDwelling(longitude=place[0], latitude=place[1], households=households, people=people, **texts)


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _bad_text(given: Mapping[str, Any], names: Iterable[str]) -> str:
    """Why the number at the source or another text cannot be kept, or nothing."""
    if not _text(given.get("source_id")):
        return _("It has no `source_id`.")
    for name in names:
        value = given.get(name)
        if isinstance(value, dict | list):
            return _("%(field)s is no text.") % {"field": name}
        if len(_text(value)) > _MOST_LETTERS[name]:
            return _("Too long: %(columns)s.") % {"columns": name}
        if any(ord(letter) < 32 or "\ud800" <= letter <= "\udfff" for letter in _text(value)):
            return _("Damaged or invisible characters in: %(columns)s.") % {"columns": name}
    return ""


def _count(value: Any, most: int) -> int | str:
    """A whole number from 0 to `most`, or the reason why it is none."""
    text = _text(value) if not isinstance(value, float) else f"{value:g}"
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,9}", text):
        return _("%(value)s is no whole number from 0 on.") % {"value": text[:40] or "—"}
    if int(text) > most:
        return _("%(value)s is more than %(most)s.") % {"value": text, "most": most}
    return int(text)


def _position(longitude: Any, latitude: Any) -> tuple[float, float] | str:
    try:
        if isinstance(longitude, bool) or isinstance(latitude, bool):
            raise TypeError
        place = float(longitude), float(latitude)
    except (TypeError, ValueError):
        return _("Longitude and latitude are no numbers.")
    if not all(map(math.isfinite, place)):
        return _("A coordinate is no finite number.")
    words = {"lon": f"{place[0]:g}", "lat": f"{place[1]:g}"}
    if -180 <= place[0] <= 180 and -90 <= place[1] <= 90:
        return place
    if -90 <= place[0] <= 90 and -180 <= place[1] <= 180:
        return _("%(lon)s, %(lat)s is out of range: are longitude and latitude swapped?") % words
    return _("%(lon)s, %(lat)s is out of range: degrees of longitude and latitude are needed.") % words


def _geojson(text: str, datum: Datum) -> _Read:
    try:
        collection = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise GroundRefused([FeatureFault(0, "", _("Not a GeoJSON FeatureCollection."))]) from error
    features = collection.get("features") if isinstance(collection, dict) else None
    if not isinstance(features, list) or not features:
        raise GroundRefused([FeatureFault(0, "", _("Not a GeoJSON FeatureCollection."))])
    rows: dict[type, dict[str, Any]] = {NewDwelling: {}, NewLine: {}}
    faults: list[Fault] = []
    for index, feature in enumerate(features, start=1):
        made = _feature(feature)
        if not isinstance(made, str) and made.source_id in rows[type(made)]:
            made = _("The same `source_id` stands in the file already.")
        if isinstance(made, str):
            faults.append(FeatureFault(index, _given_id(feature), made))
        else:
            rows[type(made)][made.source_id] = made
    lines = [_line_shifted(line, datum) for line in rows[NewLine].values()]
    return _Read(_shifted(list(rows[NewDwelling].values()), datum), lines, faults)


def _given_id(feature: Any) -> str:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    value = properties.get("source_id") if isinstance(properties, dict) else None
    return _text(value)[:40] if isinstance(value, str | int) else ""


def _feature(feature: Any) -> NewDwelling | NewLine | str:
    """A point as a dwelling, a line as a reference line, or the reason why it is neither."""
    properties = feature.get("properties") if isinstance(feature, dict) else None
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    if not isinstance(properties, dict) or not isinstance(geometry, dict):
        return _("It has no properties or no geometry.")
    coordinates = geometry.get("coordinates")
    match geometry.get("type"):
        case "Point":
            if not isinstance(coordinates, list) or len(coordinates) < 2:
                return _("Longitude and latitude are no numbers.")
            return _dwelling(properties, coordinates[0], coordinates[1])
        case "LineString":
            return _line(properties, [coordinates])
        case "MultiLineString":
            return _line(properties, coordinates)
        case kind:
            return _("%(kind)s is neither a point nor a line.") % {"kind": str(kind)[:40] or _("Nothing")}


def _line(given: Mapping[str, Any], parts: Any) -> NewLine | str:
    reason = _bad_text(given, ("source_id", "name"))
    if reason:
        return reason
    kind = given.get("kind")
    if kind not in LineKind.values:
        words = {"kind": str(kind)[:40], "kinds": ", ".join(LineKind.values)}
        return _("Unknown kind %(kind)s: one of %(kinds)s is needed.") % words
    barrier = _text(given.get("barrier")).lower()
    if barrier not in _TRUE | _FALSE:
        return _("barrier: yes or no is needed.")
    shapes: list[BaseGeometry] = []
    for part in parts if isinstance(parts, list) else [None]:
        places = [_place(position) for position in part] if isinstance(part, list) else []
        wrong = next((place for place in places if isinstance(place, str)), "")
        if wrong:
            return wrong
        if len(set(places)) < 2:
            return _("A line has at least two different positions.")
        shapes.append(LineString(places))
    shape = shapes[0] if len(shapes) == 1 else MultiLineString(shapes)
    if shape.is_empty:
        return _("A line has at least two different positions.")
    return NewLine(_text(given["source_id"]), str(kind), shape, _text(given.get("name")), barrier in _TRUE)


def _place(position: Any) -> tuple[float, float] | str:
    if not isinstance(position, list) or len(position) < 2:
        return _("Its coordinates are not lists of numbers.")
    return _position(position[0], position[1])


def _shifted(dwellings: list[NewDwelling], datum: Datum) -> list[NewDwelling]:
    if not dwellings or datum in (Datum.CGCS2000, Datum.WGS84):
        return dwellings
    spots = datums.to_cgcs2000([(dwelling.longitude, dwelling.latitude) for dwelling in dwellings], datum)
    return [
        replace(dwelling, longitude=float(x), latitude=float(y))
        for dwelling, (x, y) in zip(dwellings, spots.tolist(), strict=True)
    ]


def _line_shifted(line: NewLine, datum: Datum) -> NewLine:
    return replace(line, shape=shapely.transform(line.shape, lambda xy: datums.to_cgcs2000(xy, datum)))
