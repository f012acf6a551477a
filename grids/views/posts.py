"""A person takes or leaves a post at a unit; both go through `grids.posts`."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from grids import accounts, directory, posts, selectors, spans
from grids.duties import Duty
from grids.forms import AppointForm, ChangeGridForm, RelieveForm
from grids.levels import UnitKind, district_of
from grids.models import Post, Unit
from grids.refusals import PostRefused
from grids.requests import PersonRequest
from grids.subtrees import within


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


# Duties held at grids, which go from one to another.
GRID_DUTIES = frozenset({Duty.OFFICER, Duty.ASSISTANT, Duty.SUPERVISOR})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def change_grid(request: PersonRequest, pk: int) -> HttpResponse:
    """Somebody goes over to another grid at one moment; the primary officer there may change places or leave."""
    now = timezone.now()
    person = directory.person_for(request.user, pk, now=now)
    held = selectors.posts_of(person, now).filter(duty__in=GRID_DUTIES)
    if not accounts.may_manage(request.user, person, now=now) or not held:
        raise Http404
    form = ChangeGridForm(
        request.POST or None, held=held, now=now, initial={"post": request.GET.get("post"), "at": now}
    )
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            (new, *_others) = posts.exchange(
                changes=_changes(given, now), at=_moment(given["at"], now), actor=request.user, now=now
            )
        except PostRefused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("%(person)s is %(duty)s of %(unit)s %(when)s.") % _said(new, now))
            return redirect("grids:person", person.pk)
    context = {"title": _("Change of grid · %(person)s") % {"person": person}, "person": person, "form": form,
               "units": _units_to_choose(form, held)}  # fmt: skip
    return render(request, "grids/change_grid.html", context, status=422 if form.is_bound else 200)


def _moment(given: Any, now: Any) -> Any:
    """A moment of this very minute is now: the picker has no seconds."""
    return (
        now
        if given is None or given.replace(second=0, microsecond=0) == now.replace(second=0, microsecond=0)
        else given
    )


def _changes(given: dict[str, Any], now: Any) -> list[posts.Change]:
    """The post that goes on, those that end with it, and what becomes of whoever is primary at the new grid."""
    post, target = given["post"], given["target"]
    changes = [posts.Change(post, target), *(posts.Change(other) for other in given.get("also_end", ()))]
    if given["other"]:
        at = given["at"] or now
        there = Post.objects.filter(unit=target, duty=post.duty, period__contains=max(at, now))
        standing = there.filter(is_primary=True).first() if post.is_primary else there.first()
        if standing is not None and standing.person_id != post.person_id:
            changes.append(posts.Change(standing, post.unit if given["other"] == "swap" else None))
    return changes


def _units_to_choose(form: ChangeGridForm, held: Any) -> list[Unit]:
    """The grids of the same town, offered while typing; those of other towns are found by their code or full name."""
    town = next((post.unit_id[:9] for post in held), "")
    units = Unit.objects.filter(within([town]), kind=UnitKind.GRID, retired_at__isnull=True)
    return list(units.exclude(pk__in=[post.unit_id for post in held]))


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
