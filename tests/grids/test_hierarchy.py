"""Units are created, retired and succeeded; never deleted, never recoded."""

from datetime import timedelta

import pytest
import shapely
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from grids import hierarchy, permissions, plans
from grids.hierarchy import NewUnit
from grids.levels import UnitKind
from grids.models import Succession, Unit
from grids.refusals import HierarchyRefused
from tests.cast import SIDE, SOUTH, WEST, Cast
from tests.tiling import box


def _create(cast: Cast, code: str, kind: UnitKind, name: str = "新单位") -> Unit:
    return hierarchy.create_unit(code=code, kind=kind, name=name, now=cast.now)


def test_a_unit_stands_under_the_unit_its_code_names(cast: Cast) -> None:
    grid = _create(cast, "511111100001003", UnitKind.GRID)
    assert grid.parent == cast.village
    assert grid.grid_kind == "comprehensive"
    assert _create(cast, "511111D0201", UnitKind.DEPARTMENT).parent == cast.other_department


@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [
        ("511111100001003", UnitKind.VILLAGE, "unit_code"),
        ("511111102001", UnitKind.VILLAGE, "unit_parent_missing"),
        ("511111100", UnitKind.TOWN, "unit_code_taken"),
        ("5111D01", UnitKind.DEPARTMENT, "unit_code"),
    ],
)
def test_a_wrong_code_is_refused(cast: Cast, code: str, kind: UnitKind, reason: str) -> None:
    with pytest.raises(HierarchyRefused) as refused:
        _create(cast, code, kind)
    assert refused.value.code == reason


def test_a_unit_without_a_name_is_refused_by_the_database(cast: Cast) -> None:
    with pytest.raises(HierarchyRefused) as refused:
        _create(cast, "511111102", UnitKind.TOWN, name="  ")
    assert refused.value.code == "unit_has_name"
    assert Unit.objects.filter(parent=cast.district).exists(), "the transaction stays usable"


@pytest.mark.parametrize(
    ("code", "kind", "parent"),
    [
        ("511111102", "town", "511111100"),
        ("511111102", "village", "511111"),
        ("430302001", "town", "511111"),
        ("51111110000X", "village", "511111100"),
        ("511111100001009", "grid", "511111100"),
        ("511111100001009", "grid", None),
        ("511111D09", "department", None),
        ("511111D0901", "department", "511111D01"),
        ("511111100D09", "office", "511111"),
        ("511111110", "hamlet", "511111"),
    ],
)
def test_the_database_refuses_a_unit_out_of_place(cast: Cast, code: str, kind: str, parent: str | None) -> None:
    grid_kind = "comprehensive" if kind == "grid" else ""
    with pytest.raises(IntegrityError), transaction.atomic():
        Unit.objects.create(code=code, kind=kind, name="x", parent_id=parent, grid_kind=grid_kind, created_at=cast.now)


def test_many_units_are_created_at_once_with_their_parents_among_them(cast: Cast) -> None:
    wanted = [
        NewUnit(code="511111102001001", name="网格"),
        NewUnit(code="511111102", name="太平镇"),
        NewUnit(code="511111102001", name="太平社区"),
    ]
    created = hierarchy.create_units(units=wanted, now=cast.now)
    assert [unit.pk for unit in created] == ["511111102", "511111102001", "511111102001001"]
    with pytest.raises(HierarchyRefused, match="511111103"):
        hierarchy.create_units(units=[NewUnit(code="511111103001", name="无上级")], now=cast.now)


def test_only_an_administrator_above_creates(cast: Cast) -> None:
    hierarchy.create_unit(code="511111102", kind=UnitKind.TOWN, name="太平镇", now=cast.now, actor=cast.administrator)
    with pytest.raises(PermissionDenied):
        hierarchy.create_unit(code="511111103", kind=UnitKind.TOWN, name="福禄镇", now=cast.now, actor=cast.town_head)


def test_a_unit_with_living_children_or_a_published_area_is_not_retired(cast: Cast) -> None:
    with pytest.raises(HierarchyRefused) as refused:
        hierarchy.retire(unit=cast.village, now=cast.now)
    assert refused.value.code == "unit_has_children"
    with pytest.raises(HierarchyRefused) as refused:
        hierarchy.retire(unit=cast.grid, now=cast.now)
    assert refused.value.code == "unit_has_boundary"


def test_a_unit_whose_area_is_published_for_later_is_not_retired(cast: Cast) -> None:
    new = hierarchy.create_unit(code="511111100002003", kind=UnitKind.GRID, name="绥山村三网格", now=cast.now)
    codes, edges = [cast.third_grid.pk, new.pk, cast.fourth_grid.pk], [WEST + SIDE * east for east in (2, 2.5, 3, 4)]
    grids = {code: box(edges[at], SOUTH, edges[at + 1], SOUTH + SIDE) for at, code in enumerate(codes)}
    frame = shapely.coverage_union_all(list(grids.values()))
    plan = plans.draft(scope=cast.sibling_village, title="x", now=cast.now, grids=grids, frame=frame)
    plans.publish(plan=plan, at=cast.now + timedelta(days=1), now=cast.now)
    with pytest.raises(HierarchyRefused) as refused:
        hierarchy.retire(unit=new, now=cast.now)
    assert refused.value.code == "unit_has_boundary"


def test_retiring_ends_the_posts_and_keeps_the_row(cast: Cast) -> None:
    hierarchy.retire(unit=cast.other_department, now=cast.now)
    later = cast.now + timedelta(seconds=1)
    assert Unit.objects.get(pk=cast.other_department.pk).retired_at == cast.now
    assert cast.other_department.posts.count() == 2
    assert not cast.other_department.posts.filter(period__contains=later).exists()
    assert permissions.visible_prefixes(cast.other_handler, now=later) == []
    with pytest.raises(HierarchyRefused, match="511111D02"):
        _create(cast, cast.other_department.pk, UnitKind.DEPARTMENT)


def test_a_successor_sees_what_its_predecessor_had(cast: Cast) -> None:
    hierarchy.succeed(old=cast.other_department, new=cast.department, at=cast.now)
    later = cast.now + timedelta(minutes=1)
    assert permissions.visible_prefixes(cast.handler, now=later) == ["511111D01", "511111D02"]
    assert permissions.allows(cast.handler, permissions.Right.VIEW, cast.other_department, now=later)
    assert not permissions.allows(cast.handler, permissions.Right.TAKE, cast.other_department, now=later)
    retired = Unit.objects.get(pk=cast.other_department.pk)
    assert hierarchy.successor_of(retired) == cast.department
    assert hierarchy.successor_of(cast.department) == cast.department


def test_sight_reaches_back_over_several_reforms(cast: Cast) -> None:
    third = _create(cast, "511111D03", UnitKind.DEPARTMENT)
    hierarchy.succeed(old=cast.other_department, new=cast.department, at=cast.now)
    hierarchy.succeed(old=Unit.objects.get(pk="511111D01"), new=third, at=cast.now + timedelta(days=1))
    later = cast.now + timedelta(days=2)
    from grids import posts
    from grids.duties import Duty

    posts.appoint(unit=third, person=cast.stranger, duty=Duty.HANDLER, since=later)
    assert permissions.visible_prefixes(cast.stranger, now=later) == ["511111D01", "511111D02", "511111D03"]
    assert permissions.allows(cast.stranger, permissions.Right.VIEW, "511111D02", now=later)
    assert hierarchy.successor_of(Unit.objects.get(pk="511111D02")) == third


def test_a_succession_is_written_once(cast: Cast) -> None:
    hierarchy.succeed(old=cast.other_department, new=cast.department, at=cast.now)
    with pytest.raises(HierarchyRefused) as refused:
        hierarchy.succeed(old=cast.other_department, new=cast.department, at=cast.now)
    assert refused.value.code == "succession_once"
    assert "succession_" not in refused.value.messages[0], "a sentence for people"


@pytest.mark.parametrize(("old", "new", "reason"), [("town", "village", "succession_kind"), ("office", "office", None)])
def test_odd_successions_are_refused(cast: Cast, old: str, new: str, reason: str | None) -> None:
    with pytest.raises(HierarchyRefused) as refused:
        hierarchy.succeed(old=getattr(cast, old), new=getattr(cast, new), at=cast.now)
    assert refused.value.code == (reason or "succession_of_another")
    assert "succession_" not in refused.value.messages[0], "a sentence for people"
    assert not Succession.objects.exists()
    assert not Unit.objects.filter(retired_at__isnull=False).exists(), "all or nothing"


def test_the_tier_above_is_a_place(cast: Cast) -> None:
    assert hierarchy.tier_parent(cast.grid) == cast.village
    assert hierarchy.tier_parent(cast.village) == cast.town
    assert hierarchy.tier_parent(cast.town) == cast.district
    assert hierarchy.tier_parent(cast.district) is None
    assert hierarchy.tier_parent(cast.department) == cast.district
    assert hierarchy.tier_parent(cast.office) == cast.town


def test_a_published_outline_is_known(cast: Cast) -> None:
    assert plans.outline_of(cast.town.pk, cast.now) is not None
