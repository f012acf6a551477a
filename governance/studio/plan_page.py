"""The page of one plan: how far it is, its figures, what is wrong, what was decided; and what may be pressed there."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from governance.studio import fault_counts
from governance.studio.access import May, may, seen_plan
from governance.studio.forms import ApproveForm, CopyForm, ReasonForm, SettingsForm
from governance.studio.pages import grids_of
from grids import approvals, balance, draft_checks, draft_log, draft_rows, drafts, holds, plans
from grids.holds import PlanConflict
from grids.models import Plan, PlanOperation, PlanStatus
from grids.refusals import BoundaryRefused
from grids.requests import PersonRequest

FAULTS_SHOWN, GRIDS_SHOWN, STEPS_SHOWN, POCKETS_SHOWN = 12, 40, 15, 100


@require_safe
@login_required
def plan(request: PersonRequest, pk: int) -> HttpResponse:
    """One plan: how far it is, its figures, what is wrong, what was decided, what may be done."""
    now = timezone.now()
    one = seen_plan(request, pk, now=now)
    return render(request, "studio/plan.html", _context(request, one, now))


def _context(request: PersonRequest, one: Plan, now: datetime, **forms: Form) -> dict[str, Any]:
    allowed = may(request.user, one, now=now)
    finished = one.status in holds.FINISHED
    rows = draft_rows.read(one.pk)
    found = [] if finished or not rows else draft_checks.faults(one, rows)
    fault_counts.keep(one, len(found))
    totals = balance.totals(one)
    before, left = approvals.pockets_before(one), sum(fault.kind == "pocket" for fault in found)
    decisions = draft_log.decided(one)
    shown = list(decisions[:POCKETS_SHOWN])
    return {
        "title": one.title,
        "subtitle": one.scope.name,
        "plan": one,
        "grids": grids_of(one, totals),
        "may": allowed,
        "holder": holds.holder(one, now=now),
        "is_finished": finished,
        "is_stale": not finished and plans.is_stale(one),
        "totals": totals,
        "outside": _outside(one, rows),
        "shown": _shown(one, rows),
        "faults": found[:FAULTS_SHOWN],
        "fault_count": len(found),
        "pockets_before": before,
        "pockets_now": left,
        "pockets_words": f"{before} → {left}",
        "decided": _told(shown),
        "decided_count": len(shown) if len(shown) < POCKETS_SHOWN else decisions.count(),
        "way": _way(one),
        "steps": _told(draft_log.page(one, most=STEPS_SHOWN)),
        "forms": _forms(one, allowed) | forms,
        "now": now,
    }


def _told(steps: Iterable[PlanOperation]) -> list[dict[str, Any]]:
    return [{"step": step, "words": draft_log.in_words(step)} for step in steps]


def _way(one: Plan) -> list[tuple[str, Any, bool, bool]]:
    """The states a plan goes through: name, words, whether it has been reached, whether it is there."""
    if one.status == PlanStatus.DISCARDED:
        return []
    states = [PlanStatus.DRAFT, PlanStatus.PROVEN, PlanStatus.APPROVED, PlanStatus.PUBLISHED]
    here = states.index(PlanStatus(one.status))
    return [(state.value, state.label, n <= here, n == here) for n, state in enumerate(states)]


def _outside(one: Plan, rows: dict[int, draft_rows.Row]) -> list[balance.Line]:
    return [line for line in balance.lines(one, rows.values()) if line.is_outside][:FAULTS_SHOWN]


def _shown(one: Plan, rows: dict[int, draft_rows.Row]) -> list[tuple[balance.Line, str]]:
    """What is to be approved or published: its grids, the farthest off first, each with who is to answer for it."""
    if one.status not in (PlanStatus.PROVEN, PlanStatus.APPROVED):
        return []
    lines = balance.lines(one, rows.values())[:GRIDS_SHOWN]
    names = balance.officers(line.row for line in lines)
    return [(line, names.get(line.row.officer or 0, "") or line.row.vacant_reason) for line in lines]


def _forms(one: Plan, allowed: May) -> dict[str, Form]:
    forms: dict[str, Form] = {}
    if allowed.edit:
        names = ("title", "reason", "note", "target_households", "tolerance_percent")
        forms["settings"] = SettingsForm(initial={name: getattr(one, name) for name in names})
    if allowed.approve:
        forms["approve"] = ApproveForm(initial={"reason": one.reason})
    return forms


Act = Callable[[Plan, dict[str, Any], datetime], Plan]


def _press(
    request: PersonRequest, pk: int, form: Form, act: Act, done: str, *, allowed: Callable[[May], bool], name: str = ""
) -> HttpResponse:
    """Press a button of the plan's page: back to it with what was done, or with what was typed and why not.

    `name` is the form's on the page, for those whose faults are shown at their fields.
    """
    now = timezone.now()
    one = seen_plan(request, pk, now=now)
    if not allowed(may(request.user, one, now=now)):
        raise PermissionDenied
    if form.is_valid():
        try:
            plan = act(one, form.cleaned_data, now)
        except BoundaryRefused as refused:
            form.add_error(None, refused)
        except PlanConflict as conflict:
            messages.error(request, conflict.message)
            return redirect("studio:plan", pk)
        else:
            messages.success(request, done)
            return redirect("studio:plan", plan.pk)
    if name:
        return render(request, "studio/plan.html", _context(request, one, now, **{name: form}), status=422)
    messages.error(request, " ".join(str(message) for errors in form.errors.values() for message in errors))
    return redirect("studio:plan", pk)


def _draws(allowed: May) -> bool:
    return allowed.draws


@require_POST
@login_required
def settings(request: PersonRequest, pk: int) -> HttpResponse:
    """Change title, reason, note, target or tolerance."""

    def act(one: Plan, given: dict[str, Any], now: datetime) -> Plan:
        return drafts.change(plan=one, actor=request.user, now=now, **given)

    return _press(
        request, pk, SettingsForm(request.POST), act, _("The plan is changed."), allowed=_draws, name="settings"
    )


@require_POST
@login_required
def approve(request: PersonRequest, pk: int) -> HttpResponse:
    """Approve a proven plan."""

    def act(one: Plan, given: dict[str, Any], now: datetime) -> Plan:
        return approvals.approve(plan_id=one.pk, actor=request.user, now=now, **given)

    form = ApproveForm(request.POST)
    done = _("The plan is approved.")
    return _press(request, pk, form, act, done, allowed=lambda able: able.approves, name="approve")


@require_POST
@login_required
def take_back(request: PersonRequest, pk: int) -> HttpResponse:
    """Make a proven or approved plan a draft again."""

    def act(one: Plan, given: dict[str, Any], now: datetime) -> Plan:
        return approvals.take_back(plan_id=one.pk, actor=request.user, now=now, reason=given["note"])

    form, done = ReasonForm(request.POST), _("The plan is a draft again.")
    return _press(request, pk, form, act, done, allowed=lambda able: able.draws or able.approves)


@require_POST
@login_required
def discard(request: PersonRequest, pk: int) -> HttpResponse:
    """Put a plan away for good."""

    def act(one: Plan, given: dict[str, Any], now: datetime) -> Plan:
        return drafts.discard(plan=one, actor=request.user, now=now, reason=given["note"])

    return _press(request, pk, ReasonForm(request.POST), act, _("The plan is discarded."), allowed=_draws)


@require_POST
@login_required
def copy(request: PersonRequest, pk: int) -> HttpResponse:
    """Begin a new draft with the areas of this one."""

    def act(one: Plan, given: dict[str, Any], now: datetime) -> Plan:
        return drafts.copy(plan=one, title=given["title"], actor=request.user, now=now)

    return _press(request, pk, CopyForm(request.POST), act, _("The copy is begun."), allowed=_draws)
