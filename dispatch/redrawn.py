"""A redraw of grids took effect: open incidents go to the grids their points lie in, with all that follows from it.

Many at once: where only the responsible grid changes by two statements, where another village takes over by the move
`rehome` in batches. People hear of it once each, however many incidents it brings: `tell` writes one event of it all.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatch import presses
from grids import house, selectors
from grids.duties import Duty
from grids.levels import parent_code
from grids.models import Person, Plan, Unit
from incidents import in_hand, lifecycle, rehoming
from incidents.lifecycle import Details
from incidents.rehoming import Moving, Redrawn

BATCH = 500


@dataclass(frozen=True)
class Rehomed:
    """What became of open incidents: all that are in another grid, and those of them a new village took over."""

    moved: tuple[Moving, ...]
    taken_over: tuple[Moving, ...]

    def numbers(self) -> dict[str, int]:
        return {
            "incidents_other_grid": len(self.moved),
            "incidents_other_village": sum(one.changes_village for one in self.moved),
            "incidents_taken_over": len(self.taken_over),
        }


def foreseen(moving: Sequence[Moving]) -> Rehomed:
    """The same before it is done."""
    return Rehomed(tuple(moving), tuple(one for one in moving if one.is_move))


def carry_out(*, redrawn: Redrawn, moving: Sequence[Moving], plan_id: int, now: datetime) -> Rehomed:
    """Move these incidents, locked by `rehoming.locked` before, and let inspections follow. Inside a transaction."""
    codes = {code for one in moving for code in (one.old, one.new, parent_code(one.new)) if code}
    units = selectors.with_units_above(codes)
    names = {code: unit.label for code, unit in units.items()}
    done = foreseen(moving)
    for start in range(0, len(done.taken_over), BATCH):
        _take_over(done.taken_over[start : start + BATCH], units, names, plan_id, now)
    rehoming.change_grids([one for one in moving if not one.is_move], plan_id=plan_id, names=names, now=now)
    rehoming.hand_over_inspections(redrawn)
    return done


def _take_over(
    part: Iterable[Moving], units: Mapping[str, Unit], names: Mapping[str, str], plan_id: int, now: datetime
) -> None:
    wanted = {one.incident: one for one in part}
    held = in_hand.hold(in_hand.locked(*wanted), now=now)
    for one in held:
        moving = wanted[one.incident.pk]
        details = Details(place=units[moving.new], plan_id=plan_id, extra={"from": moving.old, "to": moving.new})
        lifecycle.make(one, name="rehome", actor=None, note=rehoming.note(moving, names), details=details)
    presses.follow(held)
    in_hand.write(*held)


def tell(
    *,
    plan: Plan,
    rehomed: Rehomed,
    officers: Mapping[int, int],
    posts: Mapping[int, Mapping[str, Sequence[str]]],
    actor: Person | None,
    now: datetime,
) -> int:
    """Write down that `plan` took effect and what that is to whom; how many that concerns. The announcer tells them.

    `officers` says to how many incidents each new officer comes, `posts` which grids people gain and lose
    ("begun", "ended"). Clerks of a village hear how many incidents it took over.
    """
    about: dict[int, dict[str, Any]] = {}
    for person, count in officers.items():
        about.setdefault(person, {})["incidents"] = count
    for person, changes in posts.items():
        about.setdefault(person, {}).update({name: list(codes) for name, codes in changes.items() if codes})
    arrived: dict[str, int] = {}
    for one in rehomed.taken_over:
        village = parent_code(one.new) or one.new
        arrived[village] = arrived.get(village, 0) + 1
    clerks = selectors.people_on_duty(arrived, [Duty.CLERK], now)
    for (village, _duty), people in sorted(clerks.items()):
        for person in people:
            mine = about.setdefault(person, {})
            mine["arrived"] = mine.get("arrived", 0) + arrived[village]
    concerned = {str(person): what for person, what in sorted(about.items())}
    if plan.rolls_back is None:
        house.note_plan("plan_published", plan, actor=actor, now=now, people=concerned)
    else:
        house.note_plan("plan_rolled_back", plan.rolls_back, actor=actor, now=now, people=concerned)
    return len(about)
