"""Who is told about which kind of event, and why: one pure table.

A person reached for several reasons reads the weightiest one, once. Nobody is told of what they did themselves.
"""

from dataclasses import dataclass
from enum import Enum

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
    YOUR_GRID = "your_grid", _("In your grid")


WEIGHT = {reason: number for number, reason in enumerate(Reason)}


class Who(Enum):
    """Groups of people around an event."""

    CLERKS = "clerks of the holder"
    DISPATCHERS = "dispatchers of the holder"
    CHECKERS = "checkers of the holder"
    CHIEFS = "duty chiefs of the holder"
    ORDERED = "people who take orders at the units named in the event"
    TAKER = "people who take orders at the unit that takes over"
    AT_WORK = "people who take orders at the units with an open order"
    CLOCK_HANDS = "people who can stop the clock that lit up, at its unit"
    CLOCK_HEAD = "head and duty contact of the unit whose clock lit up"
    DUTY_LEADER = "duty chiefs and head of the district"
    OFFICER = "primary officer of the responsible grid"
    INSPECTORS = "who shall inspect it"
    REPORTER = "who reported it"
    FIRST_RECEIVER = "who took the report first"
    ASKER = "who asked for the approval"
    CARD_UNIT = "who answers for the unit that got the card"
    CARD_ISSUER = "who issued the card; of one by policy the duty chiefs and head of the unit above"


@dataclass(frozen=True)
class Telling:
    """One line: these people, for this reason."""

    who: Who
    reason: Reason


def _tell(reason: Reason, *who: Who) -> tuple[Telling, ...]:
    return tuple(Telling(one, reason) for one in who)


R, W = Reason, Who
_RESULT = _tell(R.RESULT, W.FIRST_RECEIVER, W.REPORTER) + _tell(R.YOUR_GRID, W.OFFICER)
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
    "answer": _tell(R.TO_CHECK, W.CHECKERS) + _RESULT,
    "rework": _tell(R.REWORK, W.CLERKS, W.DISPATCHERS),
    "close": _RESULT,
    "suspend": _tell(R.DECIDED, W.ASKER) + _tell(R.GOES_ON, W.CLERKS, W.DISPATCHERS, W.AT_WORK),
    "resume": _tell(R.GOES_ON, W.CLERKS, W.DISPATCHERS, W.AT_WORK),
    "void": _tell(R.DECIDED, W.ASKER) + _RESULT,
    "merge": _RESULT,
    "unmerge": _ARRIVAL,
    "reopen": _tell(R.REWORK, W.CLERKS) + _RESULT,
    "rehome": _ARRIVAL + _tell(R.YOUR_GRID, W.OFFICER),
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
    "comment": (),
    "photo": (),
    "confirmed": _tell(R.RESULT, W.FIRST_RECEIVER, W.REPORTER),
    "deadline_moved": (),
    "inherited": (),
    "urged": _tell(R.URGED, W.CARD_UNIT),
    "card_issued": _tell(R.CARD_GOT, W.CARD_UNIT),
    "card_replied": _tell(R.CARD_ANSWERED, W.CARD_ISSUER),
    "card_withdrawn": _tell(R.CARD_OFF, W.CARD_UNIT),
    "card_lapsed": (),
}

# A red that means a card is heard of by the duty leader too.
CARD = _tell(R.CARD, W.CLOCK_HEAD, W.DUTY_LEADER)
