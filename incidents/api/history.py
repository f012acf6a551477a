"""The history of an incident, as its page tells it."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from grids.api import paging
from grids.api.endpoints import Endpoint
from grids.api.fields import UnitRef, address, moment, unit_ref
from grids.api.paging import PageQuestion, page_of
from grids.models import Unit
from incidents import access, places, selectors, timeline
from incidents.api.incidents import NUMBER
from incidents.models import Clock, IncidentEvent
from incidents.states import State
from incidents.timeline import Step


class MeasuredShape(serializers.Serializer):
    """What a clock measured that ended with this step, in words of its own kind of time."""

    stage = serializers.CharField()
    unit = serializers.CharField()
    light = serializers.CharField(allow_blank=True)
    used = serializers.CharField()
    allowed = serializers.CharField()


class OrderedShape(serializers.Serializer):
    unit = serializers.CharField()
    text = serializers.CharField()
    lead = serializers.BooleanField()
    required = serializers.BooleanField()


class StepRow(serializers.Serializer):
    """One line of the history."""

    kind = serializers.CharField(help_text="the name of a move, or of another kind of event")
    label = serializers.CharField()
    seq = serializers.IntegerField(allow_null=True, help_text="of a move")
    at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()
    actor = serializers.CharField(allow_null=True, help_text="null is the system")
    duty = serializers.CharField(allow_blank=True)
    unit = UnitRef(allow_null=True, help_text="for which the actor acted, or that slipped")
    state_before = serializers.ChoiceField(["", *State.values])
    state_after = serializers.ChoiceField(["", *State.values])
    from_unit = UnitRef(allow_null=True)
    to_unit = UnitRef(allow_null=True)
    direction = serializers.CharField()
    note = serializers.CharField(allow_blank=True)
    facts = serializers.ListField(child=serializers.CharField())
    orders = OrderedShape(many=True)
    measured = MeasuredShape(many=True)
    photos = serializers.ListField(child=serializers.CharField())


class History(Endpoint):
    """What happened to an incident."""

    tag = "incidents"
    names = {"GET": "listHistory"}
    asks = {"GET": PageQuestion}
    gives = {"GET": {200: page_of(StepRow)}}
    path_words = {"number": NUMBER}

    def get(self, request: Request, number: str) -> Response:
        """What happened to an incident, the first step first."""
        incident = access.incident_for(self.person, number, now=self.now)
        clocks = list(Clock.objects.filter(incident=incident).order_by("pk"))
        events = list(IncidentEvent.objects.filter(incident=incident).select_related("actor").order_by("pk"))
        units = places.with_parents(timeline.codes_of(events, clocks) | {incident.place_id, incident.holder_id})
        steps = timeline.steps(
            incident,
            events=events,
            clocks=clocks,
            photos=selectors.photos_of(incident),
            units=units,
            now=self.now,
        )
        page = paging.part(steps, self.asked, lambda step: step.event.pk)
        rows = [_told(step, units) for step in page.rows]
        return Response(paging.answer(page, rows, f"incidents/{number}/history/", request.query_params))


def _told(step: Step, units: dict[str, Unit]) -> dict[str, Any]:
    event = step.event

    def ref(code: str | None) -> dict[str, Any] | None:
        return unit_ref(units[code]) if code in units else None

    return {
        "kind": event.kind,
        "label": str(step.label),
        "seq": event.seq,
        "at": moment(step.at),
        "recorded_at": moment(event.recorded_at),
        "actor": event.actor.full_name if event.actor else None,
        "duty": event.duty,
        "unit": ref(event.unit_id),
        "state_before": event.state_before,
        "state_after": event.state_after,
        "from_unit": ref(event.holder_before_id),
        "to_unit": ref(event.holder_after_id),
        "direction": step.direction,
        "note": event.note,
        "facts": [str(fact) for fact in step.facts],
        "orders": [
            {"unit": order.unit, "text": order.text, "lead": order.is_lead, "required": order.is_required}
            for order in step.orders
        ],
        "measured": [
            {
                "stage": each.stage,
                "unit": each.unit,
                "light": each.light,
                "used": str(each.used),
                "allowed": str(each.allowed),
            }
            for each in step.measured
        ],
        "photos": [address(f"photos/{photo.token}/shown/") for photo in step.photos],
    }
