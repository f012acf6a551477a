"""Orders are written here: given, ended, called again, taken back, with their clocks and their line in the record.

Called for an incident in hand; who may do it was asked before. Orders are written at once, their clocks and lines with
everything else that is in hand. Lock order: incident, assignment, clock.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from dispatch import refusals, targets
from dispatch.models import OPEN_ASSIGNMENT_STATES, Assignment, AssignmentRole, AssignmentState
from grids import statements
from grids.models import Unit
from incidents import clocks
from incidents.in_hand import InHand
from incidents.models import ClockState, Incident, IncidentEvent, PauseCause, Subject
from incidents.records import Acting
from incidents.states import Stage, State


@dataclass(frozen=True)
class Order:
    """What one unit shall do. Without a role the first order of an incident leads and the others help."""

    unit: Unit
    text: str
    role: AssignmentRole | None = None
    required: bool = True

    def as_json(self) -> dict[str, Any]:
        """The order as it stands in the event of the move."""
        role = self.role.value if self.role else ""
        return {"unit": self.unit.pk, "text": self.text.strip(), "role": role, "required": self.required}


def with_roles(orders: Sequence[Order], *, known: Iterable[Assignment]) -> list[Order]:
    """The orders with every role settled: one leads (unless one of those `known` does already), the others help."""
    led = any(assignment.is_open and assignment.role == AssignmentRole.LEAD for assignment in known)
    named = any(order.role == AssignmentRole.LEAD for order in orders)
    settled = []
    for order in orders:
        role = order.role or (AssignmentRole.CO if led or named else AssignmentRole.LEAD)
        if role == AssignmentRole.LEAD:
            if led:
                raise refusals.two_leads()
            led = True
        settled.append(Order(order.unit, order.text.strip(), role, order.required))
    return settled


def give(held: InHand, orders: Sequence[Order], *, known: Iterable[Assignment], acting: Acting) -> list[Assignment]:
    """Give each order to its unit, start its sign clock and open its sight; raises MoveRefused for a wrong unit.

    `known` are the orders the incident has already. One statement however many orders.
    """
    incident = held.incident
    taken = {assignment.unit_id for assignment in known if assignment.is_open}
    for order in orders:
        if not order.text.strip():
            raise refusals.missing_order_text()
        targets.refuse_wrong(holder=incident.holder_id, unit=order.unit, rules=held.rules)
        if order.unit.pk in taken:
            raise refusals.already_ordered(order.unit)
        taken.add(order.unit.pk)
    given = [_new(held, order, acting) for order in orders]
    statements.insert(given)
    for assignment in given:
        start_clock(held, assignment, Stage.SIGN)
    held.open_sight([order.unit.pk for order in orders], why="assigned")
    return given


def _new(held: InHand, order: Order, acting: Acting) -> Assignment:
    incident = held.incident
    return Assignment(
        incident=incident,
        district_id=incident.district_id,
        unit=order.unit,
        ordered_by=acting.actor,
        ordered_by_unit_id=acting.unit_id or incident.holder_id,
        role=order.role or AssignmentRole.LEAD,
        required=order.required,
        order=order.text.strip(),
        called_at=held.now,
        called_seq=incident.seq,
    )


def call_again(held: InHand, assignment: Assignment, *, acting: Acting, note: str) -> None:
    """Call a fed back order for rework: one more round, a fresh sign clock."""
    change(
        assignment,
        state=AssignmentState.CALLED,
        round=assignment.round + 1,
        called_at=held.now,
        called_seq=held.incident.seq,
        signed_at=None,
        arrived_at=None,
        ended_at=None,
    )
    start_clock(held, assignment, Stage.SIGN)
    write(held, assignment, "ordered_again", acting, note=note)


def take_back_open(several: Sequence[InHand]) -> None:
    """Recall every open order of each: clocks stop uncoloured (red stays), each unit reads it in the record."""
    if not several:
        return
    by_id = {held.incident.pk: held for held in several}
    ending = "WHERE incident_id = ANY(%s) AND state = ANY(%s) ORDER BY id FOR UPDATE"
    for assignment in statements.read(Assignment, ending, [list(by_id), sorted(OPEN_ASSIGNMENT_STATES)]):
        held = by_id[assignment.incident_id]
        was, lights = assignment.state, turn_clocks(held, assignment, finished=None)
        change(assignment, state=AssignmentState.RECALLED, ended_at=held.now)
        write(held, assignment, "order_recalled", held.acting, was=was, lights=lights)


def change(assignment: Assignment, **values: Any) -> None:
    """Write `values` and raise the order's `seq`."""
    for name, value in values.items():
        setattr(assignment, name, value)
    assignment.seq += 1
    statements.update([assignment], [*values, "seq"])


def write(
    held: InHand,
    assignment: Assignment,
    kind: str,
    acting: Acting,
    *,
    note: str = "",
    key: str = "",
    **details: Any,
) -> None:
    """Add the event of an order; it names the order, its unit and its round."""
    about = {"assignment": assignment.pk, "unit": assignment.unit_id, "round": assignment.round, **details}
    held.record(kind, acting, note=note.strip(), details=about, idempotency_key=key)


def start_clock(held: InHand, assignment: Assignment, stage: Stage) -> None:
    held.start_clock(stage, assignment.unit_id, subject=(Subject.ASSIGNMENT, assignment.pk))


def turn_clocks(held: InHand, assignment: Assignment, *, finished: Stage | None, ends: bool = True) -> dict[str, str]:
    """Finish the order's clock of stage `finished`; if the order ends, stop its others. Returns the final lights."""
    lights = {}
    for clock in held.clocks:
        if clock.subject_kind != Subject.ASSIGNMENT or clock.subject_id != assignment.pk:
            continue
        if clock.stage == finished:
            clocks.finish(clock=clock, now=held.now, into=held.turned)
        elif ends:
            clocks.stop(clock=clock, now=held.now, into=held.turned)
        if clock.final_light:
            lights[clock.stage] = clock.final_light
    return lights


def known(incident: Incident) -> list[Assignment]:
    """All orders of the incident, locked after it, in order of birth."""
    return statements.read(Assignment, "WHERE incident_id = %s ORDER BY id FOR UPDATE", [incident.pk])


def current(orders: Iterable[Assignment], *, since: int) -> list[Assignment]:
    """Those of the dispatch the incident is in: given since it last left the holder's hands."""
    return [assignment for assignment in orders if assignment.called_seq >= since]


_DISPATCHED = f"""
SELECT seq FROM {IncidentEvent._meta.db_table}
 WHERE incident_id = %s AND kind = 'dispatch' AND state_before = '{State.ACCEPTED.value}' ORDER BY id DESC LIMIT 1
"""


def dispatched_since(incident: Incident) -> int:
    """The `seq` of the move by which the incident last went from hand into dispatch; rework does not begin anew."""
    with connection.cursor() as cursor:
        cursor.execute(_DISPATCHED, [incident.pk])
        row = cursor.fetchone()
    return row[0] if row else 0


def waits_for_holder(assignment: Assignment) -> bool:
    """Whether a returned order waits for its holder to replace or waive it."""
    returned = assignment.state == AssignmentState.RETURNED
    return returned and assignment.required and assignment.replaced_by_id is None


def keep_holders_clock(held: InHand, orders: Collection[Assignment]) -> None:
    """The holder's handle clock runs while a returned required order waits for the holder, and only then."""
    waiting = any(waits_for_holder(assignment) for assignment in orders)
    for clock in held.clocks:
        if clock.subject_kind != Subject.INCIDENT or clock.stage != Stage.HANDLE:
            continue
        if waiting and clock.state == ClockState.PAUSED and clock.pause_cause == PauseCause.DISPATCH:
            clocks.resume(clock=clock, now=held.now, into=held.turned)
        elif not waiting and clock.state == ClockState.RUNNING:
            clocks.pause(clock=clock, now=held.now, cause=PauseCause.DISPATCH, into=held.turned)
