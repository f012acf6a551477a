"""Signing in by token and by session: what ends a token, what locks an account, what is told to whom."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.test import Client, override_settings
from django.utils import timezone
from knox.models import AuthToken

from grids.api import tokens
from grids.models import AuditAct, AuditEntry, Person
from tests.api.conftest import ROOT, Program
from tests.cast import PASSWORD, Cast


def sign_in(username: str = "officer", password: str = PASSWORD) -> Program:
    program = Program()
    answer = program.post("login/", {"username": username, "password": password})
    assert answer.status_code == 200, answer.content
    program.headers["Authorization"] = f"Token {answer.json()['token']}"
    return program


def test_a_user_name_and_a_password_give_a_token_that_opens_the_api(cast: Cast) -> None:
    answer = Program().post("login/", {"username": "officer", "password": PASSWORD})
    assert answer.json()["person"] == cast.officer.full_name
    assert answer.json()["expires_at"].endswith("+08:00")
    assert sign_in().get("me/").json()["username"] == "officer"
    assert AuditEntry.objects.filter(act=AuditAct.SIGNED_IN, actor=cast.officer).exists()


def test_a_token_is_kept_hashed(cast: Cast) -> None:
    secret = sign_in().headers["Authorization"].removeprefix("Token ")
    row = AuthToken.objects.get()
    assert secret not in (row.digest, row.token_key)
    assert row.digest != tokens.crypto.hash_token(secret), "the password belongs to the digest"


@pytest.mark.parametrize(
    ("username", "password"),
    [("officer", "wrong"), ("nobody", PASSWORD), ("closed", PASSWORD), ("shown", PASSWORD), ("", ""), ("o" * 150, "x")],
)
def test_every_way_of_not_getting_in_reads_the_same(cast: Cast, username: str, password: str) -> None:
    hashed = make_password(PASSWORD)
    Person.objects.create(username="closed", full_name="己二", password=hashed, is_active=False)
    Person.objects.create(username="shown", full_name="己三", password=hashed, is_demo=True)
    with override_settings(DEMO=False):
        answer = Program().post("login/", {"username": username, "password": password})
    if username:
        assert answer.status_code == 401
        assert answer.json()["detail"] == "The user name or the password is not right."
    else:
        assert answer.status_code == 400


def test_many_wrong_passwords_lock_the_account_at_this_door_too(cast: Cast) -> None:
    for _turn in range(settings.AXES_FAILURE_LIMIT):
        answer = Program().post("login/", {"username": "officer", "password": "wrong"})
    assert answer.status_code in (401, 429)
    answer = Program().post("login/", {"username": "officer", "password": PASSWORD})
    assert answer.status_code == 429
    assert answer.json()["type"].endswith("/problems/locked-out/")
    assert int(answer.headers["Retry-After"]) > 0


def test_a_right_password_forgives_the_slips_before(cast: Cast) -> None:
    for _round in range(2):
        for _turn in range(settings.AXES_FAILURE_LIMIT - 1):
            Program().post("login/", {"username": "officer", "password": "wrong"})
        sign_in()


@override_settings(REST_FRAMEWORK=settings.REST_FRAMEWORK)
def test_signing_in_too_often_is_throttled(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rest_framework.throttling.ScopedRateThrottle.THROTTLE_RATES", {"login": "2/minute"})
    answers = [Program().post("login/", {"username": "officer", "password": PASSWORD}) for _turn in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].json()["type"].endswith("/problems/throttled/")
    assert int(answers[-1].headers["Retry-After"]) <= 61


def test_who_must_choose_a_password_first_gets_no_further(cast: Cast) -> None:
    program = sign_in()
    client = Client()
    client.force_login(cast.officer)
    Person.objects.filter(pk=cast.officer.pk).update(must_change_password=True)
    for answer in (
        Program().post("login/", {"username": "officer", "password": PASSWORD}),
        program.get("me/"),
        client.get(f"{ROOT}me/"),
    ):
        assert answer.status_code == 403
        assert answer.json()["type"].endswith("/problems/password-due/")


def test_a_token_ends_at_its_time(cast: Cast) -> None:
    program = sign_in()
    AuthToken.objects.update(expiry=timezone.now() - timedelta(seconds=1))
    assert program.get("me/").status_code == 401


def test_a_token_ends_with_the_password_it_was_got_by(cast: Cast) -> None:
    program = sign_in()
    cast.officer.set_password("another long pass phrase 9")
    cast.officer.save()
    assert program.get("me/").status_code == 401


def test_a_token_ends_with_the_account(cast: Cast) -> None:
    program = sign_in()
    Person.objects.filter(pk=cast.officer.pk).update(is_active=False)
    assert program.get("me/").status_code == 401


def test_the_token_of_a_demo_account_is_nothing_outside_of_a_demo(cast: Cast) -> None:
    program = sign_in()
    Person.objects.filter(pk=cast.officer.pk).update(is_demo=True)
    with override_settings(DEMO=False):
        assert program.get("me/").status_code == 401


def test_signing_out_ends_the_token_of_the_request_and_no_other(cast: Cast) -> None:
    first, second = sign_in(), sign_in()
    assert first.post("logout/").status_code == 204
    assert first.get("me/").status_code == 401
    assert second.get("me/").status_code == 200


def test_people_list_and_revoke_their_own_tokens_only(cast: Cast) -> None:
    first, second = sign_in(), sign_in()
    other = sign_in("village_clerk")
    rows = first.get("tokens/").json()["results"]
    assert [row["current"] for row in rows] == [False, True]
    assert other.ask("DELETE", rows[0]["url"]).status_code == 404
    assert first.ask("DELETE", rows[0]["url"]).status_code == 204
    assert second.get("me/").status_code == 401
    assert first.ask("DELETE", rows[0]["url"]).status_code == 404


def test_nobody_hoards_tokens(cast: Cast) -> None:
    now = timezone.now()
    for _turn in range(tokens.MOST_PER_PERSON + 3):
        tokens.issue(cast.officer, now=now)
    assert AuthToken.objects.filter(user=cast.officer).count() == tokens.MOST_PER_PERSON


@pytest.mark.parametrize(
    "header",
    ["Token", "Token ", "Token a b", "Token " + "0" * 64, "Token \x00" + "0" * 63, "Token é", "Bearer x", "Basic eDp5"],
)
def test_odd_headers_are_nobodys(cast: Cast, header: str) -> None:
    answer = Program().get("me/", Authorization=header)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Token"


def test_a_session_reads_at_once_and_writes_with_its_csrf_token(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.officer)
    assert client.get(f"{ROOT}me/").json()["username"] == "officer"
    refused = client.post(f"{ROOT}inbox/read/", "{}", content_type="application/json")
    assert (refused.status_code, refused.headers["Content-Type"]) == (403, "application/problem+json")
    secret = client.get("/password/").cookies["csrftoken"].value
    sent = {"content_type": "application/json", "headers": {"X-CSRFToken": secret}}
    assert client.post(f"{ROOT}inbox/read/", "{}", **sent).status_code == 200
