"""Taking over a proposal: all areas of a plan replaced by those the machine found, as one step that can be undone."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from django.utils.translation import gettext as _

from grids import draft_args
from grids.coverage import EditRefused
from grids.draft_args import Args
from grids.draft_context import Change, Draft
from grids.draft_rows import Row
from grids.models import Proposal, Unit
from grids.models.drafts import ProposalState


def propose(draft: Draft, args: Args) -> Change:
    """Replace every area by the proposal's. A grid lives on in the area that has most of it, if that has half of it."""
    pk = draft_args.number(args, "proposal")
    proposal = Proposal.objects.filter(pk=pk, plan=draft.plan, state=ProposalState.READY).first()
    if proposal is None or not proposal.result:
        raise EditRefused("no_proposal", _("This proposal is not ready."))
    old = draft.everything()
    known = set(Unit.objects.filter(pk__in={area["village"] for area in proposal.result}).values_list("pk", flat=True))
    if {area["village"] for area in proposal.result} - known:
        raise EditRefused("no_proposal", _("This proposal names villages that are not there."))
    fresh = _drawn(draft, old, proposal.result)
    rows = carried_on(old, fresh)
    # A border of the proposal may end on the frame: it gets that corner too.
    frame = shapely.coverage_union_all([row.shape for row in rows])
    said = {"what": f"#{proposal.pk}", "areas": len(rows)}
    drawn = {row.key: row for row in rows}
    return Change(drawn, frozenset(old), frame, said=said, recount=frozenset(drawn))


def _drawn(draft: Draft, old: Mapping[int, Row], result: Sequence[Mapping[str, Any]]) -> list[Row]:
    """The areas of a result as new rows, numbered from west to east and north to south.

    A dedicated grid was not divided and keeps all it had but its number.
    """
    shapes = shapely.from_wkb(np.array([area["wkb"] for area in result], dtype=object))
    middles = shapely.get_coordinates(shapely.centroid(shapes))
    order = sorted(range(len(shapes)), key=lambda n: (result[n]["village"], middles[n][0], -middles[n][1]))
    rows = []
    for number in order:
        area = result[number]
        kept = old.get(area.get("kept") or 0)
        row = Row(draft.new_key(), shapes[number], None, area["village"], households=area.get("households"))
        row = replace(kept, key=row.key) if kept is not None else row
        rows.append(row.drawn(shapes[number]))
    return rows


def carried_on(old: Mapping[int, Row], fresh: Sequence[Row]) -> list[Row]:
    """The new rows, each with grid, name and officer of the old one of which it has most and more than half.

    A grid stays in its village.
    """
    olds = [row for row in old.values() if row.unit]
    if not olds:
        return list(fresh)
    shapes = np.array([row.shape for row in olds], dtype=object)
    tree = shapely.STRtree(shapes)
    result = []
    for row in fresh:
        if row.unit:
            result.append(row)
            continue
        shares: dict[int, float] = {}
        for number in tree.query(row.shape, predicate="intersects"):
            one = olds[number]
            if one.village == row.village:
                shares[number] = float(shapely.area(shapely.intersection(row.shape, one.shape)))
        best = max(shares, key=lambda number: (shares[number], -number)) if shares else None
        if best is not None and shares[best] * 2 > olds[best].shape.area:
            heir = olds[best]
            row = replace(
                row, unit=heir.unit, name=heir.name, officer=heir.officer, vacant_reason=heir.vacant_reason,
                grid_kind=heir.grid_kind, boundary_basis=heir.boundary_basis,
            )  # fmt: skip
        result.append(row)
    return result


KINDS: dict[str, Any] = {"propose": propose}
