"""Lives an incident to its end: look, plan the next step, wait, press; and look again when it was moved meanwhile."""

from collections.abc import Callable, Generator
from datetime import datetime, timedelta

from dispatch.simulation import afterwards, at_desk, with_orders
from dispatch.simulation.life import Life, Step
from grids.duties import Duty
from incidents.states import FINAL_STATES, State

STEPS: dict[State, Callable[[Life], Step | None]] = {
    State.REPORTED: at_desk.reported,
    State.ACCEPTED: at_desk.accepted,
    State.DISPATCHED: with_orders.dispatched,
    State.ANSWERED: afterwards.answered,
    State.SUSPENDED: afterwards.suspended,
    State.CLOSED: afterwards.closed,
    State.DISMISSED: afterwards.dismissed,
    State.VOIDED: afterwards.voided,
    State.MERGED: afterwards.merged,
}

COMMENTS = 0.05
# After so many looks in vain nobody here can do anything about it any more: the clock, or people, must.
MOST_IN_VAIN = 8
LOOK_AGAIN = timedelta(hours=5)


def live(life: Life) -> Generator[datetime, None, None]:
    """The moments at which something happens to the incident; between them the world turns."""
    in_vain = 0
    while in_vain < MOST_IN_VAIN:
        state = State(life.incident.state)
        step = STEPS[state](life)
        if step is None and state in FINAL_STATES:
            return
        if step is None:
            step = Step(life.world.now + LOOK_AGAIN)
        if life.underway:
            life.underway = False
            step = Step(life.world.now + (step.at - life.world.now) * life.dice.random(), step.do)
        yield from _comment(life, step)
        yield step.at
        if life.world.now < step.at or step.do is None:
            # Woken because the clock moved it, or nothing to do but to look.
            life.refresh()
            in_vain += step.do is None
            continue
        pressed = step.do()
        if pressed is None:
            life.agenda.clear()
            life.refresh()
            in_vain += 1
        else:
            life.incident = pressed
            in_vain = 0


def _comment(life: Life, step: Step) -> Generator[datetime, None, None]:
    """Now and then somebody adds a word while others are at it."""
    if life.incident.state in FINAL_STATES or life.dice.random() > COMMENTS:
        return
    at = life.world.now + (step.at - life.world.now) * life.dice.uniform(0.3, 0.8)
    officer = life.world.staff.first(life.incident.place_id, Duty.OFFICER)
    clerk = life.world.staff.pick(life.dice, life.holder, Duty.CLERK)
    in_field = officer is not None and life.dice.random() < 0.5
    by = officer if in_field else clerk
    if by is None:
        return
    yield at
    if life.world.now >= at:
        life.world.comment(life.incident, by, life.say("comment_field" if in_field else "comment_desk"))
