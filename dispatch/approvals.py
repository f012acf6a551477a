"""One person asks, another decides: suspension and voiding.

Asking and deciding are transactions of their own; a granted request makes its move in the same transaction. Nobody
decides a request of their own, which the database refuses as well.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from dispatch import access, presses, refusals
from dispatch.models import OPEN_ASSIGNMENT_STATES, Approval, ApprovalKind, ApprovalState, Assignment
from grids import selectors
from grids.models import Person
from incidents import calendar_rows, lifecycle, limits, records
from incidents.lifecycle import Details
from incidents.models import Incident
from incidents.refusals import missing, not_allowed, own_request, stale, wrong_state
from incidents.states import MOVES, Stage


@transaction.atomic
def ask(
    *,
    incident_id: int,
    kind: str,
    actor: Person,
    now: datetime,
    reason: str,
    review_at: datetime | None = None,
    seen_seq: int | None = None,
    key: str = "",
) -> Approval:
    """Ask for a suspension (until `review_at`) or a voiding; one request of a kind waits at a time.

    Who has the incident in hand asks, or a unit with an open order. Raises MoveRefused.
    """
    incident = lifecycle.locked(incident_id)[0]
    earlier = records.earlier(actor=actor, idempotency_key=key, incident=incident)
    if earlier is not None:
        return Approval.objects.get(pk=earlier.details["approval"])
    if seen_seq is not None and seen_seq != incident.seq:
        raise stale()
    if incident.state not in MOVES[kind].sources:
        raise wrong_state()
    acting = access.asking(incident, open_orders(incident), actor, now=now)
    if not reason.strip():
        raise missing("note")
    review_at = _review_at(incident, review_at, now=now) if kind == ApprovalKind.SUSPEND else None
    _refuse_second(incident, kind, now=now)
    request = Approval.objects.create(
        incident=incident,
        kind=kind,
        holder=incident.holder,
        asked_by=actor,
        asked_unit_id=acting.unit_id or incident.holder_id,
        asked_at=now,
        reason=reason.strip(),
        review_at=review_at,
    )
    records.record(
        incident=incident,
        kind="approval_asked",
        acting=acting,
        now=now,
        note=request.reason,
        details=_about(request),
        idempotency_key=key,
    )
    return request


@transaction.atomic
def grant(*, approval_id: int, actor: Person, now: datetime, note: str = "", key: str = "") -> Incident:
    """Grant the request and make its move; returns the incident as it then stands. Raises MoveRefused."""
    incident, request = _locked(approval_id)
    if records.earlier(actor=actor, idempotency_key=key, incident=incident) is not None:
        return incident
    _decide(request, incident, actor, ApprovalState.GRANTED, note, now=now)
    return presses.press(
        incident_id=incident.pk,
        name=request.kind,
        actor=actor,
        now=now,
        note=note or request.reason,
        key=key,
        details=Details(approval=_about(request), review_at=request.review_at),
    )


@transaction.atomic
def refuse(*, approval_id: int, actor: Person, now: datetime, note: str, key: str = "") -> Approval:
    """Refuse the request with a reason; the incident stays as it is. Raises MoveRefused."""
    incident, request = _locked(approval_id)
    if records.earlier(actor=actor, idempotency_key=key, incident=incident) is not None:
        return request
    if not note.strip():
        raise missing("note")
    _decide(request, incident, actor, ApprovalState.REFUSED, note, now=now)
    records.record(
        incident=incident,
        kind="approval_refused",
        acting=access.granting(incident, actor, now=now) or records.Acting(actor),
        now=now,
        note=note,
        details=_about(request),
        idempotency_key=key,
    )
    return request


def latest_review(incident: Incident, now: datetime) -> tuple[datetime, int]:
    """The last moment to which a suspension asked for now may run, and the number of days that is."""
    days = selectors.profile_for(incident.district_id).suspension_days
    limit = limits.limit_for(
        district_id=incident.district_id,
        category_id=incident.category_id,
        urgency=incident.urgency,
        stage=Stage.PAUSE,
        tier=incident.holder.kind,
        at=now,
    )
    version = calendar_rows.current_version(district_id=incident.district_id)
    terms = limits.terms_of(limit.pk, version.pk)
    latest = calendar_rows.calendar_for(version.pk, working=terms.working).add(now, terms.seconds)
    latest = min(latest, now + timedelta(days=days))
    return latest, (latest - now).days


def open_orders(incident: Incident) -> list[Assignment]:
    found = Assignment.objects.filter(incident=incident, state__in=OPEN_ASSIGNMENT_STATES)
    return list(found.select_related("unit").order_by("pk"))


def is_stale(request: Approval, now: datetime) -> bool:
    """Whether the review date asked for has passed, so that nothing is left to grant."""
    return request.review_at is not None and request.review_at <= now


def _review_at(incident: Incident, review_at: datetime | None, *, now: datetime) -> datetime:
    if review_at is None or review_at <= now:
        raise missing("review_at")
    latest, days = latest_review(incident, now)
    if review_at > latest:
        raise refusals.review_too_late(days)
    return review_at


def _refuse_second(incident: Incident, kind: str, *, now: datetime) -> None:
    waiting = Approval.objects.select_for_update().filter(incident=incident, kind=kind, state=ApprovalState.PENDING)
    for request in waiting:
        if not is_stale(request, now):
            raise refusals.request_pending()
        presses.lapse(request, incident, now=now)


def _locked(approval_id: int) -> tuple[Incident, Approval]:
    incident_id = Approval.objects.filter(pk=approval_id).values_list("incident_id", flat=True).first()
    if incident_id is None:
        raise refusals.no_such_request()
    incident = lifecycle.locked(incident_id)[0]
    return incident, Approval.objects.select_for_update().get(pk=approval_id)


def _decide(request: Approval, incident: Incident, actor: Person, state: str, note: str, *, now: datetime) -> None:
    if request.state != ApprovalState.PENDING:
        raise refusals.request_decided()
    if access.granting(incident, actor, now=now) is None:
        raise not_allowed()
    if request.asked_by_id == actor.pk:
        raise own_request()
    if state == ApprovalState.GRANTED and is_stale(request, now):
        raise refusals.review_past()
    request.state, request.decided_by, request.decided_at = state, actor, now
    request.decision_note = note.strip()
    request.save(update_fields=["state", "decided_by", "decided_at", "decision_note"])


def _about(request: Approval) -> dict[str, Any]:
    return {
        "approval": request.pk,
        "kind": request.kind,
        "reason": request.reason,
        "asked_by": request.asked_by_id,
        "asked_unit": request.asked_unit_id,
        "review_at": request.review_at.isoformat() if request.review_at else "",
    }
