"""Takes away what was told long ago: the rows of the inbox, and the traces of what left the house.

The record stays whole: what happened, who did it and who was meant to hear of it (by the rules of the day) stands in
`IncidentEvent` for ever. Dead letters stay until somebody sends them again; so does what nobody read yet about an
incident that is still open.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

from dispatch.models import Delivery, DeliveryState, Notice
from incidents.models import Incident

# So many rows are looked at in one statement, each a transaction of its own.
SLICE = 2_000

# Both tables grow at one end, so the walk begins at the oldest row and ends at the first slice that is not old enough:
# a pass with nothing to do reads one slice of the primary key. `gone` bundles go with the one that stood for them.
_OLD = "SELECT * FROM {table} WHERE id > %(after)s ORDER BY id LIMIT %(slice)s"
_NOTICES = f"""
WITH old AS ({_OLD.format(table=Notice._meta.db_table)}), gone AS (
  DELETE FROM {Notice._meta.db_table} AS notice
   USING old LEFT JOIN {Incident._meta.db_table} AS incident ON incident.id = old.incident_id
   WHERE notice.id = old.id AND old.created_at < %(before)s
     AND (old.read_at IS NOT NULL OR incident.closed_at IS NOT NULL)
  RETURNING notice.id
)
SELECT (SELECT max(id) FROM old), (SELECT max(created_at) FROM old), (SELECT count(*) FROM gone)
"""
_DELIVERIES = f"""
WITH old AS ({_OLD.format(table=Delivery._meta.db_table)}), told AS (
  SELECT id FROM old WHERE ended_at < %(before)s AND state = '{DeliveryState.SENT}'
), gone AS (
  DELETE FROM {Delivery._meta.db_table} WHERE id IN (SELECT id FROM told)
      OR digest_id IN (SELECT id FROM told) AND state = '{DeliveryState.BUNDLED}'
  RETURNING id
)
SELECT (SELECT max(id) FROM old), (SELECT max(created_at) FROM old), (SELECT count(*) FROM gone)
"""


def never() -> bool:
    return False


def tidy(*, now: datetime, enough: Callable[[], bool] = never) -> tuple[int, int]:
    """Take away notices and deliveries older than `settings.NOTICE_DAYS`; how many of each. 0 days keep everything."""
    if not settings.NOTICE_DAYS:
        return 0, 0
    before = now - timedelta(days=settings.NOTICE_DAYS)
    return _walk(_NOTICES, before, enough), _walk(_DELIVERIES, before, enough)


def _walk(sql: str, before: datetime, enough: Callable[[], bool]) -> int:
    taken, after = 0, 0
    while not enough():
        with connection.cursor() as cursor:
            given: dict[str, datetime | int] = {"after": after, "slice": SLICE, "before": before}
            cursor.execute(sql, given)
            last, newest, number = cursor.fetchone()
        taken += number
        if last is None or newest >= before:
            break
        after = last
    return taken
