"""Forms of forces and routines of a grid. Errors of the domain stand at the field they speak of."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from grids.models import ForceKind, Matter, RoutineKind

FIELD_OF_REFUSAL = {
    "force_has_name": "name",
    "force_once": "name",
    "routine_has_title": "title",
    "routine_ends_after_start": "until",
    "routine_comes_round": "every_days",
    "round_finding_has_words": "remark",
}


class RefusingForm(forms.Form):
    """A form that puts what the domain refused at its field."""

    def refuse(self, refusal: ValidationError) -> None:
        for error in refusal.error_list:
            field = FIELD_OF_REFUSAL.get(error.code or "")
            self.add_error(field if field in self.fields else None, error)


class ForceForm(RefusingForm):
    """Somebody who helps in a grid from now on."""

    kind = forms.ChoiceField(label=_("Kind of force"), choices=ForceKind.choices)
    name = forms.CharField(label=_("Full name"), max_length=60)
    phone = forms.CharField(label=_("Phone"), max_length=30, required=False)
    organisation = forms.CharField(label=_("Organisation"), max_length=100, required=False)
    matters = forms.MultipleChoiceField(
        label=_("Answers for"),
        choices=Matter.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("What nobody answers for shows red in the ledger."),
    )


class RoutineForm(RefusingForm):
    """A patrol or a visit that comes round."""

    kind = forms.ChoiceField(label=_("Kind"), choices=RoutineKind.choices)
    title = forms.CharField(label=_("What is looked at"), max_length=100)
    place = forms.CharField(
        label=_("Where"), max_length=200, required=False, help_text=_("A place, never the name of a resident.")
    )
    every_days = forms.IntegerField(
        label=_("Every how many days"), min_value=1, max_value=366, initial=1, help_text=_("1: every day; 7: weekly.")
    )
    since = forms.DateField(label=_("First on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    until = forms.DateField(
        label=_("Last on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Empty: until it is ended."),
    )


class RoundForm(RefusingForm):
    """A round that was walked."""

    day = forms.DateField()
    is_abnormal = forms.BooleanField(required=False)
    remark = forms.CharField(max_length=300, required=False)
