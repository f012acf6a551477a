"""The proof finds every gap, overlap and loose corner, and nothing where there is none."""

import json
import time
from pathlib import Path

import numpy as np
import pytest
import shapely
from shapely.geometry import MultiPolygon, Polygon, shape
from shapely.geometry.base import BaseGeometry

from grids import faults, lattice, proof
from grids.proof import Proof

LUODONG = Path(__file__).parents[1] / "data" / "boundaries" / "tw-luodong-villages.geojson"

Coverage = tuple[dict[str, BaseGeometry], BaseGeometry]


@pytest.fixture
def town() -> Coverage:
    """A real town's 23 villages and their outline."""
    features = json.loads(LUODONG.read_text(encoding="utf-8"))["features"]
    villages = {f["properties"]["village_code"]: lattice.to_lattice(shape(f["geometry"])) for f in features}
    return villages, shapely.coverage_union_all(list(villages.values()))


def _found(coverage: Coverage) -> tuple[Proof, list[faults.Fault]]:
    result = proof.prove(*coverage)
    return result, faults.find(result, *coverage)


def test_a_real_town_is_tiled_exactly(town: Coverage) -> None:
    result, found = _found(town)
    assert result.holds
    assert result.grids == 23
    assert found == []


def test_a_lost_grid_is_a_pocket_with_its_neighbours(town: Coverage) -> None:
    villages, outline = town
    lost = villages.pop("10002020004")
    result, found = _found((villages, outline))
    assert not result.holds
    assert [fault.kind for fault in found] == ["pocket"]
    assert found[0].area_m2 == pytest.approx(lattice.square_metres(lost), rel=1e-6)
    assert found[0].units
    assert lost.contains(shapely.Point(*found[0].at or (0, 0)))
    assert found[0].units[0] in found[0].message


def test_a_shifted_grid_overlaps_one_side_and_leaves_the_other(town: Coverage) -> None:
    villages, outline = town
    code = "10002020004"
    villages[code] = lattice.to_lattice(shapely.transform(villages[code], lambda xy: xy + np.array([3e-5, 0])))
    result, found = _found((villages, outline))
    assert not result.holds
    assert {"pocket", "overlap"} <= {fault.kind for fault in found}
    overlap = next(fault for fault in found if fault.kind == "overlap")
    assert code in overlap.units
    assert overlap.area_m2 > 1000
    assert [fault.area_m2 for fault in found if fault.area_m2 >= 1] == sorted(
        (fault.area_m2 for fault in found if fault.area_m2 >= 1), reverse=True
    )


def test_gaps_and_overlaps_of_equal_area_do_not_cancel(town: Coverage) -> None:
    """An area sum would pass this."""
    villages, outline = town
    first, second = sorted(villages)[:2]
    villages[first], villages[second] = (
        villages[first],
        shapely.transform(villages[second], lambda xy: xy + np.array([1e-3, 0])),
    )
    villages[second] = lattice.to_lattice(villages[second])
    assert not proof.prove(villages, outline).holds


def test_a_grid_inside_of_another_is_found(town: Coverage) -> None:
    """ST_Overlaps is false here by its definition."""
    villages, outline = town
    host = sorted(villages)[0]
    inner = lattice.to_lattice(villages[host].representative_point().buffer(2e-4, quad_segs=2))
    _result, found = _found(({**villages, "inner": inner}, outline))
    assert [(fault.kind, set(fault.units)) for fault in found] == [("overlap", {host, "inner"})]


def test_a_grid_beyond_the_outline_spills() -> None:
    frame = shapely.box(103, 29, 103.01, 29.01)
    wide = shapely.box(103, 29, 103.02, 29.01)
    _result, found = _found(({"a": wide}, frame))
    assert [(fault.kind, fault.units) for fault in found] == [("spill", ("a",))]
    assert found[0].area_m2 == pytest.approx(lattice.square_metres(frame), rel=1e-3)


def test_a_corner_that_only_one_side_has_is_found_though_no_area_is_wrong() -> None:
    left = Polygon([(103, 29), (103.01, 29), (103.01, 29.005), (103.01, 29.01), (103, 29.01)])
    right = shapely.box(103.01, 29, 103.02, 29.01)
    frame = shapely.box(103, 29, 103.02, 29.01)
    frame = Polygon([(103, 29), (103.01, 29), (103.02, 29), (103.02, 29.01), (103.01, 29.01), (103, 29.01)])
    result, found = _found(({"left": left, "right": right}, frame))
    assert not result.holds
    assert [(fault.kind, fault.units) for fault in found] == [("vertex", ("left", "right"))]


def test_one_lattice_step_is_seen() -> None:
    left, right = shapely.box(103, 29, 103.01, 29.01), shapely.box(103.0100001, 29, 103.02, 29.01)
    frame = shapely.box(103, 29, 103.02, 29.01)
    result, found = _found(({"left": lattice.to_lattice(left), "right": lattice.to_lattice(right)}, frame))
    assert not result.holds
    assert found


def test_holes_and_several_parts_are_counted_right() -> None:
    hole = shapely.box(103.004, 29.004, 103.006, 29.006)
    ring = Polygon(shapely.box(103, 29, 103.01, 29.01).exterior, [hole.exterior])
    island = shapely.box(103.02, 29, 103.03, 29.01)
    grids = {"ring": MultiPolygon([ring, island]), "inner": hole}
    frame = MultiPolygon([shapely.box(103, 29, 103.01, 29.01), island])
    assert proof.prove({code: lattice.to_lattice(g) for code, g in grids.items()}, lattice.to_lattice(frame)).holds
    assert not proof.prove({"ring": lattice.to_lattice(grids["ring"])}, lattice.to_lattice(frame)).holds


def test_an_invalid_polygon_and_one_off_the_lattice_prove_nothing() -> None:
    bow = Polygon([(103, 29), (103.01, 29.01), (103.01, 29), (103, 29.01)])
    result, found = _found(({"bow": bow}, bow))
    assert result.invalid == ("bow", "")
    assert found[0].kind == "invalid"
    off = shapely.box(103, 29, 103.00000005, 29.01)
    result, found = _found(({"off": off}, off))
    assert not result.holds
    assert found[0].kind == "off_lattice"


def test_orientation_and_start_of_a_ring_do_not_matter(town: Coverage) -> None:
    villages, outline = town
    turned = {code: shapely.reverse(village) for code, village in villages.items()}
    assert proof.prove(turned, shapely.normalize(outline)).holds


def test_every_single_moved_vertex_is_found(town: Coverage) -> None:
    villages, outline = town
    dice = np.random.default_rng(3)
    for code in sorted(villages):
        corners = len(shapely.get_coordinates(villages[code])) - 1
        number = int(dice.integers(1, corners))

        def moved(xy: np.ndarray, number: int = number) -> np.ndarray:
            xy = xy.copy()
            xy[number] += [1e-7, 1e-7]
            return xy

        bent = lattice.to_lattice(shapely.transform(villages[code], moved))
        assert not proof.prove({**villages, code: bent}, outline).holds, code


def test_a_town_is_proven_in_milliseconds(town: Coverage) -> None:
    proof.prove(*town)
    begin = time.perf_counter()
    proof.prove(*town)
    assert time.perf_counter() - begin < 0.5


def test_the_digest_names_the_exact_geometry(town: Coverage) -> None:
    villages, _outline = town
    digest = proof.digest(villages)
    assert proof.digest(dict(reversed(villages.items()))) == digest
    villages["10002020004"] = shapely.transform(villages["10002020004"], lambda xy: xy + np.array([1e-7, 0]))
    assert proof.digest(villages) != digest


def test_lattice_ordinates_are_the_doubles_of_their_decimals() -> None:
    given = np.random.default_rng(5).uniform([73, 18], [135, 53], (20_000, 2))
    written = lattice.degrees(lattice.keys(given))
    assert all(value == float(f"{value:.7f}") for value in written.ravel())
