"""Orders to units: the list, one of them with what may be done, and doing it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dispatch import access, moves
from dispatch.acts import ACTS
from dispatch.api import shapes
from dispatch.api.moves import Given, in_sight, perform
from dispatch.models import OPEN_ASSIGNMENT_STATES, Assignment, AssignmentState
from grids.api import paging
from grids.api.endpoints import Endpoint
from grids.api.fields import CodeField, WordsField
from grids.api.paging import PageQuestion, page_of
from grids.subtrees import within
from incidents import access as incident_access
from incidents import lights
from incidents.api import shapes as incident_shapes
from incidents.lights import ShownClock
from incidents.models import Clock, ClockState, Light, Subject
from incidents.states import State

ID = ("^[0-9]{1,18}$", "The id of an assignment.")


class AssignmentQuestion(PageQuestion):
    state = serializers.MultipleChoiceField(choices=["open", *AssignmentState.values], required=False)
    incident = WordsField(required=False, max_length=24, help_text="the number of one incident")
    unit = CodeField(required=False, help_text="orders to this very unit")
    under = CodeField(required=False, help_text="orders to this unit and all below it")
    ordered_by = CodeField(required=False, help_text="orders of this unit")


class NewAction(Given):
    """An action by its name; `orders` holds the one order of `replace`."""

    action = serializers.ChoiceField(sorted(ACTS))


class AssignmentList(Endpoint):
    """Orders of the incidents in sight."""

    tag = "assignments"
    names = {"GET": "listAssignments"}
    asks = {"GET": AssignmentQuestion}
    gives = {"GET": {200: page_of(shapes.AssignmentRow)}}

    def get(self, request: Request) -> Response:
        """The orders of all incidents in sight, the newest first."""
        asked = self.asked
        found = access.assignments_for(self.person, now=self.now).select_related("incident", "unit", "ordered_by_unit")
        if asked.get("state"):
            wanted = set(asked["state"]) - {"open"}
            found = found.filter(state__in=wanted | (OPEN_ASSIGNMENT_STATES if "open" in asked["state"] else set()))
        for name, field in (("incident", "incident__number"), ("unit", "unit"), ("ordered_by", "ordered_by_unit")):
            if asked.get(name):
                found = found.filter(**{field: asked[name]})
        if asked.get("under"):
            found = found.filter(within([asked["under"]], "unit_id"))
        page = paging.page(found, ("-id",), asked)
        return Response(paging.answer(page, _told(page.rows, self.now), "assignments/", request.query_params))


class AssignmentOne(Endpoint):
    """One order."""

    tag = "assignments"
    names = {"GET": "getAssignment"}
    gives = {"GET": {200: shapes.AssignmentDetail}}
    path_words = {"id": ID}

    def get(self, request: Request, id: str) -> Response:
        """One order, with its light and what this person may do to it now."""
        row = _one(self, id)
        incident = incident_access.incident_for(self.person, row.incident.number, now=self.now)
        offered = moves.available(person=self.person, incident=incident, now=self.now)
        mine = [each for each in offered if each.assignment is not None and each.assignment.pk == row.pk]
        return Response(_told([row], self.now)[0] | {"actions": shapes.offers(mine)})


class ActionList(Endpoint):
    """What is done to an order."""

    tag = "assignments"
    names = {"POST": "actOnAssignment"}
    takes = {"POST": NewAction}
    gives = {"POST": {200: incident_shapes.IncidentRow}}
    refuses = {"POST": (409, 422)}
    keyed = ("POST",)
    path_words = {"id": ID}

    def post(self, request: Request, id: str) -> Response:
        """Sign, arrive, feed back, return; or recall, waive, replace: and get the incident as it then stands.

        `seq` is that of the order. The same as a move that names the `assignment`.
        """
        row = _one(self, id)
        given, key = self.taken(), self.key()
        incident = in_sight(self.person, row.incident.number, now=self.now)
        return perform(
            self.person, incident, given.pop("action"), {**given, "assignment": row.pk}, key=key, now=self.now
        )


def _one(view: Endpoint, id: str) -> Assignment:
    found = access.assignments_for(view.person, now=view.now).filter(pk=int(id))
    row = found.select_related("incident", "unit", "ordered_by_unit").first()
    if row is None:
        raise Http404
    return row


def _told(rows: Sequence[Assignment], now: datetime) -> list[dict[str, Any]]:
    shown = _lights(rows, now)
    return [shapes.assignment(row, shown.get(row.pk)) for row in rows]


def _lights(rows: Sequence[Assignment], now: datetime) -> dict[int, ShownClock]:
    """By order: the worst of its running clocks, else the light its last clock ended with. One query."""
    mine = Clock.objects.filter(
        incident__in={row.incident_id for row in rows},
        subject_kind=Subject.ASSIGNMENT,
        subject_id__in=[row.pk for row in rows],
    )
    clocks: dict[int, list[Clock]] = {}
    for clock in mine.order_by("pk"):
        clocks.setdefault(clock.subject_id, []).append(clock)
    suspended = {row.pk: row.incident.state == State.SUSPENDED for row in rows}
    found = {}
    for pk, these in clocks.items():
        told = lights.worst([clock for clock in these if clock.state != ClockState.STOPPED], now) or these[-1]
        if told.final_light != Light.NONE:
            found[pk] = lights.shown(told, now, suspended=suspended[pk])
    return found
