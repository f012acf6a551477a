"""The page of the administration, the limits by case, accounts locked and tokens."""

import pytest
from django.test import Client
from django.urls import reverse
from knox.models import AuthToken

from incidents.models import Category
from tests.cast import Cast
from tests.incidents.story import Story

PAGES = ("governance:administration", "governance:limits", "governance:accounts", "grids:audit")


@pytest.mark.parametrize("page", PAGES)
def test_administrators_work_on_it_and_auditors_look(story: Story, client: Client, page: str) -> None:
    for who, status in (("administrator", 200), ("auditor", 200), ("district_head", 404), ("officer", 404),
                        ("handler", 404), ("stranger", 404)):  # fmt: skip
        client.force_login(getattr(story.cast, who))
        assert client.get(reverse(page)).status_code == status, who


def test_it_says_what_waits(cast: Cast, client: Client) -> None:
    client.force_login(cast.administrator)
    groups = client.get(reverse("governance:administration")).context["groups"]
    counts = {card["label"]: card["count"] for _heading, cards in groups for card in cards}
    assert set(counts.values()) >= {14, 0}


def test_an_auditor_is_not_led_where_things_are_set(cast: Cast, client: Client) -> None:
    client.force_login(cast.auditor)
    assert "/admin/" not in client.get(reverse("governance:administration")).content.decode()


def test_an_administrator_begins_the_day_there(cast: Cast, client: Client) -> None:
    client.force_login(cast.administrator)
    assert client.get("/")["Location"] == reverse("governance:administration")


def test_limits_are_shown_for_any_case_and_odd_questions_change_nothing(story: Story, client: Client) -> None:
    client.force_login(story.cast.administrator)
    category = Category.objects.filter(code="0112").first()
    assert category is not None
    page = client.get(reverse("governance:limits"), {"category": category.pk, "stage": "finish", "urgency": "normal"})
    assert page.context["lines"][0]["limit"].category == category
    odd = {"category": "x", "stage": "?", "urgency": "'", "tier": "grid", "district": "999999"}
    assert client.get(reverse("governance:limits"), odd).status_code == 200


def test_an_administrator_ends_a_token_and_an_auditor_does_not(cast: Cast, client: Client) -> None:
    token, _secret = AuthToken.objects.create(user=cast.officer)
    address = reverse("governance:end_token", args=[token.token_key])
    client.force_login(cast.auditor)
    assert cast.officer.full_name in client.get(reverse("governance:accounts")).content.decode()
    assert client.post(address).status_code == 404
    client.force_login(cast.administrator)
    assert client.post(address).status_code == 302
    assert not AuthToken.objects.exists()
    assert client.post(address).status_code == 404
