"""What follows when the work is said to be done: checks, rework, the end, and what is taken up again."""

from datetime import timedelta

from dispatch.simulation.life import Life, Step
from grids import statements
from grids.duties import Duty
from incidents.models import Incident, Inspection

CHECK_HOURS = 1.6
# Of the drawn inspections so many are looked at by the supervisor on the same or the next day.
INSPECTED = 0.75


def answered(life: Life) -> Step | None:
    """The checker closes it, or has it done again."""
    if life.takes("rework", "rework_orders"):
        return life.at_desk(life.soon(CHECK_HOURS), "rework", Duty.CHECKER, life.say("rework"))
    if life.takes("on_site") and (step := _on_site(life)) is not None:
        return step
    at = life.exactly(9.5) if life.takes("late_check") else life.soon(CHECK_HOURS, minutes=35)
    return life.at_desk(at, "close", Duty.CHECKER, life.say("close"))


def _on_site(life: Life) -> Step | None:
    """The grid's supervisor, or whoever took the report, closes it standing there."""
    place = life.incident.place_id
    by = life.world.staff.pick(life.dice, place, Duty.SUPERVISOR) or life.incident.first_receiver
    if by is None:
        return None
    note, seq = life.say("close"), life.incident.seq

    def close() -> Incident | None:
        life.world.look_on_site(life.incident, life.tale, by, life.dice)
        return life.world.press(life.incident, "close", by, note, seq=seq, on_site=True)

    return Step(life.soon(1.5, minutes=30), close)


def suspended(life: Life) -> Step | None:
    """It rests until its review date; now and then the duty chief lets it go on earlier."""
    if life.is_on("suspend_resume") and "resumed" not in life.taken:
        life.taken.add("resumed")
        return life.at_desk(life.exactly(6), "resume", Duty.DUTY_CHIEF, life.say("resume"))
    if life.incident.review_at is None:
        return None
    return Step(max(life.incident.review_at, life.world.now) + timedelta(minutes=2))


def closed(life: Life) -> Step | None:
    """A drawn inspection ends it for good; some of the others come up again."""
    if life.incident.self_handled and "inspected" not in life.taken:
        life.taken.add("inspected")
        return _inspection(life)
    if life.takes("reopen"):
        return life.at_desk(life.soon(6), "reopen", Duty.CHECKER, life.say("reopen"))
    return None


def _inspection(life: Life) -> Step | None:
    ending = "WHERE incident_id = %s AND ended_at IS NULL"
    if life.dice.random() > INSPECTED or not statements.read(Inspection, ending, [life.incident.pk]):
        return None
    at = life.world.pace.natural(life.world.now, 7, life.dice)
    return Step(at, lambda: _confirmed(life))


def _confirmed(life: Life) -> Incident | None:
    """The supervisor looks on site; else the village's checker sees to it."""
    note = life.say("confirm")
    place = life.incident.place
    supervisor = life.world.staff.pick(life.dice, place.pk, Duty.SUPERVISOR)
    if supervisor is not None:
        life.world.look_on_site(life.incident, life.tale, supervisor, life.dice)
        confirmed = life.world.press(life.incident, "confirm", supervisor, note)
        if confirmed is not None:
            return confirmed
    checker = life.world.staff.pick(life.dice, place.parent_id or "", Duty.CHECKER)
    return None if checker is None else life.world.press(life.incident, "confirm", checker, note)


def dismissed(life: Life) -> Step | None:
    """The tier above takes up what was wrongly turned away."""
    if not life.is_on("dismiss_reopen") or "again" in life.taken:
        return None
    life.taken.add("again")
    above = life.world.units[life.holder].parent_id or ""
    by = life.world.staff.pick(life.dice, above, Duty.CHECKER)
    return None if by is None else life.by(by, life.soon(4), "reopen", life.say("reopen_dismissed"))


def merged(life: Life) -> Step | None:
    """Now and then it turns out that they were two after all."""
    if not life.is_on("unmerge") or "apart" in life.taken:
        return None
    life.taken.add("apart")
    return life.at_desk(life.soon(1.5), "unmerge", Duty.CLERK, life.say("unmerge"))


def voided(life: Life) -> Step | None:
    return None
