"""The one-press repairs of a coverage's faults: each mends one fault and touches nothing else. Pure."""

from collections.abc import Callable

import numpy as np
import shapely
from django.utils.translation import gettext as _
from shapely.geometry.base import BaseGeometry

from grids.coverage import faces, gifts, plane
from grids.coverage.edits import Edited, EditRefused, Shapes, numbered
from grids.coverage.faults import CoverageFault, faults
from grids.coverage.plane import Sheet
from grids.coverage.snaps import snapped
from grids.coverage.sound import mended


def repair(
    shapes: Shapes,
    frame: BaseGeometry,
    *,
    fault_id: str,
    how: str,
    to: int | None = None,
    new_keys: Callable[[], int] | int | None = None,
) -> Edited:
    """Apply one of the repairs that `faults` offers for the fault with this id.

    `new_keys` as in `split`, for the repairs "new" and "apart". Raises EditRefused "no_fault" (gone, or changed
    since), "no_repair" (not offered for it), and what the edit itself refuses.
    """
    found = next((fault for fault in faults(shapes, frame) if fault.id == fault_id), None)
    if found is None:
        raise EditRefused("no_fault", _("This fault is gone or has changed."))
    return repair_fault(shapes, frame, fault=found, how=how, to=to, new_keys=new_keys)


def repair_fault(
    shapes: Shapes,
    frame: BaseGeometry,
    *,
    fault: CoverageFault,
    how: str,
    to: int | None = None,
    new_keys: Callable[[], int] | int | None = None,
) -> Edited:
    """The same for a fault that was just found."""
    if (how, to) not in {(one.how, one.to) for one in fault.repairs}:
        raise EditRefused("no_repair", _("This repair does not fit the fault."), fault.at)
    sheet = Sheet.of(shapes, frame)
    fresh = new_keys if callable(new_keys) else numbered(max(shapes, default=0) + 1 if new_keys is None else new_keys)
    if fault.kind == "vertex":
        chains = faces.chains(sheet, np.array([plane.point(fault.at)], dtype=np.int64))
        return faces.settled(sheet, chains, {})
    if how == "mend":
        return faces.settled(sheet, {}, {key: mended(sheet.shapes[key]) for key in fault.keys})
    piece = plane.to_plane([fault.shape])[0]
    if how == "snap":
        return snapped(sheet, piece)
    if fault.kind == "pocket":
        receiver = fresh() if to is None else to
        return gifts.transfer(sheet, piece, to=receiver, is_new=to is None, losers=())
    if fault.kind == "overlap":
        return gifts.transfer(sheet, piece, to=to, losers=[key for key in fault.keys if key != to])
    if fault.kind == "spill":
        return gifts.transfer(sheet, piece, to=None, losers=fault.keys, beyond_frame=True)
    return _part_moved(sheet, piece, fault.keys[0], to, fresh)


def _part_moved(sheet: Sheet, part: BaseGeometry, key: int, to: int | None, fresh: Callable[[], int]) -> Edited:
    """One whole part of an area to another area, or to a new one."""
    left = [one for one in plane.polygons(sheet.shapes[key]) if not shapely.equals(one, part)]
    outcome = {key: plane.joined(left)} if left else {}
    outcome[fresh() if to is None else to] = part if to is None else plane.joined([sheet.valid_area(to), part])
    return faces.settled(sheet, {}, outcome, [] if left else [key])
