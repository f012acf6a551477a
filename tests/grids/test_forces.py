"""The ledger of forces, and that somebody answers for every matter in every grid."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from grids import forces, posts, routines
from grids.duties import Duty
from grids.forces import Enlistment
from grids.models import Force, ForceKind, Matter, Person, Round, Routine, RoutineKind, Unit
from grids.refusals import ForceRefused
from tests.cast import Cast

pytestmark = pytest.mark.django_db


def _village_of_131_grids(cast: Cast) -> list[str]:
    """A village with 131 grids, each with an officer and a mediator."""
    codes = [f"{cast.other_village.pk}{number:03d}" for number in range(101, 232)]
    Unit.objects.bulk_create(
        Unit(code=code, kind="grid", name=f"{code[-3:]}网格", parent=cast.other_village, grid_kind="comprehensive",
             created_at=cast.since)
        for code in codes
    )  # fmt: skip
    officers = Person.objects.bulk_create(Person(username=f"o{code}", full_name=f"甲{code[-3:]}") for code in codes)
    posts.appoint_all(
        appointments=[
            posts.Appointment(unit=code, person=officer.pk, duty=Duty.OFFICER, is_primary=True)
            for code, officer in zip(codes, officers, strict=True)
        ],
        since=cast.since,
        now=cast.now,
    )
    mediators = [
        Enlistment(grid=code, kind=ForceKind.MEDIATOR, name=f"乙{code[-3:]}", matters=(Matter.MEDIATION,))
        for code in [*codes, cast.other_grid.pk]
    ]
    forces.enlist_all(wanted=mediators, since=cast.since)
    return codes


def test_tl_3_removing_the_only_mediator_of_grid_57_marks_mediation_unanswered(cast: Cast, client: Client) -> None:
    codes = _village_of_131_grids(cast)
    assert forces.coverage([cast.other_village.pk], cast.now) == []
    grid = codes[56]
    forces.dismiss(force=Force.objects.get(grid=grid), now=cast.now, actor=cast.administrator)
    (found,) = forces.coverage([cast.other_village.pk], cast.now)
    assert (found.grid, found.matters) == (grid, (Matter.MEDIATION,))
    client.force_login(cast.other_village_clerk)
    page = client.get(reverse("grids:forces", args=[cast.other_village.pk]), HTTP_ACCEPT_LANGUAGE="zh-hans")
    assert [unit.pk for unit, _unanswered in page.context["unanswered"]] == [grid]
    assert "无人负责" in page.content.decode()


def test_an_officer_leaving_leaves_the_matters_of_the_post_unanswered(cast: Cast) -> None:
    grid = cast.other_grid
    assert [each.matters for each in forces.coverage([grid.pk], cast.now)] == [(Matter.MEDIATION,)]
    post = cast.other_officer.posts.get()
    posts.relieve(post=post, at=cast.now, now=cast.now)
    (found,) = forces.coverage([grid.pk], cast.now + timedelta(minutes=1))
    assert set(found.matters) == set(Matter)


def test_qy_11_the_ledger_counts_forces_by_type_and_grid(cast: Cast) -> None:
    for grid, kind, name in (
        (cast.grid, ForceKind.VOLUNTEER, "丁一"),
        (cast.grid, ForceKind.VOLUNTEER, "丁二"),
        (cast.grid, ForceKind.DOCTOR, "丁三"),
        (cast.second_grid, ForceKind.VOLUNTEER, "丁四"),
        (cast.third_grid, ForceKind.POLICE, "丁五"),
    ):
        forces.enlist(grid=grid, kind=kind, name=name, now=cast.now)
    village = forces.ledger(cast.village, cast.now)
    assert [(row.unit.pk, dict(row.forces)) for row in village.rows] == [
        (cast.grid.pk, {"volunteer": 2, "doctor": 1}),
        (cast.second_grid.pk, {"volunteer": 1}),
    ]
    district = forces.ledger(cast.district, cast.now)
    assert [(row.unit.pk, row.grids, sum(row.forces.values())) for row in district.rows] == [
        (cast.town.pk, 4, 5),
        (cast.other_town.pk, 1, 0),
    ]
    assert district.total.forces == {"volunteer": 3, "doctor": 1, "police": 1}
    assert (district.total.officers, district.total.assistants, district.total.supervisors) == (5, 1, 1)


def test_the_ledger_asks_the_same_number_of_queries_for_a_district_as_for_a_village(
    cast: Cast, django_assert_max_num_queries
) -> None:  # type: ignore[no-untyped-def]
    _village_of_131_grids(cast)
    for unit in (cast.village, cast.district):
        with django_assert_max_num_queries(8):
            forces.ledger(unit, cast.now)


def test_a_force_stands_once_in_a_grid_and_only_in_a_grid(cast: Cast) -> None:
    forces.enlist(grid=cast.grid, kind=ForceKind.DOCTOR, name="丁三", phone="1", now=cast.now)
    with pytest.raises(ForceRefused) as refusal:
        forces.enlist(grid=cast.grid, kind=ForceKind.DOCTOR, name="丁三", phone="1", now=cast.now)
    assert refusal.value.code == "force_once"
    with pytest.raises(ForceRefused):
        forces.enlist(grid=cast.village, kind=ForceKind.DOCTOR, name="丁三", now=cast.now)
    with pytest.raises(IntegrityError), transaction.atomic():
        Force.objects.filter(grid=cast.grid).update(grid=cast.village)


def test_a_dismissed_force_stays_in_the_history(cast: Cast) -> None:
    force = forces.enlist(grid=cast.grid, kind=ForceKind.DOCTOR, name="丁三", now=cast.since)
    forces.dismiss(force=force, now=cast.now, actor=cast.administrator)
    assert forces.of_grid(cast.grid.pk, cast.now) == []
    assert [each.name for each in forces.of_grid(cast.grid.pk, cast.now - timedelta(days=1))] == ["丁三"]


def test_the_page_enlists_and_dismisses(cast: Cast, client: Client) -> None:
    client.force_login(cast.administrator)
    form = reverse("grids:force_new", args=[cast.grid.pk])
    empty = client.post(form, {"kind": "doctor", "name": "", "phone": "199"})
    assert empty.status_code == 422 and 'value="199"' in empty.content.decode()
    answer = client.post(form, {"kind": "mediator", "name": "丁三", "matters": ["mediation"]})
    assert answer.url == reverse("grids:forces", args=[cast.grid.pk])  # type: ignore[attr-defined]
    assert "丁三" in client.get(answer.url).content.decode()  # type: ignore[attr-defined]
    force = Force.objects.get()
    assert force.matters == ["mediation"]
    client.post(reverse("grids:force_end", args=[force.pk]))
    assert client.get(reverse("grids:forces", args=[cast.grid.pk])).context["forces"] == []


def _patrol(cast: Cast, **given) -> Routine:  # type: ignore[no-untyped-def]
    wanted = {"kind": RoutineKind.PATROL, "title": "消防通道", "every_days": 3, "since": cast.now.date()} | given
    return routines.plan(grid=cast.grid, now=cast.now, **wanted)


@pytest.mark.parametrize(("after", "due"), [(-1, None), (0, 0), (1, 0), (2, 0), (3, 3), (5, 3), (8, 6), (30, 9)])
def test_a_routine_falls_due_every_so_many_days_until_it_ends(cast: Cast, after: int, due: int | None) -> None:
    first = cast.now.date()
    routine = _patrol(cast, until=first + timedelta(days=10))
    expected = None if due is None else first + timedelta(days=due)
    assert routines.due_day(routine, first + timedelta(days=after)) == expected


def test_what_was_not_walked_stays_on_the_list_and_is_said_to_be_late(cast: Cast) -> None:
    routine = _patrol(cast)
    (task,) = routines.tasks([cast.grid.pk], now=cast.now + timedelta(days=2))
    assert (task.day, task.is_late, task.is_done) == (routine.since, True, False)


def test_a_round_is_walked_once_and_a_finding_has_words(cast: Cast) -> None:
    routine = _patrol(cast)
    with pytest.raises(ForceRefused) as silent:
        routines.walk(routine=routine, day=routine.since, person=cast.officer, now=cast.now, is_abnormal=True)
    assert silent.value.code == "round_finding_has_words"
    routines.walk(routine=routine, day=routine.since, person=cast.officer, now=cast.now)
    with pytest.raises(ForceRefused) as double:
        routines.walk(routine=routine, day=routine.since, person=cast.officer, now=cast.now)
    assert double.value.code == "round_once"
    (task,) = routines.tasks([cast.grid.pk], now=cast.now)
    assert task.is_done
    assert routines.tasks([cast.grid.pk], now=cast.now + timedelta(days=1)) == []
    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        Round.objects.update(remark="别的")


def test_qy_11_the_task_list_shows_todays_patrols_visits_and_orders(cast: Cast, client: Client) -> None:
    now = timezone.now()
    today = timezone.localdate(now)
    for kind, title in ((RoutineKind.PATROL, "消防通道"), (RoutineKind.VISIT, "高龄独居老人")):
        routines.plan(grid=cast.grid, kind=kind, title=title, every_days=1, since=today, now=now)
    routines.plan(
        grid=cast.grid,
        kind=RoutineKind.PATROL,
        title="明天才有",
        every_days=1,
        since=today + timedelta(days=1),
        now=now,
    )
    client.force_login(cast.officer)
    page = client.get(reverse("incidents:tasks"), HTTP_ACCEPT_LANGUAGE="zh-hans")
    text = page.content.decode()
    assert "网格员任务清单" in text and "消防通道" in text and "高龄独居老人" in text and "明天才有" not in text
    routine = Routine.objects.get(title="消防通道")
    refused = client.post(
        reverse("incidents:walk", args=[routine.pk]), {"day": today.isoformat(), "remark": "", "is_abnormal": "on"}
    )
    assert refused.status_code == 422
    done = client.post(reverse("incidents:walk", args=[routine.pk]), {"day": today.isoformat(), "remark": "已清"})
    assert done.url == reverse("incidents:tasks")  # type: ignore[attr-defined]
    assert Round.objects.get().person == cast.officer
