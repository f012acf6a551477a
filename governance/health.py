"""Whether the parts answer: database, Redis, migrations; and whether the sweep and the announcer keep up."""

from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import DatabaseError, ProgrammingError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Max, Min
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dispatch.models import Ticker
from incidents.models import Unannounced

# Beat ticks every 30 s; four missed ticks are no accident any more.
LATE = timedelta(minutes=2)


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


def age(moment: datetime | None, now: datetime) -> int | None:
    """Whole seconds since a moment, or nothing if it never came."""
    return None if moment is None else max(0, int((now - moment).total_seconds()))


def backlog(now: datetime) -> dict[str, int | str | None]:
    """How long ago anybody swept, and how long the oldest event has been waiting to be announced, in seconds.

    `sweep` and `announcer` are `ok`, `late` (more than two minutes) or, for the sweep, `never`.
    """
    swept = age(Ticker.objects.aggregate(last=Max("last_tick"))["last"], now)
    waiting = age(Unannounced.objects.aggregate(oldest=Min("event__recorded_at"))["oldest"], now)
    late = LATE.total_seconds()
    return {
        "sweep": "never" if swept is None else "late" if swept > late else "ok",
        "last_sweep_seconds": swept,
        "announcer": "late" if waiting is not None and waiting > late else "ok",
        "oldest_unannounced_seconds": waiting,
    }


def report(now: datetime) -> tuple[bool, dict[str, int | str | None]]:
    """Whether pages can be served, and every part's word.

    `status` is `ok`, `degraded` (pages work, but the sweep or the announcer is behind) or `failing`.
    """
    parts: dict[str, int | str | None] = {"database": database(), "redis": redis(), "migrations": migrations()}
    serving = all(word == "ok" for word in parts.values())
    if parts["migrations"] == "ok":
        parts |= backlog(now)
    behind = parts.get("sweep") != "ok" or parts.get("announcer") != "ok"
    return serving, {"status": "failing" if not serving else "degraded" if behind else "ok", **parts}


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 while pages can be served, else 503; the parts are named either way."""
    serving, parts = report(timezone.now())
    return JsonResponse(parts, status=200 if serving else 503)
