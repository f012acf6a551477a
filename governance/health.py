"""Whether the parts answer: database, Redis, migrations; and whether the engine of deadlines keeps up."""

from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db import DatabaseError, ProgrammingError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dispatch import watch
from dispatch.watch import State


def database() -> str:
    """`ok`, or `down`."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "down"
    return "ok"


def redis() -> str:
    """`ok`, or `down`."""
    try:
        cache.set("health", "1", 10)
        return "ok" if cache.get("health") == "1" else "down"
    except Exception:  # every client library raises its own kind
        return "down"


# What the table of applied migrations looked like when all were: reading them from disk takes 20 ms.
_seen_complete: set[tuple[str, int, int]] = set()


def migrations() -> str:
    """`ok`, `behind` when one is not applied, `unknown` without a database. Asked again when one comes or goes."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*), coalesce(max(id), 0) FROM django_migrations")
            looks = (str(connection.settings_dict["NAME"]), *cursor.fetchone())
        if looks in _seen_complete:
            return "ok"
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except ProgrammingError:
        # No such table: nothing was ever applied.
        return "behind"
    except DatabaseError:
        return "unknown"
    if plan:
        return "behind"
    _seen_complete.add(looks)
    return "ok"


def keeping_up(now: datetime, worker_now: datetime | None = None) -> dict[str, Any]:
    """What a look at the engine finds (see `dispatch.watch`), and the last self-audit with what it found late."""
    findings = list(watch.look(now, worker_now=worker_now))
    last = watch.latest(now)
    late = [one.name for one in findings if one.state == State.LATE]
    if last is not None:
        seen = {one.name for one in findings}
        late += [one["name"] for one in last.findings if one["state"] == State.LATE and one["name"] not in seen]
    return {
        "late": late,
        "findings": {one.name: {"state": one.state, **one.figures} for one in findings},
        "self_audit": None if last is None else {"at": last.at.isoformat(), "passed": last.passed},
    }


def report(now: datetime) -> tuple[bool, dict[str, Any]]:
    """Whether pages can be served, and every part's word.

    `status` is `ok`, `degraded` (pages work, but something is late: `late` names what) or `failing`.
    """
    parts: dict[str, Any] = {"database": database(), "redis": redis(), "migrations": migrations()}
    serving = all(word == "ok" for word in parts.values())
    if parts["migrations"] == "ok":
        parts |= keeping_up(watch.database_now(), worker_now=now)
    status = "failing" if not serving else "degraded" if parts.get("late", True) else "ok"
    return serving, {"status": status, **parts}


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 while pages can be served, else 503; the parts are named either way."""
    serving, parts = report(timezone.now())
    return JsonResponse(parts, status=200 if serving else 503)
