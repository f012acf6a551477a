"""A person takes or leaves a post at a unit; both go through `grids.posts`."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from grids import directory, posts, spans
from grids.forms import AppointForm, RelieveForm
from grids.levels import district_of
from grids.models import Post
from grids.refusals import PostRefused
from grids.requests import PersonRequest


def administered(request: PersonRequest, code: str, now: Any) -> directory.Door:
    """The unit, for somebody who may administer it while it lives; Http404 for everybody else."""
    door = directory.door(request.user, code, now=now)
    if not door.may_administer or door.unit.is_retired:
        raise Http404
    return door


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def appoint(request: PersonRequest, code: str) -> HttpResponse:
    """Choose a person, a duty and from when; the old holder of a full post must be relieved first."""
    now = timezone.now()
    door = administered(request, code, now)
    form = AppointForm(request.POST or None, unit=door.unit, now=now, initial=_wanted(request, now))
    if request.method == "POST" and form.is_valid():
        try:
            post = posts.appoint(
                **form.terms(), unit=door.unit, person=form.cleaned_data["person"], actor=request.user, now=now
            )
        except PostRefused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("%(person)s is %(duty)s of %(unit)s %(when)s.") % _said(post, now))
            return redirect("grids:unit", door.unit.pk)
    asked = form.data.get("q", "") if form.is_bound else request.GET.get("q", "")
    context = {
        "title": _("Appoint · %(unit)s") % {"unit": door.unit.name},
        "unit": door.unit,
        "form": form,
        "q": asked,
        "people": _candidates(door, asked, now),
        "chosen": form.chosen,
        "now": now,
    }
    return render(request, "grids/appoint.html", context, status=422 if form.is_bound else 200)


@require_safe
@login_required
def candidates(request: PersonRequest, code: str) -> HttpResponse:
    """The people who fit what was typed, as choices of the form."""
    now = timezone.now()
    door = administered(request, code, now)
    asked = request.GET.get("q", "")
    context = {"unit": door.unit, "q": asked, "people": _candidates(door, asked, now)}
    return render(request, "grids/_candidates.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def relieve(request: PersonRequest, pk: int) -> HttpResponse:
    """End a post at a moment; what the person did stays on the record."""
    now = timezone.now()
    post = get_object_or_404(Post.objects.select_related("unit", "person"), pk=pk, period__isempty=False)
    administered(request, post.unit_id, now)
    if post.period.upper is not None and post.period.upper <= now:
        raise Http404
    form = RelieveForm(request.POST or None, initial={"at": now})
    if request.method == "POST" and form.is_valid():
        at = form.cleaned_data["at"] or now
        posts.relieve(post=post, at=at, actor=request.user, now=now)
        said = {"person": post.person, "duty": post.get_duty_display(), "moment": spans.said(at, now)}
        messages.success(request, _("%(person)s leaves the post %(duty)s: %(moment)s.") % said)
        return redirect("grids:unit", post.unit_id)
    context = {
        "title": _("Relieve %(person)s") % {"person": post.person},
        "post": post,
        "form": form,
        "leaves_vacancy": post.is_primary,
        "now": now,
    }
    return render(request, "grids/relieve.html", context, status=422 if form.is_bound else 200)


def _wanted(request: PersonRequest, now: Any) -> dict[str, Any]:
    return {
        "duty": request.GET.get("duty", ""),
        "is_primary": "primary" in request.GET,
        "person": request.GET.get("person", ""),
        "since": now,
    }


def _candidates(door: directory.Door, asked: str, now: Any) -> list[Any]:
    return directory.candidates(district_of(door.unit.pk), asked, now)


def _said(post: Post, now: Any) -> dict[str, Any]:
    begun = post.period.lower <= now
    when = _("now") if begun else _("from %(moment)s on") % {"moment": spans.said(post.period.lower, now)}
    return {"person": post.person, "duty": post.get_duty_display(), "unit": post.unit, "when": when}
