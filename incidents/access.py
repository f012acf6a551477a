"""Which incidents a person may see: one scope for list, detail, count, map, search, history and files.

An incident is in sight through the code of its responsible place, through a unit that reported, held or was assigned
it (``Sight``), or because the person took the report. "Not there" and "not for you" are the same answer.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, Q, QuerySet
from django.http import Http404

from grids import permissions
from grids.duties import Right
from grids.models import Person, Unit
from grids.subtrees import covers, within
from incidents import places
from incidents.models import Incident, Photo, Sight
from incidents.models.expressions import IsOneOf

# The units an incident names.
UNITS = ("district", "place", "holder", "came_from", "answered_by_unit", "occurrence_grid", "first_unit")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a person may see: the `whole`; and the same in two parts that share nothing, `inside` and `beside`.

    What lies under the person's places is counted from an index alone, as long as it is asked for alone. `walked` is
    the whole once more, for those who look for the first few of very many: asked of each row that is passed.
    """

    whole: Q
    inside: Q
    beside: Q | None = None
    walked: Q | None = None

    @property
    def parts(self) -> list[Q]:
        return [self.inside, self.beside] if self.beside is not None else [self.inside]


def scope(person: Person, *, now: datetime) -> Q:
    """The condition on Incident that everything shown to ``person`` must meet: each part of it answered by an index."""
    return parted(person, now=now).whole


def parted(person: Person, *, now: datetime) -> Scope:
    """The same condition, and its parts."""
    prefixes = permissions.visible_prefixes(person, now=now)
    if "" in prefixes:
        return Scope(Q(), Q())
    # A department's code is never the place of an incident, so it sees through Sight alone.
    places = [prefix for prefix in prefixes if "D" not in prefix]
    bodies = [prefix for prefix in prefixes if "D" in prefix]
    seen = Sight.objects.filter(within(bodies, "unit_id")).values("incident_id")
    if not places:
        if not bodies:
            return Scope(Q(first_receiver=person), Q(first_receiver=person))
        handled, received = Q(pk__in=seen), Q(first_receiver=person)
        either = seen.union(Incident.objects.filter(received).values("pk"), all=True)
        return Scope(Q(pk__in=either), handled, received & ~handled, walked=handled | received)
    inside = within(places, "place_id")
    # What was handled under a place lies there too, but for very few: those are looked up beforehand.
    afield = Sight.objects.filter(within(places, "unit_id"), afield=True).values("incident_id")
    beside = Q(IsOneOf(F("pk"), ArraySubquery(afield))) | Q(first_receiver=person)
    if bodies:
        beside |= Q(pk__in=seen)
    return Scope(inside | beside, inside, beside & ~inside)


def incidents_for(person: Person, *, now: datetime) -> QuerySet[Incident]:
    return Incident.objects.filter(scope(person, now=now))


def sees(person: Person, incident: Incident, *, now: datetime) -> bool:
    """Whether one incident is in sight: as `scope` says of many, the usual reasons first. Five queries at most."""
    if incident.first_receiver_id == person.pk:
        return True
    own = permissions.units_with_right(person, Right.VIEW, now=now)
    if covers(own, incident.place_id) or (person.is_superuser and person.is_active):
        return True
    return _seen_under(own, incident) or _sees_besides(person, incident, own, now)


def _sees_besides(person: Person, incident: Incident, own: list[str], now: datetime) -> bool:
    """By what is not under the person's own units: those that went before them."""
    before = sorted(set(permissions.visible_prefixes(person, now=now)) - set(own))
    return covers(before, incident.place_id) or _seen_under(before, incident)


def _seen_under(prefixes: list[str], incident: Incident) -> bool:
    return bool(prefixes) and Sight.objects.filter(within(prefixes, "unit_id"), incident=incident).exists()


def incident_for(person: Person, number: str, *, now: datetime) -> Incident:
    """The incident with everything its page names, or Http404 alike for absent and forbidden. Three to seven queries.

    The units come in a query of their own: to plan one query of fifteen tables takes longer than all of its answers.
    """
    incident = _seen_by(person, number, now)
    _bring_units(incident)
    return incident


def page_of(person: Person, number: str, *, now: datetime) -> tuple[Incident, list[str], dict[str, Unit]]:
    """As `incident_for`, with the codes of the units of its ``Sight`` and, by code, all units met here.

    One query more than that: who had a part in an incident is nearly everybody its history names.
    """
    incident = _seen_by(person, number, now)
    seen = units_in_sight({incident.pk}).get(incident.pk, [])
    units = _bring_units(incident, besides=seen)
    return incident, seen, _with_those_above(units.values())


def _seen_by(person: Person, number: str, now: datetime) -> Incident:
    found = Incident.objects.select_related("category__parent", "reporter", "first_receiver", "imported")
    incident = found.filter(number=number).first()
    if incident is None or not sees(person, incident, now=now):
        raise Http404
    return incident


def _bring_units(incident: Incident, besides: Collection[str] = ()) -> dict[str, Unit]:
    """Attach the units the incident names; these and the units `besides`. One query."""
    codes = {getattr(incident, f"{name}_id") for name in UNITS} - {None}
    units = places.with_parents(codes | set(besides), Unit.objects.select_related("duty_contact"))
    for name in UNITS:
        setattr(incident, name, units.get(getattr(incident, f"{name}_id")))
    return units


def units_of(incident: Incident) -> dict[str, Unit]:
    """The units `incident_for` brought along, and those above them."""
    return _with_those_above(getattr(incident, name) for name in UNITS)


def _with_those_above(units: Iterable[Unit | None]) -> dict[str, Unit]:
    parent = Unit._meta.get_field("parent")
    found: dict[str, Unit] = {}
    for unit in units:
        while unit is not None and unit.pk not in found:
            found[unit.pk] = unit
            unit = unit.parent if parent.is_cached(unit) else None
    return found


def photo_for(person: Person, token: str, *, now: datetime) -> Photo:
    """A picture of an incident in sight, or Http404."""
    photo = Photo.objects.select_related("incident").filter(token=token).first()
    if photo is None or not sees(person, photo.incident, now=now):
        raise Http404
    return photo


# -- for open pages, which hear of what happens without asking ----------------------------------------------


@dataclass(frozen=True, slots=True)
class Reach:
    """By what one incident is in sight, told beforehand: its place, the units of its ``Sight``, who took the report."""

    place: str
    units: tuple[str, ...]
    first_receiver: int | None = None

    def meets(self, prefixes: tuple[str, ...], person: int | None) -> bool:
        """Whether ``person`` with these visible prefixes has it in sight: what `sees` says, without a query."""
        if self.first_receiver is not None and self.first_receiver == person:
            return True
        return self.place.startswith(prefixes) or any(unit.startswith(prefixes) for unit in self.units)


def reaches_of(incidents: Sequence[Incident]) -> dict[int, Reach]:
    """The reach of each incident as it is now. One query."""
    units = units_in_sight({incident.pk for incident in incidents})
    return {
        incident.pk: Reach(incident.place_id, tuple(units.get(incident.pk, ())), incident.first_receiver_id)
        for incident in incidents
    }


def units_in_sight(incidents: Collection[int]) -> dict[int, list[str]]:
    """The units that reported, held or were assigned each incident."""
    found: dict[int, list[str]] = {}
    rows = Sight.objects.filter(incident__in=incidents).order_by("incident_id", "unit_id")
    for incident, unit in rows.values_list("incident_id", "unit_id"):
        found.setdefault(incident, []).append(unit)
    return found
