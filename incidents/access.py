"""Which incidents a person may see: one scope for list, detail, count, map, search, history and files.

An incident is in sight through the code of its responsible place, through a unit that reported, held or was assigned
it (``Sight``), or because the person took the report. "Not there" and "not for you" are the same answer.
"""

from datetime import datetime

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, Q, QuerySet
from django.http import Http404

from grids import permissions
from grids.models import Person
from grids.subtrees import covers, within
from incidents.models import Incident, Photo, Sight
from incidents.models.expressions import IsOneOf


def scope(person: Person, *, now: datetime) -> Q:
    """The condition on Incident that everything shown to ``person`` must meet: each part of it answered by an index."""
    return _scope(person, permissions.visible_prefixes(person, now=now))


def _scope(person: Person, prefixes: list[str]) -> Q:
    if "" in prefixes:
        return Q()
    # A department's code is never the place of an incident, so it sees through Sight alone.
    places = [prefix for prefix in prefixes if "D" not in prefix]
    bodies = [prefix for prefix in prefixes if "D" in prefix]
    received = Incident.objects.filter(first_receiver=person)
    seen = Sight.objects.filter(within(bodies, "unit_id")).values("incident_id")
    if not places:
        return Q(pk__in=seen.union(received.values("pk"), all=True)) if bodies else Q(first_receiver=person)
    # What was handled under a place lies there too, but for very few: those are looked up beforehand.
    afield = Sight.objects.filter(within(places, "unit_id"), afield=True).values("incident_id")
    found = within(places, "place_id") | Q(IsOneOf(F("pk"), ArraySubquery(afield))) | Q(first_receiver=person)
    return found | Q(pk__in=seen) if bodies else found


def incidents_for(person: Person, *, now: datetime) -> QuerySet[Incident]:
    return Incident.objects.filter(scope(person, now=now))


def sees(person: Person, incident: Incident, *, now: datetime) -> bool:
    """Whether one incident at hand is in sight: as `scope` says of many."""
    prefixes = permissions.visible_prefixes(person, now=now)
    if "" in prefixes or incident.first_receiver_id == person.pk or covers(prefixes, incident.place_id):
        return True
    return Sight.objects.filter(within(prefixes, "unit_id"), incident=incident).exists()


def incident_for(person: Person, number: str, *, now: datetime) -> Incident:
    """The incident with everything its page names, or Http404 alike for absent and forbidden. Three or four queries."""
    incident = (
        Incident.objects.select_related(
            "holder__duty_contact", "place", "place__parent", "category", "category__parent", "reporter",
            "first_receiver", "first_unit", "occurrence_grid", "master", "came_from", "answered_by_unit", "district",
            "imported",
        )
        .filter(number=number)
        .first()
    )  # fmt: skip
    if incident is None or not sees(person, incident, now=now):
        raise Http404
    return incident


def photo_for(person: Person, token: str, *, now: datetime) -> Photo:
    """A picture of an incident in sight, or Http404."""
    photo = Photo.objects.select_related("incident").filter(token=token).first()
    if photo is None or not sees(person, photo.incident, now=now):
        raise Http404
    return photo
