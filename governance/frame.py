"""What the frame of a page offers to a person: the rail, the phone's bottom bar, counts beside them.

An area that is not built, or that none of the person's duties may use, does not appear.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, get_script_prefix, get_urlconf, reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from governance.live import address as live
from grids.duties import FIELD_DUTIES, Duty
from grids.levels import UnitKind
from grids.models import Post

ANY = frozenset(Duty)
DESK = ANY - FIELD_DUTIES
ACTING = frozenset(
    {Duty.CLERK, Duty.DISPATCHER, Duty.CHECKER, Duty.DUTY_CHIEF, Duty.HANDLER, Duty.SUPERVISOR, Duty.HEAD}
)
KEEPING = frozenset({Duty.ADMINISTRATOR, Duty.AUDITOR})
_PLACES = frozenset({UnitKind.DISTRICT, UnitKind.TOWN, UnitKind.VILLAGE})
REPORTING = frozenset({Duty.OFFICER, Duty.ASSISTANT, Duty.CLERK})

# How a count beside an area is found: (person=, now=) -> int. Looked up late; an unbuilt one stays empty.
COUNTS = {
    "todo": "dispatch.selectors.todo_count",
    "inbox": "dispatch.selectors.unread_count",
    "supervision": "dispatch.selectors.cards_to_answer",
}


@dataclass(frozen=True)
class Area:
    """One place of the site: the first of `views` that exists is its address; they and `within` light it up."""

    key: str
    label: str | Promise
    icon: str
    views: tuple[str, ...]
    duties: frozenset[Duty] = ANY
    badge: str = ""
    main: bool = False
    staff_only: bool = False
    within: tuple[str, ...] = ()
    # Only duties at a district, a town or a village count.
    at_places: bool = False


TODAY = Area(
    "today",
    _("Today"),
    "sun",
    ("incidents:today", "dispatch:today", "grids:my_grid"),
    FIELD_DUTIES,
    within=("incidents:tasks", "incidents:walk"),
)
# A view named with a trailing "*" takes the code of the person's own unit.
RAIL = (
    TODAY,
    Area("todo", _("My to-do"), "checklist", ("dispatch:todo", "dispatch:desk*"), ACTING, "todo"),
    Area("mine", _("My reports"), "clipboard-list", ("incidents:mine",), FIELD_DUTIES),
    Area("incidents", _("Incidents"), "layout-list", ("incidents:list",), DESK, within=("incidents:detail",)),
    Area("map", _("One map"), "map-2", ("grids:map",)),
    Area(
        "units",
        _("Grids and people"),
        "users-group",
        ("grids:unit*", "grids:units"),
        within=(
            "grids:my_grid",
            "grids:forces",
            "grids:force_new",
            "grids:routine_new",
            "grids:people",
            "grids:person",
            "grids:person_new",
            "grids:appoint",
        ),
    ),
    Area(
        "studio",
        _("Grid division"),
        "vector-spline",
        ("studio:plans",),
        KEEPING | {Duty.HEAD},
        within=(
            "studio:begin",
            "studio:plan",
            "studio:draw",
            "studio:compare",
            "studio:proposals",
            "studio:import",
            "studio:import_preview",
            "studio:preview",
            "studio:publish",
        ),
        at_places=True,
    ),
    Area("supervision", _("Supervision"), "gavel", ("dispatch:supervision",), DESK, "supervision"),
    Area("statistics", _("Statistics"), "chart-bar", ("governance:dashboard",), DESK),
    Area(
        "administration",
        _("Admin"),
        "settings",
        ("governance:administration",),
        KEEPING,
        within=(
            "grids:audit",
            "dispatch:robots",
            "dispatch:deliveries",
            "dispatch:audience",
            "dispatch:audience_edit",
            "governance:limits",
            "governance:planned_ends",
            "governance:calendar",
            "governance:calendar_change",
            "governance:accounts",
        ),
    ),
)
FIELD_BAR = (
    TODAY,
    Area("report", _("Report"), "plus", ("incidents:report",), REPORTING, main=True),
    Area("mine", _("Mine"), "user-circle", ("incidents:mine",), FIELD_DUTIES),
    Area("inbox", _("Messages"), "bell", ("dispatch:inbox",), badge="inbox"),
)
DESK_BAR = (
    Area("todo", _("My to-do"), "checklist", ("dispatch:todo", "dispatch:desk*"), ACTING, "todo"),
    Area("report", _("Report"), "plus", ("incidents:report",), REPORTING, main=True),
    Area("incidents", _("Incidents"), "layout-list", ("incidents:list",), DESK, within=("incidents:detail",)),
    Area("statistics", _("Statistics"), "chart-bar", ("governance:dashboard",), DESK),
    Area("map", _("One map"), "map-2", ("grids:map",)),
    Area("inbox", _("Messages"), "bell", ("dispatch:inbox",), badge="inbox"),
)
BAR_LENGTH = 4
# Where two of a desk's areas must give way on a phone, these stay.
BAR_KEEPS = ("todo", "report", "inbox")


@dataclass(frozen=True)
class Item:
    """An area as one person meets it on one page."""

    key: str
    label: str | Promise
    icon: str
    url: str
    badge: str = ""
    current: bool = False
    main: bool = False


def address(view: str, code: str) -> str:
    """The address of a view, or "" if it is not built or needs a unit the person has not."""
    return _address(view, code, get_script_prefix(), get_urlconf() or settings.ROOT_URLCONF)


@lru_cache(maxsize=4096)
def _address(view: str, code: str, prefix: str, urlconf: str) -> str:
    name = view.rstrip("*")
    try:
        if view.endswith("*"):
            return reverse(name, args=[code]) if code else ""
        return reverse(name)
    except NoReverseMatch:
        return ""


def first_address(views: tuple[str, ...], code: str) -> str:
    return next((url for url in (address(view, code) for view in views) if url), "")


@dataclass
class Frame:
    """All that base.html asks about the person; each part is worked out when it is asked for."""

    person: Any
    view_name: str
    now: datetime
    badges_url: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self.badges_url = address("governance:badges", "")

    @cached_property
    def posts(self) -> list[Post]:
        """The posts in force, the primary ones first, higher units before lower ones."""
        posts = Post.objects.filter(person=self.person, period__contains=self.now).select_related("unit")
        return sorted(posts, key=lambda post: (not post.is_primary, len(post.unit_id), post.unit_id))

    @cached_property
    def duties(self) -> frozenset[Duty]:
        if self.person.is_superuser and not self.posts:
            return ANY - FIELD_DUTIES
        return frozenset(Duty(post.duty) for post in self.posts)

    @cached_property
    def duties_at_places(self) -> frozenset[Duty]:
        """The duties held at a district, a town or a village."""
        if self.person.is_superuser and not self.posts:
            return self.duties
        return frozenset(Duty(post.duty) for post in self.posts if post.unit.kind in _PLACES)

    @cached_property
    def unit(self) -> Any:
        """The unit the person mainly serves, or None."""
        return self.posts[0].unit if self.posts else None

    @property
    def unit_code(self) -> str:
        return self.unit.pk if self.unit else ""

    @property
    def unit_name(self) -> str:
        return self.unit.name if self.unit else ""

    @property
    def unit_codes(self) -> str:
        """The units the person serves, for what the counts hang on."""
        return " ".join(sorted({post.unit_id for post in self.posts}))

    @property
    def mark(self) -> tuple[Any, ...]:
        """All that rail, bar and menu depend on: who has the same sees the same."""
        held = (self.duties, self.duties_at_places)
        return (self.view_name, self.unit_code, self.unit_name, *held, self.person.is_staff)

    @property
    def duty_names(self) -> str:
        """The person's duties in words by unit; the first three units."""
        units: dict[str, list[str]] = {}
        for post in self.posts:
            units.setdefault(str(post.unit), []).append(str(Duty(post.duty).label))
        return " · ".join(f"{unit} {', '.join(duties)}" for unit, duties in list(units.items())[:3])

    @property
    def in_field(self) -> bool:
        """True for those who work outdoors only: their phone's bar is the field's."""
        return bool(self.duties) and self.duties <= FIELD_DUTIES

    def _items(self, areas: tuple[Area, ...]) -> list[Item]:
        items = []
        for area in areas:
            held = self.duties_at_places if area.at_places else self.duties
            allowed = self.person.is_staff if area.staff_only else bool(held & area.duties)
            url = first_address(area.views, self.unit_code) if allowed else ""
            if url:
                here = self.view_name in {view.rstrip("*") for view in area.views + area.within}
                items.append(Item(area.key, area.label, area.icon, url, area.badge, here, area.main))
        return items

    @cached_property
    def rail(self) -> list[Item]:
        return self._items(RAIL)

    @cached_property
    def bar(self) -> list[Item]:
        """At most four; the main act stands in the middle of what is there."""
        items = self._items(FIELD_BAR if self.in_field else DESK_BAR)
        while len(items) > BAR_LENGTH:
            items.remove(next(item for item in reversed(items) if item.key not in BAR_KEEPS))
        large = [item for item in items if item.main]
        rest = [item for item in items if not item.main]
        return [*rest[:1], *large, *rest[1:]]

    @cached_property
    def menu(self) -> list[Item]:
        """Everything, for the side sheet of a phone."""
        seen = {item.key for item in self.rail}
        return self.rail + [item for item in self.bar if item.key not in seen]

    @property
    def badges(self) -> set[str]:
        """The counts that have a place on this person's pages."""
        return {item.badge for item in (*self.rail, *self.bar) if item.badge} | ({"inbox"} if self.inbox_url else set())

    @property
    def report_url(self) -> str:
        return address("incidents:report", "") if self.duties & REPORTING else ""

    @property
    def inbox_url(self) -> str:
        return address("dispatch:inbox", "")

    @property
    def search_url(self) -> str:
        return first_address(("incidents:search", "incidents:list"), "")


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `frame`, or None for somebody who has not signed in."""
    person = getattr(request, "user", None)
    if person is None or not person.is_authenticated or getattr(request, "password_is_due", False):
        return {"frame": None, "DEBUG_PAGES": settings.DEBUG}
    match = request.resolver_match
    name = match.view_name if match else ""

    def make() -> Frame:
        return Frame(person=person, view_name=name, now=timezone.now())

    stream = {"stream_url": live.stream_url(request), "stream_since": live.since(timezone.now())}
    return {"frame": SimpleLazyObject(make), "DEBUG_PAGES": settings.DEBUG, **stream}


def counts(person: Any, now: datetime) -> dict[str, int]:
    """The counts beside the areas by key; an area whose counter is not built is left out."""
    found = {}
    for key, dotted in COUNTS.items():
        try:
            count: Callable[..., int] = import_string(dotted)
        except ImportError:
            continue
        found[key] = count(person=person, now=now)
    return found


@login_required
def badges(request: HttpRequest) -> HttpResponse:
    """The counts as fragments that find their places; 304 when nothing changed."""
    now = timezone.now()
    shown = Frame(person=request.user, view_name="", now=now).badges
    found = {key: number for key, number in counts(request.user, now).items() if key in shown}
    etag = '"{}"'.format("-".join(f"{key}{number}" for key, number in found.items()))
    unchanged = get_conditional_response(request, etag=etag)
    if unchanged is not None:
        return unchanged
    response = render(request, "_badges.html", {"counts": found})
    response["ETag"] = etag
    patch_cache_control(response, private=True, no_cache=True)
    return response
