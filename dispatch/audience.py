"""Who is told about which kind of event, and why: one pure table.

A person reached for several reasons reads the weightiest one, once. Nobody is told of what they did themselves.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Reason(TextChoices):
    """Why somebody reads a notice; earlier ones outweigh later ones."""

    ORDER = "order", _("An order for your unit")
    CARD = "card", _("Overdue at the top: see to it")
    CARD_GOT = "card_got", _("A supervision card for your unit")
    URGED = "urged", _("Your unit is urged")
    NO_ANSWER = "no_answer", _("Your card is not answered in time")
    RED = "red", _("Overdue")
    REWORK = "rework", _("To be done again")
    RETURNED = "returned", _("An order was returned to you")
    SENT_BACK = "sent_back", _("Sent back to you")
    APPROVAL = "approval", _("A request for you to decide")
    DECIDED = "decided", _("Your request was decided")
    TO_CHECK = "to_check", _("To be checked")
    ARRIVAL = "arrival", _("Arrived at your unit")
    YELLOW = "yellow", _("Near due")
    FED_BACK = "fed_back", _("A unit fed back")
    CARD_ANSWERED = "card_answered", _("Your card was answered")
    GOES_ON = "goes_on", _("Goes on")
    CALLED_OFF = "called_off", _("Your order was called off")
    CARD_OFF = "card_off", _("A card was withdrawn")
    RESULT = "result", _("The result of your report")
    HANDLED = "handled", _("Your report was handled and is being checked")
    YOUR_GRID = "your_grid", _("In your grid")
    REDRAWN = "redrawn", _("Grids were redrawn")
    PLAN = "plan", _("A plan of yours")
    UNREACHABLE = "unreachable", _("A notice address of yours was switched off")


WEIGHT = {reason: number for number, reason in enumerate(Reason)}


class Who(TextChoices):
    """Groups of people around an event."""

    CLERKS = "clerks", _("Clerks of the unit that has it")
    DISPATCHERS = "dispatchers", _("Dispatchers of the unit that has it")
    CHECKERS = "checkers", _("Checkers of the unit that has it")
    CHIEFS = "chiefs", _("Duty chiefs of the unit that has it")
    ORDERED = "ordered", _("Who takes orders at the units named")
    TAKER = "taker", _("Who takes orders at the unit that takes over")
    AT_WORK = "at_work", _("Who takes orders at the units still at work")
    CLOCK_HANDS = "clock_hands", _("Who can stop the clock, at its unit")
    CLOCK_HEAD = "clock_head", _("Head and duty contact of the unit whose clock it is")
    DUTY_LEADER = "duty_leader", _("Duty chiefs and head of the district")
    OFFICER = "officer", _("Primary officer of the responsible grid")
    INSPECTORS = "inspectors", _("Who shall re-inspect it")
    REPORTER = "reporter", _("Who reported it")
    FIRST_RECEIVER = "first_receiver", _("Who took the report first")
    ASKER = "asker", _("Who asked for the approval")
    # One by policy has no person: the duty chiefs and the head of the unit above stand for it.
    CARD_UNIT = "card_unit", _("Who answers for the unit that got the card")
    CARD_ISSUER = "card_issuer", _("Who gave the card, with the duty chiefs there")
    # Around plans and long exports.
    PLAN_HEADS = "plan_heads", _("Heads who may approve the plan")
    PLAN_DRAWERS = "plan_drawers", _("Who began the plan or drew it last")
    PLAN_APPROVER = "plan_approver", _("Who approved the plan")
    RESETTLED = "resettled", _("Whose grids, posts or incidents the redraw changed")
    ADMINISTRATORS = "administrators", _("Administrators of the place")
    EXPORT_CHIEFS = "export_chiefs", _("Duty chiefs who may decide")


@dataclass(frozen=True)
class Telling:
    """One line: these people, for this reason."""

    who: Who
    reason: Reason


def _tell(reason: Reason, *who: Who) -> tuple[Telling, ...]:
    return tuple(Telling(one, reason) for one in who)


R, W = Reason, Who


def _tell_report(reason: Reason) -> tuple[Telling, ...]:
    """Those whose report it is, and the officer of the grid."""
    return _tell(reason, W.FIRST_RECEIVER, W.REPORTER) + _tell(R.YOUR_GRID, W.OFFICER)


_RESULT = _tell_report(R.RESULT)
_ARRIVAL = _tell(R.ARRIVAL, W.CLERKS)

AUDIENCES: dict[str, tuple[Telling, ...]] = {
    "report": _ARRIVAL + _tell(R.YOUR_GRID, W.OFFICER),
    "self_handle": _tell(R.TO_CHECK, W.INSPECTORS),
    "import_history": (),
    "accept": (),
    "dismiss": _RESULT,
    "escalate": _ARRIVAL,
    "escalate_urgent": _ARRIVAL,
    "send_back": _tell(R.SENT_BACK, W.CLERKS),
    "transfer": _ARRIVAL,
    "dispatch": _tell(R.ORDER, W.ORDERED),
    "recall": _tell(R.RETURNED, W.DISPATCHERS, W.CLERKS),
    "answer": _tell(R.TO_CHECK, W.CHECKERS) + _tell_report(R.HANDLED),
    "rework": _tell(R.REWORK, W.CLERKS, W.DISPATCHERS),
    "close": _RESULT,
    "suspend": _tell(R.DECIDED, W.ASKER) + _tell(R.GOES_ON, W.CLERKS, W.DISPATCHERS, W.AT_WORK),
    "resume": _tell(R.GOES_ON, W.CLERKS, W.DISPATCHERS, W.AT_WORK),
    "void": _tell(R.DECIDED, W.ASKER) + _RESULT,
    "merge": _RESULT,
    "unmerge": _ARRIVAL,
    "reopen": _tell(R.REWORK, W.CLERKS) + _tell_report(R.GOES_ON),
    # Of a redraw people are told once, not for each incident: by `plan_published`.
    "rehome": (),
    "signed": (),
    "arrived": _tell(R.FED_BACK, W.DISPATCHERS),
    "fed_back": _tell(R.FED_BACK, W.DISPATCHERS),
    "returned": _tell(R.RETURNED, W.DISPATCHERS),
    "order_recalled": _tell(R.CALLED_OFF, W.ORDERED),
    "waived": _tell(R.CALLED_OFF, W.ORDERED),
    "order_replaced": _tell(R.ORDER, W.TAKER) + _tell(R.CALLED_OFF, W.ORDERED),
    "ordered_again": _tell(R.REWORK, W.ORDERED),
    "approval_asked": _tell(R.APPROVAL, W.CHIEFS),
    "approval_refused": _tell(R.DECIDED, W.ASKER),
    "approval_lapsed": _tell(R.DECIDED, W.ASKER),
    "light_yellow": _tell(R.YELLOW, W.CLOCK_HANDS),
    "light_red": _tell(R.RED, W.CLOCK_HEAD, W.CLOCK_HANDS) + _tell(R.NO_ANSWER, W.CARD_ISSUER),
    "overdue_again": _tell(R.RED, W.CLOCK_HEAD, W.CLOCK_HANDS) + _tell(R.NO_ANSWER, W.CARD_ISSUER),
    "comment": (),
    "photo": (),
    "confirmed": _tell(R.RESULT, W.FIRST_RECEIVER, W.REPORTER),
    "deadline_moved": (),
    "inherited": (),
    "grid_changed": (),
    "urged": _tell(R.URGED, W.CARD_UNIT),
    "card_issued": _tell(R.CARD_GOT, W.CARD_UNIT),
    "card_replied": _tell(R.CARD_ANSWERED, W.CARD_ISSUER),
    "card_withdrawn": _tell(R.CARD_OFF, W.CARD_UNIT),
    "card_lapsed": (),
}


# What is no kind of event and yet a line of the table: a red that means a card is heard of by these too.
RED_WITH_CARD = "red_with_card"
AUDIENCES[RED_WITH_CARD] = _tell(R.CARD, W.CLOCK_HEAD, W.DUTY_LEADER)

# What happens to no incident: see `grids.house`.
AUDIENCES |= {
    "plan_proven": _tell(R.APPROVAL, W.PLAN_HEADS),
    "plan_approved": _tell(R.DECIDED, W.PLAN_DRAWERS),
    "plan_sent_back": _tell(R.SENT_BACK, W.PLAN_DRAWERS) + _tell(R.PLAN, W.PLAN_APPROVER),
    "plan_published": _tell(R.REDRAWN, W.RESETTLED) + _tell(R.PLAN, W.PLAN_DRAWERS, W.PLAN_APPROVER),
    "plan_not_published": _tell(R.PLAN, W.PLAN_DRAWERS, W.PLAN_APPROVER),
    "plan_overtaken": _tell(R.PLAN, W.PLAN_DRAWERS, W.PLAN_APPROVER),
    "plan_rolled_back": _tell(R.REDRAWN, W.RESETTLED) + _tell(R.PLAN, W.PLAN_DRAWERS, W.PLAN_APPROVER),
    "export_asked": _tell(R.APPROVAL, W.EXPORT_CHIEFS),
    "export_granted": _tell(R.DECIDED, W.ASKER),
    "export_refused": _tell(R.DECIDED, W.ASKER),
}

# Groups there are around every event; the others only around those that name them.
ANYWHERE = frozenset({W.CLERKS, W.DISPATCHERS, W.CHECKERS, W.CHIEFS, W.DUTY_LEADER, W.OFFICER, W.REPORTER,
                      W.FIRST_RECEIVER})  # fmt: skip


# The same around what happened to no incident.
AROUND_PLANS = frozenset({W.PLAN_HEADS, W.PLAN_DRAWERS, W.PLAN_APPROVER, W.ADMINISTRATORS})
AROUND_EXPORTS = frozenset({W.EXPORT_CHIEFS, W.ASKER, W.ADMINISTRATORS})


def choices(kind: str) -> list[Who]:
    """The groups that can be told of a kind of event."""
    usual = {line.who for line in AUDIENCES[kind]}
    around = {"plan": AROUND_PLANS, "export": AROUND_EXPORTS}.get(kind.partition("_")[0], ANYWHERE)
    return [who for who in Who if who in around or who in usual]


# Reasons that make sense around plans and exports; around incidents all but what is of plans alone, or the house's own.
_OF_PLANS = (R.SENT_BACK, R.APPROVAL, R.DECIDED, R.REDRAWN, R.PLAN)
_OF_EXPORTS = (R.APPROVAL, R.DECIDED)
_OF_INCIDENTS = tuple(reason for reason in R if reason not in (R.REDRAWN, R.PLAN, R.UNREACHABLE))


def reasons(kind: str) -> tuple[Reason, ...]:
    """The reasons an administrator may choose from for a kind of event."""
    return {"plan": _OF_PLANS, "export": _OF_EXPORTS}.get(kind.partition("_")[0], _OF_INCIDENTS)


# What somebody hears who wants to be told of pressing matters only.
PRESSING = frozenset({R.ORDER, R.CARD, R.CARD_GOT, R.URGED, R.NO_ANSWER, R.RED, R.REWORK, R.UNREACHABLE})
# What wakes people up where the unit is a town or above.
WAKING = frozenset({R.CARD, R.CARD_GOT, R.RED})


@dataclass(frozen=True)
class Change:
    """An administrator's word on one group for one kind of event; for one district, or for all (no district)."""

    district: str | None
    kind: str
    who: str
    reason: str
    enabled: bool


class Table:
    """Who is told of what, with the changes: a district's own word before the shared one, that before the default."""

    def __init__(self, changes: Iterable[Change] = ()) -> None:
        self._own: dict[tuple[str | None, str], list[Change]] = {}
        for change in changes:
            if change.who in Who.values and change.reason in Reason.values:
                self._own.setdefault((change.district, change.kind), []).append(change)
        self._made: dict[tuple[str, str], tuple[Telling, ...]] = {}

    def lines(self, kind: str, district: str) -> tuple[Telling, ...]:
        """The lines in force for a kind of event in a district."""
        if not self._own:
            return AUDIENCES.get(kind, ())
        key = (kind, district)
        if key not in self._made:
            reasons = {line.who: line.reason for line in AUDIENCES.get(kind, ())}
            for level in (None, district):
                for change in self._own.get((level, kind), ()):
                    if change.enabled:
                        reasons[Who(change.who)] = Reason(change.reason)
                    else:
                        reasons.pop(Who(change.who), None)
            self._made[key] = tuple(Telling(who, reason) for who, reason in reasons.items())
        return self._made[key]
