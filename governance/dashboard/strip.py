"""The five figures of the top strip: now, and at yesterday's same hour.

Yesterday's have no list: they are read back from the record as far as it goes (a clock that was paused then counts by
the due moment it has now).
"""

from collections.abc import Mapping
from datetime import datetime

from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from governance.dashboard.counts import OpenCounts
from governance.dashboard.figures import Figure
from governance.dashboard.grounds import Ground
from governance.dashboard.open_rows import DAY
from incidents.models import Clock, ClockState, IncidentEvent
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
NEVER_REACHED = 1_000_000


def strip(ground: Ground, counts: OpenCounts, since: Mapping[str, int], *, now: datetime) -> dict[str, Figure]:
    """Reported today, open, yellow, red, closed today, of what was counted. One query for a body, none for a place."""
    today, base = timezone.localtime(now).date(), ground.base
    reported = ground.whole.but(states=frozenset(State), since=today, until=today)
    closed = ground.whole.but(states=frozenset({State.CLOSED}), ended=today)
    open_now, lit = counts.total, counts.lights
    open_then = counts.waited + _left_since(ground, now=now) if base.at else open_now - since["fresh"] + since["ended"]
    return {
        "reported": Figure(since["reported_today"], reported, since["reported_then"]),
        "open": Figure(open_now, base, open_then),
        "yellow": Figure(lit.get("yellow", 0), base.but(light="yellow"), counts.then["yellow"]),
        "red": Figure(lit.get("red", 0), base.but(light="red"), counts.then["red"]),
        "closed": Figure(since["closed_today"], closed, since["closed_then"]),
    }


def _left_since(ground: Ground, *, now: datetime) -> int:
    """How many waited for the body a day ago and do no more: at what was stopped since, which leaves an event."""
    then = now - DAY
    ran = Clock.objects.filter(unit=ground.base.at, started_at__lte=then).exclude(stage__in=BESIDE_STAGES)
    waits = ran.exclude(state=ClockState.STOPPED).filter(incident=OuterRef("pk"))
    told = IncidentEvent.objects.filter(ground.came("incident_id"), district=ground.district, recorded_at__gt=then)
    # Cut at a number it never reaches, so that the day's events are walked first and not all clocks there ever were.
    acted = told.order_by().values("incident").distinct()[:NEVER_REACHED]
    ended = ran.filter(stopped_at__gt=then, incident__in=acted)
    return ground.everything().filter(~Exists(waits), pk__in=ended.values("incident")).count()
