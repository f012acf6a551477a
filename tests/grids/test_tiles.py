"""Vector tiles of what is published: what is in them, who gets them, how long they may be kept."""

import math
from pathlib import Path

import pyogrio
import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from grids import hierarchy, tiles
from grids.tiles import Address
from tests.cast import SIDE, SOUTH, WEST, Cast

pytestmark = pytest.mark.django_db
HERE = (WEST + SIDE / 2, SOUTH + SIDE / 2)


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    cache.clear()


def address_of(longitude: float, latitude: float, zoom: int) -> Address:
    side = 2**zoom
    down = (1 - math.asinh(math.tan(math.radians(latitude))) / math.pi) / 2
    return Address(zoom, int((longitude + 180) / 360 * side), int(down * side))


def layers_of(tile: bytes, at: Address, folder: Path) -> dict[str, list[dict[str, object]]]:
    """The features of each layer as an independent reader of vector tiles sees them."""
    file = folder / f"{at.zoom}-{at.column}-{at.row}.mvt"
    file.write_bytes(tile)
    found = {}
    for name, _kind in pyogrio.list_layers(file):
        meta, _index, geometry, columns = pyogrio.raw.read(file, layer=name)
        fields = list(meta["fields"])
        found[name] = [
            dict(zip(fields, row, strict=True)) | {"wkb": wkb}
            for wkb, row in zip(geometry, zip(*columns, strict=True), strict=True)
        ]
    return found


@pytest.mark.parametrize(
    ("zoom", "shown"),
    [(9, {"district", "town"}), (11, {"district", "town", "village"}), (13, {"district", "town", "village", "grid"})],
)
def test_a_tile_shows_what_its_zoom_can_carry(cast: Cast, zoom: int, shown: set[str], tmp_path: Path) -> None:
    at = address_of(*HERE, zoom)
    layers = layers_of(tiles.tile("511111", at), at, tmp_path)
    assert {name for name in layers if not name.startswith("names_")} == shown
    if "grid" in shown:
        assert {row["code"] for row in layers["grid"]} >= {cast.grid.pk}
        (first,) = [row for row in layers["names_grid"] if row["code"] == cast.grid.pk]
        # A hundredth of a degree at zoom 13 is 58 pixels wide.
        assert first["width"] == round(256 * SIDE / (360 / 2**13))


def test_a_tile_of_another_district_holds_nothing(cast: Cast) -> None:
    assert tiles.tile("511112", address_of(*HERE, 13)) == b""
    assert tiles.tile("511111", address_of(0, 0, 13)) == b""


def test_the_revision_changes_with_a_name_and_stays_without_a_change(cast: Cast) -> None:
    before = tiles.revision("511111")
    cache.clear()
    assert tiles.revision("511111") == before
    hierarchy.rename(unit=cast.grid, name="幸福里网格", now=cast.now)
    cache.clear()
    assert tiles.revision("511111") != before


def _url(at: Address, revision: str, scope: str = "511111") -> str:
    return reverse("grids:tile", args=[scope, revision, at.zoom, at.column, at.row])


def test_a_tile_of_the_present_revision_is_kept_for_ever_an_older_one_is_asked_for_again(
    cast: Cast, client: Client
) -> None:
    client.force_login(cast.officer)
    at = address_of(*HERE, 13)
    fresh = client.get(_url(at, tiles.revision("511111")))
    assert fresh.status_code == 200 and "immutable" in fresh["Cache-Control"] and "private" in fresh["Cache-Control"]
    old = client.get(_url(at, "0000000000000000"))
    assert old.content == fresh.content and "no-cache" in old["Cache-Control"]
    again = client.get(_url(at, "0000000000000000"), HTTP_IF_NONE_MATCH=old["ETag"])
    assert again.status_code == 304


@pytest.mark.parametrize("scope", ["all", "5111", "511112", "99", "511111zz", "511111100x"])
def test_nobody_gets_tiles_of_what_is_out_of_sight_or_no_place(cast: Cast, client: Client, scope: str) -> None:
    client.force_login(cast.town_clerk)
    assert client.get(_url(address_of(*HERE, 13), "0" * 16, scope)).status_code == 404


@pytest.mark.parametrize(("zoom", "column", "row"), [(23, 0, 0), (3, 8, 0), (3, 0, 8)])
def test_a_tile_that_is_nowhere_is_not_there(cast: Cast, client: Client, zoom: int, column: int, row: int) -> None:
    client.force_login(cast.officer)
    assert client.get(_url(Address(zoom, column, row), "0" * 16)).status_code == 404


def test_the_one_map_takes_tiles_where_there_are_too_many_outlines(cast: Cast, client: Client, settings) -> None:  # type: ignore[no-untyped-def]
    client.force_login(cast.district_clerk)
    assert client.get(reverse("grids:map")).context["tile_urls"] == ""
    settings.MAP_TILES_FROM = 3
    page = client.get(reverse("grids:map"))
    assert page.context["tile_urls"] == f"/map/tiles/511111/{tiles.revision('511111')}/{{z}}/{{x}}/{{y}}.mvt"
    assert "kinds=district" in page.context["areas_url"]


def test_a_tile_costs_one_question_of_its_own(cast: Cast, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    at = address_of(*HERE, 13)
    tiles.revision("511111")
    with django_assert_num_queries(1):
        tiles.tile("511111", at)
    with django_assert_num_queries(0):
        tiles.tile("511111", at)
