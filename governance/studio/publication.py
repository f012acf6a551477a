"""What a plan changes, before and after: preview, publish now or at a later moment, take back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from governance import redraw
from governance.redraw import telling
from governance.studio.access import may, seen_plan
from grids import approvals, plans
from grids.holds import PlanConflict
from grids.models import Plan, PlanStatus
from grids.requests import PersonRequest

# The numbers of a publication, each with its words, in groups as the page shows them.
FIGURES: tuple[tuple[Any, tuple[tuple[str, Any], ...]], ...] = (
    (
        gettext_lazy("Grids"),
        (
            ("grids_after", gettext_lazy("grids afterwards")),
            ("codes_retired", gettext_lazy("codes retired")),
            ("codes_issued", gettext_lazy("codes issued")),
            ("codes_revived", gettext_lazy("codes back in service")),
            ("grids_reshaped", gettext_lazy("grids with another border")),
            ("households_moved", gettext_lazy("households in another grid")),
        ),
    ),
    (
        gettext_lazy("Open incidents"),
        (
            ("incidents_open", gettext_lazy("open in the scope")),
            ("incidents_other_grid", gettext_lazy("in another grid")),
            ("incidents_other_village", gettext_lazy("in another village")),
            ("incidents_taken_over", gettext_lazy("to be accepted anew")),
            ("incidents_other_officer", gettext_lazy("with another officer")),
        ),
    ),
    (
        gettext_lazy("Posts"),
        (("posts_begun", gettext_lazy("posts begin")), ("posts_ended", gettext_lazy("posts end"))),
    ),
)


class MomentForm(forms.Form):
    """When an approved plan publishes itself."""

    publish_at = forms.DateTimeField(
        label=gettext_lazy("Publishes itself at"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=gettext_lazy("Empty: whenever somebody presses “publish”."),
    )


@require_safe
@login_required
def preview(request: PersonRequest, pk: int) -> HttpResponse:
    """What publishing the plan would change now; of a published one what it changed."""
    now = timezone.now()
    return _page(request, seen_plan(request, pk, now=now), now)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def publish(request: PersonRequest, pk: int) -> HttpResponse:
    """The same with the buttons; POST publishes an approved plan at once."""
    now = timezone.now()
    one = _drawn(request, pk, now)
    if request.method != "POST":
        return _page(request, one, now)
    try:
        redraw.publish(plan_id=one.pk, actor=request.user, now=now)
    except (ValidationError, IntegrityError) as refused:
        _say_why(request, refused)
        return redirect("studio:publish", pk)
    messages.success(request, _("The plan is published. Open incidents, posts and codes follow it."))
    return redirect("studio:preview", pk)


@require_POST
@login_required
def schedule(request: PersonRequest, pk: int) -> HttpResponse:
    """Let an approved plan publish itself at another moment, or at none."""
    now = timezone.now()
    one, form = _drawn(request, pk, now), MomentForm(request.POST)
    if not form.is_valid():
        return _page(request, one, now, moment=form, status=422)
    at = form.cleaned_data["publish_at"]
    try:
        approvals.reschedule(plan_id=one.pk, actor=request.user, now=now, publish_at=at)
    except (ValidationError, PlanConflict) as refused:
        _say_why(request, refused)
    else:
        said = _("The plan publishes itself at the moment set.") if at else _("The plan waits for somebody to press.")
        messages.success(request, said)
    return redirect("studio:publish", pk)


@require_POST
@login_required
def roll_back(request: PersonRequest, pk: int) -> HttpResponse:
    """Take a published plan back: another plan is published at once that restores what was before."""
    now = timezone.now()
    one = _drawn(request, pk, now)
    try:
        back = redraw.roll_back(plan_id=one.pk, actor=request.user, reason=request.POST.get("note", ""), now=now)
    except (ValidationError, IntegrityError) as refused:
        _say_why(request, refused)
        return redirect("studio:preview", pk)
    messages.success(request, _("The plan is taken back: shapes, codes and posts are as they were."))
    return redirect("studio:preview", back.pk)


def _drawn(request: PersonRequest, pk: int, now: datetime) -> Plan:
    """The plan, for who draws in its scope. Http404 for who may not know of it, PermissionDenied for all others."""
    one = seen_plan(request, pk, now=now)
    if not may(request.user, one, now=now).draws:
        raise PermissionDenied
    return one


def _say_why(request: PersonRequest, refused: Exception) -> None:
    if isinstance(refused, ValidationError):
        messages.error(request, " ".join(refused.messages))
    elif isinstance(refused, PlanConflict):
        messages.error(request, refused.message)
    else:
        messages.error(request, _("The database refused it: nothing was changed."))


def _page(
    request: PersonRequest, one: Plan, now: datetime, *, moment: forms.Form | None = None, status: int = 200
) -> HttpResponse:
    is_published = one.status == PlanStatus.PUBLISHED
    has_areas = one.areas.exists()
    story = telling.told(one) if is_published else None
    if not is_published and has_areas and one.status != PlanStatus.DISCARDED:
        story = telling.foretold(redraw.impact(plan=one, now=now))
    allowed = may(request.user, one, now=now)
    context = {
        "title": _("What it changed") if is_published else _("What would change"),
        "subtitle": one.title,
        "plan": one,
        "story": story,
        "figures": _figures(story.numbers) if story else [],
        "is_published": is_published,
        "may_publish": allowed.publish,
        "may_roll_back": is_published and allowed.draws and _is_last(one),
        "rolled_back_by": getattr(one, "rolled_back_by", None),
        "moment": moment or MomentForm(initial={"publish_at": one.publish_at}),
        "now": now,
    }
    return render(request, "studio/publication.html", context, status=status)


def _figure(number: int | None) -> int | str:
    """A number; a dash for what is not known."""
    return "—" if number is None else number


def _figures(numbers: Mapping[str, int | None]) -> list[tuple[Any, list[tuple[Any, int | str]]]]:
    return [(head, [(words, _figure(numbers.get(name, 0))) for name, words in group]) for head, group in FIGURES]


def _is_last(one: Plan) -> bool:
    newest = plans.latest(one.scope_id)
    return newest is not None and newest.pk == one.pk and one.base_id is not None
