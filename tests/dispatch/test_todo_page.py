"""What waits beside the desks: plans and long exports count in the number, and each stands in the list behind it."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dispatch import selectors
from grids import approvals, drafts, posts
from grids.drafts import Wish
from grids.duties import Duty
from grids.models import Person, Plan
from incidents.models import ExportRequest
from tests.cast import Cast

PAGE = reverse("dispatch:todo")


@pytest.fixture
def now(cast: Cast) -> datetime:
    return timezone.now()


@pytest.fixture
def proven(cast: Cast, now: datetime) -> Plan:
    plan = drafts.begin(scope=cast.village, wish=Wish("重划南陵", "户数不均"), actor=cast.administrator, now=now)
    assert approvals.prove(plan_id=plan.pk, actor=cast.administrator, now=now).holds
    return plan


def count(person: Person, now: datetime) -> int:
    return selectors.todo_count(person=person, now=now)


def test_a_proven_plan_waits_for_the_heads_of_its_town_and_district_until_one_approves(
    client: Client, cast: Cast, proven: Plan, now: datetime
) -> None:
    assert count(cast.town_head, now) == count(cast.district_head, now) == 1
    others = (cast.village_head, cast.department_head, cast.administrator, cast.town_duty_chief)
    assert [count(person, now) for person in others] == [0] * len(others)
    for head in (cast.town_head, cast.district_head):
        client.force_login(head)
        page = client.get(PAGE)
        assert page.context["todo"].plans == [proven]
        assert reverse("studio:plan", args=[proven.pk]) in page.content.decode()
        assert client.get(reverse("studio:plans")).context["awaited"] == {proven.pk}
        plan = client.get(reverse("studio:plan", args=[proven.pk]))
        assert {line.row.unit: officer for line, officer in plan.context["shown"]} == {
            cast.grid.pk: cast.officer.full_name, cast.second_grid.pk: cast.second_officer.full_name,
        }  # fmt: skip
    approvals.approve(plan_id=proven.pk, actor=cast.town_head, now=now, reason="户数不均")
    assert count(cast.town_head, now) == count(cast.district_head, now) == 0


def test_who_drew_a_plan_last_is_not_asked_to_approve_it(client: Client, cast: Cast, now: datetime) -> None:
    for duty in (Duty.ADMINISTRATOR, Duty.HEAD):
        posts.appoint(unit=cast.town, person=cast.town_clerk, duty=duty, since=cast.since)
    plan = drafts.begin(scope=cast.village, wish=Wish("自己画的"), actor=cast.town_clerk, now=now)
    approvals.prove(plan_id=plan.pk, actor=cast.administrator, now=now)
    assert (count(cast.town_clerk, now), count(cast.town_head, now)) == (0, 1)
    client.force_login(cast.town_clerk)
    assert client.get(PAGE).url == reverse("dispatch:desk", args=[cast.town.pk])


def test_a_long_export_waits_for_the_duty_chief_and_ends_with_its_time(
    client: Client, cast: Cast, now: datetime
) -> None:
    asked = ExportRequest.objects.create(
        person=cast.observer, unit=cast.town, reason="年报", number=7000, asked_at=now, ends_at=now + timedelta(days=7)
    )
    assert count(cast.town_duty_chief, now) == count(cast.district_duty_chief, now) == 1
    assert count(cast.observer, now) == count(cast.town_head, now) == count(cast.town_clerk, now) == 0
    client.force_login(cast.town_duty_chief)
    page = client.get(PAGE)
    assert page.context["todo"].exports == [asked] and reverse("incidents:exports") in page.content.decode()
    assert count(cast.town_duty_chief, asked.ends_at) == 0


def test_a_head_without_anything_to_approve_sees_so_and_the_number_costs_three_queries(
    client: Client, cast: Cast, now: datetime
) -> None:
    client.force_login(cast.district_head)
    page = client.get(PAGE)
    (desk,) = page.context["todo"].desks
    assert (desk.unit, desk.waiting, desk.is_worked) == (cast.district, 0, False)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert count(cast.district_head, now) == 0
    assert len(asked) == 3
