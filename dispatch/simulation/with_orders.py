"""What departments, offices and towns do with orders, and what the dispatcher does about them meanwhile."""

from dispatch.models import OPEN_ASSIGNMENT_STATES, Assignment, AssignmentState, ReturnReason
from dispatch.moves import Order
from dispatch.simulation.life import Life, Step
from grids import statements
from grids.duties import Duty
from grids.levels import UnitKind, kind_of_code

# Dirt on a road is gone in hours or not at all; other work takes a day or two.
QUICK = {("GB/T 47678.5-2026", code): 1.6 for code in ("06012", "06010", "06042", "09009", "09012")}
USUAL_HOURS = 7.0
REPLACES = "return_together"


def dispatched(life: Life) -> Step | None:
    """The next thing that happens to any of its orders."""
    found = statements.read(Assignment, "WHERE incident_id = %s ORDER BY id", [life.incident.pk])
    running = [order for order in found if order.state in OPEN_ASSIGNMENT_STATES]
    # What an earlier dispatch left behind asks for nothing any more.
    since = min((order.called_seq for order in running), default=0)
    orders = [order for order in found if order.called_seq >= since]
    taken_back = _taken_back(life, running)
    steps = [step for order in orders if (step := _planned(life, order, running)) is not None]
    steps += [taken_back] if taken_back else []
    return min(steps, key=lambda step: step.at, default=None)


def _planned(life: Life, order: Assignment, running: list[Assignment]) -> Step | None:
    """What was planned for the order as it stands; planned once, so that other orders do not put it off."""
    known = (order.pk, order.seq)
    if known not in life.agenda:
        step = _next(life, order, running)
        if step is None:
            return None
        life.agenda[known] = step
    return life.agenda[known]


def _next(life: Life, order: Assignment, running: list[Assignment]) -> Step | None:
    if order.state == AssignmentState.CALLED:
        return _called(life, order, running)
    if order.state in (AssignmentState.SIGNED, AssignmentState.ARRIVED):
        return _at_work(life, order)
    if order.state == AssignmentState.RETURNED and order.required and order.replaced_by_id is None and running:
        return _sent_back(life, order, running)
    return None


def _called(life: Life, order: Assignment, running: list[Assignment]) -> Step | None:
    unit = order.unit_id
    leads = order.pk == min(one.pk for one in running)
    wrong = life.is_on("return", "return_together") if leads else life.is_on("waive")
    if wrong and order.round == 1 and life.takes("return", "return_together", "waive"):
        own = [one for one in life.world.departments(life.tale.matter.departments) if one.pk != unit]
        return life.on_order(
            order,
            life.soon(1.2, minutes=15, unit=unit),
            "return",
            life.say("sign_return"),
            reason=life.dice.choice([ReturnReason.NOT_OURS, ReturnReason.NOT_OURS, ReturnReason.INCOMPLETE]).value,
            proposed_unit=own[0] if own else None,
        )
    at = life.exactly(17) if leads and life.takes("late_sign") else life.soon(1.8, minutes=18, unit=unit)
    return life.on_order(order, at, "sign", life.say("sign"))


def _at_work(life: Life, order: Assignment) -> Step | None:
    unit = order.unit_id
    if order.state == AssignmentState.SIGNED and (
        life.is_on("arrive") or (life.is_urgent and life.dice.random() < 0.5)
    ):
        return life.on_order(order, life.soon(1, minutes=22, unit=unit), "arrive", life.say("arrive"))
    hours = QUICK.get(life.tale.matter.category, USUAL_HOURS)
    at = life.exactly(82) if life.takes("late_finish") else life.soon(hours, minutes=90, unit=unit)
    helps = order.order.startswith(("请协助", "请配合", "请派员到场"))
    note = life.say("help_done") if helps else life.tale.fed(life.dice)
    return life.on_order(order, at, "feed_back", note)


def _sent_back(life: Life, order: Assignment, running: list[Assignment]) -> Step | None:
    """The dispatcher gives it to another unit, or does without."""
    at = life.soon(0.8, minutes=10)
    busy = {one.unit_id for one in running} | {order.unit_id}
    own = [unit for unit in life.world.departments(life.tale.matter.departments) if unit.pk not in busy]
    town = life.world.units[life.incident.place_id[:9]]
    others = own or [unit for unit in [*life.world.departments(()), town] if unit.pk not in busy]
    if life.is_on(REPLACES) and others and kind_of_code(life.holder) == UnitKind.DISTRICT:
        given = [Order(others[0], order.order)]
        return life.about_order(order, at, "replace", life.say("replace"), orders=given)
    return life.about_order(order, at, "waive", life.say("waive"))


def _taken_back(life: Life, running: list[Assignment]) -> Step | None:
    """The dispatcher takes one order back, or all."""
    if len(running) > 1 and life.takes("recall_order"):
        return life.about_order(running[-1], life.soon(0.6), "recall_order", life.say("recall_order"))
    if life.takes("recall"):
        return life.at_desk(life.soon(0.6), "recall", Duty.DISPATCHER, life.say("recall"))
    return None
