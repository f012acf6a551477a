"""A map file published as it is: what is open in the grids it changes goes where its point then lies."""

from datetime import timedelta
from pathlib import Path

import pytest
import shapely
from django.utils import translation

from governance.redraw import from_file
from grids import lattice
from grids.boundary_files import BoundaryFileRefused
from incidents import lifecycle
from incidents.births import Position
from incidents.models import Incident
from tests.cast import SIDE, SOUTH, WEST, Cast
from tests.grids.exchange.files import geojson, town
from tests.incidents.story import Story

MIDDLE = SOUTH + SIDE / 2


def bent(cast: Cast, path: Path) -> Path:
    """The town's grids as a file; the second one reaches into the first in the middle of their border."""
    shapes = town(cast)
    bend = shapely.Polygon([(WEST + SIDE, SOUTH), (WEST + SIDE, SOUTH + SIDE), (WEST + SIDE * 0.8, MIDDLE)])
    shapes[cast.grid.pk] = lattice.to_lattice(shapes[cast.grid.pk].difference(bend))
    shapes[cast.second_grid.pk] = lattice.to_lattice(shapes[cast.second_grid.pk].union(bend))
    path.write_bytes(geojson(*(({"code": code}, shape) for code, shape in shapes.items())))
    return path


def report(story: Story, east: float) -> Incident:
    position = Position(WEST + SIDE * east, MIDDLE, accuracy_m=5)
    return lifecycle.report(
        actor=story.cast.officer, now=story.now, text="路灯不亮", category=story.category, position=position
    )


def test_open_incidents_follow_their_points(story: Story, tmp_path: Path) -> None:
    passes, stays = report(story, 0.9), report(story, 0.5)
    story.later(hours=1)
    done = from_file.load(path=bent(story.cast, tmp_path / "map"), now=story.now)
    assert set(done.changed) == {story.cast.grid.pk, story.cast.second_grid.pk}
    assert Incident.objects.get(pk=passes.pk).place_id == story.cast.second_grid.pk
    assert story.kinds(passes)[-1] == "grid_changed"
    assert Incident.objects.get(pk=stays.pk).place_id == story.cast.grid.pk
    assert story.kinds(stays) == ["report"], "untouched"


def test_areas_in_force_do_not_change_later_with_nobody_there(story: Story, tmp_path: Path) -> None:
    path, later = bent(story.cast, tmp_path / "map"), story.now + timedelta(days=1)
    with translation.override("en"), pytest.raises(BoundaryFileRefused, match="at once"):
        from_file.load(path=path, now=story.now, effective=later)
