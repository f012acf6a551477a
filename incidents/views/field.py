"""The officer's own pages: today in the grid, and what became of one's reports."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from grids.requests import PersonRequest
from incidents import field_work, keyset, lists, places
from incidents.filters import Filters
from incidents.models import Light
from incidents.selectors import rows
from incidents.states import FINAL_STATES, OPEN_STATES, State

PAGE_SIZE = 20
COUNTED_AT_MOST = 1000
ORDER = ("-reported_at", "-pk")


@require_safe
@never_cache
@login_required
def today(request: PersonRequest) -> HttpResponse:
    """The person's grid: what waits for them, what is open there and who has it, whom to call."""
    now = timezone.now()
    posts = field_work.field_posts(request.user, now=now)
    if not posts:
        return redirect("landing")
    post = next((each for each in posts if each.unit_id == request.GET.get("grid")), posts[0])
    grid = places.with_parents([post.unit_id])[post.unit_id]
    open_here = field_work.open_in(request.user, grid, now=now)
    counts = field_work.counts(request.user, open_here, now=now)
    context = {
        "title": _("%(grid)s · open %(count)d") % {"grid": grid.label, "count": counts.open},
        "grid": grid,
        "path": places.path_of(grid),
        "grids": _grid_chips(posts, grid.pk),
        "rows": field_work.due_first(open_here, now=now),
        "waiting": field_work.waiting(request.user, posts, now=now),
        "news": field_work.news(request.user, now=now),
        "counts": counts,
        "calls": field_work.calls(request.user, grid, now=now),
        "now": now,
    }
    return render(request, "incidents/_today.html" if request.htmx else "incidents/today.html", context)


@require_safe
@never_cache
@login_required
def mine(request: PersonRequest) -> HttpResponse:
    """What this person reported, or what is in one of their grids; narrowed by chips that stand in the address."""
    now = timezone.now()
    posts = field_work.field_posts(request.user, now=now)
    filters = Filters.parsed(request.GET)
    if filters.place not in {post.unit_id for post in posts}:
        filters = filters.but(place="", mine=True)
    incidents = lists.found(request.user, filters, now=now)
    page = keyset.page(
        incidents.select_related("category"),
        ORDER,
        size=PAGE_SIZE,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    total = incidents.values("pk")[:COUNTED_AT_MOST].count()
    context = {
        "title": _title(filters, posts, total),
        "rows": rows(page.rows, now),
        "whose": _whose_tabs(filters, posts),
        "narrow": _narrowing_chips(filters),
        "filters": filters,
        "plain": filters == Filters(mine=filters.mine, place=filters.place, states=frozenset(State)),
        "previous_url": f"?{filters.query(before=page.before)}" if page.before else "",
        "next_url": f"?{filters.query(after=page.after)}" if page.after else "",
        "now": now,
    }
    return render(request, "incidents/_mine.html" if request.htmx else "incidents/mine.html", context)


def _title(filters: Filters, posts: list[Any], total: int) -> str:
    place = next((post.unit.label for post in posts if post.unit_id == filters.place), "")
    count = f"{COUNTED_AT_MOST}+" if total >= COUNTED_AT_MOST else str(total)
    if place:
        return _("%(grid)s · %(count)s") % {"grid": place, "count": count}
    return _("Reported by me · %(count)s") % {"count": count}


def _chip(label: Any, filters: Filters, on: bool, *, light: str = "") -> dict[str, Any]:
    return {"label": label, "url": f"?{filters.query()}", "on": on, "light": light}


def _grid_chips(posts: list[Any], chosen: str) -> list[dict[str, Any]]:
    """The person's grids, if there are several."""
    units = {post.unit_id: post.unit for post in posts}
    if len(units) < 2:
        return []
    return [{"label": unit.label, "url": f"?grid={code}", "on": code == chosen} for code, unit in units.items()]


def _whose_tabs(filters: Filters, posts: list[Any]) -> list[dict[str, Any]]:
    units = {post.unit_id: post.unit for post in posts}
    tabs = [_chip(_("Reported by me"), filters.but(mine=True, place=""), not filters.place)]
    return tabs + [
        _chip(unit.label, filters.but(mine=False, place=code), filters.place == code) for code, unit in units.items()
    ]


def _narrowing_chips(filters: Filters) -> list[dict[str, Any]]:
    """Open, ended, overdue, near due; pressing one that is on takes it away."""
    everything = frozenset(State)
    chips = []
    for label, states in ((pgettext("incidents", "Open"), OPEN_STATES), (pgettext("incidents", "Ended"), FINAL_STATES)):
        on = filters.states == states
        chips.append(_chip(label, filters.but(states=everything if on else frozenset(states), light=""), on))
    for light in (Light.RED, Light.YELLOW):
        on = filters.light == light
        wanted = filters.but(light="") if on else filters.but(light=light.value, states=frozenset(OPEN_STATES))
        chips.append(_chip("", wanted, on, light=light.value))
    return chips
