"""What is typed on the lists and on an incident's own page."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from grids.models import Unit
from incidents.comments import MOST_CHARACTERS
from incidents.exports import REASON_LENGTH
from incidents.filters import HOLDING_KINDS, QUERY_LENGTH
from incidents.models import Category
from incidents.states import Urgency


class CommentForm(forms.Form):
    """A few words; `key` makes a second press of the same one harmless."""

    text = forms.CharField(
        label=gettext_lazy("Comment"),
        max_length=MOST_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": gettext_lazy("Write something first.")},
    )
    key = forms.CharField(max_length=64, widget=forms.HiddenInput, required=False)


class ExportForm(forms.Form):
    """Why a list leaves the house."""

    reason = forms.CharField(
        label=gettext_lazy("What for"),
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": gettext_lazy("Give a reason.")},
    )


class FilterForm(forms.Form):
    """The filters that are not chips; all may stay empty. Values are those of `incidents.filters.Filters`."""

    q = forms.CharField(label=gettext_lazy("Number, place or words"), required=False, max_length=QUERY_LENGTH)
    under = forms.ChoiceField(label=gettext_lazy("Place"), required=False)
    category = forms.ChoiceField(label=gettext_lazy("Category"), required=False)
    tier = forms.ChoiceField(label=gettext_lazy("Held by tier"), required=False)
    urgency = forms.ChoiceField(label=gettext_lazy("Urgency"), required=False)
    since = forms.DateField(
        label=gettext_lazy("Reported from"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(label=gettext_lazy("to"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, places: Iterable[Unit], categories: Iterable[Category], **named: Any) -> None:
        super().__init__(*args, **named)
        any_one = ("", _("Any"))
        self._choose("under", [any_one, *_place_choices(places)])
        self._choose("category", [any_one, *_category_choices(categories)])
        self._choose("tier", [any_one, *((kind.value, kind.label) for kind in HOLDING_KINDS)])
        self._choose("urgency", [any_one, *Urgency.choices])

    def _choose(self, name: str, choices: list[Any]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]


def _place_choices(units: Iterable[Unit]) -> list[Any]:
    """Towns, each with its villages below it."""
    towns: dict[str, Unit] = {}
    below: dict[str, list[Unit]] = {}
    for unit in units:
        if unit.kind == "town":
            towns[unit.pk] = unit
        else:
            below.setdefault(unit.pk[:9], []).append(unit)
    choices: list[Any] = []
    for code in sorted({*towns, *below}):
        villages = [(unit.pk, unit.label) for unit in below.get(code, [])]
        if code in towns:
            whole = (code, _("All of %(town)s") % {"town": towns[code].label})
            choices.append((towns[code].label, [whole, *villages]))
        else:
            choices += villages
    return choices


def _category_choices(categories: Iterable[Category]) -> list[Any]:
    """The heads of the list, each with those directly below it."""
    rows = list(categories)
    heads = [row for row in rows if row.parent_id is None]
    below: dict[int, list[Category]] = {}
    for row in rows:
        if row.parent_id is not None:
            below.setdefault(row.parent_id, []).append(row)
    return [
        (head.label, [(head.pk, _("All: %(category)s") % {"category": head.label}), *_nested(below, head.pk)])
        for head in heads
    ]


def _nested(below: dict[int, list[Category]], parent: int) -> list[tuple[int, str]]:
    found = []
    for row in below.get(parent, []):
        found.append((row.pk, row.label))
        found += [(child.pk, f"{row.label} · {child.label}") for child in below.get(row.pk, [])]
    return found
