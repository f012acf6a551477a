"""Edits of a plan: one operation in one transaction, on the areas around it, with what takes it back byte for byte."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import shapely
from django.db import transaction
from django.utils.translation import gettext as _
from shapely.geometry.base import BaseGeometry

from grids import (
    draft_kinds,
    draft_log,
    draft_painting,
    draft_particulars,
    draft_proposals,
    draft_rows,
    holds,
    house,
    households,
    lattice,
    permissions,
)
from grids.coverage import EditRefused
from grids.draft_context import Change, Draft
from grids.draft_log import EDITS
from grids.draft_rows import Row, hexed, many, restored
from grids.duties import Right
from grids.holds import PlanConflict
from grids.levels import district_of
from grids.models import Person, Plan, PlanOperation, PlanStatus

_KINDS: dict[str, Any] = {
    **draft_kinds.KINDS, **draft_particulars.KINDS, **draft_painting.KINDS, **draft_proposals.KINDS,
}  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """An edit that was made: the plan after it, the areas that changed and that went, the frame if it got corners."""

    plan: Plan
    changed: dict[int, Row]
    removed: frozenset[int]
    frame: BaseGeometry | None
    step: PlanOperation
    # The areas as they were around the place, where these were looked at.
    around: dict[int, BaseGeometry] = field(default_factory=dict)


@transaction.atomic
def operate(*, plan_id: int, seen: int, kind: str, args: Mapping[str, Any], actor: Person, now: datetime) -> Outcome:
    """Make one edit on the revision `seen` of a plan; `undo` and `redo` are edits too.

    A proven or approved plan becomes a draft again. Raises PermissionDenied, PlanConflict (stale, held, not_draft),
    EditRefused, Plan.DoesNotExist.
    """
    plan = locked(plan_id)
    permissions.require(actor, Right.ADMINISTER, plan.scope_id, now=now)
    holds.refuse_finished(plan)
    holds.take(plan, actor=actor, now=now)
    _refuse_stale(plan, seen, actor)
    if kind in ("undo", "redo"):
        return _step(plan, kind, actor=actor, now=now)
    if kind not in _KINDS:
        raise EditRefused("bad_arguments", _("There is no such edit."))
    draft = Draft(plan)
    change: Change = _KINDS[kind](draft, args)
    before = {key: draft.rows[key] for key in {*change.rows, *change.removed} if key in draft.rows}
    rows = _weighed(draft, change, before)
    if "ended" not in change.said and not change.removed and change.frame is None and rows == before:
        raise EditRefused("nothing", _("This changes nothing."))
    done = _made(plan, kind, args, change, rows, before, actor=actor, now=now)
    return replace(done, around={key: row.shape for key, row in draft.rows.items()})


def locked(plan_id: int) -> Plan:
    """The plan, for this transaction alone. Raises Plan.DoesNotExist.

    Who holds it is read afterwards: a row joined to one that had to be waited for is that of before the wait.
    """
    return Plan.objects.select_for_update(of=("self",)).select_related("scope").get(pk=plan_id)


def _weighed(draft: Draft, change: Change, before: Mapping[int, Row]) -> dict[int, Row]:
    """The rows of a change with their households counted."""
    rows = dict(change.rows)
    if change.recount:
        around = {key: row.shape for key, row in draft.rows.items() if key not in rows and key not in change.removed}
        around |= {key: row.shape for key, row in rows.items() if key not in change.recount}
        counted = {key: rows[key] for key in change.recount}
        involved = {key: row for key, row in before.items() if key in change.recount or key in change.removed}
        district = district_of(draft.plan.scope_id)
        rows |= households.recounted(counted, involved, around, district=district)
    return change.finish(rows) if change.finish else rows


def _made(
    plan: Plan,
    kind: str,
    args: Mapping[str, Any],
    change: Change,
    rows: dict[int, Row],
    before: Mapping[int, Row],
    *,
    actor: Person,
    now: datetime,
) -> Outcome:
    old: dict[str, Any] = {"areas": {str(key): row.stored() for key, row in before.items()}}
    new: dict[str, Any] = {"areas": {str(key): row.stored() for key, row in rows.items()}}
    old["areas"] |= {str(key): None for key in rows if key not in before}
    new["areas"] |= {str(key): None for key in change.removed}
    frame = many(change.frame) if change.frame is not None else None
    if frame is not None:
        assert plan.frame is not None, "a plan that is drawn has a frame"
        old["frame"], new["frame"] = hexed(lattice.from_db(plan.frame)), hexed(frame)
    draft_rows.write(plan.pk, rows.values(), change.removed)
    step = draft_log.record(
        plan=plan, kind=kind, now=now, actor=actor, args=dict(args), said=change.said, before=old, after=new
    )
    _save(plan, frame, actor, now)
    return Outcome(plan, rows, change.removed, frame, step)


def _step(plan: Plan, kind: str, *, actor: Person, now: datetime) -> Outcome:
    """Take back the last edit that stands, or do again the one that was taken back last."""
    steps = draft_log.steps(plan)
    wanted_step = steps.undo if kind == "undo" else steps.redo
    if wanted_step is None:
        nothing = _("There is nothing to undo.") if kind == "undo" else _("There is nothing to do again.")
        raise EditRefused("nothing", nothing)
    found = PlanOperation.objects.get(pk=wanted_step.pk)
    wanted = found.before if kind == "undo" else found.after
    rows = {int(key): restored(row) for key, row in wanted.get("areas", {}).items() if row}
    removed = frozenset(int(key) for key, row in wanted.get("areas", {}).items() if not row)
    frame = shapely.from_wkb(wanted["frame"]) if "frame" in wanted else None
    draft_rows.write(plan.pk, rows.values(), removed)
    found.is_undone = kind == "undo"
    found.save(update_fields=["is_undone"])
    said = {**found.args.get("said", {}), "kind": found.kind}
    step = draft_log.record(plan=plan, kind=kind, now=now, actor=actor, said=said, of=found)
    _save(plan, frame, actor, now)
    return Outcome(plan, rows, removed, frame, step)


def _save(plan: Plan, frame: BaseGeometry | None, actor: Person, now: datetime) -> None:
    """What an edit leaves on the plan: its revision, the lease, and that it is a draft again."""
    fields = ["revision", "last_key", "held_by", "held_until"]
    if frame is not None:
        plan.frame = lattice.to_db(frame)
        fields.append("frame")
    if plan.status != PlanStatus.DRAFT:
        fields += reopened(plan, actor=actor, now=now)
    plan.save(update_fields=fields)


def reopened(plan: Plan, *, actor: Person, now: datetime) -> list[str]:
    """Make a proven or approved plan a draft again: certificate and approval are gone. The fields that changed.

    Who drew it and who approved it hear of it.
    """
    house.note_plan("plan_sent_back", plan, actor=actor, now=now)
    plan.status, plan.certificate = PlanStatus.DRAFT, None
    plan.approved_at = plan.approved_by = plan.publish_at = None
    plan.publish_fault = ""
    return ["status", "certificate", "approved_at", "approved_by", "publish_at", "publish_fault"]


def _refuse_stale(plan: Plan, seen: int, actor: Person) -> None:
    if seen == plan.revision:
        return
    later = draft_log.since(plan, seen)
    if seen > plan.revision or later:
        happened = [
            {
                "revision": step.revision,
                "kind": step.kind,
                "words": draft_log.in_words(step),
                "mine": step.actor_id == actor.pk,
                "by": (step.actor.full_name or step.actor.username) if step.actor else "",
                "at": step.at.isoformat(),
            }
            for step in later
        ]
        raise PlanConflict(
            _("The plan has been changed since: load it again."), code="stale", revision=plan.revision, since=happened
        )


__all__ = ["EDITS", "Outcome", "locked", "operate", "reopened"]
