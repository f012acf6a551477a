"""A report as a person hands it in: words, place, category and pictures together, in one transaction, once per key.

The page and the API come through here; the incident itself is born in `lifecycle`.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from grids import datums
from grids.models import Person, Unit
from incidents import lifecycle, photo_rights, photos, records
from incidents.lifecycle import Position
from incidents.models import Category, Incident, Photo, PhotoStage, Source
from incidents.photos import Picture
from incidents.states import BIRTHS, Urgency


@dataclass(frozen=True, slots=True)
class Sketch:
    """What was handed in. `settled` with `result` says that the matter was dealt with on the spot.

    `at_hand` tells that `position` comes from the device and not from a tap on the map: only then the pictures were
    taken there.
    """

    text: str
    key: str
    category: Category | None = None
    position: Position | None = None
    at_hand: bool = False
    place: Unit | None = None
    address: str = ""
    urgency: Urgency = Urgency.NORMAL
    source: Source = Source.OFFICER
    settled: bool = False
    result: str = ""
    occurred_at: datetime | None = None
    before: list[Picture] = field(default_factory=list)
    after: list[Picture] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Filed:
    """What came of it. `differs`: an earlier hand-in of the same key stands, and its words were other ones."""

    incident: Incident
    differs: bool


def file(*, actor: Person, sketch: Sketch, now: datetime) -> Filed:
    """The incident of this sketch, with its pictures; handing the same key in again adds what is still missing.

    Raises MoveRefused, which names the field at fault, or ValidationError for too many pictures.
    """
    pictures = [(PhotoStage.BEFORE, picture) for picture in sketch.before]
    pictures += [(PhotoStage.AFTER, picture) for picture in sketch.after if sketch.settled]
    # A birth is a transaction by itself.
    with transaction.atomic() if pictures else nullcontext():
        incident = _born(actor, sketch, now)
        _show_at_birth(incident, pictures, actor=actor, sketch=sketch, now=now)
    return Filed(incident, incident.text != sketch.text.strip())


def _show_at_birth(
    incident: Incident,
    pictures: Sequence[tuple[PhotoStage, Picture]],
    *,
    actor: Person,
    sketch: Sketch,
    now: datetime,
) -> None:
    """Add the pictures. What an earlier hand-in of this key left out is made good; words already on record stay."""
    if not pictures:
        return
    event = incident.events.filter(kind__in=BIRTHS).first()
    point = taken_at_hand(sketch.position) if sketch.at_hand else None
    for stage, picture in pictures:
        photos.add(incident=incident, picture=picture, stage=stage, now=now, added_by=actor, event=event, point=point)


@transaction.atomic
def show(
    *,
    actor: Person,
    incident: Incident,
    stage: PhotoStage,
    pictures: Sequence[Picture],
    point: Point | None,
    now: datetime,
    key: str = "",
) -> list[Photo]:
    """Add pictures to an incident with their line in the record; the same `key` of the same person adds them once.

    `point` is where the device is. Raises MoveRefused for who may not, ValidationError for what is missing.
    """
    before = records.earlier(actor=actor, idempotency_key=key, incident=incident)
    if before is not None:
        return list(Photo.objects.filter(event=before).order_by("pk"))
    acting = photo_rights.adding(actor, incident, stage, now=now)
    if stage == PhotoStage.CHECK and point is None and not all(each.point for each in pictures):
        raise ValidationError(_("A check on site needs the position of the phone: allow it and try again."))
    about = {"stage": stage.value, "count": len(pictures)}
    event = records.record(incident=incident, kind="photo", acting=acting, now=now, details=about, idempotency_key=key)
    return [
        photos.add(incident=incident, picture=each, stage=stage, now=now, added_by=actor, event=event, point=point)
        for each in pictures
    ]


def taken_at_hand(position: Position | None) -> Point | None:
    """Where a device says it is, as a point of ours."""
    if position is None:
        return None
    return Point(*datums.lonlat_to_cgcs2000(position.longitude, position.latitude, position.datum), srid=datums.SRID)


def _born(actor: Person, sketch: Sketch, now: datetime) -> Incident:
    if sketch.settled:
        return lifecycle.self_handle(
            actor=actor,
            now=now,
            text=sketch.text,
            result=sketch.result,
            category=sketch.category,
            position=sketch.position,
            place=sketch.place,
            urgency=sketch.urgency,
            address=sketch.address,
            idempotency_key=sketch.key,
            occurred_at=sketch.occurred_at,
        )
    return lifecycle.report(
        actor=actor,
        now=now,
        text=sketch.text,
        category=sketch.category,
        position=sketch.position,
        place=sketch.place,
        urgency=sketch.urgency,
        address=sketch.address,
        source=sketch.source,
        idempotency_key=sketch.key,
        occurred_at=sketch.occurred_at,
    )
