"""Pages about people: those of a subtree, one person, a new account, a new password."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from grids import accounts, audit, directory, lockouts
from grids.duties import Duty
from grids.forms import NewPersonForm, ParticularsForm
from grids.models import Post
from grids.requests import PersonRequest
from grids.views.posts import GRID_DUTIES, administered

PAGE = 50


@require_safe
@login_required
def below(request: PersonRequest, code: str) -> HttpResponse:
    """Everybody who serves in the subtree, one row per post, with search and duties as filters."""
    now = timezone.now()
    door = directory.door(request.user, code, now=now)
    asked, duty = request.GET.get("q", "").strip(), request.GET.get("duty", "")
    duty = duty if duty in Duty.values else ""
    found = directory.posts_below(code, asked, duty, now)
    count = found.count()
    after = request.GET.get("after", "")
    posts = list(_after(found, after)[: PAGE + 1])
    context = {
        "title": _("%(unit)s · people · %(count)d") % {"unit": door.unit.name, "count": count},
        "unit": door.unit,
        "path": [*door.path, (door.unit, True)],
        "q": asked,
        "duty": duty,
        "posts": posts[:PAGE],
        "chips": _chips(asked, duty),
        "next_url": _next_url(request, posts),
        "first_url": _url(q=asked, duty=duty) if after else "",
        "may_administer": door.may_administer and not door.unit.is_retired,
        "now": now,
    }
    return render(request, "grids/_people.html" if request.htmx else "grids/people.html", context)


def _after(posts: Any, after: str) -> Any:
    """The posts that follow the one named `unit.id`."""
    unit, _dot, number = after.partition(".")
    if not (number.isascii() and number.isdigit()):
        return posts
    return posts.filter(Q(unit__gt=unit) | Q(unit=unit, pk__gt=int(number)))


def _next_url(request: PersonRequest, posts: list[Post]) -> str:
    if len(posts) <= PAGE:
        return ""
    last = posts[PAGE - 1]
    return _url(q=request.GET.get("q", ""), duty=request.GET.get("duty", ""), after=f"{last.unit_id}.{last.pk}")


def _url(**given: str) -> str:
    return "?" + urlencode({key: value for key, value in given.items() if value})


def _chips(asked: str, duty: str) -> list[dict[str, Any]]:
    return [
        {"label": one.label, "on": one == duty, "url": _url(q=asked, duty="" if one == duty else one.value)}
        for one in Duty
    ]


@require_safe
@login_required
def person(request: PersonRequest, pk: int) -> HttpResponse:
    """One person: whom to call, the posts they hold and held."""
    now = timezone.now()
    shown = directory.person_for(request.user, pk, now=now)
    may_manage = accounts.may_manage(request.user, shown, now=now)
    held = list(Post.objects.filter(person=shown, period__isempty=False).select_related("unit", "unit__parent"))
    context = {
        "title": shown.full_name,
        "person": shown,
        "current": [post for post in held if _runs(post, now)],
        "coming": [post for post in held if post.period.lower > now],
        "over": [post for post in held if post.period.upper is not None and post.period.upper <= now],
        "may_manage": may_manage,
        "may_move": may_manage and any(Duty(post.duty) in GRID_DUTIES for post in held if _runs(post, now)),
        "locked_until": lockouts.locked_until(shown, now=now) if may_manage else None,
        "now": now,
    }
    return render(request, "grids/person.html", context)


def _runs(post: Post, now: Any) -> bool:
    return bool(post.period.lower <= now and (post.period.upper is None or now < post.period.upper))


@never_cache
@sensitive_variables("opened")
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new(request: PersonRequest, code: str) -> HttpResponse:
    """A new account with its first post here; the password is shown in this one answer and kept nowhere."""
    now = timezone.now()
    door = administered(request, code, now)
    wanted = {"duty": request.GET.get("duty", ""), "is_primary": "primary" in request.GET, "since": now}
    form = NewPersonForm(request.POST or None, unit=door.unit, now=now, initial=wanted)
    if request.method == "POST" and form.is_valid():
        try:
            opened = accounts.open_account(**form.account(), unit=door.unit, actor=request.user, now=now)
        except ValidationError as refusal:
            form.refuse(refusal)
        else:
            return _password_page(request, opened.person, opened.password, code)
    context = {"title": _("New person · %(unit)s") % {"unit": door.unit.name}, "unit": door.unit, "form": form}
    return render(request, "grids/person_new.html", context, status=422 if form.is_bound else 200)


@never_cache
@require_POST
@login_required
def password(request: PersonRequest, pk: int) -> HttpResponse:
    """A new one-time password, shown in this one answer."""
    now = timezone.now()
    shown = _managed(request, pk, now)
    given = accounts.renew_password(person=shown, actor=request.user, now=now)
    return _password_page(request, shown, given, "")


@require_POST
@login_required
def close(request: PersonRequest, pk: int) -> HttpResponse:
    """Close an account: every post ends, the person can no longer sign in."""
    now = timezone.now()
    shown = _managed(request, pk, now)
    accounts.close_account(person=shown, actor=request.user, now=now)
    messages.success(request, _("The account of %(person)s is closed.") % {"person": shown})
    return redirect("grids:person", shown.pk)


@never_cache
@require_POST
@login_required
def reopen(request: PersonRequest, pk: int) -> HttpResponse:
    """A closed account may be used again, with a new one-time password; posts are given anew."""
    now = timezone.now()
    shown = _managed(request, pk, now)
    given = accounts.reopen_account(person=shown, actor=request.user, now=now)
    return _password_page(request, shown, given, "")


@require_POST
@login_required
def unlock(request: PersonRequest, pk: int) -> HttpResponse:
    """Let somebody try again who is locked after too many wrong passwords."""
    shown = _managed(request, pk, timezone.now())
    lockouts.unlock(username=shown.username, actor=request.user, from_address=audit.address_of(request))
    messages.success(request, _("%(person)s can sign in again.") % {"person": shown})
    return redirect("grids:person", shown.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def particulars(request: PersonRequest, pk: int) -> HttpResponse:
    """Another name or phone; the user name stays."""
    now = timezone.now()
    shown = _managed(request, pk, now)
    form = ParticularsForm(request.POST or None, initial={"full_name": shown.full_name, "phone": shown.phone})
    if request.method == "POST" and form.is_valid():
        accounts.change_particulars(person=shown, actor=request.user, now=now, **form.cleaned_data)
        messages.success(request, _("Kept."))
        return redirect("grids:person", shown.pk)
    context = {"title": _("Name and phone · %(person)s") % {"person": shown}, "person": shown, "form": form}
    return render(request, "grids/person_edit.html", context, status=422 if form.is_bound else 200)


def _managed(request: PersonRequest, pk: int, now: Any) -> Any:
    shown = directory.person_for(request.user, pk, now=now)
    if not accounts.may_manage(request.user, shown, now=now):
        raise Http404
    return shown


@sensitive_variables("given")
def _password_page(request: PersonRequest, person: Any, given: str, code: str) -> HttpResponse:
    context = {"title": _("One-time password of %(person)s") % {"person": person}, "person": person,
               "password": given, "code": code}  # fmt: skip
    return render(request, "grids/person_password.html", context)
