"""Events of the house, written beside what happened; the announcer of the floor above tells people of them."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from grids import draft_log
from grids.models import HouseEvent, Person, Plan

# What each kind is called on pages and in messages.
KINDS = {
    "plan_proven": _("Plan proven, to be approved"),
    "plan_approved": _("Plan approved"),
    "plan_sent_back": _("Plan sent back to draft"),
    "plan_published": _("Plan published"),
    "plan_not_published": _("Plan could not be published at its moment"),
    "plan_overtaken": _("Plan overtaken by another one"),
    "plan_rolled_back": _("Plan taken back"),
    "export_asked": _("Long export asked for"),
    "export_granted": _("Long export approved"),
    "export_refused": _("Long export refused"),
}


def note(kind: str, *, unit: str, actor: Person | None, now: datetime, **details: Any) -> HouseEvent:
    """Write down that something happened at `unit`. Inside the transaction in which it did."""
    assert kind in KINDS, kind
    return HouseEvent.objects.create(kind=kind, unit_id=unit, actor=actor, at=now, details=details)


def note_plan(kind: str, plan: Plan, *, actor: Person | None, now: datetime, **details: Any) -> HouseEvent:
    """The same of a plan, with those who began and drew it, and who approved it."""
    assert kind in KINDS, kind
    drawn = {"last": draft_log.last_editor(plan), "begun": plan.created_by_id, "approved": plan.approved_by_id}
    return HouseEvent.objects.create(
        kind=kind, unit_id=plan.scope_id, plan=plan, actor=actor, at=now, details={**drawn, **details}
    )
