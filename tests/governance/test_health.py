"""The health page tells which part is ill, and never falls ill itself."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.test import Client
from django.utils import timezone

from dispatch.models import SelfAudit, Ticker
from governance import health

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def nothing_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_seen_complete", set())


@pytest.mark.django_db
def test_a_healthy_site_answers_with_every_part(client: Client) -> None:
    now = timezone.now()
    Ticker.objects.create(name="sweep-1", last_tick=now)
    SelfAudit.objects.create(minute=now - timedelta(seconds=30), at=now, by="sweep-1", passed=True)
    answer = client.get("/healthz")
    assert answer.status_code == 200
    parts = answer.json()
    assert parts["status"] == "ok" and parts["late"] == []
    assert {parts[name] for name in ("database", "redis", "migrations")} == {"ok"}
    sweep = parts["findings"]["sweep"]
    assert (sweep["state"], sweep["processes"]) == ("ok", 1) and sweep["seconds"] < 60
    assert set(parts["findings"]) >= {"clocks_agree", "beat", "steps", "faults", "untold", "undelivered"}
    assert parts["self_audit"]["passed"] is True
    assert answer.headers["Cache-Control"].startswith("max-age=0")


@pytest.mark.django_db
def test_a_site_where_nobody_ever_swept_serves_pages_but_says_so(client: Client) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert answer.json()["late"] == ["sweep"]


@pytest.mark.django_db
def test_what_the_last_self_audit_found_late_is_told_too(client: Client) -> None:
    now = timezone.now()
    Ticker.objects.create(name="sweep-1", last_tick=now)
    findings = [{"name": "record", "state": "late", "figures": {}}, {"name": "steps", "state": "late", "figures": {}}]
    SelfAudit.objects.create(minute=now - timedelta(seconds=30), at=now, by="x", passed=False, findings=findings)
    parts = client.get("/healthz").json()
    assert parts["late"] == ["record"], "what can be asked at once is asked anew"
    assert parts["status"] == "degraded"


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
