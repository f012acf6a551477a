"""The live service as it runs: a real uvicorn, a real Redis, the test's own database; pages are plain sockets."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis as redis_client
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dispatch import notices
from governance import sessions
from governance.wall import keys
from grids import posts, wire
from grids.duties import Duty
from grids.models import Person, Post
from incidents.models import Incident
from tests.cast import PEOPLE
from tests.dispatch.play import Play
from tests.governance.listening import OwnRedis, Page, Service, served, session_of, soon
from tests.grounds import Ground, Grounds
from tests.incidents.story import Story
from tests.rights import audiences
from tests.rights.world import NEAR

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

MANY = 200


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnRedis]:
    server = OwnRedis(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def service(redis: OwnRedis, django_db_setup: Grounds, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    django_db_setup.stand_on(Ground.STORY)
    with served(redis, tmp_path_factory.mktemp("live")) as running:
        yield running


@pytest.fixture(autouse=True)
def told(redis: OwnRedis, settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is announced here goes to the Redis of these tests."""
    settings.REDIS_URL = redis.url
    monkeypatch.setattr(wire, "_resting_until", 0.0)
    monkeypatch.setattr(wire, "_something_lost", False)


@pytest.fixture
def play(story: Story) -> Play:
    play = Play(story.cast)
    play.now = timezone.now()
    return play


def announced(play: Play, **given: object) -> Incident:
    """A report that people were told of."""
    incident = play.report(**given)
    notices.announce_until_done(now=play.now)
    return incident


def test_what_was_announced_is_heard_of_within_a_moment_and_says_nothing_but_codes(
    service: Service, play: Play
) -> None:
    page = Page(service, session=session_of(play.cast.village_clerk)).opened()
    incident = announced(play, text="李某某，电话13900002222")
    about = page.until("happened")
    assert about == {
        "k": "report", "i": incident.pk, "e": incident.events.get().pk, "u": ["511111100001", "511111100001001"],
    }  # fmt: skip
    assert page.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache, no-store"
    assert page.headers["x-accel-buffering"] == "no"


def test_everybody_hears_of_what_they_see_and_of_nothing_else(service: Service, play: Play) -> None:
    """The kinds of people and who sees what are those of the matrix of rights (tests/rights)."""
    cast = play.cast
    Person.objects.create_superuser(audiences.KEEPER, "x", full_name="管理")
    pages = {
        name: Page(service, session=session_of(Person.objects.get(username=name))).opened()
        for name in [*(name for name, *_rest in PEOPLE), audiences.KEEPER]
    }
    incident = play.dispatched(grid=cast.grid)
    notices.announce_until_done(now=play.now)
    pages["district_clerk"].until("happened")
    assert incident.holder_id == cast.district.pk
    heard = {name for name, page in pages.items() if page.heard(wait=0.02)}
    assert heard == {name for name in pages if audiences.sees_incident(name, NEAR)}
    # Far away nobody of this village hears, and the department hears only what it was called to.
    announced(play, by=cast.other_officer, grid=cast.other_grid)
    pages["district_clerk"].until("happened")
    assert not pages["village_clerk"].heard(wait=0.1) and not pages["handler"].heard(wait=0.02)
    assert not pages["stranger"].heard(wait=0.02)


def test_a_page_that_comes_back_hears_what_it_missed(service: Service, play: Play) -> None:
    session = session_of(play.cast.village_clerk)
    first = Page(service, session=session).opened()
    last = first.last_id
    first.close()
    made_before = int(time.time() * 1000)
    missed = announced(play)
    again = Page(service, session=session, Last_Event_ID=last)
    assert again.until("happened")["i"] == missed.pk
    # So does one that was made before it happened, and one made afterwards does not.
    assert Page(service, session=session, after=str(made_before)).until("happened")["i"] == missed.pk
    assert Page(service, session=session, after=str(int(time.time() * 1000))).heard() == ["hello"]
    # An id from before anything is kept means that everything is asked for anew.
    assert Page(service, session=session, after="1000-0").heard() == ["reset", "hello"]


def test_a_storm_is_told_as_one_and_is_over_as_fast(service: Service, play: Play) -> None:
    page = Page(service, session=session_of(play.cast.village_clerk)).opened()
    others = Page(service, session=session_of(play.cast.other_village_clerk)).opened()
    for _number in range(30):
        play.report()
    notices.announce_until_done(now=play.now)
    page.until("many")
    assert others.heard(wait=0.1) == []


def test_redis_emptied_means_that_every_page_asks_for_everything_anew(
    service: Service, redis: OwnRedis, play: Play
) -> None:
    page = Page(service, session=session_of(play.cast.village_clerk)).opened()
    announced(play)
    page.until("happened")
    redis_client.Redis.from_url(redis.url).flushall()
    second = announced(play)
    page.until("reset")
    assert page.until("happened")["i"] == second.pk


def test_redis_away_slows_nobody_down_and_pages_are_told_when_it_is_back(
    service: Service, redis: OwnRedis, play: Play
) -> None:
    page = Page(service, session=session_of(play.cast.village_clerk)).opened()
    redis.stop()
    try:
        page.until("down")
        assert service.health()["redis"] == "down"
        incident = announced(play)
        # One attempt, then nothing for a while: the second is not even tried.
        assert wire.is_resting()
        assert not wire.send([{"t": "people", "of": [1]}])
        assert incident.events.exists()
    finally:
        redis.start()
    page.until("reset")
    page.until("up")
    wire._resting_until = 0.0
    second = announced(play)
    # What could not be said meanwhile is said to be missing.
    page.until("reset")
    assert page.until("happened")["i"] == second.pk


def test_two_hundred_streams_hold_no_database_connection_and_two_of_redis(
    service: Service, redis: OwnRedis, play: Play
) -> None:
    watching = [name for name, *_rest in PEOPLE if audiences.above(name, play.cast.grid.pk)]
    sessions_of = [session_of(Person.objects.get(username=name)) for name in watching]
    pages = [Page(service, session=sessions_of[number % len(sessions_of)]) for number in range(MANY)]
    assert {page.status for page in pages} == {200}
    assert service.health()["streams"] >= MANY
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert cursor.fetchone()[0] == 0
    clients = redis_client.Redis.from_url(redis.url).client_list()
    # This test's own are the writer and the one that asks.
    assert len(clients) <= 2 + 2
    announced(play)
    assert all(page.until("happened")["k"] == "report" for page in pages)
    for page in pages:
        page.close()
    soon(lambda: service.health()["streams"] < MANY, "streams are not given back")


def test_who_has_too_many_pages_open_is_told_to_ask_by_themselves(service: Service, play: Play) -> None:
    session = session_of(play.cast.town_clerk)
    pages = [Page(service, session=session) for _number in range(21)]
    assert [page.status for page in pages] == [200] * 20 + [503]
    for page in pages:
        page.close()


def test_signing_out_ends_the_stream_and_nobody_without_a_session_opens_one(service: Service, play: Play) -> None:
    client = Client()
    client.force_login(play.cast.village_clerk)
    key = client.cookies["sessionid"].value
    page = Page(service, session=key).opened()
    client.post(reverse("logout"))
    page.until("bye")
    assert page.ends()
    for session in ("", key, "nobody"):
        assert Page(service, session=session).status == 401


def test_a_stream_keeps_no_session_alive_and_ends_with_it(service: Service, play: Play) -> None:
    session = session_of(play.cast.village_clerk)
    Page(service, session=session).opened()
    before = Session.objects.get(session_key=session)
    # Half an hour without doing anything is over in two seconds.
    store = before.get_decoded() | {sessions.SEEN: int(time.time()) - 30 * 60 + 2}
    Session.objects.filter(pk=session).update(session_data=Session.objects.encode(store))
    page = Page(service, session=session).opened()
    page.until("bye")
    assert Session.objects.get(pk=session).get_decoded()[sessions.SEEN] == store[sessions.SEEN]


def test_a_given_password_must_be_changed_before_anything_is_heard(service: Service, play: Play) -> None:
    session = session_of(play.cast.village_clerk)
    Person.objects.filter(username="village_clerk").update(must_change_password=True)
    assert Page(service, session=session).status == 401


def test_rights_that_change_change_what_is_heard(service: Service, play: Play) -> None:
    cast = play.cast
    now = timezone.now()
    page = Page(service, session=session_of(cast.village_clerk)).opened()
    post = Post.objects.get(person=cast.village_clerk)
    posts.relieve(post=post, at=now, now=now)
    posts.appoint(unit=cast.other_village, person=cast.village_clerk, duty=Duty.CLERK, since=now, now=now)
    witness = Page(service, session=session_of(cast.district_clerk)).opened()
    time.sleep(1.5)
    announced(play)
    witness.until("happened")
    assert page.heard(wait=0.1) == []
    far = announced(play, by=cast.other_officer, grid=cast.other_grid)
    assert page.until("happened")["i"] == far.pk


def test_a_wall_hears_what_lies_under_its_unit_until_its_key_is_revoked(service: Service, play: Play) -> None:
    cast = play.cast
    key, secret = keys.make(person=cast.auditor, unit=cast.town, name="大厅", days=9, now=timezone.now())
    page = Page(service, f"wall/{secret}").opened()
    announced(play, by=cast.other_officer, grid=cast.other_grid)
    near = announced(play)
    assert page.until("happened")["i"] == near.pk
    keys.revoke(key_id=key.pk, person=cast.auditor, now=timezone.now())
    page.until("bye")
    assert page.ends()
    assert Page(service, f"wall/{secret}").status == 401
    assert Page(service, "wall/").status == 404


def test_only_our_own_pages_may_listen(redis: OwnRedis, tmp_path: Path, play: Play) -> None:
    session = session_of(play.cast.village_clerk)
    ours = "http://127.0.0.1:8000"
    with served(redis, tmp_path, CSRF_TRUSTED_ORIGINS=ours) as service:
        page = Page(service, session=session, Origin=ours)
        assert page.status == 200
        assert page.headers["access-control-allow-origin"] == ours
        assert page.headers["access-control-allow-credentials"] == "true"
        assert Page(service, session=session, Origin="http://127.0.0.1:9").status == 403
        assert Page(service, session=session, Sec_Fetch_Site="cross-site").status == 403
        assert Page(service, session=session, Origin=f"http://127.0.0.1:{service.port}").status == 200


def test_it_ends_in_less_than_three_seconds_and_says_when_to_come_back(
    redis: OwnRedis, tmp_path: Path, play: Play
) -> None:
    with served(redis, tmp_path) as service:
        pages = [Page(service, session=session_of(play.cast.village_clerk)).opened() for _number in range(10)]
        service.process.terminate()
        # uvicorn ends of the signal it was sent, once all is done.
        assert service.process.wait(3) in (0, -signal.SIGTERM)
        assert all(page.ends(wait=1) for page in pages)
        assert "error" not in service.log.read_text().lower()
