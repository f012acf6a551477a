"""Each repair mends one fault and nothing else; a street with 68 pockets ends with none."""

import numpy as np
import pytest
import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from grids import coverage, lattice
from grids.coverage import CoverageFault, EditRefused
from tests.grids.coverage import ground, test_faults
from tests.grids.coverage.ground import Shapes


def _faulty(place: str, seed: int) -> tuple[Shapes, BaseGeometry]:
    """A coverage with a fault of every kind, as far as it has room."""
    shapes, frame = ground.PLACES[place]()
    kinds = list(test_faults.INJECTIONS.values())
    for number, key in enumerate(test_faults.apart(shapes, frame, 9, np.random.default_rng(seed))):
        shapes, _known = kinds[(number + seed) % len(kinds)](shapes, frame, key)
    return shapes, frame


def _known(found: list[CoverageFault]) -> dict[str, CoverageFault]:
    return {fault.id: fault for fault in found}


@pytest.mark.parametrize(("place", "seed"), [("taipei", 0), ("manhattan", 3), ("yilan", 6)])
def test_every_repair_offered_mends_its_fault_and_touches_nothing_else(place: str, seed: int) -> None:
    shapes, frame = _faulty(place, seed)
    before = _known(coverage.faults(shapes, frame))
    tried = 0
    for fault in before.values():
        if place == "manhattan" and fault.kind == "parts":
            continue  # It has forty islands and piers of its own.
        for repair in fault.repairs[:3]:
            edited = coverage.repair_fault(shapes, frame, fault=fault, how=repair.how, to=repair.to)
            after = _known(coverage.faults(edited.applied_to(shapes), edited.frame or frame))
            gone, fresh = before.keys() - after.keys(), [after[key] for key in after.keys() - before.keys()]
            # What snaps together may have parted on both sides of a crossing.
            assert gone == {fault.id} or (repair.how == "snap" and fault.id in gone), (fault, repair)
            # A gift across a gap may leave a grid in two parts: that is told, not hidden.
            assert {one.kind for one in fresh} <= {"parts"}, (fault, repair, fresh)
            tried += 1
    assert tried >= 6


def test_repairing_every_fault_one_by_one_leaves_a_proven_coverage() -> None:
    shapes, frame = _faulty("taipei", 4)
    steps = 0
    while found := coverage.faults(shapes, frame):
        first = found[0]
        edited = coverage.repair(
            shapes, frame, fault_id=first.id, how=first.repairs[0].how, to=first.repairs[0].to, new_keys=9000 + steps
        )
        shapes, frame = edited.applied_to(shapes), edited.frame or frame
        steps += 1
        assert steps < 50
    assert coverage.prove_twice(shapes, frame).holds


def _with_68_pockets() -> tuple[Shapes, BaseGeometry]:
    """A real city district whose areas leave 68 pieces to nobody: inside of areas, on borders, at corners where three
    meet, on the frame."""
    shapes, frame = ground.taipei()
    dice = np.random.default_rng(68)
    pieces: list[BaseGeometry] = []
    corners = shapely.get_coordinates(list(shapes.values()))
    inner = [ground.pole(shape)[0] for shape in shapes.values()]
    for number in dice.permutation(len(corners) + len(inner)):
        at = tuple(corners[number]) if number < len(corners) else inner[number - len(corners)]
        piece = ground.disc(at, float(dice.uniform(2, 8)))
        if not any(shapely.dwithin(piece, other, 3e-4) for other in pieces):
            pieces.append(piece)
        if len(pieces) == 68:
            break
    for piece in pieces:
        for key, shape in ground.near(shapes, piece).items():
            if shapely.relate_pattern(piece, shape, "2********"):
                shapes = {**shapes, key: ground.cut_out(shape, piece)}
    return shapes, frame


def test_yh_2_sixty_eight_pockets_are_found_and_given_one_by_one_until_none_is_left() -> None:
    shapes, frame = _with_68_pockets()
    pockets = coverage.pockets(shapes, frame)
    assert len(pockets) == 68
    assert [fault.kind for fault in coverage.faults(shapes, frame)] == ["pocket"] * 68
    for left in range(68, 0, -1):
        pocket = coverage.pocket_at(shapes, frame, pockets[68 - left].at)
        assert pocket.suggested is not None
        assert pocket.neighbours[0][0] == pocket.suggested
        edited = coverage.give(
            ground.near(shapes, pocket.shape, *(shapes[key] for key, _metres in pocket.neighbours)),
            frame,
            piece=pocket.shape,
            to=pocket.suggested,
        )
        shapes, frame = edited.applied_to(shapes), edited.frame or frame
        if left % 17 == 1:
            assert len(coverage.pockets(shapes, frame)) == left - 1
    assert coverage.faults(shapes, frame) == []
    assert coverage.prove_twice(shapes, frame).holds


def test_a_pocket_may_become_an_area_of_its_own() -> None:
    shapes, frame = ground.luodong()
    faulty, _known = test_faults.hole(shapes, frame, 5)
    pocket = coverage.pockets(faulty, frame)[0]
    edited = coverage.give(faulty, frame, piece=pocket.shape, to=99, is_new=True)
    assert edited.areas.keys() == {99}
    assert ground.holds(edited.applied_to(faulty), frame)


def test_a_fault_that_is_gone_and_a_repair_that_was_not_offered_are_refused() -> None:
    shapes, frame = ground.luodong()
    faulty, _known = test_faults.hole(shapes, frame, 5)
    with pytest.raises(EditRefused) as refused:
        coverage.repair(faulty, frame, fault_id="0" * 16, how="new")
    assert refused.value.code == "no_fault"
    fault = coverage.faults(faulty, frame)[0]
    with pytest.raises(EditRefused) as refused:
        coverage.repair(faulty, frame, fault_id=fault.id, how="give", to=1)
    assert refused.value.code == "no_repair"
    with pytest.raises(EditRefused) as refused:
        coverage.pocket_at(shapes, frame, fault.at)
    assert refused.value.code == "no_pocket"


@pytest.mark.parametrize("seed", [1, 2])
def test_a_corner_that_one_side_has_a_little_off_snaps_back(seed: int) -> None:
    """A centimetre to half a metre: the crack closes, with its twin on the other side of the crossing."""
    shapes, frame = ground.luodong()
    dice = np.random.default_rng(seed)
    closed = 0
    while closed < 20:
        key = int(dice.choice(list(shapes)))
        corners = shapely.get_coordinates(shapes[key])
        number = int(dice.integers(1, len(corners) - 1))
        off = np.rint(dice.normal(0, dice.choice([1, 10, 20]), 2)) * 1e-7
        corners[number] += off
        bent = lattice.to_lattice(Polygon(corners))
        faulty = {**shapes, key: bent if bent.is_valid else shapes[key]}
        for fault in coverage.faults(faulty, frame):
            if not any(repair.how == "snap" for repair in fault.repairs):
                assert fault.kind in ("spill", "vertex")
                continue
            edited = coverage.repair_fault(faulty, frame, fault=fault, how="snap")
            left = coverage.faults(edited.applied_to(faulty), edited.frame or frame)
            assert fault.id not in {one.id for one in left}
            assert {one.id for one in left} <= {one.id for one in coverage.faults(faulty, frame)}
            assert edited.frame is None
            closed += 1


def test_a_town_whose_every_border_was_drawn_twice_is_repaired_press_by_press() -> None:
    """Each village digitised for itself, a foot off: two hundred faults, and the first repair that fits for each."""
    shapes, frame = ground.luodong()
    dice = np.random.default_rng(1)
    for key, shape in shapes.items():
        corners = shapely.get_coordinates(shape)
        corners[1:-1] += dice.normal(0, 3e-6, corners[1:-1].shape)
        shapes = {**shapes, key: lattice.to_lattice(Polygon(corners))}
    found = coverage.faults(shapes, frame)
    assert len(found) > 150
    for _round in range(120):
        touched: set[int] = set()
        for fault in found:
            # Repairs of one round lie apart, so that none changes what another was found as.
            if touched.isdisjoint(fault.keys):
                edited = _first_that_fits(shapes, frame, fault)
                shapes, frame = edited.applied_to(shapes), edited.frame or frame
                touched |= {*fault.keys, *edited.areas}
        found = [fault for fault in coverage.faults(shapes, frame) if fault.kind != "parts"]
        if not found:
            break
    assert found == []
    assert coverage.prove_twice(shapes, frame).holds


def _first_that_fits(shapes: Shapes, frame: BaseGeometry, fault: CoverageFault) -> coverage.Edited:
    for repair in fault.repairs:
        try:
            return coverage.repair_fault(shapes, frame, fault=fault, how=repair.how, to=repair.to)
        except EditRefused:
            continue
    return coverage.Edited({})
