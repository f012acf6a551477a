"""A unit ends: nothing open is left with it, and its successor goes on."""

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dispatch import invariants
from dispatch.models import Assignment, Card
from governance import reforms
from grids import hierarchy, permissions, selectors
from grids.duties import Right
from grids.models import Succession, Unit
from grids.refusals import HierarchyRefused
from incidents import access
from incidents.models import Clock, Incident, IncidentEvent
from tests.cast import Cast
from tests.dispatch.play import Play, play

__all__ = ["play"]


def test_open_orders_go_on_at_the_successor_with_the_same_time_left(play: Play) -> None:
    cast = play.cast
    incident = play.dispatched(cast.department)
    clock = Clock.objects.exclude(state="stopped").get(unit=cast.department)
    left = reforms.survey(cast.department, now=play.now)
    assert (left.orders, left.incidents, left.reasons) == (1, 0, [])
    with pytest.raises(HierarchyRefused) as refused:
        reforms.retire(unit=cast.department, actor=cast.administrator, now=play.now)
    assert refused.value.code == "unit_has_work"

    moved = reforms.succeed(
        old=cast.department, heirs=[cast.other_department], actor=cast.administrator, now=play.now, people_follow=True
    )
    assert moved == 1
    order = Assignment.objects.get(incident=incident)
    after = Clock.objects.get(pk=clock.pk)
    assert order.unit == cast.other_department
    assert (after.unit, after.due_at, after.state) == (cast.other_department, clock.due_at, clock.state)
    assert play.kinds(incident)[-1] == "inherited"
    assert Unit.objects.get(pk=cast.department.pk).is_retired
    # Its people serve on, and the work goes on.
    assert permissions.allows(cast.handler, Right.TAKE, cast.other_department, now=play.now)
    incident = play.press(incident, "sign", cast.handler, assignment_id=order.pk)
    incident = play.press(incident, "feed_back", cast.handler, assignment_id=order.pk, note="已处理")
    assert incident.state == "answered"
    assert access.incidents_for(cast.other_handler, now=play.now).filter(pk=incident.pk).exists()


def test_open_cards_go_over_to_the_successor_with_their_clocks(play: Play) -> None:
    cast = play.cast
    incident = play.dispatched(cast.department)
    asked = {"target_unit": cast.department, "note": "请说明进展"}
    play.press(incident, "urge", cast.district_dispatcher, **asked)
    play.press(incident, "supervise", cast.district_head, colour="red", **asked)
    reforms.succeed(
        old=cast.department, heirs=[cast.other_department], actor=cast.administrator, now=play.now, people_follow=True
    )
    for card in Card.objects.all():
        assert (card.unit, card.state) == (cast.other_department, "issued")
        assert Clock.objects.get(subject_kind="card", subject_id=card.pk).unit == cast.other_department
        play.press(incident, "reply_card", cast.other_handler, card_id=card.pk)
    assert not invariants.broken(names=["the_reply_clock_is_open", "cards_are_on_record"])


def test_where_the_successor_has_an_order_already_the_old_one_is_recalled(play: Play) -> None:
    cast = play.cast
    incident = play.dispatched(cast.department, cast.other_department)
    reforms.succeed(old=cast.department, heirs=[cast.other_department], actor=cast.administrator, now=play.now)
    states = dict(Assignment.objects.filter(incident=incident).values_list("unit", "state"))
    assert states == {cast.department.pk: "recalled", cast.other_department.pk: "called"}
    assert not Clock.objects.exclude(state="stopped").filter(unit=cast.department).exists()


def test_incidents_of_a_village_go_on_at_the_village_that_follows(play: Play) -> None:
    cast = play.cast
    now = play.now
    fresh = hierarchy.create_unit(code="511111100003", kind="village", name="新村", now=now)
    heir = hierarchy.create_unit(code="511111100004", kind="village", name="后继村", now=now)
    incident = play.report()
    Incident.objects.filter(pk=incident.pk).update(holder=fresh, place=fresh)
    Clock.objects.filter(incident=incident, unit=cast.village).update(unit=fresh)
    reforms.succeed(old=fresh, heirs=[heir], actor=cast.administrator, now=now)
    incident = play.fresh(incident)
    assert (incident.holder, incident.place, incident.state, incident.seq) == (heir, heir, "reported", 1)
    assert set(Clock.objects.filter(incident=incident).values_list("unit", flat=True)) == {heir.pk}
    event = IncidentEvent.objects.filter(incident=incident).latest("pk")
    assert (event.holder_before_id, event.holder_after_id, event.actor) == (fresh.pk, heir.pk, cast.administrator)


def test_a_split_names_several_and_the_first_takes_the_work(cast: Cast) -> None:
    third = hierarchy.create_unit(code="511111D03", kind="department", name="生态环境局", now=cast.now)
    heirs = [third, cast.other_department]
    reforms.succeed(old=cast.department, heirs=heirs, actor=cast.administrator, now=cast.now, people_follow=True)
    assert set(Succession.objects.filter(old=cast.department).values_list("new", flat=True)) == {h.pk for h in heirs}
    assert {post.person for post in selectors.people_of(third.pk, cast.now)} == {cast.handler, cast.department_head}


def test_a_published_grid_does_not_end_and_nobody_else_ends_a_unit(cast: Cast) -> None:
    assert {error.code for error in reforms.survey(cast.grid, now=cast.now).reasons} == {"unit_has_boundary"}
    assert {error.code for error in reforms.survey(cast.village, now=cast.now).reasons} >= {"unit_has_children"}
    with pytest.raises(HierarchyRefused):
        reforms.retire(unit=cast.grid, actor=cast.administrator, now=cast.now)
    for who in (cast.auditor, cast.district_head, cast.department_head):
        with pytest.raises(PermissionDenied):
            reforms.retire(unit=cast.department, actor=who, now=cast.now)
        with pytest.raises(PermissionDenied):
            reforms.succeed(old=cast.department, heirs=[cast.other_department], actor=who, now=cast.now)
    assert not Unit.objects.filter(retired_at__isnull=False).exists()


def test_the_page_says_what_would_be_left_and_ends_the_unit(cast: Cast, client: Client) -> None:
    client.force_login(cast.administrator)
    blocked = client.get(reverse("governance:unit_end", args=[cast.grid.pk]))
    assert f"?unit={cast.grid.pk}" in blocked.content.decode() and "btn-danger" not in blocked.content.decode()
    address = reverse("governance:unit_end", args=[cast.department.pk])
    assert cast.handler.full_name in client.get(address).content.decode()
    answer = client.post(address, {"heir": cast.other_department.pk, "people_follow": "on"})
    assert answer["Location"] == reverse("grids:unit", args=[cast.other_department.pk])
    assert Unit.objects.get(pk=cast.department.pk).is_retired
    assert client.get(address).status_code == 404
    answer = client.post(reverse("governance:unit_end", args=[cast.office.pk]), {"heir": ""})
    assert answer["Location"] == reverse("grids:unit", args=[cast.office.pk])
    assert not selectors.people_of(cast.office.pk, timezone.now()).exists()


@pytest.mark.parametrize("who", ["auditor", "district_head", "handler", "stranger"])
def test_the_page_is_for_administrators(cast: Cast, client: Client, who: str) -> None:
    client.force_login(getattr(cast, who))
    assert client.get(reverse("governance:unit_end", args=[cast.department.pk])).status_code == 404
