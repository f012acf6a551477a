"""Urges and supervision cards: issued by hand or by policy, answered, withdrawn, lapsed with their incident.

Each is done to an incident in hand. Every card has a reply clock of its own against the unit that must answer; its red
tells who issued it and moves nothing. A unit is asked by one above it, or by the holder whose order it has open. What
ended stays in the history, which the database guards.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from dispatch import access, refusals
from dispatch.models import OPEN_ASSIGNMENT_STATES, Assignment, Card, CardColour, CardKind, CardState
from grids import spans, statements
from grids.duties import Right
from grids.levels import DESK_KINDS, ancestor_codes, kind_of_code, parent_code
from grids.models import Person, Unit
from incidents import calendar_rows, clocks
from incidents.calendars import CalendarHorizon
from incidents.in_hand import InHand
from incidents.limits import Rules
from incidents.models import Clock, EscalationRule, Incident, Light, Subject
from incidents.records import SYSTEM, Acting
from incidents.refusals import missing, not_allowed, stale, wrong_state
from incidents.states import OPEN_STATES, Stage, State

# In these somebody has it in hand who can be asked; what is suspended rests.
ASKING_STATES = OPEN_STATES - {State.SUSPENDED}


# -- who may be asked by whom: pure ---------------------------------------------------------------------------------


def askable(incident: Incident, open_orders: Iterable[Assignment]) -> list[str]:
    """The codes of the units that have the incident in hand: its holder, then who has an open order."""
    if incident.state not in ASKING_STATES:
        return []
    return list(dict.fromkeys([incident.holder_id, *(order.unit_id for order in open_orders if order.is_open)]))


def askers(incident: Incident, unit: str) -> list[str]:
    """The codes of the units that may ask `unit`: the holder that gave it an order, then those above, nearest first."""
    holder = [] if unit == incident.holder_id else [incident.holder_id]
    return [code for code in dict.fromkeys([*holder, *ancestor_codes(unit)]) if code != unit]


def withdrawers(card: Card) -> list[str]:
    """The codes of the units that may take the card back: the one that issued it, then those above, never the asked."""
    issuer = card.issued_by_unit_id
    codes = [issuer, *ancestor_codes(issuer)] if issuer else ancestor_codes(card.unit_id)
    return [code for code in codes if code != card.unit_id]


def right_for(kind: str, colour: str) -> Right:
    return Right.RED_CARD if kind == CardKind.SUPERVISE and colour == CardColour.RED else Right.URGE


# -- by hand ----------------------------------------------------------------------------------------------------------


def urge(held: InHand, *, unit: Unit, actor: Person, reason: str, key: str = "") -> Card:
    """Urge `unit` to get on with it; the same unit does so once in some working hours. Raises MoveRefused."""
    acting = _asking(held, unit, actor, Right.URGE)
    possible = next_urge(_last_urge(held.incident, unit.pk, acting.unit_id), held.incident, held.rules)
    if possible is not None and held.now < possible[1]:
        last, first = (spans.exact(moment)[:16] for moment in possible)
        raise refusals.urged_lately(unit, last=last, possible=first)
    return _issue(held, CardKind.URGE, CardColour.ORDINARY, unit, acting, reason, key)


def issue(held: InHand, *, unit: Unit, colour: str, actor: Person, reason: str, key: str = "") -> Card:
    """Lay an ordinary, yellow or red card before `unit`, one of each at a time. Raises MoveRefused."""
    if colour not in CardColour.values:
        raise refusals.no_colour()
    acting = _asking(held, unit, actor, right_for(CardKind.SUPERVISE, colour))
    if open_by_hand(held.incident).filter(unit=unit, colour=colour).exists():
        raise refusals.carded_already(unit)
    return _issue(held, CardKind.SUPERVISE, colour, unit, acting, reason, key)


def reply(
    held: InHand, *, card_id: int | None, actor: Person, text: str, seen_seq: int | None = None, key: str = ""
) -> Card:
    """The unit answers: its reply clock ends green or red, who issued the card is told. Raises MoveRefused."""
    card = _open_card(held, card_id, seen_seq)
    acting = access.replying(card.unit_id, actor, now=held.now)
    if acting is None:
        raise not_allowed()
    if not text.strip():
        raise missing("note")
    light = _end_clock(held, card, in_time=True)
    _end(card, CardState.REPLIED, at=held.now, by=actor, answer=text.strip())
    _record(held, card, "card_replied", acting, note=card.answer, key=key, light=light)
    return card


def withdraw(
    held: InHand, *, card_id: int | None, actor: Person, reason: str, seen_seq: int | None = None, key: str = ""
) -> Card:
    """Who issued it, or a unit above, takes it back; it stays in the history. Raises MoveRefused."""
    card = _open_card(held, card_id, seen_seq)
    acting = access.urging(withdrawers(card), right_for(card.kind, card.colour), actor, now=held.now)
    if acting is None:
        raise not_allowed()
    if not reason.strip():
        raise missing("note")
    light = _end_clock(held, card, in_time=False)
    _end(card, CardState.WITHDRAWN, at=held.now, by=actor, answer=reason.strip())
    _record(held, card, "card_withdrawn", acting, note=card.answer, key=key, light=light)
    return card


def next_urge(last: datetime | None, incident: Incident, rules: Rules) -> tuple[datetime, datetime] | None:
    """After an urge at `last`: that moment, and the first at which the same units may do so again; None without one."""
    if last is None:
        return None
    hours = rules.profile(incident.district_id).urge_hours
    if not hours:
        return None
    calendar = calendar_rows.calendar_or_natural(rules.version_id(incident), working=True)
    try:
        return last, calendar.add(last, hours * 3600)
    except CalendarHorizon:
        return last, last + timedelta(hours=hours)


def known(incident: Incident) -> list[Card]:
    """All urges and cards of the incident in order of birth. One query."""
    return statements.read(Card, "WHERE incident_id = %s ORDER BY id", [incident.pk])


# -- by policy --------------------------------------------------------------------------------------------------------


def by_policy(several: Sequence[tuple[InHand, Clock, EscalationRule | None, int]], *, now: datetime) -> list[Card]:
    """A card for each clock whose red, or whose repeat (`step`), means one; in its rule's colour. Two queries.

    The card is for the unit whose clock lit, for the whole run for the holder. A clock and step that had its card, and
    an incident that ended or rests, get none, so that the sweep may ask as often as it likes.
    """
    if not several:
        return []
    before = _read_cards({held.incident.pk for held, *_ in several})
    seen = {(card.clock_id, card.step) for card in before}
    counted = Counter(_counted(card) for card in before if card.state != CardState.WITHDRAWN)
    made: list[tuple[InHand, Clock, EscalationRule | None, Card]] = []
    for held, clock, rule, step in several:
        if held.incident.state in ASKING_STATES and (clock.pk, step) not in seen:
            seen.add((clock.pk, step))
            made.append((held, clock, rule, _by_policy(held, clock, rule, step, now)))
    statements.insert([card for *_, card in made])
    for held, clock, rule, card in made:
        counted[_counted(card)] += 1
        held.start_clock(Stage.REPLY, card.unit_id, subject=(Subject.CARD, card.pk))
        about = _told(rule, counted[_counted(card)]) | {"clock": clock.pk, "step": card.step, "stage": clock.stage}
        _record(held, card, "card_issued", SYSTEM, **about)
    return [card for *_, card in made]


def _by_policy(held: InHand, clock: Clock, rule: EscalationRule | None, step: int, now: datetime) -> Card:
    incident = held.incident
    unit = incident.holder_id if clock.stage == Stage.OVERALL else clock.unit_id
    issuer = incident.holder_id if clock.subject_kind == Subject.ASSIGNMENT else _above(unit)
    return Card(
        incident=incident,
        district_id=incident.district_id,
        unit_id=unit,
        kind=CardKind.SUPERVISE,
        colour=CardColour.ORDINARY if rule is None else rule.card_colour,
        issued_by_unit_id=_above(unit) if issuer == unit else issuer,
        clock=clock,
        step=step,
        issued_at=now,
    )


def _above(unit: str) -> str | None:
    """The unit directly above with a desk of its own; None at the top."""
    code = parent_code(unit)
    return code if code is not None and kind_of_code(code) in DESK_KINDS else None


# -- when the incident ends -------------------------------------------------------------------------------------------


def lapse(several: Sequence[InHand]) -> None:
    """End the open cards of incidents that ended, with no colour unless red. No query where there is none, else two."""
    ended = {held.incident.pk: held for held in several if not held.incident.is_open and _clocks_of_cards(held)}
    for card in _read_cards(ended, only_open=True) if ended else ():
        let_lapse(ended[card.incident_id], card)


def let_lapse(held: InHand, card: Card) -> None:
    """End an open card without an answer."""
    light = _end_clock(held, card, in_time=False)
    _end(card, CardState.LAPSED, at=held.now)
    _record(held, card, "card_lapsed", SYSTEM, light=light)


# -- parts ------------------------------------------------------------------------------------------------------------


def _asking(held: InHand, unit: Unit, actor: Person, right: Right) -> Acting:
    """In what capacity `actor` asks `unit`; raises MoveRefused where nobody asks it, or this person may not."""
    incident = held.incident
    if incident.state not in ASKING_STATES:
        raise refusals.suspended() if incident.state == State.SUSPENDED else wrong_state()
    orders = Assignment.objects.filter(incident=incident, state__in=OPEN_ASSIGNMENT_STATES)
    if unit.pk not in askable(incident, orders):
        raise refusals.not_askable(unit)
    acting = access.urging(askers(incident, unit.pk), right, actor, now=held.now)
    if acting is None:
        raise not_allowed()
    return acting


def _issue(held: InHand, kind: str, colour: str, unit: Unit, acting: Acting, reason: str, key: str) -> Card:
    if not reason.strip():
        raise missing("note")
    incident = held.incident
    of_kind = Card.objects.filter(incident=incident, unit=unit, kind=kind).exclude(state=CardState.WITHDRAWN)
    count = of_kind.count() + 1
    card = Card(
        incident=incident,
        district_id=incident.district_id,
        unit=unit,
        kind=kind,
        colour=colour,
        issued_by_unit_id=acting.unit_id,
        actor=acting.actor,
        duty=acting.duty or "",
        reason=reason.strip(),
        issued_at=held.now,
    )
    statements.insert([card])
    held.start_clock(Stage.REPLY, unit.pk, subject=(Subject.CARD, card.pk))
    told = _told(_rule_against(held, unit.pk), count) if kind == CardKind.SUPERVISE else {"cards": count}
    event = "urged" if kind == CardKind.URGE else "card_issued"
    _record(held, card, event, acting, note=card.reason, key=key, **told)
    return card


def _rule_against(held: InHand, unit: str) -> EscalationRule | None:
    """The rule by which the unit's own clock runs: it says who hears of so many cards."""
    mine = [clock for clock in held.clocks if clock.unit_id == unit and clock.subject_kind != Subject.CARD]
    rules = [clock.escalation for clock in mine if clock.escalation_id is not None and clock.stage != Stage.OVERALL]
    return rules[0] if rules else None


def _told(rule: EscalationRule | None, count: int) -> dict[str, Any]:
    """How many cards the unit has by now, and the groups that hear of it from that many on."""
    lines = [] if rule is None else rule.tell
    return {"cards": count, "tell": sorted({line["who"] for line in lines if line["cards"] <= count})}


def _counted(card: Card) -> tuple[int, str, str]:
    return card.incident_id, card.unit_id, card.kind


def _last_urge(incident: Incident, unit: str, issuer: str | None) -> datetime | None:
    """When the issuer last urged the unit about the incident, withdrawn or not."""
    urges = Card.objects.filter(incident=incident, unit=unit, issued_by_unit=issuer, kind=CardKind.URGE)
    return urges.order_by("-id").values_list("issued_at", flat=True).first()


def open_by_hand(incident: Incident) -> QuerySet[Card]:
    """The cards somebody laid about the incident that wait for an answer: one of each colour for a unit."""
    return Card.objects.filter(incident=incident, kind=CardKind.SUPERVISE, state=CardState.ISSUED, actor__isnull=False)


def _read_cards(incidents: Collection[int], *, only_open: bool = False) -> list[Card]:
    ending = "WHERE incident_id = ANY(%s)" + " AND state = 'issued'" * only_open + " ORDER BY id FOR UPDATE"
    return statements.read(Card, ending, [list(incidents)])


def _open_card(held: InHand, card_id: int | None, seen_seq: int | None) -> Card:
    """The card, of this incident and still open; raises MoveRefused. The incident's lock keeps it as it is."""
    found = [card for card in known(held.incident) if card.pk == card_id]
    if not found:
        raise refusals.no_such_card()
    if seen_seq is not None and seen_seq != found[0].seq:
        raise stale()
    if not found[0].is_open:
        raise refusals.card_over()
    return found[0]


def _clocks_of_cards(held: InHand) -> list[Clock]:
    return [clock for clock in held.clocks if clock.subject_kind == Subject.CARD]


def _end_clock(held: InHand, card: Card, *, in_time: bool) -> str:
    """End the reply clock, green when answered in time, uncoloured when nobody answered; red stays. Its final light."""
    for clock in _clocks_of_cards(held):
        if clock.subject_id == card.pk:
            (clocks.finish if in_time else clocks.stop)(clock=clock, now=held.now, into=held.turned)
            return str(clock.final_light)
    return Light.NONE.value


def _end(card: Card, state: CardState, *, at: datetime, by: Person | None = None, answer: str = "") -> None:
    card.state, card.ended_at, card.ended_by, card.answer = state, at, by, answer
    card.seq += 1
    statements.update([card], ["state", "ended_at", "ended_by", "answer", "seq"])


def _record(
    held: InHand, card: Card, kind: str, acting: Acting, *, note: str = "", key: str = "", **details: Any
) -> None:
    """Add the event of a card; it names the card, its unit, who gave it, its kind and its colour."""
    about = {"card_id": card.pk, "card_unit": card.unit_id, "card_kind": card.kind, "colour": card.colour}
    if card.issued_by_unit_id is not None:
        about["card_from"] = card.issued_by_unit_id
    held.record(kind, acting, note=note, details=about | details, idempotency_key=key)
