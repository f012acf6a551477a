"""A day in the field: the person's grids, what waits for them there, what became of their reports, whom to call."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from grids import selectors as people
from grids.duties import FIELD_DUTIES, Duty
from grids.levels import UnitKind
from grids.models import Person, Post, Unit
from incidents import places
from incidents.filters import Filters
from incidents.lists import found, running_clocks, shown_light
from incidents.models import Handler, Incident, Inspection, Light
from incidents.selectors import Row, rows
from incidents.states import State

# How long the end of something one reported stays news.
NEWS_LASTS = timedelta(days=3)
MOST_ROWS, MOST_WAITING, MOST_NEWS = 10, 20, 10
# Whom an officer calls: at the grid, then at the village.
CALLED_AT_GRID = (Duty.SUPERVISOR, Duty.OFFICER, Duty.ASSISTANT)
CALLED_AT_VILLAGE = (Duty.CLERK, Duty.HEAD)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits for this person on site: an inspection that was drawn, or a check before closing."""

    row: Row
    is_inspection: bool


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody to call: what they are, who, their phone."""

    role: str
    name: str
    phone: str


@dataclass(frozen=True, slots=True)
class Counts:
    """The figures of the day; `reported` and `settled` are the person's own since midnight."""

    open: int
    red: int
    yellow: int
    reported: int
    settled: int


def field_posts(person: Person, *, now: datetime) -> list[Post]:
    """The posts by which `person` works in a grid, in the order of the grids' codes. One query."""
    posts = people.posts_of(person, now)
    return [post for post in posts if post.unit.kind == UnitKind.GRID and Duty(post.duty) in FIELD_DUTIES]


def open_in(person: Person, grid: Unit, *, now: datetime) -> QuerySet[Incident]:
    """What is open in the grid, in no order."""
    return found(person, Filters(place=grid.pk), now=now)


def due_first(incidents: QuerySet[Incident], *, now: datetime) -> list[Row]:
    """The rows of the ten that are due first."""
    due = running_clocks().order_by("due_at").values("due_at")[:1]
    ordered = incidents.order_by(Subquery(due).asc(nulls_last=True), "arrived_at")
    return rows(list(ordered.select_related("category")[:MOST_ROWS]), now)


def waiting(person: Person, posts: Sequence[Post], *, now: datetime) -> list[Waiting]:
    """What this person may end on site, due first: drawn inspections, and answers that wait for a check.

    Nobody checks what they worked on themselves, so those are left out.
    """
    supervised = [post.unit_id for post in posts if post.duty == Duty.SUPERVISOR]
    mine = Handler.objects.filter(incident=OuterRef("pk"), person=person)
    drawn = Inspection.objects.filter(incident=OuterRef("pk"), ended_at__isnull=True, unit__in=supervised)
    to_check = Q(state=State.ANSWERED) & (Q(place__in=supervised) | Q(first_receiver=person))
    candidates = (
        Incident.objects.alias(drawn=Exists(drawn))
        .filter(to_check | Q(drawn=True))
        .exclude(Exists(mine))
        .select_related("category")
        .order_by("arrived_at")[:MOST_WAITING]
    )
    return [Waiting(row, row.incident.state == State.CLOSED) for row in rows(list(candidates), now)]


def news(person: Person, *, now: datetime) -> list[Row]:
    """What ended lately of what this person reported, the newest first."""
    ended = Incident.objects.filter(
        first_receiver=person, closed_at__gte=now - NEWS_LASTS, self_handled=False
    ).select_related("category")
    return rows(list(ended.order_by("-closed_at")[:MOST_NEWS]), now)


def counts(person: Person, open_here: QuerySet[Incident], *, now: datetime) -> Counts:
    """The figures above the list: of the grid by light, and the person's own of today. Two queries."""
    by_light = dict(
        open_here.order_by().annotate(light=shown_light(now)).values_list("light").annotate(number=Count("pk"))
    )
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    own = Incident.objects.filter(first_receiver=person, reported_at__gte=midnight)
    today = list(own.values_list("self_handled", flat=True))
    return Counts(
        open=sum(by_light.values()),
        red=by_light.get(Light.RED.value, 0),
        yellow=by_light.get(Light.YELLOW.value, 0),
        reported=len(today),
        settled=sum(today),
    )


def calls(person: Person, grid: Unit, *, now: datetime) -> list[Call]:
    """Whom to call from this grid, oneself left out; the station's own phone first. One query."""
    village = grid.parent
    assert village is not None, "the database demands a village above every grid"
    found_calls = []
    if village.duty_phone:
        found_calls.append(Call(places.desk_name(village), "", village.duty_phone))
    posts = Post.objects.filter(
        Q(unit=grid, duty__in=CALLED_AT_GRID) | Q(unit=village, duty__in=CALLED_AT_VILLAGE), period__contains=now
    ).select_related("person")
    order = (*CALLED_AT_GRID, *CALLED_AT_VILLAGE)
    for post in sorted(posts, key=lambda post: order.index(Duty(post.duty))):
        if post.person_id != person.pk:
            found_calls.append(Call(str(Duty(post.duty).label), post.person.full_name, post.person.phone))
    return found_calls
