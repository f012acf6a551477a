"""Dwellings and reference lines are taken over whole or not at all, and every bad line is named."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from grids import datums, ground_files
from grids.datums import Datum
from grids.ground import Taken
from grids.ground_files import GroundRefused
from grids.models import Dwelling, ReferenceLine
from tests.cast import SIDE, SOUTH, WEST, Cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]
HEADER = "source_id,lon,lat,households,people,compound,address"
LON, LAT = WEST + SIDE / 2, SOUTH + SIDE / 2


@pytest.fixture
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


def _csv(tmp_path: Path, *lines: str, header: str = HEADER) -> Path:
    path = tmp_path / "dwellings.csv"
    path.write_text("\n".join([header, *lines]), encoding="utf-8")
    return path


def _geojson(tmp_path: Path, *features: tuple[dict[str, Any], dict[str, Any]]) -> Path:
    path = tmp_path / "ground.geojson"
    rows = [{"type": "Feature", "properties": given, "geometry": geometry} for given, geometry in features]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": rows}), encoding="utf-8")
    return path


def _faults(cast: Cast, path: Path, **options: Any) -> list[str]:
    with pytest.raises(GroundRefused) as refused:
        ground_files.load(path=path, now=cast.now, **options)
    assert not Dwelling.objects.exists(), "all or nothing"
    assert not ReferenceLine.objects.exists(), "all or nothing"
    return [str(fault) for fault in refused.value.faults]


def test_a_table_of_dwellings_is_taken_over(cast: Cast, tmp_path: Path) -> None:
    path = _csv(tmp_path, f"a1,{LON},{LAT},24,61,阳光小区,阳光小区1幢", f"a2,{LON + 0.001},{LAT},8,,,")
    done = ground_files.load(path=path, now=cast.now)
    assert (done.dwellings, done.lines, done.outside) == (Taken(created=2), Taken(), 0)
    first, second = Dwelling.objects.order_by("source_id")
    assert (first.households, first.people, first.compound, first.address) == (24, 61, "阳光小区", "阳光小区1幢")
    assert (first.geom.x, first.geom.y) == (round(LON, 7), round(LAT, 7))
    assert (second.people, second.compound) == (None, "")


def test_the_same_file_again_changes_nothing_and_a_new_one_replaces_by_number(cast: Cast, tmp_path: Path) -> None:
    one, other = f"a1,{LON},{LAT},24,,,", f"a2,{LON},{LAT},8,,,"
    ground_files.load(path=_csv(tmp_path, one, other), now=cast.now)
    assert ground_files.load(path=_csv(tmp_path, one, other), now=cast.now).dwellings == Taken(unchanged=2)
    moved = f"a1,{LON},{LAT},30,,,"
    assert ground_files.load(path=_csv(tmp_path, moved), now=cast.now).dwellings == Taken(changed=1)
    assert ground_files.load(path=_csv(tmp_path, moved), now=cast.now, whole=True).dwellings == Taken(
        unchanged=1, removed=1
    )
    assert list(Dwelling.objects.values_list("source_id", "households")) == [("a1", 30)]


def test_every_bad_line_is_named_with_its_reason(cast: Cast, tmp_path: Path) -> None:
    path = _csv(
        tmp_path,
        f"a1,{LON},{LAT},24,,,",
        f"a1,{LON},{LAT},24,,,",
        f",{LON},{LAT},24,,,",
        f"a3,east,{LAT},24,,,",
        f"a4,{LAT},{LON},24,,,",
        f"a5,{LON},{LAT},-3,,,",
        f"a6,{LON},{LAT},2.5,,,",
        f"a7,{LON},{LAT},3,many,,",
        f"a8,{LON},{LAT},3",
        f"{'a' * 61},{LON},{LAT},3,,,",
    )
    found = _faults(cast, path)
    assert [int(fault.split(":")[0].split()[-1]) for fault in found] == list(range(3, 12))
    assert "stands on line 2 already" in found[0]
    assert "source_id" in found[1]
    assert "numbers" in found[2]
    assert "swapped" in found[3]
    assert "households" in found[4]
    assert "people" in found[6]


@pytest.mark.parametrize(
    ("header", "said"),
    [("source_id,lon,lat", "households"), (f"{HEADER},owner", "owner"), (f"{HEADER},people", "twice")],
)
def test_a_header_that_is_not_ours_is_refused(cast: Cast, tmp_path: Path, header: str, said: str) -> None:
    (fault,) = _faults(cast, _csv(tmp_path, "a,1,2", header=header))
    assert said in fault


def test_points_of_another_datum_are_shifted(cast: Cast, tmp_path: Path) -> None:
    ((lon, lat),) = datums.from_cgcs2000([(LON, LAT)], Datum.GCJ02).tolist()
    ground_files.load(path=_csv(tmp_path, f"a1,{lon},{lat},5,,,"), now=cast.now, datum=Datum.GCJ02)
    spot = Dwelling.objects.get().geom
    assert (spot.x, spot.y) == (pytest.approx(LON, abs=2e-7), pytest.approx(LAT, abs=2e-7))


def test_dwellings_that_lie_elsewhere_raise_the_question_of_the_datum(cast: Cast, tmp_path: Path) -> None:
    (fault,) = _faults(cast, _csv(tmp_path, f"a1,{LON + 1},{LAT},5,,,"))
    assert "datum" in fault


def test_lines_and_points_of_geojson_are_taken_over_together(cast: Cast, tmp_path: Path) -> None:
    road = {"type": "LineString", "coordinates": [[LON, LAT], [LON + 0.01, LAT]]}
    river = {"type": "MultiLineString", "coordinates": [[[LON, LAT], [LON, LAT + 0.01]]]}
    house = {"type": "Point", "coordinates": [LON, LAT]}
    path = _geojson(
        tmp_path,
        ({"source_id": "r1", "kind": "main_road", "name": "迎宾大道"}, road),
        ({"source_id": "r2", "kind": "river", "barrier": True}, river),
        ({"source_id": 17, "households": 12}, house),
    )
    done = ground_files.load(path=path, now=cast.now)
    assert (done.lines, done.dwellings) == (Taken(created=2), Taken(created=1))
    assert list(ReferenceLine.objects.order_by("source_id").values_list("kind", "name", "is_barrier")) == [
        ("main_road", "迎宾大道", False),
        ("river", "", True),
    ]
    assert Dwelling.objects.get().source_id == "17"
    assert ground_files.load(path=path, now=cast.now).lines == Taken(unchanged=2)


@pytest.mark.parametrize(
    ("given", "geometry"),
    [
        ({"source_id": "x", "kind": "path"}, {"type": "LineString", "coordinates": [[LON, LAT], [LON, LAT + 1]]}),
        ({"source_id": "x", "kind": "road"}, {"type": "LineString", "coordinates": [[LON, LAT], [LON, LAT]]}),
        ({"source_id": "x", "kind": "road"}, {"type": "LineString", "coordinates": [[LON, LAT], ["a", None]]}),
        ({"source_id": "x", "kind": "road"}, {"type": "MultiLineString", "coordinates": "zz"}),
        ({"source_id": "x", "kind": "road", "barrier": "?"}, {"type": "LineString", "coordinates": [[1, 2], [1, 3]]}),
        ({"source_id": "x", "households": 3}, {"type": "Polygon", "coordinates": []}),
        ({"source_id": "x", "households": True}, {"type": "Point", "coordinates": [LON, LAT]}),
        ({"source_id": {"a": 1}, "households": 3}, {"type": "Point", "coordinates": [LON, LAT]}),
        ({"source_id": "x", "households": 3}, {"type": "Point", "coordinates": [LON]}),
    ],
)  # fmt: skip
def test_a_feature_nobody_can_use_is_named(
    cast: Cast, tmp_path: Path, given: dict[str, Any], geometry: dict[str, Any]
) -> None:
    (fault,) = _faults(cast, _geojson(tmp_path, (given, geometry)))
    assert fault.startswith("feature 1")


def test_the_command_says_what_it_did_and_what_is_wrong(cast: Cast, tmp_path: Path) -> None:
    said = StringIO()
    call_command("load_ground", _csv(tmp_path, f"a1,{LON},{LAT},24,,,"), synthetic=True, stdout=said)
    assert "1 new" in said.getvalue()
    assert Dwelling.objects.get().is_synthetic
    wrong = StringIO()
    with pytest.raises(CommandError, match="1 fault"):
        call_command("load_ground", _csv(tmp_path, "a1,x,y,24,,,"), stderr=wrong)
    assert "line 2" in wrong.getvalue()
