"""Writing the record: event rows, who keeps an incident in sight, who did the work. Called inside a transaction."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from grids import statements
from grids.duties import Duty
from grids.models import Person
from incidents import refusals, words
from incidents.models import Clock, Handler, Incident, IncidentEvent, Sight

# Kinds of event that are no move, with the words of the timeline.
KINDS = {
    "signed": _("Signed for"),
    "arrived": _("Arrived on site"),
    "fed_back": _("Fed back"),
    "returned": _("Returned the order"),
    "order_recalled": _("Order recalled"),
    "waived": _("Order waived"),
    "order_replaced": _("Order given to another unit"),
    "ordered_again": _("Order called again"),
    "approval_asked": _("Asked for approval"),
    "approval_refused": _("Approval refused"),
    "approval_lapsed": _("Request lapsed"),
    "light_yellow": _("Near due"),
    "light_red": _("Overdue"),
    "overdue_again": _("Still overdue"),
    "comment": _("Comment"),
    "photo": _("Photo added"),
    "confirmed": _("Confirmed on site"),
    "deadline_moved": _("Deadline recomputed"),
    "inherited": _("Taken over from a predecessor"),
    "grid_changed": _("Another grid is responsible"),
    "urged": _("Urged"),
    "card_issued": _("Supervision card"),
    "card_replied": _("Answered the card"),
    "card_withdrawn": _("Card withdrawn"),
    "card_lapsed": _("Card lapsed"),
}

# Acts that make a person, and the unit acted for, a handler who never checks the same incident.
HANDLING_ACTS = frozenset({"self_handle", "answer", "arrived", "fed_back"})


@dataclass(frozen=True)
class Acting:
    """In what capacity somebody acts: at which unit, by which duty. The system acts with neither."""

    actor: Person | None
    unit_id: str | None = None
    duty: Duty | None = None


SYSTEM = Acting(actor=None)


def line(
    *,
    incident: Incident,
    kind: str,
    acting: Acting,
    now: datetime,
    note: str = "",
    details: dict[str, Any] | None = None,
    idempotency_key: str = "",
    clock: Clock | None = None,
    **states: Any,
) -> IncidentEvent:
    """One event that is not written yet; ``states`` are state_before/after, holder_before/after_id and seq of a move.

    Raises MoveRefused for words that cannot be kept.
    """
    words.refuse(note, field="note")
    return IncidentEvent(
        incident=incident,
        district_id=incident.district_id,
        kind=kind,
        actor=acting.actor,
        unit_id=acting.unit_id,
        duty=acting.duty or "",
        note=note,
        details=details or {},
        occurred_at=now,
        idempotency_key=idempotency_key,
        clock=clock,
        clock_seq=clock.seq if clock else None,
        **states,
    )


def record(*, incident: Incident, **given: Any) -> IncidentEvent:
    """Append one event, given as to `line`, at once."""
    event = line(incident=incident, **given)
    write([event])
    return event


def write(events: Sequence[IncidentEvent]) -> None:
    """Append `events` in their order, with who did the work, by one statement each."""
    statements.insert(
        [
            Handler(
                incident_id=event.incident_id,
                person_id=event.actor_id,
                unit_id=event.unit_id,
                act=event.kind,
                at=event.occurred_at,
            )
            for event in events
            if event.kind in HANDLING_ACTS and event.actor_id is not None and event.unit_id is not None
        ]
    )
    statements.insert(events)


def open_sight(*, incident: Incident, units: Iterable[str], why: str, now: datetime) -> None:
    """Let units (and those above them) see the incident from now on; a unit that does already is left as it is."""
    statements.insert(sights(incident=incident, units=units, why=why, now=now), where_new=True)


def sights(*, incident: Incident, units: Iterable[str], why: str, now: datetime) -> list[Sight]:
    """The same, not written yet."""
    return [Sight(incident=incident, unit_id=code, since=now, why=why) for code in sorted(set(units))]


# One row at most: a key makes one event of a person.
_BY_KEY = "WHERE actor_id = %s AND idempotency_key = %s"


def earlier(*, actor: Person | None, idempotency_key: str, incident: Incident | None = None) -> IncidentEvent | None:
    """The event a repeated request already made, if any.

    Raises MoveRefused if the same key made one of another incident than `incident`: that is no repetition.
    """
    if actor is None or not idempotency_key:
        return None
    words.refuse(idempotency_key, field="key", most=words.MOST_OF_A_KEY)
    found = statements.read(IncidentEvent, _BY_KEY, [actor.pk, idempotency_key])
    if found and incident is not None and found[0].incident_id != incident.pk:
        raise refusals.key_used()
    return found[0] if found else None


@contextmanager
def keys_apart() -> Iterator[None]:
    """Refuse a key that another request of the same person, about another incident, used at the same moment.

    Stands around the transaction that records. Requests about one incident wait for its lock instead.
    """
    try:
        yield
    except IntegrityError as error:
        if getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) != "event_one_per_key":
            raise
        raise refusals.key_used() from error
