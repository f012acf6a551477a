"""What is asked of a proposal."""

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from grids import proposals

FOLLOW = {
    "less": pgettext_lazy("borders follow roads", "Less: evener numbers, rounder grids"),
    "usual": pgettext_lazy("borders follow roads", "As usual"),
    "more": pgettext_lazy("borders follow roads", "More: compounds stay whole"),
}


class AskForm(forms.Form):
    """How many proposals, for grids of how many households."""

    target = forms.IntegerField(
        label=_("Households per grid"), min_value=proposals.SMALLEST_TARGET, max_value=proposals.LARGEST_TARGET
    )
    tolerance = forms.IntegerField(label=_("Tolerance in percent"), min_value=1, max_value=100)
    follow = forms.ChoiceField(
        label=_("Borders follow roads"), choices=[(name, FOLLOW[name]) for name in proposals.FOLLOW]
    )
    grids = forms.IntegerField(
        label=_("Grids in all"),
        required=False,
        min_value=1,
        max_value=100_000,
        help_text=_("Empty: as many as the households give. A village always has at least one."),
    )
    count = forms.IntegerField(label=_("Number of proposals"), min_value=1, max_value=proposals.MOST_AT_ONCE)
