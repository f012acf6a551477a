"""The page of proposals: asked for, compared, begun from, forgotten."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from grids import drafts, proposals
from grids.drafts import Wish
from grids.models import Plan, PlanArea, Proposal
from tests.grids.quarter import Quarter

pytestmark = pytest.mark.django_db


@pytest.fixture
def small(db: None) -> Quarter:
    return Quarter.make(streets=(2, 1), buildings=180, households=2_000)


@pytest.fixture
def plan(small: Quarter) -> Plan:
    return drafts.begin(
        scope=small.district, wish=Wish("重划", target_households=250), actor=small.keeper, now=small.now
    )


@pytest.fixture
def asker(small: Quarter, client: Client) -> Client:
    client.force_login(small.keeper)
    return client


def _wishes(**other: Any) -> dict[str, Any]:
    return {"target": 250, "tolerance": 20, "follow": "usual", "count": 2, "grids": "", **other}


def _found(small: Quarter, plan: Plan, asker: Client) -> list[Proposal]:
    asker.post(reverse("studio:proposals", args=[plan.pk]), _wishes())
    proposals.work_on_all(now=lambda: small.now)
    return list(plan.proposals.order_by("id"))


def test_the_form_begins_with_the_plans_own_target(plan: Plan, asker: Client) -> None:
    answer = asker.get(reverse("studio:proposals", args=[plan.pk]))
    assert answer.context["form"].initial["target"] == 250
    assert not answer.context["cards"]


def test_proposals_are_asked_for_with_seeds_nobody_used(small: Quarter, plan: Plan, asker: Client) -> None:
    address = reverse("studio:proposals", args=[plan.pk])
    assert asker.post(address, _wishes()).status_code == 302
    asker.post(address, _wishes(count=1, follow="more"))
    assert list(plan.proposals.order_by("id").values_list("seed", "parameters__follow")) == [
        (1, "usual"),
        (2, "usual"),
        (3, "more"),
    ]
    # While some are on their way, the cards ask again by themselves.
    waiting = asker.get(reverse("studio:proposal_cards", args=[plan.pk])).content.decode()
    assert "hx-get" in waiting
    proposals.work_on_all(now=lambda: small.now)
    assert "hx-get" not in asker.get(reverse("studio:proposal_cards", args=[plan.pk])).content.decode()


def test_wishes_that_mean_nothing_are_named_and_kept(plan: Plan, asker: Client) -> None:
    answer = asker.post(reverse("studio:proposals", args=[plan.pk]), _wishes(target=1, count=50))
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"target", "count"}
    assert not plan.proposals.exists()


def test_found_proposals_stand_side_by_side_with_figures_and_a_picture(
    small: Quarter, plan: Plan, asker: Client, django_assert_max_num_queries: Any
) -> None:
    _found(small, plan, asker)
    with django_assert_max_num_queries(12):
        answer = asker.get(reverse("studio:proposals", args=[plan.pk]))
    cards = answer.context["cards"]
    assert [card.proposal.seed for card in cards] == [2, 1]
    for card in cards:
        assert len(card.paths) == 8
        assert len(card.figures) == 6
    assert answer.content.decode().count('<svg class="proposal-map"') == 2


def test_a_draft_begins_from_a_proposal(small: Quarter, plan: Plan, asker: Client) -> None:
    first, _second = _found(small, plan, asker)
    answer = asker.post(reverse("studio:proposal_take", args=[plan.pk]), {"proposal": first.pk})
    assert answer["Location"] == reverse("studio:draw", args=[plan.pk])
    assert PlanArea.objects.filter(plan=plan).count() == 8


@pytest.mark.parametrize("sent", ["", "zz", "999999", "²"])
def test_a_proposal_that_is_gone_changes_nothing(plan: Plan, asker: Client, sent: str) -> None:
    answer = asker.post(reverse("studio:proposal_take", args=[plan.pk]), {"proposal": sent})
    assert answer["Location"] == reverse("studio:proposals", args=[plan.pk])
    assert PlanArea.objects.filter(plan=plan).count() == 2


def test_one_that_waits_cannot_be_begun_from_and_can_be_forgotten(plan: Plan, asker: Client) -> None:
    asker.post(reverse("studio:proposals", args=[plan.pk]), _wishes(count=1))
    waiting = plan.proposals.get()
    answer = asker.post(reverse("studio:proposal_take", args=[plan.pk]), {"proposal": waiting.pk}, follow=True)
    assert [str(message.level_tag) for message in answer.context["messages"]][-1] == "error"
    asker.post(reverse("studio:proposal_remove", args=[plan.pk]), {"proposal": waiting.pk})
    assert not plan.proposals.exists()


def test_one_that_failed_says_why(plan: Plan, asker: Client) -> None:
    asker.post(reverse("studio:proposals", args=[plan.pk]), _wishes(count=1))
    plan.proposals.update(state="failed", fault="A sentence that says why.")
    assert "A sentence that says why." in asker.get(reverse("studio:proposals", args=[plan.pk])).content.decode()
