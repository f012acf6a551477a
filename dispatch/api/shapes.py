"""How moves, assignments and notices are told to programs, with the shapes for the schema."""

from collections.abc import Iterable
from typing import Any

from rest_framework import serializers

from dispatch.models import (
    Assignment,
    AssignmentRole,
    AssignmentState,
    Card,
    CardKind,
    CardState,
    ReturnReason,
)
from dispatch.moves import Offer
from grids.api.fields import UnitRef, address, moment, unit_ref
from incidents.api.shapes import Light
from incidents.api.shapes import light as light_of
from incidents.lights import ShownClock
from incidents.models import CardColour, Incident


class Offered(serializers.Serializer):
    """A move that is possible now: what to send, what it needs, what follows."""

    move = serializers.CharField()
    label = serializers.CharField()
    seq = serializers.IntegerField()
    needs = serializers.ListField(child=serializers.CharField(), help_text="the fields it must bring")
    consequence = serializers.CharField(allow_blank=True)
    usual = serializers.BooleanField()
    assignment = serializers.IntegerField(allow_null=True)
    approval = serializers.IntegerField(allow_null=True)
    card = serializers.IntegerField(allow_null=True)
    colours = serializers.ListField(child=serializers.CharField(), help_text="the choices of `colour`")
    units = UnitRef(many=True, help_text="the choices of `target_unit`, `proposed_unit` or the orders")
    handlers = serializers.ListField(child=serializers.IntegerField(), help_text="the choices of `handlers`")
    latest = serializers.DateTimeField(allow_null=True, help_text="the latest `review_at`")


class Offers(serializers.Serializer):
    moves = Offered(many=True)


class AssignmentRow(serializers.Serializer):
    """An order to a unit."""

    id = serializers.IntegerField()
    url = serializers.CharField()
    incident = serializers.CharField()
    incident_url = serializers.CharField()
    unit = UnitRef()
    ordered_by = UnitRef()
    role = serializers.ChoiceField(AssignmentRole.values)
    required = serializers.BooleanField()
    order = serializers.CharField()
    state = serializers.ChoiceField(AssignmentState.values)
    state_name = serializers.CharField()
    round = serializers.IntegerField()
    seq = serializers.IntegerField()
    light = Light(allow_null=True)
    called_at = serializers.DateTimeField()
    signed_at = serializers.DateTimeField(allow_null=True)
    arrived_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    feedback = serializers.CharField(allow_blank=True)
    return_reason = serializers.ChoiceField(["", *ReturnReason.values])
    return_note = serializers.CharField(allow_blank=True)


class AssignmentDetail(AssignmentRow):
    actions = Offered(many=True)


class CardRow(serializers.Serializer):
    """An urge or a supervision card to a unit. Without an actor it follows from the policy, by the red of a `stage`."""

    id = serializers.IntegerField()
    url = serializers.CharField()
    incident = serializers.CharField()
    incident_url = serializers.CharField()
    unit = UnitRef(help_text="the unit that must answer")
    issued_by = UnitRef(allow_null=True)
    actor = serializers.CharField(allow_null=True)
    stage = serializers.CharField(allow_null=True)
    kind = serializers.ChoiceField(CardKind.values)
    kind_name = serializers.CharField()
    colour = serializers.ChoiceField(CardColour.values)
    colour_name = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(CardState.values)
    state_name = serializers.CharField()
    seq = serializers.IntegerField()
    light = Light(allow_null=True)
    issued_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    ended_by = serializers.CharField(allow_null=True)
    answer = serializers.CharField(allow_blank=True, help_text="the answer, or why it was withdrawn")


class CardDetail(CardRow):
    actions = Offered(many=True)


def offer(found: Offer) -> dict[str, Any]:
    """A possible move as it is told."""
    return {
        "move": found.name,
        "label": str(found.label),
        "seq": found.seq,
        "needs": ["note" if need == "result" else need for need in found.needs],
        "consequence": str(found.consequence),
        "usual": found.is_primary,
        "assignment": found.assignment.pk if found.assignment else None,
        "approval": found.approval.pk if found.approval else None,
        "card": found.card.pk if found.card else None,
        "colours": [colour.value for colour in found.colours],
        "units": [unit_ref(unit) for unit in found.units],
        "handlers": [assignment.pk for assignment in found.assignments],
        "latest": moment(found.latest),
    }


def offers(found: Iterable[Offer]) -> list[dict[str, Any]]:
    return [offer(each) for each in found]


def assignment(row: Assignment, shown: ShownClock | None) -> dict[str, Any]:
    """An order as it is told; it brings its incident and its units along."""
    incident: Incident = row.incident
    return {
        "id": row.pk,
        "url": address(f"assignments/{row.pk}/"),
        "incident": incident.number,
        "incident_url": address(f"incidents/{incident.number}/"),
        "unit": unit_ref(row.unit),
        "ordered_by": unit_ref(row.ordered_by_unit),
        "role": row.role,
        "required": row.required,
        "order": row.order,
        "state": row.state,
        "state_name": str(AssignmentState(row.state).label),
        "round": row.round,
        "seq": row.seq,
        "light": light_of(shown),
        "called_at": moment(row.called_at),
        "signed_at": moment(row.signed_at),
        "arrived_at": moment(row.arrived_at),
        "ended_at": moment(row.ended_at),
        "feedback": row.feedback,
        "return_reason": row.return_reason,
        "return_note": row.return_note,
    }


def card(row: Card, shown: ShownClock | None) -> dict[str, Any]:
    """An urge or card as it is told; it brings its incident, units and people along."""
    return {
        "id": row.pk,
        "url": address(f"cards/{row.pk}/"),
        "incident": row.incident.number,
        "incident_url": address(f"incidents/{row.incident.number}/"),
        "unit": unit_ref(row.unit),
        "issued_by": unit_ref(row.issued_by_unit) if row.issued_by_unit else None,
        "actor": row.actor.full_name if row.actor else None,
        "stage": row.clock.stage if row.clock else None,
        "kind": row.kind,
        "kind_name": str(CardKind(row.kind).label),
        "colour": row.colour,
        "colour_name": str(CardColour(row.colour).label),
        "reason": row.reason,
        "state": row.state,
        "state_name": str(CardState(row.state).label),
        "seq": row.seq,
        "light": light_of(shown),
        "issued_at": moment(row.issued_at),
        "ended_at": moment(row.ended_at),
        "ended_by": row.ended_by.full_name if row.ended_by else None,
        "answer": row.answer,
    }
