"""One incident told in memory with its orders and requests: the twin of `dispatch.assignments` and `approvals`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from governance.benchdata import hands
from governance.benchdata.parts import SYSTEM, Actor, Order, Request
from governance.benchdata.passage import Passage
from incidents.models import Light, PauseCause, Subject
from incidents.states import MOVES, Stage, State


@dataclass(slots=True)
class Tale(Passage):
    """An incident with everything around it, as it stands at `now`."""

    def _follow_up(self, by: Actor) -> None:
        """As `presses.press`: outside of dispatch no order stays open, and no request that cannot be granted."""
        if self.state not in (State.DISPATCHED, State.SUSPENDED):
            self._take_back(by)
        self._lapse()

    # -- orders -----------------------------------------------------------------------------------------------

    def dispatch(self, by: Actor, given: list[tuple[str, str, str]]) -> list[Order]:
        """Give orders (unit, text, role), all required, and dispatch by that."""
        self.move(
            "dispatch", by, orders=[{"unit": u, "text": t, "role": r, "required": True} for u, t, r in given]
        )  # fmt: skip
        return [self._give(by, *order) for order in given]

    def _give(self, by: Actor, unit: str, text: str, role: str) -> Order:
        order = Order(
            pk=self.ids.take("assignment"), unit=unit, by=by, role=role, required=True, text=text,
            called_seq=self.seq, called_at=self.now,
        )  # fmt: skip
        self.orders.append(order)
        self._start_for(order, Stage.SIGN)
        self.sights.setdefault(unit, (self.now, "assigned"))
        return order

    def sign(self, order: Order, by: Actor) -> None:
        """As `assignments.sign`."""
        lights = self._turn(order, Stage.SIGN, ends=False)
        self._start_for(order, Stage.FINISH)
        was, order.state, order.signed_at = order.state, "signed", self.now
        self._about(order, "signed", by, was=was, lights=lights)

    def arrive(self, order: Order, by: Actor) -> None:
        """As `assignments.arrive`."""
        was, order.state, order.arrived_at = order.state, "arrived", self.now
        self.handlers.append((by.person or 0, by.unit or "", "arrived", self.now))
        self._about(order, "arrived", by, was=was, lights={})

    def feed_back(self, order: Order, by: Actor, note: str) -> None:
        """As `assignments.feed_back`."""
        lights = self._turn(order, Stage.FINISH)
        was, order.state, order.ended_at, order.feedback = order.state, "fed_back", self.now, note
        self.handlers.append((by.person or 0, by.unit or "", "fed_back", self.now))
        self._about(order, "fed_back", by, note=note, was=was, lights=lights)
        self._settle()

    def give_back(self, order: Order, by: Actor, note: str, proposed: str) -> None:
        """As `assignments.return_`, not this unit's duty."""
        lights = self._turn(order, None)
        was, order.state, order.ended_at = order.state, "returned", self.now
        order.return_reason, order.return_note, order.proposed_unit = "not_ours", note, proposed
        self._about(order, "returned", by, note=note, reason="not_ours", proposed_unit=proposed, was=was, lights=lights)
        self._settle()

    def waive(self, order: Order, by: Actor, note: str) -> None:
        """As `assignments.waive`."""
        lights = self._turn(order, None)
        was, order.state, order.ended_at = order.state, "waived", self.now
        self._about(order, "waived", by, note=note, was=was, lights=lights)
        self._settle()

    def replace(self, order: Order, by: Actor, unit: str, text: str) -> Order:
        """As `assignments.replace`, of a returned order."""
        lights = self._turn(order, None)
        was = order.state
        new = self._give(by, unit, text, order.role)
        order.replaced_by = new.pk
        given = {"unit": unit, "text": text, "role": order.role, "required": True}
        self._about(
            order, "order_replaced", by, order=given, was=was, lights=lights, new_unit=unit, new_assignment=new.pk
        )
        self._settle()
        return new

    def rework(self, by: Actor, note: str) -> None:
        """As the press "rework": back to the handler, or every fed back order called again."""
        done = [o for o in self.current if o.state == "fed_back"]
        self.move("rework", by, note)
        if self.state != State.DISPATCHED:
            return
        for order in done:
            order.state, order.round, order.called_at, order.called_seq = "called", order.round + 1, self.now, self.seq
            order.signed_at = order.arrived_at = order.ended_at = None
            self._start_for(order, Stage.SIGN)
            self._about(order, "ordered_again", by, note=note)

    @property
    def current(self) -> list[Order]:
        """The orders of the dispatch the incident is in."""
        return [order for order in self.orders if order.called_seq >= self.dispatched_seq]

    def _start_for(self, order: Order, stage: Stage) -> None:
        self._start(stage, order.unit, subject=(Subject.ASSIGNMENT.value, order.pk))

    def _turn(self, order: Order, finished: Stage | None, *, ends: bool = True) -> dict[str, str]:
        lights = {}
        for clock in list(self.open):
            if clock.subject_kind != Subject.ASSIGNMENT or clock.subject_id != order.pk:
                continue
            if clock.stage == finished:
                self._end(clock, Light.GREEN)
            elif ends:
                self._end(clock, Light.NONE)
            if clock.final:
                lights[clock.stage.value] = clock.final
        return lights

    def _about(self, about: Order, kind: str, by: Actor, note: str = "", **details: Any) -> None:
        """The event of an order; an order still open that is given to another unit changes twice."""
        about.seq += 2 if kind == "order_replaced" and about.state != "returned" else 1
        told = {"assignment": about.pk, "unit": about.unit, "round": about.round, **details}
        self._tell(kind, by, note=note, details=told)

    def _settle(self) -> None:
        mine = self.current
        if any(order.ended_at is None for order in mine):
            self._keep_handle_clock(mine)
            return
        done = all(o.state in ("fed_back", "waived") or o.replaced_by is not None for o in mine if o.required)
        answered = any(order.state == "fed_back" for order in mine)
        self.move("answer" if done and answered else "recall", SYSTEM)

    def _keep_handle_clock(self, mine: list[Order]) -> None:
        waiting = any(o.state == "returned" and o.required and o.replaced_by is None for o in mine)
        for clock in self.open:
            if not clock.is_own or clock.stage != Stage.HANDLE:
                continue
            if waiting and clock.cause == PauseCause.DISPATCH:
                clock.resume(self.now)
            elif not waiting and clock.state == hands.RUNNING:
                clock.pause(self.now, PauseCause.DISPATCH)

    def _take_back(self, by: Actor) -> None:
        for order in self.orders:
            if order.ended_at is None:
                was, lights = order.state, self._turn(order, None)
                order.state, order.ended_at = "recalled", self.now
                self._about(order, "order_recalled", by, was=was, lights=lights)

    # -- requests ---------------------------------------------------------------------------------------------

    def ask(self, kind: str, by: Actor, reason: str, review_at: datetime | None = None) -> Request:
        """As `approvals.ask`."""
        request = Request(self.ids.take("approval"), kind, "pending", self.holder, by, self.now, reason, review_at)
        self.requests.append(request)
        self._tell("approval_asked", by, note=reason, details=self._asked(request))
        return request

    def grant(self, request: Request, by: Actor, note: str) -> None:
        """As `approvals.grant`: decides and makes the move."""
        request.state, request.decided_by, request.decided_at = "granted", by.person, self.now
        request.decision_note = note
        self.move(request.kind, by, note, approval=self._asked(request), review_at=request.review_at)

    def _lapse(self) -> None:
        for request in self.requests:
            if request.state != "pending":
                continue
            if request.holder == self.holder and self.state in MOVES[request.kind].sources:
                continue
            request.state, request.decided_at = "lapsed", self.now
            about = {"approval": request.pk, "kind": request.kind, "asked_by": request.asked_by.person}
            self._tell("approval_lapsed", SYSTEM, details=about)

    def _asked(self, request: Request) -> dict[str, Any]:
        return {
            "approval": request.pk,
            "kind": request.kind,
            "reason": request.reason,
            "asked_by": request.asked_by.person,
            "asked_unit": request.asked_by.unit,
            "review_at": request.review_at.isoformat() if request.review_at else "",
        }
