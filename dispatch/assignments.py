"""What is done to an order after it was given: signed for, arrived, fed back, returned; recalled, waived, replaced.

Each is one transaction: lock the incident, then the order; refuse a stale press; ask the right (at the unit that has
the order, or at the holder); write the order, its clocks and the event. When the last open order ends, the system
answers the incident, or takes it back into the holder's hands.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from dispatch import access, orders, presses, refusals
from dispatch.acts import ACTS, SETTLED, Act
from dispatch.models import Assignment, AssignmentRole, AssignmentState, ReturnReason
from dispatch.orders import Order
from grids.models import Person, Unit
from incidents import lifecycle, records
from incidents.models import Incident
from incidents.records import Acting
from incidents.refusals import missing, stale
from incidents.states import State


def call(*, incident: Incident, given: Sequence[Order], acting: Acting, now: datetime) -> list[Assignment]:
    """Give orders within a move that has just dispatched the locked incident; the holder's clock follows."""
    made = orders.give(incident=incident, orders=given, acting=acting, now=now)
    orders.keep_holders_clock(incident=incident, orders=orders.current(incident), now=now)
    return made


@transaction.atomic
def sign(
    *, assignment_id: int, actor: Person, now: datetime, seen_seq: int | None = None, note: str = "", key: str = ""
) -> Assignment:
    """The unit takes the order on: its sign clock ends green or red, the completion clock starts."""
    return _Doing("sign", assignment_id, actor, now, seen_seq, note, key).write(signed_at=now)


@transaction.atomic
def arrive(
    *, assignment_id: int, actor: Person, now: datetime, seen_seq: int | None = None, note: str = "", key: str = ""
) -> Assignment:
    """The unit's people are on site."""
    return _Doing("arrive", assignment_id, actor, now, seen_seq, note, key).write(arrived_at=now)


@transaction.atomic
def feed_back(
    *, assignment_id: int, actor: Person, now: datetime, note: str, seen_seq: int | None = None, key: str = ""
) -> Assignment:
    """The unit says what it did (`note`); if that was the last open order, the incident is answered."""
    doing = _Doing("feed_back", assignment_id, actor, now, seen_seq, note, key)
    return doing.write(ended_at=now, feedback=note.strip())


@transaction.atomic
def return_(
    *,
    assignment_id: int,
    actor: Person,
    now: datetime,
    reason: str,
    note: str,
    proposed_unit: Unit | None = None,
    seen_seq: int | None = None,
    key: str = "",
) -> Assignment:
    """The unit hands the order back, effective at once; `reason` is a ReturnReason."""
    doing = _Doing("return", assignment_id, actor, now, seen_seq, note, key)
    if reason not in ReturnReason.values:
        raise refusals.no_reason_class()
    about = {"reason": reason, "proposed_unit": proposed_unit.pk if proposed_unit else ""}
    return doing.write(about, ended_at=now, return_reason=reason, return_note=note.strip(), proposed_unit=proposed_unit)


@transaction.atomic
def recall(
    *, assignment_id: int, actor: Person, now: datetime, note: str, seen_seq: int | None = None, key: str = ""
) -> Assignment:
    """The dispatcher takes one open order back."""
    return _Doing("recall_order", assignment_id, actor, now, seen_seq, note, key).write(ended_at=now)


@transaction.atomic
def waive(
    *, assignment_id: int, actor: Person, now: datetime, note: str, seen_seq: int | None = None, key: str = ""
) -> Assignment:
    """The dispatcher does without an open or returned order: it no longer holds up the answer."""
    return _Doing("waive", assignment_id, actor, now, seen_seq, note, key).write(ended_at=now)


@transaction.atomic
def replace(
    *,
    assignment_id: int,
    actor: Person,
    now: datetime,
    order: Order,
    note: str = "",
    seen_seq: int | None = None,
    key: str = "",
) -> Assignment:
    """The dispatcher gives an open or returned order to another unit; returns the new order.

    The new one is as required as the old one was and has its role.
    """
    doing = _Doing("replace", assignment_id, actor, now, seen_seq, note, key)
    if doing.is_repeated and doing.assignment.replaced_by is not None:
        return doing.assignment.replaced_by
    return doing.replace(order)


class _Doing:
    """One act by one person on one order, from the locks to what follows when the last open order ended."""

    def __init__(
        self, name: str, assignment_id: int, actor: Person, now: datetime, seen_seq: int | None, note: str, key: str
    ) -> None:
        self.act, self.now, self.note, self.key = ACTS[name], now, note.strip(), key
        self.incident, self.assignment = _locked(assignment_id)
        self.is_repeated = records.earlier(actor=actor, idempotency_key=key, incident=self.incident) is not None
        if self.is_repeated:
            return
        if seen_seq is not None and seen_seq != self.assignment.seq:
            raise stale()
        _refuse_wrong_state(self.act, self.incident, self.assignment)
        self.acting = access.acting(self.act, self.incident, self.assignment, actor, now=now)
        if "note" in self.act.needs and not self.note:
            raise missing("result" if name == "feed_back" else "note")

    def write(self, about: dict[str, Any] | None = None, **values: Any) -> Assignment:
        """Write the order's new state with `values`, its clocks and the event; then see whether it was the last."""
        if self.is_repeated:
            return self.assignment
        act, incident, assignment = self.act, self.incident, self.assignment
        was, lights = assignment.state, self._turn_clocks()
        orders.change(assignment, state=act.target, **values)
        self._record(**(about or {}), was=was, lights=lights)
        if act.ends:
            settle(incident=incident, now=self.now)
        return assignment

    def replace(self, order: Order) -> Assignment:
        incident, old = self.incident, self.assignment
        order = Order(order.unit, order.text, AssignmentRole(old.role), old.required)
        was, lights = old.state, self._turn_clocks()
        if old.state != AssignmentState.RETURNED:
            orders.change(old, state=AssignmentState.RECALLED, ended_at=self.now)
        (new,) = orders.give(incident=incident, orders=[order], acting=self.acting, now=self.now)
        orders.change(old, replaced_by=new)
        taker = {"new_unit": new.unit_id, "new_assignment": new.pk}
        self._record(order=order.as_json(), was=was, lights=lights, **taker)
        settle(incident=incident, now=self.now)
        return new

    def _turn_clocks(self) -> dict[str, str]:
        act, now = self.act, self.now
        lights = orders.turn_clocks(self.incident, self.assignment, finished=act.finishes, now=now, ends=act.ends)
        if act.starts is not None:
            orders.start_clock(self.incident, self.assignment, act.starts, now=now)
        return lights

    def _record(self, **about: Any) -> None:
        orders.write(
            self.incident,
            self.assignment,
            self.act.event,
            self.acting,
            now=self.now,
            note=self.note,
            key=self.key,
            **about,
        )


def settle(*, incident: Incident, now: datetime) -> None:
    """After an order changed: while others are open keep the holder's clock right, else answer or recall.

    The incident is answered when every required order is fed back, waived or replaced and at least one is fed back;
    otherwise it comes back into the holder's hands, and feedback already given stands.
    """
    mine = orders.current(incident)
    if any(assignment.is_open for assignment in mine):
        orders.keep_holders_clock(incident=incident, orders=mine, now=now)
        return
    done = all(
        assignment.state in SETTLED or assignment.replaced_by_id is not None
        for assignment in mine
        if assignment.required
    )
    answered = any(assignment.state == AssignmentState.FED_BACK for assignment in mine)
    presses.press(incident_id=incident.pk, name="answer" if done and answered else "recall", actor=None, now=now)


def _locked(assignment_id: int) -> tuple[Incident, Assignment]:
    incident_id = Assignment.objects.filter(pk=assignment_id).values_list("incident_id", flat=True).first()
    if incident_id is None:
        raise refusals.no_such_order()
    incident = lifecycle.locked(incident_id)[0]
    assignment = (
        Assignment.objects.select_for_update(of=("self",)).select_related("unit", "replaced_by").get(pk=assignment_id)
    )
    return incident, assignment


def _refuse_wrong_state(act: Act, incident: Incident, assignment: Assignment) -> None:
    if incident.state == State.SUSPENDED:
        raise refusals.suspended()
    if not possible(act, incident, assignment, since=orders.dispatched_since(incident)):
        raise refusals.order_moved_on()


def possible(act: Act, incident: Incident, assignment: Assignment, *, since: int) -> bool:
    """Whether the states of incident and order allow `act`; of an ended order only while it waits for its holder.

    `since` is `orders.dispatched_since`: what an earlier dispatch left behind asks for nothing any more.
    """
    if incident.state != State.DISPATCHED or assignment.state not in act.sources:
        return False
    return assignment.is_open or (assignment.replaced_by_id is None and assignment.called_seq >= since)
