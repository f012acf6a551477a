"""Who may make a move: the right at the unit that holds the incident, and the rule that no one checks their own work.

Every answer is an ``Acting``: the event keeps at which unit and by which duty somebody acted.
"""

from datetime import datetime, timedelta

from grids import permissions, selectors, statements
from grids.duties import Right
from grids.levels import UnitKind, kind_of_code
from grids.models import Person
from incidents import holders, refusals
from incidents.models import Handler, Incident, Photo, PhotoStage
from incidents.records import Acting
from incidents.states import Move

ON_SITE_PHOTO_AGE = timedelta(hours=24)
CHECKING_MOVES = frozenset({"close", "rework", "reopen"})


def acting(
    move: Move,
    incident: Incident,
    actor: Person,
    *,
    now: datetime,
    on_site: bool = False,
    master: Incident | None = None,
) -> Acting:
    """In what capacity ``actor`` makes ``move``; raises MoveRefused if in none."""
    if move.name in CHECKING_MOVES:
        return checking(move, incident, actor, now=now, on_site=on_site)
    found = _with_any_right(actor, move.rights, incident.holder_id, now)
    if found is None:
        raise refusals.not_allowed()
    if master is not None and _with_any_right(actor, move.rights, master.holder_id, now) is None:
        raise refusals.not_allowed()
    return found


def checking(move: Move, incident: Incident, actor: Person, *, now: datetime, on_site: bool) -> Acting:
    """A checker of the holder; with a photo and position taken on site also the grid's supervisor or first receiver."""
    found = None
    for unit in _units_that_check(move, incident):
        found = found or _with_any_right(actor, move.rights, unit, now)
    found = found or _on_site(incident, actor, now=now, on_site=on_site)
    if found is None:
        raise refusals.not_allowed()
    refuse_handlers(incident, actor, now=now)
    return found


def refuse_handlers(incident: Incident, actor: Person, *, now: datetime) -> None:
    """Raise MoveRefused for anyone who did the work or holds a post at a unit that did.

    The supervisor of a grid is no part of its work and may check what it settled. At the top tier another person of
    the same unit may check, as nobody stands above.
    """
    handled = statements.read(Handler, "WHERE incident_id = %s", [incident.pk])
    if any(one.person_id == actor.pk for one in handled):
        raise refusals.handled_it()
    own = incident.holder_id if holders.is_top(incident.holder_id) else None
    units = {one.unit_id for one in handled if one.unit_id != own}
    if units and units & selectors.units_served(actor, at=now):
        raise refusals.handled_it()


def _units_that_check(move: Move, incident: Incident) -> list[str]:
    holder = incident.holder_id
    if move.name != "reopen":
        return [holder]
    # What a grid settled is checked one tier up; what a unit dismissed may be taken up by the unit above.
    parent = None if holders.is_top(holder) else holders.tier_above(holder)
    above = [parent] if parent is not None else []
    return above if kind_of_code(holder) is UnitKind.GRID else [holder, *above]


def _on_site(incident: Incident, actor: Person, *, now: datetime, on_site: bool) -> Acting | None:
    duty = permissions.acting_duty(actor, Right.INSPECT, incident.place_id, now=now)
    unit_id = incident.place_id
    if duty is None and incident.first_receiver_id == actor.pk and incident.first_unit_id is not None:
        # Whoever took the report, be it an officer or a clerk, as long as they still serve where they took it.
        unit_id = incident.first_unit_id
        duty = permissions.acting_duty(actor, Right.REPORT, unit_id, now=now)
    if duty is None:
        return None
    if not on_site or not has_on_site_photo(incident, actor, now=now):
        raise refusals.missing("on_site")
    return Acting(actor, unit_id, duty)


def has_on_site_photo(incident: Incident, actor: Person, *, now: datetime) -> bool:
    """Whether ``actor`` added a check photo with a position since the incident came to be checked, within a day."""
    since = max(incident.arrived_at, now - ON_SITE_PHOTO_AGE)
    return Photo.objects.filter(
        incident=incident, added_by=actor, stage=PhotoStage.CHECK, added_at__gte=since, point__isnull=False
    ).exists()


def _with_any_right(actor: Person, rights: frozenset[Right], unit: str, now: datetime) -> Acting | None:
    for right in sorted(rights):
        duty = permissions.acting_duty(actor, right, unit, now=now)
        if duty is not None:
            return Acting(actor, unit, duty)
    return None
