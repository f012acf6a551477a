"""The wall shows what a hall may read, to who may see the dashboard and to screens with a key."""

import re
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from governance.models import WallKey
from governance.wall import keys
from grids import posts
from grids.models import Person, Post
from incidents.models import Incident
from tests.cast import Cast
from tests.dispatch.play import Play
from tests.incidents.story import Story

WALL = "governance:wall"
SECRET_WORDS = "张某某家中漏水电话13900001111"
SECRET_ADDRESS = "幸福路8号3单元502"


@pytest.fixture
def play(story: Story) -> Play:
    play = Play(story.cast)
    play.now = timezone.now() - timedelta(hours=2)
    return play


@pytest.fixture
def busy(play: Play) -> Play:
    """Something of every part of a wall, with words and addresses nobody in a hall may read."""
    cast = play.cast
    Person.objects.update(phone="13800001234")
    play.report(text=SECRET_WORDS, address=SECRET_ADDRESS)
    play.report(text=SECRET_WORDS, address=SECRET_ADDRESS, urgency="critical")
    play.dispatched(cast.department)
    closed = play.answered_in_one_go()
    play.press(closed, "close", cast.town_checker, note=SECRET_WORDS)
    play.now = timezone.now() - timedelta(days=40)
    play.dispatched(cast.department, cast.other_department)
    return play


def key_of(cast: Cast, person: Person | None = None, days: int = 30, **given: object) -> tuple[WallKey, str]:
    return keys.make(
        person=person or cast.auditor, unit=given.get("unit", cast.district), name="指挥大厅", days=days,
        now=timezone.now(),
    )  # type: ignore[arg-type]  # fmt: skip


def by_key(secret: str) -> str:
    return reverse("governance:wall_by_key", args=[secret])


def test_tl_8_no_name_phone_or_word_of_anybody_is_anywhere_on_the_wall(busy: Play, client: Client) -> None:
    _key, secret = key_of(busy.cast)
    client.force_login(busy.cast.observer)
    for address in (reverse(WALL), reverse(WALL) + "?live=1&wall=1", by_key(secret), by_key(secret) + "?live=1"):
        text = client.get(address).content.decode()
        assert any(number in text for number in Incident.objects.values_list("number", flat=True))
        for person in Person.objects.exclude(full_name=""):
            assert person.full_name not in text, (address, person.full_name)
            assert person.username not in re.sub(r'(href|src)="[^"]*"', "", text).split(), address
        for word in (
            SECRET_WORDS,
            SECRET_WORDS[:5],
            SECRET_ADDRESS,
            "13800001234",
            "13900001111",
            "有理由",
            "请立即处置",
        ):
            assert word not in text, (address, word)


def test_the_wall_shows_figures_news_what_is_red_and_where(busy: Play, client: Client) -> None:
    client.force_login(busy.cast.observer)
    page = client.get(reverse(WALL))
    shown = page.context["wall"]
    assert shown.strip["open"].number == Incident.objects.filter(closed_at__isnull=True).count()
    assert [row.kind for row in shown.events if row.number == shown.events[0].number]
    assert {row.clock.light for row in shown.lit} == {"red"}
    assert sum(mark.get("count", 1) for mark in shown.marks) == shown.strip["open"].number
    assert all(set(mark) <= {"at", "light", "count", "red", "yellow"} for mark in shown.marks)
    text = page.content.decode()
    assert shown.events[0].number in text and shown.events[0].place in text


def test_an_unchanged_wall_is_304_and_costs_few_queries(
    busy: Play, client: Client, django_assert_max_num_queries
) -> None:
    address = reverse(WALL) + "?live=1&wall=1"
    client.force_login(busy.cast.observer)
    first = client.get(address)
    assert first.status_code == 200
    with django_assert_max_num_queries(3):
        again = client.get(address, headers={"if-none-match": first["ETag"]})
    assert again.status_code == 304
    busy.report()
    assert client.get(address, headers={"if-none-match": first["ETag"]}).status_code == 200


def test_a_wall_shows_its_own_ground_only(busy: Play, client: Client) -> None:
    client.force_login(busy.cast.other_town_clerk)
    shown = client.get(reverse(WALL)).context["wall"]
    assert shown.strip["open"].number == 0 and shown.events == [] and shown.marks == []
    client.force_login(busy.cast.department_head)
    at_work = client.get(reverse(WALL)).context["wall"]
    assert at_work.strip["open"].number == 2
    client.force_login(busy.cast.stranger)
    assert client.get(reverse(WALL)).status_code == 404
    assert client.get(reverse("governance:wall_areas")).status_code == 404
    client.logout()
    assert client.get(reverse(WALL)).status_code == 302


def test_a_key_opens_the_wall_of_its_unit_without_signing_in(busy: Play, client: Client) -> None:
    cast = busy.cast
    _key, secret = key_of(cast, cast.town_duty_chief, unit=cast.town)
    page = client.get(by_key(secret))
    assert page.status_code == 200 and "no-store" in page["Cache-Control"]
    assert page.context["unit_name"] == cast.town.name
    assert client.get(reverse("governance:wall_areas_by_key", args=[secret])).status_code == 200
    assert client.get(by_key("no-such-key")).status_code == 404
    # It opens nothing else.
    assert client.get(reverse(WALL)).status_code == 302
    assert secret not in str(list(WallKey.objects.values()))


def test_a_key_of_a_department_shows_what_came_there_and_not_all_its_maker_sees(busy: Play, client: Client) -> None:
    cast = busy.cast
    _key, secret = key_of(cast, unit=cast.other_department)
    page = client.get(by_key(secret))
    assert page.context["unit_name"] == cast.other_department.name
    figures = {figure["key"]: figure["number"] for figure in page.context["figures"]}
    assert figures["open"] == 1 and len({event.number for event in page.context["wall"].events}) == 1
    client.force_login(cast.other_department_head)
    own = client.get(reverse(WALL))
    assert own.context["figures"] == page.context["figures"]
    assert own.context["wall"].events == page.context["wall"].events
    assert client.get(f"{by_key(secret)}?live=1").status_code == 200
    assert client.get(reverse("governance:wall_areas_by_key", args=[secret])).status_code == 200


def test_a_key_ends_by_time_by_revoking_and_with_the_right_of_its_maker(busy: Play, client: Client) -> None:
    cast, now = busy.cast, timezone.now()
    key, secret = key_of(cast, days=1)
    assert keys.recognised(secret, now=now) == key
    assert keys.recognised(secret, now=now + timedelta(days=1, minutes=1)) is None
    chiefs, its_secret = key_of(cast, cast.district_duty_chief)
    assert client.get(by_key(its_secret)).status_code == 200
    posts.relieve(post=Post.objects.get(person=cast.district_duty_chief), at=now, actor=cast.administrator)
    assert client.get(by_key(its_secret)).status_code == 404
    keys.revoke(key_id=key.pk, person=cast.administrator, now=now)
    assert client.get(by_key(secret)).status_code == 404
    key.refresh_from_db()
    assert key.revoked_by == cast.administrator
    assert chiefs.revoked_at is None


def test_only_auditors_duty_chiefs_and_administrators_make_keys_each_for_their_own(busy: Play, client: Client) -> None:
    cast, now = busy.cast, timezone.now()
    for person in (cast.observer, cast.district_clerk, cast.town_duty_chief, cast.stranger):
        with pytest.raises(PermissionDenied):
            keys.make(person=person, unit=cast.district, name="墙", days=5, now=now)
    with pytest.raises(ValidationError):
        keys.make(person=cast.auditor, unit=cast.district, name="墙", days=0, now=now)
    key, _secret = key_of(cast)
    with pytest.raises(PermissionDenied):
        keys.revoke(key_id=key.pk, person=cast.town_duty_chief, now=now)
    client.force_login(cast.observer)
    assert client.get(reverse("governance:wall_keys")).status_code == 404
    client.force_login(cast.town_duty_chief)
    page = client.get(reverse("governance:wall_keys"))
    assert page.status_code == 200 and page.context["keys"] == []
    revoke = reverse("governance:wall_key_revoke", args=[key.pk])
    assert client.post(revoke).status_code == 404 and client.get(revoke).status_code == 405


def test_the_page_of_keys_makes_shows_once_lists_and_revokes(cast: Cast, client: Client) -> None:
    client.force_login(cast.auditor)
    address = reverse("governance:wall_keys")
    made = client.post(address, {"unit": cast.district.pk, "name": "指挥大厅东墙", "days": "30"})
    assert made.status_code == 200 and made["Cache-Control"] == "no-store"
    shown = made.context["fresh_url"]
    assert shown in made.content.decode() and Client().get(shown).status_code == 200
    again = client.get(address)
    assert shown not in again.content.decode() and "指挥大厅东墙" in again.content.decode()
    assert client.post(address, {"unit": cast.district.pk, "name": "", "days": "900"}).status_code == 422
    key = WallKey.objects.get()
    assert client.post(reverse("governance:wall_key_revoke", args=[key.pk])).status_code == 302
    assert Client().get(shown).status_code == 404


def test_who_looks_at_the_same_wall_shares_one_drawing_until_something_happens(
    busy: Play, client: Client, settings, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries
) -> None:
    noon = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: noon)
    kept = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "walls"}
    settings.CACHES = settings.CACHES | {"boards": kept}
    _key, secret = key_of(busy.cast)
    client.force_login(busy.cast.observer)
    shown = client.get(reverse(WALL)).context["wall"]
    with django_assert_max_num_queries(18):
        assert "wall" not in client.get(reverse(WALL)).context
        assert "wall" not in Client().get(by_key(secret)).context, "a screen with a key of the same place, too"
    client.force_login(busy.cast.town_head)
    assert "wall" in client.get(reverse(WALL)).context, "another place is drawn for itself"
    client.force_login(busy.cast.observer)
    # A place where nothing was open before gets its mark at once.
    busy.now = timezone.now() - timedelta(minutes=1)
    busy.report(grid=busy.cast.other_grid)
    after = client.get(reverse(WALL)).context["wall"]
    assert sum(mark.get("count", 1) for mark in after.marks) == after.strip["open"].number
    assert after.strip["open"].number == shown.strip["open"].number + 1 and len(after.marks) == len(shown.marks) + 1
