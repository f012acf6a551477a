"""From draft to approved: proven by two methods and complete, then approved by somebody who did not draw it last."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from django.db import transaction
from django.db.models import BigIntegerField, F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from grids import coverage, draft_checks, draft_log, draft_rows, house, lattice, permissions
from grids.draft_checks import PlanFault
from grids.draft_edits import locked, reopened
from grids.draft_rows import Row, shapes_of
from grids.duties import Right
from grids.holds import PlanConflict, refuse_finished
from grids.levels import CODE_LENGTHS, UnitKind, kind_of_code
from grids.models import Person, Plan, PlanOperation, PlanStatus
from grids.refusals import BoundaryRefused
from grids.subtrees import within

# At these stand the heads whose word a plan needs.
APPROVING = frozenset({UnitKind.DISTRICT, UnitKind.TOWN})


@dataclass(frozen=True)
class Verdict:
    """What proving came to: the plan, proven if nothing was found."""

    plan: Plan
    faults: list[PlanFault]

    @property
    def holds(self) -> bool:
        return not self.faults


@transaction.atomic
def prove(*, plan_id: int, actor: Person, now: datetime) -> Verdict:
    """Prove a draft: it tiles its frame by two methods that agree, and says all it must.

    Raises PermissionDenied, PlanConflict "not_draft", Plan.DoesNotExist.
    """
    plan = locked(plan_id)
    permissions.require(actor, Right.ADMINISTER, plan.scope_id, now=now)
    refuse_finished(plan)
    if plan.status == PlanStatus.APPROVED:
        raise PlanConflict(_("This plan is approved already."), code="not_draft")
    rows = draft_rows.read(plan.pk)
    found = draft_checks.faults(plan, rows)
    if found:
        return Verdict(plan, found)
    plan.certificate = _certificate(plan, rows, now)
    is_new, plan.status = plan.status != PlanStatus.PROVEN, PlanStatus.PROVEN
    counts = plan.certificate["pockets"]
    said = {"areas": len(rows), "before": counts["before"], "pockets": counts["after"]}
    draft_log.record(plan=plan, kind="prove", now=now, actor=actor, said=said)
    plan.save(update_fields=["status", "certificate", "revision"])
    if is_new:
        house.note_plan("plan_proven", plan, actor=actor, now=now)
    return Verdict(plan, [])


def _certificate(plan: Plan, rows: dict[int, Row], now: datetime) -> dict[str, Any]:
    assert plan.frame is not None, "a plan that is drawn has a frame"
    frame = lattice.from_db(plan.frame)
    proof = coverage.prove_twice(shapes_of(rows), frame)
    if not proof.holds:
        # No fault was found and yet it does not tile: a fault of the program, never to be glossed over.
        raise BoundaryRefused(_("The proof does not hold although no fault was found."), code="plan_not_proven")
    return {
        "checker": " + ".join(proof.methods),
        "proven_at": now.isoformat(),
        "revision": plan.revision,
        "grids": len(rows),
        "segments": proof.by_segments.segments,
        "area_m2": round(lattice.square_metres(frame)),
        "digest": digest(rows),
        "frame_digest": hashlib.sha256(shapely.to_wkb(frame, byte_order=1, output_dimension=2)).hexdigest(),
        "in_several_parts": sorted(row.key for row in rows.values() if row.parts > 1),
        "pockets": {"before": pockets_before(plan), "after": 0, "decided": draft_log.decided(plan).count()},
        "libraries": {"shapely": shapely.__version__, "geos": shapely.geos_version_string, "numpy": np.__version__},
    }


def digest(rows: dict[int, Row]) -> str:
    """sha256 over everything a plan says of its areas, by number: one bit off, and it is another plan."""
    lines = []
    for key in sorted(rows):
        stored = rows[key].stored()
        lines.append("|".join(f"{name}={stored[name]}" for name in sorted(stored)))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def pockets_before(plan: Plan) -> int:
    """How many pockets there were when the plan was begun."""
    first = PlanOperation.objects.filter(plan=plan).order_by("revision").values_list("after", flat=True).first()
    return int((first or {}).get("faults", {}).get("pocket", 0))


def approver_of(scope: str) -> str:
    """The unit whose head approves plans for `scope`: its town, or the district itself."""
    return scope[: CODE_LENGTHS[UnitKind.TOWN]]


def may_approve(person: Person, plan: Plan, *, now: datetime) -> bool:
    """Whether the person may approve plans of this scope and did not draw this one last."""
    allowed = permissions.allows(person, Right.APPROVE_PLAN, approver_of(plan.scope_id), now=now)
    return allowed and draft_log.last_editor(plan) != person.pk


def waiting_for(person: Person, units: Iterable[str]) -> "QuerySet[Plan]":
    """The proven plans somebody may approve who has that right at these units: never one they drew last."""
    codes = [code for code in units if kind_of_code(code) in APPROVING]
    proven = Plan.objects.filter(within(codes, "scope"), status=PlanStatus.PROVEN)
    drawn = proven.alias(drawer=Coalesce(draft_log.LAST_EDITOR, F("created_by"), output_field=BigIntegerField()))
    return drawn.filter(Q(drawer__isnull=True) | ~Q(drawer=person.pk))


@transaction.atomic
def approve(*, plan_id: int, actor: Person, now: datetime, reason: str, publish_at: datetime | None = None) -> Plan:
    """Approve a proven plan; it publishes itself at `publish_at`, or when somebody presses (None).

    Raises PermissionDenied for who may not, or drew last; PlanConflict unless proven; BoundaryRefused without a
    reason, for a moment that is past, or for areas that are not those that were proven.
    """
    plan = locked(plan_id)
    permissions.require(actor, Right.APPROVE_PLAN, approver_of(plan.scope_id), now=now)
    if plan.status != PlanStatus.PROVEN:
        raise PlanConflict(_("Only a proven plan is approved."), code="not_proven")
    if draft_log.last_editor(plan) == actor.pk:
        raise BoundaryRefused(_("Who drew a plan last does not approve it."), code="own_plan")
    if not reason.strip():
        raise BoundaryRefused(_("Say why the ground is redrawn."), code="reason_missing")
    if publish_at is not None and publish_at <= now:
        raise BoundaryRefused(_("The moment of publication is past."), code="plan_in_the_past")
    refuse_changed(plan)
    plan.status, plan.approved_at, plan.approved_by = PlanStatus.APPROVED, now, actor
    plan.publish_at, plan.publish_fault = publish_at, ""
    plan.reason = plan.reason or reason.strip()
    plan.held_by = plan.held_until = None
    moment = publish_at.isoformat() if publish_at else None
    draft_log.record(
        plan=plan, kind="approve", now=now, actor=actor, said={"why": reason.strip()}, args={"publish_at": moment}
    )
    plan.save()
    house.note_plan("plan_approved", plan, actor=actor, now=now)
    return plan


def refuse_changed(plan: Plan) -> None:
    """Raises BoundaryRefused if the areas are not those the certificate was given for."""
    if (plan.certificate or {}).get("digest") != digest(draft_rows.read(plan.pk)):
        raise BoundaryRefused(_("The areas are not those that were proven: prove again."), code="plan_changed")


@transaction.atomic
def take_back(*, plan_id: int, actor: Person, now: datetime, reason: str) -> Plan:
    """A proven or approved plan made a draft again by who draws it or may approve it. Raises PermissionDenied."""
    plan = locked(plan_id)
    if not permissions.allows(actor, Right.APPROVE_PLAN, approver_of(plan.scope_id), now=now):
        permissions.require(actor, Right.ADMINISTER, plan.scope_id, now=now)
    if plan.status not in (PlanStatus.PROVEN, PlanStatus.APPROVED):
        raise PlanConflict(_("Only a proven or approved plan is taken back."), code="not_proven")
    if not reason.strip():
        raise BoundaryRefused(_("Say why it goes back."), code="reason_missing")
    reopened(plan, actor=actor, now=now)
    draft_log.record(plan=plan, kind="take_back", now=now, actor=actor, said={"why": reason.strip()})
    plan.save()
    return plan


@transaction.atomic
def reschedule(*, plan_id: int, actor: Person, now: datetime, publish_at: datetime | None) -> Plan:
    """Let an approved plan publish itself at another moment, or when somebody presses (None).

    Raises PermissionDenied, PlanConflict unless approved, BoundaryRefused for a moment that is past.
    """
    plan = locked(plan_id)
    permissions.require(actor, Right.ADMINISTER, plan.scope_id, now=now)
    if plan.status != PlanStatus.APPROVED:
        raise PlanConflict(_("Only an approved plan is published."), code="not_approved")
    if publish_at is not None and publish_at <= now:
        raise BoundaryRefused(_("The moment of publication is past."), code="plan_in_the_past")
    plan.publish_at, plan.publish_fault = publish_at, ""
    moment = publish_at.isoformat() if publish_at else None
    said = {"when": timezone.localtime(publish_at).strftime("%Y-%m-%d %H:%M") if publish_at else "—"}
    draft_log.record(plan=plan, kind="schedule", now=now, actor=actor, said=said, args={"publish_at": moment})
    plan.save(update_fields=["publish_at", "publish_fault", "revision"])
    return plan
