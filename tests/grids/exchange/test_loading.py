"""The command that publishes boundaries reads all formats and systems, by the same reader as the pages."""

from io import StringIO
from pathlib import Path

import pytest
import shapely
from django.core.management import CommandError, call_command

from grids import lattice
from grids.exchange.opening import Format
from grids.models import Boundary, Plan
from tests.cast import SIDE, SOUTH, WEST, Cast
from tests.grids.exchange.files import packed, repacked, town


@pytest.mark.parametrize(
    ("kind", "system"),
    [(Format.SHAPEFILE, "4523"), (Format.GPKG, "4544"), (Format.KML, "bd09"), (Format.GEOJSON, "gcj02")],
)  # fmt: skip
def test_every_format_is_published_to_the_last_digit(cast: Cast, tmp_path: Path, kind: Format, system: str) -> None:
    shapes = town(cast)
    # The common border gets a corner to the west.
    bend = shapely.Polygon([(WEST + SIDE, SOUTH), (WEST + SIDE, SOUTH + SIDE), (WEST + SIDE * 0.8, SOUTH + SIDE / 2)])
    shapes[cast.grid.pk] = lattice.to_lattice(shapes[cast.grid.pk].difference(bend))
    shapes[cast.second_grid.pk] = lattice.to_lattice(shapes[cast.second_grid.pk].union(bend))
    path, out = tmp_path / "map", StringIO()
    path.write_bytes(packed(shapes, kind, system))
    call_command("load_boundaries", str(path), stdout=out)
    assert "2 boundaries published, 2 unchanged" in out.getvalue()
    stored = Boundary.objects.get(unit=cast.grid, valid__upper_inf=True)
    assert lattice.from_db(stored.geom).normalize() == lattice.from_db(lattice.to_db(shapes[cast.grid.pk])).normalize()


def test_what_the_file_does_not_say_is_said_on_the_command_line(cast: Cast, tmp_path: Path) -> None:
    path, err = tmp_path / "map.zip", StringIO()
    data = packed(town(cast), Format.SHAPEFILE, "4544")
    path.write_bytes(repacked(data, without=".prj"))
    plans = Plan.objects.count()
    with pytest.raises(CommandError):
        call_command("load_boundaries", str(path), stderr=err)
    assert cast.grid.pk in err.getvalue()
    assert Plan.objects.count() == plans
    out = StringIO()
    call_command("load_boundaries", str(path), system="4544", layer="grids", column="code", stdout=out)
    assert "nothing new" in out.getvalue()
