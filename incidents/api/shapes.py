"""How incidents are told to programs: rows of a list and the whole of one, with the shapes for the schema."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rest_framework import serializers

from grids.api.fields import PointShape, UnitRef, address, moment, unit_ref
from grids.models import Person, Unit
from incidents import lights, places, selectors, timeline
from incidents.api.keys import key_of
from incidents.lights import ShownClock
from incidents.models import Category, Clock, ImportedRecord, Incident
from incidents.states import State, Urgency

LIGHTS = [str(light) for light in lights.ORDER]


class Light(serializers.Serializer):
    """What a clock shows. `remaining_seconds` is negative once the limit is exceeded; working time where it says so."""

    light = serializers.ChoiceField(LIGHTS)
    due_at = serializers.DateTimeField(allow_null=True)
    remaining_seconds = serializers.IntegerField(allow_null=True)
    remaining_is_working_time = serializers.BooleanField()
    provisional = serializers.BooleanField(help_text="The calendar of that year is not published yet.")


class CategoryRef(serializers.Serializer):
    key = serializers.CharField()
    name = serializers.CharField()
    url = serializers.CharField()


class PlaceRef(UnitRef):
    path = serializers.CharField(help_text="Town, village and grid in words.")


class IncidentRow(serializers.Serializer):
    """An incident as a list tells it."""

    number = serializers.CharField()
    url = serializers.CharField()
    title = serializers.CharField()
    text = serializers.CharField()
    state = serializers.ChoiceField(State.values)
    state_name = serializers.CharField()
    seq = serializers.IntegerField(help_text="Send it back with a move, so that nobody acts on what has changed.")
    urgency = serializers.ChoiceField(Urgency.values)
    category = CategoryRef(allow_null=True)
    holder = UnitRef()
    place = PlaceRef()
    light = Light(allow_null=True)
    overall = Light(allow_null=True)
    arrived_at = serializers.DateTimeField(help_text="When it came to its holder.")
    reported_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    review_at = serializers.DateTimeField(allow_null=True)
    settled_on_the_spot = serializers.BooleanField()


class Contact(serializers.Serializer):
    role = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    unit = serializers.CharField(allow_blank=True)
    phone = serializers.CharField(allow_blank=True)


class RedMark(serializers.Serializer):
    unit = serializers.CharField()
    stage = serializers.CharField()


class Links(serializers.Serializer):
    history = serializers.CharField()
    photos = serializers.CharField()
    moves = serializers.CharField()
    assignments = serializers.CharField()


class Original(serializers.Serializer):
    """What another system said of an incident that was imported from it."""

    source = serializers.CharField()
    number = serializers.CharField()
    opened_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)


class IncidentDetail(IncidentRow):
    """The whole of an incident, as its page tells it."""

    address = serializers.CharField(allow_blank=True)
    point = PointShape(allow_null=True)
    accuracy_m = serializers.FloatField(allow_null=True)
    located_by = serializers.CharField()
    source = serializers.CharField()
    reporter = serializers.CharField(allow_null=True)
    first_receiver = serializers.CharField(allow_null=True)
    first_unit = UnitRef(allow_null=True)
    answered_by = UnitRef(allow_null=True)
    master = serializers.CharField(allow_null=True, help_text="The number of the incident it was merged into.")
    rework_count = serializers.IntegerField()
    relapse_count = serializers.IntegerField()
    reds = RedMark(many=True)
    contacts = Contact(many=True)
    original = Original(allow_null=True, help_text="null for what was reported here")
    links = Links()


def light(clock: ShownClock | None) -> dict[str, Any] | None:
    """A light as it is told."""
    if clock is None:
        return None
    return {
        "light": str(clock.light),
        "due_at": moment(clock.due_at),
        "remaining_seconds": clock.remaining,
        "remaining_is_working_time": clock.remaining_is_working,
        "provisional": clock.provisional,
    }


def category(row: Category | None) -> dict[str, str] | None:
    if row is None:
        return None
    key = key_of(row)
    return {"key": key, "name": row.label, "url": address(f"categories/{key}/")}


def place(unit: Unit) -> dict[str, Any]:
    """A place with its path; needs the parents attached."""
    return unit_ref(unit) | {"path": places.path_of(unit)}


def incidents(found: Sequence[Incident], now: datetime) -> list[dict[str, Any]]:
    """The rows, with two to three queries; the incidents bring their category along."""
    clocks = selectors.clocks_of(found)
    units = places.with_parents({code for each in found for code in (each.place_id, each.holder_id)})
    return [_row(each, clocks[each.pk], units, now) for each in found]


def _row(incident: Incident, clocks: list[Clock], units: dict[str, Unit], now: datetime) -> dict[str, Any]:
    return {
        "number": incident.number,
        "url": address(f"incidents/{incident.number}/"),
        "title": incident.title,
        "text": incident.text,
        "state": incident.state,
        "state_name": str(State(incident.state).label),
        "seq": incident.seq,
        "urgency": incident.urgency,
        "category": category(incident.category),
        "holder": unit_ref(units[incident.holder_id]),
        "place": place(units[incident.place_id]),
        "light": light(selectors.shown(incident, clocks, now)),
        "overall": light(selectors.overall(clocks, now)),
        "arrived_at": moment(incident.arrived_at),
        "reported_at": moment(incident.reported_at),
        "closed_at": moment(incident.closed_at),
        "review_at": moment(incident.review_at),
        "settled_on_the_spot": incident.self_handled,
    }


def detail(incident: Incident, now: datetime) -> dict[str, Any]:
    """The whole of an incident fetched by `access.incident_for`. Four to five queries."""
    clocks = list(Clock.objects.filter(incident=incident).order_by("pk"))
    codes = {incident.place_id, incident.holder_id, *(clock.unit_id for clock in clocks)}
    units = places.with_parents(codes)
    path = f"incidents/{incident.number}/"
    return _row(incident, clocks, units, now) | {
        "address": incident.address,
        "point": {"lon": incident.point.x, "lat": incident.point.y} if incident.point else None,
        "accuracy_m": incident.accuracy_m,
        "located_by": incident.located_by,
        "source": incident.source,
        "reporter": _name(incident.reporter),
        "first_receiver": _name(incident.first_receiver),
        "first_unit": unit_ref(incident.first_unit) if incident.first_unit else None,
        "answered_by": unit_ref(incident.answered_by_unit) if incident.answered_by_unit else None,
        "master": incident.master.number if incident.master else None,
        "rework_count": incident.rework_count,
        "relapse_count": incident.relapse_count,
        "reds": [{"unit": mark.unit, "stage": mark.stage} for mark in timeline.red_marks(clocks, units, now)],
        "contacts": [
            {"role": str(each.role), "name": each.name, "unit": each.unit, "phone": each.phone}
            for each in selectors.contacts(incident, now)
        ],
        "original": _original(incident),
        "links": {
            "history": address(f"{path}history/"),
            "photos": address(f"{path}photos/"),
            "moves": address(f"{path}moves/"),
            "assignments": address("assignments/", incident=incident.number),
        },
    }


def _original(incident: Incident) -> dict[str, Any] | None:
    facts: ImportedRecord | None = getattr(incident, "imported", None)
    if facts is None:
        return None
    return {
        "source": facts.source,
        "number": facts.original_number,
        "opened_at": moment(facts.opened_at),
        "due_at": moment(facts.due_at),
        "closed_at": moment(facts.closed_at),
    }


def _name(person: Person | None) -> str | None:
    return person.full_name if person else None


__all__ = ["IncidentDetail", "IncidentRow", "Light", "category", "detail", "incidents", "light", "place"]
