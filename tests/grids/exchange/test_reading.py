"""Files are taken by what they are: damaged, disguised and oversized ones are refused in words, and nothing breaks."""

import gzip
import io
import json
import random
import sqlite3
import tempfile
import zipfile
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from shapely.geometry.base import BaseGeometry

from grids.exchange import columns, opening, reading, systems
from grids.exchange import geojson as geojson_reader
from grids.exchange.features import Layer
from grids.exchange.opening import Format
from grids.exchange.refused import BoundaryFileRefused
from grids.exchange.shapes import drawn
from tests.grids.exchange.files import geojson, packed, repacked
from tests.tiling import box

SHAPES = {"511111100001001": box(103.55, 29.41, 103.56, 29.42), "511111100001002": box(103.56, 29.41, 103.57, 29.42)}


def _read(data: bytes, tmp_path: Path, **options: str) -> Layer:
    path = tmp_path / "file"
    path.write_bytes(data)
    with opening.opened(path, name="一图.geojson") as sources:
        return reading.read(sources, **options)


def _zip(**members: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "."), data)
    return made.getvalue()


def _bomb() -> bytes:
    return _zip(a__geojson=b" " * (opening.MOST_UNPACKED + 1))


def _lying_bomb() -> bytes:
    """The head says one byte; the content says more than anybody may unpack."""
    whole = bytearray(_bomb())
    size = (opening.MOST_UNPACKED + 1).to_bytes(4, "little")
    assert size in whole
    return bytes(whole).replace(size, (1).to_bytes(4, "little"))


def _outside() -> bytes:
    return _zip(**{"../../etc/a.geojson": b"{}"})


def _locked() -> bytes:
    data = bytearray(_zip(a__geojson=b"{}"))
    central = data.index(b"PK\x01\x02")
    data[central + 8] |= 1
    return bytes(data)


def _geopackage(*statements: str) -> bytes:
    """A GeoPackage to which something was done that no map program does."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "map.gpkg"
        path.write_bytes(packed(SHAPES, Format.GPKG))
        with closing(sqlite3.connect(path)) as database:
            for statement in statements:
                database.execute(statement)
            database.commit()
        return path.read_bytes()


_ENDLESS = "with recursive n(i) as (select 1 union all select i + 1 from n)"


def _endless_view() -> bytes:
    """Its layer is a view that never ends."""
    return _geopackage(
        "drop trigger if exists trigger_insert_feature_count_grids",
        "alter table grids rename to hidden",
        f"create view grids as {_ENDLESS} select i as fid, null as geom from n",
    )


def _endless_contents() -> bytes:
    """The list of its layers never ends."""
    return _geopackage(
        "alter table gpkg_contents rename to hidden",
        f"create view gpkg_contents as {_ENDLESS} select h.* from hidden h, n where n.i < 0",
    )


def _swelling_column() -> bytes:
    """A column that is a gigabyte as soon as it is read."""
    return _geopackage("alter table grids add column more text generated always as (hex(zeroblob(500000000))) virtual")


@pytest.mark.parametrize(
    "data",
    [
        b"", b"   \n", b"PK\x03\x04 no zip at all", b"\x1f\x8b no gzip", b"SQLite format 3\0 and nothing", b"%PDF-1.4",
        b"\x00\x00\x27\x0a lone", b"<html></html>", b"<kml>", b"<?xml version='1.0'?><gml:a xmlns:gml='http://www.opengis.net/gml'/>",
        b"<!DOCTYPE kml [<!ENTITY a 'b'>]><kml></kml>", b"<kml><!DOCTYPE x><Document/></kml>",
        b"<kml xmlns='http://www.opengis.net/gml'></kml>", b"<OGRVRTDataSource></OGRVRTDataSource>",
        b"[" * 100_000, b'{"type": "FeatureCollection", "features": [], "crs": "EPSG:4326"}',
        b'{"type": "FeatureCollection", "features": [\xff\xfe\x00]}',
        _zip(), _zip(a__txt=b"x"), _zip(a__geojson=b"{}", b__geojson=b"{}"), _zip(a__shp=b"\x00\x00\x27\x0a"),
        _zip(a__shp=b"\x00\x00\x27\x0a", a__dbf=b"xx"), _zip(inner__kml=_zip(a__geojson=b"{}")),
    ],
)  # fmt: skip
def test_what_is_no_map_file_is_refused_in_words(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(BoundaryFileRefused) as refused:
        _read(data, tmp_path)
    assert [fault.index for fault in refused.value.faults] == [0]
    assert str(refused.value)


@pytest.mark.parametrize(
    "make", [_bomb, _lying_bomb, _outside, _locked, _endless_view, _endless_contents, _swelling_column]
)
def test_files_that_mean_harm_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: object) -> None:
    monkeypatch.setattr(opening, "MOST_UNPACKED", 100_000)
    with pytest.raises(BoundaryFileRefused):
        _read(make(), tmp_path)  # type: ignore[operator]


def test_text_that_would_fill_the_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MOST_TEXT", 100)
    for kind in (Format.GEOJSON, Format.KML):
        with pytest.raises(BoundaryFileRefused):
            _read(packed(SHAPES, kind), tmp_path)
    assert _read(packed(SHAPES, Format.GPKG), tmp_path).features


def _spoilt(data: bytes, chance: random.Random) -> bytes:
    """The bytes with some of them other ones, or gone."""
    spoilt = bytearray(data)
    for _time in range(chance.choice((1, 2, 9))):
        place = chance.randrange(max(1, len(spoilt)))
        if chance.random() < 0.7:
            spoilt[place : place + 2] = chance.randbytes(2)
        else:
            del spoilt[place : place + 20]
    return bytes(spoilt)


@pytest.mark.parametrize("kind", list(Format))
def test_a_spoilt_file_is_read_or_refused_but_breaks_nothing(tmp_path: Path, kind: Format) -> None:
    chance = random.Random(5)
    data = packed(SHAPES, kind)
    for _time in range(25):
        spoilt = _spoilt(data, chance)
        if kind == Format.SHAPEFILE:
            # The archive guards itself: its members are spoilt.
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                spoilt = _zip(**{name: _spoilt(archive.read(name), chance) for name in archive.namelist()})
        try:
            layer = _read(spoilt, tmp_path)
            drawn(layer.features, systems.decided(crs=layer.crs, datum=layer.datum))
        except BoundaryFileRefused as refused:
            assert refused.faults


def test_too_many_entries_and_features_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BoundaryFileRefused):
        _read(_zip(**{f"{n}.txt": b"" for n in range(opening.MOST_ENTRIES + 1)}), tmp_path)
    monkeypatch.setattr(reading, "MOST_FEATURES", 1)
    for kind in Format:
        with pytest.raises(BoundaryFileRefused):
            _read(packed(SHAPES, kind), tmp_path)


@pytest.mark.parametrize("kind", list(Format))
def test_a_file_may_come_alone_or_in_an_archive(tmp_path: Path, kind: Format) -> None:
    data = packed(SHAPES, kind)
    suffix = {Format.KML: "kml", Format.GPKG: "gpkg", Format.GEOJSON: "json"}.get(kind)
    archive = _zip(**{f"图/{suffix}.{suffix}": data, "图/files/x.png": b"x"}) if suffix else data
    for given in (data, archive):
        layer = _read(given, tmp_path)
        meant = columns.guessed(layer.columns)
        assert [columns.code_of(feature, meant.code) for feature in layer.features] == list(SHAPES)


def test_gzip_holds_geojson_too(tmp_path: Path) -> None:
    assert len(_read(gzip.compress(packed(SHAPES, Format.GEOJSON)), tmp_path).features) == 2


def test_layers_are_chosen_by_name(tmp_path: Path) -> None:
    one, two = packed(SHAPES, Format.SHAPEFILE), packed({"1": box(103, 29, 104, 30)}, Format.SHAPEFILE)
    with zipfile.ZipFile(io.BytesIO(two)) as old:
        both = repacked(one, add={f"b/other.{s}": old.read(f"grids.{s}") for s in ("shp", "dbf", "shx", "prj", "cpg")})
    path = tmp_path / "file"
    path.write_bytes(both)
    with opening.opened(path) as sources:
        assert reading.layers(sources) == ["grids", "other"]
        assert len(reading.read(sources).features) == 2
        assert len(reading.read(sources, layer="other").features) == 1
        with pytest.raises(BoundaryFileRefused):
            reading.read(sources, layer="third")


def test_a_lost_index_of_a_shapefile_is_made_anew(tmp_path: Path) -> None:
    assert len(_read(repacked(packed(SHAPES, Format.SHAPEFILE), without=".shx"), tmp_path).features) == 2


def test_a_name_cut_in_the_middle_of_a_letter_loses_that_letter(tmp_path: Path) -> None:
    """dBASE fields are as wide as somebody once thought: nine bytes hold four letters of GBK and a half."""
    data = packed(SHAPES, Format.SHAPEFILE, encoding="gb18030")
    whole = "格001".encode("gbk")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        table = archive.read("grids.dbf")
    cut = "南陵社区一".encode("gbk")[:9]
    table = table.replace(whole + b" " * 4, cut, 1)
    assert cut in table
    layer = _read(repacked(repacked(data, without=".dbf"), add={"grids.dbf": table}), tmp_path)
    assert [feature.text("name") for feature in layer.features] == ["南陵社区", "格002"]


def test_text_that_is_no_utf8_is_read_as_gbk_and_said(tmp_path: Path) -> None:
    data = geojson(({"code": "1", "name": "x"}, SHAPES["511111100001001"])).replace(b'"x"', '"网格"'.encode("gbk"))
    layer = _read(data, tmp_path)
    assert layer.features[0].text("name") == "网格"
    assert len(layer.notes) == 1
    with pytest.raises(BoundaryFileRefused):
        _read(data, tmp_path, encoding="utf-8")
    with pytest.raises(BoundaryFileRefused):
        _read(packed(SHAPES, Format.SHAPEFILE, encoding="gb18030"), tmp_path, encoding="utf-8")


def test_a_kml_of_a_map_program_is_read_with_its_own_columns(tmp_path: Path) -> None:
    """A folder is a column; what is no area is named; the third number of a position is left out."""
    ring = "103.55,29.41,0 103.56,29.41,0 103.56,29.42,0 103.55,29.41,0"
    area = f"<outerBoundaryIs><LinearRing><coordinates>{ring}</coordinates></LinearRing></outerBoundaryIs>"
    polygon = f"<MultiGeometry><Polygon>{area}</Polygon></MultiGeometry>"
    text = f"""<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>
      <Folder><name>一</name><Placemark><name>甲</name><ExtendedData><Data name="户数"><value>350</value></Data>
      </ExtendedData>{polygon}</Placemark><Placemark><name>乙</name><Point><coordinates>103,29</coordinates></Point>
      </Placemark><Placemark><name>丙</name></Placemark></Folder></Document></kml>"""
    layer = _read(text.encode(), tmp_path)
    meant = columns.guessed(layer.columns)
    assert [feature.text(meant.name) for feature in layer.features] == ["甲", "乙", "丙"]
    assert columns.households_of(layer.features[0], meant.households) == 350
    assert layer.features[0].text("folder") == "一"
    shapes = drawn(layer.features, systems.decided(crs=layer.crs, datum=layer.datum))
    assert [isinstance(shape, BaseGeometry) for shape in shapes] == [True, False, False]


def test_geometries_nested_without_end_are_read(tmp_path: Path) -> None:
    deep = "<MultiGeometry>" * 5000 + "<Point/>" + "</MultiGeometry>" * 5000
    head = "<kml xmlns='http://www.opengis.net/kml/2.2'>"
    (feature,) = _read(f"{head}<Placemark>{deep}</Placemark></kml>".encode(), tmp_path).features
    assert isinstance(feature.parts, str), "a point is no area"


@pytest.mark.parametrize(
    ("crs", "key"),
    [
        ("EPSG:4490", "cgcs2000"), ("urn:ogc:def:crs:OGC:1.3:CRS84", "wgs84"), ("EPSG:4526", "4526"),
        ("EPSG:4547", "4547"), ("EPSG:32648", "file"), ("EPSG:3857", "file"),
    ],
)  # fmt: skip
def test_systems_on_cgcs2000_and_wgs84_are_read(crs: str, key: str) -> None:
    assert systems.decided(crs=crs, datum="").key == key
    assert systems.decided(crs=crs, datum="gcj02").key == "gcj02", "our own mark says more"
    assert systems.decided(crs=crs, datum="", choice="bd09").key == "bd09", "the person says most"


@pytest.mark.parametrize(
    "crs", ["EPSG:4610", "EPSG:2343", "EPSG:4214", "EPSG:2431", "/etc/passwd", "http://127.0.0.1/x", "x"]
)
def test_old_systems_and_what_is_none_are_refused(crs: str) -> None:
    with pytest.raises(BoundaryFileRefused):
        systems.decided(crs=crs, datum="")


@pytest.mark.parametrize(
    ("key", "x", "y"),
    [
        ("4544", 3254000.0, 457000.0),
        ("4544", 35457000.0, 3254000.0),
        ("4523", 457000.0, 3254000.0),
        ("4544", 103.5, 29.4),
        ("4507", 18457000.0, 3254000.0),
        ("4496", 35457000.0, 3254000.0),
    ],
)  # fmt: skip
def test_metres_that_are_none_of_the_zone_say_why(key: str, x: float, y: float) -> None:
    data = json.loads(geojson(({"code": "1"}, box(0, 0, 1, 1))))
    data["features"][0]["geometry"]["coordinates"] = [[[x, y], [x + 1, y], [x, y + 1], [x, y]]]
    path_layer = geojson_reader.parsed(json.dumps(data), "x")
    (reason,) = drawn(path_layer.features, systems.chosen(key))
    assert isinstance(reason, str)
    assert f"{x:.0f}" in reason


def test_the_registered_value_of_a_zone_is_met(tmp_path: Path) -> None:
    """114.1234567 E, 30.7654321 N in the zone of 114 E, as the survey's own tables have it."""
    ((x, y),) = systems.chosen("4547").from_cgcs2000(np.array([[114.1234567, 30.7654321]]))
    assert (round(x), round(y)) == (511819, 3404975)


@pytest.mark.parametrize("said", [b"UTF-8", b"1252", b"ISO-8859-1", b"utf-16", b"hex", b"\0"])
def test_what_a_cpg_says_wrongly_is_found_out_and_said(tmp_path: Path, said: bytes) -> None:
    data = repacked(packed(SHAPES, Format.SHAPEFILE, encoding="gb18030"), without=".cpg", add={"grids.cpg": said})
    layer = _read(data, tmp_path)
    assert [feature.text("name") for feature in layer.features] == ["格001", "格002"]
    assert len(layer.notes) == 1


def test_signs_that_are_no_letters_do_not_get_any_further(tmp_path: Path) -> None:
    """Half a surrogate pair, control characters and those that turn round what follows, in values and in names."""
    data = geojson(({"na\ud800me": "一\x01格\udfff\u202e \u200b 二", "co\u200bde": "=1+1"}, SHAPES["511111100001001"]))
    layer = _read(data, tmp_path)
    assert layer.columns == ("na\ufffdme", "code")
    assert layer.features[0].text("na\ufffdme") == "一\ufffd格\ufffd 二"
    assert layer.features[0].text("code") == "=1+1"


def test_a_placemark_may_be_nested_as_deep_as_it_likes(tmp_path: Path) -> None:
    deep = "<MultiGeometry>" * 5000 + "<Point/>" + "</MultiGeometry>" * 5000
    ring = "<LinearRing><coordinates>1,1 2,1 2,2 1,1</coordinates></LinearRing>"
    inner = f"<Polygon><innerBoundaryIs>{ring}</innerBoundaryIs></Polygon>"
    marks = "".join(f"<Placemark>{one}</Placemark>" for one in (deep, inner))
    layer = _read(f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{marks}</Document></kml>'.encode(), tmp_path)
    assert [isinstance(feature.parts, str) for feature in layer.features] == [True, True], "no polygon, no outer border"


@pytest.mark.parametrize(("x", "y"), [(457000.0, 3254000.0), (35457000.0, 3254000.0)])
def test_metres_without_a_system_say_that_they_are_metres(x: float, y: float) -> None:
    reason = systems.chosen("cgcs2000").why_out_of_range(np.array([[x, y]]))
    assert f"{x:.0f}" in reason
    assert f"{y:.0f}" in reason
