"""The JSON addresses of the drawing page: the plan as it stands, one edit at a time, faults, balance, log, ground."""

from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_POST, require_safe

from governance.studio import fault_counts, open_incidents, wire
from governance.studio.access import body_of, drawn_plan, may, says_why, seen_plan
from grids import (
    approvals,
    balance,
    directory,
    draft_checks,
    draft_edits,
    draft_log,
    draft_rows,
    drafts,
    lattice,
    plans,
)
from grids.coverage import EditRefused
from grids.draft_rows import shapes_of
from grids.holds import FINISHED
from grids.levels import district_of
from grids.models import Person, Plan, PlanStatus
from grids.requests import PersonRequest

LOG_PAGE = 50


def answer(body: Any) -> HttpResponse:
    response = HttpResponse(wire.compact(body), content_type="application/json")
    response["Cache-Control"] = "private, no-store"
    return response


def _progress(plan: Plan, person: Person, now: datetime) -> dict[str, Any]:
    """What every answer says of the plan."""
    steps = draft_log.steps(plan)
    return {
        "revision": plan.revision,
        "status": plan.status,
        "hold": wire.hold(plan, person, now=now),
        "totals": {**balance.totals(plan), "faults": None},
        "steps": steps.words(),
        "can_undo": steps.undo is not None,
        "can_redo": steps.redo is not None,
    }


@require_safe
@login_required
@gzip_page
@says_why
def state(request: PersonRequest, pk: int) -> HttpResponse:
    """The whole plan as it stands."""
    now = timezone.now()
    plan = seen_plan(request, pk, now=now)
    rows = draft_rows.read(plan.pk)
    officers = balance.officers(rows.values())
    open_ = open_incidents.by_area(plan.scope_id, shapes_of(rows))
    scope = {"code": plan.scope_id, "name": plan.scope.name, "kind": plan.scope.kind}
    body = _progress(plan, request.user, now) | {
        "title": plan.title,
        **_allowed(plan, request.user, now),
        "target": plan.target_households,
        "tolerance": plan.tolerance_percent,
        "frame": wire.coords(lattice.from_db(plan.frame)) if plan.frame else [],
        "scope": scope,
        "villages": wire.villages(plan),
        "certificate": plan.certificate,
        "areas": [wire.area(row, plan, officers, open_) for row in rows.values()],
    }
    return answer(body)


@require_safe
@login_required
@says_why
def standing(request: PersonRequest, pk: int) -> HttpResponse:
    """What may change under an open page, whoever changes it; asked every few seconds, so without any area."""
    now = timezone.now()
    plan = seen_plan(request, pk, now=now, without=("frame", "certificate"))
    return answer(
        {
            "revision": plan.revision,
            "status": plan.status,
            "hold": wire.hold(plan, request.user, now=now),
            **_allowed(plan, request.user, now),
        }
    )


def _allowed(plan: Plan, person: Person, now: datetime) -> dict[str, Any]:
    return {
        "stale": plan.status not in FINISHED and plans.is_stale(plan),
        "may": may(person, plan, now=now).wire(),
    }


@require_POST
@login_required
@gzip_page
@says_why
def operate(request: PersonRequest, pk: int) -> HttpResponse:
    """One edit; the answer holds the areas that changed and nothing else."""
    now = timezone.now()
    try:
        seen, kind, args = _edit_of(request)
        done = draft_edits.operate(plan_id=pk, seen=seen, kind=kind, args=args, actor=request.user, now=now)
    except (PermissionDenied, Plan.DoesNotExist, EditRefused):
        # Who may not draw hears that first, and who may not read hears nothing.
        drawn_plan(request, pk, now=now)
        raise
    plan = done.plan
    officers = balance.officers(done.changed.values())
    open_ = _open_of(plan, done)
    body = _progress(plan, request.user, now) | {
        "changed": [wire.area(row, plan, officers, open_) for row in done.changed.values()],
        "removed": sorted(done.removed),
        "frame": wire.coords(done.frame) if done.frame is not None else None,
        "faults": None,
        "step": wire.step(done.step),
    }
    return answer(body)


def _edit_of(request: PersonRequest) -> tuple[int, str, dict[str, Any]]:
    """The revision, the kind and the arguments that were sent."""
    sent = body_of(request)
    seen, kind, args = sent.get("revision"), sent.get("kind"), sent.get("args") or {}
    if not isinstance(seen, int) or isinstance(seen, bool) or not isinstance(kind, str) or not isinstance(args, dict):
        raise EditRefused("bad_arguments", _("An edit has a revision, a kind and arguments."))
    return seen, kind, args


def _open_of(plan: Plan, done: draft_edits.Outcome) -> dict[int, int]:
    shapes = {key: row.shape for key, row in done.changed.items()}
    around = {key: shape for key, shape in done.around.items() if key not in shapes and key not in done.removed}
    return open_incidents.by_area(plan.scope_id, {**around, **shapes}, frozenset(shapes))


@require_safe
@login_required
@gzip_page
@says_why
def faults(request: PersonRequest, pk: int) -> HttpResponse:
    """Everything that keeps the plan from being proven; nothing for one that was published."""
    plan = seen_plan(request, pk, now=timezone.now())
    found = draft_checks.faults(plan) if plan.status != PlanStatus.PUBLISHED else []
    fault_counts.keep(plan, len(found))
    return answer(
        {"revision": plan.revision, "faults": [wire.fault(one) for one in found], "counts": wire.counts(found)}
    )


@require_safe
@login_required
@gzip_page
@says_why
def balance_table(request: PersonRequest, pk: int) -> HttpResponse:
    """Every area against the target, the farthest off first."""
    plan = seen_plan(request, pk, now=timezone.now())
    rows = draft_rows.read(plan.pk)
    officers = balance.officers(rows.values())
    lines = balance.lines(plan, rows.values())
    listed = []
    for line in lines:
        whole = wire.area(line.row, plan, officers, None)
        listed.append({**{k: v for k, v in whole.items() if k not in ("coords", "open")}, "outside": line.is_outside})
    return answer({"rows": listed, "histogram": balance.histogram(lines), "totals": balance.totals(plan)})


@require_safe
@login_required
@gzip_page
@says_why
def log(request: PersonRequest, pk: int) -> HttpResponse:
    """The steps, newest first; `before` a revision for the next page."""
    plan = seen_plan(request, pk, now=timezone.now())
    before = request.GET.get("before", "")
    if before and not (before.isascii() and before.isdigit() and len(before) < 10):
        raise EditRefused("bad_arguments", _("What was sent cannot be read."))
    steps = draft_log.page(plan, before=int(before) if before else None, most=LOG_PAGE + 1)
    return answer({"steps": [wire.step(one) for one in steps[:LOG_PAGE]], "more": len(steps) > LOG_PAGE})


@require_safe
@login_required
@says_why
def officers(request: PersonRequest, pk: int) -> HttpResponse:
    """The people of the district who fit what was typed and may be named, for who names them."""
    now = timezone.now()
    plan = drawn_plan(request, pk, now=now)
    found = directory.candidates(district_of(plan.scope_id), request.GET.get("q", "")[:60], now)
    people = [
        {
            "id": one.person.pk,
            "name": wire.named(one.person),
            "post": ", ".join(f"{post.unit} {post.get_duty_display()}" for post in one.serving[:2]),
        }
        for one in found
    ]
    return answer({"people": people})


@require_POST
@login_required
@says_why
def hold(request: PersonRequest, pk: int) -> HttpResponse:
    """Take or prolong the lease; `take` says that it is taken from somebody who has it."""
    now = timezone.now()
    drawn_plan(request, pk, now=now)
    by_force = body_of(request).get("take") is True
    plan = drafts.hold(plan_id=pk, actor=request.user, now=now, by_force=by_force)
    return answer({"hold": wire.hold(plan, request.user, now=now), "revision": plan.revision})


@require_POST
@login_required
@says_why
def release(request: PersonRequest, pk: int) -> HttpResponse:
    """Give the lease back."""
    now = timezone.now()
    drawn_plan(request, pk, now=now)
    plan = drafts.release(plan_id=pk, actor=request.user)
    return answer({"hold": wire.hold(plan, request.user, now=now), "revision": plan.revision})


@require_POST
@login_required
@gzip_page
@says_why
def prove(request: PersonRequest, pk: int) -> HttpResponse:
    """Prove the plan: its certificate, or everything that is wrong."""
    now = timezone.now()
    drawn_plan(request, pk, now=now)
    verdict = approvals.prove(plan_id=pk, actor=request.user, now=now)
    return answer(
        {
            "ok": verdict.holds,
            "revision": verdict.plan.revision,
            "status": verdict.plan.status,
            "certificate": verdict.plan.certificate if verdict.holds else None,
            "faults": [wire.fault(one) for one in verdict.faults],
        }
    )
