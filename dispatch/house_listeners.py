"""Finds the people behind a group of the audience table around an event of the house."""

from collections.abc import Sequence
from datetime import datetime

from dispatch.audience import Who
from grids import selectors
from grids.approvals import approver_of
from grids.duties import Duty
from grids.levels import ancestor_codes
from grids.models import HouseEvent

DUTIES = {Who.PLAN_HEADS: Duty.HEAD, Who.EXPORT_CHIEFS: Duty.DUTY_CHIEF, Who.ADMINISTRATORS: Duty.ADMINISTRATOR}


class HouseListeners:
    """The people around one event, as of `now`. One query."""

    def __init__(self, event: HouseEvent, now: datetime) -> None:
        # Who may decide serves at the unit or at one above it: all those to whose to-do it comes.
        self.decides = approver_of(event.unit_id) if event.plan_id else event.unit_id
        self.around = {event.unit_id, *ancestor_codes(event.unit_id)}
        self.on_duty = selectors.people_on_duty(self.around, [*DUTIES.values()], now)

    def who(self, group: Who, event: HouseEvent) -> list[int]:
        """The ids of the people in `group` around `event`."""
        about = event.details
        if group in (Who.PLAN_HEADS, Who.EXPORT_CHIEFS):
            mine = (about.get("last"), about.get("asked_by"))
            return [person for person in self._on_duty(group, self.decides) if person not in mine]
        if group is Who.ADMINISTRATORS:
            return self._on_duty(group, event.unit_id)
        if group is Who.RESETTLED:
            return [int(person) for person in about.get("people", {})]
        single = {
            Who.PLAN_DRAWERS: [about.get("begun"), about.get("last")],
            Who.PLAN_APPROVER: [about.get("approved")],
            Who.ASKER: [about.get("asked_by")],
        }.get(group, [])
        return [person for person in single if person]

    def units(self, group: Who, event: HouseEvent) -> Sequence[str]:
        """The units whose groups hear of it: where it is decided, or whose place it is."""
        if group in (Who.PLAN_HEADS, Who.EXPORT_CHIEFS):
            return [self.decides]
        return [event.unit_id] if group is Who.ADMINISTRATORS else []

    def _on_duty(self, group: Who, unit: str) -> list[int]:
        codes = [code for code in (unit, *ancestor_codes(unit)) if code in self.around]
        return [person for code in codes for person in self.on_duty.get((code, DUTIES[group]), [])]
