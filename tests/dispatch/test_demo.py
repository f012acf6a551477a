"""The demo's incidents: every state and light, something to do for everybody, told through the ordinary doors, once."""

import io
import random
import re
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from dispatch import demo, invariants, notices, selectors
from dispatch.models import Approval, ApprovalState, Assignment, AssignmentState, Notice
from dispatch.simulation import pictures
from grids import approvals, balance, draft_checks, draft_log
from grids.demo import plans
from grids.demo.people import MEMORABLE
from grids.duties import Duty
from grids.models import Person, Plan, Unit
from grids.selectors import posts_of
from incidents import field_work, lists, photos
from incidents.filters import Filters
from incidents.models import Incident, IncidentEvent, Inspection, Unannounced
from incidents.states import MOVES, State, Urgency
from tests.cast import SHANGHAI

# Who only looks has nothing that waits; the officer's day is looked at by itself.
NOTHING_WAITS = {"leader", "auditor", "admin", "officer", "supervisor"}


@pytest.mark.slow
@pytest.mark.django_db
def test_the_demo_shows_every_state_and_light_and_is_told_once(
    settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DEMO, settings.MEDIA_ROOT = True, tmp_path
    now = datetime(2026, 11, 22, 10, 40, tzinfo=SHANGHAI)  # a Sunday: working clocks stand still, lights still show
    monkeypatch.setenv("WANGGE_DEMO_LOGINS", str(tmp_path / "logins.txt"))
    monkeypatch.setattr(timezone, "now", lambda: now)
    monkeypatch.setattr(demo, "INCIDENTS", 60)
    call_command("load_demo", stdout=io.StringIO())

    leader = Person.objects.get(username="leader")
    assert {state.value for state in State} == set(Incident.objects.values_list("state", flat=True))
    open_lights = lists.count_by(leader, Filters(), "light", now=now)
    assert {"red", "yellow", "unlit", "suspended"} <= set(open_lights)
    ended = lists.count_by(leader, Filters(states=frozenset({State.CLOSED})), "light", now=now)
    assert ended["green"] > 20
    tiers = lists.count_by(leader, Filters(), "tier", now=now)
    assert {"village", "town", "district"} == set(tiers)
    orders = Counter(Assignment.objects.values_list("state", flat=True))
    assert {AssignmentState.CALLED, AssignmentState.SIGNED, AssignmentState.FED_BACK, AssignmentState.RETURNED} <= set(
        orders
    )
    # The clock alone carried some of them up.
    assert IncidentEvent.objects.filter(kind="escalate", actor=None).count() >= 5
    assert not IncidentEvent.objects.filter(occurred_at__gt=now).exists()
    assert not Unannounced.objects.exists() and Notice.objects.filter(read_at=None).exists()
    assert not invariants.broken()
    _everybody_finds_something_to_do(now)

    _the_head_has_a_plan_to_approve_and_the_administrator_one_to_mend(now)

    before = IncidentEvent.objects.count()
    assert plans.load(now=now + timedelta(hours=1)) == "plans: there already"
    assert demo.load(now=now + timedelta(hours=1)) == ["incidents: samples are there already"]
    assert IncidentEvent.objects.count() == before


def _everybody_finds_something_to_do(now: datetime) -> None:
    people = {person.username: person for person in Person.objects.filter(username__in=MEMORABLE)}
    for username in set(MEMORABLE) - NOTHING_WAITS:
        assert selectors.todo_count(person=people[username], now=now) > 0, username
    # News, but not weeks of it.
    for username in ("officer", "village", "town", "district", "checker", "chief", "department", "head"):
        assert 0 < notices.unread_count(people[username]) < 100, username
    assert Approval.objects.filter(holder="511111", state=ApprovalState.PENDING).exists()
    home = "511111100001001"
    assert field_work.due_first(field_work.open_in(people["officer"], Unit.objects.get(pk=home), now=now), now=now)
    supervisor = people["supervisor"]
    posts = [post for post in posts_of(supervisor, now) if post.duty == Duty.SUPERVISOR]
    assert Inspection.objects.filter(unit__in=[post.unit_id for post in posts], ended_at=None).exists()
    assert {row.is_inspection for row in field_work.waiting(supervisor, posts, now=now)} == {True, False}
    # Danger that nobody has accepted yet.
    assert Incident.objects.filter(state=State.REPORTED, urgency=Urgency.CRITICAL, place=home).exists()


def _the_head_has_a_plan_to_approve_and_the_administrator_one_to_mend(now: datetime) -> None:
    """The plan that waits stands behind the head's number; the other has pockets, an overlap and no fault of paper."""
    head = Person.objects.get(username="head")
    todo = selectors.todo(head, now=now)
    assert [plan.title for plan in todo.plans] == [plans.PROVEN.title] and todo.only_desk is None
    assert selectors.todo_count(person=head, now=now) == 1
    assert Notice.objects.filter(person=head, read_at=None, house_event__kind="plan_proven").count() == 1
    (waits,) = todo.plans
    assert waits.is_synthetic and waits.reason and approvals.may_approve(head, waits, now=now)
    assert {step.kind for step in draft_log.page(waits)} >= {"begin", "split", "merge", "describe", "prove"}
    totals = balance.totals(waits)
    assert totals["outside_tolerance"] == 0 and waits.target_households
    faulty = Plan.objects.get(title=plans.FAULTY.title)
    kinds = Counter(fault.kind for fault in draft_checks.faults(faulty))
    assert kinds["pocket"] >= 3 and kinds["overlap"] >= 1 and set(kinds) == {"pocket", "overlap"}


@pytest.mark.slow
@pytest.mark.django_db
def test_a_load_that_was_cut_short_is_taken_up(settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DEMO, settings.MEDIA_ROOT = True, tmp_path
    now = datetime(2026, 11, 18, 16, 0, tzinfo=SHANGHAI)
    monkeypatch.setenv("WANGGE_DEMO_LOGINS", str(tmp_path / "logins.txt"))
    for step in ("grids", "categories", "calendar", "limits"):
        call_command("load_demo", "--only", step, stdout=io.StringIO())
    monkeypatch.setattr(demo.programme, "cast", lambda player: iter(()))

    class Cut(Exception):
        pass

    def cut(*_given: object, **_named: object) -> None:
        raise Cut

    monkeypatch.setattr(demo.plots, "emergency", cut)
    with pytest.raises(Cut):
        demo.load(now=now, incidents=25)
    assert IncidentEvent.objects.exists()
    monkeypatch.undo()
    monkeypatch.setattr(demo.programme, "cast", lambda player: iter(()))
    settings.DEMO, settings.MEDIA_ROOT = True, tmp_path
    reported = Incident.objects.count()
    assert "samples told" in demo.load(now=now + timedelta(hours=2), incidents=25)[0]
    assert reported < Incident.objects.count() <= reported + 12
    assert not invariants.broken(settled=True)


@pytest.mark.django_db
def test_without_a_district_there_is_nothing_to_tell() -> None:
    assert demo.load(now=timezone.now()) == ["incidents: no district to tell about"]


@pytest.mark.parametrize("after", [False, True])
def test_every_scene_can_be_drawn_and_read_again(after: bool) -> None:
    for scene in [*pictures.MATTER, "people"]:
        picture = photos.check(pictures.draw(scene, after=after, dice=random.Random(1)))
        assert (picture.width, picture.height) == pictures.SIZE and picture.point is None


def test_the_moves_of_the_plots_exist() -> None:
    source = (Path(demo.__file__).parent / "plots.py").read_text(encoding="utf-8")
    named = set(re.findall(r'at_holder\(\s*\w+, "(\w+)"', source))
    assert {"accept", "escalate", "answer", "close"} <= named
    assert named <= set(MOVES) | {"ask_suspend", "ask_void", "replace"}
