"""One filter for every list of incidents and for every number counted over them.

`Filters` (of `incidents.filters`) is what an address says; `found` is the list, `count_by` the numbers, both by the
same conditions, so that a number always equals the list behind it: `filters.narrowed(dimension, key)` is the filter of
one counted number.
Which light an incident shows is `shown_light`, with the same answer for a row in `incidents.selectors`.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    Case,
    CharField,
    Count,
    DateTimeField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Left
from django.db.models.lookups import Exact
from django.utils import timezone

from grids.models import Person
from grids.subtrees import within
from incidents import access, happenings, lights, search
from incidents.filters import NO_CATEGORY, PLACE_LENGTHS, Filters
from incidents.models import Category, Clock, ClockState, Incident, Light
from incidents.models.clocks import BESIDE_STAGES
from incidents.models.expressions import IsOneOf
from incidents.states import FINAL_STATES, OPEN_STATES, Stage, State

NEVER = datetime(2999, 1, 1, tzinfo=UTC)


def found(
    person: Person, filters: Filters, *, now: datetime, scope: Q | None = None, are_common: bool = False
) -> QuerySet[Incident]:
    """The incidents in sight of `person` that the filters leave, in no order; `scope` if it was asked already.

    `are_common`: the words are known to be in very many, of which the newest are wanted.
    """
    incidents = Incident.objects.filter(access.scope(person, now=now) if scope is None else scope)
    incidents = incidents.filter(conditions(filters, person, are_common=are_common))
    if filters.at:
        incidents = incidents.filter(Exists(running_clocks(filters.at)))
    if filters.light:
        incidents = incidents.filter(lit(filters.light, now, at=filters.at, states=filters.states))
    return incidents


def conditions(filters: Filters, person: Person, *, are_common: bool = False) -> Q:
    """What the filters demand of the incident's own columns."""
    wanted = Q()
    if filters.states != frozenset(State):
        # Whether it has ended is a column of its own, with indexes of its own.
        if filters.states <= OPEN_STATES or filters.states <= FINAL_STATES:
            wanted &= Q(closed_at__isnull=filters.states <= OPEN_STATES)
        if filters.states != OPEN_STATES:
            wanted &= Q(state__in=sorted(filters.states))
    exact = {
        "holder__kind": filters.tier,
        "holder": filters.holder,
        "place": filters.place,
        "urgency": filters.urgency,
        "answered_by_unit__kind": filters.solved,
    }
    wanted &= Q(**{name: value for name, value in exact.items() if value})
    if filters.under:
        wanted &= within([filters.under], "place_id")
    if filters.category == NO_CATEGORY:
        wanted &= Q(category__isnull=True)
    elif filters.category is not None:
        wanted &= Q(_with_below(filters.category))
    if filters.since:
        wanted &= Q(reported_at__gte=_midnight(filters.since))
    if filters.until:
        wanted &= Q(reported_at__lt=_midnight(filters.until + timedelta(days=1)))
    if filters.ended:
        wanted &= Q(closed_at__gte=_midnight(filters.ended), closed_at__lt=_midnight(filters.ended + timedelta(days=1)))
    if filters.act and filters.act_from and filters.act_to:
        wanted &= happenings.happened(filters.act, filters.act_from, filters.act_to)
    if filters.mine:
        wanted &= Q(reporter=person) | Q(first_receiver=person)
    return wanted & search.about(filters.words, are_common=are_common)


def _with_below(category: int) -> IsOneOf:
    """Those of the category and of the ones below it, looked up first: the index of their own column answers."""
    below = Category.objects.filter(Q(pk=category) | Q(parent=category) | Q(parent__parent=category))
    return IsOneOf(F("category_id"), ArraySubquery(below.values("pk")))


def running_clocks(at: str = "") -> QuerySet[Clock]:
    """Of the incident of an outer query: its clocks that have not ended, of the unit `at` alone if given."""
    clocks = Clock.objects.filter(incident=OuterRef("pk")).exclude(state=ClockState.STOPPED)
    clocks = clocks.exclude(stage__in=BESIDE_STAGES)
    return clocks.filter(unit=at) if at else clocks


def shown_light(now: datetime, *, at: str = "") -> Case:
    """The light of an incident at `now`: the worst of its running stages, of those at one unit if `at` is given.

    One that has ended shows its overall time's last light; a suspended one is "suspended", unless it was red already.
    Each light is asked for by an EXISTS, which PostgreSQL may answer row by row for a short list and by one hash for
    a long one.
    """
    ended = Q(closed_at__isnull=False)
    return Case(
        *(
            When(ended & Exists(_last_overall(light)), then=Value(light))
            for light in (Light.RED.value, Light.GREEN.value)
        ),
        When(ended, then=Value(Light.NONE.value)),
        When(_has(now, at, Light.RED), then=Value(Light.RED.value)),
        When(state=State.SUSPENDED, then=Value(lights.SUSPENDED)),
        *(
            When(_has(now, at, light), then=Value(light))
            for light in (Light.YELLOW.value, Light.UNLIT.value, lights.PAUSED)
        ),
        default=Value(Light.NONE.value),
        output_field=CharField(),
    )


def lit(
    light: str, now: datetime, *, at: str = "", states: frozenset[str] = frozenset(State), is_rest: bool = False
) -> Q:
    """The incidents of which `shown_light` says `light`, so put that a rare light is found from its clocks.

    `states` are those the list is narrowed to anyway; where they leave out what has ended, that is not asked for.
    `is_rest`: whatever shows a worse light was sorted out before.
    """
    ends_too = not states <= OPEN_STATES
    goes_on = Q(closed_at__isnull=True) if ends_too else Q()
    if light == Light.RED:
        going = goes_on & _has(now, at, light)
        return going | Q(closed_at__isnull=False) & Q(Exists(_last_overall(light))) if ends_too else going
    if light == Light.GREEN:
        return Q(closed_at__isnull=False) & Q(Exists(_last_overall(light)))
    if light == lights.SUSPENDED:
        return Q(state=State.SUSPENDED) & ~_has(now, at, Light.RED)
    if light not in (Light.YELLOW, Light.UNLIT, lights.PAUSED):
        return Q(Exact(shown_light(now, at=at), light))
    # Worst first: what shows this light has a clock with it, and none with a worse one.
    worse = lights.ORDER[: lights.ORDER.index(light)]
    showing = goes_on & ~Q(state=State.SUSPENDED) & _has(now, at, light)
    return showing if is_rest else showing & ~_has(now, at, *worse)


def _has(now: datetime, at: str, *shown: str) -> Q:
    """Incidents with a running stage clock that shows one of these lights.

    Said as an equation, or PostgreSQL would begin from the clocks, of which it expects far too few.
    """
    wanted = Q()
    for each in shown:
        wanted |= lights.showing(each, now)
    return Q(Exact(Exists(running_clocks(at).filter(wanted)), Value(True)))


def _last_overall(light: str) -> QuerySet[Clock]:
    """Of the incident of an outer query: the clock of its last whole run, if it ended with this light."""
    overall = Clock.objects.filter(stage=Stage.OVERALL, state=ClockState.STOPPED)
    later = overall.filter(incident=OuterRef("incident"), pk__gt=OuterRef("pk"))
    return overall.filter(~Exists(later), incident=OuterRef("pk"), final_light=light)


def _ranks() -> list[When]:
    return [When(shown=light, then=Value(rank)) for rank, light in enumerate(lights.ORDER)]


def due(*, at: str = "") -> Coalesce:
    """When the first running stage of an incident is due; far off where nothing runs."""
    first = running_clocks(at).filter(state=ClockState.RUNNING).order_by("due_at").values("due_at")[:1]
    return Coalesce(Subquery(first), Value(NEVER), output_field=DateTimeField())


# What can be counted by, and the expression that gives the key. "at" counts an incident once at each unit it waits for.
COLUMNS = {"tier": "holder__kind", "holder": "holder_id"}
DIMENSIONS = ("state", "light", "tier", "holder", "at", *PLACE_LENGTHS, "category", "urgency")


def count_by(
    person: Person, filters: Filters, *dimensions: str, now: datetime
) -> dict[str, int] | dict[tuple[str, ...], int]:
    """How many incidents `found` leaves, by one dimension (key -> number) or several (tuple of keys -> number).

    Dimensions are those of DIMENSIONS. Combined with "at", "light" is the light of that unit's own clocks.
    """
    incidents = found(person, filters, now=now).order_by()
    if "at" in dimensions:
        return _count_at(incidents, dimensions, now=now)
    keys = {f"by_{dimension}": _key(dimension, filters, now) for dimension in dimensions}
    rows = incidents.annotate(**keys).values_list(*keys).annotate(number=Count("pk"))
    return _table(rows)


def total(person: Person, filters: Filters, *, now: datetime, at_most: int | None = None) -> int:
    """How many `found` leaves; counting stops at `at_most`, so that a long list costs no more than a short one."""
    return counted(found(person, filters, now=now), at_most=at_most)


def counted(incidents: QuerySet[Incident], *, at_most: int | None = None) -> int:
    """How many there are, at most `at_most`."""
    ids = incidents.order_by().values("pk")
    return (ids if at_most is None else ids[:at_most]).count()


def _key(dimension: str, filters: Filters, now: datetime) -> Any:
    if dimension == "light":
        return shown_light(now, at=filters.at)
    if dimension in PLACE_LENGTHS:
        return Left("place_id", PLACE_LENGTHS[dimension])
    if dimension == "category":
        return Coalesce("category__parent__parent", "category__parent", "category")
    return F(COLUMNS.get(dimension, dimension))


def _count_at(incidents: QuerySet[Incident], dimensions: Iterable[str], *, now: datetime) -> dict[Any, int]:
    """By the units incidents wait for: each once at each of them, with the worst light of that unit's own clocks."""
    clocks = Clock.objects.exclude(state=ClockState.STOPPED).exclude(stage__in=BESIDE_STAGES)
    clocks = clocks.annotate(shown=lights.light_sql(now)).annotate(rank=Case(*_ranks()))
    worse = clocks.filter(incident=OuterRef("incident"), unit=OuterRef("unit"), rank__lt=OuterRef("rank"))
    keys = {
        "at": F("unit_id"),
        "light": Case(
            When(Q(incident__state=State.SUSPENDED) & ~Q(shown=Light.RED), then=Value(lights.SUSPENDED)),
            default=F("shown"),
        ),
    }
    named = {f"by_{name}": keys.get(name, F(f"incident__{COLUMNS.get(name, name)}")) for name in dimensions}
    clocks = clocks.filter(~Exists(worse), incident__in=incidents.values("pk")).order_by()
    return _table(clocks.annotate(**named).values_list(*named).annotate(number=Count("incident", distinct=True)))


def _table(rows: Iterable[tuple[Any, ...]]) -> dict[Any, int]:
    table: dict[Any, int] = {}
    for *key, number in rows:
        said = tuple("" if part is None else str(part) for part in key)
        table[said if len(said) > 1 else said[0]] = number
    return table


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), tzinfo=timezone.get_default_timezone())
