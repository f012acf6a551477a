"""Painting: dwellings pass from their areas to another one, and the borders follow."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely
from django.utils.translation import gettext as _
from shapely.geometry.base import BaseGeometry

from grids import coverage, draft_args, dwelling_cells, households
from grids.coverage import EditRefused
from grids.draft_args import Args
from grids.draft_context import Box, Change, Draft, Rows, box_of, changed, meeting, shapes_of
from grids.draft_kinds import carve, one
from grids.dwelling_cells import Home
from grids.levels import district_of
from grids.models import Dwelling


def paint(draft: Draft, args: Args) -> Change:
    """Give dwellings (by id, by cell, or inside of a lasso) to an area: their ground goes with them."""
    to = draft_args.number(args, "to")
    if "lasso" in args:
        lasso = draft_args.polygon(args, "lasso")
        wanted, box = _inside(draft, lasso), box_of(lasso)
        if not wanted:
            return carve(draft, {"polygon": args["lasso"], "to": to})
    else:
        by_cell = "cells" in args
        wanted = set(draft_args.numbers(args, "cells" if by_cell else "dwellings"))
        wanted, box = _known(draft, wanted, by_cell=by_cell)
    rows = draft.near(keys=[to], box=box)
    whole = one(rows, to)
    seeds = meeting(rows, box)
    piece = _ground(draft, rows, seeds - {to}, wanted)
    edited = coverage.give(shapes_of(rows), draft.frame, piece=piece, to=to, is_new=False)
    change = changed(rows, edited, recount=seeds | {to})
    change.said = {"count": len(wanted), "to": whole.label}
    return change


def _known(draft: Draft, wanted: set[int], *, by_cell: bool) -> tuple[set[int], Box]:
    """The dwellings that are meant, and the box around them."""
    found = Dwelling.objects.filter(district_id=district_of(draft.plan.scope_id))
    chosen = list(found.filter(pk__in=wanted).values_list("pk", "geom", "compound"))
    compounds = {compound for _pk, _geom, compound in chosen if compound} if by_cell else set()
    if compounds:
        chosen = [*chosen, *found.filter(compound__in=compounds).values_list("pk", "geom", "compound")]
    if not chosen:
        raise EditRefused("nothing", _("These dwellings are not known."))
    spots = [(geom.x, geom.y) for _pk, geom, _compound in chosen]
    return {pk for pk, _geom, _compound in chosen}, box_of(shapely.multipoints(spots))


def _inside(draft: Draft, lasso: BaseGeometry) -> set[int]:
    points = households.dwellings_in(district_of(draft.plan.scope_id), box_of(lasso))
    if not len(points):
        return set()
    held = shapely.contains_xy(lasso, points[:, 0], points[:, 1])
    return {int(pk) for pk in points[held, 3]}


def _ground(draft: Draft, rows: Rows, sources: frozenset[int], wanted: set[int]) -> BaseGeometry:
    """The ground of the wanted dwellings in the areas they are taken from."""
    homes = homes_of(draft.plan.scope_id, shapes_of(rows), sources)
    pieces = []
    for key, own in dwelling_cells.by_area(homes, wanted).items():
        if all(home.id in wanted for home in own):
            words = {"what": rows[key].label}
            raise EditRefused("would_empty", _("Nobody would be left in grid %(what)s: merge it instead.") % words)
        pieces.append(dwelling_cells.ground_of(rows[key].shape, own, wanted))
    pieces = [piece for piece in pieces if not piece.is_empty]
    if not pieces:
        raise EditRefused("nothing", _("These dwellings are in that grid already."))
    whole: BaseGeometry = shapely.union_all(np.array(pieces, dtype=object))
    return whole


def homes_of(scope: str, shapes: Mapping[int, BaseGeometry], only: frozenset[int]) -> dict[int, list[Home]]:
    """The dwellings of each area of `only`; `shapes` are these and their neighbours. One query."""
    if not only:
        return {}
    box = box_of(shapely.geometrycollections([shapes[key] for key in sorted(only)]))
    points = households.dwellings_in(district_of(scope), box)
    owners = households.homes(shapes, points)
    compounds = _compounds([int(pk) for pk in points[:, 3]]) if len(points) else {}
    found: dict[int, list[Home]] = {key: [] for key in only}
    for (longitude, latitude, number, pk), owner in zip(points.tolist(), owners.tolist(), strict=True):
        if owner in found:
            home = Home(int(pk), longitude, latitude, int(number), compounds.get(int(pk), ""))
            found[owner].append(home)
    return found


def _compounds(ids: list[int]) -> dict[int, str]:
    named = Dwelling.objects.filter(pk__in=ids).exclude(compound="")
    return dict(named.values_list("pk", "compound"))


KINDS: dict[str, Any] = {"paint": paint}
