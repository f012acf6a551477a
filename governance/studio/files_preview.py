"""What the page shows of a file before anything is stored: how it is read, what would change, and what is wrong."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from governance.studio import file_map
from governance.studio.file_map import Drawing
from governance.studio.files_forms import ReadForm
from grids import coverage
from grids.coverage import CoverageFault
from grids.exchange import beginning, columns, comparing, opening, reading, systems
from grids.exchange.columns import MEANINGS
from grids.exchange.comparing import Comparison, Drawn, Missing, State
from grids.exchange.features import Layer
from grids.exchange.refused import BoundaryFileRefused, FeatureFault
from grids.exchange.waiting import Waiting
from grids.models import Unit

# More of a list than this nobody reads on a page; the count says how many there are.
MOST_BAD, MOST_FAULTS, MOST_GRIDS = 200, 50, 400


@dataclass
class Preview:
    """`compared` is None as long as the place is not known or the file cannot be read as chosen."""

    form: ReadForm
    layer: Layer
    refused: str = ""
    compared: Comparison | None = None
    drawing: Drawing | None = None
    faults: list[CoverageFault] = field(default_factory=list)
    meanings = MEANINGS

    @property
    def counts(self) -> list[tuple[State, str, int]]:
        """How many grids of each state, those first that ask for a look."""
        found = self.compared
        return [(state, str(state.label), len(found.of(state))) for state in State] if found else []

    @property
    def changes(self) -> list[Drawn]:
        found = self.compared
        return found.of(State.NEW, State.CHANGED, State.GONE, State.KEPT)[:MOST_GRIDS] if found else []

    @property
    def more_changes(self) -> int:
        found = self.compared
        return max(0, len(found.of(State.NEW, State.CHANGED, State.GONE, State.KEPT)) - MOST_GRIDS) if found else 0

    @property
    def bad(self) -> list[FeatureFault]:
        return self.compared.faults[:MOST_BAD] if self.compared else []

    @property
    def worst(self) -> list[CoverageFault]:
        return self.faults[:MOST_FAULTS]


def read(kept: Waiting, *, layer: str = "", encoding: str = "") -> tuple[list[str], Layer]:
    """The names of all layers, and the one that was chosen, else the first. Raises BoundaryFileRefused."""
    with opening.opened(kept.path, name=kept.name) as sources:
        return reading.layers(sources), reading.read(sources, layer=layer, encoding=encoding)


def show(kept: Waiting, given: QueryDict | None, *, scope: str, places: Iterable[Unit], now: datetime) -> Preview:
    """The file read as chosen in `given`, at first as it was found out by itself."""
    asked: Mapping[str, Any] = given or {}
    refused = ""
    try:
        names, layer = read(kept, layer=asked.get("layer", ""), encoding=asked.get("encoding", ""))
    except BoundaryFileRefused as error:
        # The choice is wrong, as the file was read before: it is read as before, and the words say why.
        refused = str(error)
        names, layer = read(kept)
    units = list(places)
    said, system_fault = _said(layer)
    form = ReadForm(
        given if given is not None else _found_out(layer, scope, units),
        layers=names, columns=layer.columns, places=units, said=said,
    )  # fmt: skip
    shown = Preview(form, layer, refused or system_fault)
    if shown.refused or not form.is_valid():
        return shown
    chosen = form.cleaned_data
    system = systems.decided(crs=layer.crs, datum=layer.datum, choice=chosen["system"])
    unit = next(unit for unit in units if unit.pk == chosen["scope"])
    found = comparing.compare(
        layer, scope=unit, system=system, meant=form.meant, missing=Missing(chosen["missing"]), now=now
    )
    shown.compared, shown.drawing = found, file_map.of(found)
    shown.faults = _faults(found)
    return shown


def _said(layer: Layer) -> tuple[str, str]:
    """What the file says of its coordinates, and why that cannot be read if it cannot."""
    try:
        system = systems.decided(crs=layer.crs, datum=layer.datum)
    except BoundaryFileRefused as refused:
        return layer.crs[:40], str(refused)
    if not layer.crs and not layer.datum:
        return _("nothing, so %(system)s") % {"system": system.label}, ""
    return str(system.label), ""


def _found_out(layer: Layer, scope: str, units: list[Unit]) -> dict[str, Any]:
    guessed = columns.guessed(layer.columns)
    known = {unit.pk for unit in units}
    if scope not in known:
        codes = [columns.code_of(feature, guessed.code) for feature in layer.features]
        unit = beginning.scope_of(codes)
        scope = unit.pk if unit is not None and unit.pk in known else ""
    values: dict[str, Any] = {meaning: getattr(guessed, meaning) for meaning in MEANINGS}
    return {**values, "layer": layer.name, "scope": scope, "system": "", "encoding": "", "missing": Missing.KEEP.value}


def _faults(found: Comparison) -> list[CoverageFault]:
    """Where the grids would not tile the outline, named as the file and the places name them."""
    areas = found.areas
    if found.frame is None or not areas:
        return []

    def named(key: int) -> str:
        grid = areas[key]
        number = f"#{grid.index}" if grid.index else ""
        return " ".join(part for part in (grid.name, grid.code, number) if part)

    return coverage.faults({key: grid.shape for key, grid in enumerate(areas)}, found.frame, named)
