"""A unit ends at a moment that was set in advance: nothing happens before, and everything then."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dispatch import invariants
from governance import ending
from grids import planned_ends, posts
from grids.models import AuditEntry, EndState, PlannedEnd, Succession, Unit
from grids.refusals import HierarchyRefused
from tests.cast import Cast
from tests.dispatch.play import Play, play

__all__ = ["play"]

DAY = timedelta(days=1)


def planned(play: Play, **given: object) -> PlannedEnd:
    cast = play.cast
    wanted = {
        "unit": cast.department, "heirs": [cast.other_department], "at": play.now + DAY, "actor": cast.administrator,
        "now": play.now, "people_follow": True,
    } | given  # fmt: skip
    return planned_ends.plan(**wanted)  # type: ignore[arg-type]


def test_a_planned_succession_waits_for_its_moment_and_then_takes_the_open_work_along(play: Play) -> None:
    incident = play.dispatched(play.cast.department)
    end = planned(play)
    assert ending.end_due(now=play.now + DAY - timedelta(seconds=1)) == 0
    assert not Unit.objects.get(pk=play.cast.department.pk).is_retired

    assert ending.end_due(now=end.at) == 1
    end.refresh_from_db()
    assert (end.state, end.settled_at, end.settled_by) == (EndState.DONE, end.at, play.cast.administrator)
    assert Unit.objects.get(pk=play.cast.department.pk).retired_at == end.at
    assert Succession.objects.get(old=play.cast.department).new == play.cast.other_department
    assert play.kinds(incident)[-1] == "inherited"
    assert invariants.broken() == []
    assert ending.end_due(now=end.at + DAY) == 0


def test_a_planned_retirement_that_must_not_be_is_refused_with_its_reason(play: Play) -> None:
    play.dispatched(play.cast.department)
    end = planned(play, heirs=[])
    assert ending.end_due(now=end.at) == 1
    end.refresh_from_db()
    assert end.state == EndState.REFUSED and "1" in end.refusal
    assert not Unit.objects.get(pk=play.cast.department.pk).is_retired
    # Another one may be planned after that.
    assert planned(play, at=end.at + DAY, now=end.at).state == EndState.PLANNED


def test_who_may_not_administer_any_more_ends_nothing_when_the_moment_comes(play: Play) -> None:
    end = planned(play)
    (post,) = play.cast.administrator.posts.all()
    posts.relieve(post=post, at=end.at - timedelta(hours=1))
    posts.regrant(person=play.cast.administrator, now=end.at)
    assert ending.end_due(now=end.at) == 1
    end.refresh_from_db()
    assert end.state == EndState.REFUSED
    assert not Unit.objects.get(pk=play.cast.department.pk).is_retired


def test_an_end_is_planned_once_ahead_and_for_a_fitting_successor(play: Play) -> None:
    cast = play.cast
    for given, code in (
        ({"at": play.now}, "end_past"),
        ({"heirs": [cast.department]}, "succession_of_another"),
        ({"heirs": [cast.office]}, "succession_kind"),
    ):
        with pytest.raises(HierarchyRefused) as refused:
            planned(play, **given)
        assert refused.value.code == code
    planned(play)
    with pytest.raises(HierarchyRefused) as refused:
        planned(play)
    assert refused.value.code == "end_planned_once"
    with pytest.raises(PermissionDenied):
        planned(play, actor=cast.department_head, unit=cast.office, heirs=[])


def test_what_is_called_off_does_not_come_and_stands_in_the_audit_list(play: Play) -> None:
    end = planned(play)
    with pytest.raises(PermissionDenied):
        planned_ends.call_off(unit=play.cast.department, actor=play.cast.auditor, now=play.now)
    assert planned_ends.call_off(unit=play.cast.department, actor=play.cast.administrator, now=play.now)
    assert not planned_ends.call_off(unit=play.cast.department, actor=play.cast.administrator, now=play.now)
    assert ending.end_due(now=end.at) == 0
    assert AuditEntry.objects.filter(kind="grids_plannedend", object_id=str(end.pk)).count() == 2


def test_the_page_plans_lists_and_calls_off(cast: Cast, client: Client) -> None:
    client.force_login(cast.administrator)
    address = reverse("governance:unit_end", args=[cast.department.pk])
    moment = timezone.localtime(timezone.now() + DAY).strftime("%Y-%m-%dT%H:%M")
    answer = client.post(address, {"heir": cast.other_department.pk, "at": moment, "people_follow": "on"})
    assert answer["Location"] == reverse("grids:unit", args=[cast.department.pk])
    assert not Unit.objects.get(pk=cast.department.pk).is_retired
    for page in (address, answer["Location"], reverse("governance:planned_ends")):
        assert reverse("governance:unit_end", args=[cast.department.pk]) in client.get(page).content.decode()
    assert "btn-danger" not in client.get(address).content.decode()

    again = client.post(address, {"heir": cast.other_department.pk, "at": moment})
    assert again.status_code == 422
    client.post(reverse("governance:unit_end_call_off", args=[cast.department.pk]))
    assert PlannedEnd.objects.get().state == EndState.CANCELLED
    past = client.post(address, {"heir": cast.other_department.pk, "at": "2020-01-01T08:00"})
    assert past.status_code == 422 and not Unit.objects.get(pk=cast.department.pk).is_retired


def test_a_published_grid_may_only_be_ended_later(cast: Cast, client: Client) -> None:
    client.force_login(cast.administrator)
    address = reverse("governance:unit_end", args=[cast.grid.pk])
    assert client.post(address, {"heir": ""}).status_code == 422
    moment = timezone.localtime(timezone.now() + DAY).strftime("%Y-%m-%dT%H:%M")
    assert client.post(address, {"heir": "", "at": moment}).status_code == 302
    end = PlannedEnd.objects.get()
    ending.end_due(now=end.at)
    end.refresh_from_db()
    assert end.state == EndState.REFUSED
    assert end.refusal in client.get(address).content.decode()
