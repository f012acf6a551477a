"""Whether anything happened since something was drawn: every change of an incident leaves an event, and so does a light
that was announced.
"""

from datetime import datetime

from django.db import connection

# An event is written at most this many others later than its number was drawn.
LATE_EVENTS = 300
_NEWEST = f"""SELECT coalesce(max(id), 0), coalesce(min(id), 0), count(*)
  FROM (SELECT id FROM incidents_incidentevent ORDER BY id DESC LIMIT {LATE_EVENTS}) AS newest"""


def mark() -> str:
    """Changes with every event. One query.

    Of two that are written at once the later number may come first: one that arrives late moves the number or the
    oldest of the newest few hundred.
    """
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST)
        return "-".join(str(number) for number in cursor.fetchone())


def mark_of_minute(now: datetime) -> str:
    """The same, and another one in every minute, as what is said of time left changes without an event."""
    return f"{mark()}-{int(now.timestamp()) // 60}"
