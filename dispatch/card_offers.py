"""What a person may do about urges and cards of one incident: asked by `offers`, true to what `cards` accepts."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from dispatch import access, cards, refusals
from dispatch.models import Assignment, Card, CardKind
from dispatch.offer import Offer
from dispatch.wording import Wording
from grids import spans
from grids.duties import Duty, Right
from grids.models import Unit
from incidents.limits import Rules
from incidents.models import CardColour, Incident


class CardDesk:
    """The cards of an incident, read once, and who may be asked. `offers` tells what the rights of a person allow."""

    def __init__(
        self, incident: Incident, orders: Sequence[Assignment], wording: Wording, rules: Rules, now: datetime
    ) -> None:
        self.incident, self.orders, self.wording, self.rules, self.now = incident, orders, wording, rules, now
        self.known = cards.known(incident)
        self.open = [card for card in self.known if card.is_open]
        self.askable = cards.askable(incident, orders)
        self.rights: dict[str, dict[Right, Duty]] = {}

    def units(self) -> set[str]:
        """The codes of the units that may ask somebody here, answer, or take a card back."""
        found = {code for unit in self.askable for code in cards.askers(self.incident, unit)}
        for card in self.open:
            found |= {card.unit_id, *cards.withdrawers(card)}
        return found

    def offers(self, rights: dict[str, dict[Right, Duty]]) -> Iterator[Offer]:
        """The presses for somebody with these rights at each of the units."""
        self.rights = rights
        yield from self._urge()
        yield from self._supervise()
        for card in self.open:
            yield from self._on(card)

    def _urge(self) -> Iterator[Offer]:
        able = [(unit, self._asker(unit, Right.URGE)) for unit in self.askable]
        units = [self._unit(unit) for unit, asker in able if asker and self._has_rested(unit, asker)]
        if units:
            yield self._ask("urge", _("Urge"), units, ("note", "target_unit"))

    def _supervise(self) -> Iterator[Offer]:
        free = {unit: self._free_colours(unit) for unit in self.askable}
        units = [self._unit(unit) for unit, colours in free.items() if colours]
        if units:
            colours = tuple(colour for colour in CardColour if any(colour in some for some in free.values()))
            needs = ("note", "target_unit", "colour")
            yield self._ask("supervise", pgettext("of a card", "Supervise"), units, needs, colours)

    def _free_colours(self, unit: str) -> set[CardColour]:
        """The cards this person may lay before the unit: not the one it has by hand already."""
        waiting = {(card.kind, card.colour) for card in self.open if card.unit_id == unit and card.actor_id}
        return {
            colour
            for colour in CardColour
            if (CardKind.SUPERVISE, colour) not in waiting
            and self._asker(unit, cards.right_for(CardKind.SUPERVISE, colour))
        }

    def _ask(
        self, name: str, label: str, units: list[Unit], needs: tuple[str, ...], colours: tuple[CardColour, ...] = ()
    ) -> Offer:
        said = self.wording.is_answered_by(units)
        seq = self.incident.seq
        return Offer(name, label, seq, needs, consequence=said, direction="down", units=tuple(units), colours=colours)

    def _asker(self, unit: str, right: Right) -> str:
        """The unit for which this person would ask `unit`; empty if for none."""
        codes = cards.askers(self.incident, unit)
        return next((code for code in codes if access.may_card(code, right, self.rights[code])), "")

    def _has_rested(self, unit: str, asker: str) -> bool:
        """Whether the last urge of `asker` to `unit` is long enough ago."""
        possible = self._possible(unit, asker)
        return possible is None or possible[1] <= self.now

    def _possible(self, unit: str, asker: str) -> tuple[datetime, datetime] | None:
        urges = [card for card in self.known if card.kind == CardKind.URGE and card.unit_id == unit]
        last = max((card.issued_at for card in urges if card.issued_by_unit_id == asker), default=None)
        return cards.next_urge(last, self.incident, self.rules)

    def why_no_urge(self, rights: dict[str, dict[Right, Duty]]) -> str:
        """When somebody with these rights may urge again; empty where it is not the wait that forbids it."""
        self.rights = rights
        for code in self.askable:
            possible = self._possible(code, self._asker(code, Right.URGE))
            if possible is not None:
                last, first = (spans.exact(moment)[:16] for moment in possible)
                return str(refusals.urged_lately(self._unit(code), last=last, possible=first).messages[0])
        return ""

    def _unit(self, code: str) -> Unit:
        ordered = (order.unit for order in self.orders if order.unit_id == code and order.is_open)
        return next(ordered, self.incident.holder)

    def _on(self, card: Card) -> Iterator[Offer]:
        if Right.REPLY in self.rights[card.unit_id]:
            said = _("Who asked reads your answer; the card is done.")
            yield Offer("reply_card", _("Answer"), card.seq, ("result",), consequence=said, card=card)
        right = cards.right_for(card.kind, card.colour)
        if any(access.may_card(code, right, self.rights[code]) for code in cards.withdrawers(card)):
            said = _("The unit need not answer any more; the card stays in the history.")
            yield Offer("withdraw_card", _("Withdraw"), card.seq, ("note",), consequence=said, card=card)
