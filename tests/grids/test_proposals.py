"""Proposals are asked for, found by a worker, left and found again, and taken over as one step that can be undone."""

from collections import Counter
from collections.abc import Iterator

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connections

from grids import balance, draft_checks, draft_edits, draft_rows, drafts, partition, proposals
from grids.drafts import Wish
from grids.holds import PlanConflict
from grids.levels import GridKind
from grids.models import Dwelling, Plan, PlanArea, Proposal, ProposalState
from grids.partition import NotATiling
from grids.proposals import Wanted
from grids.refusals import BoundaryRefused
from tests.cast import Cast
from tests.grids.quarter import Quarter

pytestmark = pytest.mark.django_db


@pytest.fixture
def small(db: None) -> Quarter:
    """Two streets of 1,500 households each."""
    return Quarter.make(streets=(2, 1), buildings=200, households=3_000)


@pytest.fixture
def plan(small: Quarter) -> Plan:
    return drafts.begin(
        scope=small.district, wish=Wish("重划", target_households=300), actor=small.keeper, now=small.now
    )


def _asked(quarter: Quarter, plan: Plan, *, target: int = 300, seeds: list[int] | None = None) -> list[Proposal]:
    return proposals.ask(plan=plan, wanted=Wanted(target), seeds=seeds or [1], actor=quarter.keeper, now=quarter.now)


def _found(quarter: Quarter, plan: Plan, *, target: int = 300) -> Proposal:
    (asked,) = _asked(quarter, plan, target=target)
    assert proposals.work_on_all(now=lambda: quarter.now) == 1
    asked.refresh_from_db()
    return asked


def _take(quarter: Quarter, plan: Plan, proposal: Proposal) -> None:
    plan.refresh_from_db()
    draft_edits.operate(
        plan_id=plan.pk,
        seen=plan.revision,
        kind="propose",
        args={"proposal": proposal.pk},
        actor=quarter.keeper,
        now=quarter.now,
    )
    plan.refresh_from_db()


def test_yh_1_a_district_of_eight_streets_gets_326_blocks_and_lists_those_outside_of_the_tolerance(db: None) -> None:
    quarter = Quarter.make(streets=(4, 2), buildings=3_887, households=114_100)
    plan = drafts.begin(
        scope=quarter.district, wish=Wish("八街道", target_households=350), actor=quarter.keeper, now=quarter.now
    )
    _take(quarter, plan, _found(quarter, plan, target=350))
    lines = balance.lines(plan, draft_rows.read(plan.pk).values())
    assert len(lines) == 326
    assert sum(line.row.households or 0 for line in lines) == 114_100
    assert [line.row.key for line in lines if line.is_outside] == []
    # A quarter of a compound more for one of them, and it is on the list.
    row = draft_rows.read(plan.pk)[lines[0].row.key]
    homes = Dwelling.objects.filter(geom__within=PlanArea.objects.get(plan=plan, key=row.key).geom)
    assert sum(home.households for home in homes) == row.households
    assert balance.is_outside((row.households or 0) + 150, 350, 20)
    # It tiles the ground; nothing is missing but the officers of new grids.
    assert set(Counter(fault.kind for fault in draft_checks.faults(plan))) <= {"officer"}


def test_a_proposal_waits_is_found_and_says_how_good_it_is(small: Quarter, plan: Plan) -> None:
    (asked,) = _asked(small, plan)
    assert asked.state == ProposalState.WAITING
    proposals.work_on_all(now=lambda: small.now)
    asked.refresh_from_db()
    assert (asked.state, asked.progress, asked.fault, asked.finished_at) == (ProposalState.READY, 100, "", small.now)
    assert asked.figures["grids"] == len(asked.result) == len(asked.figures["drawing"]["paths"]) == 10
    assert asked.parameters["method"] == partition.METHOD
    assert {area.village for area in proposals.areas_of(asked)} == set(small.villages)
    assert sum(area.households for area in proposals.areas_of(asked)) == 3_000


def test_the_same_seed_finds_the_same_areas(small: Quarter, plan: Plan) -> None:
    one, two, other = _asked(small, plan, seeds=[7, 7, 8])
    proposals.work_on_all(now=lambda: small.now)
    for asked in (one, two, other):
        asked.refresh_from_db()
    assert one.result == two.result
    assert one.result != other.result


def test_a_proposal_is_taken_over_in_one_step_and_undone_to_the_byte(small: Quarter, plan: Plan) -> None:
    before = {row.key: row.stored() for row in draft_rows.read(plan.pk).values()}
    found = _found(small, plan)
    _take(small, plan, found)
    assert PlanArea.objects.filter(plan=plan).count() == 10
    assert {fault.kind for fault in draft_checks.faults(plan)} <= {"officer"}
    draft_edits.operate(plan_id=plan.pk, seen=plan.revision, kind="undo", args={}, actor=small.keeper, now=small.now)
    assert {row.key: row.stored() for row in draft_rows.read(plan.pk).values()} == before


def test_a_dedicated_grid_is_left_as_it_is(small: Quarter, plan: Plan) -> None:
    area = PlanArea.objects.filter(plan=plan).order_by("key").first()
    assert area is not None
    area.grid_kind = GridKind.DEDICATED
    area.save()
    found = _found(small, plan)
    assert found.figures["grids"] == 6
    _take(small, plan, found)
    (kept,) = PlanArea.objects.filter(plan=plan, grid_kind=GridKind.DEDICATED)
    assert kept.unit_id == area.unit_id
    assert kept.geom.equals(area.geom)


def test_without_dwellings_counts_given_by_hand_are_spread_evenly(small: Quarter, plan: Plan) -> None:
    Dwelling.objects.all().delete()
    PlanArea.objects.filter(plan=plan).update(households=1_200, households_given=True)
    found = _found(small, plan)
    assert found.figures["spread"] == sorted(small.villages)
    assert found.figures["grids"] == 8
    assert found.figures["outside_tolerance"] == 0


def test_without_any_count_there_are_as_many_grids_as_today(small: Quarter, plan: Plan) -> None:
    Dwelling.objects.all().delete()
    PlanArea.objects.filter(plan=plan).update(households=None)
    found = _found(small, plan)
    assert found.figures["by_area"] == sorted(small.villages)
    assert found.figures["grids"] == 2


def test_what_goes_wrong_is_said(small: Quarter, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    def torn(*_given: object, **_more: object) -> None:
        raise NotATiling

    monkeypatch.setattr(partition, "divide", torn)
    found = _found(small, plan)
    assert found.state == ProposalState.FAILED
    assert found.fault
    assert not found.result


def test_one_that_kills_its_workers_is_given_up(small: Quarter, plan: Plan) -> None:
    (asked,) = _asked(small, plan)
    # Three workers began and never came to the end.
    Proposal.objects.filter(pk=asked.pk).update(state=ProposalState.RUNNING, parameters=asked.parameters | {"tries": 3})
    proposals.work_on_all(now=lambda: small.now)
    asked.refresh_from_db()
    assert asked.state == ProposalState.FAILED
    assert "3" in asked.fault


@pytest.fixture
def another_worker(db: None) -> Iterator[object]:
    """A second session in the same database."""
    other = connections["default"].copy()
    yield other
    other.close()


def test_two_workers_never_look_for_the_same_one(small: Quarter, plan: Plan, another_worker: object) -> None:
    (asked,) = _asked(small, plan)
    with another_worker.cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute("select pg_advisory_lock(%s, %s)", [proposals._LOCK_CLASS, asked.pk])
        assert proposals.work_on_all(now=lambda: small.now) == 0
        # It dies, and its lock with it.
        cursor.execute("select pg_advisory_unlock(%s, %s)", [proposals._LOCK_CLASS, asked.pk])
    assert proposals.work_on_all(now=lambda: small.now) == 1


def test_who_does_not_administer_the_scope_asks_for_nothing(small: Quarter, plan: Plan, cast: Cast) -> None:
    with pytest.raises(PermissionDenied):
        proposals.ask(plan=plan, wanted=Wanted(300), seeds=[1], actor=cast.administrator, now=small.now)


@pytest.mark.parametrize("wanted", [Wanted(0), Wanted(300, tolerance=0), Wanted(300, follow="blindly")])
def test_wishes_that_mean_nothing_are_refused(small: Quarter, plan: Plan, wanted: Wanted) -> None:
    with pytest.raises(BoundaryRefused):
        proposals.ask(plan=plan, wanted=wanted, seeds=[1], actor=small.keeper, now=small.now)


def test_a_plan_that_was_put_away_gets_no_proposals(small: Quarter, plan: Plan) -> None:
    drafts.discard(plan=plan, actor=small.keeper, now=small.now, reason="不再需要")
    with pytest.raises(PlanConflict):
        _asked(small, plan)
