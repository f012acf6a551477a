"""The tabs of desks: which stages or orders lie in each, and what it says while it is empty."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dispatch.models import AssignmentState
from grids.levels import UnitKind
from incidents.states import Stage

A = AssignmentState
RETURNED = "returned"


@dataclass(frozen=True)
class Tab:
    """One tab: clocks of `stages` about `subject`, or ended orders in `ended`. `many`: presses for several rows."""

    key: str
    label: str | Promise
    empty: str | Promise
    stages: tuple[Stage, ...] = ()
    of_orders: bool = False
    ended: AssignmentState | None = None
    many: tuple[str, ...] = ()


BODIES = frozenset({UnitKind.DEPARTMENT, UnitKind.OFFICE})

# fmt: off
HELD_TABS = (
    Tab("accept", _("To accept"), _("What is reported, escalated or transferred to this unit appears here by itself."),
        (Stage.ACCEPT,), many=("accept", "escalate")),
    Tab("hand", _("In hand"), _("Accept something, and it lies here until it is done."), (Stage.HANDLE,),
        many=("escalate",)),
    Tab("check", _("To check"), _("What others report as done comes here to be checked."), (Stage.CHECK,),
        many=("close",)),
    Tab(RETURNED, _("Came back"), _("What comes back to this unit, or a department returned, shows here as well."),
        (Stage.ACCEPT, Stage.HANDLE), many=("accept",)),
)
ORDER_TABS = (
    Tab("sign", _("To sign for"), _("Orders of the command centre appear here by themselves."),
        (Stage.SIGN,), of_orders=True, many=("sign",)),
    Tab("work", _("In hand"), _("Sign for an order, and it lies here until you feed back."),
        (Stage.FINISH,), of_orders=True),
    Tab("fed", pgettext_lazy("of orders", "Fed back"), _("What you fed back stays here until the incident is closed."),
        ended=A.FED_BACK),
    Tab("back", _("Returned"), _("What you returned stays here until the incident is closed."), ended=A.RETURNED),
)
# A town both holds incidents and takes orders, so there the tabs of orders say that they are.
TOWN_TABS = (
    Tab("sign", _("Orders to sign for"), ORDER_TABS[0].empty, (Stage.SIGN,), of_orders=True, many=("sign",)),
    Tab("work", _("Orders in hand"), ORDER_TABS[1].empty, (Stage.FINISH,), of_orders=True),
    Tab("fed", _("Orders fed back"), ORDER_TABS[2].empty, ended=A.FED_BACK),
)
REQUESTS = Tab("requests", _("To decide"), _("Requests for suspension and voiding come here to be decided."))
# fmt: on


def tabs_of(kind: UnitKind | str) -> tuple[Tab, ...]:
    """The tabs of a desk of this kind of unit."""
    if kind in BODIES:
        return ORDER_TABS
    return (*HELD_TABS, *(TOWN_TABS if kind == UnitKind.TOWN else ()), REQUESTS)
