"""Plans that publish themselves while one of them fails in a way nobody foresaw."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError

from governance import redraw
from governance.redraw import scheduled
from grids.models import Plan, PlanStatus
from tests.governance.drawing import Drawing
from tests.incidents.story import Story

MOMENT = timedelta(hours=1)


@pytest.fixture
def due(story: Story) -> tuple[Plan, Plan]:
    """Two plans of two villages for the same moment, the one that was drawn first in front."""
    cast = story.cast
    plans = []
    for scope, grid, east in ((cast.village, cast.second_grid, 1.6), (cast.sibling_village, cast.third_grid, 2.5)):
        drawing = Drawing(cast, scope, now=story.now)
        for key in drawing.split(grid.pk, east=east):
            drawing.name(key, None, "待招录")
        plans.append(drawing.approved(publish_at=story.now + MOMENT))
    return plans[0], plans[1]


@pytest.fixture
def stumble(monkeypatch: pytest.MonkeyPatch) -> Callable[[Plan, Exception], None]:
    """Lets the next publication of a plan end in a fault; the one after it goes well."""
    faults: dict[int, Exception] = {}
    publish = redraw.publish

    def publish_or_fail(*, plan_id: int, **given: Any) -> Plan:
        if plan_id in faults:
            raise faults.pop(plan_id)
        return publish(plan_id=plan_id, **given)

    monkeypatch.setattr(redraw, "publish", publish_or_fail)
    return lambda plan, fault: faults.update({plan.pk: fault})


def test_a_plan_that_fails_does_not_keep_back_those_behind_it(
    story: Story, due: tuple[Plan, Plan], stumble: Callable[[Plan, Exception], None]
) -> None:
    first, second = due
    stumble(first, KeyError("511111"))
    assert scheduled.publish_due(now=story.now + MOMENT) == 1
    first.refresh_from_db()
    second.refresh_from_db()
    assert second.status == PlanStatus.PUBLISHED
    assert (first.status, first.publish_at) == (PlanStatus.APPROVED, None) and first.publish_fault
    assert scheduled.publish_due(now=story.now + MOMENT * 2) == 0, "somebody must look at it first"


def test_what_the_database_could_not_do_for_once_is_tried_at_the_next_beat(
    story: Story, due: tuple[Plan, Plan], stumble: Callable[[Plan, Exception], None]
) -> None:
    first, _second = due
    stumble(first, OperationalError("deadlock detected"))
    assert scheduled.publish_due(now=story.now + MOMENT) == 1
    first.refresh_from_db()
    assert first.publish_at == story.now + MOMENT and not first.publish_fault
    assert scheduled.publish_due(now=story.now + MOMENT + timedelta(seconds=30)) == 1
    first.refresh_from_db()
    assert first.status == PlanStatus.PUBLISHED


def test_what_the_database_cannot_do_for_a_quarter_of_an_hour_is_given_up_and_said(
    story: Story, due: tuple[Plan, Plan], stumble: Callable[[Plan, Exception], None]
) -> None:
    first, _second = due
    stumble(first, OperationalError("canceling statement due to statement timeout"))
    assert scheduled.publish_due(now=story.now + MOMENT + scheduled.PATIENCE) == 1
    first.refresh_from_db()
    assert (first.status, first.publish_at) == (PlanStatus.APPROVED, None) and first.publish_fault
