"""A draft from a file: what was compared becomes a plan, faults and all, and is repaired in the studio."""

from datetime import datetime

from django.utils.translation import gettext as _

from grids import drafts
from grids.drafts import Wish
from grids.exchange.comparing import Comparison, State
from grids.exchange.refused import BoundaryFileRefused
from grids.levels import CODE_LENGTHS, UnitKind
from grids.models import Person, Plan, Unit


def begin(
    found: Comparison, *, wish: Wish, file_name: str, leave_out_bad: bool, actor: Person | None, now: datetime
) -> Plan:
    """The draft that begins with what the file draws. Bad features are left out only if that was said.

    Raises BoundaryFileRefused with every bad feature, or where the file draws nothing; PermissionDenied without the
    right; BoundaryRefused if the codes do not fit any more.
    """
    if found.faults and not leave_out_bad:
        raise BoundaryFileRefused(found.faults)
    drawn = [
        drafts.Drawn(
            code=grid.unit.pk if grid.unit else None,
            village=grid.village.pk if grid.village else "",
            name=grid.name,
            shape=grid.shape,
            households=grid.households,
            grid_kind=grid.kind.value,
            boundary_basis=grid.basis,
        )
        for grid in found.areas
    ]
    if not drawn or found.frame is None or not found.of(State.NEW, State.CHANGED, State.SAME):
        raise BoundaryFileRefused(_("The file holds no grid."))
    counts = {state.value: len(found.of(state)) for state in State}
    said = {"what": file_name, "system": found.system.key, "left_out": len(found.faults), **counts}
    return drafts.begin_from(
        scope=found.scope, wish=wish, shapes=drawn, frame=found.frame, actor=actor, now=now, said=said
    )


def scope_of(codes: list[str]) -> Unit | None:
    """The narrowest village, town or district all these grids stand under; codes nobody knows do not count."""
    length, village = CODE_LENGTHS[UnitKind.GRID], CODE_LENGTHS[UnitKind.VILLAGE]
    grids = [code for code in codes if len(code) == length and code.isascii() and code.isdigit()]
    alive = Unit.objects.filter(pk__in={code[:village] for code in grids}, retired_at__isnull=True)
    known = set(alive.values_list("pk", flat=True))
    for kind in (UnitKind.VILLAGE, UnitKind.TOWN, UnitKind.DISTRICT):
        above = {code[: CODE_LENGTHS[kind]] for code in known}
        if len(above) == 1:
            return Unit.objects.filter(pk__in=above, retired_at__isnull=True).first()
    return None
