"""Events are told to people here: the announcer writes notices, the inbox reads them.

The announcer claims events nobody was told yet, writes one notice per person and one delivery per address outside, and
forgets the events, all in one transaction: two announcers at once tell nothing twice, and one that dies has told
nothing. What leaves the house is sent later, by `dispatch.delivery`.
"""

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from django.db import transaction
from django.db.models import QuerySet

from dispatch import addresses, audiences, feed, house_news
from dispatch.audience import RED_WITH_CARD, WEIGHT, Reason, Table, Telling, Who
from dispatch.house_listeners import HouseListeners
from dispatch.listeners import Listeners
from dispatch.models import Delivery, Notice
from grids.models import HouseEvent, Person
from incidents import access
from incidents.models import IncidentEvent, Unannounced, YellowAction

log = logging.getLogger(__name__)

BATCH = 500
K = TypeVar("K", int, str)
Event = IncidentEvent | HouseEvent
E = TypeVar("E", IncidentEvent, HouseEvent)
Around = TypeVar("Around", IncidentEvent, HouseEvent, contravariant=True)


class Ears(Protocol[Around]):
    """Who is around the events of a batch."""

    around: set[str]

    def who(self, group: Who, event: Around) -> list[int]: ...

    def units(self, group: Who, event: Around) -> Sequence[str]: ...


@dataclass(frozen=True)
class Told:
    """How many events were taken and how many notices that made."""

    events: int
    notices: int

    def __add__(self, other: "Told") -> "Told":
        return Told(self.events + other.events, self.notices + other.notices)


def announce_pending(*, now: datetime, limit: int = BATCH) -> Told:
    """Tell people of at most `limit` events, oldest first, leaving out what another announcer has in hand."""
    return _of_incidents(now, limit) + _of_the_house(now, limit)


def _of_incidents(now: datetime, limit: int) -> Told:
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


def is_waiting() -> bool:
    """Whether any event waits to be announced. Two queries, answered by indexes."""
    return Unannounced.objects.exists() or HouseEvent.objects.filter(announced_at=None).exists()


def _claim() -> "QuerySet[Unannounced]":
    return Unannounced.objects.select_for_update(skip_locked=True).order_by("pk")


def _one_by_one(now: datetime, limit: int) -> Told:
    """The same events each by itself: one that fails stays for later and stops no other."""
    total = Told(0, 0)
    for pk in list(Unannounced.objects.order_by("pk").values_list("pk", flat=True)[:limit]):
        try:
            with transaction.atomic():
                total += _announce(_claim().filter(pk=pk), now)
        except Exception:
            log.exception("event %d could not be announced", pk)
    return total


def _announce(claimed: Iterable[Unannounced], now: datetime) -> Told:
    ids = [row.pk for row in claimed]
    if not ids:
        return Told(0, 0)
    found = IncidentEvent.objects.select_related("incident").filter(pk__in=ids).order_by("incident_id", "pk")
    events = list(found.defer("note", "incident__text", "incident__point"))
    # In the order of incidents, which is the order in which everybody locks two of them.
    notices = _write(events, Listeners(events, now), now)
    Unannounced.objects.filter(pk__in=ids).delete()
    transaction.on_commit(lambda: _publish(events))
    return Told(len(ids), notices)


def _of_the_house(now: datetime, limit: int) -> Told:
    """The same for what happened to no incident, one by one: there are few, and one that fails stops no other."""
    total, last = Told(0, 0), 0
    untold = HouseEvent.objects.filter(announced_at=None).order_by("pk")
    while total.events < limit and (pk := untold.filter(pk__gt=last).values_list("pk", flat=True).first()):
        last = pk
        try:
            with transaction.atomic():
                event = untold.filter(pk=pk).select_related("plan").select_for_update(skip_locked=True, of=("self",))
                total += _announce_one(list(event), now)
        except Exception:
            log.exception("event %d of the house could not be announced", pk)
    return total


def _announce_one(claimed: Sequence[HouseEvent], now: datetime) -> Told:
    notices = 0
    for event in claimed:
        notices += _write([event], HouseListeners(event, now), now)
        house_news.overtake(event, now)
        HouseEvent.objects.filter(pk=event.pk).update(announced_at=now)
    return Told(len(claimed), notices)


def _write(events: Sequence[E], listeners: Ears[E], now: datetime) -> int:
    """Write down who is told of the events, here and outside; how many notices that made."""
    table = audiences.table()
    heard = [(event, _heard(event, table, listeners)) for event in events]
    notices = [notice for event, one in heard for notice in _notices_of(event, one.people, now)]
    Notice.objects.bulk_create(notices, ignore_conflicts=True)
    routes = addresses.routes(people={notice.person_id for notice in notices}, units=listeners.around)
    leaving = [row for event, one in heard for row in _leaving(event, one, routes, now)] if routes else []
    Delivery.objects.bulk_create(leaving, ignore_conflicts=True)
    return len(notices)


def notices_of(events: Sequence[IncidentEvent], *, now: datetime) -> list[Notice]:
    """The notices that announcing these events at `now` would write; nothing is written."""
    listeners, table = Listeners(events, now), audiences.table()
    return [one for event in events for one in _notices_of(event, _heard(event, table, listeners).people, now)]


def _publish(events: Sequence[IncidentEvent]) -> None:
    """Put what was told before open pages: a hint only, so nothing that fails here may be heard of by the caller."""
    try:
        feed.publish(events)
    except Exception:
        log.exception("%d events did not reach open pages", len(events))


@dataclass(frozen=True)
class Heard:
    """Who hears of one event, and for which reason: people by id, the groups of units by code."""

    people: dict[int, Reason]
    units: dict[str, Reason]


def tellings(event: Event, table: Table) -> tuple[Telling, ...]:
    """The lines of the table for `event`; none for a light that a worse one overtook, or that a rule keeps silent."""
    if event.details.get("superseded") or event.details.get("action") == YellowAction.NOTHING:
        return ()
    lines = table.lines(event.kind, event.district_id)
    # A rule names who is told in addition from so many cards on.
    named = (Who.__members__.get(str(name).upper()) for name in event.details.get("tell", ()))
    lines += tuple(Telling(who, Reason.CARD) for who in named if who)
    return lines + table.lines(RED_WITH_CARD, event.district_id) if event.details.get("card") else lines


def _heard(event: E, table: Table, listeners: Ears[E]) -> Heard:
    heard = Heard({}, {})
    for line in tellings(event, table):
        for person in listeners.who(line.who, event):
            _keep_weightiest(heard.people, person, line.reason)
        for unit in listeners.units(line.who, event):
            _keep_weightiest(heard.units, unit, line.reason)
    heard.people.pop(event.actor_id or 0, None)
    return heard


def _keep_weightiest(reasons: dict[K, Reason], key: K, reason: Reason) -> None:
    if key not in reasons or WEIGHT[reason] < WEIGHT[reasons[key]]:
        reasons[key] = reason


def _notices_of(event: Event, people: dict[int, Reason], now: datetime) -> list[Notice]:
    return [
        Notice(**_of(event, person), person_id=person, reason=reason, created_at=now)
        for person, reason in sorted(people.items())
    ]


def _of(event: Event, person: int) -> dict[str, Any]:
    """What a notice to `person` is of."""
    if isinstance(event, HouseEvent):
        return {"house_event": event, "about": house_news.about_for(event, person)}
    return {"event": event, "incident_id": event.incident_id}


def _leaving(event: Event, heard: Heard, routes: addresses.Routes, now: datetime) -> list[Delivery]:
    """What goes out of the house: one row per address, whatever its owner is told several times over."""
    return [
        Delivery(
            **{"house_event" if isinstance(event, HouseEvent) else "event": event},
            address=address,
            reason=reason,
            available_at=(at := addresses.available_at(address, event, reason, now)),
            give_up_at=at + addresses.GIVE_UP,
            created_at=now,
        )
        for address, reason in routes.of(heard.people, heard.units)
    ]


# -- the inbox ----------------------------------------------------------------------------------------------


def unread_count(person: Person) -> int:
    """How many notices `person` has not read. One query, answered by an index."""
    return Notice.objects.filter(person=person, read_at=None).count()


# What a plan weighs, and what its publication is to all the others.
_HEAVY = ("plan__frame", "plan__certificate", "plan__effect", "details")


def of_person(person: Person) -> QuerySet[Notice]:
    """The notices of `person`, each with its event, incident or plan, and actor."""
    found = Notice.objects.filter(person=person).select_related(
        "event", "event__actor", "event__unit", "event__holder_after", "incident", "incident__place",
        "incident__holder", "house_event__plan", "house_event__actor", "house_event__unit",
    )  # fmt: skip
    return found.defer(*(f"house_event__{name}" for name in _HEAVY))


def notices_for(
    person: Person, *, before: int | None = None, limit: int = 30, only_unread: bool = False
) -> list[Notice]:
    """The newest notices of `person`, or those older than the notice `before`."""
    found = of_person(person)
    if before is not None:
        found = found.filter(pk__lt=before)
    if only_unread:
        found = found.filter(read_at=None)
    return list(found.order_by("-pk")[:limit])


def out_of_sight(person: Person, told: Sequence[Notice], *, now: datetime) -> set[int]:
    """The ids of the incidents of these notices that `person` sees no longer: a post that ended, another place."""
    ids = {notice.incident_id for notice in told if notice.incident_id is not None}
    if not ids:
        return set()
    return ids - set(access.incidents_for(person, now=now).filter(pk__in=ids).values_list("pk", flat=True))


def mark_read(person: Person, *, now: datetime, ids: Collection[int] | None = None) -> int:
    """Mark the given notices of `person` as read, or all; returns how many were unread."""
    unread = Notice.objects.filter(person=person, read_at=None)
    return (unread if ids is None else unread.filter(pk__in=ids)).update(read_at=now)


def mark_incident_read(person: Person, *, incident_ids: Sequence[int], now: datetime) -> int:
    """Mark all notices of `person` about these incidents as read, as by opening the page; returns how many were not."""
    return Notice.objects.filter(person=person, read_at=None, incident__in=incident_ids).update(read_at=now)
