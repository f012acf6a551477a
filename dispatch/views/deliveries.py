"""What did not get out of the house: seen and sent anew by administrators."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from dispatch import delivery, failures
from dispatch.audience import Reason
from dispatch.kinds import label_of
from dispatch.models import FAILED_STATES, TELLING, Channel, Delivery, DeliveryState
from grids import audit_list, permissions
from grids.duties import Right
from grids.levels import widest
from grids.models import Person, Post
from grids.requests import PersonRequest
from grids.subtrees import within
from incidents.models import Sight

SIZE = 50
MOST_AT_ONCE = 1000


@dataclass(frozen=True)
class Failed:
    """A delivery as the list draws it."""

    row: Delivery

    @property
    def owner(self) -> str:
        address = self.row.address
        return str(address.person or f"{address.unit} · {address.name}")

    @property
    def reason(self) -> str:
        return str(Reason(self.row.reason).label) if self.row.reason in Reason.values else ""

    @property
    def about(self) -> str:
        """The number of the incident, else what happened and where."""
        if self.row.event is not None:
            return self.row.event.incident.number
        house = self.row.house_event
        return f"{label_of(house.kind)} · {house.unit}" if house else ""

    @property
    def why(self) -> str:
        return failures.in_words(self.row.last_error)

    @property
    def is_unknown(self) -> bool:
        return self.row.state == DeliveryState.UNKNOWN


def _read_by(person: Person, now: datetime) -> list[str]:
    codes = audit_list.read_by(person, now=now)
    if not codes:
        raise Http404
    return codes


def _in_sight(codes: list[str], now: datetime) -> QuerySet[Delivery]:
    """The deliveries to people who serve these units, and to the groups of the units."""
    if "" in codes:
        return Delivery.objects.all()
    served = Post.objects.filter(within(codes, "unit"), person=OuterRef("address__person"), period__contains=now)
    return Delivery.objects.filter(within(codes, "address__unit") | Q(Exists(served)))


def _failed(codes: list[str], now: datetime) -> QuerySet[Delivery]:
    """The dead letters in sight: who also serves elsewhere gets others there, about what these units never see."""
    failed = _in_sight(codes, now).filter(TELLING, state__in=FAILED_STATES, digest=None)
    if "" in codes:
        return failed
    came = Sight.objects.filter(within(codes, "unit"), incident=OuterRef("event__incident"))
    about = within(codes, "event__incident__place") | within(codes, "house_event__unit")
    return failed.filter(about | Q(Exists(came)))


@require_safe
@login_required
def index(request: PersonRequest) -> HttpResponse:
    """The dead letters, the newest first, and what is waiting by channel."""
    now = timezone.now()
    codes = _read_by(request.user, now)
    seen = _in_sight(codes, now)
    failed = _failed(codes, now)
    before = request.GET.get("before", "")
    page = failed.filter(pk__lt=int(before)) if before.isdecimal() and len(before) < 19 else failed
    rows = list(
        page.select_related("address__person", "address__unit", "event__incident", "house_event__unit")
        .annotate(others=Count("bundled"))
        .order_by("-pk")[: SIZE + 1]
    )
    count = failed.count()
    address = reverse("dispatch:deliveries")
    context = {
        "title": _("Undelivered messages · %(count)d") % {"count": count},
        "rows": [Failed(row) for row in rows[:SIZE]],
        "count": count,
        "at_once": min(count, MOST_AT_ONCE),
        "waiting": _waiting(seen),
        "may_replay": bool(_administered(request.user, now)),
        "previous_url": address if before else "",
        "next_url": f"{address}?before={rows[SIZE - 1].pk}" if len(rows) > SIZE else "",
        "now": now,
    }
    return render(request, "dispatch/deliveries.html", context)


def _waiting(seen: QuerySet[Delivery]) -> list[dict[str, Any]]:
    """By channel how much waits and since when."""
    waiting = seen.filter(state=DeliveryState.WAITING).order_by()
    found = waiting.values("address__channel").annotate(number=Count("pk"), oldest=Min("created_at"))
    return [{**one, "label": Channel(one["address__channel"]).label} for one in found]


def _administered(person: Person, now: datetime) -> list[str]:
    if person.is_superuser:
        return [""]
    return widest(permissions.units_with_right(person, Right.ADMINISTER, now=now))


@require_POST
@login_required
def replay(request: PersonRequest) -> HttpResponse:
    """Send one again, or all there are."""
    now = timezone.now()
    codes = _administered(request.user, now)
    if not codes:
        raise Http404
    mine = _failed(codes, now)
    one = request.POST.get("id", "")
    if one:
        mine = mine.filter(pk=int(one)) if one.isdecimal() and len(one) < 19 else mine.none()
    ids = list(mine.order_by("-pk").values_list("pk", flat=True)[:MOST_AT_ONCE])
    if one and not ids:
        raise Http404
    number = delivery.replay(ids=ids, now=now)
    said = ngettext("%(count)d message is sent again.", "%(count)d messages are sent again.", number)
    messages.success(request, said % {"count": number})
    return redirect("dispatch:deliveries")
