"""Edits that draw nothing: names, kinds, counts, reasons, officers, grids that end on purpose."""

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from grids import directory, draft_args
from grids.coverage import EditRefused
from grids.draft_args import Args
from grids.draft_context import Change, Draft
from grids.draft_kinds import one
from grids.draft_rows import Row, read
from grids.draft_words import listed
from grids.levels import BoundaryBasis, GridKind, UnitKind, district_of
from grids.models import Unit

_MOST_HOUSEHOLDS = 1_000_000


def describe(draft: Draft, args: Args) -> Change:
    """Name, kind, what the border follows, households where nobody was counted, why it has several parts."""
    row = _row(draft, args)
    given: dict[str, Any] = {}
    if "name" in args:
        given["name"] = draft_args.text(args, "name", 100)
    if "grid_kind" in args:
        given["grid_kind"] = draft_args.chosen(args, "grid_kind", GridKind.values)
    if "boundary_basis" in args:
        given["boundary_basis"] = draft_args.chosen(args, "boundary_basis", ["", *BoundaryBasis.values])
    if "parts_reason" in args:
        given["parts_reason"] = draft_args.text(args, "parts_reason", 200)
    if "village" in args:
        given |= _village(draft, row, draft_args.text(args, "village", 12))
    if "households" in args:
        given |= _households(row, args)
    if not given:
        raise draft_args.bad("name")
    return _change(replace(row, **given), {"what": row.label})


def _village(draft: Draft, row: Row, code: str) -> dict[str, Any]:
    """A new grid may stand in any village of the scope; a grid with a code stays where its code says."""
    village = Unit.objects.filter(pk=code, kind=UnitKind.VILLAGE, retired_at__isnull=True).first()
    if village is None or not code.startswith(draft.plan.scope_id):
        raise draft_args.bad("village")
    # The grid ends where its area goes to another village: the code says which one it was.
    return {"village": code} if code == row.village else {"village": code, "unit": None}


def _households(row: Row, args: Args) -> dict[str, Any]:
    if row.households and not row.households_given:
        raise EditRefused("counted", _("The households of this grid are counted from its dwellings."))
    number = draft_args.optional_number(args, "households")
    if number is not None and number > _MOST_HOUSEHOLDS:
        raise draft_args.bad("households")
    return {"households": number, "households_given": number is not None}


def officer(draft: Draft, args: Args) -> Change:
    """Name who is to answer for the grid, or say why nobody is; the same reason may stand for many grids (`keys`)."""
    if "keys" in args:
        return _all_vacant(draft, args)
    row = _row(draft, args)
    person, why = draft_args.optional_number(args, "person"), draft_args.text(args, "vacant_reason", 200)
    said: dict[str, Any] = {"what": row.label}
    if person is None:
        said |= {"as": "vacant", "why": why} if why else {"as": "no_officer"}
        return _change(replace(row, officer=None, vacant_reason=why), said)
    known = directory.known_in(district_of(draft.plan.scope_id)).filter(pk=person, is_active=True).first()
    if known is None:
        raise EditRefused("nobody", _("Nobody of this district can be named like this."))
    return _change(replace(row, officer=person, vacant_reason=""), said | {"who": known.full_name or known.username})


def _all_vacant(draft: Draft, args: Args) -> Change:
    """Grids that have nobody are left so on purpose, for one reason; whoever is named elsewhere stays named."""
    keys, why = draft_args.numbers(args, "keys"), draft_args.text(args, "vacant_reason", 200)
    if not why:
        raise draft_args.bad("vacant_reason")
    draft.rows |= read(draft.plan.pk, keys)
    empty = [row for row in (one(draft.rows, key) for key in keys) if row.officer is None]
    said = {"as": "vacant", "what": listed([row.label for row in empty]), "why": why}
    return Change({row.key: replace(row, vacant_reason=why) for row in empty}, said=said)


def retire(draft: Draft, args: Args) -> Change:
    """Say that a living grid without an area ends on purpose."""
    code, why = draft_args.text(args, "unit", 15), draft_args.text(args, "reason", 200)
    grid = Unit.objects.filter(pk=code, kind=UnitKind.GRID, retired_at__isnull=True).first()
    if grid is None or not code.startswith(draft.plan.scope_id) or not why:
        raise draft_args.bad("unit" if why else "reason")
    return Change(said={"what": grid.label, "why": why, "ended": grid.pk})


def _row(draft: Draft, args: Args) -> Row:
    key = draft_args.number(args, "key")
    draft.rows |= read(draft.plan.pk, [key])
    return one(draft.rows, key)


def _change(row: Row, said: dict[str, Any]) -> Change:
    return Change({row.key: row}, said=said)


KINDS = {"describe": describe, "officer": officer, "retire": retire}
