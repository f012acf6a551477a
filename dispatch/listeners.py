"""Finds the people behind a group of the audience table, for a whole batch of events in a few queries."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from dispatch.audience import Who
from dispatch.models import OPEN_ASSIGNMENT_STATES, Assignment
from grids import selectors
from grids.duties import Duty
from incidents.models import IncidentEvent, Inspection, Subject
from incidents.states import Stage

# Who takes orders: handlers at a department or office, clerks at a town.
TAKERS = (Duty.HANDLER, Duty.CLERK)

OF_HOLDER = {
    Who.CLERKS: Duty.CLERK,
    Who.DISPATCHERS: Duty.DISPATCHER,
    Who.CHECKERS: Duty.CHECKER,
    Who.CHIEFS: Duty.DUTY_CHIEF,
}

# Who can stop a clock of a stage by doing the work.
HANDS: dict[str, tuple[Duty, ...]] = {
    Stage.ACCEPT: (Duty.CLERK,),
    Stage.HANDLE: (Duty.CLERK, Duty.DISPATCHER),
    Stage.SIGN: TAKERS,
    Stage.ARRIVE: TAKERS,
    Stage.FINISH: TAKERS,
    Stage.CHECK: (Duty.CHECKER,),
    Stage.REPLY: TAKERS,
    Stage.PAUSE: (Duty.CLERK, Duty.DISPATCHER, Duty.DUTY_CHIEF),
    Stage.OVERALL: (Duty.CLERK, Duty.DISPATCHER),
}
INSPECTORS = (Duty.SUPERVISOR, Duty.CHECKER)
EVERY_DUTY = (*OF_HOLDER.values(), Duty.HANDLER, Duty.HEAD, Duty.SUPERVISOR)


class Listeners:
    """The people around the events of one batch, as of `now`; at most seven queries however many events."""

    def __init__(self, events: Sequence[IncidentEvent], now: datetime) -> None:
        self.issued = self._issuers(events)
        self.at_work = self._open_orders(events)
        self.inspecting = self._inspections(events)
        self.around = {code for event in events for code in self._units(event)}
        self.on_duty = selectors.people_on_duty(self.around, EVERY_DUTY, now)
        answering = {_clock_unit(event) for event in events if event.clock_id is not None or _card_unit(event)}
        self.contacts = selectors.duty_contacts(answering)
        self.officers = selectors.primary_officers({event.incident.place_id for event in events}, now)

    def who(self, group: Who, event: IncidentEvent) -> list[int]:
        """The ids of the people in `group` around `event`."""
        incident = event.incident
        if group in OF_HOLDER:
            return self._duty([_holder(event)], [OF_HOLDER[group]])
        if group is Who.ORDERED:
            # Who returned an order knows that it is gone.
            return [] if event.details.get("was") == "returned" else self._duty(_ordered(event), TAKERS)
        if group is Who.TAKER:
            return self._duty([event.details.get("new_unit", "")], TAKERS)
        if group is Who.AT_WORK:
            return self._duty(self.at_work.get(incident.pk, []), TAKERS)
        if group is Who.CLOCK_HANDS:
            return self._hands(event)
        if group is Who.CLOCK_HEAD:
            return self._head(_clock_unit(event))
        if group is Who.DUTY_LEADER:
            return self._duty([incident.district_id], [Duty.DUTY_CHIEF, Duty.HEAD])
        if group is Who.CARD_UNIT:
            unit = _card_unit(event)
            return [*self._duty([unit], TAKERS), *self._head(unit)] if unit else []
        if group is Who.CARD_ISSUER:
            return self._issuer(event)
        if group is Who.INSPECTORS:
            return self._duty([self.inspecting.get(incident.pk, "")], INSPECTORS)
        single = {
            Who.OFFICER: self.officers.get(incident.place_id),
            Who.REPORTER: incident.reporter_id,
            Who.FIRST_RECEIVER: incident.first_receiver_id,
            Who.ASKER: _asker(event),
        }.get(group)
        return [single] if single else []

    def units(self, group: Who, event: IncidentEvent) -> Sequence[str]:
        """The units at which `group` around `event` works; none for people who are meant as persons."""
        incident = event.incident
        if group in OF_HOLDER:
            return [_holder(event)]
        if group is Who.ORDERED and event.details.get("was") != "returned":
            return _ordered(event)
        if group is Who.AT_WORK:
            return self.at_work.get(incident.pk, [])
        one = {
            Who.TAKER: event.details.get("new_unit", ""),
            Who.CLOCK_HANDS: _clock_unit(event),
            Who.CLOCK_HEAD: _clock_unit(event),
            Who.DUTY_LEADER: incident.district_id,
            Who.CARD_UNIT: _card_unit(event),
            Who.CARD_ISSUER: self.issued.get(event.pk, (None, ""))[1],
            Who.INSPECTORS: self.inspecting.get(incident.pk, ""),
        }.get(group, "")
        return [one] if one else []

    def _duty(self, units: Sequence[str], duties: Sequence[Duty]) -> list[int]:
        return [person for unit in units for duty in duties for person in self.on_duty.get((unit, duty), [])]

    def _hands(self, event: IncidentEvent) -> list[int]:
        inspects = Subject.INSPECTION in event.details
        duties = INSPECTORS if inspects else HANDS.get(event.details.get("stage", ""), ())
        return self._duty([_clock_unit(event)], duties)

    def _head(self, unit: str) -> list[int]:
        """The head, and the duty contact named for the unit; where none is named, its duty chiefs."""
        contact = self.contacts.get(unit)
        duty = [contact] if contact else self._duty([unit], [Duty.DUTY_CHIEF])
        return [*self._duty([unit], [Duty.HEAD]), *duty]

    def _issuer(self, event: IncidentEvent) -> list[int]:
        """Who gave the card the event is about, and the duty chiefs there; for one by policy the head instead."""
        if event.pk not in self.issued:
            return []
        person, unit = self.issued[event.pk]
        chiefs = self._duty([unit], [Duty.DUTY_CHIEF])
        return [person, *chiefs] if person else [*chiefs, *self._duty([unit], [Duty.HEAD])]

    def _units(self, event: IncidentEvent) -> set[str]:
        """Every unit whose people may hear of the event."""
        incident = event.incident
        found = {_holder(event), _clock_unit(event), incident.district_id, *_ordered(event)}
        found |= {event.details.get("new_unit", ""), self.inspecting.get(incident.pk, ""), _card_unit(event)}
        if event.pk in self.issued:
            found.add(self.issued[event.pk][1])
        return {code for code in found | set(self.at_work.get(incident.pk, [])) if code}

    def _open_orders(self, events: Sequence[IncidentEvent]) -> dict[int, list[str]]:
        incidents = {event.incident_id for event in events if event.kind in ("suspend", "resume")}
        found: dict[int, list[str]] = {}
        if incidents:
            waiting = Assignment.objects.filter(incident__in=incidents, state__in=OPEN_ASSIGNMENT_STATES)
            for incident, unit in waiting.values_list("incident_id", "unit_id"):
                found.setdefault(incident, []).append(unit)
        return found

    def _inspections(self, events: Sequence[IncidentEvent]) -> dict[int, str]:
        drawn = {event.incident_id for event in events if event.kind == "self_handle"}
        if not drawn:
            return {}
        return dict(Inspection.objects.filter(incident__in=drawn).values_list("incident_id", "unit_id"))

    def _issuers(self, events: Sequence[IncidentEvent]) -> dict[int, tuple[int | None, str]]:
        """By event that is an answer to a card, or the lack of one: the person and the unit that gave it."""
        told = [event.pk for event in events if event.kind == "card_replied"]
        told += [event.pk for event in events if event.clock_id and event.details.get("stage") == Stage.REPLY]
        if not told:
            return {}
        with connection.cursor() as cursor:
            cursor.execute(_ISSUERS, [told])
            return {pk: (person, unit) for pk, person, unit in cursor.fetchall()}


# A card by policy at the top has no unit above: the district's own leaders follow it.
_ISSUERS = """
SELECT event.id, card.actor_id, coalesce(card.issued_by_unit_id, card.district_id)
  FROM incidents_incidentevent event
  LEFT JOIN incidents_clock clock ON clock.id = event.clock_id AND clock.subject_kind = 'card'
  JOIN dispatch_card card ON card.id = coalesce(clock.subject_id, (event.details ->> 'card_id')::bigint)
 WHERE event.id = ANY(%s)
"""


def _card_unit(event: IncidentEvent) -> str:
    """The unit that got the card, if the event is one of a card."""
    return str(event.details.get("card_unit") or "")


def _holder(event: IncidentEvent) -> str:
    """Who holds the incident by this event; for one that moved nothing, who holds it now."""
    return event.holder_after_id or event.incident.holder_id


def _clock_unit(event: IncidentEvent) -> str:
    """The unit that answers for a light or card: the clock's own; for the overall time, who has the incident now."""
    if _card_unit(event):
        return _card_unit(event)
    if event.details.get("stage") == Stage.OVERALL or event.unit_id is None:
        return event.incident.holder_id
    return event.unit_id


def _ordered(event: IncidentEvent) -> list[str]:
    """The units whose orders the event is about."""
    orders = event.details.get("orders") or []
    one = event.details.get("unit")
    return [order["unit"] for order in orders] + ([one] if one else [])


def _asker(event: IncidentEvent) -> int | None:
    about = event.details.get("approval")
    asked_by = about.get("asked_by") if isinstance(about, dict) else event.details.get("asked_by")
    return int(asked_by) if asked_by else None
