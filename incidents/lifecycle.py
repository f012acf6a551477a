"""An incident is born and moves here, and nowhere else.

``move`` is one transaction: lock the row, refuse a stale press, look the move up, ask the right at the holder, demand
what the table demands, write state and holder, stop and start clocks, append the event, open sight. No mail, no task,
no signal: the event row is the message. ``make`` is the same for an incident in hand, to be written with what follows.
Lock order everywhere: incident (two in id order), assignment, clock.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from grids import selectors
from grids.models import Person, Unit
from incidents import clocks, holders, in_hand, records, refusals, rehoming, who_may
from incidents.births import Position, find_place, report, self_handle
from incidents.in_hand import InHand, locked
from incidents.models import ClockState, Incident, IncidentEvent, Inspection, PauseCause, Subject
from incidents.records import SYSTEM, Acting
from incidents.states import MOVES, SEND_BACK_AFTER, STAGE_OF_STATE, Move, Needs, Stage, State, Urgency

__all__ = ["Details", "Position", "confirm", "find_place", "locked", "make", "move", "report", "self_handle"]

# Moves by which the incident counts as newly arrived at its holder, even where the holder is the same unit.
ARRIVALS = frozenset({"answer", "rework", "reopen", "rehome", "unmerge"}) | SEND_BACK_AFTER | {"send_back"}

# Moves that take up an incident which no redraw took along.
COME_BACK = frozenset({"reopen", "unmerge"})


@dataclass(frozen=True)
class Details:
    """What a move may need besides a note. ``orders`` and ``approval`` are written by the floor above."""

    target_unit: Unit | None = None
    orders: tuple[dict[str, Any], ...] = ()
    review_at: datetime | None = None
    approval: dict[str, Any] | None = None
    master: Incident | None = None
    on_site: bool = False
    place: Unit | None = None
    plan_id: int | None = None
    extra: dict[str, Any] | None = None


NOTHING = Details()


def move(
    *,
    incident_id: int,
    name: str,
    actor: Person | None,
    now: datetime,
    note: str = "",
    seen_seq: int | None = None,
    idempotency_key: str = "",
    details: Details = NOTHING,
) -> Incident:
    """Make one move and return the incident as it then stands.

    ``seen_seq`` is the ``seq`` the person saw; None skips the check (the system looks under its own lock). A repeated
    ``idempotency_key`` of the same actor returns the present incident without moving. Raises MoveRefused, and
    Incident.DoesNotExist for an id that is none.
    """
    with transaction.atomic():
        if name in COME_BACK:
            rehoming.hold_ground(incident_id)
        held, *masters = in_hand.take(incident_id, *([details.master.pk] if details.master else []), now=now)
        details = replace(details, master=masters[0].incident) if masters else details
        if records.earlier(actor=actor, idempotency_key=idempotency_key, incident=held.incident) is not None:
            return held.incident
        make(held, name=name, actor=actor, note=note, seen_seq=seen_seq, key=idempotency_key, details=details)
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
) -> None:
    """Make one move of an incident in hand, in memory; ``details.master`` is locked too. Raises MoveRefused."""
    row, incident = MOVES[name], held.incident
    if seen_seq is not None and seen_seq != incident.seq:
        raise refusals.stale()
    if incident.state not in row.sources:
        raise refusals.wrong_state()
    held.acting = _acting(row, incident, actor, now=held.now, details=details)
    _demand(row, incident, actor, note=note, details=details, now=held.now)
    stays = holders.stays(row, incident)
    if not stays and "holder" not in incident._state.fields_cache:
        holders.read_units([incident])
    holder = None if stays else holders.after(row, incident, target=details.target_unit or details.place)
    held.state_before, held.holder_before = incident.state, incident.holder_id
    _write(row, held, holder, note=note, key=key, details=details)
    _open_sights(row, held, details)
    if row.name == "reopen":
        # Whoever was to look at it on site need not any more: it was found not solved.
        Inspection.objects.filter(incident=incident, ended_at=None).update(ended_at=held.now, confirmed=False)


def _acting(row: Move, incident: Incident, actor: Person | None, *, now: datetime, details: Details) -> Acting:
    if actor is None:
        if not row.by_system:
            raise refusals.not_by_system()
        return SYSTEM
    if not row.by_person or (row.name == "answer" and incident.state == State.DISPATCHED):
        raise refusals.not_by_people()
    return who_may.acting(row, incident, actor, now=now, on_site=details.on_site, master=details.master)


def _demand(row: Move, incident: Incident, actor: Person | None, *, note: str, details: Details, now: datetime) -> None:
    """Raise MoveRefused for whatever the table demands and was not given."""
    if actor is not None and not note.strip():
        if Needs.NOTE in row.needs:
            raise refusals.missing("note")
        if Needs.RESULT in row.needs:
            raise refusals.missing("result")
    given = {
        Needs.UNIT: details.target_unit,
        Needs.ORDER: details.orders,
        Needs.APPROVAL: details.approval,
        Needs.REVIEW_AT: details.review_at,
        Needs.MASTER: details.master,
        Needs.PLAN: details.plan_id,
    }
    fields = {Needs.UNIT: "target_unit", Needs.ORDER: "orders", Needs.APPROVAL: "approval"}
    for need, value in given.items():
        if need in row.needs and not value:
            raise refusals.missing(fields.get(need, need.name.lower()))
    _refuse_what_cannot_be(row, incident, actor, details=details, now=now)


def _refuse_what_cannot_be(
    row: Move, incident: Incident, actor: Person | None, *, details: Details, now: datetime
) -> None:
    """Raise MoveRefused for what was given but is not right for this incident."""
    if row.urgent_only and incident.urgency == Urgency.NORMAL:
        raise refusals.not_urgent()
    if details.review_at is not None and details.review_at <= now:
        raise refusals.missing("review_at")
    if details.approval is not None and actor is not None and details.approval.get("asked_by") == actor.pk:
        raise refusals.own_request()
    if details.master is not None and (details.master.pk == incident.pk or not details.master.is_open):
        raise refusals.missing("master")
    if row.name == "reopen" and not may_be_reopened(incident, now=now):
        raise refusals.too_late(_reopen_days(incident))


def may_be_reopened(incident: Incident, *, now: datetime) -> bool:
    """Whether it ended recently enough to be reopened; what was not accepted always may."""
    if incident.state != State.CLOSED or incident.closed_at is None:
        return True
    return now - incident.closed_at <= timedelta(days=_reopen_days(incident))


def _reopen_days(incident: Incident) -> int:
    return selectors.profile_for(incident.district_id).reopen_days


def _write(row: Move, held: InHand, holder: Unit | None, *, note: str, key: str, details: Details) -> None:
    """Change state, holder, seq and clocks, and add the event, in that order; no ``holder`` means the same one."""
    incident, before = held.incident, State(held.state_before)
    target = _target(row, incident)
    _set_state(row, incident, target, holder, now=held.now, details=details)
    held.moved = True
    lights = _turn_clocks(row, held, before, target, details=details)
    extra: dict[str, Any] = {"lights": lights, **(details.extra or {})}
    if details.orders:
        extra["orders"] = list(details.orders)
    if details.approval:
        extra["approval"] = details.approval
    if details.review_at:
        extra["review_at"] = details.review_at.isoformat()
    if details.plan_id:
        extra["plan"] = details.plan_id
    if details.master and incident.state == State.MERGED:
        extra["master"] = details.master.number
    held.record(
        row.name,
        held.acting,
        note=note.strip(),
        details=extra,
        idempotency_key=key,
        seq=incident.seq,
        state_before=before,
        state_after=target,
        holder_before_id=held.holder_before,
        holder_after_id=incident.holder_id,
    )


def _target(row: Move, incident: Incident) -> State:
    if row.name == "rework" and answered_from(incident) == State.DISPATCHED:
        return State.DISPATCHED
    target = row.target_from(State(incident.state))
    return State(incident.state_before) if target is None else target


def answered_from(incident: Incident) -> str:
    """The state in which the incident was last answered: DISPATCHED when others did the work."""
    answers = IncidentEvent.objects.filter(incident=incident, kind="answer").order_by("-id")
    return answers.values_list("state_before", flat=True).first() or State.ACCEPTED


def _set_state(
    row: Move, incident: Incident, target: State, holder: Unit | None, *, now: datetime, details: Details
) -> None:
    before, holder_before = State(incident.state), incident.holder_id
    if target in (State.SUSPENDED, State.MERGED):
        # What others were doing does not run on by itself when an incident is taken out of a merge.
        gone = target == State.MERGED and before in (State.DISPATCHED, State.SUSPENDED)
        incident.state_before = State.ACCEPTED if gone else before
    elif row.name in ("resume", "unmerge"):
        incident.state_before = ""
    if row.name == "answer":
        incident.answered_by_unit_id = holder_before
    incident.rework_count += row.name == "rework"
    incident.relapse_count += row.name == "reopen"
    if row.name in ARRIVALS:
        incident.arrived_at, incident.arrived_by, incident.came_from_id = now, row.name, holder_before
    if row.name == "rehome" and details.place is not None:
        incident.place = details.place
    if row.name in COME_BACK:
        # The ground may have been redrawn while it was away.
        incident.place = rehoming.grid_of_today(incident) or incident.place
    incident.state = target
    if holder is not None:
        incident.holder = holder
    incident.seq += 1
    incident.master = details.master if target == State.MERGED else None
    incident.review_at = details.review_at if target == State.SUSPENDED else None
    incident.closed_at = None if incident.is_open else now


def _turn_clocks(row: Move, held: InHand, before: State, target: State, *, details: Details) -> dict[str, str]:
    """Finish, stop, pause, resume and start clocks as the table says; returns the final light of each that ended."""
    ended: dict[str, str] = {}
    now, into = held.now, held.turned
    for clock in held.clocks:
        if clock.state == ClockState.STOPPED:
            continue
        own = clock.subject_kind == Subject.INCIDENT
        stage = Stage(clock.stage)
        if (own and stage in row.finishes) or (row.name == "reopen" and clock.subject_kind == Subject.INSPECTION):
            clocks.finish(clock=clock, now=now, into=into)
        elif row.stops_all or (own and stage in row.stops):
            clocks.stop(clock=clock, now=now, into=into)
        elif row.pauses_all:
            clocks.pause(clock=clock, now=now, cause=PauseCause.SUSPENSION, into=into)
        elif own and stage in row.pauses:
            clocks.pause(clock=clock, now=now, cause=PauseCause.DISPATCH, into=into)
        elif (row.name == "resume" and clock.pause_cause == PauseCause.SUSPENSION) or (own and stage in row.resumes):
            clocks.resume(clock=clock, now=now, into=into)
        if own and clock.final_light:
            ended[stage] = clock.final_light
    for stage in _stages_to_start(row, target):
        _start(row, held, stage, target, details=details)
    return ended


def _stages_to_start(row: Move, target: State) -> list[Stage]:
    if row.name == "unmerge":
        return [stage for stage in (STAGE_OF_STATE.get(target), Stage.OVERALL) if stage]
    if row.name == "reopen":
        return [STAGE_OF_STATE[target], Stage.OVERALL]
    return list(row.starts)


def _start(row: Move, held: InHand, stage: Stage, target: State, *, details: Details) -> None:
    incident = held.incident
    if stage == Stage.PAUSE:
        assert details.review_at is not None
        held.start_clock(stage, incident.holder_id, until=details.review_at)
        return
    # An incident taken out of a merge is as old as it was: its overall time began with the report.
    since = incident.reported_at if row.name == "unmerge" and stage == Stage.OVERALL else None
    unit = holders.code_at_birth(incident.place_id) if stage == Stage.OVERALL else incident.holder_id
    clock = held.start_clock(stage, unit, since=since)
    if stage == Stage.HANDLE and target == State.DISPATCHED:
        clocks.pause(clock=clock, now=held.now, cause=PauseCause.DISPATCH, into=held.turned)


def _open_sights(row: Move, held: InHand, details: Details) -> None:
    incident = held.incident
    if incident.holder_id != held.holder_before:
        held.open_sight([incident.holder_id], why="held")
    if row.name == "merge" and details.master is not None:
        seen = incident.sights.values_list("unit_id", flat=True)
        held.open_sight(seen, why="merged", incident=details.master)


def confirm(
    *, incident_id: int, actor: Person, now: datetime, note: str = "", key: str = "", on_site: bool = False
) -> IncidentEvent:
    """End a drawn inspection with the finding that it is really solved; raises MoveRefused."""
    with transaction.atomic():
        (held,) = in_hand.take(incident_id, now=now)
        event = find_solved(held, actor=actor, note=note, key=key, on_site=on_site)
        in_hand.write(held)
        return event


def find_solved(held: InHand, *, actor: Person, note: str = "", key: str = "", on_site: bool = False) -> IncidentEvent:
    """The same for an incident in hand."""
    inspection = Inspection.objects.select_for_update().filter(incident=held.incident, ended_at=None).first()
    if inspection is None:
        raise refusals.wrong_state()
    acting = who_may.checking(MOVES["reopen"], held.incident, actor, now=held.now, on_site=on_site)
    for clock in held.clocks:
        if clock.subject_kind == Subject.INSPECTION:
            clocks.finish(clock=clock, now=held.now, into=held.turned)
    inspection.ended_at, inspection.confirmed = held.now, True
    inspection.save(update_fields=["ended_at", "confirmed"])
    return held.record("confirmed", acting, note=note, idempotency_key=key)
