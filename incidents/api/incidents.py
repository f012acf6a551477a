"""Incidents: the list with the filters of the pages, one of them, and a new one."""

from dataclasses import astuple
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from grids import permissions
from grids.api import paging
from grids.api.endpoints import Endpoint, replayed
from grids.api.fields import CodeField, Position, Strict, WordsField, units_named
from grids.api.paging import PageQuestion, page_of
from grids.api.problems import Problem
from grids.levels import district_of
from incidents import access, by_due, lifecycle, lists, places, records, selectors
from incidents.api import shapes
from incidents.api.keys import KeyField, category_for
from incidents.api.refusals import FIELDS, told
from incidents.births import LATEST_DELIVERY, believed
from incidents.filters import ANY, HOLDING_KINDS, LIGHTS, OPEN, QUERY_LENGTH, Filters
from incidents.happenings import Act
from incidents.models import Incident, IncidentEvent, Source
from incidents.places import Reach
from incidents.states import State, Urgency
from incidents.words import MOST_CHARACTERS, MOST_OF_AN_ADDRESS

NUMBER = ("^[0-9]{12,24}$", "The number of an incident.")
NEWEST, OLDEST = ("-reported_at", "-id"), ("reported_at", "id")
ORDERS = {"newest": NEWEST, "oldest": OLDEST}
DUE = "due"


def within_reason(at: date) -> None:
    """Refuse a day that has no midnight in every zone."""
    if not 1900 <= at.year < 2900:
        raise serializers.ValidationError(_("Give a day between 1900 and 2900."))


class DayField(serializers.DateField):
    default_validators = [within_reason]


class IncidentQuestion(PageQuestion):
    """The filters of the list, as on its page. Without `state` the open ones, with `q` alone all."""

    state = serializers.MultipleChoiceField(choices=[OPEN, ANY, *State.values], required=False)
    light = serializers.ChoiceField([str(light) for light in LIGHTS], required=False)
    tier = serializers.ChoiceField([str(kind) for kind in HOLDING_KINDS], required=False, help_text="of the holder")
    holder = CodeField(required=False, help_text="the unit that has it")
    at = CodeField(required=False, help_text="a unit with a running clock: it waits for this one")
    under = CodeField(required=False, help_text="a place and all below it")
    place = CodeField(required=False, help_text="this very place")
    category = KeyField(required=False, help_text="this one and those below it")
    urgency = serializers.ChoiceField(Urgency.values, required=False)
    q = WordsField(required=False, max_length=QUERY_LENGTH, help_text="number, words, place or address")
    since = DayField(required=False, help_text="reported on this day or later")
    until = DayField(required=False, help_text="reported on this day or before")
    ended = DayField(required=False, help_text="ended on this day")
    act = serializers.ChoiceField(
        Act.values, required=False, help_text="what happened from `act_from` until before `act_to`; needs both"
    )
    act_from = serializers.DateTimeField(required=False, validators=[within_reason])
    act_to = serializers.DateTimeField(required=False, validators=[within_reason])
    solved = serializers.ChoiceField(
        [str(kind) for kind in HOLDING_KINDS], required=False, help_text="the kind of unit that handled it to the end"
    )
    mine = serializers.BooleanField(required=False, help_text="what I reported or took")
    order = serializers.ChoiceField([*ORDERS, DUE], required=False, default="newest")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        missing = [name for name in ("act", "act_from", "act_to") if name not in attrs]
        if 0 < len(missing) < 3:
            raise serializers.ValidationError({name: [_("Give `act`, `act_from` and `act_to`.")] for name in missing})
        return attrs


class NewIncident(Strict):
    """A report; `settled` with `result` says that the matter was dealt with on the spot, in an own grid."""

    text = WordsField(max_length=MOST_CHARACTERS)
    category = KeyField(required=False, allow_null=True)
    urgency = serializers.ChoiceField(Urgency.values, default=Urgency.NORMAL.value)
    position = Position(required=False, allow_null=True)
    place = CodeField(required=False, allow_null=True, help_text="where no position is known")
    address = WordsField(max_length=MOST_OF_AN_ADDRESS, required=False, allow_blank=True, default="")
    settled = serializers.BooleanField(default=False)
    result = WordsField(max_length=MOST_CHARACTERS, required=False, allow_blank=True, default="")
    occurred_at = serializers.DateTimeField(
        required=False,
        allow_null=True,
        help_text=f"when the device says it happened, at most {LATEST_DELIVERY.days} days ago",
    )


class IncidentList(Endpoint):
    """Incidents in sight."""

    tag = "incidents"
    names = {"GET": "listIncidents", "POST": "createIncident"}
    asks = {"GET": IncidentQuestion}
    takes = {"POST": NewIncident}
    gives = {
        "GET": {200: page_of(shapes.IncidentRow)},
        "POST": {201: shapes.IncidentRow, 200: shapes.IncidentRow},
    }
    refuses = {"POST": (409, 422)}
    keyed = ("POST",)

    def get(self, request: Request) -> Response:
        """The incidents in sight, narrowed by the filters of the desk's list."""
        filters = self._filters()
        found = lists.found(self.person, filters, now=self.now)
        if self.asked["order"] == DUE:
            page = _page_by_due(found, filters.at, self.asked)
        else:
            page = paging.page(selectors.for_rows(found), ORDERS[self.asked["order"]], self.asked)
        rows = shapes.incidents(page.rows, self.now)
        return Response(paging.answer(page, rows, "incidents/", request.query_params))

    def _filters(self) -> Filters:
        """What was asked, as the page would read it from its address."""
        given = QueryDict(mutable=True)
        for name, value in self.asked.items():
            if name == "state":
                given.setlist(name, sorted(value))
            elif name == "mine":
                given[name] = "1" if value else ""
            elif name == "category":
                given[name] = str(category_for(value, self._districts()).pk)
            elif name in ("act_from", "act_to"):
                given[name] = value.isoformat()
            elif name not in ("cursor", "page_size", "order"):
                given[name] = str(value)
        return Filters.parsed(given)

    def _districts(self) -> list[str]:
        seen = permissions.visible_prefixes(self.person, now=self.now)
        return sorted({district_of(prefix) for prefix in seen})

    def post(self, request: Request) -> Response:
        """Report an incident, or put on record what was settled on the spot.

        With an `Idempotency-Key` a repeated request answers 200 with the incident of the first one and
        `Idempotent-Replayed: true`; another request with the same key answers 422.
        """
        given, key = self.taken(), self.key()
        reach = places.reach_of(self.person, now=self.now)
        words = _words(given, reach)
        born = lifecycle.self_handle if given["settled"] else lifecycle.report
        with told(fields=FIELDS | {"result": "result"}):
            incident = born(actor=self.person, now=self.now, idempotency_key=key, **words)
        if key and incident.reported_at != self.now:
            _refuse_other(records.earlier(actor=self.person, idempotency_key=key), incident, words)
            return replayed(shapes.incidents([incident], self.now)[0])
        row = shapes.incidents([incident], self.now)[0]
        return Response(row, 201, headers={"Location": row["url"]})


def _page_by_due(found: QuerySet[Incident], at: str, asked: dict[str, Any]) -> paging.Page:
    """The page by the first due moment, whose marks travel inside of our cursors."""
    back, start = paging.read(asked["cursor"], 1) if asked.get("cursor") else (False, [""])
    marks = {"before" if back else "after": str(start[0])}
    page = by_due.page(found, size=asked["page_size"], at=at, **marks)
    return paging.Page(
        page.rows,
        paging.packed(False, [page.after]) if page.after else "",
        paging.packed(True, [page.before]) if page.before else "",
    )


def _words(given: dict[str, Any], reach: Reach) -> dict[str, Any]:
    """What the domain is told."""
    place = given.get("place")
    where = given.get("position")
    words: dict[str, Any] = {
        "text": given["text"],
        "category": category_for(given["category"], reach.districts) if given.get("category") else None,
        "position": lifecycle.Position(
            where["lon"], where["lat"], where["datum"], where.get("accuracy_m")
        ) if where else None,
        "place": units_named({"place": place})[place] if place else None,
        "urgency": Urgency(given["urgency"]),
        "address": given["address"],
        "occurred_at": given.get("occurred_at"),
    }  # fmt: skip
    if words["place"] is not None and (
        words["place"].kind not in places.NAMED_KINDS or not reach.holds(words["place"])
    ):
        raise Problem("invalid", errors={"place": [_("You cannot report to this place: choose another.")]})
    if given["settled"]:
        return words | {"result": given["result"]}
    return words | {"source": Source.OFFICER if reach.grids else Source.CLERK}


def _refuse_other(event: IncidentEvent | None, incident: Incident, words: dict[str, Any]) -> None:
    """Raise a Problem unless `event`, made by this key, is the birth these words ask for."""
    position, place, category = words["position"], words["place"], words["category"]
    same = (
        event is not None
        and event.kind == ("self_handle" if "result" in words else "report")
        and event.note == words.get("result", "").strip()
        and incident.text == words["text"].strip()
        and incident.address == words["address"].strip()
        and incident.urgency == words["urgency"]
        and incident.category_id == (category.pk if category else None)
        and event.occurred_at == believed(words["occurred_at"], incident.reported_at)
        and (incident.raw_longitude, incident.raw_latitude, incident.raw_datum, incident.accuracy_m)
        == (astuple(position) if position else (None, None, "", None))
        and (position is not None or place is None or incident.place_id == place.pk)
    )
    if not same:
        raise Problem("key-reused")


class IncidentOne(Endpoint):
    """One incident."""

    tag = "incidents"
    names = {"GET": "getIncident"}
    gives = {"GET": {200: shapes.IncidentDetail}}
    path_words = {"number": NUMBER}

    def get(self, request: Request, number: str) -> Response:
        """One incident: where it stands, how late it is, whom to call."""
        incident = access.incident_for(self.person, number, now=self.now)
        return Response(shapes.detail(incident, self.now))
