"""Who does what next: carries one incident from its report to where it shall stand at the end of the telling.

The teller is reactive: it looks at state and holder, lets somebody act after a while, and lets the clocks do theirs in
between. A slow unit is late by itself, an incident that climbed meanwhile is taken up where it is.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from governance.benchdata import texts
from governance.benchdata.ground import Ground
from governance.benchdata.parts import Actor, Order, TooLate
from governance.benchdata.tale import Tale
from grids.duties import Duty
from incidents.models import Source
from incidents.states import OPEN_STATES, State, Urgency

HOUR = 3600
MOST_ACTS = 40
TAKERS = (Duty.HANDLER, Duty.CLERK)


@dataclass(slots=True)
class Fate:
    """What shall become of an incident.

    `level` is the tier that solves it (0 on the spot, 1 village, 2 town, 3 district), `ordered` whether others do the
    work. `stuck` names the open state in which it waits when the telling ends, entered at `stuck_at`.
    """

    level: int = 1
    ordered: bool = False
    helpers: int = 0
    returned: bool = False
    reworks: int = 0
    reopens: int = 0
    pauses: int = 0
    sideways: str = ""
    ends: State = State.CLOSED
    stuck: State | None = None
    stuck_at: datetime | None = None
    stuck_signed: bool = False


class Teller:
    """Tells one incident after another. All chance comes from one seed."""

    def __init__(self, ground: Ground, seed: int) -> None:
        self.ground = ground
        self.dice = random.Random(seed)

    # -- births -----------------------------------------------------------------------------------------------

    def begin(self, tale: Tale, fate: Fate) -> None:
        """The report, or the settling on the spot."""
        officer = tale.actor(tale.grid.code, Duty.OFFICER)
        assert officer is not None
        tale.place = tale.grid.code
        if fate.level == 0:
            tale.self_handle(officer, texts.result_of(tale.matter, self.dice))
            if self.dice.random() < float(self.ground.profile.recheck_share):
                supervised = tale.actor(tale.place, Duty.SUPERVISOR) is not None
                tale.draw(tale.place if supervised else tale.place[:12])
            return
        clerk = tale.actor(tale.place[:12], Duty.CLERK)
        if clerk is not None and self.dice.random() < 0.16:
            tale.source = Source.CLERK.value
            if self.dice.random() < 0.15:
                tale.place, tale.point = tale.place[:12], None
            tale.report(clerk)
        else:
            tale.report(officer)

    # -- the way through the house ----------------------------------------------------------------------------

    def tell(self, tale: Tale, fate: Fate) -> None:
        """Everything after the birth."""
        try:
            if fate.level == 0:
                self._inspect(tale)
            self._run(tale, fate)
            if fate.reopens and tale.state == State.CLOSED and tale.drawn is None:
                self._reopen(tale, fate)
            tale.sweep_to(self.ground.end)
        except TooLate:
            pass

    def merge(self, master: Tale, twin: Tale) -> bool:
        """Merge the second report of a matter into the first, if one clerk has both in hand by then."""
        try:
            moment = max(master.now, twin.now) + timedelta(minutes=self.dice.randrange(4, 50))
            master.at(moment)
            twin.at(moment)
        except TooLate:
            return False
        clerk = twin.actor(twin.holder, Duty.CLERK)
        if clerk is None or master.holder != twin.holder or master.state not in OPEN_STATES:
            return False
        if twin.state not in OPEN_STATES:
            return False
        twin.move("merge", clerk, self._note("merge"), master=master)
        return True

    def _run(self, tale: Tale, fate: Fate) -> None:
        for _act in range(MOST_ACTS):
            if tale.state not in OPEN_STATES or not self._act(tale, fate):
                break

    def _act(self, tale: Tale, fate: Fate) -> bool:
        """One act; False when nobody does anything any more."""
        if fate.stuck is not None and tale.state == fate.stuck and self._is_there(tale, fate):
            return False
        seq = tale.seq
        act = {
            State.REPORTED: self._reported,
            State.ACCEPTED: self._accepted,
            State.DISPATCHED: self._dispatched,
            State.ANSWERED: self._answered,
            State.SUSPENDED: self._suspended,
        }[tale.state]
        acted = act(tale, fate)
        return acted or tale.seq != seq

    def _is_there(self, tale: Tale, fate: Fate) -> bool:
        if fate.stuck == State.DISPATCHED:
            return not fate.stuck_signed or any(order.signed_at for order in tale.current)
        return self.ground.tier(tale.holder) >= fate.level or fate.stuck in (State.ANSWERED, State.SUSPENDED)

    def _later(self, tale: Tale, hours: float, *, unit: str = "", last: datetime | None = None) -> bool:
        """Wait about `hours` of working time at the unit's pace, of natural time if urgent; whether nothing moved."""
        seconds = int(hours * HOUR * self.dice.lognormvariate(0, 0.5) * self.ground.pace.get(unit or tale.holder, 1.0))
        seq = tale.seq
        if tale.matter.urgency == Urgency.NORMAL:
            moment = self.ground.calendar.add(tale.now, max(seconds, 60))
        else:
            moment = tale.now + timedelta(seconds=max(60, seconds // 6))
        tale.at(max(moment, last) if last is not None else moment)
        return tale.seq == seq

    def _reported(self, tale: Tale, fate: Fate) -> bool:
        entering = fate.stuck == State.ACCEPTED and self.ground.tier(tale.holder) >= fate.level
        if not self._later(tale, 1.1, last=fate.stuck_at if entering else None):
            return True
        clerk = tale.actor(tale.holder, Duty.CLERK)
        if clerk is None:
            return False
        if fate.ends == State.DISMISSED:
            tale.move("dismiss", clerk, self._note("dismiss"))
        elif fate.sideways == "transfer" and len(tale.holder) == 12:
            fate.sideways, beside = "", self.ground.beside(tale.holder)
            if beside is not None:
                tale.move("transfer", clerk, self._note("transfer"), target=beside)
        elif fate.sideways == "send_back" and tale.arrived_by == "escalate":
            fate.sideways = ""
            tale.move("send_back", clerk, self._note("send_back"))
        else:
            tale.move("accept", clerk)
        return True

    def _accepted(self, tale: Tale, fate: Fate) -> bool:
        tier = self.ground.tier(tale.holder)
        if tier < fate.level:
            return self._climb(tale, fate, tier)
        if fate.ends == State.VOIDED:
            return self._ask(tale, fate, "void")
        if fate.pauses or fate.stuck == State.SUSPENDED:
            return self._ask(tale, fate, "suspend")
        if fate.ordered and tier >= 2:
            return self._order(tale, fate)
        entering = fate.stuck == State.ANSWERED
        if not self._later(tale, 5.0, last=fate.stuck_at if entering else None):
            return True
        clerk = tale.actor(tale.holder, Duty.CLERK)
        if clerk is None:
            return False
        if self.dice.random() < 0.08:
            tale.comment(clerk, self._note("comment"))
        tale.move("answer", clerk, texts.result_of(tale.matter, self.dice))
        return True

    def _climb(self, tale: Tale, fate: Fate, tier: int) -> bool:
        entering = fate.stuck == State.REPORTED and tier + 1 >= fate.level
        if not self._later(tale, 1.6, last=fate.stuck_at if entering else None):
            return True
        clerk = tale.actor(tale.holder, Duty.CLERK)
        if clerk is None:
            return False
        past = tier == 1 and fate.level == 3 and tale.matter.urgency != Urgency.NORMAL and self.dice.random() < 0.4
        name = "escalate_urgent" if past else "escalate"
        tale.move(name, clerk, self._note(name))
        return True

    # -- orders -----------------------------------------------------------------------------------------------

    def _order(self, tale: Tale, fate: Fate) -> bool:
        entering = fate.stuck == State.DISPATCHED and not fate.stuck_signed
        if not self._later(tale, 1.2, last=fate.stuck_at if entering else None):
            return True
        dispatcher = tale.actor(tale.holder, Duty.DISPATCHER)
        if dispatcher is None:
            return False
        tale.dispatch(dispatcher, self._orders_for(tale, fate))
        return True

    def _orders_for(self, tale: Tale, fate: Fate) -> list[tuple[str, str, str]]:
        lead = right = self._department(tale)
        offices = self.ground.offices(tale.holder) if len(tale.holder) == 9 else []
        if offices and self.dice.random() < 0.7:
            lead = self.dice.choice(offices)
        elif len(tale.holder) == 6 and self.dice.random() < 0.12:
            lead = tale.grid.code[:9]
        if fate.returned:
            lead = self._other_department({right, lead}) or lead
        given = [(lead, self._note("town") if len(lead) == 9 else tale.matter.order, "lead")]
        for _helper in range(fate.helpers):
            helper = self._other_department({unit for unit, *_rest in given} | {right})
            if helper is not None:
                given.append((helper, self._note("help"), "co"))
        return given

    def _department(self, tale: Tale) -> str:
        """The department whose duty it is; any other one where the district has none of that name."""
        code = f"{self.ground.district}{tale.matter.unit}"
        return code if code in self.ground.kinds else self.dice.choice(self.ground.departments)

    def _other_department(self, taken: set[str]) -> str | None:
        free = [code for code in self.ground.departments if code not in taken]
        return self.dice.choice(free) if free else None

    def _dispatched(self, tale: Tale, fate: Fate) -> bool:
        if fate.stuck == State.SUSPENDED or fate.pauses:
            return self._ask(tale, fate, "suspend")
        waiting = [o for o in tale.current if o.state == "returned" and o.replaced_by is None]
        if waiting:
            return self._replace(tale, waiting[0])
        todo = [order for order in tale.current if order.ended_at is None]
        if not todo:
            return False
        order = next((order for order in todo if order.state == "called"), todo[0])
        taker = tale.actor(order.unit, *TAKERS)
        if taker is None:
            return False
        if order.state == "called":
            return self._sign(tale, fate, order, taker)
        return self._work(tale, fate, order, taker)

    def _sign(self, tale: Tale, fate: Fate, order: Order, taker: Actor) -> bool:
        entering = fate.stuck == State.DISPATCHED and fate.stuck_signed
        if not self._later(tale, 3.0, unit=order.unit, last=fate.stuck_at if entering else None):
            return True
        if fate.returned and order.role == "lead" and fate.stuck is None:
            fate.returned = False
            tale.give_back(order, taker, self._note("returned"), self._department(tale))
        else:
            tale.sign(order, taker)
        return True

    def _work(self, tale: Tale, fate: Fate, order: Order, taker: Actor) -> bool:
        entering = fate.stuck == State.ANSWERED and sum(o.ended_at is None for o in tale.current) == 1
        last = fate.stuck_at if entering else None
        if order.state == "signed" and tale.matter.urgency != Urgency.NORMAL:
            if not self._later(tale, 1.0, unit=order.unit):
                return True
            tale.arrive(order, taker)
        if not self._later(tale, 14.0 if order.role == "lead" else 6.0, unit=order.unit, last=last):
            return True
        if order.role == "co" and self.dice.random() < 0.06:
            dispatcher = tale.actor(tale.holder, Duty.DISPATCHER)
            if dispatcher is not None:
                tale.waive(order, dispatcher, self._note("waive"))
                return True
        helps = order.role == "co"
        tale.feed_back(order, taker, self._note("helped") if helps else tale.matter.feedback)
        return True

    def _replace(self, tale: Tale, order: Order) -> bool:
        if not self._later(tale, 1.5):
            return True
        dispatcher = tale.actor(tale.holder, Duty.DISPATCHER)
        if dispatcher is None:
            return False
        busy = {o.unit for o in tale.orders}
        right = self._department(tale)
        unit = right if right not in busy else self._other_department(busy)
        if unit is None:
            tale.waive(order, dispatcher, self._note("waive"))
        else:
            tale.replace(order, dispatcher, unit, tale.matter.order)
        return True

    # -- the end ----------------------------------------------------------------------------------------------

    def _answered(self, tale: Tale, fate: Fate) -> bool:
        if not self._later(tale, 2.2):
            return True
        handlers = {person for person, *_rest in tale.handlers}
        checker = tale.actor(tale.holder, Duty.CHECKER)
        if checker is None or checker.person in handlers:
            return False
        if fate.reworks:
            fate.reworks -= 1
            tale.rework(checker, self._note("rework"))
        else:
            tale.move("close", checker, self._note("close"))
        return True

    def _ask(self, tale: Tale, fate: Fate, kind: str) -> bool:
        if not self._later(tale, 3.0):
            return True
        asker = tale.actor(tale.holder, Duty.CLERK)
        chief = tale.actor(tale.holder, Duty.DUTY_CHIEF)
        if asker is None or chief is None or chief.person == asker.person:
            return False
        entering = kind == "suspend" and fate.stuck == State.SUSPENDED
        granted = self.ground.calendar.add(tale.now, 5400)
        if entering and fate.stuck_at:
            granted = max(granted, fate.stuck_at)
        review_at = self._review(tale, granted, entering)
        fate.pauses = 0
        if kind == "suspend" and review_at is None:
            fate.stuck = None
            return True
        request = tale.ask(kind, asker, self._note(kind), review_at if kind == "suspend" else None)
        tale.at(granted)
        if request.state == "pending":
            tale.grant(request, chief, self._note("voided" if kind == "void" else "granted"))
        return True

    def _review(self, tale: Tale, granted: datetime, entering: bool) -> datetime | None:
        """The review date: ahead of the end if it shall still be suspended then."""
        longest = tale.now + timedelta(days=self.ground.profile.suspension_days - 1)
        if not entering:
            return granted + timedelta(days=self.dice.randrange(5, 40))
        earliest = max(granted, self.ground.end) + timedelta(days=1)
        if earliest >= longest:
            return None
        return earliest + (longest - earliest) * self.dice.random()

    def _suspended(self, tale: Tale, fate: Fate) -> bool:
        """It goes on by itself on its date, or the duty chief lets it go on before."""
        assert tale.review_at is not None
        seq = tale.seq
        if self.dice.random() < 0.3:
            tale.at(tale.now + (tale.review_at - tale.now) * self.dice.uniform(0.3, 0.9))
            chief = tale.actor(tale.holder, Duty.DUTY_CHIEF)
            if tale.seq == seq and chief is not None:
                tale.move("resume", chief)
        else:
            tale.at(tale.review_at + timedelta(seconds=5))
        return True

    def _inspect(self, tale: Tale) -> None:
        if tale.drawn is None:
            return
        # The supervisor would need a picture taken on site; the village's checker goes by the telephone.
        by = tale.actor(tale.place[:12], Duty.CHECKER)
        if self._later(tale, 7.0, unit=tale.drawn.unit) and by is not None:
            tale.confirm(by, self._note("confirmed"))

    def _reopen(self, tale: Tale, fate: Fate) -> None:
        fate.reopens = 0
        if not self._later(tale, self.dice.uniform(8, 90)):
            return
        closed = tale.closed_at
        if closed is None or tale.now - closed > timedelta(days=self.ground.profile.reopen_days):
            return
        unit = self.ground.above(tale.holder) if len(tale.holder) == 15 else tale.holder
        handlers = {person for person, *_rest in tale.handlers}
        checker = tale.actor(unit, Duty.CHECKER)
        if checker is None or checker.person in handlers:
            return
        tale.move("reopen", checker, self._note("reopen"))
        self._run(tale, fate)

    def _note(self, kind: str) -> str:
        return texts.note(kind, self.dice)
