"""What came in, climbed, was sent out and was closed in a span, hour by hour of one day or day by day of several."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Case, CharField, Count, F, QuerySet, Value, When
from django.db.models.functions import Trunc

from governance.dashboard.figures import Figure
from governance.dashboard.grounds import Ground
from incidents import happenings
from incidents.happenings import Act
from incidents.models import IncidentEvent
from incidents.states import State

ACTS = (Act.REPORTED, Act.CLIMBED, Act.DISPATCHED, Act.CLOSED)
_BY_EVENT = (Act.CLIMBED, Act.DISPATCHED)


@dataclass(frozen=True)
class Step:
    """One hour or day, with a figure per act."""

    start: datetime
    end: datetime
    figures: dict[str, Figure]
    is_ahead: bool


@dataclass(frozen=True)
class Flow:
    """The steps of a span, and each act over the whole of it: an incident that climbed twice counts once there."""

    steps: list[Step]
    totals: dict[str, Figure]
    is_one_day: bool

    def figures(self) -> Iterator[Figure]:
        yield from self.totals.values()
        for step in self.steps:
            yield from step.figures.values()


def flow(ground: Ground, *, now: datetime) -> Flow:
    """The flow of the ground's span. Two queries."""
    span = ground.span
    found: dict[tuple[str, datetime], int] = {}
    totals: dict[str, int] = dict.fromkeys(ACTS, 0)
    for act, start, number in _births_and_ends(ground):
        found[act, start] = number
        totals[act] += number
    moved: dict[str, set[int]] = {act: set() for act in _BY_EVENT}
    for act, start, incidents in _events(ground):
        found[act, start] = len(incidents)
        moved[act] |= set(incidents)
    totals |= {act: len(incidents) for act, incidents in moved.items()}
    steps = [
        Step(
            start, end, {act: _figure(ground, act, start, end, found.get((act, start), 0)) for act in ACTS}, start > now
        )
        for start, end in span.steps()
    ]
    whole: dict[str, Figure] = {act: _figure(ground, act, span.start, span.end, totals[act]) for act in ACTS}
    return Flow(steps, whole, span.is_one_day)


def _figure(ground: Ground, act: str, start: datetime, end: datetime, number: int) -> Figure:
    states = frozenset({State.CLOSED}) if act == Act.CLOSED else frozenset(State)
    return Figure(number, ground.whole.but(states=states, act=act, act_from=start, act_to=end))


def _births_and_ends(ground: Ground) -> QuerySet[Any]:
    """(act, step, number): reported and closed."""
    kept = []
    for act, moment in ((Act.REPORTED, "reported_at"), (Act.CLOSED, "closed_at")):
        filters = ground.whole.but(states=frozenset(State), act=act, act_from=ground.span.start, act_to=ground.span.end)
        incidents = ground.in_district(ground.incidents(filters)).order_by()
        rows = incidents.annotate(what=Value(act.value, CharField()), step=_step(ground, moment))
        kept.append(rows.values_list("what", "step").annotate(number=Count("pk")))
    return kept[0].union(kept[1], all=True)


def _events(ground: Ground) -> QuerySet[Any]:
    """(act, step, incidents): climbed and sent out; each incident once per step."""
    kinds = [kind for act in _BY_EVENT for kind in happenings.KINDS[act]]
    events = IncidentEvent.objects.filter(
        kind__in=kinds, occurred_at__gte=ground.span.start, occurred_at__lt=ground.span.end
    )
    if ground.is_everything:
        events = events.filter(district=ground.district) if ground.district else events
    else:
        anything = ground.incidents(ground.whole.but(states=frozenset(State))).order_by()
        events = events.filter(incident__in=anything.values("pk"))
    what = Case(
        *(When(kind__in=happenings.KINDS[act], then=Value(act.value)) for act in _BY_EVENT), output_field=CharField()
    )
    rows = events.order_by().annotate(what=what, step=_step(ground, "occurred_at")).values_list("what", "step")
    return rows.annotate(incidents=ArrayAgg(F("incident"), distinct=True))


def _step(ground: Ground, moment: str) -> Trunc:
    return Trunc(moment, "hour" if ground.span.is_one_day else "day")
