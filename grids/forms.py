"""Forms of posts and accounts. Errors of the domain stand at the field they speak of."""

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from grids import directory
from grids.duties import KINDS_OF_DUTY, Duty
from grids.levels import GridKind, UnitKind, district_of
from grids.models import Person, Post, Unit
from grids.subtrees import within

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
    "unit_code": "code",
    "unit_code_taken": "code",
    "unit_contact": "duty_contact",
    "unit_has_name": "name",
    **{f"unit_{kind.value}_code": "code" for kind in UnitKind},
    "unit_code_under_parent": "code",
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
        if not (pk.isascii() and pk.isdigit()):
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


class UnitForm(forms.Form):
    """What a unit is called and how it is reached."""

    name = forms.CharField(label=_("Full name of the unit"), max_length=100)
    short_name = forms.CharField(
        label=_("Short name"),
        max_length=30,
        required=False,
        help_text=_("Shown on lists and maps where there is little room."),
    )
    grid_kind = forms.ChoiceField(label=_("Kind of grid"), choices=GridKind.choices)
    duty_contact = forms.ModelChoiceField(
        Person.objects.none(), label=_("Duty contact"), required=False, help_text=_("Somebody who holds a post here.")
    )
    duty_phone = forms.CharField(
        label=_("Duty phone"),
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel"}),
    )
    address = forms.CharField(label=_("Address"), max_length=200, required=False)

    def __init__(self, *args: Any, kind: str, unit: Unit | None = None, now: datetime, **named: Any) -> None:
        if unit is not None:
            named["initial"] = {name: getattr(unit, name) for name in self.base_fields if hasattr(unit, name)}
        super().__init__(*args, **named)
        if kind != UnitKind.GRID:
            del self.fields["grid_kind"]
        if unit is None:
            del self.fields["duty_contact"]
        else:
            people = Person.objects.filter(posts__unit=unit, posts__period__contains=now, is_active=True).distinct()
            self.fields["duty_contact"].queryset = people  # type: ignore[attr-defined]

    def refuse(self, refusal: ValidationError) -> None:
        """Put what the domain refused at its field."""
        for error in refusal.error_list:
            field = FIELD_OF_REFUSAL.get(error.code or "")
            self.add_error(field if field in self.fields else None, error)


class NewUnitForm(UnitForm):
    """A unit to be created under another one."""

    code = forms.CharField(
        label=_("Code"),
        max_length=15,
        help_text=_("The next free one is proposed. A code is never changed and never given twice."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}),
    )
    field_order = ["code", "name", "short_name", "grid_kind", "duty_phone", "address"]

    def clean_code(self) -> str:
        return str(self.cleaned_data["code"]).strip().upper()


class ChangeGridForm(forms.Form):
    """An officer goes over to another unit of the same kind, at one moment."""

    post = forms.ModelChoiceField(Post.objects.none(), label=_("Post that goes on elsewhere"), empty_label=None)
    also_end = forms.ModelMultipleChoiceField(
        Post.objects.none(), label=_("Posts that end at the same moment"), required=False,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    unit = forms.CharField(label=_("New unit"), max_length=60, help_text=_("Name or code; choose from what is found."))
    other = forms.ChoiceField(
        label=_("Whoever is primary there now"),
        choices=[("", _("stays (refused if there can be only one)")), ("swap", _("changes places")),
                 ("relieve", _("is relieved at that moment"))],
        required=False,
    )  # fmt: skip
    at = moment_field(_("Begins"), required=False, help_text=_("Empty: from now on."))

    def __init__(self, *args: Any, held: "QuerySet[Post]", now: datetime, **named: Any) -> None:
        super().__init__(*args, **named)
        self.held, self.now = held, now
        for name in ("post", "also_end"):
            field: Any = self.fields[name]
            field.queryset = held
            field.label_from_instance = _post_label
        if held.count() < 2:
            del self.fields["also_end"]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        post, asked = given.get("post"), given.get("unit", "").strip()
        if post is None or not asked:
            return given
        if post in given.get("also_end", ()):
            self.add_error("also_end", _("This post goes on elsewhere."))
        # "511111100001002 南陵社区第2网格" as the list offers it, or the code alone, or a name that is clear.
        units = Unit.objects.filter(kind=post.unit.kind, retired_at__isnull=True)
        units = units.filter(within([district_of(post.unit_id)]))
        found = list(units.filter(pk=asked.split()[0])) or list(units.filter(name=asked)[:2])
        if len(found) != 1:
            self.add_error("unit", _("Choose one unit of the same kind from what is found."))
        elif found[0].pk == post.unit_id:
            self.add_error("unit", _("The person serves there already."))
        else:
            given["target"] = found[0]
        return given

    def refuse(self, refusal: ValidationError) -> None:
        """Put what the domain refused at its field."""
        for error in refusal.error_list:
            code = error.code or ""
            field = {"post_one_primary_officer": "other", "post_surplus": "other"}.get(code, "post")
            self.add_error(field if code else None, error)


def _post_label(post: Post) -> str:
    primary = f" ({_('primary')})" if post.is_primary else ""
    return f"{post.unit.name} · {post.get_duty_display()}{primary}"


class ParticularsForm(forms.Form):
    """Name and phone of a person."""

    full_name = forms.CharField(label=_("Full name"), max_length=60)
    phone = forms.CharField(
        label=_("Phone"),
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel"}),
    )
