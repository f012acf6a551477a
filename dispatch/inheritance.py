"""A unit is followed by another: its open orders, cards and requests that wait there go over with its incidents."""

from datetime import datetime

from django.db import transaction
from django.db.models import F, Q, QuerySet

from dispatch import cards
from dispatch.models import (
    OPEN_ASSIGNMENT_STATES,
    Approval,
    ApprovalState,
    Assignment,
    AssignmentState,
    Card,
    CardKind,
    CardState,
)
from grids.models import Person, Unit
from incidents import clocks, in_hand, inheritance, records
from incidents.models import Clock, ClockState, Subject


def open_orders(unit: Unit) -> int:
    """How many orders `unit` has not ended yet."""
    return Assignment.objects.filter(unit=unit, state__in=sorted(OPEN_ASSIGNMENT_STATES)).count()


@transaction.atomic
def inherit(*, old: Unit, new: Unit, actor: Person, now: datetime) -> int:
    """Let `new` go on with all that is open at `old`; how many incidents were concerned.

    Where `new` has an order for the same incident already, the one of `old` is recalled.
    """
    ordered = Assignment.objects.filter(unit=old, state__in=sorted(OPEN_ASSIGNMENT_STATES))
    ids = {*inheritance.open_at(old).values_list("pk", flat=True), *ordered.values_list("incident_id", flat=True)}
    ids |= set(_open_cards(old).values_list("incident_id", flat=True))
    incidents = inheritance.locked(ids)
    for incident in incidents:
        own = ordered.select_for_update(of=("self",)).filter(incident=incident).first()
        if own is None:
            continue
        if Assignment.objects.filter(incident=incident, unit=new, state__in=sorted(OPEN_ASSIGNMENT_STATES)).exists():
            for clock in _clocks_of(own):
                clocks.stop(clock=clock, now=now)
            Assignment.objects.filter(pk=own.pk).update(state=AssignmentState.RECALLED, ended_at=now, seq=F("seq") + 1)
        else:
            Assignment.objects.filter(pk=own.pk).update(unit=new, seq=F("seq") + 1)
            records.open_sight(incident=incident, units=[new.pk], why="assigned", now=now)
    Assignment.objects.filter(ordered_by_unit=old, state__in=sorted(OPEN_ASSIGNMENT_STATES)).update(ordered_by_unit=new)
    _hand_over_cards(old, new, now)
    Approval.objects.filter(holder=old, state=ApprovalState.PENDING).update(holder=new)
    return inheritance.inherit(incidents=incidents, old=old, new=new, actor=actor, now=now)


def _open_cards(unit: Unit) -> QuerySet[Card]:
    """The open cards the unit got or gave."""
    return Card.objects.filter(Q(unit=unit) | Q(issued_by_unit=unit), state=CardState.ISSUED)


def _hand_over_cards(old: Unit, new: Unit, now: datetime) -> None:
    """Let `new` answer, and wait for answers: what would be a card to itself, or a second of a colour, lapses."""
    for card in _open_cards(old).order_by("pk"):
        if old.pk == card.unit_id:
            card.unit = new
        else:
            card.issued_by_unit = new
        same = cards.open_by_hand(card.incident).filter(unit=card.unit_id, colour=card.colour).exclude(pk=card.pk)
        by_hand = card.kind == CardKind.SUPERVISE and card.actor_id is not None
        if card.unit_id == card.issued_by_unit_id or (by_hand and same.exists()):
            (held,) = in_hand.take(card.incident_id, now=now)
            cards.let_lapse(held, Card.objects.get(pk=card.pk))
            in_hand.write(held)
        else:
            card.seq += 1
            card.save(update_fields=["unit", "issued_by_unit", "seq"])


def _clocks_of(order: Assignment) -> "QuerySet[Clock]":
    running = Clock.objects.select_for_update(of=("self",)).exclude(state=ClockState.STOPPED)
    return running.filter(incident=order.incident_id, subject_kind=Subject.ASSIGNMENT, subject_id=order.pk)
