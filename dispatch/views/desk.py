"""The desk of a unit: what waits here, sorted by due; the press a row most likely needs; one press for several."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from dispatch import moves, selectors
from dispatch.desk_tabs import Tab
from dispatch.desks import Desk
from dispatch.forms import SeveralForm
from dispatch.views.desk_drawing import drawing
from grids import addresses, permissions
from grids.duties import Right
from grids.levels import DESK_KINDS
from grids.models import Person, Unit
from grids.requests import PersonRequest
from incidents import access
from incidents.filters import Filters
from incidents.forms import new_key
from incidents.models import Category, Light
from incidents.refusals import MoveRefused
from incidents.states import MOVES, Urgency
from incidents.views.lists import Chip, unchanged_or

LIGHTS = (Light.RED.value, Light.YELLOW.value, Light.UNLIT.value)
MOST_AT_ONCE = 50
NEEDS_NOTE = frozenset({"escalate", "close"})
LABELS = {"accept": MOVES["accept"].label, "escalate": MOVES["escalate"].label, "close": MOVES["close"].label}


@require_safe
@login_required
def todo(request: PersonRequest) -> HttpResponse:
    """The person's own desk; of several, or with something to approve, the choice with what waits where."""
    found = selectors.todo(request.user, now=(now := timezone.now()))
    if found.only_desk is not None:
        return redirect("dispatch:desk", code=found.only_desk.unit.pk)
    context = {"title": _("My to-do"), "todo": found, "now": now, "list_url": reverse("incidents:list")}
    return render(request, "dispatch/todo.html", context)


@require_safe
@login_required
def desk(request: PersonRequest, code: str) -> HttpResponse:
    """The page of one tab; with `rows` its rows and counts alone, 304 when they are the same as before."""
    now = timezone.now()
    here = _desk(request, code, now)
    tab = here.tab(request.GET.get("tab", ""))
    address = _Address(here, tab)
    after, before = request.GET.get("after", ""), request.GET.get("before", "")
    back = address(after=after, before=before)
    drawn = drawing(here, tab, after=after, before=before, back=back)
    count = drawn.counts.get(tab.key, 0)
    context = {
        "unit": here.unit,
        "tab": tab,
        "tabs": [
            {"tab": each, "url": address(tab=each.key), "count": drawn.counts.get(each.key, 0), "on": each is tab}
            for each in here.tabs
        ],
        "drawn": drawn,
    }
    if "rows" in request.GET:
        return unchanged_or(request, render_to_string("dispatch/_desk_live.html", context, request))
    context |= {
        "title": f"{here.unit.label} · {tab.label} {count}",
        "count": count,
        "presses": [(name, _label(name)) for name in here.presses(tab)],
        "here": back,
        "summary": _summary(drawn.shown, count),
        "previous_url": address(before=drawn.before) if drawn.before else "",
        "next_url": address(after=drawn.after) if drawn.after else "",
        "light_chips": _light_chips(here, address) if tab.stages else [],
        "other_chips": list(_other_chips(here, address)),
        "rows_url": address(rows="1", after=after, before=before),
        "key": new_key(),
    }
    return render(request, "dispatch/desk.html", context)


@require_POST
@login_required
def several(request: PersonRequest, code: str, name: str) -> HttpResponse:
    """One press for all that was picked, each for itself; answers with one line per incident."""
    now = timezone.now()
    here = _desk(request, code, now)
    if not any(name in here.presses(tab) for tab in here.tabs):
        raise Http404
    picked = _picked(request)
    form = SeveralForm(request.POST, needs_note=name in NEEDS_NOTE)
    context: dict[str, Any] = {
        "unit": here.unit,
        "name": name,
        "label": _label(name),
        "picked": picked,
        "title": _label(name),
        "next": request.POST.get("next", ""),
    }
    if not picked or ("note" not in request.POST and name in NEEDS_NOTE) or not form.is_valid():
        fresh = "note" not in request.POST
        context["form"] = SeveralForm(initial={"key": new_key()}, needs_note=name in NEEDS_NOTE) if fresh else form
        status = 200 if fresh else 422
        return render(request, _template(request, "several"), context, status=status)
    context["results"] = [_one(request.user, pick, name, form.cleaned_data, now) for pick in picked]
    response = render(request, _template(request, "results"), context)
    trigger_client_event(response, "incident:moved", {})
    return trigger_client_event(response, "badges", {})


@dataclass(frozen=True)
class Pick:
    """A selected row: the incident, the `seq` that was seen, the order if the row is about one."""

    number: str
    seq: int
    order_id: int | None
    value: str


@dataclass(frozen=True)
class Result:
    """What became of one of several."""

    number: str
    title: str
    refused: str


def _one(person: Person, pick: Pick, name: str, given: dict[str, Any], now: datetime) -> Result:
    incident = access.incidents_for(person, now=now).filter(number=pick.number).first()
    if incident is None:
        return Result(pick.number, pick.number, _("It is no longer in your sight."))
    extra = {"assignment_id": pick.order_id} if pick.order_id is not None else {}
    key = f"{given['key']}.{pick.number[-12:]}" if given.get("key") else ""
    try:
        moves.perform(
            incident_id=incident.pk,
            name=name,
            actor=person,
            now=now,
            note=given.get("note", ""),
            seen_seq=pick.seq,
            idempotency_key=key,
            **extra,
        )
    except MoveRefused as refused:
        return Result(pick.number, incident.title, str(refused.messages[0]))
    return Result(pick.number, incident.title, "")


def _picked(request: PersonRequest) -> list[Pick]:
    found = []
    for value in dict.fromkeys(request.POST.getlist("pick")):
        parts = value.split(":")
        if 2 <= len(parts) <= 3 and all(part.isdecimal() and len(part) < 25 for part in parts):
            found.append(Pick(parts[0], int(parts[1]), int(parts[2]) if len(parts) == 3 else None, value))
    return found[:MOST_AT_ONCE]


def _template(request: PersonRequest, name: str) -> str:
    return f"dispatch/_{name}.html" if request.htmx else f"dispatch/{name}.html"


def _label(name: str) -> str:
    return str(LABELS.get(name) or _("Sign for it"))


def _desk(request: PersonRequest, code: str, now: datetime) -> Desk:
    """The desk for this person; 404 for a unit out of sight and for one that has none. Two or three queries."""
    filters = Filters.parsed(request.GET)
    units = Unit.objects.in_bulk({code, filters.under} - {""})
    unit = units.get(code)
    if unit is None or unit.kind not in DESK_KINDS:
        raise Http404
    rights = permissions.rights_at(request.user, [unit.pk], now=now)[unit.pk]
    if Right.VIEW not in rights and not permissions.allows(request.user, Right.VIEW, unit, now=now):
        raise Http404
    under = units.get(filters.under)
    return Desk(unit, request.user, frozenset(rights), now, filters, under.label if under else filters.under)


@dataclass(frozen=True)
class _Address:
    """The address of this desk with its filters; a call changes what it names."""

    desk: Desk
    tab: Tab

    def __call__(self, *, filters: Filters | None = None, tab: str = "", **extra: str) -> str:
        query = dict(pair for pair in (filters or self.desk.filters).pairs(**extra) if pair[0] != "state")
        query = {"tab": tab or self.tab.key, **query}
        return f"{addresses.address('dispatch:desk', self.desk.unit.pk)}?{urlencode(query)}"


def _light_chips(here: Desk, address: _Address) -> list[Chip]:
    chosen = here.filters.light
    return [
        Chip("", address(filters=here.filters.but(light="" if chosen == light else light)), chosen == light, light)
        for light in LIGHTS
    ]


def _other_chips(here: Desk, address: _Address) -> Iterable[Chip]:
    """Urgent ones, and whatever else the address narrows to, to be taken away."""
    filters = here.filters
    urgent = filters.urgency in (Urgency.URGENT, Urgency.CRITICAL)
    for urgency in (Urgency.URGENT, Urgency.CRITICAL):
        on = filters.urgency == urgency
        yield Chip(str(urgency.label), address(filters=filters.but(urgency="" if on else urgency.value)), on)
    if filters.urgency and not urgent:
        yield Chip(str(Urgency(filters.urgency).label), address(filters=filters.but(urgency="")), True)
    if filters.words:
        yield Chip(f"“{filters.words}”", address(filters=filters.but(words="")), True)
    if filters.category is not None:
        category = Category.objects.filter(pk=filters.category).first()
        label = category.label if category else str(filters.category)
        yield Chip(label, address(filters=filters.but(category=None)), True)
    if filters.under:
        yield Chip(here.under_name, address(filters=filters.but(under="")), True)


def _summary(shown: int, total: int) -> str:
    if total <= shown:
        return ""
    return ngettext("%(shown)d of %(total)d", "%(shown)d of %(total)d", total) % {"shown": shown, "total": total}
