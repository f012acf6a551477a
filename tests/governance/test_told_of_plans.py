"""Plans and long exports are told like everything else: one event, the table, the inbox, and the ways people chose."""

from datetime import time, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from dispatch import audiences, delivery, notices
from dispatch.audience import AUDIENCES, Reason, Who
from dispatch.models import Address, Delivery, Notice
from governance import redraw
from grids import approvals, house
from grids.models import HouseEvent, Plan
from incidents import export_requests
from incidents.models import ExportRequest
from tests.dispatch.play import play
from tests.dispatch.post import Post, post, provider
from tests.governance.drawing import Drawing

__all__ = ["play", "post", "provider"]


def told(post: Post) -> set[tuple[str, str, str]]:
    """Kind, person and reason of everything told so far of the house."""
    notices.announce_until_done(now=post.now)
    found = Notice.objects.filter(house_event__isnull=False)
    return set(found.values_list("house_event__kind", "person__username", "reason"))


def proven(post: Post) -> Plan:
    plan = Drawing(post.cast, post.cast.village, now=post.now, title="王阿姨家门口重划").plan
    assert approvals.prove(plan_id=plan.pk, actor=post.cast.administrator, now=post.now).holds
    return plan


def test_a_proven_plan_asks_its_heads_once_in_the_inbox_and_outside(post: Post) -> None:
    cast = post.cast
    post.reach(cast.town_head)
    plan = proven(post)
    approvals.prove(plan_id=plan.pk, actor=cast.administrator, now=post.now)
    assert told(post) == {
        ("plan_proven", "town_head", "approval"),
        ("plan_proven", "district_head", "approval"),
    }
    assert not HouseEvent.objects.filter(announced_at=None).exists()
    assert notices.announce_pending(now=post.now) == notices.Told(0, 0)
    assert post.deliver().sent == 1
    (text,) = post.provider.texts
    mine = Notice.objects.get(person=cast.town_head)
    assert str(Reason.APPROVAL.label) in text and str(cast.village) in text and f"-H{mine.house_event_id}]" in text
    assert "https://grid.example.gov.cn" + reverse("dispatch:notice", args=[mine.pk]) in text
    assert "王阿姨" not in text and cast.administrator.full_name not in text
    assert notices.announce_pending(now=post.now).notices == 0 and Delivery.objects.count() == 1


def test_the_link_leads_each_to_where_they_may_go(post: Post, client: Client) -> None:
    cast, plan = post.cast, proven(post)
    told(post)
    mine = Notice.objects.get(person=cast.town_head)
    client.force_login(cast.town_head)
    answer = client.get(reverse("dispatch:notice", args=[mine.pk]))
    assert answer["Location"] == reverse("studio:plan", args=[plan.pk])
    assert client.get(answer["Location"]).status_code == 200
    assert "王阿姨家门口重划" in client.get(reverse("dispatch:inbox")).content.decode()
    # Who has the notice and reads plans no more is led to the beginning, not to a wall.
    Notice.objects.filter(pk=mine.pk).update(person=cast.officer)
    client.force_login(cast.officer)
    assert client.get(reverse("dispatch:notice", args=[mine.pk]))["Location"] == reverse("landing")


def test_each_step_of_a_plan_is_told_to_those_it_concerns_and_not_to_who_did_it(post: Post) -> None:
    cast, plan = post.cast, proven(post)
    told(post)
    approvals.approve(plan_id=plan.pk, actor=cast.town_head, now=post.now, reason="同意")
    approvals.take_back(plan_id=plan.pk, actor=cast.district_head, now=post.now, reason="再看")
    assert told(post) >= {
        ("plan_approved", "administrator", "decided"),
        ("plan_sent_back", "administrator", "sent_back"),
        ("plan_sent_back", "town_head", "plan"),
    }
    assert not Notice.objects.filter(house_event__kind="plan_approved", person=cast.town_head).exists()


def test_an_approved_plan_that_is_drawn_on_again_is_told_to_its_approver(post: Post) -> None:
    drawing = Drawing(post.cast, post.cast.village, now=post.now)
    drawing.approved()
    drawing.edit("describe", key=1, name="新名")
    assert ("plan_sent_back", "town_head", "plan") in told(post)
    assert Plan.objects.get(pk=drawing.plan.pk).status == "draft"


def test_a_publication_tells_whom_it_changes_and_overtakes_what_was_begun_before(post: Post, client: Client) -> None:
    cast = post.cast
    first, rival = (Drawing(cast, cast.village, now=post.now) for _plan in range(2))
    west, east = first.split(cast.second_grid.pk, east=1.6)
    first.name(west, cast.second_officer)
    first.name(east, cast.handler)
    post.reach(cast.handler)
    approved = first.approved()
    told(post)
    post.later(minutes=5)
    redraw.publish(plan_id=approved.pk, actor=cast.administrator, now=post.now)
    assert told(post) >= {
        ("plan_published", "handler", "redrawn"),
        ("plan_published", "town_head", "plan"),
        ("plan_overtaken", "administrator", "plan"),
    }
    (late,) = HouseEvent.objects.filter(kind="plan_overtaken")
    assert late.plan == rival.plan
    post.deliver()
    assert [str(Reason.REDRAWN.label) in text for text in post.provider.texts] == [True]
    post.later(hours=1)
    redraw.roll_back(plan_id=approved.pk, actor=cast.administrator, reason="画错了", now=post.now)
    assert ("plan_rolled_back", "town_head", "plan") in told(post)
    assert HouseEvent.objects.filter(kind="plan_overtaken").count() == 1, "once is enough"


def test_the_table_says_who_is_told_and_a_district_may_change_it(post: Post, client: Client) -> None:
    cast = post.cast
    assert set(house.KINDS) <= set(AUDIENCES)
    wanted = {Who.ADMINISTRATORS: Reason.APPROVAL}
    audiences.set_lines(
        kind="plan_proven", district=cast.district.pk, wanted=wanted, actor=cast.administrator, now=post.now
    )
    plan = proven(post)
    assert told(post) == set(), "the administrator did it"
    assert plan.house_events.get().announced_at is not None
    client.force_login(cast.administrator)
    page = client.get(reverse("dispatch:audience"), {"district": cast.district.pk}).content.decode()
    for kind in house.KINDS:
        assert reverse("dispatch:audience_edit", args=[kind]) in page
    asked = client.get(reverse("dispatch:audience_edit", args=["plan_proven"]), {"district": cast.district.pk})
    form = asked.context["form"]
    assert Who.CLERKS not in form.groups and Who.PLAN_HEADS in form.groups
    assert "redrawn" in dict(form.fields["reason_plan_heads"].choices)
    assert "order" not in dict(form.fields["reason_plan_heads"].choices)


def test_quiet_hours_and_pressing_matters_hold_for_plans_too(post: Post) -> None:
    cast = post.cast
    quiet = {"quiet_from": time(0, 0), "quiet_to": time(23, 59)}
    sleeper = post.reach(cast.town_head, **quiet)
    post.reach(cast.district_head, "wecom", hears="pressing")
    proven(post)
    told(post)
    (row,) = Delivery.objects.all()
    assert row.address == sleeper and row.available_at > post.now
    assert post.deliver().found == 0


def test_after_a_storm_plans_are_told_together_too(post: Post, settings: Any) -> None:
    settings.NOTICE_STORM = 1
    post.reach(post.cast.town_head)
    for _plan in range(3):
        proven(post)
    told(post)
    assert post.deliver().sent == 1
    (text,) = post.provider.texts
    head = Delivery.objects.get(digest=None)
    assert f"[D{head.pk}-H{head.house_event_id}]" in text and "3" in text
    assert Delivery.objects.filter(digest=head, state="sent").count() == 2


def asked(post: Post) -> ExportRequest:
    cast = post.cast
    request = ExportRequest(
        person=cast.observer, unit=cast.town, reason="给王阿姨", number=7000, asked_at=post.now,
        ends_at=post.now + timedelta(days=7), query="state=any",
    )  # fmt: skip
    request.save()
    export_requests._note("export_asked", request, cast.observer, post.now)
    return request


def test_a_long_export_is_asked_of_the_chiefs_and_the_answer_told_to_the_asker(post: Post, client: Client) -> None:
    cast = post.cast
    post.reach(cast.town_duty_chief)
    post.reach(cast.observer, "wecom")
    request = asked(post)
    assert told(post) == {
        ("export_asked", "town_duty_chief", "approval"),
        ("export_asked", "district_duty_chief", "approval"),
    }
    export_requests.decide(wish_id=request.pk, person=cast.town_duty_chief, granted=True, now=post.now)
    assert ("export_granted", "observer", "decided") in told(post)
    assert post.deliver().sent == 2
    assert not [text for text in post.provider.texts if "王阿姨" in text]
    client.force_login(cast.observer)
    mine = Notice.objects.get(person=cast.observer)
    assert client.get(reverse("dispatch:notice", args=[mine.pk]))["Location"] == reverse("incidents:exports")
    assert "7000" in client.get(reverse("dispatch:inbox")).content.decode()


def test_an_event_of_the_house_is_told_once_and_never_changes(post: Post) -> None:
    proven(post)
    told(post)
    event = HouseEvent.objects.get()
    for change in ({"kind": "plan_approved"}, {"announced_at": None}, {"details": {}}):
        with pytest.raises(IntegrityError), transaction.atomic():
            HouseEvent.objects.filter(pk=event.pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        Notice.objects.all().delete()
        event.delete()


def test_an_event_that_fails_stops_no_other_and_waits(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    proven(post)
    proven(post)
    bad = HouseEvent.objects.earliest("pk")
    made = notices.HouseListeners

    def broken(event: HouseEvent, now: Any) -> Any:
        if event.pk == bad.pk:
            raise RuntimeError
        return made(event, now)

    monkeypatch.setattr(notices, "HouseListeners", broken)
    assert notices.announce_pending(now=post.now).events == 1
    assert list(HouseEvent.objects.filter(announced_at=None)) == [bad] and notices.is_waiting()
    monkeypatch.undo()
    assert notices.announce_pending(now=post.now).events == 1 and not notices.is_waiting()


def test_an_address_that_fails_for_good_is_said_in_the_inbox_and_the_letter_is_among_the_dead(
    post: Post, client: Client
) -> None:
    cast = post.cast
    address = post.reach(cast.town_head)
    proven(post)
    told(post)
    row = Delivery.objects.get()
    delivery._switch_off(row, "gone", post.now)
    assert not Address.objects.get(pk=address.pk).enabled
    assert Notice.objects.filter(person=cast.town_head, reason=Reason.UNREACHABLE).count() == 1
    Delivery.objects.filter(pk=row.pk).update(state="dead", ended_at=post.now, last_error="gone")
    client.force_login(cast.administrator)
    page = client.get(reverse("dispatch:deliveries"))
    assert page.context["count"] == 1 and str(cast.village) in page.content.decode()
    assert delivery.replay(ids=[row.pk], now=post.now) == 1
