"""What the desk does that holds an incident: accept, hand up, back or aside, handle, give orders, ask for leave."""

from datetime import datetime, timedelta

from dispatch.models import Approval, ApprovalState
from dispatch.moves import Order
from dispatch.simulation.life import Life, Step
from grids.duties import Duty
from grids.models import Unit
from incidents.models import Incident
from incidents.states import State, Urgency

ESCALATED = ("escalate", "escalate_urgent")
# How often a desk hands up what it need not even accept.
STRAIGHT_UP = 0.22
TOWN_OFFICE, TOWN_WHISTLE = 0.5, 0.25
DISTRICT_ITSELF = 0.07


def reported(life: Life) -> Step | None:
    """What the clerk does with what waits to be accepted."""
    fresh = life.incident.arrived_by == "report"
    if fresh and life.takes("dismiss", "dismiss_reopen"):
        return life.at_desk(life.soon(0.9), "dismiss", Duty.CLERK, life.say("dismiss"))
    if fresh and life.takes("transfer"):
        beside = life.world.siblings(life.world.units[life.holder])
        if beside:
            target = life.dice.choice(beside)
            return life.at_desk(life.soon(0.6), "transfer", Duty.CLERK, life.say("transfer"), target_unit=target)
    if fresh and life.partner is not None and life.takes("merge", "unmerge"):
        master = Incident.objects.get(pk=life.partner.incident.pk)
        return life.at_desk(life.soon(0.2), "merge", Duty.CLERK, life.say("merge"), master=master)
    if life.incident.arrived_by in ESCALATED and life.tier == 2 and life.takes("send_back"):
        return life.at_desk(life.soon(0.8), "send_back", Duty.CLERK, life.say("send_back"))
    if fresh and life.takes("late_accept"):
        return life.at_desk(life.exactly(5.5), "accept", Duty.CLERK)
    if life.is_too_low and not life.is_on("past_tier") and life.dice.random() < STRAIGHT_UP:
        return _up(life, life.soon(0.7, minutes=8))
    return life.at_desk(life.soon(0.55, minutes=9), "accept", Duty.CLERK, life.say("accept"))


def accepted(life: Life) -> Step | None:
    """What the desk does with what it has in hand."""
    request = _request(life)
    if request is not None:
        return decided(life, request)
    asking = _asking(life)
    if asking is not None:
        return asking
    if life.is_too_low:
        return _up(life, life.soon(0.8, minutes=7))
    if life.tier == 1:
        return _by_itself(life, 3.5)
    orders = _orders(life)
    if orders and life.world.staff.of(life.holder, Duty.DISPATCHER):
        return life.at_desk(life.soon(0.7, minutes=10), "dispatch", Duty.DISPATCHER, orders=orders)
    return _by_itself(life, 5)


def decided(life: Life, request: Approval) -> Step | None:
    """The duty chief grants or refuses what was asked."""
    past = request.review_at is not None and request.review_at <= life.world.now + timedelta(hours=20)
    verb = "refuse" if past or life.is_on(f"{request.kind}_refused") else "grant"
    note = life.say(f"{verb}_{request.kind}")
    return life.at_desk(life.soon(1.4, minutes=15), verb, Duty.DUTY_CHIEF, note, approval_id=request.pk)


def _request(life: Life) -> Approval | None:
    if not life.is_on("suspend", "suspend_short", "suspend_resume", "suspend_refused", "void", "void_refused"):
        return None
    if not life.world.staff.of(life.holder, Duty.DUTY_CHIEF):
        return None
    waiting = Approval.objects.filter(incident=life.incident, state=ApprovalState.PENDING)
    return waiting.filter(holder=life.holder).first()


def _asking(life: Life) -> Step | None:
    if not life.world.staff.of(life.holder, Duty.DUTY_CHIEF):
        return None
    if life.takes("void", "void_refused"):
        return life.at_desk(life.soon(0.6), "ask_void", Duty.CLERK, life.say("ask_void"))
    if life.is_too_low or not life.takes("suspend", "suspend_short", "suspend_resume", "suspend_refused"):
        return None
    days = 1.8 if life.is_on("suspend_short") else life.dice.uniform(12, 40)
    at = life.soon(1)
    review_at = at + timedelta(days=days)
    return life.at_desk(at, "ask_suspend", Duty.CLERK, life.say("ask_suspend"), review_at=review_at)


def _up(life: Life, at: datetime) -> Step | None:
    may_jump = life.incident.state == State.ACCEPTED and life.tier == 1 and life.is_urgent
    if may_jump and life.takes("past_tier"):
        return life.at_desk(at, "escalate_urgent", Duty.CLERK, life.say("escalate_urgent"))
    note = life.say("escalate_village" if life.tier == 1 else "escalate_town")
    return life.at_desk(at, "escalate", Duty.CLERK, note)


def _by_itself(life: Life, hours: float) -> Step | None:
    """The holder does it and says so; slow_handle: not before the limit has run out."""
    late = life.takes("slow_handle")
    at = life.exactly(82) if late else life.soon(hours, minutes=50)
    step = life.at_desk(at, "answer", Duty.CLERK, life.tale.done(life.dice))
    if step is None or life.dice.random() > 0.1 or life.world.is_live:
        return step
    press = step.do
    by = life.world.staff.first(life.holder, Duty.CLERK)

    def shown() -> Incident | None:
        life.world.add_picture(life.incident, life.tale, by, life.dice)
        return press() if press is not None else None

    return Step(step.at, shown)


def _orders(life: Life) -> list[Order]:
    """Whom the holder orders to do what; none: it does it by itself."""
    if life.tier == 2:
        return _town_orders(life)
    if life.is_on("to_town"):
        return [Order(life.world.units[life.incident.place_id[:9]], life.say("town_order"))]
    if not life.turn and life.dice.random() < DISTRICT_ITSELF:
        return []
    units = _departments(life)
    if not units:
        return []
    given = [Order(units[0], life.tale.order(life.dice))]
    if life.is_on("together", "return_together", "waive", "recall_order") and len(units) > 1:
        given.append(Order(units[1], life.say("help")))
    return given


def _town_orders(life: Life) -> list[Order]:
    drawn, offices = life.dice.random(), life.world.offices(life.holder)
    if offices and drawn < TOWN_OFFICE:
        return [Order(life.dice.choice(offices), life.tale.order(life.dice))]
    units = _departments(life)
    if units and drawn > 1 - TOWN_WHISTLE:
        return [Order(units[0], life.tale.order(life.dice))]
    return []


def _departments(life: Life) -> list[Unit]:
    """The departments whose business it is; a wrong one first where it shall come back; a helper last."""
    own = life.world.departments(life.tale.matter.departments)
    others = [unit for unit in life.world.departments(()) if unit not in own]
    busy = set(life.incident.assignments.values_list("unit_id", flat=True)) if "return" in life.taken else set()
    if life.is_on("return", "return_together") and others and not life.taken & {"return", "return_together"}:
        own = [life.dice.choice(others), *own]
    helper = [life.dice.choice(others)] if others else []
    found = [unit for unit in [*own, *helper] if unit.pk not in busy]
    return found if life.incident.urgency == Urgency.NORMAL or len(found) < 2 else found[:2]
