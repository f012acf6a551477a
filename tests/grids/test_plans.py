"""Boundaries change by a proven plan that is published, and in no other way."""

import json
import threading
from datetime import timedelta

import pytest
import shapely
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from grids import hierarchy, lattice, plans, proof
from grids.levels import UnitKind
from grids.models import Boundary, Plan, PlanStatus, Unit
from grids.refusals import BoundaryRefused
from tests.cast import SIDE, SOUTH, WEST, Cast
from tests.tiling import box, squares

TOMORROW = timedelta(days=1)


def _village(cast: Cast) -> dict[str, BaseGeometry]:
    return squares([cast.grid.pk, cast.second_grid.pk], west=WEST, south=SOUTH, side=SIDE)


def _frame(cast: Cast, unit: Unit) -> BaseGeometry:
    frame = plans.outline_of(unit.pk, cast.now)
    assert frame is not None
    return frame


def _draft(cast: Cast, shapes: dict[str, BaseGeometry], **options: object) -> Plan:
    given = {"scope": cast.village, "title": "Redraw", "now": cast.now, "frame": _frame(cast, cast.village)}
    return plans.draft(**{**given, "grids": shapes, **options})  # type: ignore[arg-type]


def _moved_border(cast: Cast) -> dict[str, BaseGeometry]:
    """The border between the two grids of the village bent by one corner."""
    north, middle, bend = SOUTH + SIDE, WEST + SIDE, WEST + SIDE * 1.2
    half = SOUTH + SIDE / 2
    left = Polygon([(WEST, SOUTH), (middle, SOUTH), (bend, half), (middle, north), (WEST, north)])
    right = Polygon(
        [(middle, SOUTH), (WEST + 2 * SIDE, SOUTH), (WEST + 2 * SIDE, north), (middle, north), (bend, half)]
    )
    return {cast.grid.pk: lattice.to_lattice(left), cast.second_grid.pk: lattice.to_lattice(right)}


def test_publishing_ends_the_old_version_and_begins_the_new(cast: Cast) -> None:
    plan = _draft(cast, _moved_border(cast))
    assert Boundary.objects.filter(plan=plan, valid__isnull=False).count() == 0, "a draft is not in force"
    at = cast.now + TOMORROW
    plan = plans.publish(plan=plan, at=at, now=cast.now, actor=cast.administrator)

    old, new = Boundary.objects.filter(unit=cast.grid, valid__isnull=False).order_by("id")
    assert (old.valid.upper, new.valid.lower, new.valid.upper) == (at, at, None)
    assert plan.status == PlanStatus.PUBLISHED
    assert plan.certificate["checker"] == proof.CHECKER
    assert plan.certificate["grids"] == 2
    assert plan.certificate["digest"] == proof.digest(plans.shapes_of(plan))
    assert plan.published_by == cast.administrator


def test_only_what_changed_gets_a_new_version(cast: Cast) -> None:
    shapes = squares([cast.third_grid.pk, cast.fourth_grid.pk], west=WEST + 2 * SIDE, south=SOUTH, side=SIDE)
    town = {**_moved_border(cast), **shapes}
    plan = _draft(cast, town, scope=cast.town, frame=_frame(cast, cast.town))
    plans.publish(plan=plan, at=cast.now + TOMORROW, now=cast.now)
    counts = {unit: Boundary.objects.filter(unit=unit, valid__isnull=False).count() for unit in town}
    assert counts == {cast.grid.pk: 2, cast.second_grid.pk: 2, cast.third_grid.pk: 1, cast.fourth_grid.pk: 1}
    for unit in (cast.village, cast.sibling_village, cast.town):
        assert Boundary.objects.filter(unit=unit, valid__isnull=False).count() == 1, "its outline stayed"


def test_villages_and_towns_are_the_unions_of_their_grids(cast: Cast) -> None:
    for unit, west, east in ((cast.village, 0, 2), (cast.town, 0, 4), (cast.other_town, 4, 5), (cast.district, 0, 5)):
        outline = _frame(cast, unit)
        assert outline.equals(box(WEST + west * SIDE, SOUTH, WEST + east * SIDE, SOUTH + SIDE))


def test_a_gap_is_named_and_nothing_is_published(cast: Cast) -> None:
    shapes = _village(cast)
    shapes[cast.second_grid.pk] = box(WEST + SIDE * 1.1, SOUTH, WEST + 2 * SIDE, SOUTH + SIDE)
    plan = _draft(cast, shapes)
    with pytest.raises(BoundaryRefused) as refused:
        plans.publish(plan=plan, at=cast.now, now=cast.now)
    assert refused.value.messages
    assert cast.grid.pk in refused.value.messages[0]
    assert cast.grid.name in refused.value.messages[0]
    assert Plan.objects.get(pk=plan.pk).status == PlanStatus.DRAFT
    assert Boundary.objects.filter(unit=cast.grid, valid__isnull=False).count() == 1


def test_a_plan_covers_every_living_grid_of_its_scope_and_no_other(cast: Cast) -> None:
    whole = box(WEST, SOUTH, WEST + 2 * SIDE, SOUTH + SIDE)
    plan = _draft(cast, {cast.grid.pk: whole})
    with pytest.raises(BoundaryRefused, match=cast.second_grid.pk):
        plans.publish(plan=plan, at=cast.now, now=cast.now)
    plan = _draft(cast, {**_village(cast), cast.third_grid.pk: whole})
    with pytest.raises(BoundaryRefused, match=cast.third_grid.pk):
        plans.publish(plan=plan, at=cast.now, now=cast.now)


def test_a_published_outline_is_a_fixed_frame(cast: Cast) -> None:
    shapes = _village(cast)
    shapes[cast.second_grid.pk] = box(WEST + SIDE, SOUTH, WEST + 3 * SIDE, SOUTH + SIDE)
    plan = _draft(cast, shapes, frame=shapely.coverage_union_all(list(shapes.values())))
    with pytest.raises(BoundaryRefused) as refused:
        plans.publish(plan=plan, at=cast.now, now=cast.now)
    assert refused.value.error_list[0].code == "plan_moves_outline"


def test_a_first_outline_does_not_reach_into_another_unit(cast: Cast) -> None:
    for code, kind in (
        ("511111102", UnitKind.TOWN),
        ("511111102001", UnitKind.VILLAGE),
        ("511111102001001", UnitKind.GRID),
    ):
        unit = hierarchy.create_unit(code=code, kind=kind, name=code, now=cast.now)
    town = Unit.objects.get(pk="511111102")
    area = box(WEST + 4.5 * SIDE, SOUTH, WEST + 6 * SIDE, SOUTH + SIDE)
    plan = _draft(cast, {unit.pk: area}, scope=town, frame=area)
    with pytest.raises(BoundaryRefused) as refused:
        plans.publish(plan=plan, at=cast.now, now=cast.now)
    assert refused.value.error_list[0].code == "plan_reaches_out"
    area = box(WEST + 5 * SIDE, SOUTH, WEST + 6 * SIDE, SOUTH + SIDE)
    plans.publish(plan=_draft(cast, {unit.pk: area}, scope=town, frame=area), at=cast.now, now=cast.now)


def test_a_plan_overtaken_by_another_is_stale(cast: Cast) -> None:
    mine, theirs = _draft(cast, _moved_border(cast)), _draft(cast, _moved_border(cast))
    plans.publish(plan=theirs, at=cast.now, now=cast.now)
    with pytest.raises(BoundaryRefused) as refused:
        plans.publish(plan=mine, at=cast.now + TOMORROW, now=cast.now)
    assert refused.value.error_list[0].code == "plan_stale"


def test_a_plan_is_published_once(cast: Cast) -> None:
    plan = _draft(cast, _moved_border(cast))
    plans.publish(plan=plan, at=cast.now, now=cast.now)
    with pytest.raises(BoundaryRefused) as refused:
        plans.publish(plan=plan, at=cast.now + TOMORROW, now=cast.now)
    assert refused.value.error_list[0].code == "plan_not_draft"


@pytest.mark.parametrize(("days", "code"), [(-1, "plan_in_the_past"), (-400, "plan_in_the_past")])
def test_what_was_in_force_is_not_replaced_in_the_past(cast: Cast, days: int, code: str) -> None:
    plan = _draft(cast, _moved_border(cast))
    with pytest.raises(BoundaryRefused) as refused:
        plans.publish(plan=plan, at=cast.now + timedelta(days=days), now=cast.now)
    assert refused.value.error_list[0].code == code


def test_a_plan_does_not_slip_under_a_later_one(cast: Cast) -> None:
    plans.publish(plan=_draft(cast, _moved_border(cast)), at=cast.now + 9 * TOMORROW, now=cast.now)
    plan = _draft(cast, _village(cast))
    with pytest.raises(BoundaryRefused) as refused:
        plans.publish(plan=plan, at=cast.now + TOMORROW, now=cast.now)
    assert refused.value.error_list[0].code == "plan_out_of_order"


def test_a_grid_left_out_after_a_reform_ends_with_the_plan(cast: Cast) -> None:
    """Merge the two grids of the village: the second is retired once its area is gone."""
    Unit.objects.filter(pk=cast.second_grid.pk).update(retired_at=cast.now)
    whole = _frame(cast, cast.village)
    plans.publish(plan=_draft(cast, {cast.grid.pk: whole}), at=cast.now, now=cast.now)
    assert Boundary.objects.get(unit=cast.second_grid, valid__isnull=False).valid.upper == cast.now
    assert plans.outline_of(cast.grid.pk, cast.now) == whole


def test_only_an_administrator_publishes(cast: Cast) -> None:
    plan = _draft(cast, _moved_border(cast))
    with pytest.raises(PermissionDenied):
        plans.publish(plan=plan, at=cast.now, now=cast.now, actor=cast.village_head)


# -- what the database refuses, whoever asks --------------------------------------------------------------------


def _refused(sql: str, *given: object) -> None:
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, given)


def test_no_one_writes_a_boundary_into_force(cast: Cast) -> None:
    plan = _draft(cast, _moved_border(cast))
    row = Boundary.objects.filter(plan=plan).first()
    assert row is not None
    _refused("update grids_boundary set valid = tstzrange(now(), null) where id = %s", row.pk)
    _refused(
        "insert into grids_boundary (unit_id, plan_id, kind, geom, valid)"
        " select unit_id, %s, kind, geom, tstzrange(now(), null) from grids_boundary limit 1",
        plan.pk,
    )


def test_no_one_changes_or_deletes_a_published_boundary(cast: Cast) -> None:
    row = Boundary.objects.get(unit=cast.grid, valid__isnull=False)
    _refused(
        "update grids_boundary set geom = (select geom from grids_boundary where unit_id = %s) where id = %s",
        cast.second_grid.pk,
        row.pk,
    )
    _refused("update grids_boundary set valid = null where id = %s", row.pk)
    _refused("update grids_boundary set valid = tstzrange(now(), null) where id = %s", row.pk)
    _refused("delete from grids_boundary where id = %s", row.pk)
    _refused(
        "insert into grids_boundary (unit_id, plan_id, kind, geom) select %s, plan_id, kind, geom"
        " from grids_boundary where id = %s",
        cast.department.pk,
        row.pk,
    )


def test_no_one_publishes_with_another_plans_certificate(cast: Cast) -> None:
    forged = {**Plan.objects.get(status="published").certificate}
    plan = _draft(cast, _moved_border(cast))
    _refused(
        "update grids_plan set status = 'published', certificate = %s, published_at = now(), effective_at = now()"
        " where id = %s",
        json.dumps(forged),
        plan.pk,
    )
    _refused(
        "update grids_plan set status = 'published', published_at = now(), effective_at = now() where id = %s", plan.pk
    )
    _refused(
        "insert into grids_plan (scope_id, status, title, note, is_synthetic, frame, certificate, created_at,"
        " published_at, effective_at) select scope_id, 'published', title, note, false, frame, certificate, now(),"
        " now(), now() from grids_plan where status = 'published'"
    )


def test_no_one_rewrites_or_deletes_a_published_plan(cast: Cast) -> None:
    _refused("update grids_plan set is_synthetic = false where status = 'published'")
    _refused("update grids_plan set status = 'draft' where status = 'published'")
    _refused("update grids_plan set frame = st_translate(frame, 1e-7, 0) where status = 'published'")
    _refused("delete from grids_plan where status = 'published'")


@pytest.mark.parametrize(
    "changed", ["approved_by_id = %s", "published_by_id = %s", "created_by_id = %s", "reason = 'x' || %s", "note = %s"]
)
def test_no_one_signs_a_published_plan_afterwards(cast: Cast, changed: str) -> None:
    _refused(f"update grids_plan set {changed} where status = 'published'", cast.town_clerk.pk)


def test_the_table_refuses_areas_off_the_lattice_and_invalid_ones(cast: Cast) -> None:
    plan = _draft(cast, _moved_border(cast))
    insert = (
        "insert into grids_boundary (unit_id, plan_id, kind, geom) values (%s, %s, 'grid', st_geomfromtext(%s, 4490))"
    )
    bow = "MULTIPOLYGON(((103 29, 103.01 29.01, 103.01 29, 103 29.01, 103 29)))"
    off = "MULTIPOLYGON(((103 29, 103.00000001 29, 103.01 29.01, 103 29)))"
    for area in (bow, off):
        _refused(insert, cast.third_grid.pk, plan.pk, area)


def test_what_shapely_writes_is_on_the_lattice_of_the_database(cast: Cast) -> None:
    """st_snaptogrid would fail this for more than a third of all ordinates."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from grids_boundary where not"
            " st_orderingequals(geom, st_geomfromgeojson(st_asgeojson(geom, 7)))"
        )
        assert cursor.fetchone() == (0,)


@pytest.mark.django_db(transaction=True)
def test_of_two_plans_published_at_once_one_is_stale(cast: Cast) -> None:
    drafts = [_draft(cast, _moved_border(cast)), _draft(cast, _moved_border(cast))]
    start, outcomes = threading.Barrier(2), []

    def publish(plan: Plan) -> None:
        try:
            start.wait(timeout=10)
            plans.publish(plan=plan, at=cast.now, now=cast.now)
            outcomes.append("published")
        except BoundaryRefused as refused:
            outcomes.append(refused.error_list[0].code)
        finally:
            connection.close()

    threads = [threading.Thread(target=publish, args=[plan]) for plan in drafts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert sorted(map(str, outcomes)) == ["plan_stale", "published"]
    assert Boundary.objects.filter(unit=cast.grid, valid__upper_inf=True).count() == 1
