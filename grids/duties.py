"""The duties a person may hold at a unit, the rights each gives, and where each may be held.

Pure: no model, no query. A right's value is the codename of its permission on Unit.
"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from grids.levels import TIER_ORDER, UnitKind


class Duty(TextChoices):
    OFFICER = "officer", _("Grid officer")
    ASSISTANT = "assistant", _("Assistant")
    SUPERVISOR = "supervisor", _("Supervisor")
    CLERK = "clerk", _("Clerk")
    DISPATCHER = "dispatcher", _("Dispatcher")
    CHECKER = "checker", _("Checker")
    DUTY_CHIEF = "duty_chief", _("Duty chief")
    HANDLER = "handler", _("Handler")
    HEAD = "head", _("Head")
    OBSERVER = "observer", _("Observer")
    AUDITOR = "auditor", _("Auditor")
    ADMINISTRATOR = "administrator", _("Administrator")


class Right(TextChoices):
    VIEW = "view_unit", _("See this unit")
    REPORT = "report_here", _("Report here")
    SETTLE = "settle_here", _("Settle on the spot here")
    HANDLE = "handle_here", _("Accept and hand on here")
    DISPATCH = "dispatch_here", _("Dispatch from here")
    CHECK = "check_here", _("Check and close here")
    GRANT = "grant_here", _("Grant approvals here")
    TAKE = "take_here", _("Take assignments here")
    URGE = "urge_here", _("Urge and supervise from here")
    RED_CARD = "red_card_here", _("Give red cards from here")
    REPLY = "reply_here", _("Answer urges and cards here")
    INSPECT = "inspect_here", _("Inspect on site here")
    ADMINISTER = "administer_here", _("Administer here")
    AUDIT = "audit_here", _("Audit here")
    APPROVE_PLAN = "approve_plan_here", _("Approve plans here")


RIGHTS_OF_DUTY: dict[Duty, frozenset[Right]] = {
    Duty.OFFICER: frozenset({Right.VIEW, Right.REPORT, Right.SETTLE}),
    Duty.ASSISTANT: frozenset({Right.VIEW, Right.REPORT}),
    Duty.SUPERVISOR: frozenset({Right.VIEW, Right.INSPECT}),
    Duty.CLERK: frozenset({Right.VIEW, Right.REPORT, Right.HANDLE, Right.URGE, Right.REPLY}),
    Duty.DISPATCHER: frozenset({Right.VIEW, Right.DISPATCH, Right.URGE, Right.REPLY}),
    Duty.CHECKER: frozenset({Right.VIEW, Right.CHECK, Right.REPLY}),
    Duty.DUTY_CHIEF: frozenset({Right.VIEW, Right.GRANT, Right.URGE, Right.RED_CARD, Right.REPLY}),
    Duty.HANDLER: frozenset({Right.VIEW, Right.TAKE, Right.REPLY}),
    Duty.HEAD: frozenset({Right.VIEW, Right.URGE, Right.RED_CARD, Right.REPLY, Right.APPROVE_PLAN}),
    Duty.OBSERVER: frozenset({Right.VIEW}),
    Duty.AUDITOR: frozenset({Right.VIEW, Right.AUDIT}),
    Duty.ADMINISTRATOR: frozenset({Right.VIEW, Right.ADMINISTER}),
}

DUTIES_WITH_RIGHT: dict[Right, tuple[Duty, ...]] = {
    right: tuple(duty for duty in Duty if right in RIGHTS_OF_DUTY[duty]) for right in Right
}

# Sight flows down and action stays put: only these hold for the whole subtree of the unit.
FLOWING_RIGHTS: frozenset[Right] = frozenset(
    {Right.VIEW, Right.REPORT, Right.ADMINISTER, Right.AUDIT, Right.APPROVE_PLAN}
)

# Who draws, who approves and who looks after plans may read them, for ever.
PLAN_READERS = (Right.ADMINISTER, Right.APPROVE_PLAN, Right.AUDIT)

# These work in the grids; who holds any other duty works at a desk.
FIELD_DUTIES: frozenset[Duty] = frozenset({Duty.OFFICER, Duty.ASSISTANT, Duty.SUPERVISOR})

_COMMAND = frozenset({UnitKind.DISTRICT, UnitKind.TOWN})
_STATIONS = _COMMAND | {UnitKind.VILLAGE}
_BODIES = frozenset({UnitKind.DEPARTMENT, UnitKind.OFFICE})
_EVERYWHERE = frozenset(UnitKind)

KINDS_OF_DUTY: dict[Duty, frozenset[UnitKind]] = {
    Duty.OFFICER: frozenset({UnitKind.GRID}),
    Duty.ASSISTANT: frozenset({UnitKind.GRID}),
    Duty.SUPERVISOR: frozenset({UnitKind.GRID}),
    Duty.CLERK: _STATIONS,
    Duty.DISPATCHER: _COMMAND,
    Duty.CHECKER: _STATIONS,
    Duty.DUTY_CHIEF: _STATIONS,
    Duty.HANDLER: _BODIES,
    Duty.HEAD: _EVERYWHERE,
    Duty.OBSERVER: _EVERYWHERE,
    Duty.AUDITOR: frozenset(TIER_ORDER) | _BODIES,
    Duty.ADMINISTRATOR: frozenset(TIER_ORDER[:-1]) | {UnitKind.DEPARTMENT},
}
