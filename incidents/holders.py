"""Who holds an incident after a move. Reads units, writes nothing."""

from django.utils.translation import gettext_lazy as _

from grids import hierarchy
from grids.levels import UnitKind
from grids.models import Unit
from incidents import refusals
from incidents.models import Incident, IncidentEvent
from incidents.states import SEND_BACK_AFTER, SEND_BACKS_PER_PAIR, HolderAfter, Move, State


def at_birth(place: Unit) -> Unit:
    """The village of a grid; a place above a village holds its own reports."""
    if place.kind == UnitKind.GRID:
        village = hierarchy.tier_parent(place)
        assert village is not None, "the database demands a village above every grid"
        return village
    return place


def above(unit: Unit) -> Unit:
    """The next tier up, at most the district; raises MoveRefused at the top."""
    parent = hierarchy.tier_parent(unit)
    if unit.kind == UnitKind.DISTRICT or parent is None or parent.kind in (UnitKind.CITY, UnitKind.PROVINCE):
        raise refusals.top_reached()
    return parent


def is_top(unit: Unit) -> bool:
    return unit.kind == UnitKind.DISTRICT


def after(move: Move, incident: Incident, *, target: Unit | None = None) -> Unit:
    """The unit that holds ``incident`` once ``move`` is made; raises MoveRefused where the move has no such unit."""
    rule, holder = move.holder, incident.holder
    if rule is HolderAfter.PARENT:
        return above(holder)
    if rule is HolderAfter.TWO_UP:
        parent = above(holder)
        return parent if is_top(parent) else above(parent)
    if rule is HolderAfter.SENDER:
        return _sender(incident)
    if rule is HolderAfter.SIBLING:
        return _sibling(holder, target)
    if rule is HolderAfter.CHECKER:
        if incident.state == State.DISPATCHED or is_top(holder):
            return holder
        return above(holder)
    if rule is HolderAfter.HANDLER:
        return incident.answered_by_unit or holder
    if rule is HolderAfter.REOPENED:
        return _reopened(incident)
    if rule is HolderAfter.NEW_VILLAGE:
        if target is None:
            raise refusals.missing("plan")
        return at_birth(target)
    return holder


def _sender(incident: Incident) -> Unit:
    if incident.arrived_by not in SEND_BACK_AFTER or incident.came_from is None:
        raise refusals.nobody_to_return_to()
    times = IncidentEvent.objects.filter(
        incident=incident,
        kind="send_back",
        holder_before=incident.holder_id,
        holder_after=incident.came_from_id,
    ).count()
    if times >= SEND_BACKS_PER_PAIR:
        raise refusals.returned_too_often()
    return hierarchy.successor_of(incident.came_from)


def _sibling(holder: Unit, target: Unit | None) -> Unit:
    if target is None:
        raise refusals.missing("target_unit")
    if target.pk == holder.pk or target.kind != holder.kind or target.parent_id != holder.parent_id:
        raise refusals.wrong_unit(_("Only another unit of the same kind under the same parent can take it."))
    if target.retired_at is not None:
        raise refusals.wrong_unit(_("This unit was retired."))
    return target


def _reopened(incident: Incident) -> Unit:
    if incident.state == State.DISMISSED:
        return incident.holder if is_top(incident.holder) else above(incident.holder)
    return at_birth(hierarchy.successor_of(incident.answered_by_unit or incident.holder))
