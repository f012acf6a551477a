"""What the districts asked for: pockets found and given away, an overlap and a gap found exactly, a balance list."""

import shapely

from grids import approvals, balance, draft_log, draft_rows
from grids.models import Plan, PlanOperation
from tests.cast import Cast
from tests.grids.drafting import SIDE, SOUTH, WEST, Pen, begin, field, frame, square
from tests.tiling import box


def test_yh_2_sixty_eight_pockets_are_found_and_given_away_one_by_one(cast: Cast) -> None:
    """A street of 12 x 12 blocks with 68 corners that nobody has: 68 before, 0 after, 68 entries in the log."""
    shapes = field(12, 12)
    spots = []
    for number in range(68):
        column, row = number % 12, number // 12 * 2
        x, y = WEST + SIDE * (column + 0.6), SOUTH + SIDE * (row + 0.7)
        hole = box(x, y, x + SIDE * 0.4, y + SIDE * 0.3)
        shapes[row * 12 + column] = shapely.difference(square(column, row), hole)
        spots.append([x + SIDE * 0.2, y + SIDE * 0.15])
    plan = begin(cast, shapes, frame(12, 12), last_elsewhere=True)
    pen = Pen(plan, cast.administrator, cast.now)
    assert approvals.pockets_before(plan) == 68
    assert [fault.kind for fault in pen.ground_faults()] == ["pocket"] * 68
    for number, spot in enumerate(spots):
        owner = number // 12 * 24 + number % 12 + 1
        pen.do("assign", at=spot, to=owner if number % 7 else None)
    assert pen.ground_faults() == []
    decided = list(draft_log.decided(plan))
    assert len(decided) == 68
    words = draft_log.in_words(decided[1])
    assert (
        "002" in words
        and ("m²" in words or "平方米" in words)
        and all(step.actor == cast.administrator for step in decided)
    )
    assert PlanOperation.objects.filter(plan=plan, kind="assign").count() == 68
    for row in pen.rows.values():
        pen.do("officer", key=row.key, person=None, vacant_reason="待聘")
    for grid in (cast.grid, cast.second_grid, cast.third_grid, cast.fourth_grid):
        pen.do("retire", unit=grid.pk, reason="重新划分")
    certificate = approvals.prove(plan_id=plan.pk, actor=cast.administrator, now=cast.now).plan.certificate
    assert certificate is not None and certificate["pockets"] == {"before": 68, "after": 0, "decided": 68}


def test_tl_3_an_overlap_of_two_percent_and_a_gap_are_found_and_nothing_else(cast: Cast) -> None:
    """131 grids, one of which takes 2 % of its neighbour and one of which leaves a strip to nobody."""
    shapes = field(131, 1)
    shapes[40] = box(WEST + SIDE * 40, SOUTH, WEST + SIDE * 41.02, SOUTH + SIDE)
    shapes[90] = box(WEST + SIDE * 90, SOUTH, WEST + SIDE * 90.9, SOUTH + SIDE)
    plan = begin(cast, shapes, frame(131, 1))
    pen = Pen(plan, cast.administrator, cast.now)
    found = pen.ground_faults()
    assert [(fault.kind, set(fault.keys)) for fault in found] == [("pocket", {91, 92}), ("overlap", {41, 42})]
    overlap, one = found[1], draft_rows.read(plan.pk)[42]
    assert abs(overlap.area_m2 / one.area_m2 - 0.02) < 0.0005
    assert not approvals.prove(plan_id=plan.pk, actor=cast.administrator, now=cast.now).holds
    # Each fault offers a way out.
    for fault in found:
        pen.do("repair", fault=fault.id, how=fault.repairs[0].how, to=fault.repairs[0].to)
    assert pen.ground_faults() == []


def test_yh_1_blocks_outside_of_twenty_percent_are_listed(cast: Cast) -> None:
    """326 blocks with a target of 350: exactly those below 280 or above 420 stand in the list, the worst first."""
    counts = [350] * 326
    counts[3], counts[17], counts[100], counts[200], counts[300] = 280, 420, 279, 421, 700
    plan = begin(cast, field(326, 1), frame(326, 1), households=counts, target_households=350, tolerance_percent=20)
    lines = balance.lines(plan, draft_rows.read(plan.pk).values())
    listed = [line for line in lines if line.is_outside]
    assert [line.row.households for line in listed] == [700, 279, 421]
    assert [line.row.key for line in listed] == [301, 101, 201]
    totals = balance.totals(Plan.objects.get(pk=plan.pk))
    assert (totals["areas"], totals["households"], totals["outside_tolerance"]) == (326, sum(counts), 3)
    columns = balance.histogram(lines)
    assert sum(column["count"] for column in columns) == 326 and columns[-1] == {"from": 0.6, "until": None, "count": 1}
