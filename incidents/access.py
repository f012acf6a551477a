"""Which incidents a person may see: one scope for list, detail, count, map, search, history and files.

An incident is in sight through the code of its responsible place, through a unit that reported, held or was assigned
it (``Sight``), or because the person took the report. "Not there" and "not for you" are the same answer.
"""

from datetime import datetime

from django.db.models import Q, QuerySet
from django.http import Http404

from grids import permissions
from grids.models import Person
from grids.subtrees import within
from incidents.models import Incident, Photo, Sight


def scope(person: Person, *, now: datetime) -> Q:
    """The condition on Incident that everything shown to ``person`` must meet."""
    prefixes = permissions.visible_prefixes(person, now=now)
    if "" in prefixes:
        return Q()
    seen = Sight.objects.filter(within(prefixes, "unit_id")).values("incident_id")
    # A department's code is never the place of an incident, so it sees through Sight alone.
    places = [prefix for prefix in prefixes if "D" not in prefix]
    return within(places, "place_id") | Q(pk__in=seen) | Q(first_receiver=person)


def incidents_for(person: Person, *, now: datetime) -> QuerySet[Incident]:
    return Incident.objects.filter(scope(person, now=now))


def incident_for(person: Person, number: str, *, now: datetime) -> Incident:
    """The incident with everything its page names, or Http404 alike for absent and forbidden."""
    incident = (
        incidents_for(person, now=now)
        .select_related(
            "holder", "place", "place__parent", "category", "category__parent", "reporter", "first_receiver",
            "first_unit", "occurrence_grid", "master", "came_from", "answered_by_unit", "district",
            "imported",
        )
        .filter(number=number)
        .first()
    )  # fmt: skip
    if incident is None:
        raise Http404
    return incident


def photo_for(person: Person, token: str, *, now: datetime) -> Photo:
    """A picture of an incident in sight, or Http404."""
    photo = Photo.objects.select_related("incident").filter(token=token).first()
    if photo is None or not incidents_for(person, now=now).filter(pk=photo.incident_id).exists():
        raise Http404
    return photo
