"""What is typed on the pages of the studio: a plan begun, set, approved, sent back, discarded, copied."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from grids.levels import UnitKind
from grids.models import Unit


class BeginForm(forms.Form):
    """A plan for one of the units the person administers."""

    scope = forms.ChoiceField(label=_("For"))
    title = forms.CharField(label=_("Title"), max_length=100)
    reason = forms.CharField(
        label=_("Why the ground is redrawn"), required=False, widget=forms.Textarea(attrs={"rows": 2}), max_length=2000
    )
    target_households = forms.IntegerField(
        label=_("Households per grid"), required=False, min_value=1, max_value=100_000, initial=350
    )
    tolerance_percent = forms.IntegerField(label=_("Tolerance in percent"), min_value=0, max_value=100, initial=20)

    def __init__(self, *args: Any, scopes: list[Unit], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = {unit.pk: unit.name for unit in scopes}
        indent = {UnitKind.DISTRICT: "", UnitKind.TOWN: "\u3000", UnitKind.VILLAGE: "\u3000\u3000"}
        field = self.fields["scope"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(unit.pk, f"{indent[UnitKind(unit.kind)]}{names[unit.pk]}") for unit in scopes]


class SettingsForm(forms.Form):
    """What a plan says of itself besides its areas."""

    title = forms.CharField(label=_("Title"), max_length=100)
    reason = forms.CharField(
        label=_("Why the ground is redrawn"), required=False, widget=forms.Textarea(attrs={"rows": 3}), max_length=2000
    )
    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": 2}), max_length=2000)
    target_households = forms.IntegerField(
        label=_("Households per grid"), required=False, min_value=1, max_value=100_000
    )
    tolerance_percent = forms.IntegerField(label=_("Tolerance in percent"), min_value=0, max_value=100)


class ApproveForm(forms.Form):
    """The approval, and when the plan comes into force."""

    reason = forms.CharField(label=_("Why it is approved"), widget=forms.Textarea(attrs={"rows": 3}), max_length=1000)
    publish_at = forms.DateTimeField(
        label=_("Publishes itself at"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Empty: whenever somebody presses “publish”."),
    )


class ReasonForm(forms.Form):
    """A reason in words."""

    note = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 2}), max_length=500)


class CopyForm(forms.Form):
    """The copy's title."""

    title = forms.CharField(label=_("Title of the copy"), max_length=100)
