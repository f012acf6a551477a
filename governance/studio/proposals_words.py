"""A proposal as a card: its figures in words, beside which the best of all stand out, and a small picture."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from governance.studio.proposals_forms import FOLLOW
from grids.models import Proposal, ProposalState, Unit

# Within this part of the target a grid is even; the picture tells from there on.
_EVEN = 0.1
_NAMED = 4
# Figures that look the same are the same: they are shown to one in a thousand.
_SHOWN = 3


@dataclass(frozen=True)
class Figure:
    """One line of a card. `is_best`: no other proposal on the page does better."""

    label: str
    value: str
    is_best: bool = False


@dataclass(frozen=True)
class Card:
    """What the page shows of a proposal."""

    proposal: Proposal
    wishes: str
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    paths: list[tuple[str, str]] = field(default_factory=list)

    @property
    def drawing(self) -> dict[str, Any]:
        return self.proposal.figures.get("drawing") or {}

    @property
    def width(self) -> str:
        return f"{self.drawing.get('width', 0) + 4:.1f}"

    @property
    def height(self) -> str:
        return f"{self.drawing.get('height', 0) + 4:.1f}"

    @property
    def is_open(self) -> bool:
        return self.proposal.state in (ProposalState.WAITING, ProposalState.RUNNING)


def cards_of(found: Sequence[Proposal]) -> list[Card]:
    """The cards of a plan's proposals; the best figures among those that are ready are marked. One query at most."""
    ready = [one.figures for one in found if one.state == ProposalState.READY]
    best = {
        key: _best([figures.get(key) for figures in ready], least=key == "max_deviation")
        for key in ("within_10", "max_deviation", "on_lines", "compactness")
    }
    villages = {code for figures in ready for key in ("uneven", "by_area", "spread") for code in figures.get(key, [])}
    names = dict(Unit.objects.filter(pk__in=villages).values_list("pk", "name")) if villages else {}
    return [_card(one, best, names) for one in found]


def _best(values: Sequence[float | None], *, least: bool) -> float | None:
    """The best of the figures, or None where none is better than another."""
    known = {round(value, _SHOWN) for value in values if value is not None}
    if len(known) < 2:
        return None
    return min(known) if least else max(known)


def _is(value: float | None, best: float | None) -> bool:
    return value is not None and best is not None and round(value, _SHOWN) == best


def _card(proposal: Proposal, best: dict[str, float | None], names: dict[str, str]) -> Card:
    wishes = _wishes(proposal)
    if proposal.state != ProposalState.READY:
        return Card(proposal, wishes)
    given = proposal.figures
    rows = (
        ("within_10", _("Within 10 percent of the target"), _percent(given.get("within_10"))),
        ("max_deviation", _("Largest deviation"), _percent(given.get("max_deviation"))),
        ("on_lines", _("Borders on roads and rivers"), _percent(given.get("on_lines"))),
        ("compactness", _("Compactness (1: a circle)"), _number(given.get("compactness"))),
        ("compounds_whole", _("Compounds in one grid"), _percent(given.get("compounds_whole"))),
        ("outside_tolerance", _("Grids outside of the tolerance"), str(given.get("outside_tolerance", "—"))),
    )
    figures = [Figure(label, value, _is(given.get(key), best.get(key))) for key, label, value in rows]
    return Card(proposal, wishes, figures, _notes(given, names), _paths(proposal))


def _wishes(proposal: Proposal) -> str:
    given = proposal.parameters
    words = {"target": given["target"], "tolerance": given["tolerance"], "follow": FOLLOW[given["follow"]]}
    return _("%(target)d ± %(tolerance)d %% households; roads: %(follow)s") % words


def _percent(share: float | None) -> str:
    return "—" if share is None else f"{100 * share:.0f} %" if share in (0, 1) else f"{100 * share:.1f} %"


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:.3f}"


def _notes(given: dict[str, Any], names: dict[str, str]) -> list[str]:
    """What the figures do not say by themselves."""
    notes = []
    uneven, by_area, spread = (given.get(key) or [] for key in ("uneven", "by_area", "spread"))
    if uneven:
        said = ngettext(
            "%(villages)s has households for no whole number of grids.",
            "%(villages)s have households for no whole number of grids.",
            len(uneven),
        )
        notes.append(said % {"villages": _listed(uneven, names)})
    if by_area:
        said = _("No dwellings are known in %(villages)s: divided by area into as many grids as today.")
        notes.append(said % {"villages": _listed(by_area, names)})
    if spread:
        said = _("No dwellings are known in %(villages)s: the numbers given by hand were spread evenly over each grid.")
        notes.append(said % {"villages": _listed(spread, names)})
    return notes


def _listed(codes: Sequence[str], names: dict[str, str]) -> str:
    shown = pgettext("between the names of a list", ", ").join(names.get(code, code) for code in codes[:_NAMED])
    if len(codes) <= _NAMED:
        return shown
    return _("%(names)s and %(count)d others") % {"names": shown, "count": len(codes) - _NAMED}


def _paths(proposal: Proposal) -> list[tuple[str, str]]:
    """Each grid's path with the class of its colour."""
    drawing = proposal.figures.get("drawing") or {}
    tolerance = proposal.parameters["tolerance"] / 100
    deviations = drawing.get("deviations", [])
    return [(path, _class(off, tolerance)) for path, off in zip(drawing.get("paths", []), deviations, strict=True)]


def _class(deviation: float | None, tolerance: float) -> str:
    if deviation is None:
        return "is-unknown"
    if abs(deviation) <= _EVEN:
        return "is-even"
    step = 1 if abs(deviation) <= max(tolerance, _EVEN) else 2
    return f"is-{'few' if deviation < 0 else 'many'}-{step}"
