"""Redraws on real connections: two at once, reports that race one, and the database's own refusals at the end."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, connections, transaction
from django.utils import timezone

from dispatch import notices
from dispatch import redrawn as dispatch_redrawn
from dispatch.models import Notice
from governance import redraw
from governance.redraw import scheduled
from grids import lattice, plans, proof, selectors
from grids.models import Boundary, Plan, PlanStatus, Unit
from grids.refusals import BoundaryRefused
from incidents import lifecycle
from incidents.births import Position
from incidents.models import Incident
from tests.cast import SIDE, SOUTH, WEST
from tests.governance.drawing import Drawing
from tests.incidents.story import Story

PATIENCE_SECONDS = 120


@pytest.fixture
def story(transactional_db: None, story: Story) -> Story:
    story.now = timezone.now()
    return story


def split(story: Story, *, east: float = 1.6) -> Drawing:
    drawing = Drawing(story.cast, story.cast.village, now=story.now)
    west, right = drawing.split(story.cast.second_grid.pk, east=east)
    drawing.name(west, story.cast.second_officer)
    drawing.name(right, story.cast.handler)
    return drawing


def together(*works: Callable[[], Any]) -> list[Any]:
    """What each gave back or raised, all begun at the same moment on connections of their own."""
    start, ended = threading.Barrier(len(works)), [None] * len(works)

    def run(number: int, work: Callable[[], Any]) -> None:
        start.wait()
        try:
            ended[number] = work()
        except BaseException as error:
            ended[number] = error  # type: ignore[call-overload]
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair, daemon=True) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    return ended


def test_of_two_redraws_published_at_once_one_is_refused(story: Story) -> None:
    both = [split(story).approved(), split(story, east=1.4).approved()]
    administrator, now = story.cast.administrator, story.now
    ended = together(*(lambda pk=plan.pk: redraw.publish(plan_id=pk, actor=administrator, now=now) for plan in both))
    assert sorted(type(one).__name__ for one in ended) == ["BoundaryRefused", "Plan"], ended
    assert Plan.objects.filter(status=PlanStatus.PUBLISHED, scope=story.cast.village).count() == 1
    living = Unit.objects.filter(parent=story.cast.village, retired_at=None).count()
    assert living == 3


def test_no_report_that_races_a_publication_lands_in_a_grid_that_ended(story: Story) -> None:
    """Reports come all the while from several people; each lands where its point lies once all is told."""
    plan = split(story).approved()
    cast, begun, over = story.cast, threading.Event(), threading.Event()
    reported: list[int] = []

    def report(person: Any, number: int) -> None:
        count = 0
        while count < 4 or not over.is_set():
            east = 1.05 + 0.9 * ((number * 31 + count * 17) % 100) / 100
            incident = lifecycle.report(
                actor=person,
                now=timezone.now(),
                text="路灯不亮",
                category=story.category,
                position=Position(WEST + SIDE * east, SOUTH + SIDE / 2, accuracy_m=5),
            )
            reported.append(incident.pk)
            count += 1
            if count == 2:
                begun.set()

    def publish() -> None:
        begun.wait(PATIENCE_SECONDS)
        try:
            redraw.publish(plan_id=plan.pk, actor=cast.administrator, now=timezone.now())
        finally:
            over.set()

    people = [cast.officer, cast.second_officer, cast.village_clerk]
    ended = together(publish, *(lambda p=p, n=n: report(p, n) for n, p in enumerate(people)))
    assert [one for one in ended if isinstance(one, BaseException)] == []
    incidents = list(Incident.objects.filter(pk__in=reported))
    assert len(incidents) >= 8
    here = selectors.grids_at([(one.point.x, one.point.y) for one in incidents])
    for incident, hit in zip(incidents, here, strict=True):
        assert hit is not None and incident.place_id == hit.unit_code, incident.reported_at
    assert not Unit.objects.filter(pk__in={one.place_id for one in incidents}, retired_at__isnull=False).exists()
    # Some were there before and followed, some came behind it.
    assert {one.occurrence_grid_id for one in incidents} >= {cast.second_grid.pk}


def test_a_report_waits_for_a_publication_under_way_and_lands_behind_it(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, cast = split(story).approved(), story.cast
    written, go_on, reported = threading.Event(), threading.Event(), threading.Event()
    tell = dispatch_redrawn.tell

    def hold(**given: Any) -> int:
        """Everything is written, nothing is committed."""
        written.set()
        assert go_on.wait(PATIENCE_SECONDS)
        return tell(**given)

    monkeypatch.setattr("dispatch.redrawn.tell", hold)

    def report() -> Incident:
        written.wait(PATIENCE_SECONDS)
        position = Position(WEST + SIDE * 1.9, SOUTH + SIDE / 2, accuracy_m=5)
        given = {"actor": cast.officer, "text": "路灯不亮", "category": story.category, "position": position}
        incident = lifecycle.report(now=timezone.now(), **given)
        reported.set()
        return incident

    def look() -> bool:
        written.wait(PATIENCE_SECONDS)
        early = reported.wait(1)
        # Whoever only asks is not kept waiting: the grids of before still hold.
        hit = selectors.grid_at((WEST + SIDE * 1.9, SOUTH + SIDE / 2))
        assert hit is not None and hit.unit_code == cast.second_grid.pk
        go_on.set()
        return early

    publish = lambda: redraw.publish(plan_id=plan.pk, actor=cast.administrator, now=timezone.now())  # noqa: E731
    done, incident, early = together(publish, report, look)
    assert isinstance(done, Plan) and isinstance(incident, Incident), (done, incident, early)
    assert early is False
    assert incident.place_id == incident.occurrence_grid_id == "511111100001004"


def test_a_plan_publishes_itself_at_its_moment_or_says_why_not(story: Story) -> None:
    cast, soon = story.cast, story.now + timedelta(hours=1)
    early, rival = split(story), split(story, east=1.4)
    early.approved(publish_at=soon)
    rival.approved(publish_at=soon + timedelta(minutes=1))
    assert scheduled.publish_due(now=story.now) == 0
    assert scheduled.publish_due(now=soon + timedelta(minutes=2)) == 1

    done, left = Plan.objects.get(pk=early.plan.pk), Plan.objects.get(pk=rival.plan.pk)
    assert (done.status, done.published_by, done.publish_fault) == (PlanStatus.PUBLISHED, None, "")
    assert left.status == PlanStatus.APPROVED and left.publish_fault and left.publish_at is None
    notices.announce_until_done(now=soon + timedelta(minutes=2))
    told = Notice.objects.filter(person=cast.town_head).values_list("house_event__plan", "house_event__kind")
    # The rival was overtaken, and told to be approved with the first before.
    assert {(done.pk, "plan_published"), (left.pk, "plan_not_published"), (left.pk, "plan_overtaken")} <= set(told)
    (failed,) = left.house_events.filter(kind="plan_not_published")
    assert failed.details["fault"] == left.publish_fault
    assert scheduled.publish_due(now=soon + timedelta(days=1)) == 0, "it is not tried again by itself"


# -- the last wall --------------------------------------------------------------------------------------------


def refused(*statements: tuple[str, list[Any]]) -> str:
    """Why the database does not let these statements come to their end."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic(), connection.cursor() as cursor:
        for sql, given in statements:
            cursor.execute(sql, given)
    return str(caught.value)


def test_what_is_in_force_ends_by_a_published_plan_alone(story: Story) -> None:
    row = Boundary.objects.get(unit=story.cast.grid, valid__upper_inf=True)
    end = "update grids_boundary set valid = tstzrange(lower(valid), %s) where id = %s"
    assert "ends when another plan is published" in refused((end, [timezone.now(), row.pk]))
    # Neither at the moment of a plan that was published before,
    plan = split(story).published()
    assert "ends when another plan" in refused((end, [plan.effective_at, row.pk]))
    # nor by touching that plan in the same transaction.
    touch = ("update grids_plan set published_in = pg_current_xact_id() where id = %s", [plan.pk])
    assert "ends when another plan" in refused(touch, (end, [plan.effective_at, row.pk]))
    assert "never deleted" in refused(("delete from grids_boundary where id = %s", [row.pk]))
    # What ended does not come back.
    ended = Boundary.objects.get(unit=story.cast.second_grid, valid__upper_inf=False)
    begin = "update grids_boundary set valid = tstzrange(lower(valid), null) where id = %s"
    assert "never changes" in refused((begin, [ended.pk]))
    # An area that stayed as it was never had a range in that plan, and gets none.
    unchanged = Boundary.objects.get(unit=story.cast.grid, plan=plan)
    begin = "update grids_boundary set valid = tstzrange(now(), null) where id = %s"
    assert "comes into force" in refused((begin, [unchanged.pk]))


def test_areas_that_do_not_tile_are_not_published_even_by_hand(story: Story) -> None:
    """The certificate is right for its boundaries, and yet they leave a hole, overlap, or reach out of the scope."""
    cast, now = story.cast, timezone.now()
    whole = plans.in_force(cast.village.pk)
    first, second = whole[cast.grid.pk], whole[cast.second_grid.pk]
    half = lattice.to_lattice(second.intersection(second.envelope.buffer(-SIDE / 4)))
    publish = (
        "update grids_plan set status = 'published', effective_at = %s, published_at = %s, certificate = %s"
        " where id = %s"
    )
    end = "update grids_boundary set valid = tstzrange(lower(valid), %s) where unit_id = any(%s) and upper_inf(valid)"
    for shapes in (
        {cast.grid.pk: first, cast.second_grid.pk: half},
        {cast.grid.pk: first, cast.second_grid.pk: first},
        {cast.grid.pk: first, cast.second_grid.pk: second, cast.third_grid.pk: half},
    ):
        frame = whole[cast.village.pk]
        plan = plans.draft(scope=cast.village, title="x", now=now, grids=shapes, frame=frame)
        codes = sorted(shapes)
        why = refused(
            (publish, [now, now, f'{{"digest": "{proof.digest(plans.shapes_of(plan))}"}}', plan.pk]),
            (end, [now, codes]),
            ("update grids_boundary set valid = tstzrange(%s, null) where plan_id = %s", [now, plan.pk]),
        )
        assert "do not tile" in why or "not in its scope" in why
        assert Plan.objects.get(pk=plan.pk).status == PlanStatus.DRAFT
    assert plans.in_force(cast.village.pk).keys() == whole.keys()


def test_history_is_not_emptied(story: Story) -> None:
    for table in ("grids_boundary", "grids_plan", "grids_lineage", "grids_planarea", "grids_planoperation"):
        with (
            pytest.raises(IntegrityError, match="TRUNCATE refused"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("set local wangge.allow_truncate = 'off'")
            cursor.execute(f"truncate {table} cascade")


def test_a_later_version_that_is_published_already_is_not_overtaken(story: Story) -> None:
    cast, now = story.cast, timezone.now()
    shapes = {code: shape for code, shape in plans.in_force(cast.village.pk).items() if len(code) == 15}
    frame = plans.in_force(cast.village.pk)[cast.village.pk]
    moved = dict(zip(shapes, reversed(shapes.values()), strict=True))
    plan = plans.draft(scope=cast.village, title="morgen", now=now, grids=moved, frame=frame)
    plans.publish(plan=plan, at=now + timedelta(days=1), now=now)
    drawing = split(story)
    with pytest.raises((BoundaryRefused, ValidationError, IntegrityError)):
        drawing.published(timezone.now())
    assert Plan.objects.get(pk=drawing.plan.pk).status != PlanStatus.PUBLISHED


PUBLISH = (
    "update grids_plan set status = 'published', effective_at = %s, published_at = %s, certificate = %s where id = %s"
)
END = "update grids_boundary set valid = tstzrange(lower(valid), %s) where unit_id = any(%s) and upper_inf(valid)"
NOW: tuple[str, list[Any]] = ("set constraints all immediate", [])


def by_hand(story: Story, grids: Any = None) -> tuple[Plan, tuple[str, list[Any]]]:
    """A plan for the village, which leaves it as it is unless told otherwise, and the statement that publishes it."""
    cast, now = story.cast, timezone.now()
    whole = plans.in_force(cast.village.pk)
    grids = grids or {code: shape for code, shape in whole.items() if len(code) == 15}
    plan = plans.draft(scope=cast.village, title="x", now=now, grids=grids, frame=whole[cast.village.pk])
    return plan, (PUBLISH, [now, now, f'{{"digest": "{proof.digest(plans.shapes_of(plan))}"}}', plan.pk])


def test_nothing_begins_or_ends_by_a_plan_once_it_was_looked_at(story: Story) -> None:
    """Whoever has the deferred look early, before or behind the publication, has had it."""
    plan, publish = by_hand(story)
    end = (END, [publish[1][0], [story.cast.second_grid.pk]])
    begin = ("update grids_boundary set valid = tstzrange(%s, null) where plan_id = %s", [publish[1][0], plan.pk])
    again = ("update grids_plan set published_in = pg_current_xact_id() where id = %s", [plan.pk])
    assert "do not tile" in refused(publish, end)
    assert "ends when another plan" in refused(publish, NOW, end)
    assert "ends when another plan" in refused(NOW, publish, end)
    assert "ends when another plan" in refused(publish, NOW, again, end)
    assert "comes into force" in refused(publish, NOW, begin)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(*publish)
        cursor.execute(*NOW)
    assert Plan.objects.get(pk=plan.pk).status == PlanStatus.PUBLISHED


def test_what_ends_outside_of_the_scope_goes_on_at_once(story: Story) -> None:
    cast = story.cast
    plan, publish = by_hand(story)
    neighbour = plans.in_force(cast.sibling_village.pk)[cast.third_grid.pk]
    Boundary.objects.create(unit=cast.third_grid, plan=plan, kind="grid", geom=lattice.to_db(neighbour))
    now = publish[1][0]
    digest = proof.digest(plans.shapes_of(plan))
    publish = (PUBLISH, [now, now, f'{{"digest": "{digest}"}}', plan.pk])
    end = (END, [now, [cast.third_grid.pk]])
    assert "not in its scope" in refused(publish, end)
    begin = "update grids_boundary set valid = tstzrange(%s, null) where plan_id = %s and unit_id = %s"
    with transaction.atomic(), connection.cursor() as cursor:
        for sql, given in (publish, end, (begin, [now, plan.pk, cast.third_grid.pk])):
            cursor.execute(sql, given)


def test_the_outline_of_the_scope_stays_where_it_was(story: Story) -> None:
    """Smaller by a quarter, all that is drawn tiles it, and yet there would be a hole beside it."""
    cast, now = story.cast, timezone.now()
    whole = plans.in_force(cast.village.pk)
    frame = lattice.to_lattice(whole[cast.village.pk].intersection(whole[cast.village.pk].envelope.buffer(-SIDE / 4)))
    grids = {cast.grid.pk: frame}
    plan = plans.draft(scope=cast.village, title="x", now=now, grids=grids, frame=frame)
    Boundary.objects.create(unit=cast.village, plan=plan, kind="village", geom=lattice.to_db(frame))
    why = refused(
        (PUBLISH, [now, now, f'{{"digest": "{proof.digest(plans.shapes_of(plan))}"}}', plan.pk]),
        (END, [now, [cast.grid.pk, cast.second_grid.pk, cast.village.pk]]),
        ("update grids_boundary set valid = tstzrange(%s, null) where plan_id = %s", [now, plan.pk]),
    )
    assert "moves the outline" in why


def test_what_a_published_plan_was_made_of_does_not_change(story: Story) -> None:
    plan = split(story).published()
    assert plan.areas.exists() and plan.operations.exists() and plan.lineage.exists()
    other = Drawing(story.cast, story.cast.village, now=story.now).plan
    for table, copied in (
        ("grids_lineage", "plan_id, old_id, new_id, area_share"),
        ("grids_planarea", "plan_id, key, village_id, name, grid_kind, geom, published_as_id"),
        ("grids_planoperation", "plan_id, revision, kind, args, before, after, is_undone, note, at"),
    ):
        for statement in (
            f"delete from {table} where plan_id = %s",
            f"update {table} set id = -id where plan_id = %s",
            f"update {table} set plan_id = {other.pk} where plan_id = %s",
            f"insert into {table} ({copied}) select {copied} from {table} where plan_id = %s",
        ):
            assert "is history" in refused((statement, [plan.pk])), statement
    rename = "update grids_planarea set published_as_id = null where plan_id = %s"
    assert "is history" in refused((rename, [plan.pk]))
    move_in = "update grids_planarea set plan_id = %s, key = key + 1000 where plan_id = %s"
    assert "is history" in refused((move_in, [plan.pk, other.pk]))
    with connection.cursor() as cursor:
        # What is only drawn is nobody's history, but leaves no traces either.
        cursor.execute("delete from grids_planarea where plan_id = %s", [other.pk])
    trace = "insert into grids_lineage (plan_id, old_id, new_id, area_share) values (%s, %s, %s, 1)"
    assert "is history" in refused((trace, [other.pk, story.cast.grid.pk, story.cast.grid.pk]))


def test_what_is_retired_has_no_area_in_force(story: Story) -> None:
    cast = story.cast
    retire = ("update grids_unit set retired_at = now() where code = %s", [cast.second_grid.pk])
    assert "still published" in refused(retire)
    # Neither does it get one: the publication is looked at when the unit is retired already.
    split(story).published()
    assert Unit.objects.get(pk=cast.second_grid.pk).is_retired
    grids = {code: shape for code, shape in plans.in_force(cast.village.pk).items() if len(code) == 15}
    grids[cast.second_grid.pk] = grids.pop("511111100001003")
    plan, publish = by_hand(story, grids)
    now = publish[1][0]
    begin = "update grids_boundary set valid = tstzrange(%s, null) where plan_id = %s and unit_id = %s"
    why = refused(publish, (END, [now, ["511111100001003"]]), (begin, [now, plan.pk, cast.second_grid.pk]))
    assert "which is retired" in why
