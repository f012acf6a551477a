"""People above look at what is late now and then: they urge, lay cards before units, and take some back.

Who is asked answers, mostly; some wait until the incident has ended. Cards that the policy laid are answered as well.
"""

import random
from collections.abc import Generator
from datetime import datetime, timedelta

from dispatch import cards
from dispatch.models import Card, CardColour, CardState
from dispatch.simulation.matters import phrase
from dispatch.simulation.timeline import Timeline
from dispatch.simulation.world import World
from grids.duties import Duty
from incidents.models import Clock, ClockState, Incident
from incidents.states import Stage

LOOK_EVERY = timedelta(hours=3)
MOST_AT_ONCE = 2
ANSWER_HOURS, WITHDRAW_HOURS = 1.5, 0.6
# Of seven that people laid the second is taken back; of all, each fifth in seven is left lying.
ROUND, TAKEN_BACK, LEFT_LYING = 7, 2, 5
LATE_AT = (Stage.ACCEPT, Stage.SIGN, Stage.FINISH, Stage.HANDLE)


class Overseers:
    """Those above the units of one district; `asked` are the units asked already about an incident."""

    def __init__(self, world: World, timeline: Timeline) -> None:
        self.world, self.timeline = world, timeline
        self.dice = random.Random(f"overseers {world.seed}")
        self.asked: set[tuple[int, str]] = set()
        self.seen: set[int] = set()
        self.by_hand = 0

    def look(self) -> Generator[datetime, None, None]:
        """Again and again, while offices work: what is late, and which cards are new."""
        while True:
            yield self.world.now + (LOOK_EVERY / (self.world.pace.hurry or 1))
            if self.world.pace.is_working(self.world.now):
                self._ask_for_what_is_late()
            self._see_to_cards()

    def _ask_for_what_is_late(self) -> None:
        late = Clock.objects.filter(district=self.world.district, stage__in=LATE_AT, state=ClockState.RUNNING)
        found = late.filter(warn_at__lt=self.world.now).order_by("pk").values_list("incident", "unit", "due_at")
        fresh = {(incident, unit): due_at < self.world.now for incident, unit, due_at in found}
        fresh = {one: is_red for one, is_red in fresh.items() if one not in self.asked}
        for incident_id, unit in self.dice.sample(list(fresh), min(MOST_AT_ONCE, len(fresh))):
            self.asked.add((incident_id, unit))
            self._ask(Incident.objects.get(pk=incident_id), unit, is_red=fresh[incident_id, unit])

    def _ask(self, incident: Incident, unit: str, *, is_red: bool) -> None:
        """Urge most who are near the limit, lay a card before the others and who is past it."""
        above = next(iter(cards.askers(incident, unit)), "")
        by = self.world.staff.first(above, Duty.DUTY_CHIEF, Duty.DISPATCHER, Duty.CLERK)
        target = self.world.units.get(unit)
        if by is None or target is None:
            return
        if not is_red and len(self.asked) % 3:
            self.world.press(incident, "urge", by, phrase("urge", self.dice), target_unit=target)
        else:
            colour = self.dice.choice([CardColour.ORDINARY, CardColour.ORDINARY, CardColour.YELLOW])
            note = phrase("supervise", self.dice)
            self.world.press(incident, "supervise", by, note, target_unit=target, colour=colour.value)

    def _see_to_cards(self) -> None:
        open_cards = Card.objects.filter(district=self.world.district, state=CardState.ISSUED).exclude(pk__in=self.seen)
        for card in open_cards.select_related("incident").order_by("pk"):
            self.seen.add(card.pk)
            self.by_hand += card.actor_id is not None
            if card.actor_id is not None and self.by_hand % ROUND == TAKEN_BACK:
                self.timeline.begin(self._takes_back(card))
            elif len(self.seen) % ROUND != LEFT_LYING:
                self.timeline.begin(self._answers(card))

    def _takes_back(self, card: Card) -> Generator[datetime, None, None]:
        issuer = card.issued_by_unit_id or ""
        yield self.world.pace.office(self.world.now, issuer, WITHDRAW_HOURS, self.dice)
        by = self.world.staff.first(issuer, Duty.DUTY_CHIEF, Duty.DISPATCHER, Duty.CLERK)
        if by is not None:
            note = phrase("withdraw_card", self.dice)
            self.world.press(card.incident, "withdraw_card", by, note, seq=card.seq, card_id=card.pk)

    def _answers(self, card: Card) -> Generator[datetime, None, None]:
        yield self.world.pace.office(self.world.now, card.unit_id, ANSWER_HOURS, self.dice)
        by = self.world.staff.first(card.unit_id, Duty.HANDLER, Duty.CLERK, Duty.DUTY_CHIEF)
        if by is not None:
            note = phrase("reply_card", self.dice)
            self.world.press(card.incident, "reply_card", by, note, seq=card.seq, card_id=card.pk)


def begin(world: World, timeline: Timeline) -> None:
    """Let those above look from now on, as long as the story goes."""
    timeline.begin(Overseers(world, timeline).look())
