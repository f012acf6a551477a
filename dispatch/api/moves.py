"""Moves of an incident: which are possible for this person, and making one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import Http404
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dispatch import moves
from dispatch.acts import ACTS
from dispatch.api import shapes
from dispatch.api.repeats import refuse_other
from dispatch.models import AssignmentRole, ReturnReason
from dispatch.moves import Order
from grids.api.endpoints import Endpoint, replayed
from grids.api.fields import CodeField, Strict, WholeField, WordsField, units_named
from grids.models import Person
from incidents import access, records
from incidents.api import shapes as incident_shapes
from incidents.api.incidents import NUMBER
from incidents.api.refusals import told
from incidents.models import CardColour, Incident
from incidents.refusals import missing
from incidents.states import BIRTHS, MOVES
from incidents.words import MOST_CHARACTERS

MOST_OF_AN_ORDER = 1000
MOST_ORDERS = 20
SPECIAL = (
    "ask_suspend", "ask_void", "grant", "refuse", "confirm", "urge", "supervise", "reply_card", "withdraw_card",
)  # fmt: skip
NAMES = sorted({name for name, row in MOVES.items() if row.by_person and name not in BIRTHS} | {*ACTS, *SPECIAL})


class OrderGiven(Strict):
    """What one unit shall do. Without a role the first one leads."""

    unit = CodeField()
    text = WordsField(max_length=MOST_OF_AN_ORDER)
    role = serializers.ChoiceField(AssignmentRole.values, required=False, allow_null=True)
    required = serializers.BooleanField(default=True)


class Given(Strict):
    """What a move may bring; which of it is needed says `needs` of the offer."""

    note = WordsField(max_length=MOST_CHARACTERS, required=False, allow_blank=True, default="")
    seq = WholeField(help_text="that of the offer: of the incident, or of the order the move is about")
    orders = OrderGiven(many=True, required=False)
    reason = serializers.ChoiceField(ReturnReason.values, required=False)
    proposed_unit = CodeField(required=False, allow_null=True)

    def validate_orders(self, given: list[Any]) -> list[Any]:
        if len(given) > MOST_ORDERS:
            raise serializers.ValidationError(_("Too many units at once."))
        return given


class NewMove(Given):
    """A move by its name."""

    move = serializers.ChoiceField(NAMES)
    target_unit = CodeField(required=False, allow_null=True)
    handlers = serializers.ListField(child=WholeField(max_value=2**63 - 1), required=False, max_length=MOST_ORDERS)
    assignment = WholeField(required=False, allow_null=True, max_value=2**63 - 1)
    approval = WholeField(required=False, allow_null=True, max_value=2**63 - 1)
    card = WholeField(required=False, allow_null=True, max_value=2**63 - 1)
    colour = serializers.ChoiceField(CardColour.values, required=False, help_text="of the card that is laid")
    master = WordsField(required=False, allow_null=True, max_length=24, help_text="the number of another incident")
    review_at = serializers.DateTimeField(required=False, allow_null=True)
    on_site = serializers.BooleanField(default=False)


class MoveList(Endpoint):
    """The moves of an incident."""

    tag = "moves"
    names = {"GET": "listMoves", "POST": "makeMove"}
    takes = {"POST": NewMove}
    gives = {"GET": {200: shapes.Offers}, "POST": {200: incident_shapes.IncidentRow}}
    refuses = {"POST": (409, 422)}
    keyed = ("POST",)
    path_words = {"number": NUMBER}

    def get(self, request: Request, number: str) -> Response:
        """What this person may do about the incident now, the usual move first."""
        incident = access.incident_for(self.person, number, now=self.now)
        found = moves.available(person=self.person, incident=incident, now=self.now)
        return Response({"moves": shapes.offers(found)})

    def post(self, request: Request, number: str) -> Response:
        """Make a move and get the incident as it then stands.

        A stale `seq` answers 409 with the present `incident` and the `moves` possible now. With an `Idempotency-Key`
        a repeated request changes nothing, answers 200 and says `Idempotent-Replayed: true`.
        """
        incident = in_sight(self.person, number, now=self.now)
        given, key = self.taken(), self.key()
        return perform(self.person, incident, given.pop("move"), given, key=key, now=self.now)


def in_sight(person: Person, number: str, *, now: datetime) -> Incident:
    """The incident with what the answer to a move tells of it, or Http404: far cheaper to plan than its whole page."""
    found = Incident.objects.select_related("category", "category__parent").filter(number=number).first()
    if found is None or not access.sees(person, found, now=now):
        raise Http404
    return found


def perform(
    person: Person, incident: Incident, name: str, given: Mapping[str, Any], *, key: str, now: datetime
) -> Response:
    """Press and answer; what is refused becomes its problem, with the present state where that is the reason."""
    with told(lambda: present(person, incident, now)):
        inputs = _inputs(person, incident, given, now)
        after = moves.perform(
            incident_id=incident.pk,
            name=name,
            actor=person,
            now=now,
            note=given["note"],
            seen_seq=given["seq"],
            idempotency_key=key,
            **inputs,
        )
        event = records.earlier(actor=person, idempotency_key=key)
    row = incident_shapes.incidents([_with_category(after, incident)], now)[0]
    if event is None or event.occurred_at == now:
        return Response(row)
    refuse_other(event, name, given, inputs)
    return replayed(row)


def present(person: Person, incident: Incident, now: datetime) -> dict[str, Any]:
    """How the incident stands now and what may be done: members of a 409."""
    fresh = access.incident_for(person, incident.number, now=now)
    offered = shapes.offers(moves.available(person=person, incident=fresh, now=now))
    return {"incident": incident_shapes.incidents([fresh], now)[0], "moves": offered}


def _inputs(person: Person, incident: Incident, given: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The inputs of `moves.perform`; raises ValidationError for units that are none, MoveRefused for a lost master."""
    orders = given.get("orders") or []
    named = {name: given.get(name) for name in ("target_unit", "proposed_unit")}
    units = units_named(named | {f"orders.{number}.unit": each["unit"] for number, each in enumerate(orders)})
    inputs: dict[str, Any] = {name: units[code] for name, code in named.items() if code}
    if orders:
        inputs["orders"] = [
            Order(
                units[each["unit"]],
                each["text"],
                AssignmentRole(each["role"]) if each.get("role") else None,
                each["required"],
            )
            for each in orders
        ]
    for name, ours in (("assignment", "assignment_id"), ("approval", "approval_id"), ("card", "card_id")):
        if given.get(name) is not None:
            inputs[ours] = given[name]
    for name in ("handlers", "review_at", "on_site", "reason", "colour"):
        if given.get(name):
            inputs[name] = given[name]
    if given.get("master"):
        inputs["master"] = _master(person, incident, given["master"], now)
    return inputs


def _master(person: Person, incident: Incident, number: str, now: datetime) -> Incident:
    found = access.incidents_for(person, now=now).filter(number=number, closed_at__isnull=True)
    master = found.exclude(pk=incident.pk).select_related("holder").first()
    if master is None:
        raise missing("master")
    return master


def _with_category(after: Incident, before: Incident) -> Incident:
    """The moved incident with the category that was fetched with it before: moves never change it."""
    after.category = before.category
    return after
