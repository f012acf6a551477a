"""What is written is read again to the last digit of the lattice, in every format and coordinate system."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from grids import lattice, plans
from grids.exchange import columns, opening, reading, systems, writing
from grids.exchange.features import Layer
from grids.exchange.opening import Format
from grids.exchange.reading import Encoding
from grids.exchange.shapes import drawn
from grids.exchange.writing import About, Row
from tests.tiling import box

ABOUT = About("511111100", "沙湾镇 · 今天", "坐标系…")
DEGREES = ["cgcs2000", "wgs84", "gcj02", "bd09"]
EVERY = [(kind, key) for kind in Format for key in DEGREES] + [
    (kind, key) for kind in (Format.SHAPEFILE, Format.GPKG) for key in ("4535", "4544", "4523", "4507", "4496")
]


def _row(number: int, shape: BaseGeometry, households: int | None = 350) -> Row:
    return Row(
        code=f"511111100001{number:03d}", name=f"南陵社区{number}网格", village="511111100001", village_name="南陵社区",
        kind="dedicated", basis="streets", households=households, shape=shape,
    )  # fmt: skip


def _read(data: bytes, path: Path, **options: str) -> Layer:
    path.write_bytes(data)
    with opening.opened(path) as sources:
        return reading.read(sources, **options)


def _with_hole_and_island() -> BaseGeometry:
    ring = box(103.55, 29.41, 103.56, 29.42).difference(box(103.553, 29.413, 103.5571234, 29.4171234))
    return shapely.MultiPolygon([ring, box(103.5701, 29.4101, 103.5799999, 29.4199999)])


@pytest.mark.parametrize(("kind", "key"), EVERY)
def test_each_format_comes_back_to_the_lattice_in_each_system(tmp_path: Path, kind: Format, key: str) -> None:
    system = systems.chosen(key)
    if key == "4535":
        moved = [shapely.transform(_with_hole_and_island(), lambda xy: xy - [25.0, 0.0])]
    else:
        moved = [_with_hole_and_island(), box(103.553, 29.413, 103.5571234, 29.4171234)]
    shapes = [lattice.to_lattice(shape) for shape in moved]
    rows = [_row(number, shape, households=None if number == 2 else 350) for number, shape in enumerate(shapes, 1)]
    layer = _read(writing.written(rows, kind, system, ABOUT), tmp_path / "file")
    told = systems.decided(crs=layer.crs, datum=layer.datum)
    assert (
        told.key == key
        if key in ("gcj02", "bd09", "4544", "4523", "4507", "4496")
        else told.datum in ("cgcs2000", "wgs84")
    )
    back = drawn(layer.features, told)
    for row, shape in zip(rows, back, strict=True):
        assert isinstance(shape, BaseGeometry), shape
        assert plans.same(shape, row.shape)
        assert lattice.is_on_lattice(shape)
    meant = columns.guessed(layer.columns)
    assert (meant.code, meant.village, meant.households, meant.kind) == ("code", "village", "households", "kind")
    first = layer.features[0]
    assert [first.text(name) for name in ("code", meant.name, "vill_name")] == [rows[0].code, rows[0].name, "南陵社区"]
    assert columns.households_of(first, "households") == 350
    assert [columns.households_of(feature, "households") for feature in layer.features[1:]] in ([], [None])


def test_a_shapefile_in_gbk_is_read_with_and_without_its_word(tmp_path: Path) -> None:
    shape = box(103.55, 29.41, 103.56, 29.42)
    data = writing.written([_row(1, shape)], Format.SHAPEFILE, systems.chosen("cgcs2000"), ABOUT, encoding=Encoding.GBK)
    assert _read(data, tmp_path / "with.zip").features[0].text("name") == "南陵社区1网格"
    with zipfile.ZipFile(tmp_path / "with.zip") as whole, zipfile.ZipFile(tmp_path / "less.zip", "w") as less:
        assert whole.read("511111100.cpg") == b"GBK"
        for suffix in ("shp", "dbf", "prj"):
            less.writestr(f"网格/一层.{suffix}", whole.read(f"511111100.{suffix}"))
    with opening.opened(tmp_path / "less.zip") as sources:
        layer = reading.read(sources)
        assert reading.layers(sources) == ["一层"]
    assert layer.features[0].text("vill_name") == "南陵社区"
    assert len(layer.notes) == 1


def test_a_letter_gbk_does_not_know_is_refused(tmp_path: Path) -> None:
    row = Row("1", "𠮷", "2", "x", "", "", None, box(103, 29, 104, 30))
    with pytest.raises(UnicodeEncodeError):
        writing.written([row], Format.SHAPEFILE, systems.chosen("cgcs2000"), ABOUT, encoding=Encoding.GBK)


@st.composite
def _polygons(draw: st.DrawFn) -> BaseGeometry:
    """Stars of a few corners anywhere in China, some with a hole in the middle."""
    middle = np.array([draw(st.integers(75, 133)), draw(st.integers(19, 50))])
    reach = np.array(draw(st.lists(st.integers(400_000, 1_000_000), min_size=3, max_size=12))) / 10**8
    turns = np.linspace(0.1, 2 * np.pi + 0.1, len(reach), endpoint=False)
    around = np.column_stack([np.cos(turns), np.sin(turns)])
    hole = [middle + around * 0.001] if draw(st.booleans()) else []
    return lattice.to_lattice(shapely.Polygon(middle + around * reach[:, None], hole))


@given(shapes=st.lists(_polygons(), min_size=1, max_size=3), kind=st.sampled_from(Format), key=st.sampled_from(DEGREES))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_polygon_comes_back(tmp_path: Path, shapes: list[BaseGeometry], kind: Format, key: str) -> None:
    rows = [_row(number, shape) for number, shape in enumerate(shapes, 1)]
    layer = _read(writing.written(rows, kind, systems.chosen(key), ABOUT), tmp_path / "file")
    back = drawn(layer.features, systems.decided(crs=layer.crs, datum=layer.datum, choice=key))
    for row, shape in zip(rows, back, strict=True):
        assert isinstance(shape, BaseGeometry), shape
        assert plans.same(shape, row.shape)


def test_a_name_no_xml_may_hold_comes_back_without_its_signs(tmp_path: Path) -> None:
    row = Row("1", "一\x0b<格>\x1f", "2", "x", "", "", None, box(103, 29, 104, 30))
    layer = _read(writing.written([row], Format.KML, systems.chosen("cgcs2000"), ABOUT), tmp_path / "file")
    assert layer.features[0].text("name") == "一\ufffd<格>\ufffd"
