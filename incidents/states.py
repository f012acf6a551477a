"""The states of an incident and the moves between them: one pure table, no model, no query.

A state says how far the incident has come; the holder (a unit) says who has it. Tiers belong to the holder, so no
state is named after one. Every row of ``MOVES`` says from where, to where, who holds it afterwards, which right is
asked at the holder, what must be given, and what happens to the clocks of the incident itself.
"""

from dataclasses import dataclass, field
from enum import Enum

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from grids.duties import Right


class State(TextChoices):
    REPORTED = "reported", _("Waiting to be accepted")
    ACCEPTED = "accepted", _("In hand")
    DISPATCHED = "dispatched", _("Dispatched")
    ANSWERED = "answered", _("Waiting for a check")
    SUSPENDED = "suspended", _("Suspended")
    CLOSED = "closed", _("Closed")
    DISMISSED = "dismissed", _("Not accepted")
    VOIDED = "voided", _("Voided")
    MERGED = "merged", _("Merged")


OPEN_STATES = frozenset({State.REPORTED, State.ACCEPTED, State.DISPATCHED, State.ANSWERED, State.SUSPENDED})
FINAL_STATES = frozenset(State) - OPEN_STATES


class Urgency(TextChoices):
    NORMAL = "normal", _("Normal")
    URGENT = "urgent", _("Urgent")
    CRITICAL = "critical", _("Critical")


class Stage(TextChoices):
    """What a clock measures."""

    ACCEPT = "accept", _("Acceptance")
    HANDLE = "handle", _("Handling")
    SIGN = "sign", _("Signing")
    ARRIVE = "arrive", _("Arrival")
    FINISH = "finish", _("Completion")
    CHECK = "check", _("Check")
    REPLY = "reply", _("Reply")
    PAUSE = "pause", _("Suspension review")
    OVERALL = "overall", _("Overall")


# A red that moves an incident up comes from these alone; red on any other stage tells people.
MOVING_STAGES = frozenset({Stage.ACCEPT, Stage.HANDLE})


class HolderAfter(Enum):
    """Who holds the incident after a move."""

    BIRTH = "the village of the place, or the place itself if above a village"
    GRID = "the grid"
    SAME = "the same unit"
    PARENT = "the parent tier, at most the district"
    TWO_UP = "two tiers up, at most the district"
    SENDER = "the tier that last escalated or transferred it here"
    SIBLING = "another unit of the same kind and parent"
    CHECKER = "the dispatcher's unit if others did the work, else the parent tier; at the top the same"
    HANDLER = "the unit that answered"
    REOPENED = "the tier that handled it; for a dismissed one the parent tier"
    NEW_VILLAGE = "the village of the new responsible grid"


class Needs(Enum):
    """What a move demands besides the right."""

    NOTE = "reason"
    RESULT = "result"
    UNIT = "target unit"
    ORDER = "orders to units"
    APPROVAL = "a granted approval"
    REVIEW_AT = "review date"
    MASTER = "the incident it is merged into"
    PLAN = "a published plan"


@dataclass(frozen=True)
class Move:
    """One row of the table. ``target`` None means "the state before it was set aside"; of an import, any it names."""

    name: str
    label: str | Promise
    sources: frozenset[State]
    target: State | None
    rights: frozenset[Right]
    holder: HolderAfter
    needs: frozenset[Needs] = frozenset()
    by_system: bool = False
    by_person: bool = True
    finishes: tuple[Stage, ...] = ()
    stops: tuple[Stage, ...] = ()
    pauses: tuple[Stage, ...] = ()
    resumes: tuple[Stage, ...] = ()
    starts: tuple[Stage, ...] = ()
    stops_all: bool = False
    pauses_all: bool = False
    urgent_only: bool = False
    direction: str = "same"
    extra_sources: dict[State, State] = field(default_factory=dict)

    def target_from(self, source: State) -> State | None:
        """The state this move leads to from ``source`` (only ``reopen`` depends on it)."""
        return self.extra_sources.get(source, self.target)


BOTH = frozenset({State.REPORTED, State.ACCEPTED})
HANDLE = frozenset({Right.HANDLE})
CHECK = frozenset({Right.CHECK})
GRANT = frozenset({Right.GRANT})
DISPATCH = frozenset({Right.DISPATCH})
NOTE = frozenset({Needs.NOTE})
S = Stage

_ROWS = (
    Move("report", _("Report"), frozenset(), State.REPORTED, frozenset({Right.REPORT}), HolderAfter.BIRTH,
         starts=(S.ACCEPT, S.OVERALL), direction="up"),
    Move("self_handle", _("Settle on the spot"), frozenset(), State.CLOSED, frozenset({Right.SETTLE}),
         HolderAfter.GRID, frozenset({Needs.RESULT}), starts=(S.OVERALL,), finishes=(S.OVERALL,)),
    Move("accept", _("Accept"), frozenset({State.REPORTED}), State.ACCEPTED, HANDLE, HolderAfter.SAME,
         finishes=(S.ACCEPT,), starts=(S.HANDLE,)),
    Move("dismiss", _("Not accept"), frozenset({State.REPORTED}), State.DISMISSED, HANDLE, HolderAfter.SAME,
         NOTE, stops_all=True),
    Move("escalate", _("Escalate"), BOTH, State.REPORTED, HANDLE, HolderAfter.PARENT, NOTE, by_system=True,
         finishes=(S.ACCEPT,), stops=(S.HANDLE,), starts=(S.ACCEPT,), direction="up"),
    Move("escalate_urgent", _("Escalate past a tier"), BOTH, State.REPORTED, HANDLE, HolderAfter.TWO_UP, NOTE,
         finishes=(S.ACCEPT,), stops=(S.HANDLE,), starts=(S.ACCEPT,), urgent_only=True, direction="up"),
    Move("send_back", _("Send back"), BOTH, State.REPORTED, HANDLE, HolderAfter.SENDER, NOTE,
         finishes=(S.ACCEPT,), stops=(S.HANDLE,), starts=(S.ACCEPT,), direction="down"),
    Move("transfer", _("Transfer"), BOTH, State.REPORTED, HANDLE, HolderAfter.SIBLING,
         frozenset({Needs.NOTE, Needs.UNIT}),
         finishes=(S.ACCEPT,), stops=(S.HANDLE,), starts=(S.ACCEPT,), direction="sideways"),
    Move("dispatch", _("Dispatch"), frozenset({State.ACCEPTED, State.DISPATCHED}), State.DISPATCHED, DISPATCH,
         HolderAfter.SAME, frozenset({Needs.ORDER}), pauses=(S.HANDLE,), direction="down"),
    Move("recall", _("Recall"), frozenset({State.DISPATCHED}), State.ACCEPTED, DISPATCH, HolderAfter.SAME, NOTE,
         by_system=True, resumes=(S.HANDLE,), direction="up"),
    Move("answer", _("Report done"), frozenset({State.ACCEPTED, State.DISPATCHED}), State.ANSWERED, HANDLE,
         HolderAfter.CHECKER, frozenset({Needs.RESULT}), by_system=True,
         finishes=(S.HANDLE,), starts=(S.CHECK,), direction="up"),
    Move("rework", _("Rework"), frozenset({State.ANSWERED}), State.ACCEPTED, CHECK, HolderAfter.HANDLER, NOTE,
         finishes=(S.CHECK,), starts=(S.HANDLE,), direction="down"),
    Move("close", pgettext_lazy("of an incident", "Close"), frozenset({State.ANSWERED}), State.CLOSED, CHECK,
         HolderAfter.SAME, frozenset({Needs.RESULT}), finishes=(S.CHECK, S.OVERALL)),
    Move("suspend", _("Suspend"), frozenset({State.ACCEPTED, State.DISPATCHED}), State.SUSPENDED, GRANT,
         HolderAfter.SAME, frozenset({Needs.APPROVAL, Needs.REVIEW_AT}), pauses_all=True, starts=(S.PAUSE,)),
    Move("resume", _("Resume"), frozenset({State.SUSPENDED}), None, GRANT, HolderAfter.SAME, by_system=True,
         stops=(S.PAUSE,)),
    Move("void", _("Void"), OPEN_STATES, State.VOIDED, GRANT, HolderAfter.SAME, frozenset({Needs.APPROVAL}),
         stops_all=True),
    Move("merge", _("Merge"), OPEN_STATES, State.MERGED, frozenset({Right.HANDLE, Right.DISPATCH}),
         HolderAfter.SAME, frozenset({Needs.MASTER}), stops_all=True),
    Move("unmerge", _("Unmerge"), frozenset({State.MERGED}), None, frozenset({Right.HANDLE, Right.DISPATCH}),
         HolderAfter.SAME, starts=(S.OVERALL,)),
    Move("reopen", _("Reopen"), frozenset({State.CLOSED, State.DISMISSED}), State.ACCEPTED, CHECK,
         HolderAfter.REOPENED, NOTE, starts=(S.HANDLE, S.OVERALL), direction="down",
         extra_sources={State.DISMISSED: State.REPORTED}),
    Move("rehome", _("Boundary redrawn"), BOTH, State.REPORTED, frozenset(), HolderAfter.NEW_VILLAGE,
         frozenset({Needs.PLAN}), by_system=True, by_person=False,
         stops=(S.ACCEPT, S.HANDLE), starts=(S.ACCEPT,), direction="sideways"),
    # A birth into the state that the mapping of the import names (see incidents.imports).
    Move("import_history", _("Taken over from another system"), frozenset(), None, frozenset(), HolderAfter.BIRTH,
         by_system=True, by_person=False, starts=(S.OVERALL,)),
)  # fmt: skip

MOVES: dict[str, Move] = {move.name: move for move in _ROWS}
BIRTHS = frozenset({"report", "self_handle", "import_history"})
# What came from another system begins in one of these: nothing of ours stands behind the others.
IMPORTED_STATES = frozenset({State.REPORTED, State.ACCEPTED, State.CLOSED, State.DISMISSED, State.VOIDED})

# Moves by which an incident reaches a unit that may hand it back to where it came from.
SEND_BACK_AFTER = frozenset({"escalate", "escalate_urgent", "transfer"})
SEND_BACKS_PER_PAIR = 2

# What the running stage is in each state: the clock a fresh arrival in that state starts with.
STAGE_OF_STATE = {State.REPORTED: S.ACCEPT, State.ACCEPTED: S.HANDLE, State.ANSWERED: S.CHECK}


def moves_from(state: State) -> list[Move]:
    """The moves a person could press in ``state``, in the order of the table."""
    return [move for move in _ROWS if state in move.sources and move.by_person]
