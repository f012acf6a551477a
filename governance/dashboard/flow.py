"""What came in, climbed, was sent out and was closed in a span, hour by hour of one day or day by day of several."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from governance.dashboard.days import BY_EVENT, Days
from governance.dashboard.figures import Figure, list_url
from governance.dashboard.grounds import Ground
from incidents import happenings
from incidents.filters import Filters
from incidents.happenings import Act
from incidents.states import State

ACTS = (Act.REPORTED, Act.CLIMBED, Act.DISPATCHED, Act.CLOSED)


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


def flow(ground: Ground, days: Days, *, now: datetime) -> Flow:
    """The flow of the ground's span, of what was counted over it."""
    span = ground.span
    found: dict[tuple[str, datetime], int] = {(Act.REPORTED, step): number for step, number in days.reported.items()}
    for (step, _place, _tier), number in days.closed.items():
        found[Act.CLOSED, step] = found.get((Act.CLOSED, step), 0) + number
    moved: dict[str, set[int]] = {act: set() for act in BY_EVENT}
    for (act, step), incidents in days.moved.items():
        found[act, step] = len(incidents)
        moved[act].update(incidents)
    totals: dict[str, int] = {act: sum(number for (of, _step), number in found.items() if of == act) for act in ACTS}
    totals |= {act: len(incidents) for act, incidents in moved.items()}
    lists = {act: (filters := _list_of(ground, act), list_url(filters)) for act in ACTS}
    steps = [
        Step(
            start,
            end,
            {act: _figure(*lists[act], act, start, end, found.get((act, start), 0)) for act in ACTS},
            start > now,
        )
        for start, end in span.steps()
    ]
    whole: dict[str, Figure] = {act: _figure(*lists[act], act, span.start, span.end, totals[act]) for act in ACTS}
    return Flow(steps, whole, span.is_one_day)


def _list_of(ground: Ground, act: str) -> Filters:
    return ground.whole.but(states=frozenset({State.CLOSED}) if act == Act.CLOSED else frozenset(State))


def _figure(base: Filters, root: str, act: str, start: datetime, end: datetime, number: int) -> Figure:
    if not number:
        return Figure(0, base)
    further = (("act", str(act)), ("act_from", happenings.said(start)), ("act_to", happenings.said(end)))
    return Figure(number, base, further=further, root=root)
