"""Where "/" leads: by duty, to the page with which that person's day begins."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from governance.frame import Frame, first_address
from grids.duties import Duty

# The first row that shares a duty with the person and names a built page wins. "*": with their unit's code.
LANDINGS: tuple[tuple[frozenset[Duty], tuple[str, ...]], ...] = (
    (frozenset({Duty.CLERK, Duty.DISPATCHER, Duty.CHECKER, Duty.HANDLER}), ("dispatch:desk*", "dispatch:todo")),
    (frozenset({Duty.DUTY_CHIEF}), ("dispatch:todo", "dispatch:desk*")),
    (frozenset({Duty.OFFICER, Duty.ASSISTANT}), ("incidents:today", "incidents:report", "incidents:mine")),
    (frozenset({Duty.SUPERVISOR}), ("dispatch:todo", "incidents:mine")),
    (frozenset({Duty.HEAD, Duty.OBSERVER, Duty.AUDITOR}), ("governance:dashboard", "grids:map")),
    (frozenset({Duty.ADMINISTRATOR}), ("governance:administration", "grids:unit*")),
    (frozenset(Duty), ("governance:dashboard", "grids:map", "dispatch:inbox")),
)


def landing_url(frame: Frame) -> str:
    """The address of the person's first page, or "" if nothing they may use is built."""
    for duties, views in LANDINGS:
        if frame.duties & duties:
            code = next((post.unit_id for post in frame.posts if Duty(post.duty) in duties), frame.unit_code)
            url = first_address(views, code)
            if url:
                return url
    return ""


@login_required
def landing(request: HttpRequest) -> HttpResponse:
    """A redirect to the person's first page; a plain sentence for somebody without any post."""
    url = landing_url(Frame(person=request.user, view_name="", now=timezone.now()))
    if url:
        return redirect(url)
    return render(request, "landing.html", {"title": _("No post yet")})
