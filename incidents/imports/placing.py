"""Finds the grids of many records at once, by their points."""

from collections.abc import Sequence
from datetime import datetime

from grids import datums, selectors
from grids.datums import Datum
from incidents.imports.checks import Draft
from incidents.imports.refused import Fault, Reason
from incidents.imports.targets import Targets
from incidents.models import LocatedBy

BATCH = 5000


def place(
    drafts: Sequence[Draft], *, datum: Datum, targets: Targets, now: datetime, by_point: bool
) -> dict[int, Fault]:
    """Give every draft its place: the grid of its point as bordered now, else the unit the mapping names for it.

    Returns, by line, what has no place in the district at all.
    """
    for draft in drafts:
        draft.located_by = LocatedBy.NAMED
    # Until all is written no redraw takes effect there.
    moment = selectors.hold(*targets.places) if targets.places else now
    faults: dict[int, Fault] = {}
    wanted = [(draft, draft.lonlat) for draft in drafts if by_point and not draft.place and draft.lonlat is not None]
    for start in range(0, len(wanted), BATCH):
        batch = wanted[start : start + BATCH]
        points = datums.to_cgcs2000([lonlat for _draft, lonlat in batch], datum)
        hits = selectors.grids_at([(float(lon), float(lat)) for lon, lat in points], moment)
        for (draft, (longitude, latitude)), hit in zip(batch, hits, strict=True):
            if hit is not None and hit.unit_code in targets.places:
                draft.place, draft.boundary_id = hit.unit_code, hit.boundary_id
                draft.located_by = LocatedBy(hit.located_by)
                draft.distance_m = hit.distance_m
            elif draft.otherwise:
                draft.place = draft.otherwise
            else:
                faults[draft.line] = Fault(Reason.NO_PLACE, f"{longitude}, {latitude}")
    return faults
