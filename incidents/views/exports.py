"""The list of incidents as a file: the question why, and the file itself."""

from datetime import datetime
from typing import Any, TypeVar

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from grids import audit
from grids.models import Post
from grids.requests import PersonRequest
from incidents import export_requests, exports
from incidents.exports import Wish
from incidents.filters import Filters
from incidents.list_forms import ExportForm
from incidents.refusals import MoveRefused


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def export(request: PersonRequest) -> HttpResponse:
    """The form, for a dialog or as a page; by POST with a reason the file, else what was typed and what is wrong."""
    now = timezone.now()
    post = exports.desk_post(request.user, now=now)
    if post is None:
        raise PermissionDenied(_("Lists are exported by who works at a desk."))
    wish = Wish(Filters.parsed(request.GET), by_due=request.GET.get("sort") == "due")
    if request.method != "POST":
        return _asked(request, wish, ExportForm(), exports.count(request.user, wish, now=now))
    form = ExportForm(request.POST)
    if form.is_valid():
        try:
            if request.POST.get("ask"):
                return _ask(request, post, wish, form.cleaned_data["reason"], now)
            text = exports.take(
                person=request.user, post=post, wish=wish, now=now, address=audit.address_of(request),
                **form.cleaned_data,
            )  # fmt: skip
        except MoveRefused as refused:
            form.add_error(refused.field, refused.messages)
        else:
            return as_file(HttpResponse(text, content_type="text/csv; charset=utf-8"), now)
    return _asked(request, wish, form, exports.count(request.user, wish, now=now), status=422)


R = TypeVar("R", bound=HttpResponseBase)


def as_file(response: R, now: datetime) -> R:
    """The answer as a file to keep, which nothing between may keep."""
    name = f"{_('Incidents')}-{timezone.localtime(now):%Y%m%d-%H%M}.csv"
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    patch_cache_control(response, private=True, no_store=True)
    return response


def _ask(request: PersonRequest, post: Post, wish: Wish, reason: str, now: datetime) -> HttpResponse:
    export_requests.ask(person=request.user, post=post, wish=wish, reason=reason, now=now)
    messages.success(request, _("Asked. Once somebody else has approved it, the file can be taken here."))
    return redirect("incidents:exports")


def _asked(request: PersonRequest, wish: Wish, form: ExportForm, number: int, *, status: int = 200) -> HttpResponse:
    query = wish.filters.query(sort="due" if wish.by_due else "")
    refused = exports.nothing() if not number else exports.too_many() if number > settings.EXPORT_MOST else None
    context: dict[str, Any] = {
        "title": _("Export the list"),
        "form": form,
        "number": number,
        "refused": refused.messages[0] if refused else "",
        "needs_word": exports.needs_word().messages[0] if number > settings.EXPORT_ROWS else "",
        "url": f"{reverse('incidents:export')}?{query}",
        "back_url": f"{reverse('incidents:list')}?{query}",
        "filter_url": f"{reverse('incidents:filter')}?{query}",
    }
    template = "incidents/_export.html" if request.htmx else "incidents/export.html"
    return render(request, template, context, status=status)
