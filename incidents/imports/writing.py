"""Drafts become incidents: the incident, its one event, its clocks, who sees it, and the facts of the other system.

Called inside the transaction of the import, a batch at a time.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from django.contrib.gis.geos import Point
from django.utils import timezone

from grids import datums
from grids.levels import UnitKind
from incidents.imports import copying
from incidents.imports.checks import Draft
from incidents.imports.clock_facts import ClockMaker
from incidents.imports.mapping import Mapping
from incidents.imports.targets import Targets, holder_of
from incidents.models import Clock, ImportBatch, ImportedRecord, Incident, IncidentEvent, Sight

KIND = "import_history"
BATCH = 5000
MANY = 1000
Progress = Callable[[int, int], None]


def write(
    drafts: Sequence[Draft],
    *,
    mapping: Mapping,
    targets: Targets,
    batch: ImportBatch,
    now: datetime,
    progress: Progress,
) -> None:
    """Write all drafts; they have their places. The database refuses what was imported before."""
    maker = ClockMaker(district=targets.district, now=now)
    for start in range(0, len(drafts), BATCH):
        portion = drafts[start : start + BATCH]
        _write(portion, mapping, targets, batch, maker, now)
        copying.check_now()
        progress(start + len(portion), len(drafts))
    if len(drafts) >= MANY:
        copying.analyse(Incident, Clock, IncidentEvent, Sight, ImportedRecord)


def _write(
    drafts: Sequence[Draft], mapping: Mapping, targets: Targets, batch: ImportBatch, maker: ClockMaker, now: datetime
) -> None:
    ids = copying.next_ids(Incident, len(drafts))
    running = copying.next_of("incidents_number", len(drafts))
    points = _points(drafts, mapping)
    incidents = [
        _incident(draft, pk, number, point, mapping, targets, now)
        for draft, pk, number, point in zip(drafts, ids, running, points, strict=True)
    ]
    clocks: list[Clock] = []
    lights: dict[int, dict[str, str]] = {}
    for incident, draft in zip(incidents, drafts, strict=True):
        made = maker.of(incident, draft, targets.places[holder_of(draft.place)])
        lights[incident.pk] = {str(clock.stage): str(clock.final_light) for clock in made if clock.final_light}
        clocks += made
    for clock, pk in zip(clocks, copying.next_ids(Clock, len(clocks)), strict=True):
        clock.pk = pk
    pairs = list(zip(incidents, drafts, strict=True))
    events = [_event(incident, draft, batch, lights[incident.pk], now) for incident, draft in pairs]
    for event, pk in zip(events, copying.next_ids(IncidentEvent, len(events)), strict=True):
        event.pk = pk
    sights = [Sight(incident_id=one.pk, unit_id=one.holder_id, since=now, why="imported") for one in incidents]
    for sight, pk in zip(sights, copying.next_ids(Sight, len(sights)), strict=True):
        sight.pk = pk
    copying.copy(incidents)
    copying.copy(clocks)
    copying.copy(events)
    copying.copy(sights)
    copying.copy([_record(incident, draft, batch) for incident, draft in pairs])


def _points(drafts: Sequence[Draft], mapping: Mapping) -> list[Point | None]:
    """Each draft's point in CGCS2000, or none."""
    placed = [(number, draft.lonlat) for number, draft in enumerate(drafts) if draft.lonlat is not None]
    found: list[Point | None] = [None] * len(drafts)
    if placed:
        converted = datums.to_cgcs2000([lonlat for _number, lonlat in placed], mapping.datum)
        for (number, _lonlat), (longitude, latitude) in zip(placed, converted, strict=True):
            found[number] = Point(float(longitude), float(latitude), srid=datums.SRID)
    return found


def _incident(
    draft: Draft, pk: int, running: int, point: Point | None, mapping: Mapping, targets: Targets, now: datetime
) -> Incident:
    is_grid = targets.places[draft.place] == UnitKind.GRID
    return Incident(
        pk=pk,
        number=f"{targets.district}{timezone.localtime(draft.opened):%Y%m%d}{running:05d}",
        district_id=targets.district,
        kind=mapping.kind,
        category_id=draft.category_id,
        urgency=draft.urgency,
        text=draft.text,
        source=draft.caller,
        state=draft.state,
        holder_id=holder_of(draft.place),
        seq=1,
        arrived_at=now,
        arrived_by=KIND,
        place_id=draft.place,
        occurrence_grid_id=draft.place if is_grid else None,
        boundary_id=draft.boundary_id,
        located_by=draft.located_by,
        located_distance_m=draft.distance_m,
        point=point,
        raw_longitude=draft.lonlat[0] if draft.lonlat else None,
        raw_latitude=draft.lonlat[1] if draft.lonlat else None,
        raw_datum=mapping.datum if draft.lonlat else "",
        accuracy_m=draft.accuracy_m,
        address=draft.address,
        reported_at=draft.opened,
        closed_at=draft.closed,
    )


def _event(
    incident: Incident, draft: Draft, batch: ImportBatch, lights: dict[str, str], now: datetime
) -> IncidentEvent:
    """The one event: when it was taken over, and what was so by then. Nobody is told of it."""
    facts = {"opened": draft.opened, "due": draft.due, "ended": draft.closed}
    return IncidentEvent(
        incident_id=incident.pk,
        district_id=incident.district_id,
        kind=KIND,
        seq=1,
        state_after=incident.state,
        holder_after_id=incident.holder_id,
        details={
            "lights": lights,
            "source": batch.source,
            "number": draft.number,
            "status": draft.status,
            **{name: at.isoformat() for name, at in facts.items() if at is not None},
        },
        occurred_at=now,
    )


def _record(incident: Incident, draft: Draft, batch: ImportBatch) -> ImportedRecord:
    return ImportedRecord(
        incident_id=incident.pk,
        batch=batch,
        source=batch.source,
        original_number=draft.number,
        original_status=draft.status,
        original_category=draft.category,
        opened_at=draft.opened,
        due_at=draft.due,
        closed_at=draft.closed,
        line=draft.line,
        facts=draft.facts,
    )
