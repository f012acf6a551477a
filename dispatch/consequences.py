"""What follows from a clock's step: a move, a card, a reminder or nothing. Asked of locked rows, not of a plan.

By the escalation rule the clock started with. An incident that moved on meanwhile is left alone; where nothing can move
further up there is a card instead.
"""

from typing import Protocol

from grids.levels import UnitKind, kind_of_code
from incidents import escalations
from incidents.clock_rules import RED_SAID
from incidents.models import RedAction, Subject
from incidents.states import MOVES, MOVING_STAGES, Stage

ESCALATE, RESUME, CARD = "escalate", "resume", RedAction.CARD.value


class Stepping(Protocol):
    """The clock, and where its incident is now."""

    @property
    def stage(self) -> str: ...
    @property
    def subject_kind(self) -> str: ...
    @property
    def escalation_id(self) -> int | None: ...
    @property
    def incident_state(self) -> str: ...
    @property
    def holder_id(self) -> str: ...


def follows(clock: Stepping, step: int) -> str:
    """What the step does: "remind", "nothing", "escalate", "resume" or "card"; empty where no red may do anything."""
    if step < RED_SAID:
        return escalations.yellow_action(clock)
    if clock.stage == Stage.PAUSE:
        return RESUME if clock.incident_state in MOVES[RESUME].sources else ""
    action = escalations.red_action(clock)
    if action != RedAction.ESCALATE:
        return action
    return ESCALATE if _climbs(clock) else CARD


def _climbs(clock: Stepping) -> bool:
    return (
        clock.stage in MOVING_STAGES
        and clock.subject_kind == Subject.INCIDENT
        and clock.incident_state in MOVES[ESCALATE].sources
        and kind_of_code(clock.holder_id) != UnitKind.DISTRICT
    )


def is_move(action: str) -> bool:
    """Whether an incident moves by it."""
    return action in (ESCALATE, RESUME)


def is_act(action: str) -> bool:
    """Whether the incident must be in hand for it."""
    return is_move(action) or action == CARD


def is_silent(clock: Stepping, step: int) -> bool:
    """Whether the step is not recorded: a review date that came is nobody's lateness, the incident just goes on."""
    return clock.stage == Stage.PAUSE and step >= RED_SAID
