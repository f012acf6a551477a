"""Short words for telling a story of presses, orders and requests: a Story that goes through `moves.perform`."""

from datetime import timedelta
from typing import Any

import pytest

from dispatch import moves
from dispatch.models import Approval, Assignment
from dispatch.moves import Order
from grids.models import Person, Unit
from incidents.models import Clock, Incident, IncidentEvent, Subject
from incidents.refusals import MoveRefused
from incidents.states import Stage, State
from tests.incidents.story import Story


class Play(Story):
    """Presses buttons as people do; every press happens a minute after the one before."""

    def press(self, incident: Incident, name: str, by: Person, note: str = "有理由", **given: Any) -> Incident:
        self.later(minutes=1)
        return moves.perform(incident_id=incident.pk, name=name, actor=by, now=self.now, note=note, **given)

    def refused(self, incident: Incident, name: str, by: Person, note: str = "有理由", **given: Any) -> str:
        """The code with which the press is refused."""
        with pytest.raises(MoveRefused) as caught:
            moves.perform(incident_id=incident.pk, name=name, actor=by, now=self.now, note=note, **given)
        return str(caught.value.code)

    def fresh(self, incident: Incident) -> Incident:
        return Incident.objects.get(pk=incident.pk)

    # -- ways to a state -----------------------------------------------------------------------------------

    def at_district(self, **given: Any) -> Incident:
        """Reported, escalated twice, accepted by the district."""
        incident = self.report(**given)
        cast = self.cast
        for clerk in (cast.village_clerk, cast.town_clerk):
            incident = self.press(incident, "accept", clerk)
            incident = self.press(incident, "escalate", clerk)
        return self.press(incident, "accept", cast.district_clerk)

    def dispatched(self, *units: Unit, required: bool = True, **given: Any) -> Incident:
        """Dispatched by the district to `units`, by default the first department."""
        incident = self.at_district(**given)
        orders = [Order(unit, "请立即处置", required=required) for unit in units or (self.cast.department,)]
        return self.press(incident, "dispatch", self.cast.district_dispatcher, orders=orders)

    def answered(self) -> Incident:
        """Answered by the system after the first department fed back."""
        incident = self.dispatched()
        return self.finish(incident, self.cast.department, self.cast.handler)

    def answered_in_one_go(self) -> Incident:
        """Answered by the village at once, at the present moment: the town shall check it."""
        incident = self.report()
        for name in ("accept", "answer"):
            incident = moves.perform(
                incident_id=incident.pk, name=name, actor=self.cast.village_clerk, now=self.now, note="已处理"
            )
        return incident

    def finish(self, incident: Incident, unit: Unit, by: Person) -> Incident:
        """The unit signs and feeds back."""
        order = self.order(incident, unit)
        self.press(incident, "sign", by, assignment_id=order.pk)
        return self.press(incident, "feed_back", by, note="已修复", assignment_id=order.pk)

    def suspended(self, incident: Incident) -> Incident:
        """Suspended for ten days: the holder's clerk asks, the duty chief grants."""
        self.press(
            incident, "ask_suspend", self.cast.district_clerk, review_at=self.now + timedelta(days=10), note="等雨停"
        )
        request = self.request(incident)
        return self.press(incident, "grant", self.cast.district_duty_chief, approval_id=request.pk)

    def at_holder(self, incident: Incident) -> Incident:
        """Another open incident that the same unit holds."""
        other = self.report()
        Incident.objects.filter(pk=other.pk).update(holder=incident.holder_id)
        Clock.objects.filter(incident=other, stage=Stage.ACCEPT).update(unit=incident.holder_id)
        return self.fresh(other)

    # -- what there is -------------------------------------------------------------------------------------

    def order(self, incident: Incident, unit: Unit | None = None) -> Assignment:
        found = Assignment.objects.filter(incident=incident)
        return (found.filter(unit=unit) if unit else found).latest("pk")

    def request(self, incident: Incident) -> Approval:
        return Approval.objects.filter(incident=incident).latest("pk")

    def order_clock(self, assignment: Assignment, stage: Stage) -> Clock:
        return Clock.objects.filter(subject_kind=Subject.ASSIGNMENT, subject_id=assignment.pk, stage=stage).latest("pk")

    def event(self, incident: Incident) -> IncidentEvent:
        return IncidentEvent.objects.filter(incident=incident).latest("pk")


@pytest.fixture
def play(story: Story) -> Play:
    return Play(story.cast)


__all__ = ["Order", "Play", "State"]
