"""What the announcer would have written about the last weeks of a told history, read or not yet.

Who hears of an event is asked of the announcer itself, batch by batch; only the moments are told: a notice comes some
seconds after its event, and is read when its person next looks.
"""

import io
import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import connection

from dispatch import notices
from dispatch.models import Channel, Notice
from incidents.models import IncidentEvent

DAYS = 30
BATCH = 2000
COLUMNS = ("event_id", "incident_id", "person_id", "channel", "reason", "created_at", "read_at")
LAG_SECONDS = 20
# When people last looked, in hours before the end; most see to it within so many hours, each in a way of their own.
LAST_LOOKED = (0.3, 1, 2, 3, 5, 9, 16, 20, 44)
# So many in a hundred have not looked for this long.
AWAY, AWAY_HOURS = 4, 200
READ_WITHIN_HOURS = 9.0
# Of what came before the last look so much was passed over.
PASSED_OVER = 0.02


def tell(*, first_event: int, now: datetime, seed: int) -> int:
    """Write the notices of the events from `first_event` on that lie at most `DAYS` back; returns how many."""
    dice, written = random.Random(seed), 0
    for events in _batches(first_event, now - timedelta(days=DAYS)):
        stream = io.StringIO()
        for notice in notices.notices_of(events, now=now):
            stream.write("\t".join(_cells(notice, now, dice)) + "\n")
            written += 1
        stream.seek(0)
        with connection.cursor() as cursor:
            cursor.cursor.copy_expert(f"COPY {Notice._meta.db_table} ({', '.join(COLUMNS)}) FROM STDIN", stream)
    return written


def _batches(first_event: int, since: datetime) -> Iterator[list[IncidentEvent]]:
    found = IncidentEvent.objects.filter(pk__gte=first_event, occurred_at__gte=since).select_related("incident")
    found = found.defer("note", "incident__text", "incident__point").order_by("pk")
    after = first_event - 1
    while events := list(found.filter(pk__gt=after)[:BATCH]):
        yield events
        after = events[-1].pk


def _cells(notice: Notice, now: datetime, dice: random.Random) -> tuple[str, ...]:
    assert notice.event is not None, "the announcer makes notices of events"
    created = min(notice.event.occurred_at + timedelta(seconds=dice.uniform(1, LAG_SECONDS)), now)
    read = created + timedelta(hours=dice.expovariate(3 / READ_WITHIN_HOURS))
    looked = _last_looked(notice.person_id, now)
    unread = created > looked or dice.random() < PASSED_OVER
    return (
        str(notice.event_id),
        str(notice.incident_id),
        str(notice.person_id),
        Channel.IN_APP.value,
        str(notice.reason),
        created.isoformat(" "),
        r"\N" if unread else min(read, looked).isoformat(" "),
    )


def _last_looked(person: int, now: datetime) -> datetime:
    """The same for all notices of a person."""
    away = person * 37 % 100 < AWAY
    return now - timedelta(hours=AWAY_HOURS if away else LAST_LOOKED[person % len(LAST_LOOKED)])


# Notices that nobody would have got: of nobody with a post at or above the place or a unit that sees the incident, of
# another incident than their event's, written before it happened or read before that.
_ODD = """
    SELECT count(*) FROM dispatch_notice n
      JOIN incidents_incidentevent e ON e.id = n.event_id
      JOIN incidents_incident i ON i.id = e.incident_id
     WHERE n.incident_id <> e.incident_id OR n.created_at < e.occurred_at OR n.read_at < n.created_at
        OR n.person_id = e.actor_id
        OR NOT EXISTS (
           SELECT 1 FROM grids_post p WHERE p.person_id = n.person_id AND (
               starts_with(i.place_id, p.unit_id) OR EXISTS (
               SELECT 1 FROM incidents_sight s WHERE s.incident_id = i.id AND starts_with(s.unit_id, p.unit_id))))
"""


def odd() -> int:
    """How many notices nobody would have got."""
    with connection.cursor() as cursor:
        cursor.execute(_ODD)
        (count,) = cursor.fetchone()
    return int(count)
