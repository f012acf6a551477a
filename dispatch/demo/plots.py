"""The plots of the demo: each tells one incident from its report to where it stands now.

A plot is a generator: it yields the moment at which it goes on and then presses. Moments are hours of working time
before the end, so that lights are alive whenever the demo is loaded.
"""

from datetime import datetime, timedelta

from dispatch.demo.player import Player, Text
from dispatch.moves import Order
from dispatch.simulation.timeline import Plot
from grids.duties import Duty
from grids.models import Unit
from incidents.models import Incident, Inspection

CHECKED = "现场核查属实，同意结案"
HANDED_UP = "超出本级处置能力，请上级协调"
# The places whose people have the accounts to remember.
HOME_VILLAGE, HOME_TOWN = "100001", "100"
# One in twenty is drawn; after so many draws it is bad luck.
MOST_DRAWS = 70


# -- births and what the village does by itself --------------------------------------------------------------


def settled(p: Player, born: datetime, under: str = "") -> Plot:
    """Settled on the spot by the officer."""
    yield born
    p.begin(p.text(routine=True), p.grid(under), settled=True)


def reported(p: Player, born: datetime, under: str = "", *, urgency: str = "") -> Plot:
    """Reported, and nobody has accepted it yet; the clock does the rest."""
    yield born
    p.begin(p.text(routine=False, urgency=urgency), p.grid(under))


def by_the_village(p: Player, born: datetime, *, checked: float = 0) -> Plot:
    """Accepted and done by the village, checked by the town."""
    text, grid = p.text(routine=True), p.grid()
    yield born
    incident = p.begin(text, grid)
    yield p.after(0.7)
    p.at_holder(incident, "accept")
    yield p.after(1.4)
    p.show(incident, text, p.person(grid.parent_id or "", Duty.CLERK))
    p.at_holder(incident, "answer", text.result)
    yield p.ago(checked) if checked else p.after(2.5)
    p.at_holder(incident, "close", CHECKED, Duty.CHECKER)


def to_check(p: Player, born: datetime, *, answered: float, under: str = "") -> Plot:
    """Done by the village, waiting for the town's check since `answered` working hours."""
    text = p.text(routine=True)
    yield born
    incident = p.begin(text, p.grid(under))
    yield p.after(0.5)
    p.at_holder(incident, "accept")
    yield p.ago(answered)
    p.at_holder(incident, "answer", text.result)


def in_hand(p: Player, born: datetime, *, tiers: int = 0, under: str = "") -> Plot:
    """Accepted by the village, or handed up by hand and accepted there."""
    yield born
    incident = p.begin(p.text(routine=False), p.grid(under))
    yield from accepted(p, incident, tiers)


def accepted(p: Player, incident: int, tiers: int, *, pause: float = 0.4) -> Plot:
    """Accepted by the village; handed up and accepted `tiers` times."""
    yield p.after(pause)
    p.at_holder(incident, "accept")
    for _tier in range(tiers):
        yield p.after(pause)
        p.at_holder(incident, "escalate", HANDED_UP)
        yield p.after(pause)
        p.at_holder(incident, "accept")


# -- with departments and offices ----------------------------------------------------------------------------


def _department(p: Player, text: Text) -> str:
    return f"{p.district}{text.unit}"


def dispatch(p: Player, incident: int, *orders: tuple[str, str]) -> bool:
    units = Unit.objects.in_bulk([code for code, _text in orders])
    given = [Order(units[code], text) for code, text in orders if code in units]
    return p.at_holder(incident, "dispatch", "", Duty.DISPATCHER, orders=given)


def by_a_department(p: Player, born: datetime, *, checked: float = 0) -> Plot:
    """Up to the district, done by a department; checked after a while, or at `checked` (99: not yet)."""
    text = p.text(routine=False)
    unit = _department(p, text)
    yield born
    incident = p.begin(text, p.grid())
    yield from accepted(p, incident, 2)
    yield p.after(0.5)
    dispatch(p, incident, (unit, text.order))
    yield p.after(1.2)
    p.by_unit(incident, unit, "sign")
    yield p.after(6)
    p.show(incident, text, p.person(unit, Duty.HANDLER))
    p.by_unit(incident, unit, "feed_back", text.feedback)
    if checked < 99:
        yield p.ago(checked) if checked else p.after(2)
        p.at_holder(incident, "close", CHECKED, Duty.CHECKER)


def dispatched(
    p: Player, born: datetime, *, ordered: float = 0, signed: float = 0, unit: str = "", routine: bool = False
) -> Plot:
    """With a department: ordered `ordered` and signed for `signed` working hours ago (0: not yet)."""
    text = p.text(routine=routine, unit=unit)
    department = _department(p, text)
    yield born
    incident = p.begin(text, p.grid())
    yield from accepted(p, incident, 2)
    yield p.ago(ordered) if ordered else p.after(0.5)
    dispatch(p, incident, (department, text.order))
    if signed:
        yield p.ago(signed)
        p.by_unit(incident, department, "sign")


def together(p: Player, born: datetime) -> Plot:
    """Two departments at once: one has fed back, the other is at work."""
    text = p.text(routine=False)
    lead = _department(p, text)
    helper = f"{p.district}{'D02' if text.unit != 'D02' else 'D03'}"
    yield born
    incident = p.begin(text, p.grid())
    yield from accepted(p, incident, 2)
    yield p.after(0.5)
    dispatch(p, incident, (lead, text.order), (helper, "请协助维护现场秩序"))
    yield p.after(1)
    p.by_unit(incident, lead, "sign")
    yield p.after(0.5)
    p.by_unit(incident, helper, "sign")
    yield p.after(2)
    p.by_unit(incident, helper, "feed_back", "已派员到场维护秩序，现场通行正常")


def returned(p: Player, born: datetime, *, replaced: bool) -> Plot:
    """Sent back by a department as not its duty; given to another one, or waiting for that."""
    text = p.text(routine=False)
    wrong = f"{p.district}{'D16' if text.unit != 'D16' else 'D22'}"
    right = _department(p, text)
    yield born
    incident = p.begin(text, p.grid())
    yield from accepted(p, incident, 2)
    yield p.after(0.5)
    dispatch(p, incident, (wrong, text.order), (right, "请配合核实情况"))
    yield p.after(1)
    unit = Unit.objects.get(pk=right)
    p.by_unit(incident, wrong, "return", "不属本单位职责，建议转由主管部门办理", reason="not_ours", proposed_unit=unit)
    if replaced:
        yield p.after(1)
        assignment = p.order_to(incident, wrong)
        if assignment is not None:
            other = Unit.objects.get(pk=f"{p.district}D03" if text.unit != "D03" else f"{p.district}D04")
            p.at_holder(
                incident, "replace", "", Duty.DISPATCHER, assignment_id=assignment.pk, orders=[Order(other, text.order)]
            )
            yield p.after(1)
            p.by_unit(incident, other.pk, "sign")


def to_the_town(p: Player, born: datetime) -> Plot:
    """The district orders a town to see to it."""
    text, grid = p.text(routine=False), p.grid()
    town = grid.pk[:9]
    yield born
    incident = p.begin(text, grid)
    yield from accepted(p, incident, 2)
    yield p.after(0.5)
    dispatch(p, incident, (town, "请属地牵头处置，及时反馈进展"))
    yield p.after(1)
    p.by_unit(incident, town, "sign")


def by_town_office(p: Player, born: datetime) -> Plot:
    """A town orders its own office; the town closes what the office fed back."""
    text, grid = p.text(routine=False), p.grid(p.district + HOME_TOWN)
    office = f"{grid.pk[:9]}D01"
    yield born
    incident = p.begin(text, grid)
    yield from accepted(p, incident, 1)
    yield p.after(0.5)
    dispatch(p, incident, (office, text.order))
    yield p.after(0.8)
    p.by_unit(incident, office, "sign")
    yield p.after(4)
    p.by_unit(incident, office, "feed_back", text.feedback)


def urgent_at_the_top(p: Player, born: datetime) -> Plot:
    """Urgent, handed up at once and in hand at the district since then, in natural time."""
    yield born
    incident = p.begin(p.text(routine=False, urgency="urgent"), p.grid())
    for tier in range(3):
        yield p.now + timedelta(minutes=9 + tier)
        p.at_holder(incident, "accept")
        if tier < 2:
            yield p.now + timedelta(minutes=4)
            p.at_holder(incident, "escalate", "情况紧急，请上级立即协调")


# -- less usual ways -----------------------------------------------------------------------------------------


def suspended(p: Player, born: datetime, *, tiers: int, at_work: bool = False) -> Plot:
    """Set aside with approval until a review date."""
    text = p.text(routine=False)
    yield born
    incident = p.begin(text, p.grid())
    yield from accepted(p, incident, tiers)
    if at_work:
        yield p.after(0.5)
        dispatch(p, incident, (_department(p, text), text.order))
        yield p.after(1)
        p.by_unit(incident, _department(p, text), "sign")
    yield p.after(2)
    review_at = p.until + timedelta(days=6 + 5 * tiers)
    p.at_holder(incident, "ask_suspend", "需待汛期过后施工，申请挂账", review_at=review_at)
    yield p.after(1.5)
    p.decide(incident, "grant", "同意挂账，按期复查")


def asked_to_suspend(p: Player, born: datetime) -> Plot:
    """A suspension is asked for and waits for the duty chief."""
    yield born
    incident = p.begin(p.text(routine=False), p.grid())
    yield from accepted(p, incident, 2)
    yield p.after(1)
    p.at_holder(incident, "ask_suspend", "涉及年度改造计划，申请挂账", review_at=p.until + timedelta(days=30))


def dismissed(p: Player, born: datetime) -> Plot:
    """Not accepted, with the reason."""
    yield born
    incident = p.begin(p.text(routine=True), p.grid())
    yield p.after(0.9)
    p.at_holder(incident, "dismiss", "经核实现场已恢复，无需处置")


def voided(p: Player, born: datetime) -> Plot:
    """Reported by mistake, voided with approval."""
    yield born
    incident = p.begin(p.text(routine=False), p.grid())
    yield from accepted(p, incident, 1)
    yield p.after(0.6)
    p.at_holder(incident, "ask_void", "位置有误，已另行上报")
    yield p.after(0.8)
    p.decide(incident, "grant", "同意作废")


def merged(p: Player, born: datetime) -> Plot:
    """The same matter reported twice; the second is merged into the first."""
    text, grid = p.text(routine=False), p.grid()
    yield born
    first = p.begin(text, grid)
    yield p.after(0.3)
    p.at_holder(first, "accept")
    yield p.after(0.3)
    second = p.begin(text, grid, pictured=False)
    yield p.after(0.5)
    p.at_holder(second, "merge", "与在办事件为同一事项", master=Incident.objects.get(pk=first))


def sent_back(p: Player, born: datetime) -> Plot:
    """Handed up and sent back down with the reason."""
    yield born
    incident = p.begin(p.text(routine=True), p.grid())
    yield from accepted(p, incident, 0)
    yield p.after(0.3)
    p.at_holder(incident, "escalate", HANDED_UP)
    yield p.after(0.8)
    p.at_holder(incident, "send_back", "属村（社区）自治事项，请先行处置")


def transferred(p: Player, born: datetime) -> Plot:
    """Passed on to the village next door."""
    grid = p.grid()
    yield born
    incident = p.begin(p.text(routine=True), grid)
    yield p.after(0.4)
    p.at_holder(incident, "accept")
    yield p.after(0.3)
    village = Unit.objects.get(pk=grid.pk[:12])
    beside = Unit.objects.filter(parent=village.parent_id, kind=village.kind).exclude(pk=village.pk).first()
    p.at_holder(incident, "transfer", "经核实位于相邻村（社区）", target_unit=beside)


def reworked(p: Player, born: datetime) -> Plot:
    """Checked, found wanting, with the department again."""
    text = p.text(routine=False)
    unit = _department(p, text)
    yield born
    incident = p.begin(text, p.grid())
    yield from accepted(p, incident, 2)
    yield p.after(0.5)
    dispatch(p, incident, (unit, text.order))
    yield p.after(0.8)
    p.by_unit(incident, unit, "sign")
    yield p.after(3)
    p.by_unit(incident, unit, "feed_back", text.feedback)
    yield p.after(1.5)
    p.at_holder(incident, "rework", "现场仍有残留，请重新处置", Duty.CHECKER)
    yield p.after(1)
    p.by_unit(incident, unit, "sign")


def reopened(p: Player, born: datetime) -> Plot:
    """Closed, came up again, and was opened once more."""
    text, grid = p.text(routine=True), p.grid()
    yield born
    incident = p.begin(text, grid)
    yield p.after(0.5)
    p.at_holder(incident, "accept")
    yield p.after(1)
    p.at_holder(incident, "answer", text.result)
    yield p.after(1)
    p.at_holder(incident, "close", CHECKED, Duty.CHECKER)
    yield p.after(12)
    p.at_holder(incident, "reopen", "群众反映问题反复，重新办理", Duty.CHECKER)


def past_a_tier(p: Player, born: datetime) -> Plot:
    """Urgent: from the village past the town to the district."""
    yield born
    incident = p.begin(p.text(routine=False, urgency="critical"), p.grid())
    yield p.now + timedelta(minutes=6)
    p.at_holder(incident, "accept")
    yield p.now + timedelta(minutes=5)
    p.at_holder(incident, "escalate_urgent", "险情紧急，越级上报")
    yield p.now + timedelta(minutes=7)
    p.at_holder(incident, "accept")


# -- what those who look first find waiting -------------------------------------------------------------------


def drawn(p: Player, born: datetime, village: str) -> Plot:
    """The village's officers settle thing after thing until the lot falls on one, which waits to be looked at."""
    yield born
    grids = [grid for grid in p.grids if grid.parent_id == village]
    pause = (p.until - born) / MOST_DRAWS
    for number in range(MOST_DRAWS):
        incident = p.begin(p.text(routine=True), grids[number % len(grids)], settled=True)
        if Inspection.objects.filter(incident=incident).exists():
            return
        yield p.now + pause * p.dice.uniform(0.4, 1.5)


def emergency(p: Player, *, key: str) -> None:
    """The last thing before somebody looks: danger reported, not accepted yet."""
    home = p.units[f"{p.district}{HOME_VILLAGE}001"]
    p.begin(p.text(routine=False, urgency="critical"), home, pictured=True, key=key)
