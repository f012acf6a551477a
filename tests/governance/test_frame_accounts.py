"""Signing in, the first password, the language."""

import pytest
from django.conf import settings
from django.test import Client

from tests.cast import PASSWORD, Cast

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.governance.frame_urls")]

COOKIE = settings.LANGUAGE_COOKIE_NAME


def test_a_page_asks_to_sign_in_and_comes_back(cast: Cast, client: Client):
    asked = client.get("/grids/map/")
    assert asked.headers["Location"] == "/login/?next=/grids/map/"
    answer = client.post("/login/", {"username": "town_clerk", "password": PASSWORD, "next": "/grids/map/"})
    assert answer.headers["Location"] == "/grids/map/"


def test_sign_in_leads_nowhere_outside(cast: Cast, client: Client):
    answer = client.post(
        "/login/", {"username": "town_clerk", "password": PASSWORD, "next": "https://elsewhere.example/"}
    )
    assert answer.headers["Location"] == "/"


def test_every_refusal_reads_the_same(cast: Cast, client: Client):
    cast.stranger.is_active = False
    cast.stranger.save()
    pages = []
    for username, password in (("nobody", "x"), ("town_clerk", "wrong"), ("stranger", PASSWORD)):
        answer = client.post("/login/", {"username": username, "password": password})
        assert answer.status_code == 200
        pages.append([str(error) for error in answer.context["form"].non_field_errors()])
    assert pages[0] == pages[1] == pages[2]
    assert len(pages[0]) == 1


def test_what_was_typed_stays_but_the_password_does_not(cast: Cast, client: Client):
    text = client.post("/login/", {"username": "town_clerk", "password": "wrong-one"}).text
    assert 'value="town_clerk"' in text
    assert "wrong-one" not in text


def test_a_given_password_is_changed_before_anything_else(cast: Cast, client: Client):
    cast.officer.must_change_password = True
    cast.officer.save()
    client.force_login(cast.officer)
    assert client.get("/grids/map/").headers["Location"] == "/password/"
    assert client.get("/grids/map/", headers={"HX-Request": "true"}).headers["HX-Redirect"] == "/password/"
    assert client.get("/password/").status_code == 200
    new = "Herbst-Nebel-41"
    form = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert client.post("/password/", form).headers["Location"] == "/"
    cast.officer.refresh_from_db()
    assert not cast.officer.must_change_password
    assert cast.officer.check_password(new)
    assert client.get("/grids/map/").status_code == 200


def test_a_refused_new_password_keeps_the_mark(cast: Cast, client: Client):
    cast.officer.must_change_password = True
    cast.officer.save()
    client.force_login(cast.officer)
    answer = client.post("/password/", {"old_password": PASSWORD, "new_password1": "short", "new_password2": "short"})
    assert answer.status_code == 200
    cast.officer.refresh_from_db()
    assert cast.officer.must_change_password


def test_chinese_comes_first_whatever_the_browser_wishes(client: Client):
    answer = client.get("/login/", headers={"Accept-Language": "en-US,en;q=0.9"})
    assert 'lang="zh-hans"' in answer.text


@pytest.mark.parametrize("bad", ["fr", "../../x", "zh-hans; drop", ""])
def test_a_language_that_is_not_ours_is_the_default(client: Client, bad):
    client.cookies[COOKIE] = bad
    assert client.get("/login/").headers["Content-Language"] == "zh-hans"


def test_the_switch_keeps_the_page_and_is_remembered(cast: Cast, client: Client):
    client.force_login(cast.town_clerk)
    answer = client.post("/language/", {"language": "en", "next": "/grids/map/?q=1"})
    assert answer.headers["Location"] == "/grids/map/?q=1"
    assert 'lang="en"' in client.get("/grids/map/").text
    cast.town_clerk.refresh_from_db()
    assert cast.town_clerk.language == "en"
    other = Client()
    other.post("/login/", {"username": "town_clerk", "password": PASSWORD})
    assert other.cookies[COOKIE].value == "en"


def test_the_switch_leads_nowhere_outside(client: Client):
    answer = client.post("/language/", {"language": "en", "next": "https://elsewhere.example/"})
    assert "elsewhere" not in answer.headers["Location"]


def test_faults_have_pages_of_their_own(cast: Cast, client: Client):
    client.raise_request_exception = False
    assert "fault-page" in client.get("/nothing-here/").text
    broken = client.get("/broken/")
    assert broken.status_code == 500
    assert "fault-page" in broken.text
    strict = Client(enforce_csrf_checks=True)
    refused = strict.post("/login/", {"username": "x", "password": "y"})
    assert refused.status_code == 403
    assert "fault-page" in refused.text
