"""The one door for a press on a button, on a page or through the API.

`available` tells which presses a person may make now and what follows; `perform` makes one: it changes orders and
requests and moves the incident in one transaction. What is offered is possible, what is not offered is refused.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from dispatch import approvals, assignments, cards, orders, presses, refusals
from dispatch.models import Approval, AssignmentState
from dispatch.offers import Offer, available
from dispatch.orders import Order
from grids.models import Person, Unit
from incidents import in_hand, lifecycle, records, rehoming, words
from incidents.in_hand import InHand
from incidents.lifecycle import COME_BACK, Details
from incidents.models import Incident
from incidents.refusals import missing, stale
from incidents.states import BIRTHS, MOVES, State

__all__ = ["Inputs", "Offer", "Order", "available", "perform"]


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What a press may bring besides a note.

    `handlers` are ids of orders; `reason` is a ReturnReason, `colour` a CardColour.
    """

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
    card_id: int | None = None
    colour: str = ""


@dataclass(frozen=True)
class _Press:
    """One press on one button, on an incident in hand."""

    held: InHand
    name: str
    actor: Person
    note: str
    seen_seq: int | None
    key: str
    given: Inputs

    @property
    def incident(self) -> Incident:
        return self.held.incident

    def move(self, **details: Any) -> None:
        presses.make(
            self.held,
            name=self.name,
            actor=self.actor,
            note=self.note,
            seen_seq=self.seen_seq,
            key=self.key,
            details=Details(**details),
        )

    def order_act(self, **given: Any) -> None:
        assignments.act(
            self.held,
            self.name,
            assignment_id=self.given.assignment_id,
            actor=self.actor,
            seen_seq=self.seen_seq,
            note=self.note,
            key=self.key,
            **given,
        )

    def refuse_stale(self) -> None:
        if self.seen_seq is not None and self.seen_seq != self.incident.seq:
            raise stale()

    def request(self, kind: str = "") -> int:
        """The id of the request decided, which belongs to this incident (and is of `kind`)."""
        self.refuse_stale()
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

    `name` and `seen_seq` are those of an offer: `seq` of the incident, or of the order or card it is about. `inputs`
    are fields of `Inputs`. A repeated `idempotency_key` of the same actor changes nothing and succeeds again. Raises
    Incident.DoesNotExist for an id that is none.
    """
    given = Inputs(**inputs)
    for text in (note, *(order.text for order in given.orders)):
        words.refuse(text, field="note")
    with records.keys_apart(), transaction.atomic():
        if name in COME_BACK:
            rehoming.hold_ground(incident_id)
        held, *masters = in_hand.take(incident_id, *([] if given.master is None else [given.master.pk]), now=now)
        if masters:
            given = replace(given, master=masters[0].incident)
        if records.earlier(actor=actor, idempotency_key=idempotency_key, incident=held.incident) is not None:
            return held.incident
        press = _Press(held, name, actor, note, seen_seq, idempotency_key, given)
        if name in _SPECIAL:
            _SPECIAL[name](press)
        elif name in MOVES and name not in BIRTHS:
            _move(press)
        else:
            raise refusals.unknown(name)
        in_hand.write(held)
        return held.incident


def _move(press: _Press) -> None:
    given = press.given
    press.move(target_unit=given.target_unit, master=given.master, on_site=given.on_site)


def _dispatch(press: _Press) -> None:
    known = orders.known(press.incident)
    given = orders.with_roles(press.given.orders, known=known)
    press.move(orders=tuple(order.as_json() for order in given))
    assignments.call(press.held, given, known=known, acting=press.held.acting)


def _rework(press: _Press) -> None:
    held, named = press.held, press.given.handlers
    press.move(on_site=press.given.on_site)
    if held.incident.state != State.DISPATCHED:
        return
    mine = orders.current(orders.known(held.incident), since=orders.dispatched_since(held.incident))
    done = [assignment for assignment in mine if assignment.state == AssignmentState.FED_BACK]
    again = done if named is None else [assignment for assignment in done if assignment.pk in set(named)]
    if not again or (named is not None and len(again) != len(set(named))):
        raise refusals.no_handlers()
    for assignment in again:
        orders.call_again(held, assignment, acting=held.acting, note=press.note)


def _order_act(press: _Press) -> None:
    press.order_act()


def _replace(press: _Press) -> None:
    if len(press.given.orders) != 1:
        raise refusals.one_order()
    press.order_act(order=press.given.orders[0])


def _return(press: _Press) -> None:
    press.order_act(reason=press.given.reason, proposed_unit=press.given.proposed_unit)


def _ask(press: _Press) -> None:
    press.refuse_stale()
    approvals.ask(
        press.held,
        kind=press.name.removeprefix("ask_"),
        actor=press.actor,
        reason=press.note,
        review_at=press.given.review_at,
        key=press.key,
    )


def _grant(press: _Press) -> None:
    request = press.request(press.name if press.name in MOVES else "")
    approvals.grant(press.held, approval_id=request, actor=press.actor, note=press.note, key=press.key)


def _refuse(press: _Press) -> None:
    request = press.request()
    approvals.refuse(press.held, approval_id=request, actor=press.actor, note=press.note, key=press.key)


def _confirm(press: _Press) -> None:
    press.refuse_stale()
    given = press.given
    lifecycle.find_solved(press.held, actor=press.actor, note=press.note, key=press.key, on_site=given.on_site)


def _urge(press: _Press) -> None:
    cards.urge(press.held, unit=_asked(press), actor=press.actor, reason=press.note, key=press.key)


def _supervise(press: _Press) -> None:
    given = press.given
    cards.issue(
        press.held, unit=_asked(press), colour=given.colour, actor=press.actor, reason=press.note, key=press.key
    )


def _asked(press: _Press) -> Unit:
    press.refuse_stale()
    if press.given.target_unit is None:
        raise missing("target_unit")
    return press.given.target_unit


def _reply_card(press: _Press) -> None:
    cards.reply(
        press.held,
        card_id=press.given.card_id,
        actor=press.actor,
        text=press.note,
        seen_seq=press.seen_seq,
        key=press.key,
    )


def _withdraw_card(press: _Press) -> None:
    cards.withdraw(
        press.held,
        card_id=press.given.card_id,
        actor=press.actor,
        reason=press.note,
        seen_seq=press.seen_seq,
        key=press.key,
    )


_SPECIAL: dict[str, Callable[[_Press], None]] = {
    "dispatch": _dispatch,
    "rework": _rework,
    "sign": _order_act,
    "arrive": _order_act,
    "feed_back": _order_act,
    "recall_order": _order_act,
    "waive": _order_act,
    "replace": _replace,
    "return": _return,
    "ask_suspend": _ask,
    "ask_void": _ask,
    "grant": _grant,
    "suspend": _grant,
    "void": _grant,
    "refuse": _refuse,
    "confirm": _confirm,
    "urge": _urge,
    "supervise": _supervise,
    "reply_card": _reply_card,
    "withdraw_card": _withdraw_card,
}
