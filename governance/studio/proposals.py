"""The page of proposals: ask the machine for some, see them side by side, begin from one."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from governance.studio.access import drawn_plan
from governance.studio.proposals_forms import AskForm
from governance.studio.proposals_words import Card, cards_of
from grids import draft_edits, proposals, tasks
from grids.coverage import EditRefused
from grids.holds import FINISHED, PlanConflict
from grids.models import Plan, Proposal, ProposalState
from grids.proposals import Wanted
from grids.refusals import BoundaryRefused
from grids.requests import PersonRequest

USUAL_TARGET = 350


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def page(request: PersonRequest, pk: int) -> HttpResponse:
    """The proposals of a plan side by side, and the form that asks for more."""
    plan = drawn_plan(request, pk, now=timezone.now())
    if request.method != "POST":
        return _page(request, plan, AskForm(initial=_usual(plan)))
    form = AskForm(request.POST)
    if form.is_valid():
        try:
            asked = _ask(request, plan, form.cleaned_data)
        except (BoundaryRefused, PlanConflict) as refused:
            form.add_error(None, refused.messages if isinstance(refused, BoundaryRefused) else refused.message)
        else:
            said = ngettext("%(count)d proposal is on its way.", "%(count)d proposals are on their way.", asked)
            messages.info(request, said % {"count": asked})
            return redirect("studio:proposals", pk)
    return _page(request, plan, form, status=422)


def _ask(request: PersonRequest, plan: Plan, given: dict[str, Any]) -> int:
    wanted = Wanted(given["target"], given["tolerance"], given["follow"], given["grids"])
    seeds = proposals.next_seeds(plan, given["count"])
    asked = proposals.ask(plan=plan, wanted=wanted, seeds=seeds, actor=request.user, now=timezone.now())
    transaction.on_commit(tasks.wake)
    return len(asked)


def _usual(plan: Plan) -> dict[str, Any]:
    """What is asked for again: the wishes of the last proposal, else the plan's."""
    last = plan.proposals.order_by("-id").values_list("parameters", flat=True).first() or {}
    return {
        "target": last.get("target") or plan.target_households or USUAL_TARGET,
        "tolerance": last.get("tolerance") or plan.tolerance_percent or 20,
        "follow": last.get("follow") or "usual",
        "grids": last.get("grids"),
        "count": 3,
    }


def _page(request: PersonRequest, plan: Plan, form: AskForm, *, status: int = 200) -> HttpResponse:
    title = _("Proposals · %(plan)s") % {"plan": plan.title}
    context = {"title": title, "subtitle": plan.scope.name, "plan": plan, "form": form, **_cards(plan)}
    return render(request, "studio/proposals.html", context, status=status)


def _cards(plan: Plan) -> dict[str, Any]:
    found = list(plan.proposals.defer("result").order_by("-id"))
    cards: list[Card] = cards_of(found)
    open_ = any(one.state in (ProposalState.WAITING, ProposalState.RUNNING) for one in found)
    return {"cards": cards, "is_open": open_, "is_finished": plan.status in FINISHED}


@require_safe
@login_required
def cards(request: PersonRequest, pk: int) -> HttpResponse:
    """The proposals alone, as the page asks for them while some are on their way."""
    plan = drawn_plan(request, pk, now=timezone.now())
    return render(request, "studio/_proposals.html", {"plan": plan, **_cards(plan)})


@require_POST
@login_required
def take(request: PersonRequest, pk: int) -> HttpResponse:
    """Begin from a proposal: it replaces the areas of the draft as one step that can be undone."""
    now = timezone.now()
    plan = drawn_plan(request, pk, now=now)
    proposal = _named(request, plan)
    if proposal is None:
        messages.error(request, _("This proposal is gone."))
        return redirect("studio:proposals", pk)
    try:
        draft_edits.operate(
            plan_id=plan.pk,
            seen=plan.revision,
            kind="propose",
            args={"proposal": proposal.pk},
            actor=request.user,
            now=now,
        )
    except (EditRefused, PlanConflict) as refused:
        messages.error(request, refused.message)
        return redirect("studio:proposals", pk)
    messages.success(
        request, _("The draft begins from proposal %(seed)d: undo brings it back.") % {"seed": proposal.seed}
    )
    return redirect("studio:draw", pk)


@require_POST
@login_required
def remove(request: PersonRequest, pk: int) -> HttpResponse:
    """Forget a proposal."""
    now = timezone.now()
    plan = drawn_plan(request, pk, now=now)
    proposal = _named(request, plan)
    if proposal is not None:
        proposals.remove(proposal=proposal, actor=request.user, now=now)
    return redirect("studio:proposals", pk)


def _named(request: PersonRequest, plan: Plan) -> Proposal | None:
    """The proposal of the plan that the form names, or None."""
    sent = request.POST.get("proposal", "")
    if not (sent.isascii() and sent.isdigit() and len(sent) < 10):
        return None
    return plan.proposals.select_related("plan").defer("result").filter(pk=int(sent)).first()
