"""A redraw is published in one transaction: codes, posts, incidents; its preview tells what happens; it can go back."""

from datetime import timedelta
from typing import Any

import pytest
import shapely
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from dispatch import notices
from dispatch.models import Notice
from governance import redraw
from governance.redraw import effect_of
from grids import forces, lattice, plans, proof, routines, selectors
from grids.duties import Duty
from grids.exchange import taking
from grids.models import (
    Boundary,
    ForceKind,
    Lineage,
    Person,
    Plan,
    PlanStatus,
    Post,
    Routine,
    RoutineKind,
    Succession,
    Unit,
)
from grids.models import DistrictProfile as Profile
from grids.refusals import BoundaryRefused
from incidents import by_grid, lifecycle
from incidents.births import Position
from incidents.models import Clock, Incident, IncidentEvent, Inspection
from incidents.states import State
from tests.cast import SIDE, SOUTH, WEST
from tests.governance.drawing import Drawing
from tests.incidents.story import Story

MIDDLE = SOUTH + SIDE / 2


def code(number: int, village: str = "511111100001") -> str:
    return f"{village}{number:03d}"


def at(east: float) -> tuple[float, float]:
    """A point in the row of grids, so many sides from its western end."""
    return WEST + SIDE * east, MIDDLE


def report(story: Story, east: float, **given: Any) -> Incident:
    longitude, latitude = at(east)
    return lifecycle.report(
        actor=given.pop("by", story.cast.officer),
        now=story.now,
        text="路灯不亮",
        category=story.category,
        position=Position(longitude, latitude, accuracy_m=5),
        **given,
    )


def primary(grid: str, story: Story) -> Person | None:
    return selectors.primary_officer(grid, story.now)


def split(story: Story, *, grid: str | None = None, east: float = 1.6) -> Drawing:
    """A plan of the first village that cuts its second grid (or another) in two, each with an officer."""
    drawing = Drawing(story.cast, story.cast.village, now=story.now)
    west, right = drawing.split(grid or story.cast.second_grid.pk, east=east)
    drawing.name(west, story.cast.second_officer)
    drawing.name(right, story.cast.handler)
    return drawing


def carve(drawing: Drawing, west: float, east: float, *, to: str) -> None:
    """Give the ground between two places of the row to a grid."""
    piece = shapely.box(WEST + SIDE * west, SOUTH, WEST + SIDE * east, SOUTH + SIDE)
    drawing.edit("carve", polygon=[list(point) for point in piece.exterior.coords], to=drawing.key_of(to))


def fresh(incident: Incident) -> Incident:
    return Incident.objects.get(pk=incident.pk)


def test_sw_5_a_grid_that_is_split_ends_and_its_open_incidents_follow_their_points(story: Story) -> None:
    """Grid 003 is cut in two: its code retires, the next in sequence are issued from west to east."""
    split(story).published()
    assert Unit.objects.get(pk=code(2)).is_retired
    story.later(days=1)
    west, east, other = report(story, 1.1), report(story, 1.5), report(story, 0.5)
    assert {west.place_id, east.place_id, other.place_id} == {code(3), code(1)}
    closed = story.move(report(story, 1.15), "dismiss", story.cast.village_clerk)
    version = Boundary.objects.get(unit=code(3), valid__upper_inf=True)
    story.later(days=1)

    plan = split(story, grid=code(3), east=1.3).published()

    assert Unit.objects.get(pk=code(3)).retired_at == story.now
    assert not Unit.objects.get(pk=code(5)).is_retired and not Unit.objects.get(pk=code(6)).is_retired
    assert fresh(west).place_id == code(5), "the western piece has the lower code"
    assert fresh(east).place_id == code(6)
    assert fresh(other).place_id == code(1) and story.kinds(other) == ["report"], "untouched"
    assert fresh(closed).place_id == code(3), "what has ended stays where it was"
    for incident in (west, east):
        now = fresh(incident)
        assert (now.occurrence_grid_id, now.boundary_id) == (code(3), version.pk), "where it happened never changes"
        assert (now.state, now.holder, now.seq) == (State.REPORTED, story.cast.village, incident.seq)
        event = IncidentEvent.objects.filter(incident=incident).latest("pk")
        assert (event.kind, event.details["plan"], event.details["from"]) == ("grid_changed", plan.pk, code(3))
    # History keeps the old shape.
    version.refresh_from_db()
    assert version.valid.upper == story.now
    before = selectors.grid_at(at(1.1), story.now - timedelta(hours=1))
    after = selectors.grid_at(at(1.1), story.now)
    assert before is not None and (before.unit_code, before.boundary_id) == (code(3), version.pk)
    assert after is not None and after.unit_code == code(5)
    assert set(Succession.objects.filter(old=code(3)).values_list("new", flat=True)) == {code(5), code(6)}
    shares = {row.new_id: round(row.area_share, 2) for row in Lineage.objects.filter(plan=plan, old=code(3))}
    assert shares == {code(5): 0.5, code(6): 0.5}


def test_the_preview_tells_what_the_publication_does(story: Story) -> None:
    for east in (1.1, 1.2, 1.7, 1.8, 1.9, 0.5):
        report(story, east)
    drawing = split(story)
    plan = drawing.approved()
    told = redraw.impact(plan=plan, now=story.now)
    assert not told.refusals
    assert Unit.objects.get(pk=code(2)).retired_at is None, "a preview changes nothing"

    done = redraw.publish(plan_id=plan.pk, actor=story.cast.administrator, now=story.now)

    assert effect_of(done) == dict(told.numbers)
    assert set(told.numbers) == set(redraw.NUMBERS)
    assert told.numbers["incidents_other_grid"] == 5
    assert told.numbers["incidents_other_officer"] == 3
    assert told.numbers["incidents_open"] == 6
    assert (told.numbers["codes_issued"], told.numbers["codes_retired"]) == (2, 1)
    assert (told.numbers["posts_begun"], told.numbers["posts_ended"]) == (2, 1)


def test_another_village_takes_over_what_the_old_one_still_has(story: Story) -> None:
    cast = story.cast
    waiting, in_hand, away = report(story, 1.9), report(story, 1.92), report(story, 1.94)
    story.move(in_hand, "accept", cast.village_clerk)
    story.move(away, "escalate", cast.village_clerk)
    drawing = Drawing(cast, cast.town, now=story.now)
    # The east of the second grid goes to the first grid of the next village.
    west, east = drawing.split(cast.second_grid.pk, east=1.8)
    west, east = sorted(
        (key for key, row in drawing.rows.items() if row.unit is None),
        key=lambda key: drawing.rows[key].shape.centroid.x,
    )
    drawing.edit("merge", keys=[east, drawing.key_of(cast.third_grid.pk)], into=drawing.key_of(cast.third_grid.pk))
    drawing.name(west, cast.second_officer)
    plan = drawing.approved()
    told = redraw.impact(plan=plan, now=story.now)
    story.later(minutes=5)
    plan = redraw.publish(plan_id=plan.pk, actor=cast.administrator, now=story.now)

    for incident in (waiting, in_hand):
        now = fresh(incident)
        assert (now.state, now.holder, now.place) == (State.REPORTED, cast.sibling_village, cast.third_grid)
        assert story.kinds(incident)[-1] == "rehome"
        clock = story.clock(incident, "accept")  # type: ignore[arg-type]
        assert (clock.unit_id, clock.state) == (cast.sibling_village.pk, "running")
    assert (fresh(away).holder, fresh(away).place) == (cast.town, cast.third_grid), (
        "the town has it: only the grid changes"
    )
    assert effect_of(plan) == dict(told.numbers)
    assert effect_of(plan)["incidents_taken_over"] == 2
    # One notice for each person, however many incidents.
    notices.announce_until_done(now=story.now)
    found = Notice.objects.filter(house_event__plan=plan, house_event__kind="plan_published")
    told_of = list(found.values_list("person", "about"))
    about = dict(told_of)
    assert about[cast.sibling_clerk.pk] == {"arrived": 2}
    assert about[cast.third_officer.pk] == {"incidents": 3}
    assert len(told_of) == len(about) and cast.administrator.pk not in about


def test_a_rollback_puts_back_shapes_codes_posts_and_incidents(story: Story) -> None:
    cast = story.cast
    west, east = report(story, 1.1), report(story, 1.9)
    before = {row.unit_id: lattice.from_db(row.geom) for row in Boundary.objects.filter(valid__contains=story.now)}
    posts = set(Post.objects.filter(period__contains=story.now).values_list("unit", "person", "duty", "is_primary"))
    start = story.now
    plan = split(story).published()
    published = story.later(hours=2)
    assert fresh(east).place_id == code(4)
    story.move(east, "accept", cast.village_clerk)
    later = report(story, 1.91)
    story.later(hours=1)

    back = redraw.roll_back(plan_id=plan.pk, actor=cast.administrator, reason="划错了", now=story.now)

    after = {row.unit_id: lattice.from_db(row.geom) for row in Boundary.objects.filter(valid__contains=story.now)}
    assert set(after) == set(before) and all(plans.same(before[unit], after[unit]) for unit in before)
    assert Unit.objects.get(pk=code(2)).retired_at is None
    assert Unit.objects.get(pk=code(3)).is_retired and Unit.objects.get(pk=code(4)).is_retired
    again = set(Post.objects.filter(period__contains=story.now).values_list("unit", "person", "duty", "is_primary"))
    assert again == posts
    for incident in (west, east, later):
        assert fresh(incident).place_id == code(2)
    assert fresh(east).state == State.ACCEPTED, "what became of it since stays"
    assert back.rolls_back == plan and back.status == PlanStatus.PUBLISHED
    # What was true when stays true.
    for moment, grid in ((start - timedelta(hours=1), 2), (published, 4), (story.now, 2)):
        hit = selectors.grid_at(at(1.9), moment)
        assert hit is not None and hit.unit_code == code(grid), moment
    with pytest.raises(BoundaryRefused) as refused:
        redraw.roll_back(plan_id=plan.pk, actor=cast.administrator, reason="再来", now=story.now)
    assert refused.value.code == "plan_taken_back"
    # And the rollback can be taken back itself: the codes of the redraw come back, none is new.
    story.later(hours=1)
    redraw.roll_back(plan_id=back.pk, actor=cast.administrator, reason="还是要", now=story.now)
    living = Unit.objects.filter(parent=cast.village, retired_at=None).values_list("pk", flat=True)
    assert set(living) == {code(1), code(3), code(4)}
    assert fresh(east).place_id == code(4)


def contact(grid: Unit) -> int | None:
    return Unit.objects.get(pk=grid.pk).duty_contact_id


def redraw_posts(story: Story) -> Plan:
    """Grid 001 is cut in two, 002 gets another officer; whoever is to be called there was named by hand, or nobody."""
    cast = story.cast
    Unit.objects.filter(pk=cast.grid.pk).update(duty_contact=cast.assistant)
    Unit.objects.filter(pk=cast.second_grid.pk).update(duty_contact=None)
    drawing = Drawing(cast, cast.village, now=story.now)
    west, right = drawing.split(cast.grid.pk, east=0.6)
    drawing.name(west, cast.officer)
    drawing.name(right, cast.second_officer)
    drawing.name(drawing.key_of(cast.second_grid.pk), cast.handler)
    return drawing.published()


def test_a_rollback_puts_back_whom_to_call(story: Story) -> None:
    cast = story.cast
    plan = redraw_posts(story)
    assert (contact(cast.grid), contact(cast.second_grid)) == (None, cast.handler.pk)
    story.later(hours=1)
    back = redraw.roll_back(plan_id=plan.pk, actor=cast.administrator, reason="划错了", now=story.now)
    assert primary(cast.second_grid.pk, story) == cast.second_officer
    assert (contact(cast.grid), contact(cast.second_grid)) == (cast.assistant.pk, None)
    story.later(hours=1)
    redraw.roll_back(plan_id=back.pk, actor=cast.administrator, reason="还是要", now=story.now)
    assert (contact(cast.grid), contact(cast.second_grid)) == (None, cast.handler.pk)


def test_whom_somebody_named_since_stays_after_a_rollback(story: Story) -> None:
    cast = story.cast
    plan = redraw_posts(story)
    story.later(hours=1)
    Unit.objects.filter(pk=cast.second_grid.pk).update(duty_contact=cast.administrator)
    redraw.roll_back(plan_id=plan.pk, actor=cast.administrator, reason="划错了", now=story.now)
    assert contact(cast.second_grid) != cast.handler.pk and contact(cast.second_grid) is not None


def test_what_comes_back_after_a_redraw_comes_back_to_the_grid_of_today(story: Story) -> None:
    cast = story.cast
    ended = story.move(report(story, 1.9), "dismiss", cast.village_clerk)
    split(story).published()
    assert fresh(ended).place_id == code(2)
    story.later(hours=1)
    story.move(ended, "reopen", cast.town_checker)
    assert (fresh(ended).place_id, fresh(ended).occurrence_grid_id) == (code(4), code(2))


def test_what_is_to_be_inspected_goes_to_the_heir(story: Story) -> None:
    cast = story.cast
    longitude, latitude = at(0.9)
    Profile.objects.update_or_create(district=cast.district, defaults={"recheck_share": 1})
    done = lifecycle.self_handle(
        actor=cast.officer,
        now=story.now,
        text="井盖松动",
        result="已复位",
        category=story.category,
        position=Position(longitude, latitude, accuracy_m=5),
    )
    assert done.inspection.unit_id == cast.grid.pk
    split(story, grid=cast.grid.pk, east=0.6).published()
    inspection = Inspection.objects.get(incident=done)
    clock = Clock.objects.get(incident=done, subject_kind="inspection", stopped_at=None)
    assert inspection.unit_id == clock.unit_id == code(3), "where its supervisor went"
    assert fresh(done).place == cast.grid


def test_the_posts_are_as_the_plan_says(story: Story) -> None:
    cast = story.cast
    plan = split(story, grid=cast.grid.pk, east=0.6).published()
    assert primary(code(3), story) == cast.second_officer and primary(code(4), story) == cast.handler
    second = Post.objects.get(unit=cast.second_grid, is_primary=True)
    assert second.period.upper is None, "a grid that did not change keeps its post"
    # The assistant and the supervisor of the grid that ended follow to the larger piece.
    for person, duty in ((cast.assistant, Duty.ASSISTANT), (cast.supervisor, Duty.SUPERVISOR)):
        units = list(
            Post.objects.filter(person=person, duty=duty, period__contains=story.now).values_list("unit", flat=True)
        )
        assert units == [code(3)]
    assert not Post.objects.filter(unit=cast.grid, period__contains=story.now).exists()
    notices.announce_until_done(now=story.now)
    notice = Notice.objects.get(house_event__plan=plan, person=cast.officer)
    assert notice.about == {"ended": [cast.grid.pk]}


def test_a_border_that_ends_on_the_outline_is_met_by_the_neighbours(story: Story) -> None:
    """The cut ends on the border with the next village, and on the outline of the district in the north."""
    cast = story.cast
    drawing = Drawing(cast, cast.village, now=story.now)
    line = [[WEST + SIDE * 1.31, SOUTH + SIDE * 1.1], [WEST + SIDE * 2.1, SOUTH + SIDE * 0.437]]
    for key in drawing.edit("split", key=drawing.key_of(cast.second_grid.pk), line=line):
        drawing.name(key, cast.second_officer)
    plan = drawing.published()
    assert set(plan.effect["outside"]) == {cast.third_grid.pk, cast.sibling_village.pk, cast.town.pk, cast.district.pk}
    assert all(row.village == cast.village.pk for row in taking.rows_of_plan(plan)), "a file of it holds its own grids"
    for unit in (cast.village, cast.sibling_village, cast.town, cast.district):
        found = plans.in_force(unit.pk)
        grids = {code: shape for code, shape in found.items() if len(code) == 15}
        assert proof.prove(grids, found[unit.pk]).holds, unit
    story.later(hours=1)
    redraw.roll_back(plan_id=plan.pk, actor=cast.administrator, reason="划错了", now=story.now)
    found = plans.in_force(cast.district.pk)
    grids = {code: shape for code, shape in found.items() if len(code) == 15}
    assert proof.prove(grids, found[cast.district.pk]).holds
    before = plans.just_before(cast.district.pk, plan.effective_at)
    assert all(plans.same(before[code], found[code]) for code in before), "the vertices are gone again"


def test_a_plan_takes_over_the_vertices_that_neighbours_put_on_its_outline_since(story: Story) -> None:
    """Both villages are drawn at once, and each border ends on the line between them."""
    cast = story.cast
    ours, theirs = Drawing(cast, cast.village, now=story.now), Drawing(cast, cast.sibling_village, now=story.now)
    for drawing, code_, west, north in ((ours, cast.second_grid.pk, 1, 0.61), (theirs, cast.third_grid.pk, 2, 0.37)):
        line = [[WEST + SIDE * (west + far), SOUTH + SIDE * (north + far / 50)] for far in (-0.1, 1.1)]
        for key in sorted(drawing.edit("split", key=drawing.key_of(code_), line=line)):
            if drawing.rows[key].unit is None:
                drawing.name(key, None, "暂缺")
    plan = ours.approved()
    theirs.published()
    story.later(hours=1)
    told = redraw.impact(plan=plan, now=story.now)
    assert not told.refusals and told.redraw.frame is not None

    done = redraw.publish(plan_id=plan.pk, actor=cast.administrator, now=story.now)

    assert effect_of(done) == dict(told.numbers)
    assert told.redraw.reshaped == {cast.grid.pk}, "the neighbour of the split has its vertex"
    for scope in (cast.village, cast.sibling_village, cast.town, cast.district):
        shapes = plans.in_force(scope.pk)
        grids = {key: shape for key, shape in shapes.items() if len(key) == 15}
        assert proof.prove(grids, shapes[scope.pk]).holds, scope
    story.later(hours=1)
    redraw.roll_back(plan_id=theirs.plan.pk, actor=cast.administrator, reason="错", now=story.now)
    story.later(hours=1)
    redraw.roll_back(plan_id=plan.pk, actor=cast.administrator, reason="错", now=story.now)
    shapes = plans.in_force(cast.district.pk)
    assert proof.prove({key: one for key, one in shapes.items() if len(key) == 15}, shapes[cast.district.pk]).holds


def test_forces_and_rounds_go_on_where_most_of_their_grid_went(story: Story) -> None:
    cast, today = story.cast, timezone.localdate(story.now)
    doctor = forces.enlist(grid=cast.grid, kind=ForceKind.DOCTOR, name="华大夫", now=story.now - timedelta(days=9))
    since = today - timedelta(days=10)
    routines.plan(grid=cast.grid, kind=RoutineKind.PATROL, title="河堤", every_days=7, since=since, now=story.now)
    plan = split(story, grid=cast.grid.pk, east=0.6).published()
    assert [force.name for force in forces.of_grid(code(3), story.now)] == ["华大夫"]
    doctor.refresh_from_db()
    assert doctor.period.upper == story.now and not forces.of_grid(cast.grid.pk, story.now)
    (patrol,) = Routine.objects.filter(grid=code(3))
    assert (patrol.title, patrol.since) == ("河堤", since + timedelta(days=14)), "in the same rhythm"
    assert Routine.objects.get(grid=cast.grid).until == today - timedelta(days=1)
    story.later(days=1)
    redraw.roll_back(plan_id=plan.pk, actor=cast.administrator, reason="划错了", now=story.now)
    assert [force.name for force in forces.of_grid(cast.grid.pk, story.now)] == ["华大夫"]


def test_a_new_grid_has_an_officer_or_is_vacant_on_purpose(story: Story) -> None:
    drawing = split(story)
    plan = drawing.approved()
    Person.objects.filter(pk=story.cast.handler.pk).update(is_active=False)
    with pytest.raises(BoundaryRefused) as refused:
        redraw.publish(plan_id=plan.pk, actor=story.cast.administrator, now=story.now)
    assert "戊一" in str(refused.value)
    assert redraw.impact(plan=plan, now=story.now).refusals

    drawing.name(next(key for key, row in drawing.rows.items() if row.officer == story.cast.handler.pk), None, "待招聘")
    plan = drawing.published()
    assert [grid.pk for grid in selectors.vacancies(["511111100001"], story.now)] == [code(4)]


def test_a_code_stays_with_half_of_the_households(story: Story) -> None:
    cast = story.cast
    drawing = Drawing(cast, cast.village, now=story.now)
    # A third of the first grid goes to the second: both keep their codes.
    piece = shapely.box(WEST + SIDE * 0.67, SOUTH, WEST + SIDE, SOUTH + SIDE)
    drawing.edit(
        "carve", polygon=[list(point) for point in piece.exterior.coords], to=drawing.key_of(cast.second_grid.pk)
    )
    plan = drawing.published()
    numbers = effect_of(plan)
    assert (numbers["codes_issued"], numbers["codes_retired"], numbers["grids_reshaped"]) == (0, 0, 2)

    story.later(hours=1)
    drawing = Drawing(cast, cast.village, now=story.now)
    # Of what is left two thirds go: less than half stays, so that is a new grid.
    piece = shapely.box(WEST + SIDE * 0.2, SOUTH, WEST + SIDE * 0.67, SOUTH + SIDE)
    drawing.edit(
        "carve", polygon=[list(point) for point in piece.exterior.coords], to=drawing.key_of(cast.second_grid.pk)
    )
    plan = drawing.published()
    assert plan.effect["retired"] == [code(1)] and plan.effect["born"] == [code(3)]
    assert primary(code(3), story) == cast.officer


def test_only_an_approved_plan_that_is_not_stale_is_published(story: Story) -> None:
    cast = story.cast
    drawing, rival = split(story), split(story, east=1.5)
    with pytest.raises(BoundaryRefused) as refused:
        redraw.publish(plan_id=drawing.plan.pk, actor=cast.administrator, now=story.now)
    assert refused.value.code == "plan_not_approved"
    with pytest.raises(PermissionDenied):
        redraw.publish(plan_id=drawing.plan.pk, actor=cast.town_clerk, now=story.now)
    stale = rival.approved()
    done = drawing.published()
    with pytest.raises(BoundaryRefused):
        redraw.publish(plan_id=stale.pk, actor=cast.administrator, now=story.now)
    with pytest.raises(BoundaryRefused) as refused:
        redraw.publish(plan_id=done.pk, actor=cast.administrator, now=story.now)
    assert refused.value.code == "plan_published"


@pytest.mark.parametrize(
    "broken",
    [
        "grids.reposting.carry_out",
        "grids.redrawn_units.retire",
        "incidents.rehoming.change_grids",
        "dispatch.redrawn.tell",
    ],
)
def test_a_publication_that_dies_in_the_middle_leaves_nothing(
    story: Story, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident = report(story, 1.9)
    plan = split(story).approved()

    def die(*_given: Any, **_named: Any) -> None:
        raise RuntimeError("the power went")

    monkeypatch.setattr(broken, die)
    with pytest.raises(RuntimeError):
        redraw.publish(plan_id=plan.pk, actor=story.cast.administrator, now=story.now)
    assert Plan.objects.get(pk=plan.pk).status == PlanStatus.APPROVED
    assert not Unit.objects.filter(pk=code(3)).exists()
    assert Boundary.objects.get(unit=code(2)).valid.upper is None
    assert fresh(incident).place_id == code(2) and story.kinds(incident) == ["report"]
    assert not Lineage.objects.exists() and not Succession.objects.exists()
    assert primary(code(2), story) == story.cast.second_officer


def test_incidents_are_counted_by_the_grids_of_the_time_or_of_today(story: Story) -> None:
    west = report(story, 1.1)
    report(story, 1.9)
    story.move(west, "dismiss", story.cast.village_clerk)
    report(story, 0.5)
    start = story.now - timedelta(hours=1)
    split(story).published()
    story.later(hours=1)
    report(story, 1.95)

    def counted(*, of_today: bool) -> dict[str, tuple[int, int]]:
        span = {"start": start, "end": story.now + timedelta(hours=1), "now": story.now}
        rows = by_grid.counts(under=story.cast.village.pk, of_today=of_today, **span)
        return {row.grid.pk: (row.reported, row.open) for row in rows}

    assert counted(of_today=False) == {code(1): (1, 1), code(2): (2, 1), code(4): (1, 1)}
    assert counted(of_today=True) == {code(1): (1, 1), code(3): (1, 0), code(4): (2, 2)}
    # One that was placed by name alone goes to the grid that follows its own.
    Incident.objects.filter(pk=west.pk).update(point=None, boundary=None)
    assert counted(of_today=True) == {code(1): (1, 1), code(3): (1, 0), code(4): (2, 2)}


def test_a_grid_that_was_vacant_on_purpose_is_so_in_the_next_plan_too(story: Story) -> None:
    """Nobody says twice why; with an officer in post the reason is void."""
    drawing = Drawing(story.cast, story.cast.village, now=story.now)
    west, right = drawing.split(story.cast.second_grid.pk, east=1.6)
    drawing.name(west, story.cast.second_officer)
    drawing.name(right, None, "待聘")
    drawing.published()
    story.later(days=1)
    again = Drawing(story.cast, story.cast.village, now=story.now)
    assert again.rows[again.key_of(code(4))].vacant_reason == "待聘"
    again.name(again.key_of(code(4)), story.cast.handler)
    again.published()
    story.later(days=1)
    third = Drawing(story.cast, story.cast.village, now=story.now)
    row = third.rows[third.key_of(code(4))]
    assert (row.officer, row.vacant_reason) == (story.cast.handler.pk, "")
