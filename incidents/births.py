"""How an incident is born: reported to the village of its place, or settled on the spot by the officer.

Called through ``incidents.lifecycle``; the only other writer of a new Incident row.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.gis.geos import Point
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from grids import datums, permissions, selectors, statements
from grids.duties import Duty, Right
from grids.levels import UnitKind, district_of
from grids.models import Person, Unit
from incidents import clocks, holders, in_hand, records, refusals, words
from incidents.in_hand import InHand
from incidents.limits import Rules
from incidents.models import (
    Category,
    Incident,
    IncidentKind,
    Inspection,
    LocatedBy,
    Source,
    Subject,
)
from incidents.records import Acting
from incidents.states import MOVES, Stage, State, Urgency

# A phone may deliver a report late; further back or ahead of the server's clock than this is not believed.
LATEST_DELIVERY = timedelta(days=3)


@dataclass(frozen=True)
class Position:
    """Where a device or a tap says it is: degrees in ``datum``, accuracy in metres."""

    longitude: float
    latitude: float
    datum: str = "wgs84"
    accuracy_m: float | None = None


@dataclass(frozen=True)
class Found:
    """Where an incident belongs and how that was found."""

    place: Unit
    grid: Unit | None
    boundary_id: int | None
    located_by: LocatedBy
    distance_m: float | None
    point: Point | None


def report(
    *,
    actor: Person,
    now: datetime,
    text: str,
    category: Category | None,
    position: Position | None = None,
    place: Unit | None = None,
    urgency: Urgency = Urgency.NORMAL,
    address: str = "",
    source: Source = Source.OFFICER,
    kind: IncidentKind = IncidentKind.INCIDENT,
    idempotency_key: str = "",
    occurred_at: datetime | None = None,
) -> Incident:
    """Report an incident; its village (or the place itself, above a village) holds it and must accept in time.

    Either ``position`` or ``place`` says where. Repeating an ``idempotency_key`` returns the incident of the first
    call. Raises MoveRefused with the field at fault.
    """
    made = _Birth("report", actor, now, idempotency_key)
    return made.write(
        State.REPORTED, text, category, position, place, urgency, address, source, kind, occurred_at=occurred_at
    )


def self_handle(
    *,
    actor: Person,
    now: datetime,
    text: str,
    result: str,
    category: Category | None,
    position: Position | None = None,
    place: Unit | None = None,
    urgency: Urgency = Urgency.NORMAL,
    address: str = "",
    idempotency_key: str = "",
    occurred_at: datetime | None = None,
) -> Incident:
    """Record what the officer settled on the spot in a grid of their own: born closed, green at once.

    A share set by the district's profile is drawn for re-inspection. Raises MoveRefused.
    """
    if not result.strip():
        raise refusals.missing("result")
    made = _Birth("self_handle", actor, now, idempotency_key)
    return made.write(
        State.CLOSED,
        text,
        category,
        position,
        place,
        urgency,
        address,
        Source.OFFICER,
        IncidentKind.INCIDENT,
        note=result,
        occurred_at=occurred_at,
    )


def find_place(*, position: Position | None, place: Unit | None, prefer: str = "", firmly: bool = False) -> Found:
    """The grid of a position (``prefer`` decides on a border), else the named unit; raises MoveRefused if neither.

    ``firmly`` for what is written: no redraw takes effect there before the transaction ends.
    """
    point = None
    if position is not None:
        if position.datum not in datums.Datum.values:
            raise refusals.unknown_datum()
        longitude, latitude = datums.lonlat_to_cgcs2000(position.longitude, position.latitude, position.datum)
        point = Point(longitude, latitude, srid=datums.SRID)
        hit = selectors.grid_at((longitude, latitude), prefer=prefer, firmly=firmly)
        if hit is not None:
            inside = selectors.unit_with_parent(hit.unit_code)
            return Found(inside, inside, hit.boundary_id, LocatedBy(hit.located_by), hit.distance_m, point)
    if place is None:
        if position is None:
            raise refusals.no_place()
        raise refusals.outside_all_grids()
    grid = place if place.kind == UnitKind.GRID else None
    if firmly and grid is not None:
        selectors.hold(grid.pk)
        if selectors.unit(grid.pk).is_retired:
            raise refusals.place_retired()
    return Found(place, grid, None, LocatedBy.NAMED, None, point)


def next_number(district: str, at: datetime) -> str:
    """District, local date and a running number of at least five digits; gaps are allowed, no counter is locked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('incidents_number')")
        (running,) = cursor.fetchone()
    return f"{district}{timezone.localtime(at):%Y%m%d}{running:05d}"


class _Birth:
    """One new incident and its first event, in one transaction, once per idempotency key."""

    def __init__(self, name: str, actor: Person, now: datetime, key: str) -> None:
        self.move, self.actor, self.now, self.key = MOVES[name], actor, now, key

    def write(self, *args: Any, **named: Any) -> Incident:
        """Write, or return what the same key wrote before, also when two requests race."""
        before = records.earlier(actor=self.actor, idempotency_key=self.key)
        if before is not None:
            return before.incident
        try:
            with transaction.atomic():
                return self._write(*args, **named)
        except IntegrityError:
            before = records.earlier(actor=self.actor, idempotency_key=self.key)
            if before is None:
                raise
            return before.incident

    def _write(
        self,
        state: State,
        text: str,
        category: Category | None,
        position: Position | None,
        place: Unit | None,
        urgency: Urgency,
        address: str,
        source: Source,
        kind: IncidentKind,
        note: str = "",
        occurred_at: datetime | None = None,
    ) -> Incident:
        if not text.strip():
            raise refusals.missing("text")
        words.refuse(text, field="text")
        words.refuse(address, field="address", most=words.MOST_OF_AN_ADDRESS)
        own = permissions.duties_with_right(self.actor, self._right, now=self.now)
        found = find_place(position=position, place=place, prefer=_grid_among(own), firmly=True)
        acting = self._acting(found, own)
        holder = found.place if self.move.name == "self_handle" else holders.at_birth(found.place)
        if holder.kind in (UnitKind.PROVINCE, UnitKind.CITY, UnitKind.DEPARTMENT, UnitKind.OFFICE):
            raise refusals.no_place()
        incident = Incident(
            number=next_number(district_of(found.place.pk), self.now),
            district_id=district_of(found.place.pk),
            kind=kind,
            category=category,
            urgency=urgency,
            text=text.strip(),
            source=source,
            state=state,
            holder=holder,
            seq=1,
            arrived_at=self.now,
            arrived_by=self.move.name,
            place=found.place,
            occurrence_grid=found.grid,
            boundary_id=found.boundary_id,
            located_by=found.located_by,
            located_distance_m=found.distance_m,
            point=found.point,
            raw_longitude=position.longitude if position else None,
            raw_latitude=position.latitude if position else None,
            raw_datum=position.datum if position else "",
            accuracy_m=position.accuracy_m if position else None,
            address=address.strip(),
            reporter=self.actor,
            first_receiver=self.actor,
            first_unit_id=acting.unit_id,
            self_handled=state == State.CLOSED,
            answered_by_unit=holder if state == State.CLOSED else None,
            reported_at=self.now,
            closed_at=self.now if state == State.CLOSED else None,
        )
        statements.insert([incident])
        self._follow(incident, acting, note=note, occurred_at=occurred_at)
        return incident

    def _follow(self, incident: Incident, acting: Acting, *, note: str, occurred_at: datetime | None) -> None:
        held, lights = InHand(incident, self.now, Rules(at=self.now)), {}
        for stage in self.move.starts:
            unit = holders.code_at_birth(incident.place_id) if stage == Stage.OVERALL else incident.holder_id
            clock = held.start_clock(stage, unit)
            if stage in self.move.finishes:
                clocks.finish(clock=clock, now=self.now, into=held.turned)
                lights[stage.value] = clock.final_light
        event = held.record(
            self.move.name,
            acting,
            note=note.strip(),
            details={"lights": lights},
            idempotency_key=self.key,
            seq=incident.seq,
            state_after=State(incident.state),
            holder_after_id=incident.holder_id,
        )
        event.occurred_at = believed(occurred_at, self.now)
        held.open_sight({incident.holder_id, acting.unit_id or incident.holder_id}, why="reported")
        if incident.self_handled:
            _draw_inspection(held)
        in_hand.write(held)

    @property
    def _right(self) -> Right:
        (right,) = self.move.rights
        return right

    def _acting(self, found: Found, own: dict[str, Duty]) -> Acting:
        """At which unit the reporter acts: the one that covers the place if any, else the first in the district."""
        place = found.place
        if self.move.name == "self_handle":
            if place.pk not in own:
                raise refusals.not_your_grid(str(place))
            return Acting(self.actor, place.pk, Duty.OFFICER)
        here = [code for code in own if district_of(code) == district_of(place.pk)]
        covering = [code for code in here if place.pk.startswith(code)]
        if not here:
            raise refusals.not_allowed()
        code = max(covering, key=len) if covering else here[0]
        return Acting(self.actor, code, own[code])


def believed(said: datetime | None, now: datetime) -> datetime:
    """When it happened: what the device says within reason, else now."""
    if said is None or said > now or now - said > LATEST_DELIVERY:
        return now
    return said


def _grid_among(codes: Iterable[str]) -> str:
    grids = [code for code in codes if len(code) == 15]
    return grids[0] if grids else ""


def _draw_inspection(held: InHand) -> None:
    """Draw a set share for re-inspection by the grid's supervisor, else the village."""
    incident, now = held.incident, held.now
    share = selectors.profile_for(incident.district_id).recheck_share
    if secrets.randbelow(1000) >= int(share * 1000):
        return
    has_supervisor = selectors.people_with_duty(incident.place_id, [Duty.SUPERVISOR], at=now)
    unit = incident.place_id if has_supervisor else holders.code_at_birth(incident.place_id)
    inspection = Inspection.objects.create(incident=incident, unit_id=unit, drawn_at=now)
    held.start_clock(Stage.CHECK, unit, subject=(Subject.INSPECTION, inspection.pk))
