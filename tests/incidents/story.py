"""The reference rows every incident needs, and short words for telling a story of moves in a test."""

import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import Model

from grids.models import Person
from incidents import lifecycle, reference_data, reference_rules
from incidents.births import Position
from incidents.lifecycle import Details
from incidents.models import (
    Calendar,
    CalendarVersion,
    Category,
    Clock,
    EscalationRule,
    Incident,
    IncidentEvent,
    SpecialDay,
    TimeLimit,
    WorkPeriod,
)
from incidents.states import Stage
from tests.cast import Cast


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


# The rows the commands wrote the first time, so that later tests of the process copy instead of reading files again.
_REFERENCE = (Category, Calendar, CalendarVersion, WorkPeriod, SpecialDay, TimeLimit, EscalationRule)
_rows: dict[type[Model], list[Any]] = {}


def load_reference(cast: Cast) -> None:
    """Categories, calendar and limits as the commands load them, in force since the cast began."""
    if _rows:
        for model, rows in _rows.items():
            model._base_manager.bulk_create(rows)
        return
    call_command("load_categories", verbosity=0, stdout=io.StringIO())
    # Few years: every test copies the rows.
    call_command("load_calendar", first_year=2023, last_year=2030, verbosity=0, stdout=io.StringIO())
    reference_data.load_limits(now=cast.since)
    reference_rules.load_rules(now=cast.since)
    _rows.update({model: list(model._base_manager.order_by("pk")) for model in _REFERENCE})


@pytest.fixture
def story(cast: Cast) -> Story:
    """The cast with everything an incident needs to be born."""
    load_reference(cast)
    return Story(cast)
