"""The reference rows every incident needs, and short words for telling a story of moves in a test."""

import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command

from grids.models import Person
from incidents import lifecycle, reference_data, reference_rules
from incidents.births import Position
from incidents.lifecycle import Details
from incidents.models import (
    Category,
    Clock,
    Incident,
    IncidentEvent,
)
from incidents.states import Stage
from tests.cast import SINCE, Cast


class Story:
    """The cast with calendars, limits and categories loaded; ``now`` moves on by ``later``."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.now: datetime = cast.now
        self.category = Category.objects.filter(parent__isnull=False).order_by("pk").first()

    def later(self, **span: float) -> datetime:
        self.now += timedelta(**span)
        return self.now

    def report(self, by: Person | None = None, **given: Any) -> Incident:
        point = self.cast.point(given.pop("grid", self.cast.grid))
        return lifecycle.report(
            actor=by or self.cast.officer,
            now=self.now,
            text=given.pop("text", "井盖缺失，行人绕行"),
            category=given.pop("category", self.category),
            position=Position(point.x, point.y, accuracy_m=8),
            **given,
        )

    def move(self, incident: Incident, name: str, by: Person | None, note: str = "有理由", **details: Any) -> Incident:
        return lifecycle.move(
            incident_id=incident.pk, name=name, actor=by, now=self.now, note=note, details=Details(**details)
        )

    def clock(self, incident: Incident, stage: Stage) -> Clock:
        return Clock.objects.filter(incident=incident, stage=stage).latest("pk")

    def kinds(self, incident: Incident) -> list[str]:
        return list(IncidentEvent.objects.filter(incident=incident).order_by("pk").values_list("kind", flat=True))


def load_reference(since: datetime = SINCE) -> None:
    """Categories, calendar and limits as the commands load them, in force since the cast began."""
    call_command("load_categories", verbosity=0, stdout=io.StringIO())
    call_command("load_calendar", first_year=2023, last_year=2030, verbosity=0, stdout=io.StringIO())
    reference_data.load_limits(now=since)
    reference_rules.load_rules(now=since)


@pytest.fixture
def story(cast: Cast) -> Story:
    """The cast with everything an incident needs to be born; this test's database holds it (tests.grounds)."""
    return Story(cast)
