"""Orders are written here: given, ended, called again, taken back, with their clocks and their line in the record.

Called inside a transaction that holds the incident's lock; who may do it was asked before. Lock order: incident,
assignment, clock.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatch import refusals, targets
from dispatch.models import OPEN_ASSIGNMENT_STATES, Assignment, AssignmentRole, AssignmentState
from grids.models import Unit
from incidents import clocks, records
from incidents.models import Clock, ClockState, Incident, IncidentEvent, PauseCause, Subject
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


def with_roles(incident: Incident, orders: Sequence[Order]) -> list[Order]:
    """The orders with every role settled: one leads (unless one does already), the others help."""
    led = _open(incident).filter(role=AssignmentRole.LEAD).exists()
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


def give(*, incident: Incident, orders: Sequence[Order], acting: Acting, now: datetime) -> list[Assignment]:
    """Give each order to its unit, start its sign clock and open its sight; raises MoveRefused for a wrong unit."""
    taken = set(_open(incident).values_list("unit_id", flat=True))
    given = []
    for order in orders:
        if not order.text.strip():
            raise refusals.missing_order_text()
        targets.refuse_wrong(holder=incident.holder, unit=order.unit)
        if order.unit.pk in taken:
            raise refusals.already_ordered(order.unit)
        taken.add(order.unit.pk)
        assignment = Assignment.objects.create(
            incident=incident,
            district_id=incident.district_id,
            unit=order.unit,
            ordered_by=acting.actor,
            ordered_by_unit_id=acting.unit_id or incident.holder_id,
            role=order.role or AssignmentRole.LEAD,
            required=order.required,
            order=order.text.strip(),
            called_at=now,
            called_seq=incident.seq,
        )
        start_clock(incident, assignment, Stage.SIGN, now=now)
        given.append(assignment)
    records.open_sight(incident=incident, units=[order.unit.pk for order in orders], why="assigned", now=now)
    return given


def call_again(*, incident: Incident, assignment: Assignment, acting: Acting, note: str, now: datetime) -> None:
    """Call a fed back order for rework: one more round, a fresh sign clock."""
    change(
        assignment,
        state=AssignmentState.CALLED,
        round=assignment.round + 1,
        called_at=now,
        called_seq=incident.seq,
        signed_at=None,
        arrived_at=None,
        ended_at=None,
    )
    start_clock(incident, assignment, Stage.SIGN, now=now)
    write(incident, assignment, "ordered_again", acting, now=now, note=note)


def take_back_open(*, incident: Incident, acting: Callable[[], Acting], now: datetime) -> list[Assignment]:
    """Recall every open order: clocks stop uncoloured (red stays), each unit reads it in the record.

    `acting` tells who did it; it is asked only when there is an open order.
    """
    taken = list(_open(incident).select_for_update(of=("self",)).select_related("unit").order_by("pk"))
    for assignment in taken:
        was, lights = assignment.state, turn_clocks(incident, assignment, finished=None, now=now)
        change(assignment, state=AssignmentState.RECALLED, ended_at=now)
        write(incident, assignment, "order_recalled", acting(), now=now, was=was, lights=lights)
    return taken


def change(assignment: Assignment, **values: Any) -> None:
    """Write `values` and raise the order's `seq`."""
    for name, value in values.items():
        setattr(assignment, name, value)
    assignment.seq += 1
    assignment.save(update_fields=[*values, "seq"])


def write(
    incident: Incident,
    assignment: Assignment,
    kind: str,
    acting: Acting,
    *,
    now: datetime,
    note: str = "",
    key: str = "",
    **details: Any,
) -> IncidentEvent:
    """Append the event of an order; it names the order, its unit and its round."""
    about = {"assignment": assignment.pk, "unit": assignment.unit_id, "round": assignment.round, **details}
    return records.record(
        incident=incident, kind=kind, acting=acting, now=now, note=note.strip(), details=about, idempotency_key=key
    )


def start_clock(incident: Incident, assignment: Assignment, stage: Stage, *, now: datetime) -> Clock:
    return clocks.start(
        incident=incident,
        unit=assignment.unit,
        stage=stage,
        now=now,
        subject_kind=Subject.ASSIGNMENT,
        subject_id=assignment.pk,
    )


def turn_clocks(
    incident: Incident, assignment: Assignment, *, finished: Stage | None, now: datetime, ends: bool = True
) -> dict[str, str]:
    """Finish the order's clock of stage `finished`; if the order ends, stop its others. Returns the final lights."""
    lights = {}
    for clock in clocks.open_clocks(incident):
        if clock.subject_kind != Subject.ASSIGNMENT or clock.subject_id != assignment.pk:
            continue
        if clock.stage == finished:
            clocks.finish(clock=clock, now=now)
        elif ends:
            clocks.stop(clock=clock, now=now)
        if clock.final_light:
            lights[clock.stage] = clock.final_light
    return lights


def current(incident: Incident) -> list[Assignment]:
    """The orders of the dispatch the incident is in, locked: those given since it last left the holder's hands."""
    return list(
        Assignment.objects.select_for_update(of=("self",))
        .select_related("unit")
        .filter(incident=incident, called_seq__gte=dispatched_since(incident))
        .order_by("pk")
    )


def dispatched_since(incident: Incident) -> int:
    """The `seq` of the move by which the incident last went from hand into dispatch; rework does not begin anew."""
    last = IncidentEvent.objects.filter(incident=incident, kind="dispatch", state_before=State.ACCEPTED)
    seq = last.order_by("-pk").values_list("seq", flat=True).first()
    return seq or 0


def waits_for_holder(assignment: Assignment) -> bool:
    """Whether a returned order waits for its holder to replace or waive it."""
    returned = assignment.state == AssignmentState.RETURNED
    return returned and assignment.required and assignment.replaced_by_id is None


def keep_holders_clock(*, incident: Incident, orders: Collection[Assignment], now: datetime) -> None:
    """The holder's handle clock runs while a returned required order waits for the holder, and only then."""
    waiting = any(waits_for_holder(assignment) for assignment in orders)
    for clock in clocks.open_clocks(incident):
        if clock.subject_kind != Subject.INCIDENT or clock.stage != Stage.HANDLE:
            continue
        if waiting and clock.state == ClockState.PAUSED and clock.pause_cause == PauseCause.DISPATCH:
            clocks.resume(clock=clock, now=now)
        elif not waiting and clock.state == ClockState.RUNNING:
            clocks.pause(clock=clock, now=now, cause=PauseCause.DISPATCH)


def _open(incident: Incident) -> Any:
    return Assignment.objects.filter(incident=incident, state__in=OPEN_ASSIGNMENT_STATES)
