"""Pictures: served to those who see the incident, added by those who deal with it."""

from collections.abc import Collection
from datetime import datetime
from pathlib import PurePath
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from grids.models import Person
from grids.requests import PersonRequest
from incidents import access, photo_rights, reporting, selectors
from incidents.forms import PhotoForm
from incidents.models import Incident, Photo, PhotoStage

SIZES = ("shown", "thumb", "original")
FRESH_SECONDS = 600
CONTENT_TYPES = {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}


@require_safe
@login_required
def photo(request: PersonRequest, token: str, size: str) -> HttpResponseBase:
    """One picture in one size; 304 when the browser has it. The original is for those who deal with the matter."""
    if size not in SIZES:
        raise Http404
    now = timezone.now()
    found = access.photo_for(request.user, token, now=now)
    if size == "original" and not photo_rights.may_see_original(request.user, found, now=now):
        raise PermissionDenied(_("The original picture is for those who deal with the incident."))
    etag = f'"{found.sha256[:32]}-{size}"'
    response: HttpResponseBase = get_conditional_response(request, etag=etag) or _file(found, size)
    response["ETag"] = etag
    patch_cache_control(response, private=True, max_age=FRESH_SECONDS, must_revalidate=True)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _file(found: Photo, size: str) -> HttpResponseBase:
    stored: FieldFile = {"shown": found.shown, "thumb": found.thumbnail, "original": found.original}[size]
    suffix = PurePath(stored.name or "").suffix.lower()
    name = f"{found.incident.number}-{found.stage}-{found.pk}{suffix}"
    try:
        file = stored.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    return FileResponse(
        file,
        as_attachment=size == "original",
        filename=name,
        content_type=CONTENT_TYPES.get(suffix, "application/octet-stream"),
    )


@require_POST
@login_required
def add_photo(request: PersonRequest, number: str) -> HttpResponse:
    """Add pictures to an incident: before, after, or of a check on site; answers with the pictures as they are then."""
    now = timezone.now()
    incident = access.incident_for(request.user, number, now=now)
    form = PhotoForm(request.POST, request.FILES)
    added: list[Photo] = []
    if form.is_valid():
        try:
            added = _add(request.user, incident, form, now)
        except ValidationError as refused:
            form.add_error(None if getattr(refused, "field", None) else "photos", refused.messages)
    return _answer(request, incident, form, added, now)


def _add(person: Person, incident: Incident, form: PhotoForm, now: datetime) -> list[Photo]:
    return reporting.show(
        actor=person,
        incident=incident,
        stage=PhotoStage(form.cleaned_data["stage"]),
        pictures=form.cleaned_data["photos"],
        point=reporting.taken_at_hand(form.position) if form.at_hand else None,
        now=now,
    )


def _answer(
    request: PersonRequest, incident: Incident, form: PhotoForm, added: list[Photo], now: datetime
) -> HttpResponse:
    faults = [str(each) for faults in form.errors.values() for each in faults]
    status = 422 if faults else 200
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        return JsonResponse({"errors": faults, "added": [str(each.token) for each in added]}, status=status)
    if not request.htmx:
        if not faults:
            return redirect("incidents:detail", number=incident.number)
        return render(request, "incidents/photo_fault.html", {"title": _("Pictures"), "faults": faults}, status=status)
    context = photos_context(request.user, incident, now=now) | {"faults": faults}
    response = render(request, "incidents/_photos.html", context, status=status)
    if added:
        trigger_client_event(response, "incident:photos", {"number": incident.number}, after="settle")
    return response


@require_safe
@login_required
def photos_of(request: PersonRequest, number: str) -> HttpResponse:
    """The pictures of an incident before and after, with the tiles to add more, as a fragment."""
    now = timezone.now()
    incident = access.incident_for(request.user, number, now=now)
    return render(request, "incidents/_photos.html", photos_context(request.user, incident, now=now))


def photos_context(
    person: Person,
    incident: Incident,
    *,
    now: datetime,
    pictures: list[Photo] | None = None,
    seen: Collection[str] | None = None,
) -> dict[str, Any]:
    """What `incidents/_photos.html` needs; `pictures` and the units of its ``Sight``, if they were read already."""
    if pictures is None:
        pictures = selectors.photos_of(incident)
    may_add = photo_rights.stages_for(person, incident, now=now, seen=seen)
    return {
        "incident": incident,
        "groups": [
            {
                "stage": stage,
                "photos": [each for each in pictures if each.stage == stage],
                "may_add": stage in may_add,
            }
            for stage in PhotoStage
        ],
        "may_add": may_add,
        "anything": bool(pictures or may_add),
    }
