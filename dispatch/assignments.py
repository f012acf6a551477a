"""What is done to an order after it was given: signed for, arrived, fed back, returned; recalled, waived, replaced.

Each act is done to an incident in hand, whose orders are locked after it: refuse a stale press; ask the right (at the
unit that has the order, or at the holder); write the order; leave its clocks and the event in hand. When the last open
order ends, the system answers the incident, or takes it back into the holder's hands.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from dispatch import access, orders, presses, refusals
from dispatch.acts import ACTS, SETTLED, Act
from dispatch.models import Assignment, AssignmentRole, AssignmentState, ReturnReason
from dispatch.orders import Order
from grids.models import Person, Unit
from incidents.in_hand import InHand
from incidents.models import Incident
from incidents.records import Acting
from incidents.refusals import missing, stale
from incidents.states import State


def call(held: InHand, given: Sequence[Order], *, known: Sequence[Assignment], acting: Acting) -> list[Assignment]:
    """Give orders within a move that has just dispatched the incident; the holder's clock follows."""
    made = orders.give(held, given, known=known, acting=acting)
    # The dispatch that takes it out of the holder's hands begins anew; one that adds orders does not.
    anew = held.state_before == State.ACCEPTED
    since = held.incident.seq if anew else orders.dispatched_since(held.incident)
    orders.keep_holders_clock(held, orders.current([*known, *made], since=since))
    return made


def act(
    held: InHand,
    name: str,
    *,
    assignment_id: int | None,
    actor: Person,
    seen_seq: int | None = None,
    note: str = "",
    key: str = "",
    **given: Any,
) -> Assignment:
    """Do what the row `name` of the table of acts says; returns the order, or the new one. Raises MoveRefused.

    What may be `given` besides is told by the functions below.
    """
    return _ACTS[name](_Doing(held, name, assignment_id, actor, seen_seq, note, key), **given)


def _sign(doing: "_Doing") -> Assignment:
    """The unit takes the order on: its sign clock ends green or red, the completion clock starts."""
    return doing.write(signed_at=doing.held.now)


def _arrive(doing: "_Doing") -> Assignment:
    """The unit's people are on site."""
    return doing.write(arrived_at=doing.held.now)


def _feed_back(doing: "_Doing") -> Assignment:
    """The unit says what it did (`note`); if that was the last open order, the incident is answered."""
    return doing.write(ended_at=doing.held.now, feedback=doing.note)


def _return(doing: "_Doing", *, reason: str, proposed_unit: Unit | None = None) -> Assignment:
    """The unit hands the order back, effective at once; `reason` is a ReturnReason."""
    if reason not in ReturnReason.values:
        raise refusals.no_reason_class()
    about = {"reason": reason, "proposed_unit": proposed_unit.pk if proposed_unit else ""}
    return doing.write(
        about, ended_at=doing.held.now, return_reason=reason, return_note=doing.note, proposed_unit=proposed_unit
    )


def _end(doing: "_Doing") -> Assignment:
    """The dispatcher takes one open order back, or does without it: it no longer holds up the answer."""
    return doing.write(ended_at=doing.held.now)


def _replace(doing: "_Doing", *, order: Order) -> Assignment:
    """The dispatcher gives an open or returned order to another unit; returns the new order.

    The new one is as required as the old one was and has its role.
    """
    return doing.replace(order)


class _Doing:
    """One act by one person on one order, from the locks to what follows when the last open order ended."""

    def __init__(
        self,
        held: InHand,
        name: str,
        assignment_id: int | None,
        actor: Person,
        seen_seq: int | None,
        note: str,
        key: str,
    ) -> None:
        self.held, self.act, self.note, self.key = held, ACTS[name], note.strip(), key
        self.known = orders.known(held.incident)
        found = [assignment for assignment in self.known if assignment.pk == assignment_id]
        if not found:
            raise refusals.no_such_order()
        self.assignment = found[0]
        if seen_seq is not None and seen_seq != self.assignment.seq:
            raise stale()
        if held.incident.state == State.SUSPENDED:
            raise refusals.suspended()
        # An open order is always one of the present dispatch.
        if not possible(self.act, held.incident, self.assignment, since=0 if self.assignment.is_open else self.since):
            raise refusals.order_moved_on()
        self.acting = access.acting(self.act, held.incident, self.assignment, actor, now=held.now)
        if "note" in self.act.needs and not self.note:
            raise missing("result" if name == "feed_back" else "note")

    @cached_property
    def since(self) -> int:
        return orders.dispatched_since(self.held.incident)

    def write(self, about: dict[str, Any] | None = None, **values: Any) -> Assignment:
        """Write the order's new state with `values`, its clocks and the event; then see whether it was the last."""
        act, assignment = self.act, self.assignment
        was, lights = assignment.state, self._turn_clocks()
        orders.change(assignment, state=act.target, **values)
        self._record(**(about or {}), was=was, lights=lights)
        if act.ends:
            settle(self.held, orders.current(self.known, since=self.since))
        return assignment

    def replace(self, order: Order) -> Assignment:
        old = self.assignment
        order = Order(order.unit, order.text, AssignmentRole(old.role), old.required)
        was, lights = old.state, self._turn_clocks()
        if old.state != AssignmentState.RETURNED:
            orders.change(old, state=AssignmentState.RECALLED, ended_at=self.held.now)
        (new,) = orders.give(self.held, [order], known=self.known, acting=self.acting)
        orders.change(old, replaced_by=new)
        taker = {"new_unit": new.unit_id, "new_assignment": new.pk}
        self._record(order=order.as_json(), was=was, lights=lights, **taker)
        settle(self.held, orders.current([*self.known, new], since=self.since))
        return new

    def _turn_clocks(self) -> dict[str, str]:
        lights = orders.turn_clocks(self.held, self.assignment, finished=self.act.finishes, ends=self.act.ends)
        if self.act.starts is not None:
            orders.start_clock(self.held, self.assignment, self.act.starts)
        return lights

    def _record(self, **about: Any) -> None:
        orders.write(self.held, self.assignment, self.act.event, self.acting, note=self.note, key=self.key, **about)


_ACTS: dict[str, Callable[..., Assignment]] = {
    "sign": _sign,
    "arrive": _arrive,
    "feed_back": _feed_back,
    "return": _return,
    "recall_order": _end,
    "waive": _end,
    "replace": _replace,
}


def settle(held: InHand, mine: Sequence[Assignment]) -> None:
    """After an order changed: while others are open keep the holder's clock right, else answer or recall.

    `mine` are the orders of the present dispatch. The incident is answered when every required one is fed back, waived
    or replaced and at least one is fed back; otherwise it comes back into the holder's hands, and feedback already
    given stands.
    """
    if any(assignment.is_open for assignment in mine):
        orders.keep_holders_clock(held, mine)
        return
    done = all(
        assignment.state in SETTLED or assignment.replaced_by_id is not None
        for assignment in mine
        if assignment.required
    )
    answered = any(assignment.state == AssignmentState.FED_BACK for assignment in mine)
    presses.make(held, name="answer" if done and answered else "recall", actor=None, orders_ended=True)


def possible(act: Act, incident: Incident, assignment: Assignment, *, since: int) -> bool:
    """Whether the states of incident and order allow `act`; of an ended order only while it waits for its holder.

    `since` is `orders.dispatched_since`: what an earlier dispatch left behind asks for nothing any more.
    """
    if incident.state != State.DISPATCHED or assignment.state not in act.sources:
        return False
    return assignment.is_open or (assignment.replaced_by_id is None and assignment.called_seq >= since)
