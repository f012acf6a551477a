"""Pictures of an incident: which there are, adding some, and the files themselves."""

from datetime import datetime
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError
from django.http.response import HttpResponseBase
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from grids.api import paging
from grids.api.endpoints import Endpoint, FileNegotiation
from grids.api.fields import NumberField, PointShape, Strict, address, moment
from grids.api.paging import PageQuestion, page_of
from grids.datums import Datum
from grids.models import Person
from incidents import access, photo_rights, photos, records, refusals, reporting
from incidents.api.incidents import NUMBER
from incidents.api.refusals import told
from incidents.births import Position
from incidents.forms import MOST_PICTURES
from incidents.models import Incident, Photo, PhotoStage
from incidents.photos import Picture
from incidents.views import photos as pages

TOKEN = (
    "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
    "The random name of a picture.",
)


class PhotoLinks(serializers.Serializer):
    shown = serializers.CharField()
    thumb = serializers.CharField()
    original = serializers.CharField(allow_null=True, help_text="with what the camera wrote; null for who may not")


class PhotoRow(serializers.Serializer):
    """A picture."""

    token = serializers.CharField()
    url = serializers.CharField()
    stage = serializers.ChoiceField(PhotoStage.values)
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    taken_at = serializers.DateTimeField(allow_null=True)
    added_at = serializers.DateTimeField()
    added_by = serializers.CharField(allow_null=True)
    point = PointShape(allow_null=True)
    links = PhotoLinks()


class NewPhotos(Strict):
    """Pictures as files, with where the device is."""

    stage = serializers.ChoiceField(PhotoStage.values)
    photos = serializers.ListField(child=serializers.FileField(), min_length=1, max_length=MOST_PICTURES)
    lon = NumberField(min_value=-180, max_value=180, required=False)
    lat = NumberField(min_value=-90, max_value=90, required=False)
    datum = serializers.ChoiceField(Datum.choices, required=False, default=Datum.WGS84.value)


class AddedPhotos(serializers.Serializer):
    results = PhotoRow(many=True)


class PhotoList(Endpoint):
    """The pictures of an incident."""

    tag = "photos"
    names = {"GET": "listPhotos", "POST": "addPhotos"}
    asks = {"GET": PageQuestion}
    takes = {"POST": NewPhotos}
    gives = {"GET": {200: page_of(PhotoRow)}, "POST": {201: AddedPhotos, 200: AddedPhotos}}
    refuses = {"POST": (409, 422)}
    keyed = ("POST",)
    parser_classes = (MultiPartParser,)
    path_words = {"number": NUMBER}

    def get(self, request: Request, number: str) -> Response:
        """The pictures of an incident, in the order they came."""
        incident = access.incident_for(self.person, number, now=self.now)
        found = Photo.objects.filter(incident=incident).select_related("added_by")
        page = paging.page(found, ("id",), self.asked)
        rows = _rows(self.person, incident, page.rows, self.now)
        return Response(paging.answer(page, rows, f"incidents/{number}/photos/", request.query_params))

    def post(self, request: Request, number: str) -> Response:
        """Add pictures of before, after, or of a check on site, which needs a position.

        The same picture twice at one stage is kept once. With an `Idempotency-Key` a repeated request answers 200.
        """
        incident = access.incident_for(self.person, number, now=self.now)
        given, key = self.taken(), self.key()
        pictures = [_picture(upload, place) for place, upload in enumerate(given["photos"])]
        point = None
        if given.get("lon") is not None and given.get("lat") is not None:
            point = reporting.taken_at_hand(Position(given["lon"], given["lat"], given["datum"]))
        with told():
            try:
                added = reporting.show(
                    actor=self.person,
                    incident=incident,
                    stage=PhotoStage(given["stage"]),
                    pictures=pictures,
                    point=point,
                    now=self.now,
                    key=key,
                )
            except IntegrityError as error:
                # Two at once with one key, or with one picture: the first is in.
                if records.earlier(actor=self.person, idempotency_key=key, incident=incident) is None:
                    raise refusals.stale() from error
                added = list(Photo.objects.filter(event__actor=self.person, event__idempotency_key=key))
        answer = {"results": _rows(self.person, incident, added, self.now)}
        repeated = bool(key) and any(photo.added_at != self.now for photo in added)
        headers = {"Idempotent-Replayed": "true"} if repeated else {}
        return Response(answer, 200 if repeated else 201, headers=headers)


class PhotoFile(Endpoint):
    """The file of a picture."""

    tag = "photos"
    names = {"GET": "getPhoto"}
    gives = {"GET": {(200, "image/jpeg"): bytes, (200, "image/png"): bytes, (200, "image/webp"): bytes, 304: None}}
    path_words = {"token": TOKEN, "size": ("^(shown|thumb|original)$", "shown, thumb or original")}
    content_negotiation_class = FileNegotiation

    def get(self, request: Request, token: Any, size: str) -> HttpResponseBase:
        """One picture in one size; the original, with what the camera wrote, for those who deal with the matter."""
        return pages.photo(request._request, str(token), size)


def _picture(upload: UploadedFile, place: int) -> Picture:
    try:
        return photos.check(cast(Any, upload))
    except ValidationError as fault:
        said = [ErrorDetail(message, str(fault.code)) for message in fault.messages]
        raise serializers.ValidationError({f"photos.{place}": said}) from fault


def _rows(person: Person, incident: Incident, found: list[Photo], now: datetime) -> list[dict[str, Any]]:
    for photo in found:
        photo.incident = incident
    others = next((photo for photo in found if photo.added_by_id != person.pk), None)
    may_all = others is not None and photo_rights.may_see_original(person, others, now=now)
    return [_told(photo, may_all or photo.added_by_id == person.pk) for photo in found]


def _told(photo: Photo, with_original: bool) -> dict[str, Any]:
    path = f"photos/{photo.token}/"
    return {
        "token": str(photo.token),
        "url": address(f"{path}shown/"),
        "stage": photo.stage,
        "width": photo.width,
        "height": photo.height,
        "taken_at": moment(photo.taken_at),
        "added_at": moment(photo.added_at),
        "added_by": photo.added_by.full_name if photo.added_by else None,
        "point": {"lon": photo.point.x, "lat": photo.point.y} if photo.point else None,
        "links": {
            "shown": address(f"{path}shown/"),
            "thumb": address(f"{path}thumb/"),
            "original": address(f"{path}original/") if with_original else None,
        },
    }
