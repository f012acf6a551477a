"""What is filled in to bring a map file, to say how it is read, and to take one away."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from grids.drafts import DEFAULT_TOLERANCE
from grids.exchange import systems, waiting
from grids.exchange.columns import MEANINGS, Columns
from grids.exchange.comparing import Missing
from grids.exchange.opening import MOST_BYTES, Format
from grids.exchange.reading import Encoding
from grids.exchange.taking import REASON_LENGTH
from grids.levels import UnitKind
from grids.models import Unit

_MEANINGS = {
    "code": gettext_lazy("Column with the code"),
    "name": gettext_lazy("Column with the name"),
    "village": gettext_lazy("Column with the village"),
    "households": gettext_lazy("Column with the households"),
    "kind": gettext_lazy("Column with the kind of grid"),
    "basis": gettext_lazy("Column with the boundary basis"),
}


def system_choices(first: str) -> list[Any]:
    """Systems in degrees, then the zones by meridian. `first` says what an empty choice means."""
    degrees = [(system.key, system.label) for system in systems.DEGREES]
    three, six = (
        [(system.key, str(system.label)) for system in zones] for zones in (systems.THREE_DEGREES, systems.SIX_DEGREES)
    )
    return [("", first)] * bool(first) + [
        (_("Degrees"), degrees),
        (_("Metres (Gauss-Krueger, 3 degrees)"), three),
        (_("Metres (Gauss-Krueger, 6 degrees)"), six),
    ]


def place_choices(units: Iterable[Unit], first: str = "") -> list[Any]:
    """Districts, then towns each with its villages below it."""
    groups: dict[str, tuple[str, list[tuple[str, str]]]] = {}
    tops: list[Any] = []
    for unit in sorted(units, key=lambda unit: unit.pk):
        if unit.kind == UnitKind.DISTRICT:
            tops.append((unit.pk, unit.label))
            continue
        town = unit.pk[:9]
        if unit.kind == UnitKind.TOWN:
            groups[town] = (unit.label, [(unit.pk, _("All of %(town)s") % {"town": unit.label})])
        else:
            groups.setdefault(town, (town, []))[1].append((unit.pk, unit.label))
    return [("", first)] * bool(first) + tops + [(label, places) for label, places in groups.values()]


class SendForm(forms.Form):
    """The file, and for which place it is."""

    file = forms.FileField(
        label=gettext_lazy("Map file"),
        help_text=gettext_lazy("GeoJSON, Shapefile as zip, GeoPackage or KML, at most 50 MB."),
        widget=forms.ClearableFileInput(attrs={"accept": ".geojson,.json,.zip,.gpkg,.kml,.kmz,.gz"}),
        error_messages={"required": gettext_lazy("Choose a file."), "empty": gettext_lazy("The file is empty.")},
    )
    scope = forms.ChoiceField(label=gettext_lazy("Place"), required=False)

    def __init__(self, *args: Any, places: Iterable[Unit], **named: Any) -> None:
        super().__init__(*args, **named)
        self.fields["scope"].choices = place_choices(places, _("As the codes in the file say"))  # type: ignore[attr-defined]

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > MOST_BYTES:
            raise ValidationError(waiting.too_large(), code="too_large")
        return file


class ReadForm(forms.Form):
    """How the file is read. All of it was found out by itself and can be set right."""

    layer = forms.ChoiceField(label=gettext_lazy("Layer"), required=False)
    scope = forms.ChoiceField(
        label=gettext_lazy("Place"), error_messages={"required": gettext_lazy("Choose the place these grids are in.")}
    )
    system = forms.ChoiceField(label=gettext_lazy("Coordinates"), required=False)
    encoding = forms.ChoiceField(label=gettext_lazy("Encoding of the text"), choices=Encoding.choices, required=False)
    code = forms.ChoiceField(required=False)
    name = forms.ChoiceField(required=False)
    village = forms.ChoiceField(required=False)
    households = forms.ChoiceField(required=False)
    kind = forms.ChoiceField(required=False)
    basis = forms.ChoiceField(required=False)
    missing = forms.ChoiceField(label=gettext_lazy("Grids that are not in the file"), choices=Missing.choices)

    def __init__(
        self, *args: Any, layers: list[str], columns: Iterable[str], places: Iterable[Unit], said: str, **named: Any
    ) -> None:
        super().__init__(*args, **named)
        chosen: dict[str, list[Any]] = {
            "layer": [(layer, layer) for layer in layers],
            "scope": place_choices(places, "—"),
            "system": system_choices(_("As the file says: %(system)s") % {"system": said}),
        }
        empty = [("", _("None"))]
        chosen |= {meaning: empty + [(column, column) for column in columns] for meaning in MEANINGS}
        for name, choices in chosen.items():
            self.fields[name].choices = choices  # type: ignore[attr-defined]
        for meaning, label in _MEANINGS.items():
            self.fields[meaning].label = label
        if len(layers) < 2:
            del self.fields["layer"]

    @property
    def meant(self) -> Columns:
        return Columns(**{meaning: self.cleaned_data[meaning] for meaning in MEANINGS})


class BeginForm(forms.Form):
    """What the plan is called, and what becomes of bad features."""

    title = forms.CharField(
        label=gettext_lazy("Title of the plan"), max_length=100,
        error_messages={"required": gettext_lazy("Give the plan a title.")},
    )  # fmt: skip
    reason = forms.CharField(
        label=gettext_lazy("Why the ground is redrawn"), required=False, widget=forms.Textarea(attrs={"rows": 2}),
        max_length=1000,
    )  # fmt: skip
    target_households = forms.IntegerField(
        label=gettext_lazy("Households per grid"), required=False, min_value=1, max_value=100_000
    )
    tolerance_percent = forms.IntegerField(
        label=gettext_lazy("Tolerance in percent"), min_value=0, max_value=100, initial=DEFAULT_TOLERANCE
    )
    is_synthetic = forms.BooleanField(label=gettext_lazy("Drawn by a program, not surveyed"), required=False)
    leave_out_bad = forms.BooleanField(label=gettext_lazy("Leave out the bad features"), required=False)


class TakeForm(forms.Form):
    """Which boundaries leave the house, as what, and why."""

    scope = forms.ChoiceField(label=gettext_lazy("Place"))
    day = forms.DateField(
        label=gettext_lazy("As in force on"), widget=forms.DateInput({"type": "date"}), required=False,
        help_text=gettext_lazy("Empty: now."),
    )  # fmt: skip
    format = forms.ChoiceField(label=gettext_lazy("Format"), choices=Format.choices)
    system = forms.ChoiceField(label=gettext_lazy("Coordinates"))
    encoding = forms.ChoiceField(
        label=gettext_lazy("Text of a Shapefile"), choices=[c for c in Encoding.choices if c[0]], required=False
    )
    reason = forms.CharField(
        label=gettext_lazy("What for"), max_length=REASON_LENGTH, widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": gettext_lazy("Give a reason.")},
    )  # fmt: skip

    def __init__(self, *args: Any, places: Iterable[Unit], has_plan: bool = False, **named: Any) -> None:
        super().__init__(*args, **named)
        self.fields["system"].choices = system_choices("")  # type: ignore[attr-defined]
        if has_plan:
            del self.fields["scope"], self.fields["day"]
        else:
            self.fields["scope"].choices = place_choices(places)  # type: ignore[attr-defined]
