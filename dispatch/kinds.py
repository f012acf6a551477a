"""What a kind of event is called, whichever floor it happened on."""

from django.utils.translation import gettext as _

from dispatch.audience import RED_WITH_CARD
from grids import house
from incidents.records import KINDS
from incidents.states import MOVES


def label_of(kind: str) -> str:
    """The name of a kind of event; empty for an unknown one."""
    if kind == RED_WITH_CARD:
        return _("Overdue, and a card follows")
    return str(MOVES[kind].label if kind in MOVES else {**KINDS, **house.KINDS}.get(kind) or "")
