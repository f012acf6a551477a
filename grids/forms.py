"""Forms of posts and accounts. Errors of the domain stand at the field they speak of."""

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from grids import directory
from grids.duties import KINDS_OF_DUTY, Duty
from grids.levels import district_of
from grids.models import Person, Unit

# The field each refusal of `grids.posts` belongs to; anything else stands above the form.
FIELD_OF_REFUSAL = {
    "post_one_primary_officer": "is_primary",
    "post_primary_is_officer": "is_primary",
    "post_officer_not_supervisor": "duty",
    "post_duty_fits_unit": "duty",
    "post_surplus": "duty",
    "post_held_once": "duty",
    "post_ends_before_start": "until",
    "post_period_has_start": "since",
    "post_person_inactive": "person",
}


def moment_field(label: Any, *, required: bool, help_text: Any = "") -> forms.DateTimeField:
    """A moment to the minute, by the browser's own picker."""
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, required=required, widget=widget, help_text=help_text)


class PostForm(forms.Form):
    """The terms of a post at one unit: which duty, from when until when."""

    duty = forms.ChoiceField(label=_("Duty"))
    is_primary = forms.BooleanField(
        label=_("Primary: answers for this grid"),
        required=False,
        help_text=_("A grid has one primary officer at a time."),
    )
    since = moment_field(_("Begins"), required=False, help_text=_("Empty: from now on."))
    until = moment_field(_("Until"), required=False, help_text=_("Empty: until relieved. For a secondment, its end."))
    origin = forms.CharField(label=_("Seconded from"), required=False, max_length=100)

    def __init__(self, *args: Any, unit: Unit, now: datetime, **named: Any) -> None:
        super().__init__(*args, **named)
        self.unit, self.now = unit, now
        self.fields["duty"].choices = [  # type: ignore[attr-defined]
            (duty.value, duty.label) for duty in Duty if unit.kind in KINDS_OF_DUTY[duty]
        ]
        if not unit.is_grid:
            del self.fields["is_primary"]

    def terms(self) -> dict[str, Any]:
        """What `posts.appoint` takes beside unit, person and actor."""
        given = self.cleaned_data
        since = given["since"]
        # The picker has no seconds: "from this minute" must not begin before the press.
        if since is None or since.replace(second=0, microsecond=0) == self.now.replace(second=0, microsecond=0):
            since = self.now
        return {
            "duty": Duty(given["duty"]),
            "since": since,
            "until": given["until"],
            "is_primary": given.get("is_primary", False),
            "origin": given["origin"],
        }

    def refuse(self, refusal: ValidationError) -> None:
        """Put what the domain refused at its field."""
        if hasattr(refusal, "error_dict"):
            for name, errors in refusal.error_dict.items():
                self.add_error(name if name in self.fields else None, errors)
            return
        for error in refusal.error_list:
            field = FIELD_OF_REFUSAL.get(error.code or "")
            self.add_error(field if field in self.fields else None, error)


class AppointForm(PostForm):
    """A post for somebody of this district who has an account."""

    person = forms.ModelChoiceField(
        Person.objects.none(),
        label=_("Person"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Search for a person and choose one.")},
    )
    field_order = ["person", "duty", "is_primary", "since", "until", "origin"]

    def __init__(self, *args: Any, unit: Unit, now: datetime, **named: Any) -> None:
        super().__init__(*args, unit=unit, now=now, **named)
        self.fields["person"].queryset = directory.known_in(district_of(unit.pk))  # type: ignore[attr-defined]

    @property
    def chosen(self) -> Person | None:
        """The person chosen so far, also before the form is sent."""
        pk = str(self["person"].value() or "")
        if not pk.isdigit():
            return None
        found: Person | None = self.fields["person"].queryset.filter(pk=pk).first()  # type: ignore[attr-defined]
        return found


class NewPersonForm(PostForm):
    """A new account with its first post."""

    full_name = forms.CharField(label=_("Full name"), max_length=60)
    username = forms.CharField(
        label=_("User name"),
        max_length=60,
        help_text=_("For signing in; letters, digits and . _ - only."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}),
    )
    phone = forms.CharField(
        label=_("Phone"),
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel"}),
    )
    field_order = ["full_name", "username", "phone", "duty", "is_primary", "since", "until", "origin"]

    def account(self) -> dict[str, Any]:
        """What `accounts.open_account` takes beside unit and actor."""
        given = self.cleaned_data
        return {name: given[name] for name in ("full_name", "username", "phone")} | self.terms()


class RelieveForm(forms.Form):
    """When a post ends."""

    at = moment_field(_("Ends"), required=False, help_text=_("Empty: now. A later moment may be set in advance."))
