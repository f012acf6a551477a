"""Who draws a plan at present: a lease of ten minutes that each edit prolongs. Two never draw one plan at once."""

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from grids.models import Person, Plan, PlanStatus

LEASE = timedelta(minutes=10)
FINISHED = (PlanStatus.PUBLISHED, PlanStatus.DISCARDED)


class PlanConflict(Exception):
    """What is asked does not fit the state of the plan. `code`: "stale", "held" or "not_draft"; `more`: with whom."""

    def __init__(self, message: str, *, code: str, **more: Any) -> None:
        super().__init__(message)
        self.message, self.code, self.more = message, code, more


def holder(plan: Plan, *, now: datetime) -> Person | None:
    """Who holds the plan now, or None."""
    return plan.held_by if plan.held_until is not None and plan.held_until > now else None


def refuse_finished(plan: Plan) -> None:
    """Raises PlanConflict for a plan that is published or discarded: it is never drawn again."""
    if plan.status in FINISHED:
        raise PlanConflict(_("This plan is no draft any more."), code="not_draft")


def take(plan: Plan, *, actor: Person, now: datetime, by_force: bool = False) -> Person | None:
    """Give the lease to `actor` until ten minutes from now; not saved. Who lost it by force is handed back.

    Raises PlanConflict "held" while somebody else has it.
    """
    other = None if plan.held_by_id == actor.pk else holder(plan, now=now)
    if other is not None and not by_force:
        until = plan.held_until
        assert until is not None
        words = {"name": other.full_name or other.username}
        held_so = {"by": words["name"], "until": until.isoformat(), "mine": False}
        raise PlanConflict(_("%(name)s is drawing this plan.") % words, code="held", hold=held_so)
    plan.held_by, plan.held_until = actor, now + LEASE
    return other


def let_go(plan: Plan, *, actor: Person) -> bool:
    """End the lease of `actor`; not saved. False if somebody else has it."""
    if plan.held_by_id != actor.pk:
        return False
    plan.held_by = plan.held_until = None
    return True
