"""A redraw is published, foreseen or taken back: places, people, incidents and orders in one transaction.

Only here do the floors meet. `impact` makes the same computation as `publish` and writes nothing, so that its numbers
are those a publication has. Reports wait for a publication in their district (`grids.selectors.grid_at`), so that none
of them lands in a grid that just ended.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from dispatch import redrawn as dispatch_redrawn
from dispatch import watch
from dispatch.redrawn import Rehomed
from grids import approvals, draft_log, enactments, permissions, plans, redraws, returns, selectors
from grids.duties import Right
from grids.models import Person, Plan, PlanStatus
from grids.redraws import Redraw
from grids.refusals import BoundaryRefused
from grids.reposting import Reposting
from incidents import rehoming
from incidents.rehoming import Redrawn

# How long a publication waits for its lock, and how far the clocks of two machines are apart, at most.
AT_MOST_WAITED = timedelta(minutes=5)

# What a plan did, in the order in which it is told.
NUMBERS = (
    "grids_before", "grids_after", "codes_issued", "codes_revived", "codes_retired", "grids_reshaped",
    "households_moved", "posts_begun", "posts_ended",
    "incidents_open", "incidents_other_grid", "incidents_other_village", "incidents_taken_over",
    "incidents_other_officer",
)  # fmt: skip


@dataclass(frozen=True)
class Impact:
    """What publishing a plan would do now. `refusals`: why it would be refused; empty if nothing stands against it."""

    redraw: Redraw
    rehomed: Rehomed
    numbers: Mapping[str, int | None]
    refusals: Sequence[str]


def impact(*, plan: Plan, now: datetime) -> Impact:
    """What publishing `plan` at `now` would do; nothing is written or locked."""
    redraw = redraws.foresee(plan=plan, now=now)
    rehomed = dispatch_redrawn.foreseen(rehoming.foresee(_ground(redraw)))
    lying = rehoming.open_by_place(redraw.before)
    before = selectors.primary_officers(redraw.before, now)
    after = _officers_after(before, redraw.reposting)
    officers = _other_officers(_flows(redraw, rehomed, lying), before, after)
    refusals = [*redraw.refusals, *redraw.reposting.refusals]
    return Impact(redraw, rehomed, _numbers(redraw, rehomed, lying, officers), refusals)


@transaction.atomic
def publish(*, plan_id: int, actor: Person | None, now: datetime) -> Plan:
    """The approved plan in force from now on, with all that follows. `actor` None: at the moment its approver set.

    Raises BoundaryRefused for a plan that is not approved, is stale or fails the proof, HierarchyRefused, PostRefused,
    PermissionDenied; then nothing was written.
    """
    scope = Plan.objects.values_list("scope", flat=True).get(pk=plan_id)
    if actor is not None:
        permissions.require(actor, Right.ADMINISTER, scope, now=now)
    plans.lock(scope)
    plan = Plan.objects.select_for_update(of=("self",)).get(pk=plan_id)
    if plan.status == PlanStatus.PUBLISHED:
        raise BoundaryRefused(_("This plan is published already."), code="plan_published")
    if plan.status != PlanStatus.APPROVED:
        raise BoundaryRefused(_("Only an approved plan is published."), code="plan_not_approved")
    if actor is None and (plan.publish_at is None or plan.publish_at > now):
        raise BoundaryRefused(_("Its moment has not come."), code="plan_not_due")
    approvals.refuse_changed(plan)
    return _carry_out(plan, actor, _moment(now))


@transaction.atomic
def roll_back(*, plan_id: int, actor: Person, reason: str, now: datetime) -> Plan:
    """The plan taken back by another one, published at once: shapes, codes and posts as they were before it.

    Open incidents follow their points again; what became of them since stays. Raises BoundaryRefused where another
    plan was published since or nothing was published before, PermissionDenied, PostRefused.
    """
    plan = Plan.objects.select_related("base").get(pk=plan_id)
    permissions.require(actor, Right.ADMINISTER, plan.scope_id, now=now)
    if not reason.strip():
        raise BoundaryRefused(_("Say why the plan is taken back."), code="reason_missing")
    plans.lock(plan.scope_id)
    at = _moment(now)
    title = _("Taken back: %(title)s") % {"title": plan.title}
    back = returns.draft(plan=plan, title=title, reason=reason.strip(), now=at, actor=actor)
    return _carry_out(back, actor, at)


def _moment(now: datetime) -> datetime:
    """From when on it holds: the database's clock, by which grids are found, once the lock is had; never later than it.

    `now` was asked before the lock was waited for, maybe by another clock; one from another time is believed.
    """
    clock = watch.database_now()
    return clock if abs(clock - now) < AT_MOST_WAITED else min(now, clock)


def _carry_out(plan: Plan, actor: Person | None, at: datetime) -> Plan:
    redraw = redraws.foresee(plan=plan, now=at)
    redraw.refuse()
    ground = _ground(redraw)
    # Incidents are locked before units, as everybody locks them.
    moving = rehoming.locked(rehoming.foresee(ground))
    before, lying = selectors.primary_officers(redraw.before, at), rehoming.open_by_place(redraw.before)
    done = enactments.carry_out(redraw, at=at, actor=actor)
    rehomed = dispatch_redrawn.carry_out(redrawn=ground, moving=moving, plan_id=plan.pk, now=at)
    after = selectors.primary_officers(redraw.after, at)
    officers = _other_officers(_flows(redraw, rehomed, lying), before, after)
    plan.effect = {**done, "numbers": _numbers(redraw, rehomed, lying, officers)}
    plan.effect["people_told"] = dispatch_redrawn.tell(
        plan=plan,
        rehomed=rehomed,
        officers={person: count for person, count in officers.items() if person is not None},
        posts=_posts_by_person(redraw.reposting),
        actor=actor,
        now=at,
    )
    plan.publish_fault, plan.held_by, plan.held_until = "", None, None
    draft_log.record(plan=plan, kind="publish", now=at, actor=actor)
    plan.save(update_fields=["effect", "publish_fault", "held_by", "held_until", "revision"])
    return plan


def _ground(redraw: Redraw) -> Redrawn:
    return Redrawn(
        before=redraw.changed_before,
        after=redraw.changed_after,
        ended=frozenset(redraw.retired),
        heirs=redraw.heirs,
        back=redraw.plan.rolls_back_id,
        beside=frozenset(redraw.before) - redraw.changed_before if redraw.plan.rolls_back_id else frozenset(),
    )


def _officers_after(before: Mapping[str, int], reposting: Reposting) -> dict[str, int]:
    """The primary officer of each grid once the posts have changed as foreseen."""
    after = dict(before)
    for post in reposting.ended:
        if post.is_primary:
            after.pop(post.unit_id, None)
    return after | {order.unit: order.person for order in reposting.begun if order.is_primary}


def _flows(redraw: Redraw, rehomed: Rehomed, lying: Mapping[str, int]) -> dict[tuple[str, str], int]:
    """How many open incidents of the scope lie in which grid before and after. `lying`: in each before."""
    flows = {(code, code): count for code, count in lying.items()}
    for one in rehomed.moved:
        flows[one.old, one.old] -= 1
        flows[one.old, one.new] = flows.get((one.old, one.new), 0) + 1
    return flows


def _other_officers(
    flows: Mapping[tuple[str, str], int], before: Mapping[str, int], after: Mapping[str, int]
) -> dict[int | None, int]:
    """How many open incidents come to each officer who did not have them before; None stands for a vacant grid."""
    found: dict[int | None, int] = {}
    for (old, new), count in flows.items():
        officer = after.get(new)
        if count and officer != before.get(old):
            found[officer] = found.get(officer, 0) + count
    return found


def _numbers(
    redraw: Redraw, rehomed: Rehomed, lying: Mapping[str, int], officers: Mapping[int | None, int]
) -> dict[str, int | None]:
    open_ = {"incidents_open": sum(lying.values()), "incidents_other_officer": sum(officers.values())}
    return {**redraw.numbers(), **rehomed.numbers(), **open_}


def _posts_by_person(reposting: Reposting) -> dict[int, dict[str, list[str]]]:
    """Which grids people gain and lose."""
    found: dict[int, dict[str, list[str]]] = defaultdict(lambda: {"begun": [], "ended": []})
    for order in reposting.begun:
        found[order.person]["begun"].append(order.unit)
    for post in reposting.ended:
        found[post.person_id]["ended"].append(post.unit_id)
    return dict(found)


def effect_of(plan: Plan) -> dict[str, Any]:
    """What a publication did, by the names of `NUMBERS`; empty for a plan that came before numbers were kept."""
    return dict((plan.effect or {}).get("numbers", {}))
