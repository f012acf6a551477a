"""A redraw of grids took effect: open incidents go to the grids their points lie in, with all that follows from it.

Many at once: where only the responsible grid changes by two statements, where another village takes over by the move
`rehome` in batches. People hear of it once each, however many incidents it brings them (see `tell`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dispatch import presses
from dispatch.audience import Reason
from dispatch.models import Notice
from grids import selectors
from grids.duties import Duty
from grids.levels import parent_code
from grids.models import Unit
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
    plan_id: int,
    rehomed: Rehomed,
    officers: Mapping[int, int],
    posts: Mapping[int, Mapping[str, Sequence[str]]],
    but: int | None,
    now: datetime,
) -> int:
    """One notice to each person concerned; how many. Nobody is told of what they did themselves (`but`).

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
    return tell_of_plan(plan_id=plan_id, about=about, but=but, now=now)


def tell_of_plan(*, plan_id: int, about: Mapping[int, Mapping[str, Any]], now: datetime, but: int | None = None) -> int:
    """Tell people (by id) of a plan, with what it is to them; how many."""
    notices = [
        Notice(plan_id=plan_id, about=dict(what), person_id=person, reason=Reason.REDRAWN, created_at=now)
        for person, what in sorted(about.items())
        if person != but
    ]
    Notice.objects.bulk_create(notices)
    return len(notices)


def words(about: Mapping[str, Any]) -> str:
    """What a plan is to the person a notice went to, as a sentence or several."""
    said = []
    if about.get("incidents"):
        count = int(about["incidents"])
        said.append(ngettext("%(count)d open incident is yours now", "%(count)d open incidents are yours now", count))
        said[-1] %= {"count": count}
    if about.get("arrived"):
        count = int(about["arrived"])
        said.append(ngettext("%(count)d incident waits for your desk", "%(count)d incidents wait for your desk", count))
        said[-1] %= {"count": count}
    if about.get("begun"):
        said.append(_("you serve in %(grids)s from now on") % {"grids": ", ".join(about["begun"])})
    if about.get("ended"):
        said.append(_("your post ended in %(grids)s") % {"grids": ", ".join(about["ended"])})
    if about.get("published"):
        said.append(_("the plan was published at the moment set"))
    if about.get("fault"):
        said.append(_("the plan could not be published: %(why)s") % {"why": about["fault"]})
    return "; ".join(said)


def address(notice: Notice) -> str:
    """Where a notice of a plan leads: who published it to the plan, who serves in a grid of it to that."""
    about = notice.about or {}
    if about.get("published") or about.get("fault"):
        return reverse("studio:plan", args=[notice.plan_id])
    if about.get("begun"):
        return reverse("grids:unit", args=[about["begun"][0]])
    return reverse("landing")
