"""The one door for a press on a button, on a page or through the API.

`available` tells which presses a person may make now and what follows; `perform` makes one: it changes orders and
requests and moves the incident in one transaction. What is offered is possible, what is not offered is refused.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from dispatch import approvals, assignments, orders, presses, refusals
from dispatch.models import Approval, Assignment, AssignmentState
from dispatch.offers import Offer, available
from dispatch.orders import Order
from grids.models import Person, Unit
from incidents import lifecycle, records, words
from incidents.lifecycle import Details
from incidents.models import Incident
from incidents.refusals import missing, stale
from incidents.states import BIRTHS, MOVES, State

__all__ = ["Inputs", "Offer", "Order", "available", "perform"]


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What a press may bring besides a note. `handlers` are ids of orders; `reason` is a ReturnReason."""

    target_unit: Unit | None = None
    orders: Sequence[Order] = ()
    handlers: Collection[int] | None = None
    assignment_id: int | None = None
    approval_id: int | None = None
    master: Incident | None = None
    review_at: datetime | None = None
    on_site: bool = False
    reason: str = ""
    proposed_unit: Unit | None = None


@dataclass(frozen=True)
class _Press:
    """One press on one button."""

    incident: Incident
    name: str
    actor: Person
    now: datetime
    note: str
    seen_seq: int | None
    key: str
    given: Inputs

    def move(self, **details: Any) -> Incident:
        return presses.press(
            incident_id=self.incident.pk,
            name=self.name,
            actor=self.actor,
            now=self.now,
            note=self.note,
            seen_seq=self.seen_seq,
            key=self.key,
            details=Details(**details),
        )

    def order_act(self, act: Callable[..., Assignment], **given: Any) -> None:
        act(
            assignment_id=self._own_order(),
            actor=self.actor,
            now=self.now,
            seen_seq=self.seen_seq,
            note=self.note,
            key=self.key,
            **given,
        )

    def _own_order(self) -> int:
        wanted = self.given.assignment_id
        if wanted is None or not Assignment.objects.filter(incident=self.incident, pk=wanted).exists():
            raise refusals.no_such_order()
        return wanted

    def request(self, kind: str = "") -> int:
        """The id of the request decided, which belongs to this incident (and is of `kind`)."""
        if self.seen_seq is not None and self.seen_seq != self.incident.seq:
            raise stale()
        if self.given.approval_id is None:
            raise missing("approval")
        found = Approval.objects.filter(incident=self.incident, pk=self.given.approval_id)
        if not (found.filter(kind=kind) if kind else found).exists():
            raise refusals.no_such_request()
        return self.given.approval_id


def perform(
    *,
    incident_id: int,
    name: str,
    actor: Person,
    now: datetime,
    note: str = "",
    seen_seq: int | None = None,
    idempotency_key: str = "",
    **inputs: Any,
) -> Incident:
    """Make one press and return the incident as it then stands. Raises MoveRefused, all or nothing.

    `name` and `seen_seq` are those of an offer: `seq` of the incident, or of the order the offer is about. `inputs`
    are fields of `Inputs`. A repeated `idempotency_key` of the same actor changes nothing and succeeds again.
    """
    given = Inputs(**inputs)
    for text in (note, *(order.text for order in given.orders)):
        words.refuse(text, field="note")
    with records.keys_apart(), transaction.atomic():
        ids = [incident_id] if given.master is None else [incident_id, given.master.pk]
        incident = lifecycle.locked(*ids)[0]
        if records.earlier(actor=actor, idempotency_key=idempotency_key, incident=incident) is not None:
            return incident
        press = _Press(incident, name, actor, now, note, seen_seq, idempotency_key, given)
        if name in _SPECIAL:
            _SPECIAL[name](press)
        elif name in MOVES and name not in BIRTHS:
            _move(press)
        else:
            raise refusals.unknown(name)
        return Incident.objects.select_related("holder", "place").get(pk=incident_id)


def _move(press: _Press) -> None:
    given = press.given
    press.move(target_unit=given.target_unit, master=given.master, on_site=given.on_site)


def _dispatch(press: _Press) -> None:
    given = orders.with_roles(press.incident, press.given.orders)
    incident = press.move(orders=tuple(order.as_json() for order in given))
    acting = presses.acting_of_move(incident)
    assignments.call(incident=incident, given=given, acting=acting, now=press.now)


def _rework(press: _Press) -> None:
    done = [a for a in orders.current(press.incident) if a.state == AssignmentState.FED_BACK]
    named = press.given.handlers
    again = done if named is None else [assignment for assignment in done if assignment.pk in set(named)]
    incident = press.move(on_site=press.given.on_site)
    if incident.state != State.DISPATCHED:
        return
    if not again or (named is not None and len(again) != len(set(named))):
        raise refusals.no_handlers()
    acting = presses.acting_of_move(incident)
    for assignment in again:
        orders.call_again(incident=incident, assignment=assignment, acting=acting, note=press.note, now=press.now)


def _replace(press: _Press) -> None:
    if len(press.given.orders) != 1:
        raise refusals.one_order()
    press.order_act(assignments.replace, order=press.given.orders[0])


def _return(press: _Press) -> None:
    press.order_act(assignments.return_, reason=press.given.reason, proposed_unit=press.given.proposed_unit)


def _ask(press: _Press) -> None:
    approvals.ask(
        incident_id=press.incident.pk,
        kind=press.name.removeprefix("ask_"),
        actor=press.actor,
        now=press.now,
        reason=press.note,
        review_at=press.given.review_at,
        seen_seq=press.seen_seq,
        key=press.key,
    )


def _grant(press: _Press) -> None:
    kind = press.name if press.name in MOVES else ""
    approvals.grant(approval_id=press.request(kind), actor=press.actor, now=press.now, note=press.note, key=press.key)


def _refuse(press: _Press) -> None:
    approvals.refuse(approval_id=press.request(), actor=press.actor, now=press.now, note=press.note, key=press.key)


def _confirm(press: _Press) -> None:
    lifecycle.confirm(incident_id=press.incident.pk, actor=press.actor, now=press.now, note=press.note)


_SPECIAL: dict[str, Callable[[_Press], None]] = {
    "dispatch": _dispatch,
    "rework": _rework,
    "sign": lambda press: press.order_act(assignments.sign),
    "arrive": lambda press: press.order_act(assignments.arrive),
    "feed_back": lambda press: press.order_act(assignments.feed_back),
    "recall_order": lambda press: press.order_act(assignments.recall),
    "waive": lambda press: press.order_act(assignments.waive),
    "replace": _replace,
    "return": _return,
    "ask_suspend": _ask,
    "ask_void": _ask,
    "grant": _grant,
    "suspend": _grant,
    "void": _grant,
    "refuse": _refuse,
    "confirm": _confirm,
}
