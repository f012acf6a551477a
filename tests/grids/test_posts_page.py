"""Appointing, relieving and opening accounts on their pages."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from grids import accounts, permissions, selectors
from grids.duties import Duty, Right
from grids.models import Person, Post
from tests.cast import Cast


@pytest.fixture
def admin(cast: Cast, client: Client) -> Client:
    client.force_login(cast.administrator)
    return client


def appoint(client: Client, cast: Cast, unit, person: Person, duty: Duty, **fields):
    return client.post(reverse("grids:appoint", args=[unit.pk]), {"person": person.pk, "duty": duty.value, **fields})


def test_an_administrator_appoints_and_the_rights_follow(cast: Cast, admin: Client) -> None:
    answer = appoint(admin, cast, cast.village, cast.assistant, Duty.CLERK, origin="沙湾镇")
    assert answer.status_code == 302
    now = timezone.now()
    assert permissions.allows(cast.assistant, Right.HANDLE, cast.village, now=now)
    assert Post.objects.get(person=cast.assistant, unit=cast.village).origin == "沙湾镇"


def test_sw_4_a_second_primary_officer_is_refused_at_the_field(cast: Cast, admin: Client) -> None:
    cast.grid.refresh_from_db()
    answer = appoint(admin, cast, cast.grid, cast.second_officer, Duty.OFFICER, is_primary="on")
    assert answer.status_code == 422
    form = answer.context["form"]
    assert form.errors.get("is_primary") or form.errors.get("duty")
    assert Post.objects.filter(unit=cast.grid, is_primary=True).count() == 1
    # What was chosen stays.
    assert form.chosen == cast.second_officer


def test_a_second_primary_officer_is_refused_with_the_sentence_of_the_database(cast: Cast, admin: Client) -> None:
    from grids.models import DistrictProfile

    DistrictProfile.objects.create(district=cast.district, officers_per_grid=None)
    answer = appoint(admin, cast, cast.grid, cast.second_officer, Duty.OFFICER, is_primary="on")
    constraint = next(rule for rule in Post._meta.constraints if rule.name == "post_one_primary_officer")
    assert answer.context["form"].errors["is_primary"] == [constraint.get_violation_error_message()]


def test_an_officer_cannot_be_the_supervisor_of_the_same_grid(cast: Cast, admin: Client) -> None:
    answer = appoint(admin, cast, cast.second_grid, cast.second_officer, Duty.SUPERVISOR)
    assert answer.status_code == 422 and "duty" in answer.context["form"].errors


def test_a_post_ends_after_it_begins(cast: Cast, admin: Client) -> None:
    answer = appoint(
        admin, cast, cast.village, cast.assistant, Duty.CLERK, since="2026-05-02T09:00", until="2026-05-01T09:00"
    )
    assert answer.status_code == 422 and "until" in answer.context["form"].errors


def test_only_duties_of_that_kind_of_unit_and_people_of_the_district_are_taken(cast: Cast, admin: Client) -> None:
    assert appoint(admin, cast, cast.village, cast.assistant, Duty.HANDLER).status_code == 422
    # Somebody who never served in the district cannot be found, nor guessed by number.
    assert appoint(admin, cast, cast.village, cast.stranger, Duty.CLERK).status_code == 422


def test_candidates_are_found_by_name_with_what_they_do_already(cast: Cast, admin: Client) -> None:
    text = admin.get(reverse("grids:candidates", args=[cast.village.pk]), {"q": "甲一"}).content.decode()
    assert cast.officer.full_name in text and cast.grid.name in text
    assert cast.officer.phone == "" or cast.officer.phone not in text
    assert (
        "<input" not in admin.get(reverse("grids:candidates", args=[cast.village.pk]), {"q": "己一"}).content.decode()
    )


def test_a_post_is_relieved_now_or_later_and_never_twice(cast: Cast, admin: Client) -> None:
    post = Post.objects.get(unit=cast.grid, is_primary=True)
    address = reverse("grids:relieve", args=[post.pk])
    assert admin.get(address).status_code == 200
    assert admin.post(address, {"at": ""}).status_code == 302
    now = timezone.now()
    assert selectors.primary_officer(cast.grid.pk, now) is None
    assert not permissions.allows(cast.officer, Right.REPORT, cast.grid, now=now)
    assert admin.post(address, {"at": ""}).status_code == 404


def test_an_administrator_of_a_town_reaches_down_but_not_sideways_or_up(cast: Cast, client: Client) -> None:
    from grids import posts

    posts.appoint(unit=cast.town, person=cast.town_head, duty=Duty.ADMINISTRATOR, since=cast.since, now=cast.now)
    client.force_login(cast.town_head)
    assert client.get(reverse("grids:appoint", args=[cast.grid.pk])).status_code == 200
    assert client.get(reverse("grids:appoint", args=[cast.other_town.pk])).status_code == 404
    assert client.get(reverse("grids:appoint", args=[cast.district.pk])).status_code == 404


def new_person(client: Client, unit, **fields):
    given = {"full_name": "庚一", "username": "geng1", "phone": "19900000001", "duty": "clerk", **fields}
    return client.post(reverse("grids:person_new", args=[unit.pk]), given)


def test_a_new_person_gets_a_password_that_is_shown_once_and_must_be_changed(cast: Cast, admin: Client) -> None:
    answer = new_person(admin, cast.village)
    person, password = Person.objects.get(username="geng1"), answer.context["password"]
    assert password in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert person.check_password(password) and person.must_change_password
    assert permissions.allows(person, Right.HANDLE, cast.village, now=timezone.now())
    fresh = Client()
    assert fresh.login(username="geng1", password=password)
    assert fresh.get(reverse("grids:unit", args=[cast.village.pk]))["Location"] == reverse("password_change")


def test_a_taken_user_name_is_refused_at_its_field_and_nothing_is_left_behind(cast: Cast, admin: Client) -> None:
    answer = new_person(admin, cast.village, username="officer")
    assert answer.status_code == 422 and "username" in answer.context["form"].errors
    answer = new_person(admin, cast.grid, duty="officer", is_primary="on")
    assert answer.status_code == 422
    assert not Person.objects.filter(username="geng1").exists()


def test_a_password_is_renewed_by_those_alone_who_administer_every_unit_of_the_person(
    cast: Cast, client: Client
) -> None:
    from grids import posts

    now = timezone.now()
    posts.appoint(unit=cast.town, person=cast.town_head, duty=Duty.ADMINISTRATOR, since=cast.since, now=now)
    # The clerk of a village below: yes. With one post in another town as well: no longer. Oneself: never.
    assert accounts.may_manage(cast.town_head, cast.village_clerk, now=now)
    posts.appoint(unit=cast.other_village, person=cast.village_clerk, duty=Duty.CLERK, since=cast.since, now=now)
    assert not accounts.may_manage(cast.town_head, cast.village_clerk, now=now)
    assert accounts.may_manage(cast.administrator, cast.village_clerk, now=now)
    assert not accounts.may_manage(cast.town_head, cast.administrator, now=now)
    assert not accounts.may_manage(cast.town_head, cast.town_head, now=now)
    client.force_login(cast.town_head)
    assert client.post(reverse("grids:person_password", args=[cast.village_clerk.pk])).status_code == 404
    assert client.post(reverse("grids:person_close", args=[cast.village_clerk.pk])).status_code == 404


def test_a_renewed_password_ends_the_sessions_of_the_old_one(cast: Cast, admin: Client) -> None:
    theirs = Client()
    theirs.force_login(cast.village_clerk)
    answer = admin.post(reverse("grids:person_password", args=[cast.village_clerk.pk]))
    cast.village_clerk.refresh_from_db()
    assert cast.village_clerk.check_password(answer.context["password"]) and cast.village_clerk.must_change_password
    assert theirs.get(reverse("grids:unit", args=[cast.village.pk])).status_code == 302


def test_a_closed_account_leaves_every_post(cast: Cast, admin: Client) -> None:
    admin.post(reverse("grids:person_close", args=[cast.village_clerk.pk]))
    cast.village_clerk.refresh_from_db()
    assert not cast.village_clerk.is_active
    now = timezone.now() + timedelta(seconds=1)
    assert not Post.objects.filter(person=cast.village_clerk, period__contains=now).exists()


def test_a_person_is_seen_by_those_who_see_a_unit_they_serve(cast: Cast, client: Client) -> None:
    address = reverse("grids:person", args=[cast.village_clerk.pk])
    for who, status in (("town_head", 200), ("village_clerk", 200), ("other_town_clerk", 404), ("stranger", 404)):
        client.force_login(getattr(cast, who))
        assert client.get(address).status_code == status
    client.force_login(cast.town_head)
    assert cast.village_clerk.username not in client.get(address).content.decode().replace("/people/", "")
