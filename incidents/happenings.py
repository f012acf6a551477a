"""What happened to incidents in a span of time, as conditions of a list: reported, accepted, climbed, closed and so on.

Told by the moment that was said (`occurred_at`), as the timeline tells it. A span begins at its first moment and ends
before its last.
"""

from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, TextChoices
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import pgettext_lazy

from incidents.models import IncidentEvent
from incidents.states import State


class Act(TextChoices):
    """What a list may be narrowed to have happened in a span."""

    REPORTED = "reported", pgettext_lazy("of incidents", "Came in")
    ACCEPTED = "accepted", pgettext_lazy("of incidents", "First accepted")
    CLIMBED = "climbed", pgettext_lazy("of incidents", "Climbed a tier")
    DISPATCHED = "dispatched", pgettext_lazy("of incidents", "Sent to departments")
    ANSWERED = "answered", pgettext_lazy("of incidents", "Reported done")
    FINISHED = "finished", pgettext_lazy("of incidents", "Handled to the end")
    CLOSED = "closed", pgettext_lazy("of incidents", "Were closed")


# Kinds of event by the act they are: those of `incidents.states.MOVES`.
CLIMBS = ("escalate", "escalate_urgent")
KINDS: dict[str, tuple[str, ...]] = {
    Act.ACCEPTED: ("accept",),
    Act.CLIMBED: CLIMBS,
    Act.DISPATCHED: ("dispatch",),
    Act.ANSWERED: ("answer",),
    # Settled on the spot counts as finished the moment it was reported.
    Act.FINISHED: ("answer", "self_handle"),
}


def happened(act: str, start: datetime, end: datetime) -> Q:
    """Incidents to which `act` happened from `start` until before `end`.

    "Accepted" asks for the first acceptance ever, "answered" and "finished" for the last one until now: an incident
    that came back counts where its first waiting ended and where its last handling did.
    """
    if act == Act.REPORTED:
        return Q(reported_at__gte=start, reported_at__lt=end)
    if act == Act.CLOSED:
        return Q(state=State.CLOSED, closed_at__gte=start, closed_at__lt=end)
    events = events_of(act).filter(incident=OuterRef("pk"))
    found = Q(Exists(events.filter(occurred_at__gte=start, occurred_at__lt=end)))
    if act == Act.ACCEPTED:
        found &= ~Q(Exists(events.filter(occurred_at__lt=start)))
    if act in (Act.ANSWERED, Act.FINISHED):
        found &= ~Q(Exists(events.filter(occurred_at__gte=end)))
    return found


def events_of(act: str) -> QuerySet[IncidentEvent]:
    """The events that are `act`."""
    return IncidentEvent.objects.filter(kind__in=KINDS[act])


def moment(value: Any) -> datetime | None:
    """The moment an address says, in the deployment's own time; None for what is none."""
    try:
        given = parse_datetime(str(value or ""))
    except ValueError:
        return None
    if given is None or not 1900 <= given.year < 2900:
        return None
    return given if timezone.is_aware(given) else timezone.make_aware(given)


def said(at: datetime | None) -> str:
    """The moment as an address says it: local, to the minute."""
    return timezone.localtime(at).strftime("%Y-%m-%dT%H:%M") if at else ""


def label(act: str, start: datetime | None, end: datetime | None) -> str:
    """The span in words for a chip; empty where it narrows nothing. Whole days go by their dates alone."""
    if not (act and start and end):
        return ""
    first, last = timezone.localtime(start), timezone.localtime(end)
    whole_days = first.time() == last.time() == time(0)
    if whole_days:
        last -= timedelta(days=1)
    form = "%Y-%m-%d" if whole_days else "%m-%d %H:%M"
    span = first.strftime(form)
    if last.strftime(form) != span:
        span += " – " + (
            last.strftime("%H:%M") if not whole_days and first.date() == last.date() else last.strftime(form)
        )
    return f"{Act(act).label}: {span}"
