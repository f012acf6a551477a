"""A plan is begun, drawn one edit at a time, taken back byte for byte, held by one person."""

import random
from datetime import timedelta

import pytest
import shapely
from django.core.exceptions import PermissionDenied
from shapely import affinity

from grids import approvals, coverage, draft_edits, draft_log, draft_rows, drafts, households, lattice, plans
from grids.coverage import EditRefused
from grids.draft_rows import shapes_of
from grids.drafts import Drawn, Wish
from grids.holds import LEASE, PlanConflict
from grids.models import Person, Plan, PlanArea, PlanOperation, PlanStatus
from grids.refusals import BoundaryRefused
from tests.cast import Cast
from tests.grids.drafting import SIDE, SOUTH, WEST, Pen, begin, field, frame, settle, square


@pytest.fixture
def pen(cast: Cast) -> Pen:
    """A field of six by four squares, drawn by the administrator."""
    return Pen(begin(cast, field(6, 4), frame(6, 4)), cast.administrator, cast.now)


def across(column: int, row: int) -> list[list[float]]:
    """A line that cuts a square from west to east, a little above its middle."""
    y = SOUTH + SIDE * (row + 0.55)
    return [[WEST + SIDE * (column - 0.2), y], [WEST + SIDE * (column + 1.2), y + SIDE * 0.1]]


def test_it_begins_with_the_grids_in_force_and_their_officers(cast: Cast) -> None:
    plan = drafts.begin(scope=cast.town, wish=Wish("重划"), actor=cast.administrator, now=cast.now)
    rows = draft_rows.read(plan.pk)
    assert [row.unit for row in rows.values()] == [
        cast.grid.pk, cast.second_grid.pk, cast.third_grid.pk, cast.fourth_grid.pk,
    ]  # fmt: skip
    assert rows[1].officer == cast.officer.pk and rows[1].village == cast.village.pk
    assert plan.base is not None and plan.last_key == 4
    assert approvals.prove(plan_id=plan.pk, actor=cast.administrator, now=cast.now).holds


def test_what_is_published_while_a_plan_is_begun_makes_it_stale(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def meanwhile(codes: list[str]) -> dict[str, int]:
        grids = {code: shape for code, shape in plans.in_force(cast.village.pk).items() if code in codes}
        outline = plans.outline_of(cast.village.pk, cast.now)
        assert outline is not None
        faster = plans.draft(scope=cast.village, title="快一步", now=cast.now, grids=grids, frame=outline)
        plans.publish(plan=faster, at=cast.now, now=cast.now)
        return {}

    monkeypatch.setattr(households, "given_before", meanwhile)
    plan = drafts.begin(scope=cast.town, wish=Wish("重划"), actor=cast.administrator, now=cast.now)
    assert plans.is_stale(plan)


def test_nothing_is_begun_where_nothing_is_published_or_by_strangers(cast: Cast) -> None:
    PlanArea.objects.all().delete()
    with pytest.raises(PermissionDenied):
        drafts.begin(scope=cast.town, wish=Wish("x"), actor=cast.town_head, now=cast.now)
    with pytest.raises(BoundaryRefused):
        drafts.begin(scope=cast.grid, wish=Wish("x"), actor=cast.administrator, now=cast.now)
    drawn = [Drawn("511111100001999", cast.village.pk, "", square(0, 0))]
    with pytest.raises(BoundaryRefused, match="511111100001999"):
        drafts.begin_from(scope=cast.town, wish=Wish("x"), shapes=drawn, frame=square(0, 0), actor=None, now=cast.now)


def test_a_split_makes_two_new_grids_and_the_larger_keeps_the_officer(cast: Cast, pen: Pen) -> None:
    settle(cast, [(WEST + SIDE * 1.5, SOUTH + SIDE * (1.7 + n / 100)) for n in range(9)])
    pen.do("officer", key=8, person=cast.officer.pk)
    done = pen.do("split", key=8, line=across(1, 1))
    pieces = [row for row in done.changed.values() if row.key > 24]
    upper, lower = sorted(pieces, key=lambda row: -(row.households or 0))
    assert done.removed == {8} and {upper.key, lower.key} == {25, 26}
    assert (upper.households, upper.officer, lower.households, lower.officer) == (9, cast.officer.pk, 0, None)
    assert pen.ground_faults() == []


def test_merging_keeps_the_grid_of_the_larger(cast: Cast) -> None:
    plan = drafts.begin(scope=cast.town, wish=Wish("重划"), actor=cast.administrator, now=cast.now)
    pen = Pen(plan, cast.administrator, cast.now)
    before = pen.picture()
    pen.do("describe", key=1, households=100)
    pen.do("describe", key=2, households=300)
    done = pen.do("merge", keys=[2], into=1)
    assert done.changed[1].unit == cast.second_grid.pk and done.changed[1].households == 400
    assert draft_log.grids_ended(Plan.objects.get(pk=plan.pk)) >= {cast.grid.pk}
    for _step in range(3):
        pen.do("undo")
    assert pen.picture() == before


def test_moving_a_corner_moves_every_grid_that_has_it(pen: Pen) -> None:
    corner = [WEST + SIDE * 2, SOUTH + SIDE * 2]
    done = pen.do("move", at=corner, to=[corner[0] + SIDE / 4, corner[1] + SIDE / 5])
    assert sorted(done.changed) == [8, 9, 14, 15] and not done.removed
    begin, end, bend = (WEST + SIDE * 2, SOUTH + SIDE), (WEST + SIDE * 2, SOUTH), (WEST + SIDE * 2.1, SOUTH + SIDE / 2)
    pen.do("insert", from_=begin, until=end, at=bend)
    pen.do("remove", at=bend)
    assert pen.ground_faults() == []


def test_households_are_counted_again_only_where_something_changed(cast: Cast) -> None:
    settle(cast, [(WEST + SIDE * (n + 0.5), SOUTH + SIDE / 2) for n in range(6)], households=50)
    # One more stands exactly on a border: it counts once, for the lower number.
    settle(cast, [(WEST + SIDE, SOUTH + SIDE / 2)], households=7)
    pen = Pen(begin(cast, field(6, 4), frame(6, 4)), cast.administrator, cast.now)
    assert [pen.rows[key].households for key in (1, 2, 3, 7)] == [57, 50, 50, 0]
    PlanArea.objects.filter(plan=pen.pk, key=3).update(households=999)
    pen.do("merge", keys=[1, 2], into=1)
    assert pen.rows[1].households == 107 and pen.rows[3].households == 999
    with pytest.raises(EditRefused) as refused:
        pen.do("describe", key=1, households=5)
    assert refused.value.code == "counted"


def test_counts_given_by_hand_are_divided_by_area(cast: Cast) -> None:
    pen = Pen(begin(cast, field(2, 1), frame(2, 1), households=[301, 40]), cast.administrator, cast.now)
    middle = WEST + SIDE * 0.25
    done = pen.do("split", key=1, line=[[middle, SOUTH - 0.001], [middle, SOUTH + SIDE + 0.001]])
    assert [row.households for row in done.changed.values() if row.key > 2] == [75, 226]


def test_painted_dwellings_take_their_ground_along(cast: Cast) -> None:
    settle(cast, [(WEST + SIDE * (0.1 + n / 10), SOUTH + SIDE * y) for y in (0.3, 0.7) for n in range(9)])
    pen = Pen(begin(cast, field(3, 2), frame(3, 2)), cast.administrator, cast.now)
    points = households.dwellings_in(cast.district.pk, square(0, 0).bounds)
    eastern = [int(pk) for lon, _lat, _n, pk in points.tolist() if lon > WEST + SIDE * 0.75]
    done = pen.do("paint", dwellings=eastern, to=2)
    assert len(eastern) == 4 and done.changed[2].households == 4 and done.changed[1].households == 14
    assert pen.ground_faults() == []
    everybody = [int(pk) for pk in points[:, 3]]
    with pytest.raises(EditRefused) as refused:
        pen.do("paint", dwellings=everybody, to=2)
    assert refused.value.code == "would_empty"


def test_undo_and_redo_bring_back_every_byte(cast: Cast, pen: Pen) -> None:
    pictures = [pen.picture()]
    edits = [
        ("officer", {"key": 9, "person": cast.officer.pk}),
        ("split", {"key": 9, "line": across(2, 1)}),
        ("describe", {"key": 25, "name": "东片", "grid_kind": "dedicated", "parts_reason": "飞地"}),
        ("split", {"key": 6, "line": across(5, 0)}),  # up to the frame, which gets a corner
        ("merge", {"keys": [1, 2, 7], "into": 7}),
        ("carve", {"polygon": [[WEST + SIDE * 3.2, SOUTH + SIDE * 2.2], [WEST + SIDE * 4.7, SOUTH + SIDE * 2.3],
                               [WEST + SIDE * 3.9, SOUTH + SIDE * 3.6]], "to": None}),
        ("officer", {"key": 3, "person": None, "vacant_reason": "拆迁"}),
    ]  # fmt: skip
    for kind, args in edits:
        pen.do(kind, **args)
        assert coverage.prove_twice(shapes_of(pen.rows), lattice.from_db(Plan.objects.get(pk=pen.pk).frame)).holds
        pictures.append(pen.picture())
    for picture in reversed(pictures[:-1]):
        pen.do("undo")
        assert pen.picture() == picture
    with pytest.raises(EditRefused):
        pen.do("undo")
    for picture in pictures[1:]:
        pen.do("redo")
        assert pen.picture() == picture
    with pytest.raises(EditRefused):
        pen.do("redo")


def test_a_new_edit_ends_what_could_be_done_again(pen: Pen) -> None:
    pen.do("merge", keys=[1, 2], into=1)
    pen.do("merge", keys=[3, 4], into=3)
    pen.do("undo")
    pen.do("undo")
    pen.do("merge", keys=[5, 6], into=5)
    steps = draft_log.steps(Plan.objects.get(pk=pen.pk))
    assert steps.redo is None and steps.undo is not None and steps.undo.said["to"] == "005"
    pen.do("undo")
    pen.do("redo")
    assert 6 not in pen.rows and {1, 2, 3, 4} <= set(pen.rows)


@pytest.mark.parametrize("seed", range(3))
def test_random_edits_keep_the_proof_and_are_all_taken_back(cast: Cast, pen: Pen, seed: int) -> None:
    """Whatever is pressed in whatever order, the areas tile the frame, and undo leads back to the first byte."""
    dice, first, made = random.Random(seed), pen.picture(), 0
    for _turn in range(30):
        rows = pen.rows
        key = dice.choice(sorted(rows))
        shape = rows[key].shape
        west, south, east, north = shape.bounds
        corner = dice.choice(shapely.get_coordinates(shape).tolist())
        turned = affinity.rotate(
            shapely.linestrings([(west - SIDE, south), (east + SIDE, north)]), dice.uniform(0, 180), shape.centroid
        )
        to = [corner[0] + dice.uniform(-1, 1) * SIDE / 3, corner[1] + dice.uniform(-1, 1) * SIDE / 3]
        piece = shapely.get_coordinates(shapely.Point(corner).buffer(SIDE * 0.4, quad_segs=2)).tolist()
        tries = [
            ("split", {"key": key, "line": shapely.get_coordinates(turned).tolist()}),
            ("merge", {"keys": [key, dice.choice(sorted(rows))], "into": key}),
            ("move", {"at": corner, "to": to}),
            ("remove", {"at": corner}),
            ("carve", {"polygon": piece, "to": dice.choice([None, key])}),
        ]
        kind, args = dice.choice(tries)
        try:
            pen.do(kind, **args)
        except EditRefused:
            continue
        made += 1
        outline = lattice.from_db(Plan.objects.get(pk=pen.pk).frame)
        assert coverage.prove_twice(shapes_of(pen.rows), outline).holds, (kind, args)
    assert made > 8
    for _turn in range(made):
        pen.do("undo")
    assert pen.picture() == first


def test_a_stale_edit_is_told_what_happened_since(cast: Cast, pen: Pen) -> None:
    seen = Plan.objects.get(pk=pen.pk).revision
    pen.do("merge", keys=[1, 2], into=1)
    with pytest.raises(PlanConflict) as conflict:
        drafts_operate(pen, seen)
    assert conflict.value.code == "stale" and conflict.value.more["since"][0]["by"] == "丁九"


def drafts_operate(pen: Pen, seen: int) -> None:
    draft_edits.operate(plan_id=pen.pk, seen=seen, kind="undo", args={}, actor=pen.by, now=pen.now)


def test_one_person_draws_at_a_time(cast: Cast, pen: Pen) -> None:
    other = Person.objects.create_superuser("keeper", "x", full_name="管理")
    pen.do("merge", keys=[1, 2], into=1)
    with pytest.raises(PlanConflict) as conflict:
        drafts.hold(plan_id=pen.pk, actor=other, now=pen.now)
    assert conflict.value.code == "held" and conflict.value.more["hold"]["by"] == "丁九"
    drafts.hold(plan_id=pen.pk, actor=other, now=pen.now, by_force=True)
    assert "丁九" in PlanOperation.objects.filter(plan=pen.pk).latest("revision").note
    with pytest.raises(PlanConflict):
        pen.do("undo")
    # The lease runs out, and who presses next has it.
    pen.now += LEASE + timedelta(seconds=1)
    pen.do("undo")
    assert Plan.objects.get(pk=pen.pk).held_by == cast.administrator


def test_a_proven_plan_is_a_draft_again_once_somebody_draws(cast: Cast) -> None:
    pen = Pen(begin(cast, field(3, 1), frame(3, 1), last_elsewhere=True), cast.administrator, cast.now)
    for key in pen.rows:
        pen.do("officer", key=key, person=None, vacant_reason="待定")
    _retire_the_old(cast, pen)
    verdict = approvals.prove(plan_id=pen.pk, actor=cast.administrator, now=cast.now)
    assert [fault.words for fault in verdict.faults] == []
    plan = approvals.approve(plan_id=pen.pk, actor=cast.town_head, now=cast.now, reason="均衡户数")
    assert plan.status == PlanStatus.APPROVED
    pen.do("merge", keys=[1, 2], into=1)
    plan.refresh_from_db()
    assert (plan.status, plan.certificate, plan.approved_by) == (PlanStatus.DRAFT, None, None)


def _retire_the_old(cast: Cast, pen: Pen) -> None:
    for grid in (cast.grid, cast.second_grid, cast.third_grid, cast.fourth_grid):
        pen.do("retire", unit=grid.pk, reason="重新划分")


def test_a_forgotten_grid_keeps_a_plan_from_being_proven(cast: Cast, pen: Pen) -> None:
    verdict = approvals.prove(plan_id=pen.pk, actor=cast.administrator, now=cast.now)
    kinds = [fault.kind for fault in verdict.faults]
    assert kinds.count("missing") == 4 and kinds.count("officer") == 24 and not verdict.holds
    assert Plan.objects.get(pk=pen.pk).status == PlanStatus.DRAFT
    forgotten = verdict.faults[0]
    pen.do("repair", fault=forgotten.id, how=forgotten.repairs[0].how, to=None)
    verdict = approvals.prove(plan_id=pen.pk, actor=cast.administrator, now=cast.now)
    assert forgotten.id not in {fault.id for fault in verdict.faults}
    pen.do("undo")
    verdict = approvals.prove(plan_id=pen.pk, actor=cast.administrator, now=cast.now)
    assert forgotten.id in {fault.id for fault in verdict.faults}


def test_a_village_that_is_left_without_a_grid_keeps_a_plan_from_being_proven(cast: Cast) -> None:
    """Carve all of a town to one grid: the other village would have none."""
    plan = drafts.begin(scope=cast.town, wish=Wish("重划"), actor=cast.administrator, now=cast.now)
    pen = Pen(plan, cast.administrator, cast.now)
    keys = {row.unit: key for key, row in pen.rows.items()}
    pen.do("merge", keys=list(keys.values()), into=keys[cast.grid.pk])
    verdict = approvals.prove(plan_id=pen.pk, actor=cast.administrator, now=cast.now)
    assert [fault.kind for fault in verdict.faults] == ["emptied"] and not verdict.holds
    assert cast.sibling_village.pk in verdict.faults[0].words
    pen.do("undo")
    assert approvals.prove(plan_id=pen.pk, actor=cast.administrator, now=cast.now).holds


def test_a_new_grid_that_is_carved_from_a_whole_one_keeps_its_officer(cast: Cast) -> None:
    plan = drafts.begin(scope=cast.village, wish=Wish("重划"), actor=cast.administrator, now=cast.now)
    pen = Pen(plan, cast.administrator, cast.now)
    old = next(row for row in pen.rows.values() if row.unit == cast.grid.pk)
    (ring,) = (part.exterior for part in old.shape.geoms)
    done = pen.do("carve", polygon=[[list(point) for point in ring.coords]], to=None)
    assert done.removed == {old.key} and old.officer is not None
    (new,) = (row for row in done.changed.values() if row.unit is None)
    assert (new.officer, new.shape.equals(old.shape)) == (old.officer, True)


def test_who_drew_last_never_approves(cast: Cast, pen: Pen) -> None:
    plan = drafts.begin(scope=cast.village, wish=Wish("重划"), actor=cast.administrator, now=cast.now)
    approvals.prove(plan_id=plan.pk, actor=cast.administrator, now=cast.now)
    for person in (cast.administrator, cast.village_head, cast.town_clerk):
        with pytest.raises(PermissionDenied):
            approvals.approve(plan_id=plan.pk, actor=person, now=cast.now, reason="x")
    PlanOperation.objects.filter(plan=plan).update(actor=cast.town_head)
    Plan.objects.filter(pk=plan.pk).update(created_by=cast.town_head)
    for head, reason in ((cast.town_head, "x"), (cast.district_head, " ")):
        with pytest.raises(BoundaryRefused):
            approvals.approve(plan_id=plan.pk, actor=head, now=cast.now, reason=reason)
    done = approvals.approve(plan_id=plan.pk, actor=cast.district_head, now=cast.now, reason="均衡户数")
    assert done.approved_by == cast.district_head and done.reason == "均衡户数"


def test_areas_changed_behind_the_certificate_are_not_approved(cast: Cast) -> None:
    plan = drafts.begin(scope=cast.village, wish=Wish("重划"), actor=cast.administrator, now=cast.now)
    approvals.prove(plan_id=plan.pk, actor=cast.administrator, now=cast.now)
    PlanArea.objects.filter(plan=plan, key=1).update(name="另一")
    with pytest.raises(BoundaryRefused):
        approvals.approve(plan_id=plan.pk, actor=cast.town_head, now=cast.now, reason="x")


def test_a_discarded_plan_is_read_and_copied_but_never_drawn(cast: Cast, pen: Pen) -> None:
    plan = Plan.objects.get(pk=pen.pk)
    drafts.discard(plan=plan, actor=cast.administrator, now=cast.now, reason="重来")
    with pytest.raises(PlanConflict):
        pen.do("merge", keys=[1, 2], into=1)
    other = drafts.copy(plan=plan, title="再来", actor=cast.administrator, now=cast.now)
    assert len(draft_rows.read(other.pk)) == 24 and other.status == PlanStatus.DRAFT
