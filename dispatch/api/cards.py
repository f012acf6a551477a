"""Urges and cards: the list, one of them with what may be done, answering it and taking it back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dispatch import access, card_lists, moves
from dispatch.api import shapes
from dispatch.api.moves import in_sight, perform
from dispatch.models import Card, CardKind, CardState
from grids.api import paging
from grids.api.endpoints import Endpoint
from grids.api.fields import CodeField, Strict, WholeField, WordsField
from grids.api.paging import PageQuestion, page_of
from grids.subtrees import within
from incidents import access as incident_access
from incidents.api import shapes as incident_shapes
from incidents.models import CardColour
from incidents.words import MOST_CHARACTERS

ID = ("^[0-9]{1,18}$", "The id of an urge or card.")
# By the name of the act as it is sent: that of the move.
ACTIONS = {"reply": "reply_card", "withdraw": "withdraw_card"}


class CardQuestion(PageQuestion):
    state = serializers.MultipleChoiceField(choices=CardState.values, required=False)
    kind = serializers.ChoiceField(CardKind.values, required=False)
    colour = serializers.MultipleChoiceField(choices=CardColour.values, required=False)
    incident = WordsField(required=False, max_length=24, help_text="the number of one incident")
    unit = CodeField(required=False, help_text="received by this very unit")
    under = CodeField(required=False, help_text="received by this unit and all below it")
    issued_by = CodeField(required=False, help_text="given out by this unit")


class NewCardAction(Strict):
    """An answer (`note` is the answer) or a withdrawal (`note` is the reason); `seq` is that of the card."""

    action = serializers.ChoiceField(sorted(ACTIONS))
    note = WordsField(max_length=MOST_CHARACTERS)
    seq = WholeField()


class CardList(Endpoint):
    """Urges and cards about the incidents in sight."""

    tag = "cards"
    names = {"GET": "listCards"}
    asks = {"GET": CardQuestion}
    gives = {"GET": {200: page_of(shapes.CardRow)}}

    def get(self, request: Request) -> Response:
        """The urges and cards about all incidents in sight, the newest first.

        `unit` asks for those it received, `issued_by` for those it gave out. To give one, make the move `urge` or
        `supervise` of the incident.
        """
        asked = self.asked
        found = card_lists.with_names(access.cards_for(self.person, now=self.now))
        for name, field in (("state", "state__in"), ("colour", "colour__in"), ("kind", "kind"), ("unit", "unit"),
                            ("issued_by", "issued_by_unit"), ("incident", "incident__number")):  # fmt: skip
            if asked.get(name):
                found = found.filter(**{field: asked[name]})
        if asked.get("under"):
            found = found.filter(within([asked["under"]], "unit_id"))
        page = paging.page(found, ("-id",), asked)
        return Response(paging.answer(page, _told(page.rows, self.now), "cards/", request.query_params))


class CardOne(Endpoint):
    """One urge or card."""

    tag = "cards"
    names = {"GET": "getCard"}
    gives = {"GET": {200: shapes.CardDetail}}
    path_words = {"id": ID}

    def get(self, request: Request, id: str) -> Response:
        """One urge or card, with the light of its answer and what this person may do to it now."""
        row = _one(self, id)
        incident = incident_access.incident_for(self.person, row.incident.number, now=self.now)
        offered = moves.available(person=self.person, incident=incident, now=self.now)
        mine = [each for each in offered if each.card is not None and each.card.pk == row.pk]
        return Response(_told([row], self.now)[0] | {"actions": shapes.offers(mine)})


class CardActions(Endpoint):
    """What is done to an urge or card."""

    tag = "cards"
    names = {"POST": "actOnCard"}
    takes = {"POST": NewCardAction}
    gives = {"POST": {200: incident_shapes.IncidentRow}}
    refuses = {"POST": (409, 422)}
    keyed = ("POST",)
    path_words = {"id": ID}

    def post(self, request: Request, id: str) -> Response:
        """Answer it, or take it back; and get the incident as it then stands.

        The same as the move `reply_card` or `withdraw_card` that names the `card`.
        """
        row = _one(self, id)
        given, key = self.taken(), self.key()
        incident = in_sight(self.person, row.incident.number, now=self.now)
        name = ACTIONS[given.pop("action")]
        return perform(self.person, incident, name, {**given, "card": row.pk}, key=key, now=self.now)


def _one(view: Endpoint, id: str) -> Card:
    found = access.cards_for(view.person, now=view.now).filter(pk=int(id))
    row = card_lists.with_names(found).first()
    if row is None:
        raise Http404
    return row


def _told(rows: Sequence[Card], now: datetime) -> list[dict[str, Any]]:
    shown = card_lists.lights_of(rows, now)
    return [shapes.card(row, shown.get(row.pk)) for row in rows]
