"""The steps of a plan in words, as the log of decisions and the undo button say them. Pure."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

Said = Mapping[str, Any]

# What a step did, by kind; %(…)s come from what was said when it was made.
_WORDS = {
    "split": gettext_lazy("split grid %(what)s"),
    "merge": gettext_lazy("merged %(what)s into grid %(to)s"),
    "move": gettext_lazy("moved a corner of %(what)s"),
    "insert": gettext_lazy("added a corner to %(what)s"),
    "remove": gettext_lazy("took a corner out of %(what)s"),
    "assign": gettext_lazy("pocket of %(area)s m² at %(place)s given to grid %(to)s"),
    "assign_new": gettext_lazy("pocket of %(area)s m² at %(place)s made a grid of its own (%(to)s)"),
    "carve": gettext_lazy("%(area)s m² given to grid %(to)s"),
    "carve_new": gettext_lazy("%(area)s m² carved out as a new grid (%(to)s)"),
    "paint": gettext_lazy("%(count)s dwellings given to grid %(to)s"),
    "repair": gettext_lazy("repaired: %(fault)s (%(how)s)"),
    "describe": gettext_lazy("changed the particulars of grid %(what)s"),
    "officer": gettext_lazy("named %(who)s for grid %(what)s"),
    "vacant": gettext_lazy("left grid %(what)s vacant on purpose: %(why)s"),
    "no_officer": gettext_lazy("named nobody for grid %(what)s"),
    "retire": gettext_lazy("grid %(what)s ends on purpose: %(why)s"),
    "propose": gettext_lazy("took proposal %(what)s"),
    "begin": gettext_lazy("begun from what is published: %(areas)s grids, %(faults)s faults, %(pockets)s pockets"),
    "begin_from": gettext_lazy("begun from drawn areas: %(areas)s grids, %(faults)s faults, %(pockets)s pockets"),
    "copy": gettext_lazy("begun as a copy of “%(what)s”"),
    "takeover": gettext_lazy("took over from %(what)s"),
    "prove": gettext_lazy("proven: %(areas)s grids; pockets: %(before)s before, %(pockets)s after"),
    "approve": gettext_lazy("approved: %(why)s"),
    "take_back": gettext_lazy("back to draft: %(why)s"),
    "settings": gettext_lazy("changed title, target or reason"),
    "discard": gettext_lazy("discarded: %(why)s"),
    "publish": gettext_lazy("published"),
    "schedule": gettext_lazy("to be published at %(when)s"),
}


def words(kind: str, said: Said) -> str:
    """The step in the reader's language; for an unknown kind its name."""
    if kind in ("undo", "redo"):
        inner = words(said.get("kind", ""), said)
        return (_("undid: %(step)s") if kind == "undo" else _("did again: %(step)s")) % {"step": inner}
    template = _WORDS.get(said.get("as", kind))
    if template is None:
        return str(kind)
    return str(template) % _Blank(said)


class _Blank(dict[str, Any]):
    """What was said; a word that is missing stays a dash."""

    def __missing__(self, key: str) -> str:
        return "—"


def listed(labels: list[str]) -> str:
    """A few labels, and how many more."""
    shown = _(", ").join(labels[:4])
    more = len(labels) - 4
    if more <= 0:
        return shown
    return ngettext("%(shown)s and %(more)d more", "%(shown)s and %(more)d more", more) % {"shown": shown, "more": more}


def square(area_m2: float) -> str:
    """An area as a number of square metres."""
    return f"{area_m2:,.0f}" if area_m2 >= 10 else f"{area_m2:.2f}"


def place(at: tuple[float, float]) -> str:
    return f"{at[0]:.5f}, {at[1]:.5f}"
