"""Urges and cards of the demo: waiting for an answer, answered, withdrawn; the policy draws its own besides."""

from datetime import datetime

from dispatch.demo.player import Player
from dispatch.demo.plots import HOME_TOWN, HOME_VILLAGE, accepted, dispatch
from dispatch.models import Card
from dispatch.simulation.timeline import Plot
from grids.duties import Duty
from grids.models import Unit
from incidents.models import Incident

URGED = ("群众再次来电询问，请抓紧办理", "时限将至，请反馈办理进度")
CARDED = ("多次催办未见成效，请说明原因并限期办结", "已逾期，请说明原因和办结日期")
ANSWERED = "已增派人员，今日内办结并反馈"


def urged(p: Player, born: datetime, *, answered: bool = False) -> Plot:
    """Reported in the home village; the town urges it, and may have read the answer."""
    yield born
    incident = p.begin(p.text(routine=False), p.grid(p.district + HOME_VILLAGE))
    yield p.after(0.6)
    by = p.person(p.district + HOME_TOWN, Duty.CLERK)
    p.do(incident, "urge", by, p.dice.choice(URGED), target_unit=_holder(incident))
    if answered:
        yield p.after(0.4)
        _answer(p, incident)


def town_carded(p: Player, born: datetime, *, colour: str) -> Plot:
    """Waits for the home town's check; the district lays a card before it."""
    text = p.text(routine=True)
    yield born
    incident = p.begin(text, p.grid(p.district + HOME_TOWN))
    yield p.after(0.5)
    p.at_holder(incident, "accept")
    yield p.after(1)
    p.at_holder(incident, "answer", text.result)
    yield p.after(1)
    _card(p, incident, _holder(incident), colour)


def department_carded(p: Player, born: datetime, *, ordered: float, colour: str, end: str = "") -> Plot:
    """With a department, which the district urges and gives a card; it waits, or ends as `end` says."""
    text, unit = p.text(routine=False, unit="D03"), Unit.objects.get(pk=f"{p.district}D03")
    yield born
    incident = p.begin(text, p.grid())
    yield from accepted(p, incident, 2)
    yield p.ago(ordered)
    dispatch(p, incident, (unit.pk, text.order))
    yield p.after(0.8)
    p.by_unit(incident, unit.pk, "sign")
    yield p.after(1)
    p.do(incident, "urge", p.person(p.district, Duty.DISPATCHER), p.dice.choice(URGED), target_unit=unit)
    yield p.after(1.5)
    _card(p, incident, unit, colour)
    yield p.after(0.7)
    if end == "replied":
        _answer(p, incident)
    elif end == "withdrawn":
        card = Card.objects.filter(incident=incident, kind="supervise", state="issued").first()
        by = p.person(p.district, Duty.DUTY_CHIEF)
        p.do(incident, "withdraw_card", by, "现场已处置完毕，撤回督办", card_id=card.pk if card else None)


def _card(p: Player, incident: int, unit: Unit, colour: str) -> None:
    by = p.person(p.district, Duty.DUTY_CHIEF)
    p.do(incident, "supervise", by, p.dice.choice(CARDED), target_unit=unit, colour=colour)


def _answer(p: Player, incident: int) -> None:
    """Whoever answers for the unit answers all that waits there."""
    for card in Card.objects.filter(incident=incident, state="issued").order_by("pk"):
        by = p.person(card.unit_id, Duty.CLERK, Duty.HANDLER)
        p.do(incident, "reply_card", by, ANSWERED, card_id=card.pk)


def _holder(incident: int) -> Unit:
    return Incident.objects.select_related("holder").get(pk=incident).holder
