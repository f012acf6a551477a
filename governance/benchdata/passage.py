"""How an incident is born and moves, in memory: the twin of `incidents.lifecycle`, the sweep included.

Nothing here touches the database. `sweep_to` does what the sweep would have done meanwhile: lights come on, what is
red on accept or handle climbs, a suspension ends on its date.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from dispatch import consequences
from governance.benchdata import hands
from governance.benchdata.ground import Grid, Ground
from governance.benchdata.hands import Hand
from governance.benchdata.parts import SYSTEM, Actor, Drawn, Ids, Order, Request, Told, TooLate
from governance.benchdata.texts import Matter
from grids.duties import Duty
from incidents.clock_rules import RED_SAID
from incidents.clock_steps import AGAIN, KIND_OF_STEP
from incidents.lifecycle import ARRIVALS
from incidents.models import Light, PauseCause, Subject
from incidents.states import FINAL_STATES, MOVES, STAGE_OF_STATE, HolderAfter, Move, Stage, State

SWEEP_LAG = timedelta(seconds=1)


class _Stepping(NamedTuple):
    """What decides what follows from a step of a clock."""

    stage: str
    subject_kind: str
    escalation_id: int | None
    incident_state: str
    holder_id: str


@dataclass(slots=True)
class Passage:
    """An incident with everything around it, as it stands at `now`."""

    ground: Ground
    ids: Ids
    pk: int
    matter: Matter
    grid: Grid
    now: datetime
    text: str
    address: str
    source: str = "officer"
    place: str = ""
    point: tuple[float, float] | None = None
    state: State = State.REPORTED
    state_before: str = ""
    holder: str = ""
    seq: int = 0
    arrived_at: datetime | None = None
    arrived_by: str = ""
    came_from: str | None = None
    answered_by: str | None = None
    answered_from: State = State.ACCEPTED
    master: int | None = None
    reporter: Actor = SYSTEM
    self_handled: bool = False
    reworks: int = 0
    relapses: int = 0
    born: datetime | None = None
    closed_at: datetime | None = None
    review_at: datetime | None = None
    dispatched_seq: int = 0
    clocks: list[Hand] = field(default_factory=list)
    open: list[Hand] = field(default_factory=list)
    events: list[Told] = field(default_factory=list)
    sights: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    handlers: list[tuple[int, str, str, datetime]] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    drawn: Drawn | None = None
    number: str = ""

    # -- time -------------------------------------------------------------------------------------------------

    def at(self, moment: datetime) -> None:
        """Go on to `moment`; raises TooLate once the end of the telling is reached."""
        moment = max(moment, self.now + timedelta(seconds=1))
        if moment >= self.ground.end:
            self.sweep_to(self.ground.end)
            raise TooLate
        self.sweep_to(moment)

    def sweep_to(self, moment: datetime) -> None:
        """Let time pass until `moment`."""
        while True:
            due = [clock for clock in self.open if clock.next_at is not None]
            clock = min(due, key=lambda clock: (clock.next_at, clock.pk), default=None)
            if clock is None or clock.next_at is None or clock.next_at + SWEEP_LAG > moment:
                break
            self.now = max(self.now, clock.next_at + SWEEP_LAG)
            self._announce(clock)
        self.now = moment

    def _announce(self, clock: Hand) -> None:
        told = clock.announce(self.now)
        follows, rule = "", clock.rule
        stepping = _Stepping(clock.stage.value, clock.subject_kind, rule.escalation_id, self.state, self.holder)
        for step, seq, planned_at in told:
            action = consequences.follows(stepping, step)
            if consequences.is_silent(stepping, step):
                follows = action
                continue
            details: dict[str, Any] = {
                "stage": clock.stage.value,
                "planned_at": planned_at.isoformat(),
                "due_at": clock.due_at.isoformat(),
                "superseded": (step, seq) != told[-1][:2],
                "action": action,
            }
            if not clock.is_own:
                details[clock.subject_kind] = clock.subject_id
            if step >= RED_SAID:
                details["card"] = action == consequences.CARD
                follows = action
            if step > RED_SAID:
                details["time"] = step - RED_SAID
            kind = KIND_OF_STEP.get(step, AGAIN)
            self._tell(kind, Actor(None, clock.unit), details=details, clock=(clock.pk, seq))
        if consequences.is_move(follows):
            self.move(follows, SYSTEM, extra={"because": "due", "clock": clock.pk, "stage": clock.stage.value})

    # -- births -----------------------------------------------------------------------------------------------

    def report(self, by: Actor) -> None:
        """As `births.report`, in the grid or, without a point, as somebody named it."""
        self._birth("report", State.REPORTED, self.place[:12] if len(self.place) == 15 else self.place, by, "")

    def self_handle(self, by: Actor, result: str) -> None:
        """As `births.self_handle`; whether it is drawn for inspection is the teller's affair."""
        self.self_handled, self.answered_by, self.closed_at = True, self.place, self.now
        self.handlers.append((by.person or 0, by.unit or "", "self_handle", self.now))
        self._birth("self_handle", State.CLOSED, self.place, by, result)

    def _birth(self, name: str, state: State, holder: str, by: Actor, note: str) -> None:
        row = MOVES[name]
        self.state, self.holder, self.seq, self.born, self.reporter = state, holder, 1, self.now, by
        self.arrived_at, self.arrived_by = self.now, name
        lights = {}
        for stage in row.starts:
            clock = self._start(stage, self.overall_unit if stage == Stage.OVERALL else holder)
            if stage in row.finishes:
                self._end(clock, Light.GREEN)
                lights[stage.value] = clock.final
        self._tell(name, by, seq=1, after=state, holder_after=holder, note=note, details={"lights": lights})
        for unit in {holder, by.unit or holder}:
            self.sights[unit] = (self.now, "reported")

    def draw(self, unit: str) -> None:
        """Draw the inspection of a self-handled incident, with its check clock."""
        self.drawn = Drawn(self.ids.take("inspection"), unit, self.now)
        self._start(Stage.CHECK, unit, subject=(Subject.INSPECTION.value, self.drawn.pk))

    def confirm(self, by: Actor, note: str) -> None:
        """As `lifecycle.confirm`."""
        assert self.drawn is not None
        for clock in list(self.open):
            if clock.subject_kind == Subject.INSPECTION:
                self._end(clock, Light.GREEN)
        self.drawn.ended_at = self.now
        self._tell("confirmed", by, note=note)

    # -- moves ------------------------------------------------------------------------------------------------

    def move(
        self,
        name: str,
        by: Actor,
        note: str = "",
        *,
        target: str | None = None,
        review_at: datetime | None = None,
        approval: dict[str, Any] | None = None,
        orders: list[dict[str, Any]] | None = None,
        master: "Passage | None" = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        """As `lifecycle.move`."""
        row = MOVES[name]
        assert self.state in row.sources, f"{name} from {self.state}"
        before, holder_before = self.state, self.holder
        holder, state = self._holder_after(row, target), self._target(row)
        if name == "answer" and by.person is not None:
            self.handlers.append((by.person, by.unit or "", "answer", self.now))
        self._set_state(row, state, holder, review_at, master)
        if name == "dispatch" and before == State.ACCEPTED:
            self.dispatched_seq = self.seq
        details: dict[str, Any] = {"lights": self._turn_clocks(row, state, review_at), **(extra or {})}
        if orders:
            details["orders"] = orders
        if approval:
            details["approval"] = approval
        if review_at:
            details["review_at"] = review_at.isoformat()
        if master is not None:
            details["master"] = master.number
        self._tell(
            name, by, seq=self.seq, before=before, after=state, holder_before=holder_before, holder_after=holder,
            note=note, details=details,
        )  # fmt: skip
        if row.holder is not HolderAfter.SAME:
            self.sights.setdefault(holder, (self.now, "held"))
        if name == "merge" and master is not None:
            for unit in self.sights:
                master.sights.setdefault(unit, (self.now, "merged"))
        self._follow_up(by)

    def _follow_up(self, by: Actor) -> None:
        """What the floor above adds to every move; nothing here."""

    def _holder_after(self, row: Move, target: str | None) -> str:
        rule, holder = row.holder, self.holder
        if rule is HolderAfter.PARENT:
            return self.ground.above(holder)
        if rule is HolderAfter.TWO_UP:
            return self.ground.above(self.ground.above(holder))
        if rule is HolderAfter.SENDER:
            assert self.came_from is not None
            return self.came_from
        if rule is HolderAfter.SIBLING:
            assert target is not None
            return target
        if rule is HolderAfter.CHECKER:
            return holder if self.state == State.DISPATCHED else self.ground.above(holder)
        if rule is HolderAfter.HANDLER:
            return self.answered_by or holder
        if rule is HolderAfter.REOPENED:
            handled = self.answered_by or holder
            return self.ground.above(holder) if self.state == State.DISMISSED else handled[:12]
        return holder

    def _target(self, row: Move) -> State:
        if row.name == "rework" and self.answered_from == State.DISPATCHED:
            return State.DISPATCHED
        target = row.target_from(self.state)
        return State(self.state_before) if target is None else target

    def _set_state(
        self, row: Move, state: State, holder: str, review_at: datetime | None, master: "Passage | None"
    ) -> None:
        before, name = self.state, row.name
        if state in (State.SUSPENDED, State.MERGED):
            gone = state == State.MERGED and before in (State.DISPATCHED, State.SUSPENDED)
            self.state_before = (State.ACCEPTED if gone else before).value
        elif name in ("resume", "unmerge"):
            self.state_before = ""
        if name == "answer":
            self.answered_by, self.answered_from = self.holder, before
        self.reworks += name == "rework"
        self.relapses += name == "reopen"
        if name in ARRIVALS:
            self.arrived_at, self.arrived_by, self.came_from = self.now, name, self.holder
        self.state, self.holder = state, holder
        self.seq += 1
        self.master = master.pk if master is not None else None
        self.review_at = review_at if state == State.SUSPENDED else None
        self.closed_at = self.now if state in FINAL_STATES else None

    # -- clocks -----------------------------------------------------------------------------------------------

    @property
    def overall_unit(self) -> str:
        """The village of the place, against which the overall time runs."""
        return self.place[:12] if len(self.place) == 15 else self.place

    def _turn_clocks(self, row: Move, state: State, review_at: datetime | None) -> dict[str, str]:
        ended: dict[str, str] = {}
        for clock in list(self.open):
            own, stage = clock.is_own, clock.stage
            if own and stage in row.finishes:
                self._end(clock, Light.GREEN)
            elif row.stops_all or (own and stage in row.stops):
                self._end(clock, Light.NONE)
            elif row.pauses_all:
                clock.pause(self.now, PauseCause.SUSPENSION)
            elif own and stage in row.pauses:
                clock.pause(self.now, PauseCause.DISPATCH)
            elif (row.name == "resume" and clock.cause == PauseCause.SUSPENSION) or (own and stage in row.resumes):
                clock.resume(self.now)
            if own and clock.final:
                ended[stage.value] = clock.final
        starts = [STAGE_OF_STATE[state], Stage.OVERALL] if row.name == "reopen" else list(row.starts)
        for stage in starts:
            unit = self.overall_unit if stage == Stage.OVERALL else self.holder
            clock = self._start(stage, unit, due_at=review_at if stage == Stage.PAUSE else None)
            if stage == Stage.HANDLE and state == State.DISPATCHED:
                clock.pause(self.now, PauseCause.DISPATCH)
        return ended

    def _start(
        self,
        stage: Stage,
        unit: str,
        *,
        due_at: datetime | None = None,
        subject: tuple[str, int] = (Subject.INCIDENT.value, 0),
    ) -> Hand:
        rule = self.ground.rule(self.matter.category_id, self.matter.urgency, stage, self.ground.kinds[unit])
        clock = hands.start(
            pk=self.ids.take("clock"), stage=stage, unit=unit, rule=rule, now=self.now, due_at=due_at, subject=subject
        )
        self.clocks.append(clock)
        self.open.append(clock)
        return clock

    def _end(self, clock: Hand, otherwise: Light) -> None:
        clock.end(self.now, otherwise)
        self.open.remove(clock)

    # -- the record -------------------------------------------------------------------------------------------

    def _tell(
        self,
        kind: str,
        by: Actor,
        *,
        seq: int | None = None,
        before: str = "",
        after: str = "",
        holder_before: str | None = None,
        holder_after: str | None = None,
        note: str = "",
        details: dict[str, Any] | None = None,
        clock: tuple[int, int] = (0, 0),
    ) -> None:
        self.events.append(
            Told(
                self.now, self.pk, kind, seq, by, before, after, holder_before, holder_after, note, details or {},
                clock[0] or None, clock[1] if clock[0] else None,
            )
        )  # fmt: skip

    def comment(self, by: Actor, note: str) -> None:
        """A line that moves nothing."""
        self._tell("comment", by, note=note)

    # -- people -----------------------------------------------------------------------------------------------

    def actor(self, unit: str, *duties: Duty) -> Actor | None:
        """Somebody with one of the duties at the unit."""
        found = self.ground.person(unit, *duties)
        return None if found is None else Actor(found[0], unit, found[1].value)
