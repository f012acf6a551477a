"""The inbox: what a person was told, newest first; opening a notice reads it and leads to what it is about."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from dispatch import house_news, notices
from dispatch.audience import Reason
from dispatch.kinds import label_of
from dispatch.models import Notice
from grids.requests import PersonRequest
from incidents.views.lists import unchanged_or

SIZE = 30


@dataclass(frozen=True)
class Told:
    """A notice as the inbox draws it."""

    notice: Notice
    # What it was about is shown as long as the incident is in sight: of others the number alone.
    is_seen: bool = True

    @property
    def reason(self) -> str:
        return str(Reason(self.notice.reason).label) if self.notice.reason in Reason.values else ""

    @property
    def act(self) -> str:
        house = self.notice.house_event
        if house is not None:
            return house_news.words(house, self.notice.about)
        return label_of(self.notice.event.kind) if self.notice.event else ""

    @property
    def title(self) -> str:
        if self.notice.house_event is not None:
            return house_news.title_of(self.notice.house_event)
        incident = self.notice.incident
        return (incident.title if self.is_seen else incident.number) if incident else ""

    @property
    def at(self) -> datetime:
        return self.notice.created_at


@require_safe
@login_required
def index(request: PersonRequest) -> HttpResponse:
    """The notices, all or the unread ones alone."""
    before = request.GET.get("before", "")
    only_unread, now = request.GET.get("unread") == "1", timezone.now()
    found = notices.notices_for(
        request.user,
        before=int(before) if before.isdecimal() and len(before) < 19 else None,
        limit=SIZE + 1,
        only_unread=only_unread,
    )
    hidden = notices.out_of_sight(request.user, found, now=now)
    unread_now = notices.unread_count(request.user)
    address, kept = reverse("dispatch:inbox"), "&unread=1" if only_unread else ""
    context = {
        "title": _("Messages · %(count)d unread") % {"count": unread_now} if unread_now else _("Messages"),
        "rows": [Told(notice, notice.incident_id not in hidden) for notice in found[:SIZE]],
        "unread": unread_now,
        "only_unread": only_unread,
        "newest_url": f"{address}?{kept.lstrip('&')}" if before else "",
        "next_url": f"{address}?before={found[SIZE - 1].pk}{kept}" if len(found) > SIZE else "",
    }
    return render(request, "dispatch/inbox.html", context)


@require_safe
@login_required
def unread(request: PersonRequest) -> HttpResponse:
    """The number of unread notices as plain text, empty for none; 304 when it is the same as before."""
    number = notices.unread_count(request.user)
    return unchanged_or(request, str(number) if number else "")


@require_safe
@login_required
def open_notice(request: PersonRequest, pk: int) -> HttpResponse:
    """Read it and go to its incident, plan or export; one about a way of notice leads to those."""
    found = Notice.objects.select_related("incident", "house_event").filter(person=request.user, pk=pk).first()
    if found is None:
        raise Http404
    now = timezone.now()
    notices.mark_read(request.user, now=now, ids=[pk])
    if found.reason == Reason.UNREACHABLE:
        return redirect("dispatch:addresses")
    if found.incident is None:
        return redirect(house_news.address(found, request.user, now=now))
    if notices.out_of_sight(request.user, [found], now=now):
        messages.info(
            request, _("Incident %(number)s is not in your sight any more.") % {"number": found.incident.number}
        )
        return redirect("dispatch:inbox")
    return redirect("incidents:detail", number=found.incident.number)


@require_POST
@login_required
def read_all(request: PersonRequest) -> HttpResponse:
    """Mark everything as read."""
    number = notices.mark_read(request.user, now=timezone.now())
    said = ngettext("%(count)d message marked as read", "%(count)d messages marked as read", number)
    messages.success(request, said % {"count": number})
    return redirect("dispatch:inbox")
