"""What a file would change is said before anything is stored, and a wrong coordinate system does not pass unseen."""

from pathlib import Path
from typing import Any

import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from grids import hierarchy, lattice
from grids.drafts import Wish
from grids.exchange import beginning, columns, comparing, fitting, opening, reading, systems
from grids.exchange.comparing import Comparison, Missing, State
from grids.exchange.opening import Format
from grids.exchange.refused import BoundaryFileRefused
from grids.hierarchy import NewUnit
from grids.models import Plan, PlanArea, Unit
from tests.cast import SIDE, SOUTH, WEST, Cast
from tests.grids.exchange.files import geojson, packed, town
from tests.tiling import box


def _compared(
    cast: Cast,
    data: bytes,
    tmp_path: Path,
    *,
    scope: Unit | None = None,
    system: str = "",
    missing: Missing = Missing.KEEP,
) -> Comparison:
    path = tmp_path / "file"
    path.write_bytes(data)
    with opening.opened(path) as sources:
        layer = reading.read(sources)
    return comparing.compare(
        layer, scope=scope or cast.town, system=systems.decided(crs=layer.crs, datum=layer.datum, choice=system),
        meant=columns.guessed(layer.columns), missing=missing, now=cast.now,
    )  # fmt: skip


def _states(found: Comparison) -> dict[str, list[str]]:
    return {state.value: [grid.code for grid in found.of(state)] for state in State if found.of(state)}


def _moved_border(cast: Cast) -> dict[str, BaseGeometry]:
    """The border between the first two grids a little to the west."""
    shapes = town(cast)
    shapes[cast.grid.pk] = box(WEST, SOUTH, WEST + SIDE * 0.8, SOUTH + SIDE)
    shapes[cast.second_grid.pk] = box(WEST + SIDE * 0.8, SOUTH, WEST + 2 * SIDE, SOUTH + SIDE)
    return shapes


@pytest.mark.parametrize("kind", list(Format))
def test_changed_rings_under_known_codes_are_shown_with_both_areas(cast: Cast, tmp_path: Path, kind: Format) -> None:
    found = _compared(cast, packed(_moved_border(cast), kind), tmp_path)
    assert _states(found) == {
        "changed": [cast.grid.pk, cast.second_grid.pk],
        "same": [cast.third_grid.pk, cast.fourth_grid.pk],
    }
    first = found.grids[0]
    assert first.before_m2 is not None
    assert first.area_m2 / first.before_m2 == pytest.approx(0.8)
    assert (found.faults, found.doubts) == ([], [])


def test_a_grid_that_is_not_in_the_file_stays_or_falls_away(cast: Cast, tmp_path: Path) -> None:
    shapes = town(cast)
    del shapes[cast.fourth_grid.pk]
    data = packed(shapes, Format.GEOJSON)
    assert _states(_compared(cast, data, tmp_path))["kept"] == [cast.fourth_grid.pk]
    assert _states(_compared(cast, data, tmp_path, missing=Missing.DROP))["gone"] == [cast.fourth_grid.pk]


def test_unknown_and_empty_codes_are_new_grids_in_the_village_they_lie_in(cast: Cast, tmp_path: Path) -> None:
    half = SIDE / 2
    third = WEST + 2 * SIDE
    data = geojson(
        ({"code": "", "name": "新一"}, box(third, SOUTH, third + half, SOUTH + SIDE)),
        ({"code": "WG-77"}, box(third + half, SOUTH, third + SIDE, SOUTH + SIDE)),
        ({"code": "511111100001098"}, box(WEST, SOUTH, WEST + half, SOUTH + SIDE)),
        ({"code": None, "village": cast.village.name}, box(WEST + half, SOUTH, WEST + SIDE, SOUTH + SIDE)),
    )
    found = _compared(cast, data, tmp_path)
    assert [(grid.index, grid.village, grid.unit) for grid in found.of(State.NEW)] == [
        (1, cast.sibling_village, None), (2, cast.sibling_village, None),
        (3, cast.village, None), (4, cast.village, None),
    ]  # fmt: skip


def test_of_villages_with_the_same_name_the_code_or_the_place_decides_or_nobody_can_tell(
    cast: Cast, tmp_path: Path
) -> None:
    Unit.objects.filter(pk__in=[cast.village.pk, cast.sibling_village.pk]).update(name="中山社区", short_name="")
    third, nowhere = WEST + 2 * SIDE, WEST + SIDE
    data = geojson(
        ({"code": "", "village": "中山社区"}, box(third, SOUTH, third + SIDE, SOUTH + SIDE)),
        ({"code": cast.village.pk + "098", "village": "中山社区"}, box(third, SOUTH, third + SIDE, SOUTH + SIDE)),
        ({"code": "", "village": "中山社区"}, box(nowhere, SOUTH + SIDE, third, SOUTH + 2 * SIDE)),
        ({"code": "", "village": cast.village.pk}, box(third, SOUTH, third + SIDE, SOUTH + SIDE)),
    )
    found = _compared(cast, data, tmp_path)
    new = {grid.index: grid.village for grid in found.of(State.NEW)}
    assert new == {1: cast.sibling_village, 2: cast.village, 4: cast.village}
    assert [fault.index for fault in found.faults] == [3]
    assert "中山社区" in found.faults[0].reason


def test_every_bad_feature_is_named_by_number_code_and_reason(cast: Cast, tmp_path: Path) -> None:
    hierarchy.create_units(units=[NewUnit(code="511111100001050", name="旧")], now=cast.now)
    hierarchy.retire(unit=Unit.objects.get(pk="511111100001050"), now=cast.now)
    good = town(cast)
    corners = [(0, 0), (1, 1), (1, 0), (0, 1), (0, 0)]
    bow = {"type": "Polygon", "coordinates": [[[WEST + x, SOUTH + y] for x, y in corners]]}
    data = geojson(
        ({"code": cast.grid.pk}, good[cast.grid.pk]),
        ({"code": cast.grid.pk}, good[cast.grid.pk]),
        ({"code": cast.second_grid.pk}, bow),
        ({"code": cast.third_grid.pk}, {"type": "Point", "coordinates": [WEST, SOUTH]}),
        ({"code": cast.fourth_grid.pk, "households": "viele"}, good[cast.fourth_grid.pk]),
        ({"code": ""}, box(110, 30, 110.1, 30.1)),
        ({"code": cast.other_grid.pk}, good[cast.grid.pk]),
        ({"code": "511111100001050"}, good[cast.grid.pk]),
        ({"code": ""}, None),
        ({"code": cast.town.pk}, box(WEST, SOUTH, WEST + 5 * SIDE, SOUTH + SIDE)),
        ({"code": cast.village.pk}, good[cast.grid.pk]),
    )
    found = _compared(cast, data, tmp_path)
    assert [(fault.index, fault.code) for fault in found.faults] == [
        (2, cast.grid.pk), (3, cast.second_grid.pk), (4, cast.third_grid.pk), (5, cast.fourth_grid.pk), (6, ""),
        (7, cast.other_grid.pk), (8, "511111100001050"), (9, ""),
    ]  # fmt: skip
    assert all(fault.reason for fault in found.faults)
    assert "viele" in found.faults[3].reason
    # A grid whose feature is bad does not fall away.
    assert _states(found)["kept"] == [cast.second_grid.pk, cast.third_grid.pk, cast.fourth_grid.pk]
    assert len(found.doubts) == 2, "another outline; and a village, that follows from its grids"


@pytest.mark.parametrize(("made", "read"), [("gcj02", "cgcs2000"), ("bd09", "gcj02"), ("cgcs2000", "gcj02")])
def test_a_wrong_datum_is_warned_of_and_the_right_one_named(cast: Cast, tmp_path: Path, made: str, read: str) -> None:
    data = packed(town(cast), Format.GEOJSON, made)
    found = _compared(cast, data, tmp_path, system=read)
    assert str(systems.chosen(made).label) in found.doubts[0]
    assert _states(found)["changed"] == list(town(cast)), "nothing is corrected by itself"
    assert _compared(cast, data, tmp_path).doubts == []


@pytest.mark.parametrize(
    ("metres", "best", "doubtful"),
    [(231.2, 85.1, True), (307.6, 95.2, True), (490.7, 140.4, True), (480.0, 112.4, True), (400.0, 0.0, True),
     (140.0, 85.0, False), (60.0, 31.0, False), (15.0, 0.0, False), (600.0, 550.0, False)],
)  # fmt: skip
def test_outlines_of_two_surveys_are_told_apart_from_a_wrong_datum(metres: float, best: float, doubtful: bool) -> None:
    """The first four were measured: four counties as one map service draws them, against those of another."""
    fit = fitting.Fit(systems.chosen("cgcs2000"), metres, systems.chosen("gcj02"), best)
    assert fit.is_doubtful is doubtful
    assert bool(fit.words) is (doubtful or metres > 120)


def test_a_wrong_zone_is_warned_of_and_the_right_one_named(cast: Cast, tmp_path: Path) -> None:
    data = packed(town(cast), Format.GPKG, "4544")
    found = _compared(cast, data, tmp_path, system="4546")
    assert len(found.faults) == 4, "they lie outside of the town"
    assert str(systems.chosen("4544").label) in found.doubts[0]
    assert _states(_compared(cast, data, tmp_path)) == {"same": list(town(cast))}


def test_where_nothing_is_published_neighbours_tell_the_datum(cast: Cast, tmp_path: Path) -> None:
    codes = ["511111102", "511111102001", "511111102001001"]
    hierarchy.create_units(units=[NewUnit(code=code, name=code) for code in codes], now=cast.now)
    scope = Unit.objects.get(pk=codes[0])
    beside = {codes[2]: box(WEST, SOUTH + SIDE, WEST + 5 * SIDE, SOUTH + 2 * SIDE)}
    beside[codes[2]] = lattice.to_lattice(shapely.segmentize(beside[codes[2]], SIDE / 10))
    found = _compared(cast, packed(beside, Format.GEOJSON, "gcj02"), tmp_path, scope=scope, system="cgcs2000")
    assert str(systems.chosen("gcj02").label) in found.doubts[0]
    assert found.is_new_frame
    right = _compared(cast, packed(beside, Format.GEOJSON, "gcj02"), tmp_path, scope=scope)
    assert right.doubts == []
    far = {codes[2]: box(110, 30, 110.1, 30.1)}
    assert len(_compared(cast, packed(far, Format.KML), tmp_path, scope=scope).doubts) == 1


def test_a_comparison_becomes_a_draft_and_changes_nothing_else(cast: Cast, tmp_path: Path) -> None:
    shapes = _moved_border(cast)
    # A gap, a hole and an island: drafts may hold what cannot be published.
    shapes[cast.third_grid.pk] = box(WEST + 2.1 * SIDE, SOUTH, WEST + 3 * SIDE, SOUTH + SIDE)
    data = packed(shapes, Format.SHAPEFILE)
    found = _compared(cast, data, tmp_path)
    before = Plan.objects.count()
    plan = beginning.begin(
        found, wish=Wish(title="导入"), file_name="a.zip", leave_out_bad=False, actor=cast.administrator, now=cast.now
    )
    assert Plan.objects.count() == before + 1
    areas = {area.unit_id: area for area in PlanArea.objects.filter(plan=plan)}
    assert set(areas) == set(shapes)
    assert lattice.from_db(areas[cast.third_grid.pk].geom).equals(shapes[cast.third_grid.pk])
    assert plan.status == "draft"
    assert plan.operations.get().kind == "begin_from"


def test_bad_features_are_left_out_only_when_somebody_says_so(cast: Cast, tmp_path: Path) -> None:
    features: list[Any] = [({"code": code}, shape) for code, shape in town(cast).items()]
    found = _compared(cast, geojson(*features, ({"code": ""}, None)), tmp_path)
    before = Plan.objects.count()
    words = {"wish": Wish(title="x"), "file_name": "x", "actor": cast.administrator, "now": cast.now}
    with pytest.raises(BoundaryFileRefused) as refused:
        beginning.begin(found, leave_out_bad=False, **words)
    assert [fault.index for fault in refused.value.faults] == [5]
    assert Plan.objects.count() == before
    plan = beginning.begin(found, leave_out_bad=True, **words)
    assert plan.areas.count() == 4
    empty = _compared(cast, geojson(({"code": ""}, None)), tmp_path)
    with pytest.raises(BoundaryFileRefused):
        beginning.begin(empty, leave_out_bad=True, **words)


def test_the_place_is_found_out_from_the_codes(cast: Cast) -> None:
    assert beginning.scope_of([cast.grid.pk, cast.second_grid.pk]) == cast.village
    assert beginning.scope_of([cast.grid.pk, cast.third_grid.pk, "x", ""]) == cast.town
    assert beginning.scope_of([cast.grid.pk, cast.other_grid.pk]) == cast.district
    assert beginning.scope_of(["510000000000001", cast.grid.pk]) == cast.village
    assert beginning.scope_of(["510000000000001"]) is None
