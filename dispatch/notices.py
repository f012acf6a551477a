"""Events are told to people here: the announcer writes notices, the inbox reads them.

The announcer claims events nobody was told yet, writes one notice per person and channel, and forgets the events, all
in one transaction: two announcers at once tell nothing twice, and one that dies has told nothing.
"""

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from dispatch.audience import AUDIENCES, CARD, WEIGHT, Reason, Telling, Who
from dispatch.channels import channels_for
from dispatch.listeners import Listeners
from dispatch.models import Notice
from grids.models import Person
from incidents.models import IncidentEvent, Unannounced

log = logging.getLogger(__name__)

BATCH = 500


@dataclass(frozen=True)
class Told:
    """How many events were taken and how many notices that made."""

    events: int
    notices: int


def announce_pending(*, now: datetime, limit: int = BATCH) -> Told:
    """Tell people of at most `limit` events, oldest first, leaving out what another announcer has in hand."""
    try:
        with transaction.atomic():
            return _announce(_claim()[:limit], now)
    except Exception:
        log.exception("a batch of events could not be announced; taking them one by one")
    return _one_by_one(now, limit)


def announce_until_done(*, now: datetime, limit: int = BATCH) -> int:
    """How many notices were written until no event was left, or none could be taken."""
    notices = 0
    while True:
        told = announce_pending(now=now, limit=limit)
        notices += told.notices
        if told.events < limit:
            return notices


def _claim() -> "QuerySet[Unannounced]":
    return Unannounced.objects.select_for_update(skip_locked=True).order_by("pk")


def _one_by_one(now: datetime, limit: int) -> Told:
    """The same events each by itself: one that fails stays for later and stops no other."""
    events = notices = 0
    for pk in list(Unannounced.objects.order_by("pk").values_list("pk", flat=True)[:limit]):
        try:
            with transaction.atomic():
                told = _announce(_claim().filter(pk=pk), now)
        except Exception:
            log.exception("event %d could not be announced", pk)
            continue
        events, notices = events + told.events, notices + told.notices
    return Told(events, notices)


def _announce(claimed: Iterable[Unannounced], now: datetime) -> Told:
    ids = [row.pk for row in claimed]
    if not ids:
        return Told(0, 0)
    found = IncidentEvent.objects.select_related("incident").filter(pk__in=ids).order_by("incident_id", "pk")
    events = list(found.defer("note", "incident__text", "incident__point"))
    listeners = Listeners(events, now)
    # In the order of incidents, which is the order in which everybody locks two of them.
    notices = [notice for event in events for notice in _notices_of(event, listeners, now)]
    Notice.objects.bulk_create(notices, ignore_conflicts=True)
    Unannounced.objects.filter(pk__in=ids).delete()
    return Told(len(ids), len(notices))


def tellings(event: IncidentEvent) -> tuple[Telling, ...]:
    """The lines of the table that apply to `event`; none for a light that a worse one overtook."""
    if event.details.get("superseded"):
        return ()
    lines = AUDIENCES.get(event.kind, ())
    # A rule names who is told in addition from so many cards on.
    lines += tuple(Telling(Who[name.upper()], Reason.CARD) for name in event.details.get("tell", ()))
    return lines + CARD if event.details.get("card") else lines


def _notices_of(event: IncidentEvent, listeners: Listeners, now: datetime) -> list[Notice]:
    reasons: dict[int, Reason] = {}
    for line in tellings(event):
        for person in listeners.who(line.who, event):
            known = reasons.get(person)
            if known is None or WEIGHT[line.reason] < WEIGHT[known]:
                reasons[person] = line.reason
    reasons.pop(event.actor_id or 0, None)
    return [
        Notice(
            event=event,
            incident_id=event.incident_id,
            person_id=person,
            channel=channel,
            reason=reason,
            created_at=now,
        )
        for person, reason in sorted(reasons.items())
        for channel in channels_for(reason)
    ]


# -- the inbox ----------------------------------------------------------------------------------------------


def unread_count(person: Person) -> int:
    """How many notices `person` has not read. One query, answered by an index."""
    return Notice.objects.filter(person=person, read_at=None).count()


def notices_for(
    person: Person, *, before: int | None = None, limit: int = 30, only_unread: bool = False
) -> list[Notice]:
    """The newest notices of `person`, or those older than the notice `before`, each with event, incident and actor."""
    found = Notice.objects.filter(person=person).select_related(
        "event", "event__actor", "event__unit", "event__holder_after", "incident", "incident__place", "incident__holder"
    )
    if before is not None:
        found = found.filter(pk__lt=before)
    if only_unread:
        found = found.filter(read_at=None)
    return list(found.order_by("-pk")[:limit])


def mark_read(person: Person, *, now: datetime, ids: Collection[int] | None = None) -> int:
    """Mark the given notices of `person` as read, or all; returns how many were unread."""
    unread = Notice.objects.filter(person=person, read_at=None)
    return (unread if ids is None else unread.filter(pk__in=ids)).update(read_at=now)


def mark_incident_read(person: Person, *, incident_ids: Sequence[int], now: datetime) -> int:
    """Mark all notices of `person` about these incidents as read, as by opening the page; returns how many were not."""
    return Notice.objects.filter(person=person, read_at=None, incident__in=incident_ids).update(read_at=now)
