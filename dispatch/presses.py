"""A move with all that follows from it on this floor, in the same transaction.

Every move of an incident that a person, the sweep or an ending order presses goes through `press`: when the incident
leaves DISPATCHED its open orders are taken back, and requests that no longer fit lapse.
"""

from datetime import datetime

from django.db import transaction

from dispatch import orders
from dispatch.models import Approval, ApprovalState
from grids.duties import Duty
from grids.models import Person
from incidents import lifecycle, records
from incidents.lifecycle import NOTHING, Details
from incidents.models import Incident, IncidentEvent
from incidents.records import SYSTEM, Acting
from incidents.states import MOVES, State

# Orders stay open only while others are at work, or rest while that is suspended.
WITH_OPEN_ORDERS = frozenset({State.DISPATCHED, State.SUSPENDED})


@transaction.atomic(savepoint=False)
def press(
    *,
    incident_id: int,
    name: str,
    actor: Person | None,
    now: datetime,
    note: str = "",
    seen_seq: int | None = None,
    key: str = "",
    details: Details = NOTHING,
) -> Incident:
    """Make the move, then recall orders and lapse requests as it demands. Raises MoveRefused."""
    incident = lifecycle.move(
        incident_id=incident_id,
        name=name,
        actor=actor,
        now=now,
        note=note,
        seen_seq=seen_seq,
        idempotency_key=key,
        details=details,
    )
    if incident.state not in WITH_OPEN_ORDERS:
        orders.take_back_open(incident=incident, acting=lambda: acting_of_move(incident), now=now)
    lapse_requests(incident=incident, now=now)
    return incident


def acting_of_move(incident: Incident) -> Acting:
    """In what capacity the last move was made."""
    event = IncidentEvent.objects.select_related("actor").filter(incident=incident, seq=incident.seq).first()
    if event is None or event.actor is None:
        return SYSTEM
    return Acting(event.actor, event.unit_id, Duty(event.duty) if event.duty else None)


def lapse_requests(*, incident: Incident, now: datetime) -> None:
    """Let pending requests lapse that another holder, or this state, can no longer grant."""
    for request in Approval.objects.select_for_update().filter(incident=incident, state=ApprovalState.PENDING):
        fits = request.holder_id == incident.holder_id and incident.state in MOVES[request.kind].sources
        if not fits:
            lapse(request, incident, now=now)


def lapse(request: Approval, incident: Incident, *, now: datetime) -> None:
    """End a request undecided; the asker reads it in the record."""
    request.state, request.decided_at = ApprovalState.LAPSED, now
    request.save(update_fields=["state", "decided_at"])
    details = {"approval": request.pk, "kind": request.kind, "asked_by": request.asked_by_id}
    records.record(incident=incident, kind="approval_lapsed", acting=SYSTEM, now=now, details=details)
