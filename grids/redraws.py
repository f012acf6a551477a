"""A redraw of grids: what a plan means for codes, grids, posts and households; foreseen here, nothing is written.

`grids.enactments` carries out the same `Redraw`, so that what a preview shows is what a publication does. Publication
itself is `governance.redraw`: it alone knows what lies in the grids.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from grids import (
    draft_rows,
    households,
    lattice,
    lineages,
    noding,
    plans,
    redrawn_units,
    reposting,
)
from grids.draft_rows import Row
from grids.levels import UnitKind, district_of, parent_code
from grids.lineages import Share, Wanted
from grids.models import Plan, PlanStatus, Post, Unit
from grids.refusals import BoundaryRefused
from grids.reposting import Reposting, Seat
from grids.subtrees import within

# What an area says of a grid that goes on.
SAID = ("name", "grid_kind", "boundary_basis")


@dataclass
class Redraw:
    """All that a plan changes on this floor. Areas by number in `rows`, grids by code in `before` and `after`."""

    plan: Plan
    rows: dict[int, Row]
    codes: dict[int, str]
    before: dict[str, BaseGeometry]
    after: dict[str, BaseGeometry]
    shares: list[Share]
    born: tuple[str, ...]
    revived: tuple[str, ...]
    retired: tuple[str, ...]
    reshaped: frozenset[str]
    heirs: dict[str, str]
    reposting: Reposting
    amended: dict[str, dict[str, str]] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)
    # The plan's outline with the vertices that others put on it since; None if there are none.
    frame: BaseGeometry | None = None

    @property
    def changed_before(self) -> frozenset[str]:
        """Grids in which a point may find itself elsewhere afterwards."""
        return self.reshaped | frozenset(self.retired)

    @property
    def changed_after(self) -> dict[str, BaseGeometry]:
        """The areas in which it then is."""
        return {code: self.after[code] for code in (*self.born, *self.revived, *sorted(self.reshaped))}

    @property
    def households_moved(self) -> int | None:
        """Households that live in another grid afterwards; None where no dwelling is known."""
        if all(share.homes is None for share in self.shares):
            return None
        return sum(share.households for share in self.shares if self.codes[share.key] != share.old)

    def names(self) -> dict[str, str]:
        """What the grids that begin are called, by code: as the plan says, else by village and number. One query."""
        fresh = [key for key, code in self.codes.items() if code in self.born]
        named = {self.rows[key].village for key in fresh}
        villages = Unit.objects.in_bulk(named)
        found = {}
        for key in fresh:
            row, code = self.rows[key], self.codes[key]
            village = villages[row.village].label if row.village in villages else row.village
            words = {"village": village, "number": int(code[len(row.village) :])}
            found[code] = row.name or _("%(village)s grid %(number)s") % words
        return found

    def numbers(self) -> dict[str, int | None]:
        """What a preview and the record of a publication both tell."""
        return {
            "grids_before": len(self.before),
            "grids_after": len(self.after),
            "codes_issued": len(self.born),
            "codes_revived": len(self.revived),
            "codes_retired": len(self.retired),
            "grids_reshaped": len(self.reshaped),
            "households_moved": self.households_moved,
            "posts_begun": len(self.reposting.begun),
            "posts_ended": len(self.reposting.ended),
        }

    def refuse(self) -> None:
        """Raise BoundaryRefused with all that stands against it, if anything does."""
        refusals = [*self.refusals, *self.reposting.refusals]
        if refusals:
            raise BoundaryRefused(refusals, code="plan_not_ready")


def foresee(*, plan: Plan, now: datetime) -> Redraw:
    """What publishing `plan` at `now` would change here. Nothing is written; refusals are listed, not raised."""
    rows = draft_rows.read(plan.pk)
    living = Unit.objects.filter(within([plan.scope_id]), retired_at__isnull=True)
    units = {unit.pk: unit for unit in living}
    grids = {code for code, unit in units.items() if unit.kind == UnitKind.GRID}
    current = plans.in_force(plan.scope_id)
    before = {code: shape for code, shape in current.items() if code in grids}
    frame, shapes, moved = _noded_since(plan, draft_rows.shapes_of(rows), current.get(plan.scope_id))
    shares = lineages.shares(before, shapes, _dwellings(plan))
    codes = _codes(plan, rows, shares)
    refusals = _refusals(plan, rows, codes, units) + moved
    known = set(Unit.objects.filter(pk__in=codes.values()).values_list("pk", flat=True))
    kept = {code for code in codes.values() if code in grids}
    after = {codes[key]: shape for key, shape in shapes.items()}
    retired = tuple(sorted(grids - kept))
    heirs = {old: codes[key] for old, key in lineages.heirs(shares).items() if old in retired}
    born = tuple(sorted(code for code in codes.values() if code and code not in known))
    found = Redraw(
        plan=plan,
        rows=rows,
        codes=codes,
        before=before,
        after=after,
        shares=shares,
        born=born,
        revived=tuple(sorted(known - grids)),
        retired=retired,
        reshaped=frozenset(c for c in kept if c not in before or not plans.same(before[c], after[c])),
        heirs=heirs,
        reposting=Reposting(),
        amended=_amended(rows, codes, units),
        refusals=refusals,
        frame=frame,
    )
    found.reposting = _reposting(found, set(born), now)
    return found


def _noded_since(
    plan: Plan, shapes: dict[int, BaseGeometry], outline: BaseGeometry | None
) -> tuple[BaseGeometry | None, dict[int, BaseGeometry], list[str]]:
    """The outline and the areas of a plan with the vertices that neighbours put on the outline since it was begun.

    No outline: there are none. With them what stands against it, if the outline has another form by now.
    """
    assert plan.frame is not None, "a plan that is drawn has a frame"
    frame = lattice.from_db(plan.frame)
    # What takes a plan back has the outline of today already.
    if outline is None or plan.rolls_back_id is not None or plans.same(frame, outline):
        return None, shapes, []
    whole = noding.joined(outline, frame)
    vertices = None if whole is None else noding.inserted(frame, whole)
    if vertices is None:
        return None, shapes, [plans.outline_is_fixed(plan.scope_id)]
    if not vertices:
        return None, shapes, []
    return whole, {key: noding.insert_into(shape, vertices) for key, shape in shapes.items()}, []


def _codes(plan: Plan, rows: Mapping[int, Row], shares: list[Share]) -> dict[int, str]:
    """The code of each area; what takes a plan back gives every grid its own again, however little is left of it."""
    if plan.rolls_back_id is not None:
        return {key: str(row.unit) for key, row in rows.items()}
    areas = [Wanted(key, row.unit, row.village, row.shape) for key, row in rows.items()]
    return lineages.codes(areas, shares, redrawn_units.highest_numbers({row.village for row in rows.values()}))


def _dwellings(plan: Plan) -> NDArray[np.float64]:
    assert plan.frame is not None
    rows = households.dwellings_in(district_of(plan.scope_id), plan.frame.extent)
    points: NDArray[np.float64] = rows[:, :3]
    return points


def _refusals(plan: Plan, rows: Mapping[int, Row], codes: Mapping[int, str], units: Mapping[str, Unit]) -> list[str]:
    """What stands against publishing the areas at all, beside faults of their shapes."""
    found = []
    try:
        plans.refuse_stale(plan)
    except BoundaryRefused as stale:
        found += stale.messages
    villages = {row.village for row in rows.values()}
    for code in sorted(villages - {code for code, unit in units.items() if unit.kind == UnitKind.VILLAGE}):
        found.append(_("%(code)s is no village of the scope in service.") % {"code": code})
    gone = {parent_code(code) for code, unit in units.items() if unit.kind == UnitKind.GRID} - villages
    for code in sorted(code for code in gone if code):
        found.append(_("No grid is left to the village %(code)s.") % {"code": code})
    for village in sorted({rows[key].village for key, code in codes.items() if not code}):
        found.append(_("The village %(code)s has no number left for a new grid.") % {"code": village})
    return found


def _amended(rows: Mapping[int, Row], codes: Mapping[int, str], units: Mapping[str, Unit]) -> dict[str, dict[str, str]]:
    """What is said otherwise of grids that go on, by code; what an area leaves empty stays."""
    found: dict[str, dict[str, str]] = {}
    for key, row in rows.items():
        unit = units.get(codes[key])
        if unit is None:
            continue
        said = {name: getattr(row, name) for name in SAID if getattr(row, name) not in ("", getattr(unit, name))}
        if said:
            found[unit.pk] = said
    return found


def _reposting(found: Redraw, born: Collection[str], now: datetime) -> Reposting:
    if found.plan.rolls_back is not None:
        done = (found.plan.rolls_back.effect or {}).get("posts", {})
        ended = [(pk, datetime.fromisoformat(until) if until else None) for pk, until in done.get("ended", [])]
        begun = reposting.begun_again(done.get("begun", []), _begun_by_returns(found.plan.rolls_back))
        back = reposting.foresee_return(ended=ended, begun=begun, now=now)
        kept = {post.pk for post in back.ended}
        left = Post.objects.filter(unit__in=found.retired, period__contains=now).exclude(pk__in=kept)
        back.ended += list(left.order_by("pk"))
        return back
    seats = [
        Seat(code, row.officer, row.vacant_reason, code in born)
        for key, row in sorted(found.rows.items())
        if (code := found.codes[key])
    ]
    return reposting.foresee(seats=seats, heirs=found.heirs, retired=found.retired, now=now)


def _begun_by_returns(plan: Plan) -> list[int]:
    """The posts begun by what took back others since `plan` was published."""
    since = Plan.objects.filter(plans.touching(plan.scope_id), status=PlanStatus.PUBLISHED, rolls_back__isnull=False)
    effects = since.filter(pk__gt=plan.pk).values_list("effect", flat=True)
    return [pk for effect in effects for pk in (effect or {}).get("posts", {}).get("begun", [])]
