"""Who may give orders to whom: a district to its departments and towns, a town to its offices and, where the district
allows it, to the district's departments. Villages and grids order nobody."""

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from dispatch import refusals
from grids import selectors
from grids.levels import UnitKind, district_of, kind_of_code, tier_code
from grids.models import Unit
from grids.subtrees import within
from incidents.limits import Rules


def choices(holder: Unit, rules: Rules) -> QuerySet[Unit]:
    """The living units `holder` may give orders to, in the order of their codes; none for a village."""
    return selectors.subtree(district_of(holder.pk)).filter(_allowed(holder, rules))


def refuse_wrong(*, holder: str, unit: Unit, rules: Rules) -> None:
    """Raise MoveRefused unless the unit with the code `holder` may give orders to `unit`."""
    if kind_of_code(holder) not in (UnitKind.DISTRICT, UnitKind.TOWN):
        raise refusals.not_a_target(_("Villages and grids give no orders: escalate instead."))
    if unit.retired_at is not None:
        raise refusals.not_a_target(_("%(unit)s was retired.") % {"unit": unit})
    if district_of(unit.pk) != district_of(holder):
        raise refusals.not_a_target(_("%(unit)s belongs to another district.") % {"unit": unit})
    if not _may(holder, unit, rules):
        names = {"holder": selectors.unit(holder), "unit": unit}
        raise refusals.not_a_target(_("%(holder)s gives no orders to %(unit)s.") % names)


def _may(holder: str, unit: Unit, rules: Rules) -> bool:
    if kind_of_code(holder) is UnitKind.DISTRICT:
        return unit.kind == UnitKind.DEPARTMENT or (unit.kind == UnitKind.TOWN and unit.parent_id == holder)
    if unit.kind == UnitKind.OFFICE:
        return tier_code(unit.pk) == holder
    return unit.kind == UnitKind.DEPARTMENT and rules.profile(district_of(holder)).town_dispatch


def _allowed(holder: Unit, rules: Rules) -> Q:
    if holder.kind == UnitKind.DISTRICT:
        return Q(kind=UnitKind.DEPARTMENT) | Q(kind=UnitKind.TOWN, parent=holder)
    if holder.kind != UnitKind.TOWN:
        return Q(pk__in=[])
    own = Q(kind=UnitKind.OFFICE) & within([holder.pk])
    return own | Q(kind=UnitKind.DEPARTMENT) if rules.profile(district_of(holder.pk)).town_dispatch else own
