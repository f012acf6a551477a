"""The way of a change of a calendar: drafted by forms, its effect looked at, put in force or dropped."""

from collections.abc import Callable
from time import monotonic
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from governance import calendar_forms
from governance.calendar_effect import context_of
from governance.views.calendar import to_change, without_own
from grids import audit
from grids.models import AuditAct
from grids.requests import PersonRequest
from incidents import calendar_changes, calendar_content, calendar_drafts, tasks
from incidents.calendar_content import Content
from incidents.calendar_drafts import ChangeRefused
from incidents.calendars import CalendarError, Special
from incidents.models import Calendar, CalendarChange, CalendarVersion, ChangeState

# So long a press itself goes on with the work; what takes longer is a worker's.
SECONDS_AT_ONCE = 0.7


@require_POST
@login_required
def begin_own(request: PersonRequest) -> HttpResponse:
    """Draft a calendar of a district's own, as a copy of the common one."""
    district = next((unit for unit in without_own(request) if unit.pk == request.POST.get("district")), None)
    if district is None:
        raise PermissionDenied
    try:
        change = calendar_drafts.own_calendar(district=district, author=request.user, now=timezone.now())
    except CalendarError as error:
        messages.error(request, str(error))
        return redirect("governance:calendar")
    _go_on(change)
    return redirect("governance:calendar_change", calendar_id=change.calendar_id)


@require_POST
@login_required
def join(request: PersonRequest, calendar_id: int) -> HttpResponse:
    """Draft the way of a district back to the common calendar."""
    calendar = to_change(request, calendar_id)
    try:
        draft = calendar_drafts.rejoin(calendar=calendar, author=request.user, now=timezone.now())
    except CalendarError as error:
        messages.error(request, str(error))
        return redirect(f"{reverse('governance:calendar')}?calendar={calendar.pk}")
    _go_on(draft)
    return redirect("governance:calendar_change", calendar_id=calendar.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def change(request: PersonRequest, calendar_id: int) -> HttpResponse:
    """The draft with what it would move, and the forms that make or edit it."""
    calendar = to_change(request, calendar_id)
    draft = calendar_drafts.in_flight(calendar)
    before = _content(calendar, draft)
    act = request.POST.get("act", "") if request.method == "POST" else ""
    forms = {name: kind(before=before, calendar=calendar, initial=calendar_forms.initial(name, before), prefix=name)
             for name, kind in calendar_forms.FORMS.items()}  # fmt: skip
    if act in forms:
        form = calendar_forms.FORMS[act](request.POST, request.FILES, before=before, calendar=calendar, prefix=act)
        forms[act] = form
        if form.is_valid() and _draft(request, calendar, draft, form.content):
            return redirect("governance:calendar_change", calendar_id=calendar_id)
    status = 422 if act else 200
    return render(request, "governance/calendar_change.html", _page(request, calendar, draft, forms), status=status)


def _page(request: PersonRequest, calendar: Calendar, draft: CalendarChange | None, forms: Any) -> dict[str, Any]:
    now = timezone.now()
    last = CalendarChange.objects.filter(calendar=calendar, state=ChangeState.APPLIED, joins=None).select_related(
        "version", "applied_by").order_by("-pk").first()  # fmt: skip
    mine = draft is None or (
        draft.author_id == request.user.pk and draft.state != ChangeState.APPLYING and draft.joins_id is None
    )
    return {
        "title": _("Change: %(calendar)s") % {"calendar": calendar.name},
        "calendar": calendar,
        "forms": forms if mine else {},
        "last": last,
        "now": now,
        **(context_of(draft, now=now) if draft else {"draft": None}),
    }


def _content(calendar: Calendar, draft: CalendarChange | None) -> Content:
    if draft is not None:
        return calendar_content.from_json(draft.content)
    newest = calendar.versions.first()
    if newest is None:
        raise Http404
    return calendar_changes.content_of(newest)


def _draft(request: PersonRequest, calendar: Calendar, draft: CalendarChange | None, content: Content) -> bool:
    """Begin or edit the draft; False, with a message, when that is refused."""
    now, revision = timezone.now(), request.POST.get("revision", "")
    try:
        if draft is None:
            change = calendar_drafts.begin(calendar=calendar, content=content, author=request.user, now=now)
        else:
            change = calendar_drafts.edit(
                change_id=draft.pk, revision=_number(revision), content=content, author=request.user, now=now
            )
    except CalendarError as error:
        messages.error(request, str(error))
        return False
    _go_on(change)
    return True


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 9 else -1


def _go_on(change: CalendarChange) -> CalendarChange:
    """Work for a moment, so that small changes are done with the press; a worker does the rest."""
    end = monotonic() + SECONDS_AT_ONCE
    change = calendar_drafts.work(change_id=change.pk, now=timezone.now, enough=lambda: monotonic() > end)
    if change.state in (ChangeState.PREVIEWING, ChangeState.APPLYING):
        tasks.wake()
    return change


@require_safe
@login_required
def effect(request: PersonRequest, calendar_id: int) -> HttpResponse:
    """What the draft would move, or how far it is; the page asks again while it is counted or applied."""
    calendar = to_change(request, calendar_id)
    draft = calendar_drafts.in_flight(calendar)
    now = timezone.now()
    if draft is None:
        answer = HttpResponse(status=204)
        answer["HX-Redirect"] = reverse("governance:calendar_change", args=[calendar.pk])
        return answer
    return render(request, "governance/_calendar_effect.html", {"calendar": calendar, **context_of(draft, now=now)})


def _act(request: PersonRequest, calendar_id: int, act: Callable[[CalendarChange], str]) -> HttpResponse:
    """Do something to the draft of a calendar and say so; a refusal is said in its own words."""
    calendar = to_change(request, calendar_id)
    draft = calendar_drafts.in_flight(calendar)
    if draft is None:
        messages.warning(request, _("There is no draft any more."))
        return redirect("governance:calendar_change", calendar_id=calendar_id)
    try:
        messages.success(request, act(draft))
    except ChangeRefused as refused:
        messages.error(request, str(refused))
    if not calendar.versions.exists():
        return redirect("governance:calendar")
    return redirect("governance:calendar_change", calendar_id=calendar_id)


@require_POST
@login_required
def apply(request: PersonRequest, calendar_id: int) -> HttpResponse:
    """Put the draft in force; running deadlines go over in the background."""

    def act(draft: CalendarChange) -> str:
        revision = _number(request.POST.get("revision", ""))
        change = calendar_drafts.apply(change_id=draft.pk, revision=revision, by=request.user, now=timezone.now())
        _note_difference(request, change)
        change = _go_on(change)
        if change.joins_id is not None:
            if change.state == ChangeState.APPLIED:
                words = _("The common calendar is followed again, %(count)d deadlines moved.")
                return words % {"count": change.moved}
            return _("The common calendar is followed again; running deadlines are moving over.")
        number = change.version.number if change.version else 0
        if change.state == ChangeState.APPLIED:
            said = {"number": number, "count": change.moved}
            return _("Version %(number)d is in force, %(count)d deadlines moved.") % said
        return _("Version %(number)d is in force; running deadlines are moving over.") % {"number": number}

    return _act(request, calendar_id, act)


@require_POST
@login_required
def abandon(request: PersonRequest, calendar_id: int) -> HttpResponse:
    """Drop the draft: nothing changed, nothing moves."""

    def act(draft: CalendarChange) -> str:
        calendar_drafts.abandon(change_id=draft.pk, now=timezone.now())
        return _("The draft is gone; nothing changed.")

    return _act(request, calendar_id, act)


@require_POST
@login_required
def count(request: PersonRequest, calendar_id: int) -> HttpResponse:
    """Count through once more what the draft would move now."""

    def act(draft: CalendarChange) -> str:
        calendar_drafts.count_again(change_id=draft.pk, now=timezone.now())
        _go_on(draft)
        return _("Counted through again.")

    return _act(request, calendar_id, act)


def _note_difference(request: PersonRequest, change: CalendarChange) -> None:
    """Beside the trigger's line about the version: which days and hours it says otherwise."""
    after = calendar_content.from_json(change.content)
    before = calendar_changes.content_of(change.base) if change.base else after
    told = calendar_content.difference(before, after)
    was, becomes = [one.before for one in told.days], [one.after for one in told.days]
    pairs: dict[str, list[str]] = {
        "days": [", ".join(_said(special) for special in days if special) for days in (was, becomes)],
        "hours": [",".join(map(calendar_forms.said, content.hours)) for content in (before, after)],
        "weekdays": [",".join(str(day + 1) for day in sorted(content.weekdays)) for content in (before, after)],
    }
    differing = {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}
    audit.note(
        act=AuditAct.CHANGED,
        kind=CalendarVersion._meta.db_table,
        object_id=str(change.joins_id or change.version_id),
        unit=change.calendar.district_id or "",
        actor=request.user,
        address=audit.address_of(request),
        before={key: pair[0] for key, pair in differing.items()},
        after={key: pair[1] for key, pair in differing.items()},
    )


def _said(special: Special) -> str:
    return f"{special.day} {special.kind.value} {special.name}".strip()
