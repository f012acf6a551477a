"""A redraw carried out: boundaries, codes, posts, whom to call and what follows; what it takes to take it back.

Called by `governance.redraw` alone, inside of the transaction that publishes a plan.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection

from grids import following, hierarchy, lattice, plans, redrawn_units, reposting, selectors
from grids.hierarchy import NewUnit
from grids.models import Person, Plan, Unit
from grids.redraws import Redraw


def carry_out(redraw: Redraw, *, at: datetime, actor: Person | None) -> dict[str, Any]:
    """Write it all, in force from `at` on; what is needed to take it back, as plain values.

    The caller has locked the district and the plan, and moves what lies in the grids. Raises BoundaryRefused,
    HierarchyRefused, PostRefused; then nothing may be kept.
    """
    redraw.refuse()
    plan = redraw.plan
    called = selectors.duty_contacts(_reposted(redraw))
    if redraw.frame is not None:
        plan.frame = lattice.to_db(redraw.frame)
        plan.save(update_fields=["frame"])
    hierarchy.create_units(units=_new_units(redraw), now=at)
    redrawn_units.revive(codes=redraw.revived)
    outside = plans.publish_redrawn(plan=plan, grids=redraw.after, retiring=redraw.retired, at=at, actor=actor)
    ended = [(post.pk, post.period.upper.isoformat() if post.period.upper else None) for post in redraw.reposting.ended]
    # Whom to call there is nobody's question any more; asked for each post that ends it costs two queries.
    Unit.objects.filter(pk__in=redraw.retired).update(duty_contact=None)
    begun = reposting.carry_out(redraw.reposting, at=at)
    following.follow(heirs=redraw.heirs, at=at)
    redrawn_units.retire(codes=redraw.retired, now=at)
    _trace(redraw, at, actor)
    before = _amend(redraw, at)
    _say_as_what(redraw)
    if plan.rolls_back is not None:
        redrawn_units.call_again(contacts=_contacts_of(plan.rolls_back), stood=called, at=at)
    return {
        "born": list(redraw.born),
        "revived": list(redraw.revived),
        "retired": list(redraw.retired),
        "reshaped": sorted(redraw.reshaped),
        "outside": sorted(outside),
        "posts": {"ended": ended, "begun": begun},
        "amended": before,
        "contacts": _contacts_changed(called),
    }


def _reposted(redraw: Redraw) -> set[str]:
    """The grids whose duty contact may change with this, and those whose was changed by what it takes back."""
    moved = redraw.reposting
    codes = {post.unit_id for post in moved.ended} | {order.unit for order in moved.begun}
    codes |= {*redraw.retired, *redraw.revived}
    return codes | set(_contacts_of(redraw.plan.rolls_back)) if redraw.plan.rolls_back else codes


def _contacts_of(plan: Plan) -> dict[str, list[int | None]]:
    """Whom to call in a grid before and after a published plan, where that differs; by code."""
    found: dict[str, list[int | None]] = (plan.effect or {}).get("contacts", {})
    return found


def _contacts_changed(called: Mapping[str, int | None]) -> dict[str, list[int | None]]:
    now = selectors.duty_contacts(called)
    return {code: [before, now[code]] for code, before in sorted(called.items()) if before != now[code]}


def _new_units(redraw: Redraw) -> list[NewUnit]:
    names = redraw.names()
    rows = {redraw.codes[key]: row for key, row in redraw.rows.items()}
    return [
        NewUnit(code=code, name=name, grid_kind=rows[code].grid_kind, boundary_basis=rows[code].boundary_basis)
        for code, name in names.items()
    ]


def _trace(redraw: Redraw, at: datetime, actor: Person | None) -> None:
    shares: dict[tuple[str, str], tuple[float, float | None]] = {}
    successors: dict[str, list[str]] = defaultdict(list)
    for share in redraw.shares:
        new = redraw.codes[share.key]
        shares[share.old, new] = (share.ground, share.homes)
        if share.old in redraw.retired:
            successors[share.old].append(new)
    redrawn_units.trace(plan=redraw.plan, shares=shares)
    pairs = [(old, new) for old, heirs in successors.items() for new in heirs]
    redrawn_units.follow(pairs=pairs, at=at, actor=actor)


def _amend(redraw: Redraw, at: datetime) -> dict[str, dict[str, str]]:
    """Write what is said otherwise of grids that go on; what was said before, by code."""
    units = Unit.objects.in_bulk(list(redraw.amended))
    before: dict[str, dict[str, str]] = {}
    for code, said in redraw.amended.items():
        before[code] = {name: getattr(units[code], name) for name in said}
        changes: dict[str, Any] = dict(said)
        hierarchy.amend(unit=units[code], now=at, **changes)
    return before


_AS_WHAT = """
update grids_planarea as area set published_as_id = given.code
from unnest(%s::int[], %s::text[]) as given (key, code) where area.plan_id = %s and area.key = given.key"""


def _say_as_what(redraw: Redraw) -> None:
    """Write under which code each area was published. One statement, however many."""
    with connection.cursor() as cursor:
        cursor.execute(_AS_WHAT, [list(redraw.codes), list(redraw.codes.values()), redraw.plan.pk])
