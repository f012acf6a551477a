"""The list of incidents: what a person may see, narrowed by the filters in the address."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.http import quote_etag
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from grids import permissions
from grids.levels import UnitKind, tier_code
from grids.models import Unit
from grids.requests import PersonRequest
from grids.subtrees import within
from incidents import access, by_due, exports, happenings, keyset, lists, selectors
from incidents.filters import NO_CATEGORY, Filters
from incidents.list_forms import FilterForm
from incidents.models import Category, Incident, IncidentKind, Light
from incidents.states import OPEN_STATES, State, Urgency

SIZE = 50
# Beyond this a list says "more than", so that no page costs the counting of everything ever reported; sooner where
# each one has to be looked at.
COUNTED, SEARCHED = 50_000, 1_000
# So many are soon met on a walk along the newest, even by who sees few of all.
MANY = 1_000
NEWEST = ("-reported_at", "-pk")
STATES: tuple[State, ...] = (
    State.REPORTED,
    State.ACCEPTED,
    State.DISPATCHED,
    State.ANSWERED,
    State.SUSPENDED,
    State.CLOSED,
)
LIGHTS = (Light.RED.value, Light.YELLOW.value, Light.UNLIT.value, Light.GREEN.value)


@dataclass(frozen=True)
class Chip:
    """One filter as it is drawn: what it says, where it leads, whether it is on; of `fixed` ones one always is."""

    label: str
    url: str
    on: bool = False
    light: str = ""
    fixed: bool = False


@require_safe
@login_required
def index(request: PersonRequest) -> HttpResponse:
    """The page; or with `rows` its rows alone, 304 when they are the same as before."""
    now = timezone.now()
    filters = Filters.parsed(request.GET)
    sort = "due" if request.GET.get("sort") == "due" else ""
    scope = access.parted(request.user, now=now)
    wanted = lists.found(request.user, filters, now=now, scope=Q())
    found = wanted.filter(scope.whole)
    at_most = COUNTED if filters.states <= OPEN_STATES or not (filters.light or filters.words) else SEARCHED
    is_counted = bool(filters.words) or "rows" not in request.GET
    number = 0
    if is_counted or scope.walked is not None:
        number = _counted(wanted, scope, filters, at_most if is_counted else MANY)
    if filters.words and number >= SEARCHED:
        found = lists.found(request.user, filters, now=now, scope=scope.walked or scope.whole, are_common=True)
    elif scope.walked is not None and not sort and (_is_walked(filters) or number >= MANY):
        found = wanted.filter(scope.walked)
    page = _page(request, found, filters, sort)
    rows = selectors.rows(page.rows, now, at=filters.at)
    if "rows" in request.GET:
        context = {"rows": rows, "is_narrowed": _is_narrowed(filters), "now": now}
        return unchanged_or(request, render_to_string("incidents/_rows.html", context, request))
    named = _named(filters)
    may_export = exports.desk_post(request.user, now=now) is not None
    context = {
        "title": _title(filters, named, number),
        "whose": _whose(filters, named),
        "number": f"{number:,}{'+' if number >= at_most else ''}",
        "filters": filters,
        "sort": sort,
        "rows": rows,
        "now": now,
        "state_chips": _state_chips(filters, sort),
        "light_chips": _light_chips(filters, sort),
        "other_chips": list(_other_chips(filters, named, sort)),
        "filter_url": f"{reverse('incidents:filter')}?{filters.query(sort=sort)}",
        "rows_url": _url(
            filters, sort, rows="1", after=request.GET.get("after", ""), before=request.GET.get("before", "")
        ),
        "sort_url": _url(filters, "" if sort else "due"),
        "previous_url": _url(filters, sort, before=page.before) if page.before else "",
        "next_url": _url(filters, sort, after=page.after) if page.after else "",
        "is_narrowed": _is_narrowed(filters),
        "export_url": f"{reverse('incidents:export')}?{filters.query(sort=sort)}" if may_export else "",
    }
    return render(request, "incidents/list.html", context)


@require_safe
@login_required
def narrow(request: PersonRequest) -> HttpResponse:
    """The form of the filters that are no chips, for a dialog or as a page; it leads back to the list."""
    now = timezone.now()
    filters = Filters.parsed(request.GET)
    prefixes = permissions.visible_prefixes(request.user, now=now)
    units = Unit.objects.filter(_places(prefixes), kind__in=(UnitKind.TOWN, UnitKind.VILLAGE), retired_at__isnull=True)
    categories = Category.objects.filter(kind=IncidentKind.INCIDENT, retired_at__isnull=True)
    given = {name: getattr(filters, name) for name in ("under", "category", "tier", "urgency", "since", "until")}
    given["q"] = filters.words
    bare = filters.but(words="", under="", category=None, tier="", urgency="", since=None, until=None)
    context = {
        "title": _("Filter the incidents"),
        "form": FilterForm(initial=given, places=units, categories=categories, auto_id="filter-%s"),
        "kept": bare.pairs(sort=request.GET.get("sort", "")),
        "clear_url": _url(bare, request.GET.get("sort", "")),
    }
    return render(request, "incidents/_filter.html" if request.htmx else "incidents/filter.html", context)


def unchanged_or(request: PersonRequest, body: str) -> HttpResponse:
    """The fragment with an ETag of what it says; 304 without a body when the browser has the same."""
    etag = quote_etag(hashlib.sha256(body.encode()).hexdigest()[:32])
    response = get_conditional_response(request, etag=etag) or HttpResponse(body)
    response["ETag"] = etag
    patch_cache_control(response, private=True, no_cache=True)
    return response


def _page(request: PersonRequest, found: QuerySet[Incident], filters: Filters, sort: str) -> keyset.Page:
    marks = {"after": request.GET.get("after", ""), "before": request.GET.get("before", "")}
    if sort:
        return by_due.page(found, at=filters.at, size=SIZE, **marks)
    return keyset.page(selectors.for_rows(found), NEWEST, size=SIZE, **marks)


def _counted(wanted: QuerySet[Incident], scope: access.Scope, filters: Filters, at_most: int) -> int:
    """How many there are, at most `at_most`. What no clock or word narrows is counted from an index, part by part."""
    if scope.walked is not None:
        parts = [scope.walked] if _is_walked(filters) else scope.parts
    else:
        parts = [scope.whole] if filters.light or filters.words or filters.at else scope.parts
    return min(at_most, sum(lists.counted(wanted.filter(part), at_most=at_most) for part in parts))


def _is_walked(filters: Filters) -> bool:
    """Whether words or a light of what is open leave so few that each may be asked whether it is in sight."""
    return bool(filters.words or (filters.light and filters.states <= OPEN_STATES))


def _is_narrowed(filters: Filters) -> bool:
    return filters.but(states=frozenset(OPEN_STATES)) != Filters()


def _places(prefixes: Iterable[str]) -> Q:
    """The places a filter may name: a department looks around in its own district."""
    return within(sorted({tier_code(prefix) for prefix in prefixes}))


def _url(filters: Filters, sort: str = "", **extra: str) -> str:
    return f"{reverse('incidents:list')}?{filters.query(sort=sort, **extra)}"


def _state_chips(filters: Filters, sort: str) -> list[Chip]:
    """One choice: all that is open, one state, or everything."""
    choices: list[tuple[str, frozenset[str]]] = [(_("Open"), frozenset(OPEN_STATES))]
    choices += [(str(state.label), frozenset({state})) for state in STATES]
    choices.append((_("All"), frozenset(State)))
    if filters.states not in [states for _label, states in choices]:
        choices.append((", ".join(str(State(state).label) for state in sorted(filters.states)), filters.states))
    return [
        Chip(label, _url(filters.but(states=states), sort), filters.states == states, fixed=True)
        for label, states in choices
    ]


def _light_chips(filters: Filters, sort: str) -> list[Chip]:
    return [
        Chip("", _url(filters.but(light="" if filters.light == light else light), sort), filters.light == light, light)
        for light in LIGHTS
    ]


def _other_chips(filters: Filters, named: dict[str, str], sort: str) -> Iterable[Chip]:
    """What else narrows the list, each to be taken away again; and the switch to one's own."""
    yield Chip(_("Mine"), _url(filters.but(mine=not filters.mine), sort), filters.mine)
    said = {
        "words": f"“{filters.words}”" if filters.words else "",
        "under": named.get("under", ""),
        "place": named.get("place", ""),
        "holder": _("Held by %(unit)s") % {"unit": named["holder"]} if filters.holder else "",
        "at": _("At work: %(unit)s") % {"unit": named["at"]} if filters.at else "",
        "category": named.get("category", ""),
        "tier": _("Held by tier: %(tier)s") % {"tier": UnitKind(filters.tier).label} if filters.tier else "",
        "urgency": str(Urgency(filters.urgency).label) if filters.urgency else "",
        "since": _("from %(day)s") % {"day": filters.since} if filters.since else "",
        "until": _("to %(day)s") % {"day": filters.until} if filters.until else "",
        "ended": _("ended on %(day)s") % {"day": filters.ended} if filters.ended else "",
        "act": happenings.label(filters.act, filters.act_from, filters.act_to),
        "solved": _("Solved by tier: %(tier)s") % {"tier": UnitKind(filters.solved).label} if filters.solved else "",
    }
    empty = Filters()
    for name, label in said.items():
        if label:
            yield Chip(label, _url(filters.but(**{name: getattr(empty, name)}), sort), True)


def _named(filters: Filters) -> dict[str, str]:
    """The names of the units and the category the filters speak of; a code nobody knows stands for itself."""
    codes = {name: getattr(filters, name) for name in ("under", "place", "holder", "at") if getattr(filters, name)}
    units = Unit.objects.in_bulk(set(codes.values())) if codes else {}
    named = {name: units[code].label if code in units else code for name, code in codes.items()}
    if filters.category == NO_CATEGORY:
        named["category"] = _("Without a category")
    elif filters.category is not None:
        category = Category.objects.filter(pk=filters.category).first()
        named["category"] = category.label if category else str(filters.category)
    return named


def _whose(filters: Filters, named: dict[str, str]) -> str:
    for name in ("at", "holder", "place", "under"):
        if name in named:
            return named[name]
    return _("My incidents") if filters.mine else _("Incidents")


def _title(filters: Filters, named: dict[str, str], number: int) -> str:
    return f"{_whose(filters, named)} {number:,}"
