"""The task list of an officer's day: patrols, visits, and the orders that incidents make."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from grids import routines, words
from grids.duties import RIGHTS_OF_DUTY, Duty, Right
from grids.force_forms import RoundForm
from grids.models import Post, Routine, RoutineKind
from grids.refusals import ForceRefused
from grids.requests import PersonRequest
from incidents import field_work


@require_safe
@never_cache
@login_required
def tasks(request: PersonRequest) -> HttpResponse:
    """What is to be done today in the person's grids: patrols, visits, orders."""
    now = timezone.now()
    posts = field_work.field_posts(request.user, now=now)
    if not posts:
        return redirect("landing")
    return _page(request, posts, now)


def _walked_by(posts: list[Post]) -> set[str]:
    """The grids in which the holder of `posts` walks the rounds; a supervisor checks, and walks none."""
    return {post.unit_id for post in posts if Right.REPORT in RIGHTS_OF_DUTY[Duty(post.duty)]}


def _page(request: PersonRequest, posts: list[Post], now: Any, **faulty: Any) -> HttpResponse:
    grids = _walked_by(posts)
    today = routines.tasks(grids, now=now)
    orders = field_work.waiting(request.user, posts, now=now)
    left = sum(not task.is_done for task in today) + len(orders)
    context = {
        "title": _("%(officer)s task list · %(count)d today")
        % {"officer": words.word("officer").capitalize(), "count": left},
        "sections": [(kind, kind.label, [task for task in today if task.routine.kind == kind]) for kind in RoutineKind],
        "orders": orders,
        "several": len(grids) > 1,
        "now": now,
        **faulty,
    }
    return render(request, "incidents/tasks.html", context, status=422 if faulty else 200)


@require_POST
@login_required
def walk(request: PersonRequest, pk: int) -> HttpResponse:
    """A round was walked; what was found is said in words, and becomes a report on the next page."""
    now = timezone.now()
    posts = field_work.field_posts(request.user, now=now)
    routine = get_object_or_404(Routine, pk=pk)
    if routine.grid_id not in _walked_by(posts):
        raise Http404
    form = RoundForm(request.POST)
    if form.is_valid():
        try:
            walked = routines.walk(routine=routine, person=request.user, now=now, **form.cleaned_data)
        except ForceRefused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("“%(routine)s” was walked.") % {"routine": routine})
            return redirect("incidents:report" if walked.is_abnormal else "incidents:tasks")
    return _page(request, posts, now, form=form, faulty=routine.pk)
