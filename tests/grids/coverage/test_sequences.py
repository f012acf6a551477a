"""Whatever is done to a real coverage, in whatever order, it stays a proven coverage; and what is undone was never."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from grids import coverage, lattice
from grids.coverage import Edited, EditRefused
from tests.grids.coverage import ground, test_faults
from tests.grids.coverage.ground import Shapes

KINDS = ("split", "split", "split", "merge", "move", "insert", "remove", "give", "carve")


@dataclass
class Hand:
    """Somebody who edits a coverage without much thought."""

    shapes: Shapes
    frame: BaseGeometry
    dice: np.random.Generator
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)

    def edits(self, kind: str) -> Edited | None:
        try:
            edited: Edited = getattr(self, kind)(int(self.dice.choice(list(self.shapes))))
        except EditRefused as refused:
            self.outcomes[kind, refused.code] += 1
            return None
        self.outcomes[kind, "done"] += 1
        return edited

    def split(self, key: int) -> Edited:
        line = self._line(key)
        around = ground.near(self.shapes, self.shapes[key])
        return coverage.split(around, self.frame, key=key, line=line, new_keys=max(self.shapes) + 1)

    def merge(self, key: int) -> Edited:
        other = int(self.dice.choice(list(ground.near(self.shapes, self.shapes[key]))))
        around = ground.near(self.shapes, self.shapes[key], self.shapes[other])
        return coverage.merge(around, self.frame, keys=[key, other], into=key)

    def move(self, key: int) -> Edited:
        at = self._corner(key)
        to = (at[0] + self.dice.normal(0, 2e-4), at[1] + self.dice.normal(0, 2e-4))
        around = ground.near(self.shapes, shapely.LineString([at, to]), self.shapes[key])
        return coverage.move_vertex(around, self.frame, at=at, to=to)

    def insert(self, key: int) -> Edited:
        coords = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(self.shapes[key])[0])[0])
        number = int(self.dice.integers(len(coords) - 1))
        begin, end = coords[number], coords[number + 1]
        at = (begin + end) / 2 + self.dice.normal(0, 5e-5, 2) * self.dice.integers(2)
        around = ground.near(self.shapes, self.shapes[key])
        return coverage.insert_vertex(around, self.frame, segment=(tuple(begin), tuple(end)), at=tuple(at))

    def remove(self, key: int) -> Edited:
        around = ground.near(self.shapes, self.shapes[key])
        return coverage.remove_vertex(around, self.frame, at=self._corner(key))

    def give(self, key: int) -> Edited:
        piece = ground.disc(self._corner(key), float(self.dice.choice([1, 20, 150])))
        around = ground.near(self.shapes, piece, self.shapes[key])
        return coverage.give(around, self.frame, piece=piece, to=key)

    def carve(self, key: int) -> Edited:
        piece = shapely.MultiPoint(self._line(key, corners=5)).convex_hull
        around = ground.near(self.shapes, piece)
        return coverage.give(around, self.frame, piece=piece, to=max(self.shapes) + 1, is_new=True)

    def _line(self, key: int, corners: int | None = None) -> list[tuple[float, float]]:
        west, south, east, north = self.shapes[key].bounds
        low, high = np.array([west, south]), np.array([east, north])
        count = corners or int(self.dice.choice([2, 2, 3, 5]))
        points = low + (high - low) * self.dice.uniform(-0.1, 1.1, (count, 2))
        return [(float(x), float(y)) for x, y in points]

    def _corner(self, key: int) -> tuple[float, float]:
        x, y = self.dice.choice(shapely.get_coordinates(self.shapes[key]))
        return float(x), float(y)


def _bytes(shapes: Shapes, frame: BaseGeometry) -> dict[int, bytes]:
    return {key: shapely.to_wkb(shape) for key, shape in sorted({**shapes, -1: frame}.items())}


def _play(hand: Hand, kinds: list[str]) -> None:
    """Do all of it, prove after each step, then take it back step by step as a draft does: by what was there before."""
    first = _bytes(hand.shapes, hand.frame)
    taken_back = []
    for kind in kinds:
        before = _bytes(hand.shapes, hand.frame)
        edited = hand.edits(kind)
        assert _bytes(hand.shapes, hand.frame) == before, "an edit never changes what it was given"
        if edited is None:
            continue
        touched = edited.areas.keys() | edited.removed
        taken_back.append(({key: hand.shapes.get(key) for key in touched}, hand.frame))
        hand.shapes, hand.frame = edited.applied_to(hand.shapes), edited.frame or hand.frame
        assert ground.holds(hand.shapes, hand.frame), kind
        for shape in edited.areas.values():
            assert lattice.is_on_lattice(shape)
            assert shapely.equals_identical(shapely.remove_repeated_points(shape), shape)
    assert {fault.kind for fault in coverage.faults(hand.shapes, hand.frame)} <= {"parts"}
    assert coverage.prove_twice(hand.shapes, hand.frame).holds
    for rows, frame in reversed(taken_back):
        restored = {**hand.shapes, **rows}
        hand.shapes, hand.frame = {key: shape for key, shape in restored.items() if shape is not None}, frame
    assert _bytes(hand.shapes, hand.frame) == first


@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(kinds=st.lists(st.sampled_from(KINDS), min_size=3, max_size=12), seed=st.integers(0, 2**32))
def test_any_sequence_of_edits_keeps_the_proof_and_can_be_taken_back(kinds: list[str], seed: int) -> None:
    _play(Hand(*ground.luodong(), np.random.default_rng(seed)), kinds)


@pytest.mark.parametrize("place", ["taipei", "yilan", "manhattan"])
def test_a_long_sequence_on_a_real_coverage_keeps_the_proof_and_can_be_taken_back(place: str) -> None:
    hand = Hand(*ground.PLACES[place](), np.random.default_rng(len(place)))
    _play(hand, [str(kind) for kind in hand.dice.choice(KINDS, 60)])
    assert all(hand.outcomes[kind, "done"] for kind in KINDS)


def _amiss(shapes: Shapes, frame: BaseGeometry) -> tuple[Counter[str], Counter[str]]:
    """How many faults of each kind, and of how many square metres."""
    count: Counter[str] = Counter()
    area: Counter[str] = Counter()
    for fault in coverage.faults(shapes, frame):
        count[fault.kind] += 1
        area[fault.kind] += fault.area_m2
    return count, area


@pytest.mark.parametrize(("place", "seed"), [("taipei", 1), ("yilan", 2), ("luodong", 3), ("luodong", 4)])
def test_edits_beside_faults_make_none(place: str, seed: int) -> None:
    """An imported draft is full of faults; whatever is done to it, no more ground is amiss than before."""
    shapes, frame = ground.PLACES[place]()
    kinds = list(test_faults.INJECTIONS.values())
    for number, key in enumerate(test_faults.apart(shapes, frame, 9, np.random.default_rng(seed))):
        shapes, _known = kinds[(number + seed) % len(kinds)](shapes, frame, key)
    hand = Hand(shapes, frame, np.random.default_rng(seed))
    count, area = _amiss(shapes, frame)
    assert count
    for kind in hand.dice.choice(KINDS, 25):
        edited = hand.edits(str(kind))
        if edited is None:
            continue
        hand.shapes, hand.frame = edited.applied_to(hand.shapes), edited.frame or hand.frame
        (count, area), (count_before, area_before) = _amiss(hand.shapes, hand.frame), (count, area)
        # A corner put on a border that is not shared moves it by half a lattice step: some square decimetres.
        assert all(area[one] <= area_before[one] + 2 for one in ("pocket", "overlap", "spill")), kind
        assert all(count[one] <= count_before[one] for one in ("vertex", "invalid", "sliver")), kind
