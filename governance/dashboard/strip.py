"""The five figures of the top strip: now, and at yesterday's same hour.

Yesterday's have no list: they are read back from the record as far as it goes (a clock that was paused then counts by
the due moment it has now).
"""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from governance.dashboard.counts import OpenCounts
from governance.dashboard.figures import Figure
from governance.dashboard.grounds import Ground
from incidents.lists import conditions
from incidents.models import Clock, ClockState
from incidents.selectors import BESIDE_STAGES
from incidents.states import State

DAY = timedelta(days=1)


def strip(ground: Ground, counts: OpenCounts, *, now: datetime) -> dict[str, Figure]:
    """Reported today, open, yellow, red, closed today. Two queries, three for a body."""
    today, base = timezone.localtime(now).date(), ground.base
    reported = ground.whole.but(states=frozenset(State), since=today, until=today)
    closed = ground.whole.but(states=frozenset({State.CLOSED}), ended=today)
    since = _since_yesterday(ground, conditions(reported, ground.person), conditions(closed, ground.person), now=now)
    red_then, yellow_then = _lit_then(ground, now=now)
    open_now, lit = counts.total, counts.lights
    open_then = _waiting_then(ground, now=now) if base.at else open_now - since["fresh"] + since["ended"]
    return {
        "reported": Figure(since["reported"], reported, since["reported_then"]),
        "open": Figure(open_now, base, open_then),
        "yellow": Figure(lit.get("yellow", 0), base.but(light="yellow"), yellow_then),
        "red": Figure(lit.get("red", 0), base.but(light="red"), red_then),
        "closed": Figure(since["closed"], closed, since["closed_then"]),
    }


def _since_yesterday(ground: Ground, reported: Q, closed: Q, *, now: datetime) -> dict[str, int]:
    """Births and ends since yesterday morning, today's by the lists' own conditions. One query over their indexes."""
    then = now - DAY
    morning = timezone.localtime(then).replace(hour=0, minute=0, second=0, microsecond=0)
    touched = ground.in_district(ground.incidents(ground.whole.but(states=frozenset(State))))
    found: dict[str, Any] = touched.filter(Q(reported_at__gte=morning) | Q(closed_at__gte=morning)).aggregate(
        reported=Count("pk", filter=reported),
        closed=Count("pk", filter=closed),
        reported_then=Count("pk", filter=Q(reported_at__gte=morning, reported_at__lte=then)),
        closed_then=Count("pk", filter=Q(state=State.CLOSED, closed_at__gte=morning, closed_at__lte=then)),
        fresh=Count("pk", filter=Q(reported_at__gt=then, closed_at__isnull=True)),
        ended=Count("pk", filter=Q(reported_at__lte=then, closed_at__gt=then)),
    )
    return found


def _lit_then(ground: Ground, *, now: datetime) -> tuple[int, int]:
    """How many showed red, and how many yellow, a day ago. One query over open clocks and those stopped late since."""
    then = now - DAY
    # Only a clock that stopped after its yellow moment can have shown a light: these have an index of their own.
    late = Q(stopped_at__gt=Coalesce("warn_at", "due_at"))
    clocks = Clock.objects.filter(started_at__lte=then).exclude(stage__in=BESIDE_STAGES)
    clocks = clocks.filter(~Q(state=ClockState.STOPPED) | late & Q(stopped_at__gt=then))
    clocks = clocks.filter(Q(due_at__lt=then) | Q(warn_at__lte=then))
    if ground.base.at:
        clocks = clocks.filter(unit=ground.base.at)
    if ground.is_everything:
        clocks = clocks.filter(district=ground.district) if ground.district else clocks
    else:
        anything = ground.incidents(ground.whole.but(states=frozenset(State))).order_by()
        clocks = clocks.filter(incident__in=anything.values("pk"))
    red = Q(due_at__lt=then)
    found = clocks.aggregate(red=Count("incident", distinct=True, filter=red), lit=Count("incident", distinct=True))
    return found["red"], found["lit"] - found["red"]


def _waiting_then(ground: Ground, *, now: datetime) -> int:
    """How many waited for the body a day ago."""
    then = now - DAY
    ran = Clock.objects.filter(incident=OuterRef("pk"), unit=ground.base.at, started_at__lte=then)
    ran = ran.exclude(stage__in=BESIDE_STAGES).filter(Q(stopped_at__isnull=True) | Q(stopped_at__gt=then))
    return ground.incidents(ground.whole.but(states=frozenset(State))).filter(Exists(ran)).count()
