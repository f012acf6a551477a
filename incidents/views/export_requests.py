"""Long exports: what I asked for, what waits for my word, and the file once it was given."""

from collections.abc import Iterator

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from grids import audit, permissions
from grids import selectors as places_and_people
from grids.duties import Right
from grids.requests import PersonRequest
from incidents import export_requests
from incidents.models import ExportState
from incidents.views.exports import as_file


@require_safe
@login_required
def index(request: PersonRequest) -> HttpResponse:
    """Two lists, of which either may be empty."""
    now = timezone.now()
    if not places_and_people.posts_of(request.user, now).exists():
        raise PermissionDenied(_("Lists are exported by who works at a desk."))
    own = export_requests.own(request.user)
    context = {
        "title": _("Long exports"),
        "waiting": list(export_requests.to_decide(request.user, now=now)),
        "grants": bool(permissions.units_with_right(request.user, Right.GRANT, now=now)),
        "own": [(one, one.state == ExportState.GRANTED and one.ends_at > now) for one in own],
        "now": now,
    }
    return render(request, "incidents/exports.html", context)


@require_POST
@login_required
def decide(request: PersonRequest, wish_id: int) -> HttpResponse:
    """Yes or no to somebody else's request."""
    granted = request.POST.get("answer") == "grant"
    decided = export_requests.decide(wish_id=wish_id, person=request.user, granted=granted, now=timezone.now())
    if decided is None:
        raise Http404
    said = _("Approved: the file may be taken within a day.") if granted else _("Refused: nothing leaves the house.")
    messages.success(request, said)
    return redirect("incidents:exports")


@require_POST
@login_required
def take(request: PersonRequest, wish_id: int) -> HttpResponseBase:
    """The file, piece by piece: it is written while it goes out."""
    now = timezone.now()
    pieces = export_requests.take(wish_id=wish_id, person=request.user, now=now, address=audit.address_of(request))
    if pieces is None:
        raise Http404
    return as_file(StreamingHttpResponse(_told(pieces), content_type="text/csv; charset=utf-8"), now)


def _told(pieces: Iterator[str]) -> Iterator[str]:
    """In the language of the request, although that is over by then."""
    language = translation.get_language()
    while True:
        with translation.override(language):
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece
