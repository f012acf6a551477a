"""The page of urges and cards: what waits for our answer, what we gave out, what is over; and each act on one."""

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from dispatch.card_lists import RECEIVED, TABS, WHATS, CardLists, Tab
from dispatch.models import CardKind
from dispatch.views.moves import press
from grids.requests import PersonRequest
from incidents.models import CardColour
from incidents.views.lists import Chip, unchanged_or


@require_safe
@login_required
def index(request: PersonRequest) -> HttpResponse:
    """One tab, all or narrowed to one kind; with `rows` its rows alone, 304 when they are the same as before."""
    now = timezone.now()
    lists = CardLists(request.user, now=now, what=request.GET.get("what", ""))
    tab = next((each for each in TABS if each.key == request.GET.get("tab")), RECEIVED)
    after, before = request.GET.get("after", ""), request.GET.get("before", "")
    lines, page = lists.page(tab, after=after, before=before)
    counts = lists.counts()
    context = {
        "tab": tab,
        "tabs": [
            {"tab": each, "url": _address(each, lists.what), "count": counts.get(each.key, ""), "on": each is tab}
            for each in TABS
        ],
        "lines": lines,
        "here": _address(tab, lists.what, after=after, before=before),
        "now": now,
    }
    if "rows" in request.GET:
        return unchanged_or(request, render_to_string("dispatch/_card_live.html", context, request))
    names = list(lists.units.values())
    whose = names[0] if len(names) == 1 else _("Supervision")
    waiting = counts[RECEIVED.key]
    context |= {
        "title": _("%(whose)s · %(count)d to answer") % {"whose": whose, "count": waiting},
        "whose": whose,
        "hears": " ".join(lists.units),
        "waiting": waiting,
        "chips": _chips(tab, lists.what),
        "rows_url": _address(tab, lists.what, rows="1", after=after, before=before),
        "previous_url": _address(tab, lists.what, before=page.before) if page.before else "",
        "next_url": _address(tab, lists.what, after=page.after) if page.after else "",
    }
    return render(request, "dispatch/supervision.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def act(request: PersonRequest, number: str, card_id: str, name: str) -> HttpResponse:
    """The form of an answer or a withdrawal, or the act."""
    return press(request, number, name, card_id=int(card_id))


def _chips(tab: Tab, chosen: str) -> list[Chip]:
    labels = {CardKind.URGE.value: CardKind.URGE.label, **dict(CardColour.choices)}
    return [Chip(str(labels[what]), _address(tab, "" if what == chosen else what), what == chosen) for what in WHATS]


def _address(tab: Tab, what: str, **asked: str) -> str:
    given = {"tab": "" if tab is RECEIVED else tab.key, "what": what, **asked}
    told = urlencode({name: value for name, value in given.items() if value})
    return reverse("dispatch:supervision") + (f"?{told}" if told else "")
