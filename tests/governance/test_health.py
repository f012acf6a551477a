"""The health page tells which part is ill, and never falls ill itself."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.test import Client
from django.utils import timezone

from dispatch.models import Ticker
from governance import health

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def nothing_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_seen_complete", set())


@pytest.mark.django_db
def test_a_healthy_site_answers_with_every_part(client: Client) -> None:
    Ticker.objects.create(name="sweep", last_tick=timezone.now())
    answer = client.get("/healthz")
    assert answer.status_code == 200
    parts = answer.json()
    assert parts["status"] == "ok"
    assert {parts[name] for name in ("database", "redis", "migrations", "sweep", "announcer")} == {"ok"}
    assert answer.headers["Cache-Control"].startswith("max-age=0")


@pytest.mark.django_db
def test_a_site_where_nobody_ever_swept_serves_pages_but_says_so(client: Client) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert answer.json()["sweep"] == "never"


@pytest.mark.django_db
@pytest.mark.parametrize(("seconds", "word"), [(120, "ok"), (121, "late")])
def test_the_sweep_is_late_after_two_minutes(seconds: int, word: str) -> None:
    Ticker.objects.create(name="a", last_tick=NOW - timedelta(seconds=seconds))
    Ticker.objects.create(name="b", last_tick=NOW - timedelta(hours=1))
    assert health.backlog(NOW) | {"announcer": "ok"} == {
        "sweep": word,
        "last_sweep_seconds": seconds,
        "announcer": "ok",
        "oldest_unannounced_seconds": None,
    }


def test_without_a_database_it_answers_503(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise DatabaseError("down")

    monkeypatch.setattr(connection, "cursor", refuse)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "failing", "database": "down", "redis": "ok", "migrations": "unknown"}


@pytest.mark.django_db
def test_without_redis_it_answers_503(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise ConnectionError("down")

    monkeypatch.setattr(cache, "set", refuse)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["redis"] == "down"


@pytest.mark.django_db
def test_a_migration_that_is_not_applied_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health.MigrationExecutor, "migration_plan", lambda self, targets: ["one"])
    serving, parts = health.report(NOW)
    assert not serving
    assert parts["migrations"] == "behind"


@pytest.mark.django_db
def test_migrations_are_read_once_and_again_when_one_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    assert health.migrations() == "ok"
    monkeypatch.setattr(health.MigrationExecutor, "migration_plan", lambda self, targets: ["one"])
    assert health.migrations() == "ok"
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE id = (SELECT max(id) FROM django_migrations)")
    assert health.migrations() == "behind"


def test_the_health_page_only_reads(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
