"""The pages on which units are created and called otherwise, and officers change grids."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from grids import hierarchy, permissions, posts, selectors
from grids.duties import Duty, Right
from grids.levels import UnitKind
from grids.models import Post, Unit
from grids.posts import Change
from grids.refusals import HierarchyRefused, PostRefused
from tests.cast import Cast


@pytest.fixture
def admin(cast: Cast, client: Client) -> Client:
    client.force_login(cast.administrator)
    return client


def test_the_next_code_ever_free_is_proposed_and_taken_ones_are_never_given_again(cast: Cast) -> None:
    assert hierarchy.free_code(cast.town, UnitKind.VILLAGE) == "511111100003"
    assert hierarchy.free_code(cast.village, UnitKind.GRID) == "511111100001003"
    assert hierarchy.free_code(cast.district, UnitKind.DEPARTMENT) == "511111D03"
    assert hierarchy.free_code(cast.department, UnitKind.DEPARTMENT) == "511111D0101"
    hierarchy.retire(unit=cast.other_department, now=cast.now)
    assert hierarchy.free_code(cast.district, UnitKind.DEPARTMENT) == "511111D03"


def test_only_fitting_kinds_stand_below_a_unit(cast: Cast) -> None:
    assert hierarchy.kinds_below(cast.district) == [UnitKind.TOWN, UnitKind.DEPARTMENT]
    assert hierarchy.kinds_below(cast.village) == [UnitKind.GRID]
    assert hierarchy.kinds_below(cast.grid) == []
    assert hierarchy.kinds_below(cast.office) == [UnitKind.OFFICE]


def test_an_administrator_creates_a_unit_below_theirs(cast: Cast, admin: Client) -> None:
    address = reverse("grids:unit_new", args=[cast.district.pk])
    page = admin.get(address, {"kind": "department"})
    assert page.context["form"]["code"].value() == "511111D03"
    given = {"code": "511111d03", "name": "生态环境局", "short_name": "环境局", "duty_phone": "0833-3440000"}
    answer = admin.post(f"{address}?kind=department", given)
    assert answer["Location"] == reverse("grids:unit", args=["511111D03"])
    unit = Unit.objects.get(pk="511111D03")
    assert (unit.kind, unit.parent_id, unit.label) == ("department", "511111", "环境局")
    again = admin.post(f"{address}?kind=department", given)
    assert again.status_code == 422 and "code" in again.context["form"].errors


@pytest.mark.parametrize("who", ["auditor", "district_head", "village_clerk", "stranger"])
def test_nobody_else_creates_or_changes_a_unit(cast: Cast, client: Client, who: str) -> None:
    client.force_login(getattr(cast, who))
    for name in ("unit_new", "unit_edit"):
        assert client.get(reverse(f"grids:{name}", args=[cast.village.pk])).status_code == 404


def test_a_unit_is_called_otherwise_and_answered_for_by_somebody_who_serves_there(cast: Cast, admin: Client) -> None:
    address = reverse("grids:unit_edit", args=[cast.village.pk])
    given = {"name": "南陵新社区", "short_name": "南陵", "duty_contact": cast.village_clerk.pk, "address": "一街1号"}
    assert admin.post(address, given).status_code == 302
    cast.village.refresh_from_db()
    assert (cast.village.name, cast.village.duty_contact) == ("南陵新社区", cast.village_clerk)
    assert admin.post(address, {**given, "duty_contact": cast.town_clerk.pk}).status_code == 422
    with pytest.raises(HierarchyRefused) as refused:
        hierarchy.amend(unit=cast.village, now=timezone.now(), duty_contact=cast.town_clerk)
    assert refused.value.code == "unit_contact"
    assert admin.post(address, {**given, "name": " "}).status_code == 422


def test_nobody_stays_the_contact_of_a_unit_they_no_longer_serve(cast: Cast) -> None:
    hierarchy.amend(unit=cast.village, now=cast.now, duty_contact=cast.village_clerk)
    post = Post.objects.get(person=cast.village_clerk)
    posts.relieve(post=post, at=cast.now)
    contact = Unit.objects.get(pk=cast.village.pk).duty_contact
    assert contact is not None and contact != cast.village_clerk
    assert selectors.people_of(cast.village.pk, cast.now).filter(person=contact).exists()
    for post in selectors.people_of(cast.village.pk, cast.now):
        posts.relieve(post=post, at=cast.now)
    assert Unit.objects.get(pk=cast.village.pk).duty_contact is None
    posts.appoint(unit=cast.village, person=cast.village_clerk, duty=Duty.CLERK, since=cast.now)
    assert Unit.objects.get(pk=cast.village.pk).duty_contact == cast.village_clerk


def test_two_officers_change_places_at_one_moment(cast: Cast) -> None:
    hierarchy.set_duty_contacts(contacts={cast.grid.pk: cast.officer, cast.second_grid.pk: cast.second_officer})
    one, other = (Post.objects.get(person=who, duty=Duty.OFFICER) for who in (cast.officer, cast.second_officer))
    posts.exchange(changes=[Change(one, cast.second_grid), Change(other, cast.grid)], at=cast.now, now=cast.now)
    assert selectors.primary_officer(cast.grid.pk, cast.now) == cast.second_officer
    assert selectors.primary_officer(cast.second_grid.pk, cast.now) == cast.officer
    assert permissions.allows(cast.officer, Right.SETTLE, cast.second_grid, now=cast.now)
    assert not permissions.allows(cast.officer, Right.SETTLE, cast.grid, now=cast.now)
    assert Unit.objects.get(pk=cast.grid.pk).duty_contact == cast.second_officer
    assert Unit.objects.get(pk=cast.second_grid.pk).duty_contact == cast.officer


def test_a_change_that_cannot_be_leaves_both_posts_as_they_were(cast: Cast) -> None:
    one = Post.objects.get(person=cast.officer, duty=Duty.OFFICER)
    with pytest.raises(PostRefused):
        posts.exchange(changes=[Change(one, cast.second_grid)], at=cast.now, now=cast.now)
    assert selectors.primary_officer(cast.grid.pk, cast.now) == cast.officer
    posts.relieve(post=one, at=cast.now)
    with pytest.raises(PostRefused) as refused:
        posts.exchange(changes=[Change(one, cast.second_grid)], at=cast.now, now=cast.now)
    assert refused.value.code == "post_over"


def test_an_officer_goes_over_to_another_grid_by_one_press(cast: Cast, admin: Client) -> None:
    address = reverse("grids:change_grid", args=[cast.officer.pk])
    post = Post.objects.get(person=cast.officer, duty=Duty.OFFICER)
    assert admin.get(address).status_code == 200
    given = {"post": post.pk, "unit": f"{cast.second_grid.pk} {cast.second_grid.name}", "other": ""}
    refused = admin.post(address, given)
    assert refused.status_code == 422 and "other" in refused.context["form"].errors
    assert admin.post(address, {**given, "unit": "没有"}).status_code == 422
    assert admin.post(address, {**given, "other": "swap"}).status_code == 302
    now = timezone.now()
    assert selectors.primary_officer(cast.second_grid.pk, now) == cast.officer
    assert selectors.primary_officer(cast.grid.pk, now) == cast.second_officer


def test_nobody_is_moved_by_those_who_do_not_administer_them(cast: Cast, client: Client) -> None:
    for who in ("auditor", "town_head", "officer"):
        client.force_login(getattr(cast, who))
        assert client.get(reverse("grids:change_grid", args=[cast.officer.pk])).status_code == 404
        assert client.post(reverse("grids:person_reopen", args=[cast.officer.pk])).status_code == 404
        assert client.post(reverse("grids:person_unlock", args=[cast.officer.pk])).status_code == 404


def test_a_closed_account_is_opened_again_with_a_new_password_and_no_post(cast: Cast, admin: Client) -> None:
    admin.post(reverse("grids:person_close", args=[cast.village_clerk.pk]))
    answer = admin.post(reverse("grids:person_reopen", args=[cast.village_clerk.pk]))
    cast.village_clerk.refresh_from_db()
    assert cast.village_clerk.is_active and cast.village_clerk.must_change_password
    assert cast.village_clerk.check_password(answer.context["password"])
    assert not selectors.posts_of(cast.village_clerk, timezone.now()).exists()


def test_name_and_phone_of_a_person_are_changed(cast: Cast, admin: Client) -> None:
    address = reverse("grids:person_edit", args=[cast.officer.pk])
    assert admin.post(address, {"full_name": "甲一一", "phone": "19900000009"}).status_code == 302
    cast.officer.refresh_from_db()
    assert (cast.officer.full_name, cast.officer.phone) == ("甲一一", "19900000009")
    assert admin.post(address, {"full_name": "", "phone": ""}).status_code == 422
