"""Named accounts, what a password must be, locks after failures, and sessions that end: S-1 to S-4."""

import re
import time
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from governance import captchas, sessions
from governance.passwords import substance
from grids import accounts, lockouts, passwords
from grids.models import AuditAct, AuditEntry, PasswordHistory, Person
from tests.cast import PASSWORD, Cast

GOOD = "Herbst-Nebel-41"
WRONG = {"username": "officer", "password": "not-the-password"}


def sign_in(client: Client, username: str = "officer", password: str = PASSWORD, **meta: str):
    """Sign in as a person does: where the signs of a picture are asked for, they are read and typed."""
    answer = client.post("/login/", {"username": username, "password": password}, **meta)
    form = (answer.context or {}).get("form")
    if form is None or not form.has_error("signs"):
        return answer
    return client.post("/login/", {"username": username, "password": password, **signs(answer)}, **meta)


def signs(page: HttpResponse) -> dict[str, str]:
    """What somebody who sees the picture of the page types."""
    (key,) = re.findall(r'name="picture" value="([\w-]+)"', page.content.decode())
    return {"picture": key, "signs": str(captchas.signs_of(key)).lower()}


def faults(password: str, person: Person) -> set[str]:
    try:
        validate_password(password, person)
    except ValidationError as refused:
        return {error.code for error in refused.error_list}
    return set()


# -- S-1 ---------------------------------------------------------------------------------------------------


def test_s_1_no_two_given_passwords_are_alike_and_each_must_be_changed(cast: Cast) -> None:
    now = timezone.now()
    given = {accounts.renew_password(person=one, actor=cast.administrator, now=now)
             for one in (cast.officer, cast.second_officer, cast.town_clerk)}  # fmt: skip
    assert len(given) == 3
    assert not Person.objects.filter(username__in=["officer", "second_officer", "town_clerk"],
                                     must_change_password=False).exists()  # fmt: skip


def test_s_1_whoever_signs_in_first_changes_the_password_before_anything_else(cast: Cast, client: Client) -> None:
    given = accounts.renew_password(person=cast.officer, actor=cast.administrator, now=timezone.now())
    sign_in(client, password=given)
    assert client.get("/map/").headers["Location"] == "/password/"
    form = {"old_password": given, "new_password1": GOOD, "new_password2": GOOD}
    assert client.post("/password/", form).headers["Location"] == "/"
    assert client.get("/map/").status_code == 200


# -- S-2 ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("Kurz-41", "password_too_short"),
        ("nurkleinbuchstaben", "password_classes"),
        ("kleinundzahlen4711", "password_classes"),
        ("Officer-Nebel-41", "password_personal"),
        ("Nebel-甲一-Herbst4", "password_personal"),
        ("Nebel-8812345-Ab", "password_personal"),
        ("Admin@123456", "password_weak"),
        ("Wangge@2026", "password_weak"),
        ("P@ssw0rd12345", "password_weak"),
        ("Qwer1234!@#$", "password_weak"),
        ("Aaaaaa111111!", "password_weak"),
    ],
)
def test_s_2_a_weak_password_is_refused_with_its_reason(cast: Cast, password: str, fault: str) -> None:
    cast.officer.phone = "199 0881 2345"
    assert fault in faults(password, cast.officer)


def test_s_2_a_good_password_is_taken(cast: Cast) -> None:
    assert faults(GOOD, cast.officer) == set()
    assert faults("晚枫听雨Nebel7", cast.officer) == set()


def test_s_2_what_is_left_of_a_password_without_common_parts() -> None:
    assert substance("Admin@123456") == "@"
    assert substance("Herbst-Nebel-41") == "herbst-nebel-41"


def test_s_2_none_of_the_last_five_is_taken_again(cast: Cast) -> None:
    person = cast.officer
    for number in range(6):
        person.set_password(f"{GOOD}-{number}x")
        person.save()
    assert PasswordHistory.objects.filter(person=person).count() == 5
    assert "password_used" in faults(f"{GOOD}-5x", person)
    assert "password_used" in faults(f"{GOOD}-1x", person)
    assert "password_used" not in faults(f"{GOOD}-0x", person)


def test_s_2_a_password_lives_ninety_days_and_says_so_a_week_before(cast: Cast, client: Client) -> None:
    now = timezone.now()
    Person.objects.filter(pk=cast.officer.pk).update(password_set_at=now - timedelta(days=83, hours=23))
    assert "6" in sign_in(client).wsgi_request._messages._queued_messages[0].message
    assert client.get("/map/").status_code == 200
    Person.objects.filter(pk=cast.officer.pk).update(password_set_at=now - timedelta(days=90))
    assert client.get("/map/").headers["Location"] == "/password/"
    assert client.get("/password/").context["forced"] == "expired"
    form = {"old_password": PASSWORD, "new_password1": GOOD, "new_password2": GOOD}
    assert client.post("/password/", form).status_code == 302
    assert client.get("/map/").status_code == 200


def test_s_2_a_password_is_kept_for_a_day(cast: Cast, client: Client) -> None:
    client.force_login(cast.officer)
    form = {"old_password": PASSWORD, "new_password1": GOOD, "new_password2": GOOD}
    assert client.post("/password/", form).status_code == 302
    again = {"old_password": GOOD, "new_password1": f"{GOOD}-b", "new_password2": f"{GOOD}-b"}
    answer = client.post("/password/", again)
    assert answer.status_code == 200 and answer.context["form"].has_error("__all__", "password_too_young")
    cast.officer.refresh_from_db()
    assert passwords.changeable_from(cast.officer, now=timezone.now() + timedelta(days=1, minutes=1)) is None


# -- S-3 ---------------------------------------------------------------------------------------------------


def test_s_3_five_failures_lock_the_account_and_nobody_learns_whether_it_exists(cast: Cast, client: Client) -> None:
    pages = {}
    for username in ("officer", "nobody-at-all"):
        for _number in range(4):
            answer = sign_in(client, username, "wrong")
            assert answer.status_code == 200
        locked = sign_in(client, username, "wrong")
        assert locked.status_code == 429
        pages[username] = str(locked.context["form"].non_field_errors())
    assert pages["officer"] == pages["nobody-at-all"]
    assert sign_in(client).status_code == 429, "the right password does not help while it is locked"
    assert lockouts.locked_until(cast.officer, now=timezone.now()) is not None
    assert sign_in(Client(), "second_officer").status_code == 302, "others of the same office sign in"


def test_s_3_after_three_failures_no_password_is_looked_at_without_the_signs_of_a_picture(
    cast: Cast, client: Client
) -> None:
    plain = {"username": "officer", "password": PASSWORD}
    for _number in range(2):
        assert 'name="signs"' not in client.post("/login/", plain | {"password": "wrong"}).content.decode()
    shown = client.post("/login/", plain | {"password": "wrong"})
    assert 'name="signs"' in shown.content.decode(), "the third failure already shows the picture"
    without = client.post("/login/", plain)
    assert without.status_code == 200 and without.context["form"].has_error("signs", "required")
    wrong = client.post("/login/", plain | signs(without) | {"signs": "0000"})
    assert wrong.context["form"].has_error("signs")
    assert AccessAttempt.objects.get(username="officer").failures_since_start == 3, "nothing was tried meanwhile"
    assert client.post("/login/", plain | signs(wrong)).status_code == 302


def test_s_3_a_picture_counts_once_and_is_a_picture(cast: Cast, client: Client) -> None:
    for _number in range(3):
        page = client.post("/login/", {"username": "officer", "password": "wrong"})
    typed = signs(page)
    picture = client.get(f"/login/picture/{typed['picture']}/")
    assert picture.headers["Content-Type"] == "image/png" and picture.content.startswith(b"\x89PNG")
    assert client.get("/login/picture/unknown/").status_code == 404
    used = client.post("/login/", {"username": "officer", "password": "wrong", **typed})
    assert not used.context["form"].has_error("signs")
    again = client.post("/login/", {"username": "officer", "password": PASSWORD, **typed})
    assert again.context["form"].has_error("signs")


@override_settings(AUTH_ADDRESS_FAILURES=10)
def test_s_3_an_address_that_tries_many_names_meets_the_picture_for_any_name(cast: Cast, client: Client) -> None:
    for number in range(6):
        client.post("/login/", {"username": f"name{number}", "password": "x"}, REMOTE_ADDR="10.0.0.9")
    assert 'name="signs"' in client.get("/login/", REMOTE_ADDR="10.0.0.9").content.decode()
    assert 'name="signs"' not in client.get("/login/", REMOTE_ADDR="10.0.0.8").content.decode()


def test_s_3_the_lock_and_the_counter_end_after_half_an_hour(cast: Cast, client: Client) -> None:
    for _number in range(5):
        sign_in(client, password="wrong")
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=30, seconds=1))
    assert sign_in(client).status_code == 302


def test_s_3_success_forgives_the_account_and_not_the_address(cast: Cast, client: Client) -> None:
    for _number in range(4):
        sign_in(client, password="wrong", REMOTE_ADDR="10.0.0.9")
        sign_in(client, "second_officer", "wrong", REMOTE_ADDR="10.0.0.9")
    assert sign_in(client, REMOTE_ADDR="10.0.0.9").status_code == 302
    assert not AccessAttempt.objects.filter(username="officer").exists()
    assert AccessAttempt.objects.filter(ip_address="10.0.0.9").exists()


@override_settings(AUTH_ADDRESS_FAILURES=10)
def test_s_3_an_address_that_tries_many_names_is_locked_by_itself(cast: Cast, client: Client) -> None:
    for number in range(10):
        sign_in(client, f"name{number}", "wrong", REMOTE_ADDR="10.0.0.9")
    assert sign_in(client, REMOTE_ADDR="10.0.0.9").status_code == 429
    assert sign_in(client, REMOTE_ADDR="10.0.0.8").status_code == 302


def test_s_3_an_administrator_unlocks_and_others_do_not(cast: Cast, client: Client) -> None:
    for _number in range(5):
        sign_in(Client(), password="wrong")
    client.force_login(cast.auditor)
    assert client.post(reverse("governance:unlock"), {"username": "officer"}).status_code == 404
    client.force_login(cast.administrator)
    page = client.get(reverse("governance:accounts"))
    assert [lock.person for lock in page.context["locks"]] == [cast.officer]
    assert client.post(reverse("governance:unlock"), {"username": "officer"}).status_code == 302
    assert sign_in(Client()).status_code == 302
    acts = list(AuditEntry.objects.filter(person=cast.officer.pk, act__in=["refused", "locked", "unlocked"])
                .order_by("pk").values_list("act", flat=True))  # fmt: skip
    assert acts == ["refused"] * 5 + ["locked", "unlocked"]


def test_s_3_a_password_typed_as_a_user_name_is_not_kept(cast: Cast, client: Client) -> None:
    sign_in(client, "My-Secret-Password", "x")
    entry = AuditEntry.objects.filter(act=AuditAct.REFUSED).latest("pk")
    assert entry.after == {"username": "M***"} and entry.person is None


# -- S-4 ---------------------------------------------------------------------------------------------------


def age(client: Client, **minutes: int) -> None:
    session = client.session
    for key, span in minutes.items():
        session[f"_{key}"] = int(time.time()) - span * 60
    session.save()


def test_s_4_the_session_gets_another_name_at_the_sign_in(cast: Cast, client: Client) -> None:
    client.get("/login/")
    session = client.session
    session["before"] = 1
    session.save()
    client.cookies["sessionid"] = before = session.session_key
    sign_in(client)
    assert client.cookies["sessionid"].value != before


def test_s_4_idle_for_half_an_hour_is_signed_out_and_comes_back_to_the_page(cast: Cast, client: Client) -> None:
    sign_in(client)
    age(client, seen=29)
    assert client.get("/map/").status_code == 200
    age(client, seen=30)
    answer = client.get("/map/?unit=511111")
    assert answer.headers["Location"] == "/login/?next=/map/%3Funit%3D511111&why=idle"
    page = client.get(answer.headers["Location"])
    assert str(page.context["reason"]) == str(sessions.REASONS["idle"])
    assert AuditEntry.objects.latest("pk").act == AuditAct.IDLED_OUT
    signed = client.post(answer.headers["Location"], {"username": "officer", "password": PASSWORD, "next": "/map/"})
    assert signed.headers["Location"] == "/map/"


def test_s_4_administrators_are_idle_sooner(cast: Cast, client: Client) -> None:
    sign_in(client, "administrator")
    age(client, seen=15)
    assert client.get("/map/").status_code == 302
    sign_in(client, "town_clerk")
    age(client, seen=15)
    assert client.get("/map/").status_code == 200


def test_s_4_nobody_is_signed_in_for_longer_than_twelve_hours(cast: Cast, client: Client) -> None:
    sign_in(client)
    age(client, began=12 * 60, seen=1)
    assert client.get("/map/").headers["Location"].endswith("why=long")


def test_s_4_a_page_that_asks_by_itself_is_no_sign_of_somebody(cast: Cast, client: Client) -> None:
    sign_in(client, "town_clerk")
    for address, headers in (("/frame/badges/", {}), ("/dashboard/?live=1", {}), ("/units/", {"X-Quiet": "1"})):
        age(client, seen=20)
        seen = client.session["_seen"]
        assert client.get(address, headers=headers).status_code == 200
        assert client.session["_seen"] == seen
    client.get("/units/")
    assert client.session["_seen"] > seen


def test_s_4_a_session_is_written_at_most_once_a_minute(cast: Cast, client: Client) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    sign_in(client, "town_clerk")
    client.get("/units/")
    with CaptureQueriesContext(connection) as asked:
        client.get("/units/")
    assert not [query["sql"] for query in asked if query["sql"].startswith(("UPDATE", "INSERT"))]


def test_s_4_a_fragment_keeps_the_page_with_what_was_typed(cast: Cast, client: Client) -> None:
    sign_in(client, "town_clerk")
    age(client, seen=31)
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/units/?q=a"}
    answer = client.get("/units/?q=ab", headers=headers)
    assert answer.status_code == 401 and answer.content == b""
    assert (
        "signedOut" in answer.headers["HX-Trigger"] and "next=/units/%3Fq%3Da&why=idle" in answer.headers["HX-Trigger"]
    )
    again = client.get("/units/?q=ab", headers=headers)
    assert again.status_code == 401 and "signedOut" in again.headers["HX-Trigger"]


def test_s_4_signing_out_ends_the_session(cast: Cast, client: Client) -> None:
    sign_in(client)
    key = client.session.session_key
    client.post("/logout/")
    stolen = Client()
    stolen.cookies["sessionid"] = key
    assert stolen.get("/map/").status_code == 302
    assert AuditEntry.objects.latest("pk").act == AuditAct.SIGNED_OUT


@override_settings(SINGLE_SESSION=True)
def test_s_4_where_one_session_alone_is_allowed_the_new_one_ends_the_old(cast: Cast) -> None:
    first, second = Client(), Client()
    sign_in(first)
    sign_in(second)
    assert first.get("/map/").headers["Location"].endswith("why=elsewhere")
    assert second.get("/map/").status_code == 200


def test_s_4_the_administration_of_django_has_no_door_of_its_own(cast: Cast, client: Client) -> None:
    assert client.get("/admin/").headers["Location"].startswith("/admin/login/")
    assert client.get("/admin/login/?next=/admin/").headers["Location"] == "/login/?next=/admin/"


def test_a_closed_account_ends_its_sessions_and_tokens_at_once(cast: Cast, client: Client) -> None:
    from knox.models import AuthToken

    sign_in(client, "village_clerk")
    AuthToken.objects.create(user=cast.village_clerk)
    accounts.close_account(person=cast.village_clerk, actor=cast.administrator, now=timezone.now())
    assert client.get("/map/").status_code == 302
    assert not AuthToken.objects.filter(user=cast.village_clerk).exists()
