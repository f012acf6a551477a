"""One person asks, another decides: suspension and voiding.

Both are done to an incident in hand; a granted request makes its move in the same transaction. Nobody decides a request
of their own, which the database refuses as well.
"""

from datetime import datetime, timedelta
from typing import Any

from dispatch import access, presses, refusals
from dispatch.models import OPEN_ASSIGNMENT_STATES, Approval, ApprovalKind, ApprovalState, Assignment
from grids.levels import known_kind
from grids.models import Person
from incidents import calendar_rows, clock_rules, limits
from incidents.in_hand import InHand
from incidents.lifecycle import Details
from incidents.limits import Rules
from incidents.models import Incident
from incidents.records import Acting
from incidents.refusals import missing, not_allowed, own_request, wrong_state
from incidents.states import MOVES, Stage


def ask(
    held: InHand, *, kind: str, actor: Person, reason: str, review_at: datetime | None = None, key: str = ""
) -> Approval:
    """Ask for a suspension (until `review_at`) or a voiding; one request of a kind waits at a time.

    Who has the incident in hand asks, or a unit with an open order. Raises MoveRefused.
    """
    incident = held.incident
    if incident.state not in MOVES[kind].sources:
        raise wrong_state()
    acting = access.asking(incident, open_orders(incident), actor, now=held.now)
    if not reason.strip():
        raise missing("note")
    review_at = _review_at(held, review_at) if kind == ApprovalKind.SUSPEND else None
    _refuse_second(held, kind)
    request = Approval.objects.create(
        incident=incident,
        kind=kind,
        holder_id=incident.holder_id,
        asked_by=actor,
        asked_unit_id=acting.unit_id or incident.holder_id,
        asked_at=held.now,
        reason=reason.strip(),
        review_at=review_at,
    )
    held.record("approval_asked", acting, note=request.reason, details=_about(request), idempotency_key=key)
    return request


def grant(held: InHand, *, approval_id: int, actor: Person, note: str = "", key: str = "") -> None:
    """Grant the request and make its move. Raises MoveRefused."""
    request = Approval.objects.select_for_update().get(pk=approval_id)
    _decide(request, held, actor, ApprovalState.GRANTED, note)
    presses.make(
        held,
        name=request.kind,
        actor=actor,
        note=note or request.reason,
        key=key,
        details=Details(approval=_about(request), review_at=request.review_at),
    )


def refuse(held: InHand, *, approval_id: int, actor: Person, note: str, key: str = "") -> Approval:
    """Refuse the request with a reason; the incident stays as it is. Raises MoveRefused."""
    request = Approval.objects.select_for_update().get(pk=approval_id)
    if not note.strip():
        raise missing("note")
    acting = _decide(request, held, actor, ApprovalState.REFUSED, note)
    held.record("approval_refused", acting, note=note, details=_about(request), idempotency_key=key)
    return request


def latest_review(incident: Incident, now: datetime, *, rules: Rules | None = None) -> tuple[datetime, int]:
    """The last moment to which a suspension asked for now may run, and the number of days that is."""
    rules = rules or Rules(at=now)
    days = rules.profile(incident.district_id).suspension_days
    rule = rules.for_clock(incident, stage=Stage.PAUSE, tier=known_kind(incident.holder_id))
    limit = limits.limit_row(rule.limit_id)
    calendar = calendar_rows.calendar_or_natural(rule.version_id, working=clock_rules.is_working(limit.unit))
    terms = limits.terms_by(limit, calendar)
    latest = min(clock_rules.plan(given=terms, calendar=calendar, since=now).due_at, now + timedelta(days=days))
    return latest, (latest - now).days


def open_orders(incident: Incident) -> list[Assignment]:
    found = Assignment.objects.filter(incident=incident, state__in=OPEN_ASSIGNMENT_STATES)
    return list(found.select_related("unit").order_by("pk"))


def is_stale(request: Approval, now: datetime) -> bool:
    """Whether the review date asked for has passed, so that nothing is left to grant."""
    return request.review_at is not None and request.review_at <= now


def _review_at(held: InHand, review_at: datetime | None) -> datetime:
    if review_at is None or review_at <= held.now:
        raise missing("review_at")
    latest, days = latest_review(held.incident, held.now, rules=held.rules)
    if review_at > latest:
        raise refusals.review_too_late(days)
    return review_at


def _refuse_second(held: InHand, kind: str) -> None:
    waiting = Approval.objects.select_for_update().filter(
        incident=held.incident, kind=kind, state=ApprovalState.PENDING
    )
    for request in waiting:
        if not is_stale(request, held.now):
            raise refusals.request_pending()
        presses.lapse(request, held)


def _decide(request: Approval, held: InHand, actor: Person, state: str, note: str) -> Acting:
    if request.state != ApprovalState.PENDING:
        raise refusals.request_decided()
    acting = access.granting(held.incident, actor, now=held.now)
    if acting is None:
        raise not_allowed()
    if request.asked_by_id == actor.pk:
        raise own_request()
    if state == ApprovalState.GRANTED and is_stale(request, held.now):
        raise refusals.review_past()
    request.state, request.decided_by, request.decided_at = state, actor, held.now
    request.decision_note = note.strip()
    request.save(update_fields=["state", "decided_by", "decided_at", "decision_note"])
    return acting


def _about(request: Approval) -> dict[str, Any]:
    return {
        "approval": request.pk,
        "kind": request.kind,
        "reason": request.reason,
        "asked_by": request.asked_by_id,
        "asked_unit": request.asked_unit_id,
        "review_at": request.review_at.isoformat() if request.review_at else "",
    }
