"""What each kind of edit of lines does to the areas of a plan. The geometry itself is `grids.coverage`'."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import shapely
from django.utils.translation import gettext as _
from shapely.geometry import Point as Spot
from shapely.geometry.base import BaseGeometry

from grids import coverage, draft_args, draft_checks, lattice
from grids.coverage import EditRefused
from grids.draft_args import Args
from grids.draft_context import Change, Draft, Rows, box_of, changed, meeting, shapes_of, weight
from grids.draft_rows import Box, Row, hexed
from grids.draft_words import listed, place, square

# How far around a pressed point a pocket is looked for at first, in degrees; four times as far each time.
_FIRST_WINDOW = 0.004


def split(draft: Draft, args: Args) -> Change:
    """Cut an area by a drawn line: the pieces are new grids; the largest keeps the officer."""
    key, line = draft_args.number(args, "key"), draft_args.line(args, "line")
    rows = draft.near(keys=[key])
    old = one(rows, key)
    edited = coverage.split(shapes_of(rows), draft.frame, key=key, line=line, new_keys=draft.new_key)
    change = changed(rows, edited, like=old, recount=[key])
    change.said = {"what": old.label}
    change.finish = lambda after: _officer_to_largest(after, old)
    return change


def _officer_to_largest(after: Rows, old: Row) -> Rows:
    pieces = [row for row in after.values() if row.unit is None and row.officer is None and row.key != old.key]
    largest = max(pieces, key=weight)
    return {**after, largest.key: replace(largest, officer=old.officer, vacant_reason=old.vacant_reason)}


def merge(draft: Draft, args: Args) -> Change:
    """Make neighbours one area; the grid of the largest that may stand in the village of `into` lives on."""
    keys, into = draft_args.numbers(args, "keys"), draft_args.number(args, "into")
    keys = list(dict.fromkeys([*keys, into]))
    rows = draft.near(keys=keys)
    whole = one(rows, into)
    parts = [one(rows, key) for key in keys]
    edited = coverage.merge(shapes_of(rows), draft.frame, keys=keys, into=into)
    change = changed(rows, edited, recount=keys)
    heirs = [part for part in parts if part.unit and part.village == whole.village]
    if heirs:
        unit = max(heirs, key=weight)
        joined = replace(change.rows[into], unit=unit.unit, name=unit.name)
        if joined.officer is None and not joined.vacant_reason:
            joined = replace(joined, officer=unit.officer, vacant_reason=unit.vacant_reason)
        change.rows[into] = joined
    change.said = {"what": listed([part.label for part in parts if part.key != into]), "to": whole.label}
    return change


def move(draft: Draft, args: Args) -> Change:
    """Move a corner of a shared border: all areas that have it change together."""
    at, to = draft_args.point(args, "at"), draft_args.point(args, "to")
    rows, seeds = _around(draft, box_of(shapely.linestrings([at, to])))
    edited = coverage.move_vertex(shapes_of(rows), draft.frame, at=at, to=to)
    return _corner(rows, edited, seeds)


def insert(draft: Draft, args: Args) -> Change:
    """Give a segment of a border another corner."""
    begin, end, at = (draft_args.point(args, name) for name in ("from", "until", "at"))
    rows, seeds = _around(draft, box_of(shapely.linestrings([begin, at, end])))
    edited = coverage.insert_vertex(shapes_of(rows), draft.frame, segment=(begin, end), at=at)
    return _corner(rows, edited, seeds)


def remove(draft: Draft, args: Args) -> Change:
    """Take a corner out of a border."""
    at = draft_args.point(args, "at")
    rows, seeds = _around(draft, (*at, *at))
    # What was near the corner may touch what comes near when it goes.
    rows, seeds = _around(draft, _widest(rows, seeds))
    edited = coverage.remove_vertex(shapes_of(rows), draft.frame, at=at)
    return _corner(rows, edited, seeds)


def _around(draft: Draft, box: Box) -> tuple[Rows, frozenset[int]]:
    rows = draft.near(box=box)
    return rows, meeting(rows, box)


def _widest(rows: Rows, seeds: frozenset[int]) -> Box:
    if not seeds:
        raise EditRefused("no_vertex", _("There is no corner of a border here."))
    return box_of(shapely.geometrycollections([rows[key].shape for key in sorted(seeds)]))


def _corner(rows: Rows, edited: coverage.Edited, seeds: frozenset[int]) -> Change:
    change = changed(rows, edited, recount=seeds)
    change.said = {"what": listed([row.label for row in change.rows.values()])}
    return change


def assign(draft: Draft, args: Args) -> Change:
    """Give the pocket around a point to an area, or make it a grid of its own."""
    at, to = draft_args.point(args, "at"), draft_args.optional_number(args, "to")
    pocket = _pocket(draft, at)
    neighbours = [key for key, _metres in pocket.neighbours]
    if to is not None and to not in neighbours:
        raise EditRefused("not_neighbours", _("This area does not touch the pocket."), pocket.at)
    model = to if to is not None else pocket.suggested if pocket.suggested is not None else next(iter(neighbours), None)
    if model is None:
        raise EditRefused("not_neighbours", _("No area touches this pocket."), pocket.at)
    like = one(draft.rows, model)
    village = draft_args.text(args, "village", 12)
    if to is None and village:
        like = replace(like, village=village)
    change = _given(draft, pocket.shape, to, like)
    change.said |= {"area": square(pocket.area_m2), "place": place(pocket.at), "shape": hexed(pocket.shape)}
    change.said["as"] = "assign" if to is not None else "assign_new"
    return change


def _pocket(draft: Draft, at: draft_args.Point) -> coverage.Pocket:
    """The pocket that has the point; looked for in a window that grows until it shows all of it."""
    spot, reach = Spot(at), _FIRST_WINDOW
    whole = shapely.box(*draft.frame.bounds)
    while True:
        window = lattice.to_lattice(shapely.box(at[0] - reach, at[1] - reach, at[0] + reach, at[1] + reach))
        sees_all = bool(shapely.contains(window, whole))
        frame = draft.frame if sees_all else shapely.intersection(draft.frame, window)
        rows = draft.near(box=box_of(window))
        inside = {key: rows[key].shape for key in meeting(rows, box_of(window))}
        held = [pocket for pocket in coverage.pockets(inside, frame) if shapely.dwithin(pocket.shape, spot, 1e-9)]
        if held and (sees_all or not shapely.intersects(held[0].shape, shapely.boundary(window))):
            return held[0]
        if sees_all or not held:
            raise EditRefused("no_pocket", _("This place is no pocket: it belongs to somebody."), at)
        reach *= 4


def carve(draft: Draft, args: Args) -> Change:
    """Give a drawn area to a grid, or make it a grid of its own."""
    piece, to = draft_args.polygon(args, "polygon"), draft_args.optional_number(args, "to")
    rows, seeds = _around(draft, box_of(piece))
    model = to if to is not None else _most(rows, seeds, piece)
    if model is None:
        raise EditRefused("nothing", _("The drawn area touches no grid."))
    if model not in draft.rows:
        draft.near(keys=[model])
    change = _given(draft, piece, to, one(draft.rows, model))
    taken = shapely.intersection(piece, draft.frame)
    change.said |= {"area": square(lattice.square_metres(taken)), "as": "carve" if to is not None else "carve_new"}
    return change


def _most(rows: Mapping[int, Row], seeds: frozenset[int], piece: BaseGeometry) -> int | None:
    """The area of which the piece covers most."""
    shares = {key: float(shapely.area(shapely.intersection(rows[key].shape, piece))) for key in sorted(seeds)}
    return max(shares, key=lambda key: shares[key]) if any(shares.values()) else None


def _given(draft: Draft, piece: BaseGeometry, to: int | None, like: Row) -> Change:
    """Give a piece to an area (`to`) or to a new one like `like`, with the officer of the largest that it swallows."""
    box = box_of(piece)
    rows = draft.near(box=box, keys=[] if to is None else [to])
    is_new = to is None
    key = draft.new_key() if to is None else to
    edited = coverage.give(shapes_of(rows), draft.frame, piece=piece, to=key, is_new=is_new)
    change = changed(rows, edited, like=like, recount=meeting(rows, box) | {key})
    change.said = {"to": f"#{key}" if is_new else rows[key].label}
    swallowed = [rows[gone] for gone in change.removed if gone in rows]
    if is_new and swallowed:
        heir = max(swallowed, key=weight)
        new = replace(change.rows[key], officer=heir.officer, vacant_reason=heir.vacant_reason)
        change.rows[key] = new
    return change


def repair(draft: Draft, args: Args) -> Change:
    """Apply a repair that the list of faults offered."""
    fault_id, how = draft_args.text(args, "fault", 80), draft_args.text(args, "how", 40)
    to = draft_args.optional_number(args, "to")
    if how == draft_checks.ENDS:
        return _ended(draft, fault_id)
    rows = draft.everything()
    shapes = shapes_of(rows)
    seen = coverage.faults(shapes, draft.frame, lambda key: rows[key].label)
    found = next((fault for fault in seen if fault.id == fault_id), None)
    if found is None:
        raise EditRefused("no_fault", _("This fault is not there any more."))
    edited = coverage.repair_fault(shapes, draft.frame, fault=found, how=how, to=to, new_keys=draft.new_key)
    like = rows[found.keys[0]] if found.keys else None
    change = changed(rows, edited, like=like, recount=set(edited.areas))
    offered = next((offer.words for offer in found.repairs if (offer.how, offer.to) == (how, to)), how)
    change.said = {"fault": found.message, "how": offered, "fault_kind": found.kind}
    if found.kind == "pocket" and to is not None and to in rows:
        change.said |= {
            "as": "assign", "area": square(found.area_m2), "place": place(found.at), "to": rows[to].label,
        }  # fmt: skip
    return change


def _ended(draft: Draft, fault_id: str) -> Change:
    """A grid that was forgotten ends with the plan."""
    unit = draft_checks.forgotten(draft.plan, fault_id)
    if unit is None:
        raise EditRefused("no_fault", _("This fault is not there any more."))
    why = _("it has no area in this plan")
    return Change(said={"as": "retire", "what": unit.label, "why": why, "ended": unit.pk})


def one(rows: Mapping[int, Row], key: int) -> Row:
    """The area with this number. Raises EditRefused if it is gone."""
    if key not in rows:
        raise EditRefused("no_area", _("There is no such area any more."))
    return rows[key]


KINDS: dict[str, Any] = {
    "split": split,
    "merge": merge,
    "move": move,
    "insert": insert,
    "remove": remove,
    "assign": assign,
    "carve": carve,
    "repair": repair,
}
