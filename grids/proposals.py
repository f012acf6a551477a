"""Proposals for a plan: asked for by people, found by a worker, kept with their seed, taken over by an edit.

A row is the truth: who asked may leave and find it again. A worker holds an advisory lock of PostgreSQL while it looks
for one; if it dies, the lock goes with it and the next look begins anew.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from django.db import connection, transaction
from django.utils.translation import gettext as _
from shapely.geometry.base import BaseGeometry

from grids import draft_rows, holds, partition, permissions, proposal_ground
from grids.duties import Right
from grids.models import Person, Plan, Proposal, ProposalState
from grids.partition import drawing, network
from grids.refusals import BoundaryRefused

log = logging.getLogger(__name__)

FOLLOW = tuple(network.FOLLOW)
# So many proposals a plan may have, and so many may be asked for at once.
MOST, MOST_AT_ONCE = 30, 6
SMALLEST_TARGET, LARGEST_TARGET = 5, 100_000
_TRIES = 3
_LOCK_CLASS = 0x6770  # "gp": the first half of PostgreSQL's two-part advisory lock


@dataclass(frozen=True)
class Wanted:
    """What somebody asks for: households per grid, tolerance in percent, how much borders follow roads."""

    target: int
    tolerance: int = 20
    follow: str = "usual"
    grids: int | None = None


@dataclass(frozen=True)
class ProposedArea:
    """One grid of a proposal: its area on the lattice, the code of its village, the households counted in it."""

    shape: BaseGeometry
    village: str
    households: int


@transaction.atomic
def ask(*, plan: Plan, wanted: Wanted, seeds: Sequence[int], actor: Person, now: datetime) -> list[Proposal]:
    """A waiting proposal for each seed. Call `grids.tasks.wake` after the commit.

    Raises PermissionDenied if `actor` may not draw here, PlanConflict for a plan that is published or discarded,
    BoundaryRefused for wishes that mean nothing or too many proposals.
    """
    permissions.require(actor, Right.ADMINISTER, plan.scope_id, now=now)
    plan = Plan.objects.select_for_update(of=("self",)).get(pk=plan.pk)
    holds.refuse_finished(plan)
    _refuse_nonsense(wanted, seeds)
    if plan.proposals.count() + len(seeds) > MOST:
        raise BoundaryRefused(
            _("A plan keeps %(most)d proposals at most: remove some first.") % {"most": MOST}, code="proposals_too_many"
        )
    parameters = {
        "target": wanted.target,
        "tolerance": wanted.tolerance,
        "follow": wanted.follow,
        "grids": wanted.grids,
    }
    return Proposal.objects.bulk_create(
        Proposal(plan=plan, seed=seed, parameters=parameters, created_at=now, created_by=actor) for seed in seeds
    )


def _refuse_nonsense(wanted: Wanted, seeds: Sequence[int]) -> None:
    if not SMALLEST_TARGET <= wanted.target <= LARGEST_TARGET:
        words = {"least": SMALLEST_TARGET, "most": LARGEST_TARGET}
        raise BoundaryRefused(_("A grid has from %(least)d to %(most)d households.") % words, code="target")
    if not 1 <= wanted.tolerance <= 100:
        raise BoundaryRefused(_("The tolerance lies between 1 and 100 percent."), code="tolerance")
    if wanted.follow not in FOLLOW or not 1 <= len(seeds) <= MOST_AT_ONCE:
        raise BoundaryRefused(_("That cannot be asked for."), code="wishes")


def next_seeds(plan: Plan, count: int) -> list[int]:
    """`count` numbers the plan's proposals have not begun from yet."""
    highest = max(plan.proposals.values_list("seed", flat=True), default=0)
    return [highest + 1 + number for number in range(count)]


@transaction.atomic
def remove(*, proposal: Proposal, actor: Person, now: datetime) -> None:
    """Forget a proposal, at any state; what was begun from it stays."""
    permissions.require(actor, Right.ADMINISTER, proposal.plan.scope_id, now=now)
    proposal.delete()


def areas_of(proposal: Proposal) -> list[ProposedArea]:
    """The grids of a proposal that is ready, from village to village, west to east and north to south."""
    shapes = shapely.from_wkb(np.array([area["wkb"] for area in proposal.result], dtype=object))
    return [
        ProposedArea(shape, area["village"], int(area["households"]))
        for shape, area in zip(shapes, proposal.result, strict=True)
    ]


def frame_of(areas: Sequence[ProposedArea]) -> BaseGeometry:
    """The outline of all areas: the plan's, with a vertex more wherever a new border ends on it."""
    frame: BaseGeometry = shapely.coverage_union_all([area.shape for area in areas])
    return frame


def work_on_all(*, now: Callable[[], datetime], enough: Callable[[], bool] = lambda: False) -> int:
    """Find all proposals that wait or that a dead worker left, one after the other; how many were ended."""
    done = 0
    open_ = Proposal.objects.filter(state__in=[ProposalState.WAITING, ProposalState.RUNNING])
    for pk in list(open_.order_by("id").values_list("pk", flat=True)):
        if enough():
            break
        done += _work_alone(pk, now)
    return done


def _work_alone(pk: int, now: Callable[[], datetime]) -> bool:
    """Find one proposal unless another process is about it."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s, %s)", [_LOCK_CLASS, pk])
        if not cursor.fetchone()[0]:
            return False
    try:
        proposal = Proposal.objects.select_related("plan").filter(pk=pk).first()
        if proposal is None or proposal.state not in (ProposalState.WAITING, ProposalState.RUNNING):
            return False
        work(proposal=proposal, now=now)
        return True
    finally:
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_unlock(%s, %s)", [_LOCK_CLASS, pk])


def work(*, proposal: Proposal, now: Callable[[], datetime]) -> None:
    """Find the proposal: it is ready or failed afterwards, and says why."""
    tries = int(proposal.parameters.get("tries", 0)) + 1
    if tries > _TRIES:
        _end(proposal, now=now, fault=_("The worker ended %(count)d times before it was found.") % {"count": _TRIES})
        return
    parameters = {**proposal.parameters, "tries": tries, "method": partition.METHOD, "libraries": _libraries()}
    proposal.parameters = {**parameters, "revision": proposal.plan.revision}
    proposal.state, proposal.progress = ProposalState.RUNNING, 0
    proposal.save(update_fields=["parameters", "state", "progress"])
    try:
        result, figures = found(proposal)
    except partition.NotATiling:
        _end(proposal, now=now, fault=_("The grids found do not tile the outline: another seed may do better."))
    except Exception as error:
        log.exception("proposal %d failed", proposal.pk)
        _end(proposal, now=now, fault=_("An error stopped it (%(kind)s).") % {"kind": type(error).__name__})
    else:
        _end(proposal, now=now, result=result, figures=figures)


def found(proposal: Proposal) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The areas and the figures of a proposal, as they are stored."""
    plan_ground = proposal_ground.of_plan(proposal.plan)
    given = proposal.parameters
    wishes = partition.Wishes(
        target=given["target"],
        tolerance=given["tolerance"] / 100,
        follow=given["follow"],
        grids=given["grids"],
        counts=plan_ground.counts,
        single=frozenset(plan_ground.kept),
    )
    division = partition.divide(plan_ground.ground, wishes, seed=proposal.seed, told=_teller(proposal))
    shapes = [draft_rows.many(area.shape) for area in division.areas]
    result = [
        {
            "wkb": shapely.to_wkb(shape, hex=True, byte_order=1, output_dimension=2),
            "village": proposal_ground.village_of(area.region),
            "households": area.households,
            "kept": plan_ground.kept.get(area.region),
        }
        for shape, area in zip(shapes, division.areas, strict=True)
    ]
    by_area = sorted(set(division.figures["by_area"]) - plan_ground.kept.keys())
    judged = [None if area["kept"] or area["village"] in by_area else area["households"] for area in result]
    deviations = [None if number is None else round(number / given["target"] - 1, 3) for number in judged]
    picture = drawing.drawn(shapes, [area["village"] for area in result]) | {"deviations": deviations}
    return result, division.figures | {"by_area": by_area, "spread": plan_ground.spread, "drawing": picture}


def _teller(proposal: Proposal) -> Callable[[int], None]:
    def told(percent: int) -> None:
        if percent > proposal.progress:
            proposal.progress = percent
            Proposal.objects.filter(pk=proposal.pk).update(progress=percent)

    return told


def _end(
    proposal: Proposal,
    *,
    now: Callable[[], datetime],
    fault: str = "",
    result: list[dict[str, Any]] | None = None,
    figures: dict[str, Any] | None = None,
) -> None:
    """Write the end; a proposal that was removed meanwhile stays removed."""
    Proposal.objects.filter(pk=proposal.pk).update(
        state=ProposalState.FAILED if fault else ProposalState.READY,
        fault=fault,
        progress=proposal.progress if fault else 100,
        result=result or [],
        figures=figures or {},
        finished_at=now(),
    )


def _libraries() -> dict[str, str]:
    return {"shapely": shapely.__version__, "geos": shapely.geos_version_string, "numpy": np.__version__}
