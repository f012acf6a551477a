"""What can be done to one order: one pure table, no query.

CALLED -> SIGNED -> (ARRIVED) -> FED_BACK; CALLED and SIGNED -> RETURNED; RECALLED and WAIVED by who gave it.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dispatch.models import OPEN_ASSIGNMENT_STATES, AssignmentState
from grids.duties import Right
from grids.levels import UnitKind
from incidents.states import Stage

A = AssignmentState


@dataclass(frozen=True)
class Act:
    """One row: from which states to which, who does it, what it needs, which event it writes, which clocks turn.

    `by_taker`: the unit that has the order acts; else the dispatcher of the incident's holder does.
    """

    name: str
    label: str | Promise
    event: str
    sources: frozenset[AssignmentState]
    target: AssignmentState
    by_taker: bool
    needs: tuple[str, ...] = ()
    finishes: Stage | None = None
    starts: Stage | None = None
    ends: bool = True


_ROWS = (
    Act("sign", _("Sign for it"), "signed", frozenset({A.CALLED}), A.SIGNED, True,
        finishes=Stage.SIGN, starts=Stage.FINISH, ends=False),
    Act("arrive", _("Arrived on site"), "arrived", frozenset({A.SIGNED}), A.ARRIVED, True,
        finishes=Stage.ARRIVE, ends=False),
    Act("feed_back", _("Feed back"), "fed_back", frozenset({A.SIGNED, A.ARRIVED}), A.FED_BACK, True,
        ("note",), finishes=Stage.FINISH),
    Act("return", _("Return it"), "returned", frozenset({A.CALLED, A.SIGNED}), A.RETURNED, True,
        ("reason", "note")),
    Act("recall_order", _("Take this order back"), "order_recalled", OPEN_ASSIGNMENT_STATES, A.RECALLED, False,
        ("note",)),
    Act("waive", _("Waive it"), "waived", OPEN_ASSIGNMENT_STATES | {A.RETURNED}, A.WAIVED, False, ("note",)),
    Act("replace", _("Give it to another unit"), "order_replaced", OPEN_ASSIGNMENT_STATES | {A.RETURNED}, A.RECALLED,
        False, ("orders",)),
)  # fmt: skip

ACTS: dict[str, Act] = {act.name: act for act in _ROWS}

# An order that ended like this asks for nothing more before the incident can be answered.
SETTLED = frozenset({A.FED_BACK, A.WAIVED})

# At a department or office the handlers take orders; a town's own desk takes those given to the town.
RIGHT_TO_TAKE: dict[str, Right] = {
    UnitKind.DEPARTMENT: Right.TAKE,
    UnitKind.OFFICE: Right.TAKE,
    UnitKind.TOWN: Right.HANDLE,
}
