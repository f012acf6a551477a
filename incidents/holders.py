"""Who holds an incident after a move. Reads units, writes nothing."""

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from grids import hierarchy, selectors
from grids.levels import UnitKind, ancestor_codes, kind_of_code, parent_code, tier_code
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


def code_at_birth(place: str) -> str:
    """The same, as codes."""
    village = parent_code(place) if kind_of_code(place) is UnitKind.GRID else None
    return village or place


def tier_above(code: str) -> str | None:
    """The code of the tier above a unit: as `hierarchy.tier_parent`, read off the code."""
    return tier_code(code) if tier_code(code) != code else parent_code(code)


def read_units(incidents: Iterable[Incident], *, also: Iterable[str] = ()) -> dict[str, Unit]:
    """Give each incident its holder, its place and who had it before, with all units above them. One query.

    Returns these units, and those of the codes `also`, by code.
    """
    named = ("holder", "place", "came_from", "answered_by_unit")
    known = [(incident, {name: getattr(incident, f"{name}_id") for name in named}) for incident in incidents]
    codes = {code for _incident, units in known for code in units.values() if code}
    above = {above for code in codes for above in ancestor_codes(code)}
    found = selectors.with_units_above(codes | above | set(also))
    for incident, units in known:
        for name, code in units.items():
            if code:
                setattr(incident, name, found[code])
    return found


def above(unit: Unit) -> Unit:
    """The next tier up, at most the district; raises MoveRefused at the top."""
    parent = hierarchy.tier_parent(unit)
    if unit.kind == UnitKind.DISTRICT or parent is None or parent.kind in (UnitKind.CITY, UnitKind.PROVINCE):
        raise refusals.top_reached()
    return parent


def is_top(unit: Unit | str) -> bool:
    """Whether nobody stands above the unit, given by itself or by its code."""
    kind = kind_of_code(unit) if isinstance(unit, str) else unit.kind
    return kind == UnitKind.DISTRICT


def stays(move: Move, incident: Incident) -> bool:
    """Whether the same unit holds `incident` after `move`, which can be told without reading units."""
    if move.holder is HolderAfter.CHECKER:
        return incident.state == State.DISPATCHED or is_top(incident.holder_id)
    return move.holder is HolderAfter.SAME


def after(move: Move, incident: Incident, *, target: Unit | None = None) -> Unit:
    """The unit that holds ``incident`` once ``move`` is made; raises MoveRefused where the move has no such unit."""
    rule, holder = move.holder, incident.holder
    if stays(move, incident):
        return holder
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
