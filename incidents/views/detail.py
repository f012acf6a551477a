"""The page of one incident: where it stands, what happened, whom to call; it keeps itself up to date.

What may be done about it belongs to the floor above and is pulled in by address.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from grids.models import Person, Unit
from grids.requests import PersonRequest
from incidents import access, comments, explanations, holders, lights, places, selectors, timeline
from incidents.forms import new_key
from incidents.list_forms import CommentForm
from incidents.models import Clock, ClockState, Incident, IncidentEvent, Photo
from incidents.refusals import MoveRefused
from incidents.states import Stage, State
from incidents.views.photos import photos_context


@dataclass(frozen=True)
class _Standing:
    """Where an incident stands, as the status card shows it."""

    incident: Incident
    clocks: list[Clock]
    now: datetime

    @property
    def clock(self) -> lights.ShownClock | None:
        return selectors.shown(self.incident, self.clocks, self.now)

    @property
    def overall(self) -> lights.ShownClock | None:
        return selectors.overall(self.clocks, self.now)

    @property
    def told(self) -> Clock | None:
        """The clock whose deadline the page explains: the worst that runs, else the one of the whole run."""
        running = [
            clock
            for clock in self.clocks
            if clock.state != ClockState.STOPPED and clock.stage not in selectors.BESIDE_STAGES
        ]
        return lights.worst(running, self.now)


@require_safe
@login_required
def detail(request: PersonRequest, number: str) -> HttpResponse:
    """The whole page, or 404 for absent and out of sight alike."""
    now = timezone.now()
    incident, seen, units = access.page_of(request.user, number, now=now)
    pictures = selectors.photos_of(incident)
    context = _context(request.user, incident, now, pictures=pictures, units=units)
    context |= {
        "title": incident.title,
        "contacts": selectors.contacts(incident, now),
        "may_comment": comments.acting(request.user, incident, now=now, seen=seen) is not None,
        "form": CommentForm(initial={"key": new_key()}),
        "panel_url": _address("dispatch:panel", incident.number),
        **_map_of(incident),
        **photos_context(request.user, incident, now=now, pictures=pictures, seen=seen),
    }
    return render(request, "incidents/detail.html", context)


@require_safe
@login_required
def live(request: PersonRequest, number: str) -> HttpResponse:
    """What changes on the page, in pieces that find their places; 204 when what the page has (`v`) is still true."""
    now = timezone.now()
    incident = access.incident_for(request.user, number, now=now)
    clocks = list(Clock.objects.filter(incident=incident).order_by("pk"))
    version = _version(_Standing(incident, clocks, now), _last_event(incident))
    if request.GET.get("v") == version:
        return HttpResponse(status=204)
    context = _context(request.user, incident, now, clocks=clocks)
    response = render(request, "incidents/_live.html", context)
    if request.GET.get("v", "").split("-")[0] != version.split("-")[0]:
        # Somebody acted; what may be done now is another matter too.
        trigger_client_event(response, "incident:changed", {"number": incident.number}, after="settle")
    return response


@require_safe
@login_required
def why(request: PersonRequest, number: str, clock_id: int) -> HttpResponse:
    """Why a clock of the incident is due when it is; a fragment for the dialog, or a page of its own."""
    now = timezone.now()
    incident = access.incident_for(request.user, number, now=now)
    clock = Clock.objects.select_related("unit").filter(incident=incident, pk=clock_id).first()
    if clock is None:
        return render(request, "404.html", status=404)
    context = {
        "title": _("Why this deadline"),
        "incident": incident,
        "clock": clock,
        "stage": Stage(clock.stage).label,
        "shown": lights.shown(clock, now),
        "told": explanations.explain(clock),
        "not_moved": explanations.why_not_moved(clock, now, at_top=holders.is_top(clock.unit)),
    }
    return render(request, "incidents/_why.html" if request.htmx else "incidents/why.html", context)


@require_POST
@login_required
def comment(request: PersonRequest, number: str) -> HttpResponse:
    """Append words; answers with an empty form, or with what was typed and what is wrong with it."""
    now = timezone.now()
    incident = access.incident_for(request.user, number, now=now)
    form = CommentForm(request.POST)
    if form.is_valid():
        try:
            comments.add(incident=incident, actor=request.user, now=now, **form.cleaned_data)
        except MoveRefused as refused:
            if refused.code == "no_right":
                raise PermissionDenied(refused.messages[0]) from refused
            form.add_error("text", refused.messages)
    if form.errors:
        context = {"incident": incident, "form": form, "title": _("Comment")}
        name = "incidents/_comment.html" if request.htmx else "incidents/comment.html"
        return render(request, name, context, status=422)
    if not request.htmx:
        return redirect("incidents:detail", number=incident.number)
    fresh = {"incident": incident, "form": CommentForm(initial={"key": new_key()})}
    response = render(request, "incidents/_comment.html", fresh)
    return trigger_client_event(response, "incident:moved", {"number": incident.number}, after="settle")


def _context(
    person: Person,
    incident: Incident,
    now: datetime,
    *,
    clocks: list[Clock] | None = None,
    pictures: list[Photo] | None = None,
    units: dict[str, Unit] | None = None,
) -> dict[str, Any]:
    """What the status card and the timeline need of what `incident_for` found. One to four queries.

    `units` are those read already; whom the history names besides are read here.
    """
    if clocks is None:
        clocks = list(Clock.objects.filter(incident=incident).order_by("pk"))
    events = list(IncidentEvent.objects.filter(incident=incident).select_related("actor").order_by("pk"))
    codes = timeline.codes_of(events, clocks) | {incident.place_id, incident.holder_id}
    units = places.with_parents(codes, known=access.units_of(incident) if units is None else units)
    standing = _Standing(incident, clocks, now)
    if pictures is None:
        pictures = selectors.photos_of(incident)
    steps = timeline.steps(incident, events=events, clocks=clocks, photos=pictures, units=units, now=now)
    return {
        "incident": incident,
        "now": now,
        "version": _version(standing, events[-1].pk if events else 0),
        "state": State(incident.state).label,
        "clock": standing.clock,
        "told": standing.told,
        "overall": standing.overall,
        "place": places.path_of(units[incident.place_id]),
        "marks": timeline.red_marks(clocks, units, now),
        "steps": steps[::-1],
        "holder": units[incident.holder_id],
    }


def _map_of(incident: Incident) -> dict[str, Any]:
    """The pin and the outlines around it."""
    if incident.point is None:
        return {}
    outlines = _address("grids:boundaries")
    return {
        "point": f"{incident.point.y:.7f},{incident.point.x:.7f}",
        "accuracy": f"{incident.accuracy_m:.0f}" if incident.accuracy_m else "",
        "areas_url": f"{outlines}?around={incident.place_id}" if outlines else "",
        "selected": incident.place_id,
    }


def _version(standing: _Standing, last_event: int) -> str:
    """Changes with the record first, then with what the lights show, to the minute."""
    shown = [
        (clock.light, clock.remaining // 60 if clock.remaining is not None else None) if clock else None
        for clock in (standing.clock, standing.overall)
    ]
    said = hashlib.sha256(repr(shown).encode()).hexdigest()[:8]
    return f"{standing.incident.seq}.{last_event}-{said}"


def _last_event(incident: Incident) -> int:
    last = IncidentEvent.objects.filter(incident=incident).order_by("-pk").values_list("pk", flat=True).first()
    return last or 0


def _address(name: str, *args: Any) -> str:
    """The address of a page of another floor, or nothing where that is not built."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
