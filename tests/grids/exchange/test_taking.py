"""Boundaries leave the house by right, with a reason, and never without an entry in the audit list."""

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from grids import drafts, hierarchy, plans
from grids.drafts import Wish as Begun
from grids.exchange import columns, comparing, opening, reading, systems, taking
from grids.exchange.opening import Format
from grids.exchange.shapes import drawn
from grids.exchange.taking import Taken, TakingRefused, Wish
from grids.hierarchy import NewUnit
from grids.models import AuditAct, AuditEntry, Unit
from tests.cast import Cast
from tests.grids.exchange.files import town
from tests.tiling import box


def _take(cast: Cast, wish: Wish, **options: Any) -> Taken:
    given = {"person": cast.administrator, "reason": "测绘院核对", "now": cast.now, "address": "10.0.0.7"} | options
    return taking.take(wish=wish, **given)


@pytest.mark.parametrize("kind", list(Format))
def test_what_is_published_comes_back_as_it_is(cast: Cast, tmp_path: Path, kind: Format) -> None:
    taken = _take(cast, Wish(cast.town, kind, "gcj02", cast.now))
    assert taken.name.startswith("沙湾镇-511111100-20260304-gcj02.")
    path = tmp_path / "file"
    path.write_bytes(taken.data)
    with opening.opened(path) as sources:
        layer = reading.read(sources)
    back = drawn(layer.features, systems.decided(crs=layer.crs, datum=layer.datum))
    assert layer.datum == "gcj02"
    for shape, published in zip(back, town(cast).values(), strict=True):
        assert not isinstance(shape, str)
        assert plans.same(shape, published)


def test_the_file_and_the_audit_list_say_who_took_it_and_why(cast: Cast) -> None:
    taken = _take(cast, Wish(cast.village, Format.GEOJSON, "cgcs2000", cast.now))
    assert "测绘院核对" in taken.data.decode()
    entry = AuditEntry.objects.filter(act=AuditAct.EXPORTED).latest("id")
    assert (entry.unit, entry.actor, entry.address) == (cast.village.pk, cast.administrator, "10.0.0.7")
    assert (entry.after["rows"], entry.after["reason"], entry.after["system"]) == (2, "测绘院核对", "cgcs2000")


def test_a_draft_is_taken_as_it_is_drawn(cast: Cast) -> None:
    shapes = [
        drafts.Drawn(cast.grid.pk, cast.village.pk, "甲", town(cast)[cast.grid.pk], households=351),
        drafts.Drawn(None, cast.village.pk, "新", town(cast)[cast.second_grid.pk]),
    ]
    frame = plans.outline_of(cast.village.pk, cast.now)
    assert frame is not None
    plan = drafts.begin_from(
        scope=cast.village, wish=Begun(title="试"), shapes=shapes, frame=frame, actor=cast.administrator, now=cast.now
    )
    rows = taking.rows_of_plan(plan)
    assert [(row.code, row.name, row.households) for row in rows] == [(cast.grid.pk, "甲", 351), ("", "新", None)]
    taken = _take(cast, Wish(cast.village, Format.SHAPEFILE, "4544", cast.now, plan), person=cast.town_head)
    assert taken.name == f"南陵社区-511111100001-{taking._('plan')}{plan.pk}-4544.zip"
    published = plans.latest(cast.village.pk)
    assert published is not None
    assert {row.code for row in taking.rows_of_plan(published)} >= {cast.grid.pk}


def test_a_first_outline_goes_with_its_draft_and_comes_back(cast: Cast, tmp_path: Path) -> None:
    codes = ["511111102", "511111102001"]
    hierarchy.create_units(units=[NewUnit(code=code, name=code) for code in codes], now=cast.now)
    scope, frame = Unit.objects.get(pk=codes[0]), box(104, 29, 104.02, 29.01)
    area = drafts.Drawn(None, codes[1], "甲", box(104, 29, 104.01, 29.01))
    begun = {"scope": scope, "wish": Begun(title="初"), "actor": cast.administrator, "now": cast.now}
    plan = drafts.begin_from(shapes=[area], frame=frame, **begun)
    path = tmp_path / "file"
    path.write_bytes(_take(cast, Wish(scope, Format.GPKG, "cgcs2000", cast.now, plan)).data)
    with opening.opened(path) as sources:
        layer = reading.read(sources)
    found = comparing.compare(
        layer, scope=scope, system=systems.chosen("cgcs2000"), meant=columns.guessed(layer.columns),
        missing=comparing.Missing.KEEP, now=cast.now,
    )  # fmt: skip
    assert (len(found.grids), found.faults, found.is_new_frame) == (1, [], True)
    assert found.frame is not None
    assert plans.same(found.frame, frame)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"reason": "  "}, "reason"),
        ({"wish": {"system": "4544"}}, "system"),
        ({"wish": {"system": "4550", "format": Format.GPKG}}, "system"),
        ({"wish": {"at": "before"}}, "state"),
    ],
)
def test_nothing_is_taken_without_a_reason_a_system_or_an_area(cast: Cast, change: Any, field: str) -> None:
    wish = {"scope": cast.town, "format": Format.KML, "system": "cgcs2000", "at": cast.now} | change.pop("wish", {})
    if wish["at"] == "before":
        wish["at"] = cast.since.replace(year=2020)
    with pytest.raises(TakingRefused) as refused:
        _take(cast, Wish(**wish), **change)
    assert refused.value.field == field
    assert not AuditEntry.objects.filter(act=AuditAct.EXPORTED).exists()


def test_who_neither_draws_nor_approves_takes_nothing(cast: Cast) -> None:
    wish = Wish(cast.town, Format.KML, "cgcs2000", cast.now)
    for person in (cast.town_clerk, cast.village_head, cast.officer, cast.auditor):
        with pytest.raises(PermissionDenied):
            _take(cast, wish, person=person)
    assert _take(cast, wish, person=cast.town_head).data
