"""A move with all that follows from it on this floor, in the same transaction.

Every move of an incident that a person, the sweep or an ending order presses goes through here: when the incident
leaves DISPATCHED its open orders are taken back, and requests that no longer fit lapse; so do open cards when it ends.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from dispatch import cards, orders
from dispatch.models import Approval, ApprovalKind, ApprovalState
from grids import statements
from grids.models import Person
from incidents import in_hand, lifecycle
from incidents.in_hand import InHand
from incidents.lifecycle import NOTHING, Details
from incidents.models import Incident
from incidents.records import SYSTEM
from incidents.states import MOVES, State

# Orders stay open only while others are at work, or rest while that is suspended.
WITH_OPEN_ORDERS = frozenset({State.DISPATCHED, State.SUSPENDED})


@transaction.atomic
def press(*, incident_id: int, name: str, actor: Person | None, now: datetime, **given: Any) -> Incident:
    """Make the move, then recall orders and lapse requests as it demands, and write it. Raises MoveRefused.

    What may be `given` is told by `make`.
    """
    (held,) = in_hand.take(incident_id, now=now)
    make(held, name=name, actor=actor, **given)
    in_hand.write(held)
    return held.incident


def make(
    held: InHand,
    *,
    name: str,
    actor: Person | None,
    note: str = "",
    seen_seq: int | None = None,
    key: str = "",
    details: Details = NOTHING,
    orders_ended: bool = False,
) -> None:
    """The same for an incident in hand, to be written by whoever holds it. Raises MoveRefused.

    `orders_ended` says that no order is open any more, so that none is looked for.
    """
    lifecycle.make(held, name=name, actor=actor, note=note, seen_seq=seen_seq, key=key, details=details)
    follow([held], orders_ended=orders_ended)


def follow(moved: Sequence[InHand], *, orders_ended: bool = False) -> None:
    """After the last move of each: take back open orders, let cards and requests lapse as it demands.

    Two queries at most, and two more where something ended that had an open card.
    """
    left = [held for held in moved if held.state_before in WITH_OPEN_ORDERS and _state(held) not in WITH_OPEN_ORDERS]
    orders.take_back_open([] if orders_ended else left)
    cards.lapse(moved)
    unsettled = {held.incident.pk: held for held in moved if _may_have_lapsed(held)}
    if not unsettled:
        return
    ending = "WHERE incident_id = ANY(%s) AND state = 'pending' ORDER BY id FOR UPDATE"
    for request in statements.read(Approval, ending, [list(unsettled)]):
        held = unsettled[request.incident_id]
        if request.holder_id != held.incident.holder_id or _state(held) not in MOVES[request.kind].sources:
            lapse(request, held)


def _may_have_lapsed(held: InHand) -> bool:
    """Whether a request that could wait before the move can no longer be granted after it."""
    if held.incident.holder_id != held.holder_before:
        return True
    kinds = [kind for kind in ApprovalKind if held.state_before in MOVES[kind].sources]
    return any(_state(held) not in MOVES[kind].sources for kind in kinds)


def _state(held: InHand) -> State:
    return State(held.incident.state)


def lapse(request: Approval, held: InHand) -> None:
    """End a request undecided; the asker reads it in the record."""
    request.state, request.decided_at = ApprovalState.LAPSED, held.now
    request.save(update_fields=["state", "decided_at"])
    details = {"approval": request.pk, "kind": request.kind, "asked_by": request.asked_by_id}
    held.record("approval_lapsed", SYSTEM, details=details)
