"""Map files: sent, looked at before anything is stored, begun as a plan; and boundaries taken away as a file."""

from datetime import datetime, time
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from governance.studio import files_preview
from governance.studio.access import places
from governance.studio.files_forms import BeginForm, SendForm, TakeForm
from governance.studio.files_preview import Preview
from grids import audit
from grids.drafts import Wish
from grids.duties import Right
from grids.exchange import beginning, taking, waiting
from grids.exchange.opening import Format
from grids.exchange.refused import BoundaryFileRefused
from grids.exchange.taking import TakingRefused
from grids.exchange.waiting import Waiting
from grids.models import Person, Plan, Unit
from grids.refusals import BoundaryRefused
from grids.requests import PersonRequest


def _own_places(person: Person, *rights: Right, now: datetime) -> list[Unit]:
    """As `places`. Raises PermissionDenied where there is none; the keeper of an empty house may look."""
    found = places(person, *rights, now=now)
    if not found and not person.is_superuser:
        raise PermissionDenied(_("You have no duty here that allows this."))
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def send(request: PersonRequest) -> HttpResponse:
    """The form for a file; by POST the file is kept for a day and its preview opens."""
    now = timezone.now()
    mine = _own_places(request.user, Right.ADMINISTER, now=now)
    if request.method != "POST":
        return _sending(request, SendForm(places=mine, initial={"scope": request.GET.get("scope", "")}))
    form = SendForm(request.POST, request.FILES, places=mine)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            kept = waiting.keep(name=file.name or "", pieces=file.chunks(), person=request.user, now=now)
            try:
                files_preview.read(kept)
            except BoundaryFileRefused:
                waiting.drop(kept)
                raise
        except BoundaryFileRefused as refused:
            for fault in refused.faults:
                form.add_error("file", str(fault))
        else:
            scope = form.cleaned_data["scope"]
            return redirect(reverse("studio:import_preview", args=[kept.key]) + (f"?scope={scope}" if scope else ""))
    return _sending(request, form, status=422)


def _sending(request: PersonRequest, form: SendForm, *, status: int = 200) -> HttpResponse:
    context = {"title": _("Import boundaries"), "form": form}
    return render(request, "studio/import.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def preview(request: PersonRequest, key: str) -> HttpResponse:
    """What the file would change, read as chosen; pressed "begin", it becomes a plan."""
    now = timezone.now()
    mine = _own_places(request.user, Right.ADMINISTER, now=now)
    kept = _kept(request, key, now)
    given = request.POST.copy() if request.method == "POST" else None
    if given is not None and "read_as" in given:
        # One press on the warning: the same as choosing the system in the form.
        given.setlist("system", given.getlist("read_as"))
    shown = files_preview.show(kept, given, scope=request.GET.get("scope", ""), places=mine, now=now)
    pressed = given is not None and given.get("act") == "begin"
    begun = {"title": kept.name.rpartition(".")[0][:100] or kept.name, "tolerance_percent": 20}
    form = BeginForm(given if pressed else {**begun, **given.dict()} if given is not None else None, initial=begun)
    if pressed and shown.compared is not None and shown.form.is_valid() and form.is_valid():
        plan = _begun(request, kept, shown, form, now)
        if plan is not None:
            waiting.drop(kept)
            messages.success(request, _("A draft was begun from %(file)s.") % {"file": kept.name})
            return redirect("studio:plan", plan.pk)
    wrong = pressed or not shown.form.is_valid() if given is not None else False
    return _previewed(request, kept, shown, form, pressed=pressed, status=422 if wrong else 200)


def _kept(request: PersonRequest, key: str, now: datetime) -> Waiting:
    kept = waiting.find(key=key, person=request.user, now=now)
    if kept is None:
        raise Http404(_("This file is no longer there: send it again."))
    return kept


def _begun(request: PersonRequest, kept: Waiting, shown: Preview, form: BeginForm, now: datetime) -> Plan | None:
    given = dict(form.cleaned_data)
    leave_out_bad = given.pop("leave_out_bad")
    assert shown.compared is not None
    try:
        return beginning.begin(
            shown.compared, wish=Wish(**given), file_name=kept.name, leave_out_bad=leave_out_bad,
            actor=request.user, now=now,
        )  # fmt: skip
    except BoundaryFileRefused as refused:
        if refused.faults and refused.faults[0].index:
            form.add_error("leave_out_bad", _("Bad features are named above: set them right, or leave them out."))
        else:
            form.add_error(None, str(refused))
    except BoundaryRefused as refused:
        form.add_error(None, refused.messages)
    return None


def _previewed(
    request: PersonRequest, kept: Waiting, shown: Preview, form: BeginForm, *, pressed: bool, status: int
) -> HttpResponse:
    if not pressed and form.is_bound:
        # Only looked at again: what is not filled in yet is no fault yet.
        form.errors.clear()
    context: dict[str, Any] = {
        "title": _("Preview of %(file)s") % {"file": kept.name},
        "kept": kept,
        "shown": shown,
        "form": shown.form,
        "begin": form,
    }
    return render(request, "studio/import_preview.html", context, status=status)


@require_POST
@login_required
def drop(request: PersonRequest, key: str) -> HttpResponse:
    """The file is thrown away before anything came of it."""
    now = timezone.now()
    _own_places(request.user, Right.ADMINISTER, now=now)
    waiting.drop(_kept(request, key, now))
    messages.info(request, _("The file was thrown away; nothing was stored."))
    return redirect("studio:import")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def export(request: PersonRequest) -> HttpResponse:
    """The form for the boundaries published somewhere, and by POST with a reason the file."""
    now = timezone.now()
    mine = _own_places(request.user, Right.ADMINISTER, Right.APPROVE_PLAN, now=now)
    return _taken(request, None, mine, now)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def export_plan(request: PersonRequest, pk: int) -> HttpResponse:
    """The same for what a plan draws, in whatever state it is."""
    now = timezone.now()
    plan = get_object_or_404(Plan.objects.select_related("scope"), pk=pk)
    if not taking.may_take(request.user, plan.scope_id, now=now):
        raise Http404
    return _taken(request, plan, [], now)


def _taken(request: PersonRequest, plan: Plan | None, mine: list[Unit], now: datetime) -> HttpResponse:
    initial = {"scope": request.GET.get("scope", ""), "encoding": "utf-8", "system": "cgcs2000"}
    if request.method != "POST":
        return _taking(request, TakeForm(initial=initial, places=mine, has_plan=plan is not None), plan)
    form = TakeForm(request.POST, places=mine, has_plan=plan is not None)
    if form.is_valid():
        given = form.cleaned_data
        day = given.get("day")
        at = timezone.make_aware(datetime.combine(day, time(12))) if day else now
        scope = plan.scope if plan else next(unit for unit in mine if unit.pk == given["scope"])
        wish = taking.Wish(scope, Format(given["format"]), given["system"], at, plan, given["encoding"])
        try:
            taken = taking.take(
                person=request.user, wish=wish, reason=given["reason"], now=now, address=audit.address_of(request)
            )
        except TakingRefused as refused:
            field = {"state": None if plan else "day"}.get(refused.field, refused.field)
            form.add_error(field, refused.messages)
        else:
            response = HttpResponse(taken.data, content_type=taken.content_type)
            response["Content-Disposition"] = content_disposition_header(True, taken.name) or "attachment"
            patch_cache_control(response, private=True, no_store=True)
            return response
    return _taking(request, form, plan, status=422)


def _taking(request: PersonRequest, form: TakeForm, plan: Plan | None, *, status: int = 200) -> HttpResponse:
    title = _("Export %(plan)s") % {"plan": plan.title} if plan else _("Export boundaries")
    return render(request, "studio/export.html", {"title": title, "form": form, "plan": plan}, status=status)
