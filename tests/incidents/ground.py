"""The least ground on which a clock can run: three tiers, the shipped calendar, categories and limits, one incident."""

from datetime import UTC, datetime
from itertools import count
from zoneinfo import ZoneInfo

from django.core.management import call_command

from grids.hierarchy import create_unit
from grids.levels import UnitKind
from grids.models import Unit
from incidents.models import Category, Incident, LocatedBy, Source
from incidents.states import State, Urgency

SHANGHAI = ZoneInfo("Asia/Shanghai")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
DISTRICT, TOWN, VILLAGE = "511111", "511111100", "511111100201"
_numbers = count(1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def lay() -> dict[str, Unit]:
    """District, town and village by code, with everything the clocks need loaded."""
    # Few years: loading and expanding them is most of what a test here would do.
    call_command("load_calendar", first_year=2023, last_year=2031, verbosity=0)
    for command in ("load_categories", "load_limits"):
        call_command(command, verbosity=0)
    rows = ((DISTRICT, UnitKind.DISTRICT), (TOWN, UnitKind.TOWN), (VILLAGE, UnitKind.VILLAGE))
    return {code: create_unit(code=code, kind=kind, name=f"试点{code}", now=LONG_AGO) for code, kind in rows}


def incident(
    units: dict[str, Unit], *, now: datetime, urgency: str = Urgency.NORMAL, category: Category | None = None
) -> Incident:
    """A reported incident at the village, without events or clocks."""
    village = units[VILLAGE]
    return Incident.objects.create(
        number=f"{DISTRICT}{now:%Y%m%d}{next(_numbers):05d}",
        district=units[DISTRICT],
        category=category,
        urgency=urgency,
        text="井盖破损",
        source=Source.OFFICER,
        state=State.REPORTED,
        holder=village,
        place=village,
        located_by=LocatedBy.NAMED,
        arrived_at=now,
        arrived_by="report",
        reported_at=now,
    )
