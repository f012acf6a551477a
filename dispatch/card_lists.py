"""The urges and cards around a person: what waits for an answer, what was given out, what is over.

A person reads those of the very units they serve. What waits is sorted by when the answer is due.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dispatch import access, cards
from dispatch.models import Card, CardKind, CardState
from grids import permissions, selectors
from grids.duties import Duty, Right
from grids.levels import DESK_KINDS
from grids.models import Person
from incidents import keyset, lights
from incidents.lights import ShownClock
from incidents.models import CardColour, Clock, ClockState, Light, Subject
from incidents.states import Stage, State

SIZE = 50
BY_DUE = ("due_at", "pk")
NEWEST = ("-pk",)
# What a list is narrowed to: urges, or cards of one colour.
URGES = CardKind.URGE.value
WHATS = (URGES, *CardColour.values)


@dataclass(frozen=True)
class Tab:
    """One tab: its name, and what to say where it is empty."""

    key: str
    label: str | Promise
    empty: str | Promise


RECEIVED = Tab(
    "received",
    pgettext_lazy("of cards", "Received"),
    _("Urges and cards to your unit appear here by themselves and wait for an answer."),
)
ISSUED = Tab(
    "issued",
    pgettext_lazy("of cards", "Given out"),
    _("Urge a unit, or lay a card before it, on the page of an incident; until it answers it stays here."),
)
HISTORY = Tab(
    "history",
    pgettext_lazy("of cards", "History"),
    _("What was answered, withdrawn or lapsed stays here."),
)
TABS = (RECEIVED, ISSUED, HISTORY)


@dataclass(frozen=True, slots=True)
class Line:
    """A card with the light of its answer, and whether this person may answer it or take it back."""

    card: Card
    clock: ShownClock | None
    may_reply: bool
    may_withdraw: bool


class CardLists:
    """The cards around one person at `now`, narrowed to `what`: one of WHATS, or empty for all."""

    def __init__(self, person: Person, *, now: datetime, what: str = "") -> None:
        self.person, self.now, self.what = person, now, what if what in WHATS else ""

    @cached_property
    def units(self) -> dict[str, str]:
        """The names of the units the person serves, by their codes."""
        posts = selectors.posts_of(self.person, self.now)
        return {post.unit_id: post.unit.label for post in posts if post.unit.kind in DESK_KINDS}

    def counts(self) -> dict[str, int]:
        """How many wait in each tab; what is over is not counted."""
        return {RECEIVED.key: self._received().count(), ISSUED.key: self._issued().count()}

    def page(self, tab: Tab, *, after: str = "", before: str = "") -> tuple[list[Line], keyset.Page]:
        """The lines of one page of a tab, and the marks to go on from."""
        if tab is not RECEIVED:
            found = self._issued() if tab is ISSUED else self._over()
            page = keyset.page(found, NEWEST, size=SIZE, after=after, before=before)
            return self._lines([card.pk for card in page.rows]), page
        mine = Clock.objects.filter(
            unit__in=list(self.units), stage=Stage.REPLY, subject_kind=Subject.CARD, incident__closed_at__isnull=True
        ).exclude(state=ClockState.STOPPED)
        if self.what:
            mine = mine.filter(subject_id__in=self._received().values("pk"))
        page = keyset.page(mine, BY_DUE, size=SIZE, after=after, before=before)
        return self._lines([clock.subject_id for clock in page.rows]), page

    def _received(self) -> QuerySet[Card]:
        return self._narrowed(Card.objects.filter(unit__in=list(self.units), state=CardState.ISSUED))

    def _issued(self) -> QuerySet[Card]:
        return self._narrowed(Card.objects.filter(issued_by_unit__in=list(self.units), state=CardState.ISSUED))

    def _over(self) -> QuerySet[Card]:
        codes = list(self.units)
        mine = Q(unit__in=codes) | Q(issued_by_unit__in=codes)
        return self._narrowed(Card.objects.filter(mine).exclude(state=CardState.ISSUED))

    def _narrowed(self, found: QuerySet[Card]) -> QuerySet[Card]:
        if self.what == URGES:
            return found.filter(kind=CardKind.URGE)
        return found.filter(kind=CardKind.SUPERVISE, colour=self.what) if self.what else found

    def _lines(self, wanted: Sequence[int]) -> list[Line]:
        found = with_names(Card.objects.filter(pk__in=wanted)).in_bulk()
        rows = [found[pk] for pk in wanted if pk in found]
        shown = lights_of(rows, self.now)
        open_ones = [card for card in rows if card.is_open]
        asked = {code for card in open_ones for code in (card.unit_id, *cards.withdrawers(card))}
        rights = permissions.rights_at(self.person, sorted(asked), now=self.now)
        return [
            Line(card, shown.get(card.pk), card.is_open and Right.REPLY in rights[card.unit_id], _may_end(card, rights))
            for card in rows
        ]


def _may_end(card: Card, rights: dict[str, dict[Right, Duty]]) -> bool:
    right = cards.right_for(card.kind, card.colour)
    return card.is_open and any(access.may_card(code, right, rights[code]) for code in cards.withdrawers(card))


def with_names(found: QuerySet[Card]) -> QuerySet[Card]:
    """The cards with all that is told of them, in one query."""
    return found.select_related(
        "unit", "issued_by_unit", "actor", "ended_by", "clock", "incident", "incident__place", "incident__place__parent"
    ).defer("incident__point")


def lights_of(rows: Iterable[Card], now: datetime) -> dict[int, ShownClock]:
    """By card: the light of its answer, of one that is over what it ended with, if it had a colour. One query."""
    by_id = {card.pk: card for card in rows}
    mine = Clock.objects.filter(
        incident__in={card.incident_id for card in by_id.values()}, subject_kind=Subject.CARD, subject_id__in=by_id
    )
    return {
        clock.subject_id: lights.shown(clock, now, suspended=by_id[clock.subject_id].incident.state == State.SUSPENDED)
        for clock in mine
        if clock.final_light != Light.NONE
    }


def to_answer(person: Person, *, now: datetime) -> int:
    """How many urges and cards wait for an answer `person` may give. Two queries at most."""
    codes = permissions.units_with_right(person, Right.REPLY, now=now)
    return Card.objects.filter(unit__in=codes, state=CardState.ISSUED).count() if codes else 0
