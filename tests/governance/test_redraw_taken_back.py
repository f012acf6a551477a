"""Plans taken back one after the other, newest first; what cannot be taken back is refused in words."""

from typing import Any

import pytest
import shapely

from governance import redraw
from grids.models import Plan
from grids.refusals import BoundaryRefused
from tests.governance.drawing import Drawing
from tests.governance.test_redraw import code, report, split
from tests.governance.test_redraw_foreseen import standing
from tests.incidents.story import Story


def take_back(story: Story, plan: Plan) -> Plan:
    story.later(hours=1)
    return redraw.roll_back(plan_id=plan.pk, actor=story.cast.administrator, reason="划错了", now=story.now)


def refused(story: Story, plan: Plan) -> str:
    with pytest.raises(BoundaryRefused) as caught:
        take_back(story, plan)
    return str(caught.value.code)


def assert_alike(one: dict[str, Any], other: dict[str, Any]) -> None:
    """The same but for vertices on an outline on which others built meanwhile: those stay, within a lattice step."""
    assert (one["grids"], one["posts"]) == (other["grids"], other["posts"])
    assert one["areas"].keys() == other["areas"].keys()
    for unit, area in one["areas"].items():
        assert shapely.hausdorff_distance(shapely.from_wkb(area), shapely.from_wkb(other["areas"][unit])) < 2e-7, unit


def test_a_plan_is_taken_back_once_what_came_after_it_in_a_part_of_its_scope_was(story: Story) -> None:
    """The town redraws, then its village in part of that; each gives the same grid another officer."""
    cast = story.cast
    incident = report(story, 1.9)
    before = standing(story.now)
    story.later(hours=1)
    town = Drawing(cast, cast.town, now=story.now)
    for key in town.split(cast.second_grid.pk, east=1.6):
        town.name(key, cast.handler)
    town.name(town.key_of(cast.grid.pk), cast.village_head)
    first = town.published()
    between = standing(story.later(hours=1))
    village = Drawing(cast, cast.village, now=story.now)
    for key in village.split(code(4), east=1.8):
        village.name(key, cast.second_officer)
    village.name(village.key_of(cast.grid.pk), cast.village_checker)
    second = village.published()
    assert refused(story, first) == "plan_stale"

    back = take_back(story, second)
    assert standing(story.now) == between
    again = take_back(story, back)
    assert refused(story, first) == "plan_stale", "the second stands again"
    take_back(story, again)
    assert standing(story.now) == between
    last = take_back(story, first)
    assert_alike(standing(story.now), before)
    incident.refresh_from_db()
    assert incident.place_id == cast.second_grid.pk
    assert refused(story, second) == refused(story, first) == "plan_taken_back"
    take_back(story, last)
    assert_alike(standing(story.now), between)


def test_what_was_published_first_of_all_has_nothing_to_go_back_to(story: Story) -> None:
    first = Plan.objects.get(scope=story.cast.district)
    assert refused(story, first) == "plan_first"
    drawn = split(story).approved()
    assert refused(story, drawn) == "plan_not_published"
