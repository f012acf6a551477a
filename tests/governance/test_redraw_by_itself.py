"""Plans that publish themselves: by the database's clock, and not behind what is in force."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dispatch import watch
from governance import tasks
from governance.redraw import scheduled
from grids.models import HouseEvent, Plan, PlanStatus
from tests.governance.drawing import Drawing
from tests.governance.test_redraw import code, split
from tests.incidents.story import Story

SECOND = timedelta(seconds=1)


def standing(plan: Plan) -> tuple[str, bool, str]:
    """Its status, whether it waits for its moment, and why it was not published."""
    now = Plan.objects.get(pk=plan.pk)
    return now.status, now.publish_at is not None, now.publish_fault


def test_a_worker_whose_clock_is_ahead_publishes_nothing_early(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    story.now = timezone.now()
    plan = split(story).approved(publish_at=story.now + timedelta(hours=1))
    ahead = timezone.now() + timedelta(hours=2)
    monkeypatch.setattr(timezone, "now", lambda: ahead)
    tasks.publish_due_plans()
    assert standing(plan) == (PlanStatus.APPROVED, True, "")
    monkeypatch.setattr(watch, "database_now", lambda: ahead)
    tasks.publish_due_plans()
    assert standing(plan) == (PlanStatus.PUBLISHED, True, "")


def test_a_plan_waits_while_the_clock_is_behind_what_is_in_force(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is set back by a minute after a publication; the next plan's moment comes before that one's."""
    cast = story.cast
    first = split(story).published(timezone.now())
    assert first.effective_at is not None
    behind = first.effective_at - timedelta(minutes=1)
    drawing = Drawing(cast, cast.village, now=timezone.now())
    drawing.name(drawing.key_of(code(4)), None, "待招聘")
    west, east = drawing.split(code(3), east=1.3)
    for key in (west, east):
        drawing.name(key, cast.second_officer)
    drawing.now = behind
    plan = drawing.approved(publish_at=behind + SECOND)

    monkeypatch.setattr(watch, "database_now", lambda: behind + 2 * SECOND)
    tasks.publish_due_plans()
    assert standing(plan) == (PlanStatus.APPROVED, True, ""), "it is tried again"
    monkeypatch.undo()
    assert scheduled.publish_due(now=timezone.now()) == 1
    assert standing(plan)[0] == PlanStatus.PUBLISHED
    assert HouseEvent.objects.filter(plan=plan, kind="plan_published").count() == 1
    assert not HouseEvent.objects.filter(plan=plan, kind="plan_not_published").exists()
