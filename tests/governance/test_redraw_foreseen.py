"""Whatever is drawn, and whatever lies and serves there: a publication does what its preview said, and goes back."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import shapely
from django.db import connection, transaction
from django.utils import timezone

from dispatch import invariants, notices
from dispatch.models import Notice
from governance import redraw
from governance.redraw import effect_of, telling
from grids import approvals, forces, lattice, plans, posts, routines
from grids.coverage import EditRefused
from grids.duties import Duty
from grids.models import Boundary, Force, ForceKind, Post, Routine, RoutineKind, Unit
from incidents import lifecycle
from incidents.births import Position
from incidents.models import Incident, LocatedBy
from tests.cast import SIDE, SOUTH, WEST
from tests.dispatch.play import Play, play
from tests.governance.drawing import Drawing

__all__ = ["play"]

PLANS, EDITS = 4, 5
WIDTH = 4 * SIDE


def lay(play: Play, dice: random.Random) -> None:
    """Incidents in all ways of lying there; posts to come, forces, rounds, notices nobody has read."""
    cast = play.cast
    clerks = {cast.village.pk: cast.village_clerk, cast.sibling_village.pk: cast.sibling_clerk}

    def report() -> Incident:
        return play.report(grid=dice.choice([cast.grid, cast.second_grid, cast.third_grid]))

    def press(incident: Incident, *names: str) -> None:
        for name in names:
            play.press(incident, name, clerks[incident.holder_id])

    for _each in range(6):
        report()
    for east in (1.0, 2.0, dice.choice([0.0, 3.0])):
        spot = Position(WEST + SIDE * east, SOUTH + SIDE * dice.random(), accuracy_m=5)
        given = {"text": "路灯不亮", "category": play.category, "position": spot}
        lifecycle.report(actor=cast.officer, now=play.now, **given)
    pointless = report()
    Incident.objects.filter(pk=pointless.pk).update(point=None, boundary=None, located_by=LocatedBy.NAMED)
    press(report(), "accept")
    press(report(), "escalate")
    press(report(), "accept", "escalate")
    press(report(), "dismiss")
    play.suspended(play.at_district())
    play.dispatched()
    play.answered_in_one_go()
    soon = play.now + timedelta(days=30)
    posts.appoint(unit=cast.second_grid, person=cast.stranger, duty=Duty.ASSISTANT, since=soon)
    posts.appoint(unit=cast.third_grid, person=cast.stranger, duty=Duty.SUPERVISOR, since=play.now, until=soon)
    forces.enlist(grid=cast.grid, kind=ForceKind.DOCTOR, name="华大夫", now=play.now - timedelta(days=9))
    today = timezone.localdate(play.now)
    routines.plan(grid=cast.second_grid, kind=RoutineKind.PATROL, title="河堤", every_days=3, since=today, now=play.now)
    notices.announce_until_done(now=play.now)


def draw(play: Play, dice: random.Random) -> Drawing:
    """A plan of the town after some edits at random, each new grid with an officer or vacant on purpose."""
    drawing = Drawing(play.cast, play.cast.town, now=play.now)

    def split() -> None:
        west, east = sorted(WEST + WIDTH * dice.random() for _each in range(2))
        line = [[west, SOUTH - SIDE / 10], [(west + east) / 2, SOUTH + SIDE * 1.1]]
        drawing.edit("split", key=dice.choice(sorted(drawing.rows)), line=line)

    def carve() -> None:
        west, south = WEST + WIDTH * dice.random(), SOUTH + SIDE * dice.uniform(-0.2, 0.8)
        piece = shapely.box(west, south, west + SIDE * dice.random(), SOUTH + SIDE * 1.2)
        ring = [list(point) for point in piece.exterior.coords]
        drawing.edit("carve", polygon=ring, to=dice.choice(sorted(drawing.rows)))

    def merge() -> None:
        one, other = dice.sample(sorted(drawing.rows), 2)
        drawing.edit("merge", keys=[one, other], into=one)

    acts: list[Callable[[], None]] = [split, split, carve, carve, merge]
    for _each in range(EDITS):
        try:
            dice.choice(acts)()
        except EditRefused:
            continue
    people = [play.cast.second_officer, play.cast.handler, play.cast.village_head, None]
    for key, row in sorted(drawing.rows.items()):
        if row.unit is None or dice.random() < 0.2:
            person = dice.choice(people)
            drawing.name(key, person, "" if person else "待招聘")
    return drawing


def standing(now: Any) -> dict[str, Any]:
    """What a rollback puts back: areas, grids in service, who serves where."""
    areas = Boundary.objects.filter(valid__contains=now)
    serving = Post.objects.filter(period__contains=now, unit__kind="grid")
    return {
        "areas": {row.unit_id: shapely.normalize(lattice.from_db(row.geom)).wkb for row in areas},
        "grids": set(Unit.objects.filter(kind="grid", retired_at=None).values_list("pk", flat=True)),
        "posts": set(serving.values_list("unit", "person", "duty", "is_primary")),
    }


def checked_now() -> None:
    """Have the last wall look before the savepoint is thrown away."""
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute("set constraints all deferred")


def test_the_preview_of_any_plan_is_what_its_publication_does_and_a_rollback_undoes_it(play: Play) -> None:
    dice = random.Random(20261122)
    lay(play, dice)
    read = Notice.objects.exclude(read_at=None).count()
    tried = done = 0
    while done < PLANS:
        tried += 1
        assert tried < 10 * PLANS, "most of what is drawn can be published"
        mark = transaction.savepoint()
        try:
            done += _publish_and_take_back(play, dice)
            assert Notice.objects.exclude(read_at=None).count() == read
        finally:
            transaction.savepoint_rollback(mark)


def _publish_and_take_back(play: Play, dice: random.Random) -> bool:
    cast = play.cast
    drawing = draw(play, dice)
    if not approvals.prove(plan_id=drawing.plan.pk, actor=cast.administrator, now=play.now).holds:
        return False
    plan = drawing.approved()
    told = redraw.impact(plan=plan, now=play.now)
    if told.refusals:
        return False
    foretold = telling.foretold(told)
    before, places = standing(play.now), dict(Incident.objects.values_list("pk", "place"))

    with transaction.atomic():
        plan = redraw.publish(plan_id=plan.pk, actor=cast.administrator, now=play.now)
    checked_now()
    assert effect_of(plan) == dict(told.numbers)
    story = telling.told(plan)
    assert [(line.code, line.how, line.parts) for line in story.lines] == [
        (line.code, line.how, line.parts) for line in foretold.lines
    ]
    assert (story.seats, story.turns) == (foretold.seats, foretold.turns)
    moved = {one.incident: one.new for one in told.rehomed.moved}
    for incident in Incident.objects.all():
        assert incident.place_id == moved.get(incident.pk, places[incident.pk]), incident.pk
        if incident.closed_at is None and incident.point is not None:
            shape = plans.in_force(incident.place_id)[incident.place_id]
            assert shape.intersects(shapely.Point(incident.point.x, incident.point.y)), incident.pk
    assert not Force.objects.filter(grid__retired_at__isnull=False, period__contains=play.now).exists()
    assert not Routine.objects.filter(grid__retired_at__isnull=False, until=None).exists()
    gone = Post.objects.filter(unit__retired_at__isnull=False, period__isempty=False)
    assert not gone.exclude(period__endswith__lte=play.now).exists()
    assert [str(one) for one in invariants.broken()] == []

    play.later(hours=1)
    with transaction.atomic():
        redraw.roll_back(plan_id=plan.pk, actor=cast.administrator, reason="划错了", now=play.now)
    checked_now()
    assert standing(play.now) == before
    open_ = Incident.objects.filter(closed_at=None).values_list("pk", "place")
    assert dict(open_) == {pk: places[pk] for pk, _place in open_}
    assert [str(one) for one in invariants.broken()] == []
    return True
