"""The five figures of the top strip: now, and at yesterday's same hour.

Yesterday's have no list: they are read back from the record as far as it goes (a clock that was paused then counts by
the due moment it has now).
"""

from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from governance.dashboard.counts import DAY, OpenCounts
from governance.dashboard.figures import Figure
from governance.dashboard.grounds import Ground
from incidents.lists import conditions
from incidents.models import Clock
from incidents.selectors import BESIDE_STAGES
from incidents.states import State

# What the five are called, and the light that stands before the word.
LABELS = {
    "reported": (_("Reported today"), ""),
    "open": (_("Open incidents"), ""),
    "yellow": (_("Yellow lights"), "yellow"),
    "red": (_("Red lights"), "red"),
    "closed": (_("Closed today"), ""),
}


def strip(ground: Ground, counts: OpenCounts, *, now: datetime) -> dict[str, Figure]:
    """Reported today, open, yellow, red, closed today. One query, two for a body."""
    today, base = timezone.localtime(now).date(), ground.base
    reported = ground.whole.but(states=frozenset(State), since=today, until=today)
    closed = ground.whole.but(states=frozenset({State.CLOSED}), ended=today)
    since = _since_yesterday(ground, conditions(reported, ground.person), conditions(closed, ground.person), now=now)
    open_now, lit = counts.total, counts.lights
    open_then = _waiting_then(ground, now=now) if base.at else open_now - since["fresh"] + since["ended"]
    return {
        "reported": Figure(since["reported"], reported, since["reported_then"]),
        "open": Figure(open_now, base, open_then),
        "yellow": Figure(lit.get("yellow", 0), base.but(light="yellow"), counts.then["yellow"]),
        "red": Figure(lit.get("red", 0), base.but(light="red"), counts.then["red"]),
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


def _waiting_then(ground: Ground, *, now: datetime) -> int:
    """How many waited for the body a day ago."""
    then = now - DAY
    ran = Clock.objects.filter(incident=OuterRef("pk"), unit=ground.base.at, started_at__lte=then)
    ran = ran.exclude(stage__in=BESIDE_STAGES).filter(Q(stopped_at__isnull=True) | Q(stopped_at__gt=then))
    return ground.incidents(ground.whole.but(states=frozenset(State))).filter(Exists(ran)).count()
