"""Pages of a unit: its own, the tree with search, and the fragments they open."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from grids import directory, hierarchy, permissions, planned_ends, selectors, words
from grids.duties import Duty
from grids.levels import UnitKind
from grids.models import Unit
from grids.requests import PersonRequest

BODIES = (UnitKind.DEPARTMENT, UnitKind.OFFICE)
ENDED_MOST = 100


@require_safe
@login_required
def unit(request: PersonRequest, code: str) -> HttpResponse:
    """A unit: who serves it, whom to call, what lies below, where it is."""
    now = timezone.now()
    door = directory.door(request.user, code, now=now)
    children = list(selectors.children(code))
    rows = directory.rows_of(children, now)
    roster = directory.roster(door.unit, now)
    context = {
        "title": _title(door.unit, rows, roster),
        "unit": door.unit,
        "door": door,
        "path": door.path,
        "roster": roster,
        "coming": directory.coming(door.unit, now) if door.may_administer else [],
        "places": [row for row in rows if row.unit.kind not in BODIES],
        "bodies": [row for row in rows if row.unit.kind in BODIES],
        "vacancies": sum(row.vacancies for row in rows),
        "heirs": directory.heirs_of(door.unit) if door.unit.is_retired else [],
        "ends": planned_ends.planned_for(door.unit) if not door.unit.is_retired else None,
        "totals": directory.totals(door.unit.pk, now) if rows else None,
        "is_place": door.unit.kind not in BODIES,
        "may_administer": door.may_administer and not door.unit.is_retired,
        "may_have_children": bool(hierarchy.kinds_below(door.unit)),
        "now": now,
    }
    return render(request, "grids/unit.html", context)


def _title(unit: Unit, rows: list[directory.ChildRow], roster: list[directory.DutyRow]) -> str:
    """The name and how many: grids below a place, people at a body, the officer of a grid."""
    if unit.is_grid:
        officer = next((post.person for row in roster for post in row.posts if post.is_primary), None)
        return f"{unit.name} · {officer or _('Vacant')}"
    if unit.kind in BODIES:
        people = len({post.person_id for row in roster for post in row.posts})
        return f"{unit.name} · {ngettext('%(count)d person', '%(count)d people', people) % {'count': people}}"
    grids = sum(row.grids for row in rows)
    return f"{unit.name} · {words.word('grid')} {grids}"


@require_safe
@login_required
def below(request: PersonRequest, code: str) -> HttpResponse:
    """A branch of the tree: the units directly below, as a fragment."""
    now = timezone.now()
    directory.door(request.user, code, now=now)
    rows = directory.rows_of(selectors.children(code), now)
    return render(request, "grids/_branch.html", {"rows": rows, "code": code, "now": now})


@require_safe
@login_required
def ended(request: PersonRequest, code: str) -> HttpResponse:
    """Who served here before, as a fragment."""
    now = timezone.now()
    door = directory.door(request.user, code, now=now)
    posts = directory.ended(door.unit, now)[:ENDED_MOST]
    return render(request, "grids/_ended.html", {"posts": posts, "now": now})


@require_safe
@login_required
def browse(request: PersonRequest) -> HttpResponse:
    """The tree of everything in sight, a search in it, and the grids without a primary officer."""
    now = timezone.now()
    prefixes = permissions.visible_prefixes(request.user, now=now)
    if not prefixes:
        raise Http404
    asked, vacant = request.GET.get("q", "").strip(), "vacant" in request.GET
    vacancies = selectors.vacancies(prefixes, now).select_related("parent", "parent__parent")
    context: dict[str, Any] = {
        "title": _("Grids and people"),
        "q": asked,
        "vacant": vacant,
        "vacancies": vacancies.count(),
        "now": now,
    }
    if vacant:
        context |= _found(vacancies.order_by("code"))
        context["title"] = _("Grids without a primary officer · %(count)d") % {"count": context["vacancies"]}
    elif asked:
        context |= _found(directory.search_units(prefixes, asked).order_by("code"))
    else:
        context["roots"] = _roots(prefixes, now)
    return render(request, "grids/_browse.html" if request.htmx else "grids/units.html", context)


def _found(units: QuerySet[Unit]) -> dict[str, Any]:
    found = list(units[: directory.SEARCH_MOST + 1])
    return {"found": found[: directory.SEARCH_MOST], "more": len(found) > directory.SEARCH_MOST}


def _roots(prefixes: list[str], now: Any) -> list[dict[str, Any]]:
    """The units at which the person's sight begins, each with its children; an installation's top for [""]."""
    if prefixes == [""]:
        tops = Unit.objects.filter(parent__isnull=True, retired_at__isnull=True)
    else:
        tops = Unit.objects.filter(pk__in=prefixes)
    return [{"unit": top, "rows": directory.rows_of(selectors.children(top.pk), now)} for top in tops[:20]]


@require_safe
@login_required
def my_grid(request: PersonRequest) -> HttpResponse:
    """To the unit the person serves: an officer's grid first, then any other."""
    posts = list(selectors.posts_of(request.user, timezone.now()))
    if not posts:
        raise Http404
    own = next((post for post in posts if post.duty == Duty.OFFICER), None) or posts[0]
    return redirect("grids:unit", own.unit_id)
