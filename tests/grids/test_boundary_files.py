"""Boundaries from files are published whole or not at all, and every bad feature is named."""

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import shapely
from django.core.management import CommandError, call_command
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from grids import boundary_files, datums, hierarchy, lattice, plans, selectors
from grids.boundary_files import BoundaryFileRefused, Published
from grids.datums import Datum
from grids.hierarchy import NewUnit
from grids.models import Boundary, Plan
from tests.cast import SIDE, SOUTH, WEST, Cast
from tests.tiling import box, squares

LUODONG = Path(__file__).parents[1] / "data" / "boundaries" / "tw-luodong-villages.geojson"


def _write(tmp_path: Path, shapes: dict[str, Any]) -> Path:
    features = [
        {
            "type": "Feature",
            "properties": {"code": code},
            "geometry": mapping(area) if isinstance(area, BaseGeometry) else area,
        }
        for code, area in shapes.items()
    ]
    path = tmp_path / "grids.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def _load(cast: Cast, path: Path, **options: Any) -> Published:
    return boundary_files.load(path=path, now=options.pop("now", cast.now), **options)


def _faults(cast: Cast, path: Path, **options: Any) -> list[tuple[int, str, str]]:
    before = Plan.objects.count()
    with pytest.raises(BoundaryFileRefused) as refused:
        _load(cast, path, **options)
    assert Plan.objects.count() == before, "all or nothing"
    return [(fault.index, fault.code, fault.reason) for fault in refused.value.faults]


@pytest.fixture
def village(cast: Cast) -> dict[str, BaseGeometry]:
    """The two grids of the village with their common border moved to the west."""
    middle, east, north = WEST + SIDE * 0.8, WEST + 2 * SIDE, SOUTH + SIDE
    corner = WEST + SIDE
    left = shapely.Polygon([(WEST, SOUTH), (corner, SOUTH), (middle, SOUTH + SIDE / 2), (corner, north), (WEST, north)])
    right = shapely.Polygon(
        [(corner, SOUTH), (east, SOUTH), (east, north), (corner, north), (middle, SOUTH + SIDE / 2)]
    )
    return {cast.grid.pk: left, cast.second_grid.pk: right}


def test_the_grids_of_a_village_are_published_inside_its_outline(
    cast: Cast, tmp_path: Path, village: dict[str, BaseGeometry]
) -> None:
    done = _load(cast, _write(tmp_path, village))
    assert done.changed == (cast.grid.pk, cast.second_grid.pk)
    assert done.plan is not None
    assert done.plan.scope == cast.village
    hit = selectors.grid_at((WEST + SIDE * 0.95, SOUTH + SIDE / 2), at=cast.now)
    assert hit is not None
    assert hit.unit_code == cast.second_grid.pk


def test_the_same_file_again_publishes_nothing(cast: Cast, tmp_path: Path, village: dict[str, BaseGeometry]) -> None:
    path = _write(tmp_path, village)
    _load(cast, path)
    again = _load(cast, path, now=cast.now + timedelta(days=1))
    assert (again.plan, again.changed, again.unchanged) == (None, (), 2)


def test_changed_rings_make_a_new_version(cast: Cast, tmp_path: Path, village: dict[str, BaseGeometry]) -> None:
    at = cast.now + timedelta(days=1)
    _load(cast, _write(tmp_path, village), effective=at)
    versions = Boundary.objects.filter(unit=cast.grid, valid__isnull=False).order_by("id")
    assert [version.valid.upper for version in versions] == [at, None]


def test_an_outline_in_the_file_is_the_frame(cast: Cast, tmp_path: Path) -> None:
    for number, code in enumerate(("511111102", "511111102001", "511111102001001"), start=1):
        hierarchy.create_units(units=[NewUnit(code=code, name=str(number))], now=cast.now)
    area, outline = box(104, 29, 104.01, 29.01), box(104, 29, 104.02, 29.01)
    faults = _faults(cast, _write(tmp_path, {"511111102": outline, "511111102001001": area}))
    assert len(faults) == 1
    assert "104.015" in faults[0][2]
    done = _load(cast, _write(tmp_path, {"511111102000": area, "511111102001001": area}))
    assert done.plan is not None
    assert done.plan.scope_id == "511111102"
    assert plans.outline_of("511111102001", cast.now) is not None


def test_a_hole_between_grids_without_an_outline_is_a_gap(cast: Cast, tmp_path: Path) -> None:
    codes = ["511111102", "511111102001", "511111102001001"]
    hierarchy.create_units(units=[NewUnit(code=code, name=code) for code in codes], now=cast.now)
    ring = box(104, 29, 104.03, 29.03).difference(box(104.01, 29.01, 104.02, 29.02))
    faults = _faults(cast, _write(tmp_path, {"511111102001001": ring}))
    assert [(index, code) for index, code, _reason in faults] == [(1, "511111102001001")]


def test_a_real_partition_in_another_datum_is_read_onto_the_lattice(cast: Cast, tmp_path: Path) -> None:
    """Real villages of one town stand in for grids; on the way to GCJ-02 and back their borders stay shared."""
    features = json.loads(LUODONG.read_text(encoding="utf-8"))["features"]
    codes = [f"511111103001{number:03d}" for number in range(1, len(features) + 1)]
    units = [NewUnit(code=code, name=code) for code in ("511111103", "511111103001", *codes)]
    hierarchy.create_units(units=units, now=cast.now)
    shapes = {
        code: shapely.transform(shape(feature["geometry"]), lambda xy: datums.from_cgcs2000(xy, Datum.GCJ02))
        for code, feature in zip(codes, features, strict=True)
    }
    done = _load(cast, _write(tmp_path, shapes), system=Datum.GCJ02)
    assert done.plan is not None
    assert done.plan.certificate["grids"] == 23
    assert len(done.changed) == 23
    inside = shape(features[0]["geometry"]).representative_point()
    hit = selectors.grid_at((inside.x, inside.y), at=cast.now)
    assert hit is not None
    assert hit.unit_code == codes[0]


@pytest.mark.parametrize(
    ("geometry", "word"),
    [
        ({"type": "Point", "coordinates": [103.5, 29.4]}, "Point"),
        (None, ""),
        ({"type": "Polygon", "coordinates": []}, ""),
        ({"type": "Polygon", "coordinates": [[[103, 29], [104, 29], [103, 29]]]}, ""),
        ({"type": "Polygon", "coordinates": [[[103, 29], [104, 29], [104, 30], [103, 30]]]}, ""),
        ({"type": "Polygon", "coordinates": [[["a", 29], [104, 29], [104, 30], ["a", 29]]]}, ""),
        ({"type": "Polygon", "coordinates": [[[29, 103], [30, 103], [30, 104], [29, 103]]]}, "29, 103"),
        ({"type": "Polygon", "coordinates": [[[5e5, 3e6], [6e5, 3e6], [6e5, 4e6], [5e5, 3e6]]]}, "500000"),
        (
            {"type": "Polygon", "coordinates": [[[103, 29], [104, 30], [104, 29], [103, 30], [103, 29]]]},
            "103.5000000, 29.5000000",
        ),
        ({"type": "MultiPolygon", "coordinates": [None]}, ""),
        ({"type": "Polygon", "coordinates": [[["103", "29"], ["104", "29"], ["104", "30"], ["103", "29"]]]}, ""),
        ({"type": "Polygon", "coordinates": [[[True, False]] * 5]}, ""),
        ({"type": "Polygon", "coordinates": [[[10**400, 29], [104, 29], [104, 30], [10**400, 29]]]}, ""),
        ({"type": "Polygon", "coordinates": [[[float("nan"), 29], [104, 29], [104, 30], [float("nan"), 29]]]}, ""),
        ({"type": "GeometryCollection", "geometries": []}, "GeometryCollection"),
        ({"type": "Polygon", "coordinates": [[[103, 29], [103.00000001, 29], [103, 29.00000001], [103, 29]]]}, ""),
    ],
)
def test_a_bad_geometry_is_named_with_index_code_and_reason(
    cast: Cast, tmp_path: Path, village: dict[str, Any], geometry: Any, word: str
) -> None:
    village[cast.second_grid.pk] = geometry
    faults = _faults(cast, _write(tmp_path, village))
    assert [(index, code) for index, code, _reason in faults] == [(2, cast.second_grid.pk)]
    assert faults[0][2]
    assert word in faults[0][2]


@pytest.mark.parametrize("code", ["5111\0", "5" * 5000, "511111100001001'; --", -5])
def test_a_code_that_is_none_is_named(cast: Cast, tmp_path: Path, village: dict[str, Any], code: Any) -> None:
    faults = _faults(cast, _write(tmp_path, {**village, code: box(104, 29, 105, 30)}))
    assert [index for index, _code, _reason in faults] == [3]


def test_a_department_has_no_area(cast: Cast, tmp_path: Path, village: dict[str, BaseGeometry]) -> None:
    faults = _faults(cast, _write(tmp_path, {**village, cast.department.pk: village[cast.grid.pk]}))
    assert [(index, code) for index, code, _reason in faults] == [(3, cast.department.pk)]


def test_a_file_in_another_reference_system_is_refused(
    cast: Cast, tmp_path: Path, village: dict[str, BaseGeometry]
) -> None:
    path = _write(tmp_path, village)
    collection = json.loads(path.read_text(encoding="utf-8"))
    for crs in ({"properties": {"name": "urn:ogc:def:crs:EPSG::4610"}}, {"properties": None}, "EPSG:4326"):
        path.write_text(json.dumps({**collection, "crs": crs}), encoding="utf-8")
        assert [index for index, _code, _reason in _faults(cast, path)] == [0]
    for name in ("urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:EPSG::4490", "EPSG:4326"):
        path.write_text(json.dumps({**collection, "crs": {"properties": {"name": name}}}), encoding="utf-8")
        _load(cast, path, effective=cast.now + timedelta(days=1))


def test_a_corner_given_twice_is_no_other_border(cast: Cast, tmp_path: Path, village: dict[str, BaseGeometry]) -> None:
    _load(cast, _write(tmp_path, village))
    first = mapping(village[cast.grid.pk])
    ring = [list(position) for position in first["coordinates"][0]]
    again = {"type": "Polygon", "coordinates": [[*ring[:2], ring[1], *ring[2:]]]}
    done = _load(cast, _write(tmp_path, {**village, cast.grid.pk: again}), now=cast.now + timedelta(days=1))
    assert (done.plan, done.changed) == (None, ())


def test_a_border_with_another_corner_than_the_outline_says_so(cast: Cast, tmp_path: Path) -> None:
    shapes = squares([cast.grid.pk, cast.second_grid.pk], west=WEST, south=SOUTH, side=SIDE)
    bent = shapely.segmentize(shapes[cast.grid.pk], SIDE * 0.6)
    faults = _faults(cast, _write(tmp_path, {**shapes, cast.grid.pk: lattice.to_lattice(bent)}))
    assert {code for _index, code, _reason in faults} == {cast.grid.pk}
    assert any(cast.second_grid.pk in reason for _index, _code, reason in faults)
    assert any(cast.second_grid.pk not in reason for _index, _code, reason in faults)


def test_unknown_and_retired_codes_are_named(cast: Cast, tmp_path: Path, village: dict[str, BaseGeometry]) -> None:
    hierarchy.retire(unit=cast.office, now=cast.now)
    more = {**village, "511111100001099": box(104, 29, 105, 30), cast.office.pk: box(104, 29, 105, 30)}
    faults = _faults(cast, _write(tmp_path, more))
    assert [(index, code) for index, code, _reason in faults] == [(3, "511111100001099"), (4, cast.office.pk)]


def test_a_feature_without_a_code_or_with_one_twice_is_named(cast: Cast, tmp_path: Path) -> None:
    area = mapping(box(103, 29, 104, 30))
    features = [{"properties": {"code": code}, "geometry": area} for code in (cast.grid.pk, cast.grid.pk, None, True)]
    features += [{"geometry": area}, "no feature"]  # type: ignore[list-item]
    path = tmp_path / "grids.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    assert [index for index, _code, _reason in _faults(cast, path)] == [2, 3, 4, 5, 6]


def test_a_missing_grid_is_named(cast: Cast, tmp_path: Path, village: dict[str, BaseGeometry]) -> None:
    del village[cast.second_grid.pk]
    faults = _faults(cast, _write(tmp_path, village))
    assert [(index, code) for index, code, _reason in faults] == [(0, cast.second_grid.pk)]
    assert cast.second_grid.name in faults[0][2]


def test_an_overlap_names_both_neighbours(cast: Cast, tmp_path: Path) -> None:
    shapes = squares([cast.grid.pk, cast.second_grid.pk], west=WEST, south=SOUTH, side=SIDE)
    shapes[cast.second_grid.pk] = box(WEST + SIDE * 0.9, SOUTH, WEST + 2 * SIDE, SOUTH + SIDE)
    faults = _faults(cast, _write(tmp_path, shapes))
    assert len(faults) == 1
    assert cast.grid.name in faults[0][2]
    assert cast.second_grid.name in faults[0][2]
    assert "#1" in faults[0][2]
    assert "#2" in faults[0][2]


def test_a_grid_beyond_the_outline_is_named(cast: Cast, tmp_path: Path) -> None:
    shapes = squares([cast.grid.pk, cast.second_grid.pk], west=WEST, south=SOUTH, side=SIDE)
    shapes[cast.second_grid.pk] = box(WEST + SIDE, SOUTH, WEST + 2.5 * SIDE, SOUTH + SIDE)
    faults = _faults(cast, _write(tmp_path, shapes))
    assert [(index, code) for index, code, _reason in faults] == [(2, cast.second_grid.pk)]


def test_units_between_grid_and_scope_are_left_out(cast: Cast, tmp_path: Path) -> None:
    grids = squares(
        [cast.grid.pk, cast.second_grid.pk, cast.third_grid.pk, cast.fourth_grid.pk],
        west=WEST,
        south=SOUTH,
        side=SIDE,
    )
    frame = plans.outline_of(cast.town.pk, cast.now)
    shapes = {**grids, cast.town.pk: frame, cast.village.pk: frame}
    faults = _faults(cast, _write(tmp_path, shapes))
    assert [(index, code) for index, code, _reason in faults] == [(6, cast.village.pk)]


def test_a_scope_may_be_named(cast: Cast, tmp_path: Path, village: dict[str, BaseGeometry]) -> None:
    faults = _faults(cast, _write(tmp_path, village), scope=cast.town.pk)
    assert [code for _index, code, _reason in faults] == [cast.third_grid.pk, cast.fourth_grid.pk]
    assert _faults(cast, _write(tmp_path, village), scope=cast.department.pk)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "[" * 100_000, '{"type": "FeatureCollection"}', '{"type": "Polygon", "coordinates": []}']
)
def test_what_is_no_feature_collection_is_refused(cast: Cast, tmp_path: Path, text: str) -> None:
    path = tmp_path / "grids.geojson"
    path.write_text(text, encoding="utf-8")
    assert [index for index, _code, _reason in _faults(cast, path)] == [0]


def test_the_command_publishes_or_names_what_is_wrong(
    cast: Cast, tmp_path: Path, village: dict[str, BaseGeometry]
) -> None:
    out, err = StringIO(), StringIO()
    path = _write(tmp_path, village)
    call_command("load_boundaries", str(path), "--synthetic", stdout=out)
    assert "2 boundaries published" in out.getvalue()
    assert Plan.objects.latest("id").is_synthetic
    call_command("load_boundaries", str(path), "--effective", "2027-01-01", stdout=out)
    assert "nothing new" in out.getvalue()
    village[cast.grid.pk] = village[cast.second_grid.pk]
    with pytest.raises(CommandError, match=r"grids\.geojson"):
        call_command("load_boundaries", str(_write(tmp_path, village)), stderr=err)
    assert cast.grid.pk in err.getvalue()
