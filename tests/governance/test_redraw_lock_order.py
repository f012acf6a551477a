"""Whoever writes where a redraw is being published waits for it, or it for them: never both; nobody is overlooked."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, connections, transaction
from django.utils import timezone

from dispatch import moves, supervision
from dispatch import redrawn as dispatch_redrawn
from governance import redraw, reforms
from grids import accounts, hierarchy, posts
from grids.duties import Duty
from grids.levels import UnitKind
from grids.models import Person, Plan, PlanStatus, Post, Unit
from grids.refusals import BoundaryRefused
from incidents.models import Incident
from incidents.states import State
from tests.governance.drawing import Drawing
from tests.governance.test_redraw import at, code, split
from tests.governance.test_redraw_at_once import story
from tests.incidents.story import Story

__all__ = ["story"]

PATIENCE_SECONDS = 60


class Act(threading.Thread):
    """One piece of work on a connection of its own; `result` is what it gave back or raised."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self.work, self.result = work, None
        self.start()

    def run(self) -> None:
        try:
            self.result = self.work()
        except BaseException as error:
            self.result = error
        finally:
            connections.close_all()

    def ended(self) -> Any:
        self.join(PATIENCE_SECONDS)
        assert not self.is_alive(), "it waits for ever"
        return self.result


def waiting() -> int:
    """How many transactions wait for a lock in this database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        )
        return int(cursor.fetchone()[0])


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def under_way(plan: Plan, story: Story, monkeypatch: pytest.MonkeyPatch) -> Iterator[Act]:
    """A publication that has written everything and not come to its end before the block does."""
    written, go_on = threading.Event(), threading.Event()
    tell = dispatch_redrawn.tell

    def hold(**given: Any) -> int:
        written.set()
        assert go_on.wait(PATIENCE_SECONDS)
        return tell(**given)

    monkeypatch.setattr("dispatch.redrawn.tell", hold)
    act = Act(lambda: redraw.publish(plan_id=plan.pk, actor=story.cast.administrator, now=timezone.now()))
    try:
        assert written.wait(PATIENCE_SECONDS), act.result
        yield act
    finally:
        go_on.set()
        act.ended()


def refusal(result: Any) -> str:
    assert isinstance(result, ValidationError), result
    return str(getattr(result, "code", None) or result.error_list[0].code)


def lies_at(story: Story, east: float) -> Incident:
    """An incident so many sides from the western end of the row."""
    incident = story.report(grid=story.cast.second_grid)
    longitude, latitude = at(east)
    incident.point.x, incident.point.y = longitude, latitude
    Incident.objects.filter(pk=incident.pk).update(point=incident.point)
    return incident


def test_who_comes_while_a_redraw_is_published_waits_and_finds_what_it_made(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Grid 002 is cut into 003 and 004 while people appoint, relieve, reopen, accept, create, retire and leave."""
    cast = story.cast
    closed = story.move(lies_at(story, 1.9), "dismiss", cast.village_clerk)
    open_ = lies_at(story, 1.9)
    plan = split(story).approved()
    post = Post.objects.get(unit=cast.second_grid, person=cast.second_officer)
    now = timezone.now()

    def press(pk: int, name: str, by: Person) -> Incident:
        return moves.perform(incident_id=pk, name=name, actor=by, now=timezone.now(), note="有理由")

    works: dict[str, Callable[[], Any]] = {
        "appoint": lambda: posts.appoint(
            unit=cast.second_grid, person=cast.stranger, duty=Duty.ASSISTANT, since=now, actor=cast.administrator
        ),
        "relieve": lambda: posts.relieve(post=post, at=now + timedelta(hours=1), actor=cast.administrator),
        "reopen": lambda: press(closed.pk, "reopen", cast.town_checker),
        "accept": lambda: press(open_.pk, "accept", cast.village_clerk),
        "create": lambda: hierarchy.create_unit(code=code(3), kind=UnitKind.GRID, name="三网格", now=now),
        "retire": lambda: reforms.retire(unit=cast.second_grid, actor=cast.administrator, now=now),
        "succeed": lambda: reforms.succeed(
            old=cast.village, heirs=[cast.sibling_village], actor=cast.administrator, now=now
        ),
        "leave": lambda: accounts.close_account(person=cast.handler, actor=cast.administrator, now=timezone.now()),
    }
    with under_way(plan, story, monkeypatch) as publication:
        acts = {name: Act(work) for name, work in works.items()}
        until(lambda: waiting() == len(works))
        # What runs by itself waits for nobody.
        Person.objects.filter(pk=cast.assistant.pk).update(rights_due_at=now)
        supervision.sweep(now=timezone.now())
        posts.regrant_due(timezone.now())
        assert not any(act.result for act in acts.values())
    assert isinstance(publication.ended(), Plan), publication.result
    results = {name: act.ended() for name, act in acts.items()}

    assert refusal(results["appoint"]) == "post_unit_retired"
    assert refusal(results["create"]) == "unit_code_taken"
    assert isinstance(results["retire"], Unit), "it ended already"
    assert refusal(results["succeed"]) == "unit_has_children"
    assert results["leave"] is None and isinstance(results["relieve"], Post), results
    for name, incident in (("reopen", closed), ("accept", open_)):
        assert isinstance(results[name], Incident), results
        assert Incident.objects.get(pk=incident.pk).place_id == code(4), name
    assert Incident.objects.get(pk=open_.pk).state == State.ACCEPTED
    post.refresh_from_db()
    assert post.period.upper == Plan.objects.get(pk=plan.pk).effective_at, "it ended with its grid, and once"
    assert not Post.objects.filter(unit=code(4), person=cast.handler, period__upper_inf=True).exists(), "who left left"


def test_a_redraw_waits_for_who_came_first_and_takes_along_what_they_made(story: Story) -> None:
    cast = story.cast
    closed = story.move(lies_at(story, 1.9), "dismiss", cast.village_clerk)
    plan = split(story).approved()
    done, go_on, begun = threading.Event(), threading.Event(), timezone.now()

    def work() -> None:
        with transaction.atomic():
            moves.perform(
                incident_id=closed.pk, name="reopen", actor=cast.town_checker, now=timezone.now(), note="又坏"
            )
            posts.appoint(unit=cast.second_grid, person=cast.stranger, duty=Duty.ASSISTANT, since=begun)
            done.set()
            assert go_on.wait(PATIENCE_SECONDS)

    first = Act(work)
    assert done.wait(PATIENCE_SECONDS), first.result
    publication = Act(lambda: redraw.publish(plan_id=plan.pk, actor=cast.administrator, now=timezone.now()))
    until(lambda: waiting() == 1)
    go_on.set()
    assert first.ended() is None
    assert isinstance(publication.ended(), Plan), publication.result
    assert Incident.objects.get(pk=closed.pk).place_id == code(4)
    now = timezone.now()
    held = Post.objects.filter(person=cast.stranger, period__contains=now)
    assert held.values_list("unit", flat=True).get() == code(3), "the assistant goes on at the larger piece"


def empty_village(story: Story) -> Unit:
    """A village that has no grid yet."""
    return hierarchy.create_unit(code="511111100003", kind=UnitKind.VILLAGE, name="新村", now=story.now)


def into_new_village(story: Story, village: Unit) -> Drawing:
    """A plan of the town that gives the east of its second grid to a village that has no grid yet."""
    drawing = Drawing(story.cast, story.cast.town, now=story.now)
    west, east = drawing.split(story.cast.second_grid.pk, east=1.6)
    drawing.edit("describe", key=east, village=village.pk)
    drawing.name(west, story.cast.second_officer)
    drawing.name(east, story.cast.handler)
    return drawing


def test_a_village_retired_while_grids_are_given_to_it_ends_before_or_not_at_all(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each once wrote what the other waited for, and the database ended one of them in the middle."""
    village = empty_village(story)
    plan = into_new_village(story, village).approved()
    retire = lambda: reforms.retire(unit=village, actor=story.cast.administrator, now=timezone.now())  # noqa: E731
    with under_way(plan, story, monkeypatch) as publication:
        act = Act(retire)
        until(lambda: waiting() == 1)
    assert isinstance(publication.ended(), Plan)
    assert refusal(act.ended()) == "unit_has_children"
    assert not Unit.objects.get(pk=village.pk).is_retired


def test_grids_are_not_given_to_a_village_that_ends_first(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    village = empty_village(story)
    plan = into_new_village(story, village).approved()
    ended, go_on = threading.Event(), threading.Event()
    survey = reforms.survey

    def hold(*given: Any, **named: Any) -> Any:
        ended.set()
        assert go_on.wait(PATIENCE_SECONDS)
        return survey(*given, **named)

    monkeypatch.setattr(reforms, "survey", hold)
    act = Act(lambda: reforms.retire(unit=village, actor=story.cast.administrator, now=timezone.now()))
    assert ended.wait(PATIENCE_SECONDS), act.result
    publication = Act(lambda: redraw.publish(plan_id=plan.pk, actor=story.cast.administrator, now=timezone.now()))
    until(lambda: waiting() == 1)
    go_on.set()
    assert isinstance(act.ended(), Unit), act.result
    assert "511111100003" in str(publication.ended()), publication.result
    assert Plan.objects.get(pk=plan.pk).status == PlanStatus.APPROVED


def test_of_a_rollback_a_plan_of_the_town_and_one_of_its_village_at_once_one_takes_effect(story: Story) -> None:
    cast = story.cast
    first = split(story).published(timezone.now())
    story.now = timezone.now()
    village = Drawing(cast, cast.village, now=story.now)
    village.name(village.key_of(code(3)), cast.village_head)
    town = Drawing(cast, cast.town, now=story.now)
    town.name(town.key_of(code(4)), cast.village_head)
    pair = [village.approved(), town.approved()]
    acts = [
        Act(lambda pk=plan.pk: redraw.publish(plan_id=pk, actor=cast.administrator, now=timezone.now()))
        for plan in pair
    ]
    back = {"plan_id": first.pk, "actor": cast.administrator, "reason": "划错了"}
    acts.append(Act(lambda: redraw.roll_back(**back, now=timezone.now())))
    results = [act.ended() for act in acts]
    assert sum(isinstance(one, Plan) for one in results) == 1, results
    assert all(isinstance(one, (Plan, BoundaryRefused)) for one in results), "in words, not by a broken transaction"
    assert Plan.objects.filter(base=first, status=PlanStatus.PUBLISHED).count() == 1


def test_who_is_named_for_a_grid_and_closes_the_account_meanwhile_is_not_appointed(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody without any post: their leaving waits for no district."""
    cast = story.cast
    # Somebody who comes to the district with a post that is over by then.
    passing = posts.appoint(unit=cast.department, person=cast.stranger, duty=Duty.HANDLER, since=story.now)
    drawing = split(story)
    drawing.name(next(key for key, row in drawing.rows.items() if row.officer == cast.handler.pk), cast.stranger)
    plan = drawing.approved()
    posts.relieve(post=passing, at=story.now)
    foresee = redraw.redraws.foresee

    def close(**given: Any) -> Any:
        found = foresee(**given)
        gone = Act(lambda: Person.objects.filter(pk=cast.stranger.pk).update(is_active=False))
        assert gone.ended() == 1
        return found

    monkeypatch.setattr("grids.redraws.foresee", close)
    with pytest.raises(ValidationError, match=cast.stranger.full_name):
        redraw.publish(plan_id=plan.pk, actor=cast.administrator, now=timezone.now() + timedelta(seconds=1))
    assert Plan.objects.get(pk=plan.pk).status == PlanStatus.APPROVED
