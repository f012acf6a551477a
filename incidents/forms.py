"""What an officer's browser sends. Nothing a device claims is believed without a look."""

import re
import secrets
from datetime import datetime
from typing import Any, BinaryIO, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware
from django.utils.translation import gettext_lazy as _

from incidents import catalogue, photos, places
from incidents.lifecycle import Position
from incidents.models import Category, PhotoStage, Source
from incidents.photos import Picture
from incidents.places import Reach
from incidents.refusals import MoveRefused
from incidents.reporting import Sketch
from incidents.states import Urgency

MOST_PICTURES = 9
TEXT_LENGTH = 500
KEY = re.compile(r"[0-9A-Za-z-]{8,64}")
# A device without a fix may claim the whole town; further off than this it says nothing.
WORST_ACCURACY_M = 50_000


def new_key() -> str:
    """A key under which one hand-in is known, however often it is sent."""
    return secrets.token_hex(16)


class PicturesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class PicturesField(forms.FileField):
    """Any number of pictures, each checked by its content; cleans to a list of `Picture`."""

    widget = PicturesInput

    def clean(self, data: Any, initial: Any = None) -> list[Picture]:
        uploads: list[UploadedFile] = [each for each in (data if isinstance(data, (list, tuple)) else [data]) if each]
        if self.required and not uploads:
            raise ValidationError(_("Choose a picture first."), code="required")
        if len(uploads) > MOST_PICTURES:
            raise ValidationError(_("At most %(count)d pictures at once.") % {"count": MOST_PICTURES}, code="too_many")
        pictures, faults = [], []
        for number, upload in enumerate(uploads, 1):
            try:
                pictures.append(photos.check(cast(BinaryIO, upload)))
            except ValidationError as fault:
                faults += [
                    _("Picture %(number)d: %(reason)s") % {"number": number, "reason": reason}
                    for reason in fault.messages
                ]
        if faults:
            raise ValidationError(faults)
        return pictures


class SaidNumber(forms.FloatField):
    """A number a device says; one that makes no sense counts as not said, as nobody could correct it."""

    def clean(self, value: Any) -> float | None:
        try:
            return super().clean(value)
        except ValidationError:
            return None


class PositionForm(forms.Form):
    """Where somebody or something is, as far as the browser tells."""

    lon = SaidNumber(required=False, min_value=-180, max_value=180)
    lat = SaidNumber(required=False, min_value=-90, max_value=90)
    accuracy = SaidNumber(required=False, min_value=0)
    # "device": the device's own position; else a tap on our map, which is drawn in CGCS2000.
    by = forms.CharField(required=False)

    @property
    def at_hand(self) -> bool:
        return self.cleaned_data.get("by") == "device"

    @property
    def position(self) -> Position | None:
        given = self.cleaned_data
        longitude, latitude, accuracy = given.get("lon"), given.get("lat"), given.get("accuracy")
        if longitude is None or latitude is None:
            return None
        if not self.at_hand:
            return Position(longitude, latitude, "cgcs2000")
        if accuracy is not None and accuracy > WORST_ACCURACY_M:
            return None
        return Position(longitude, latitude, "wgs84", accuracy)


class PlaceForm(PositionForm):
    """A place by position or by name, and what else decides how soon it must be accepted."""

    place = forms.CharField(required=False, max_length=15)
    urgency = forms.ChoiceField(required=False, choices=Urgency.choices)
    category = forms.ModelChoiceField(Category.objects.none(), required=False)

    def __init__(self, *args: Any, reach: Reach, **named: Any) -> None:
        super().__init__(*args, **named)
        self.reach = reach
        self.fields["category"].queryset = catalogue.categories(reach.districts)  # type: ignore[attr-defined]

    def clean_urgency(self) -> Urgency:
        return Urgency(self.cleaned_data["urgency"] or Urgency.NORMAL)

    def clean_place(self) -> Any:
        code = self.cleaned_data["place"]
        found = places.named(self.reach, code)
        if code and found is None:
            raise ValidationError(_("You cannot report to this place: choose another."), code="place")
        return found


class ReportForm(PlaceForm):
    """One report. Words or a category must say what it is; the domain decides about the place."""

    key = forms.CharField(required=False, max_length=64)
    # The whole list, where no script makes a tile of what was chosen in it.
    other = forms.ModelChoiceField(Category.objects.none(), required=False)
    text = forms.CharField(
        required=False,
        max_length=TEXT_LENGTH,
        error_messages={"max_length": _("At most %(limit_value)d characters; you typed %(show_value)d.")},
    )
    address = forms.CharField(required=False, max_length=200)
    settled = forms.BooleanField(required=False)
    result = forms.CharField(required=False, max_length=TEXT_LENGTH)
    occurred_at = forms.CharField(required=False, max_length=40)
    photos = PicturesField(required=False)
    after = PicturesField(required=False)

    def __init__(self, *args: Any, reach: Reach, **named: Any) -> None:
        super().__init__(*args, reach=reach, **named)
        self.fields["other"].queryset = self.fields["category"].queryset  # type: ignore[attr-defined]

    def clean_key(self) -> str:
        key = self.cleaned_data["key"]
        return key if KEY.fullmatch(key) else new_key()

    def clean_occurred_at(self) -> datetime | None:
        """The device's own moment; what cannot be read is not said."""
        try:
            said = parse_datetime(self.cleaned_data["occurred_at"])
        except ValueError:
            return None
        return said if said is not None and is_aware(said) else None

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        given["category"] = given.get("category") or given.get("other")
        if not given.get("text", "").strip() and "text" not in self.errors:
            if given.get("category") is None:
                self.add_error("text", ValidationError(_("Say what is the matter, or choose a category."), "missing"))
            else:
                given["text"] = given["category"].name
        if given.get("settled") and not given.get("result", "").strip():
            self.add_error("result", ValidationError(_("Say what was done."), "missing"))
        return given

    @property
    def sketch(self) -> Sketch:
        given = self.cleaned_data
        return Sketch(
            text=given["text"],
            key=given["key"],
            category=given["category"],
            position=self.position,
            at_hand=self.at_hand,
            place=given["place"],
            address=given["address"],
            urgency=given["urgency"],
            source=Source.OFFICER if self.reach.grids else Source.CLERK,
            settled=given["settled"],
            result=given["result"],
            occurred_at=given["occurred_at"],
            before=given["photos"],
            after=given["after"],
        )

    def refuse(self, refused: MoveRefused | ValidationError) -> None:
        """Put what the domain said at its field, else at the head of the form."""
        field = getattr(refused, "field", None)
        self.add_error(field if field in self.fields else None, ValidationError(refused.messages))


class PhotoForm(PositionForm):
    """Pictures added to an incident that exists, with where the device is."""

    stage = forms.ChoiceField(choices=PhotoStage.choices)
    photos = PicturesField()
