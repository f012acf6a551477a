"""In what capacity somebody acts on orders and requests, and which of them a person may fetch."""

from collections.abc import Container, Sequence
from datetime import datetime

from django.db.models import QuerySet

from dispatch.acts import RIGHT_TO_TAKE, Act
from dispatch.models import Assignment, Card
from grids import permissions
from grids.duties import Right
from grids.levels import UnitKind, kind_of_code
from grids.models import Person
from incidents import access, refusals
from incidents.models import Incident
from incidents.records import Acting

# Who leads one of these may draw a red card.
RED_CARD_KINDS = frozenset({UnitKind.DISTRICT, UnitKind.TOWN})


def taking(unit: str, actor: Person, *, now: datetime) -> Acting | None:
    """In what capacity `actor` acts for the unit (by its code) an order was given to, or None."""
    kind = kind_of_code(unit)
    right = RIGHT_TO_TAKE.get(kind) if kind else None
    duty = permissions.acting_duty(actor, right, unit, now=now) if right else None
    return Acting(actor, unit, duty) if duty else None


def ordering(incident: Incident, actor: Person, *, now: datetime) -> Acting | None:
    """In what capacity `actor` acts for the holder as the one who gives orders, or None."""
    duty = permissions.acting_duty(actor, Right.DISPATCH, incident.holder_id, now=now)
    return Acting(actor, incident.holder_id, duty) if duty else None


def granting(incident: Incident, actor: Person, *, now: datetime) -> Acting | None:
    """In what capacity `actor` decides requests about the incident, or None."""
    duty = permissions.acting_duty(actor, Right.GRANT, incident.holder_id, now=now)
    return Acting(actor, incident.holder_id, duty) if duty else None


def acting(act: Act, incident: Incident, assignment: Assignment, actor: Person, *, now: datetime) -> Acting:
    """In what capacity `actor` does `act` to the order; raises MoveRefused if in none."""
    found = taking(assignment.unit_id, actor, now=now) if act.by_taker else ordering(incident, actor, now=now)
    if found is None:
        raise refusals.not_allowed()
    return found


def asking(incident: Incident, open_orders: list[Assignment], actor: Person, *, now: datetime) -> Acting:
    """In what capacity `actor` asks for approval: for the holder, or for a unit at work; raises MoveRefused if none."""
    for right in (Right.HANDLE, Right.DISPATCH):
        duty = permissions.acting_duty(actor, right, incident.holder_id, now=now)
        if duty is not None:
            return Acting(actor, incident.holder_id, duty)
    for assignment in open_orders:
        found = taking(assignment.unit_id, actor, now=now)
        if found is not None:
            return found
    raise refusals.not_allowed()


def urging(units: Sequence[str], right: Right, actor: Person, *, now: datetime) -> Acting | None:
    """In what capacity `actor` urges, gives or takes back a card, for the first of `units` that lets them, or None."""
    held = permissions.rights_at(actor, units, now=now)
    for unit in units:
        if may_card(unit, right, held[unit]):
            return Acting(actor, unit, held[unit][right])
    return None


def may_card(unit: str, right: Right, held: Container[Right]) -> bool:
    """Whether who has the rights `held` at the unit (by its code) may do it: red cards are for districts and towns."""
    return right in held and (right != Right.RED_CARD or kind_of_code(unit) in RED_CARD_KINDS)


def replying(unit: str, actor: Person, *, now: datetime) -> Acting | None:
    """In what capacity `actor` answers for the unit (by its code), or None."""
    duty = permissions.acting_duty(actor, Right.REPLY, unit, now=now)
    return Acting(actor, unit, duty) if duty else None


def cards_for(person: Person, *, now: datetime) -> QuerySet[Card]:
    """The cards of all incidents `person` may see."""
    return Card.objects.filter(incident__in=access.incidents_for(person, now=now))


def assignments_for(person: Person, *, now: datetime) -> QuerySet[Assignment]:
    """The orders of all incidents `person` may see."""
    return Assignment.objects.filter(incident__in=access.incidents_for(person, now=now))
