"""Pages of the ways out of the house: a person's own, and the robots in the groups of units."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest, ValidationError
from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from dispatch import addresses, delivery, failures
from dispatch.address_forms import AddressForm, RobotForm
from dispatch.models import Address, Channel, Delivery, DeliveryState
from grids import permissions
from grids.duties import Right
from grids.levels import DESK_KINDS
from grids.models import Person, Unit
from grids.requests import PersonRequest
from grids.subtrees import covers, within

ICONS = {Channel.EMAIL: "mail", Channel.SMS: "device-mobile", Channel.WEBHOOK: "webhook"}


@dataclass(frozen=True)
class Shown:
    """One address as the pages draw it."""

    channel: str
    address: Address | None
    last: Delivery | None = None
    form: AddressForm | None = None

    @property
    def label(self) -> str:
        return str(Channel(self.channel).label)

    @property
    def icon(self) -> str:
        return ICONS.get(Channel(self.channel), "robot")

    @property
    def state(self) -> str:
        """`none`, `unproven`, `on`, `off` or `trouble`."""
        if self.address is None:
            return "none"
        if self.address.trouble:
            return "trouble"
        if self.address.proven_at is None:
            return "unproven"
        return "on" if self.address.enabled else "off"

    @property
    def trouble(self) -> str:
        return failures.in_words(self.address.trouble) if self.address else ""

    @property
    def last_why(self) -> str:
        return failures.in_words(self.last.last_error) if self.last else ""


@sensitive_post_parameters("target", "secret")
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def own(request: PersonRequest) -> HttpResponse:
    """The channels of the person who asks: one form each."""
    channels = addresses.ready_channels()
    known = addresses.own(request.user)
    bound: dict[str, AddressForm] = {}
    if request.method == "POST":
        channel = request.POST.get("channel", "")
        if channel not in channels:
            raise BadRequest("no such way of notice here")
        form = AddressForm(request.POST, channel=channel, address=known.get(channel))
        if form.is_valid() and _kept(form, request.user):
            return redirect("dispatch:addresses")
        bound[channel] = form
    last = _last([address.pk for address in known.values()])
    rows = [
        Shown(
            channel,
            known.get(channel),
            last.get(known[channel].pk) if channel in known else None,
            bound.get(channel) or AddressForm(channel=channel, address=known.get(channel), phone=request.user.phone),
        )
        for channel in channels
    ]
    used = sum(row.state == "on" for row in rows)
    context = {"title": _("Ways of notice · %(count)d in use") % {"count": used}, "rows": rows, "bound": set(bound)}
    return render(request, "dispatch/addresses.html", context, status=422 if bound else 200)


def _kept(form: AddressForm, person: Person) -> bool:
    try:
        addresses.set_own(person=person, wanted=form.wanted(), now=timezone.now())
    except ValidationError as error:
        _blame(form, error)
        return False
    return True


def _blame(form: Any, error: ValidationError) -> None:
    """Put the fault of a domain function at its field, else at the head of the form."""
    if hasattr(error, "error_dict"):
        for name, faults in error.error_dict.items():
            form.add_error(name if name in form.fields else None, faults)
    else:
        form.add_error("target", error)


def _last(ids: list[int]) -> dict[int, Delivery]:
    """The latest delivery of each address. One query by index."""
    newest = Delivery.objects.filter(address=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    latest = Address.objects.filter(pk__in=ids).values(newest=Subquery(newest))
    return {row.address_id: row for row in Delivery.objects.filter(pk__in=latest)}


@sensitive_post_parameters("code")
@require_POST
@login_required
def act(request: PersonRequest, pk: int, name: str) -> HttpResponse:
    """Send a code or a trial, prove, switch on or off, take away."""
    address = Address.objects.filter(pk=pk).exclude(sealed="").select_related("unit").first()
    if address is None or not _may(request.user, address, timezone.now()):
        raise Http404
    if name not in ACTS:
        raise Http404
    try:
        ACTS[name](request, address)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("dispatch:addresses" if address.person_id else "dispatch:robots")


def _may(person: Person, address: Address, now: datetime) -> bool:
    if address.person_id is not None:
        return address.person_id == person.pk
    return covers(_administered(person, now), str(address.unit_id))


def _administered(person: Person, now: datetime) -> list[str]:
    if person.is_superuser:
        return [""]
    return permissions.units_with_right(person, Right.ADMINISTER, now=now)


def _code(request: PersonRequest, address: Address) -> None:
    now = timezone.now()
    row = addresses.send_code(address=address, now=now)
    delivery.deliver_due(now=now, only=row)
    row.refresh_from_db()
    if row.state == DeliveryState.SENT:
        messages.success(request, _("A message was sent to %(address)s.") % {"address": address.hint})
    else:
        why = failures.in_words(row.last_error) or _("It will be tried again shortly.")
        messages.warning(request, _("Not sent yet: %(why)s") % {"why": why})


def _prove(request: PersonRequest, address: Address) -> None:
    if not addresses.prove(address=address, code=request.POST.get("code", ""), now=timezone.now()):
        raise ValidationError(_("This is not the code that was sent last, or it is too old."))
    messages.success(request, _("The address is proven and in use from now on."))


def _on(request: PersonRequest, address: Address) -> None:
    addresses.switch(address=address, on=True)
    messages.success(request, _("In use from now on."))


def _off(request: PersonRequest, address: Address) -> None:
    addresses.switch(address=address, on=False)
    messages.success(request, _("Nothing is sent there any more."))


def _remove(request: PersonRequest, address: Address) -> None:
    addresses.remove(address=address)
    messages.success(request, _("The address is taken away."))


ACTS = {"code": _code, "prove": _prove, "on": _on, "off": _off, "remove": _remove}


@sensitive_post_parameters("target", "secret")
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def robots(request: PersonRequest) -> HttpResponse:
    """The robots in the groups of the units the person administers, and the form for another."""
    codes = _administered(request.user, timezone.now())
    if not codes:
        raise Http404
    units = Unit.objects.filter(within(codes), kind__in=DESK_KINDS, retired_at__isnull=True).order_by("code")
    channels = addresses.ready_channels(for_group=True)
    form = RobotForm(request.POST or None, units=units, channels=channels)
    if request.method == "POST" and form.is_valid() and _added(form, request.user):
        messages.success(request, _("The robot is there. Send a code to its group to prove it."))
        return redirect("dispatch:robots")
    found = list(addresses.robots_under(within(codes, "unit")))
    last = _last([address.pk for address in found])
    context = {
        "title": _("Robots of units · %(count)d") % {"count": len(found)},
        "rows": [Shown(address.channel, address, last.get(address.pk)) for address in found],
        "form": form if channels else None,
    }
    return render(request, "dispatch/robots.html", context, status=422 if form.errors else 200)


def _added(form: RobotForm, person: Person) -> bool:
    try:
        addresses.set_robot(unit=form.cleaned_data["unit"], wanted=form.wanted(), actor=person, now=timezone.now())
    except ValidationError as error:
        _blame(form, error)
        return False
    return True
