"""A unit is followed by another: what lies with it goes on there, in the same state and with the same time left.

The reform is nobody's move: state and `seq` stay, no clock begins anew, and the record says who follows whom.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import F, Q, QuerySet

from grids.duties import Duty
from grids.models import Person, Unit
from incidents import records
from incidents.models import Clock, ClockState, Incident
from incidents.records import Acting
from incidents.states import OPEN_STATES, State


def open_at(unit: Unit) -> "QuerySet[Incident]":
    """The incidents that would be left without anybody: open, held by `unit` or lying in it; merged ones too."""
    return Incident.objects.filter(
        Q(holder=unit) | Q(place=unit), state__in=sorted({*OPEN_STATES, State.MERGED})
    )  # fmt: skip


def locked(ids: Iterable[int]) -> list[Incident]:
    """These incidents, locked in the order everybody locks them. Inside a transaction."""
    return list(Incident.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk"))


def inherit(*, incidents: Iterable[Incident], old: Unit, new: Unit, actor: Person, now: datetime) -> int:
    """Let `new` go on with locked `incidents` in place of `old`; how many changed. Inside a transaction."""
    count = 0
    acting = Acting(actor=actor, unit_id=new.pk, duty=Duty.ADMINISTRATOR)
    for incident in incidents:
        before = incident.holder_id
        running = Clock.objects.filter(incident=incident, unit=old).exclude(state=ClockState.STOPPED)
        moved = running.update(unit=new, seq=F("seq") + 1)
        held, lying = before == old.pk, incident.place_id == old.pk
        if held:
            incident.holder = new
        if lying:
            incident.place = new
        if held or lying:
            incident.save(update_fields=["holder", "place"])
            records.open_sight(incident=incident, units=[new.pk], why="held", now=now)
        if not (held or lying or moved):
            continue
        records.record(
            incident=incident,
            kind="inherited",
            acting=acting,
            now=now,
            details={"from": old.pk, "to": new.pk},
            holder_before_id=before if held else None,
            holder_after_id=new.pk if held else None,
        )
        count += 1
    return count
