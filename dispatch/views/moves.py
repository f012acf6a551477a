"""What may be done about an incident, and doing it: one form for every press, one `perform` for every POST."""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import trigger_client_event

from dispatch import moves, notices, offers, outlook, targets
from dispatch.desks import AT_ONCE
from dispatch.forms import ASKING, MoveForm
from dispatch.models import Approval, ApprovalState, Assignment, Card
from dispatch.moves import Offer
from grids.models import Person
from grids.requests import PersonRequest
from incidents import access, lights, photos, records, who_may
from incidents.lights import ShownClock
from incidents.limits import Rules
from incidents.models import Clock, ClockState, Incident, Light, Subject
from incidents.refusals import MoveRefused
from incidents.states import MOVES, State

# Lights of orders and cards, by their kind and number.
Shown = dict[tuple[str, int], ShownClock]


@dataclass(frozen=True)
class Act:
    """An offer as a page draws it: where it leads and whether the press alone does it."""

    offer: Offer
    url: str

    @property
    def is_at_once(self) -> bool:
        return self.offer.name in AT_ONCE


@dataclass(frozen=True)
class OrderRow:
    """An order as the panel draws it, with its light and what may be done to it."""

    order: Assignment
    clock: ShownClock | None
    acts: list[Act]


@dataclass(frozen=True)
class CardRow:
    """An urge or card as the panel draws it, with the light of its answer and what may be done to it."""

    card: Card
    clock: ShownClock | None
    acts: list[Act]


@require_safe
@login_required
def panel(request: PersonRequest, number: str) -> HttpResponse:
    """What this person may do, and the orders with their lights; a fragment, or a page without scripts."""
    now = timezone.now()
    incident = access.incident_for(request.user, number, now=now)
    read = notices.mark_incident_read(request.user, incident_ids=[incident.pk], now=now)
    response = render(request, "dispatch/_panel.html" if request.htmx else "dispatch/panel.html", {
        "title": incident.title,
        **panel_context(request.user, incident, now),
    })  # fmt: skip
    return trigger_client_event(response, "badges", {}) if read else response


def panel_context(person: Person, incident: Incident, now: datetime) -> dict[str, Any]:
    """What `dispatch/_panel.html` needs."""
    acts = [
        Act(offer, address(incident, offer)) for offer in moves.available(person=person, incident=incident, now=now)
    ]
    usual = next((act for act in acts if act.offer.is_primary), None)
    orders = list(
        Assignment.objects.filter(incident=incident)
        .select_related("unit", "ordered_by", "proposed_unit", "replaced_by__unit")
        .order_by("pk")
    )
    cards = list(
        Card.objects.filter(incident=incident).select_related("unit", "issued_by_unit", "actor", "ended_by", "clock")
    )
    clocks = list(Clock.objects.filter(incident=incident).order_by("pk"))
    shown = _lights(incident, clocks, now) if orders or cards else {}
    names = {code: unit.name for code, unit in access.units_of(incident).items()}
    names |= {order.unit_id: order.unit.name for order in orders}
    names |= {card.unit_id: card.unit.name for card in cards}
    asked = Approval.objects.filter(incident=incident, state=ApprovalState.PENDING)
    return {
        "incident": incident,
        "now": now,
        "usual": usual,
        "others": [act for act in acts if act is not usual and _stands_alone(act.offer)],
        "asks": [act for act in acts if act.offer.name in ASKING],
        "cards": _card_rows(cards, shown, acts),
        "orders": _order_rows(orders, shown, acts),
        "requests": asked.select_related("asked_by", "asked_unit"),
        "ahead": outlook.ahead(incident, clocks, names=names) if incident.is_open else [],
        "without_end": outlook.without_end(clocks) if incident.is_open else [],
    }


def _order_rows(orders: list[Assignment], shown: Shown, acts: list[Act]) -> list[OrderRow]:
    """Those that are open first."""
    by_order: dict[int, list[Act]] = defaultdict(list)
    for act in acts:
        if act.offer.assignment is not None:
            by_order[act.offer.assignment.pk].append(act)
    rows = [OrderRow(order, shown.get((Subject.ASSIGNMENT, order.pk)), by_order[order.pk]) for order in orders]
    return sorted(rows, key=lambda row: not row.order.is_open)


def _card_rows(cards: list[Card], shown: Shown, acts: list[Act]) -> list[CardRow]:
    """Those that are open first."""
    by_card: dict[int, list[Act]] = defaultdict(list)
    for act in acts:
        if act.offer.card is not None:
            by_card[act.offer.card.pk].append(act)
    rows = [CardRow(card, shown.get((Subject.CARD, card.pk)), by_card[card.pk]) for card in cards]
    return sorted(rows, key=lambda row: not row.card.is_open)


def _stands_alone(offer: Offer) -> bool:
    """Whether it is drawn with the moves: not beside an order or card, nor above the cards."""
    return offer.assignment is None and offer.card is None and offer.name not in ASKING


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def move(request: PersonRequest, number: str, name: str) -> HttpResponse:
    """A move of the incident itself, or the asking for an approval."""
    return press(request, number, name)


def press(
    request: PersonRequest,
    number: str,
    name: str,
    *,
    order_id: int | None = None,
    request_id: int | None = None,
    card_id: int | None = None,
) -> HttpResponse:
    """Show the form of one press, or make it; what is refused comes back with its reason and what was typed."""
    now = timezone.now()
    incident = access.incident_for(request.user, number, now=now)
    offer = _offer(request.user, incident, name, (order_id, request_id, card_id), now)
    if offer is None:
        return _gone(request, incident, name, now)
    if request.method != "POST":
        return _show(request, MoveForm(offer=offer, incident=incident, now=now))
    form = _bound(request, offer, incident, now)
    if form.is_valid():
        try:
            return _done(request, offer, _perform(request.user, form, now))
        except MoveRefused as refused:
            form.refuse(refused)
    return _show(request, form, status=422)


def address(incident: Incident, offer: Offer) -> str:
    """Where an offer is pressed."""
    if offer.assignment is not None:
        return reverse("dispatch:order_act", args=[incident.number, offer.assignment.pk, offer.name])
    if offer.approval is not None:
        return reverse("dispatch:decide", args=[incident.number, offer.approval.pk, offer.name])
    if offer.card is not None:
        return reverse("dispatch:card_act", args=[incident.number, offer.card.pk, offer.name])
    return reverse("dispatch:move", args=[incident.number, offer.name])


def _offer(person: Person, incident: Incident, name: str, about: tuple[int | None, ...], now: datetime) -> Offer | None:
    """The offer of that name about that order, request or card, by their ids in this order."""
    for offer in moves.available(person=person, incident=incident, now=now):
        theirs = tuple(one.pk if one else None for one in (offer.assignment, offer.approval, offer.card))
        if offer.name == name and theirs == about:
            if name == "return":
                return replace(
                    offer, units=tuple(targets.choices(incident.holder, Rules(at=now)).exclude(pk=_unit_of(offer)))
                )
            return offer
    return None


def _unit_of(offer: Offer) -> str:
    return offer.assignment.unit_id if offer.assignment else ""


def _bound(request: PersonRequest, offer: Offer, incident: Incident, now: datetime) -> MoveForm:
    """The form with what was sent. If somebody was faster it says so, keeps the words and shows the present state."""
    data: QueryDict = request.POST.copy()
    stale = data.get("seq") != str(offer.seq)
    data["seq"] = str(offer.seq)
    form = MoveForm(data, request.FILES, offer=offer, incident=incident, now=now)
    if stale:
        form.add_error(
            None, _("Somebody was faster. Look at the present state below, then press again if it still fits.")
        )
        form.is_stale = True  # type: ignore[attr-defined]
    return form


@transaction.atomic
def _perform(person: Person, form: MoveForm, now: datetime) -> Incident:
    given = form.given
    if "master" in form.cleaned_data:
        given["master"] = _master(person, form, now)
    key = form.cleaned_data["key"]
    incident = moves.perform(
        incident_id=form.incident.pk,
        name=form.offer.name,
        actor=person,
        now=now,
        note=form.cleaned_data["note"],
        seen_seq=form.cleaned_data["seq"],
        idempotency_key=key,
        **given,
    )
    event = records.earlier(actor=person, idempotency_key=key)
    for picture in form.cleaned_data.get("photos") or []:
        photos.add(incident=incident, picture=picture, stage=form.stage, now=now, added_by=person, event=event)
    return incident


def _master(person: Person, form: MoveForm, now: datetime) -> Incident:
    number = form.cleaned_data["master"].strip()
    found = access.incidents_for(person, now=now).filter(number=number, closed_at__isnull=True)
    master = found.exclude(pk=form.incident.pk).select_related("holder").first()
    if master is None:
        raise MoveRefused(_("No open incident in your sight has this number."), code="missing", field="master")
    return master


def _show(request: PersonRequest, form: MoveForm, status: int = 200) -> HttpResponse:
    offer, incident = form.offer, form.incident
    context = {
        "title": offer.label,
        "form": form,
        "offer": offer,
        "incident": incident,
        "url": address(incident, offer),
        "next": request.POST.get("next") or request.GET.get("next", ""),
        "is_stale": getattr(form, "is_stale", False),
        "state": State(incident.state).label,
        "merge_choices": _merge_choices(request.user, form) if "master" in form.fields else (),
    }
    name = "dispatch/_move.html" if request.htmx else "dispatch/move.html"
    response = render(request, name, context, status=status)
    return _opened(request, response) if status == 422 else response


def _merge_choices(person: Person, form: MoveForm) -> list[Incident]:
    """Open incidents nearby that it may belong to: the same village, the newest first."""
    near = access.incidents_for(person, now=form.now).filter(
        place__gte=form.incident.place_id[:12], place__lt=form.incident.place_id[:12] + "Z", closed_at__isnull=True
    )
    return list(near.exclude(pk=form.incident.pk).order_by("-reported_at")[:12])


def _gone(request: PersonRequest, incident: Incident, name: str, now: datetime) -> HttpResponse:
    """Not possible, or no longer: say why as far as is known, and show where the incident stands."""
    context = {
        "title": _("This is not possible now"),
        "incident": incident,
        "state": State(incident.state).label,
        "reason": _moved_on() if _is_stale(request, incident, name) else _why_not(request.user, incident, name, now),
    }
    template = "dispatch/_gone.html" if request.htmx else "dispatch/gone.html"
    response = render(request, template, context, status=422 if request.htmx else 409)
    trigger_client_event(response, "incident:moved", {"number": incident.number}, after="settle")
    return _opened(request, response)


def _opened(request: PersonRequest, response: HttpResponse) -> HttpResponse:
    """Whatever pressed, its answer shows in the dialog."""
    if request.htmx:
        response["HX-Retarget"], response["HX-Reswap"] = "#move-body", "innerHTML"
        trigger_client_event(response, "openDialog", {})
    return response


def _is_stale(request: PersonRequest, incident: Incident, name: str) -> bool:
    """Whether the press was made on a page that knew less; an order counts its own presses."""
    return request.method == "POST" and name in MOVES and request.POST.get("seq") != str(incident.seq)


def _moved_on() -> str:
    return _("Somebody was faster: the incident has moved on.")


def _why_not(person: Person, incident: Incident, name: str, now: datetime) -> str:
    if name == "urge":
        waits = offers.why_no_urge(person=person, incident=incident, now=now)
        return waits or _("This is not possible in the present state.")
    row = MOVES.get(name)
    if row is None or incident.state not in row.sources:
        return _moved_on()
    try:
        who_may.acting(row, incident, person, now=now)
    except MoveRefused as refused:
        return str(refused.messages[0])
    return _("This is not possible in the present state.")


def _done(request: PersonRequest, offer: Offer, incident: Incident) -> HttpResponse:
    said = _("%(act)s: %(title)s") % {"act": offer.label, "title": incident.title}
    if not request.htmx:
        messages.success(request, said)
        onward = request.POST.get("next", "")
        if url_has_allowed_host_and_scheme(onward, allowed_hosts=None):
            return redirect(onward)
        return redirect("incidents:detail", number=incident.number)
    response = HttpResponse(status=204)
    for event, about in (("closeDialog", {}), ("badges", {}), ("incident:moved", {"number": incident.number})):
        trigger_client_event(response, event, about)
    return trigger_client_event(response, "toast", {"text": said})


def _lights(incident: Incident, clocks: list[Clock], now: datetime) -> Shown:
    """By order and card: the worst of its running clocks, else the light its last clock ended with."""
    by_subject: dict[tuple[str, int], list[Clock]] = {}
    for clock in clocks:
        if clock.subject_kind in (Subject.ASSIGNMENT, Subject.CARD):
            by_subject.setdefault((clock.subject_kind, clock.subject_id), []).append(clock)
    found = {}
    for about, mine in by_subject.items():
        running = [clock for clock in mine if clock.state != ClockState.STOPPED]
        told = lights.worst(running, now) or mine[-1]
        if told.final_light != Light.NONE:
            found[about] = lights.shown(told, now, suspended=incident.state == State.SUSPENDED)
    return found
