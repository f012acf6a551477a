"""Pictures: checked by content, turned upright, stripped for showing; the original keeps its EXIF data.

Nothing about the file name or type a browser claims is believed.
"""

import hashlib
import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.utils.translation import gettext_lazy as _
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from grids import datums
from grids.models import Person
from incidents.models import Incident, IncidentEvent, Photo, PhotoStage

MAX_BYTES = 15 * 1024 * 1024
MAX_PIXELS = 60_000_000
MAX_PER_INCIDENT = 30
SHOWN_EDGE, THUMBNAIL_EDGE = 1600, 320
FORMATS = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp"}


@dataclass(frozen=True)
class Picture:
    """A checked upload, ready to be stored: bytes of the original and of the two stripped copies."""

    original: bytes
    suffix: str
    shown: bytes
    thumbnail: bytes
    width: int
    height: int
    sha256: str
    taken_at: datetime | None
    point: Point | None


def check(upload: BinaryIO) -> Picture:
    """Read and check an upload; raises ValidationError with a reason a person understands."""
    data = upload.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ValidationError(_("This picture is larger than 15 MB."), code="too_large")
    image = _opened(data)
    exif = image.getexif()
    upright = ImageOps.exif_transpose(image).convert("RGB")
    return Picture(
        original=data,
        suffix=FORMATS[image.format or "JPEG"],
        shown=_copy(upright, SHOWN_EDGE),
        thumbnail=_copy(upright, THUMBNAIL_EDGE),
        width=upright.width,
        height=upright.height,
        sha256=hashlib.sha256(data).hexdigest(),
        taken_at=_taken_at(exif),
        point=_point(exif),
    )


def add(
    *,
    incident: Incident,
    picture: Picture,
    stage: PhotoStage,
    now: datetime,
    added_by: Person | None,
    event: IncidentEvent | None = None,
    point: Point | None = None,
) -> Photo:
    """Store a checked picture; the same picture twice at one stage is kept once.

    ``point`` is where the device says it was taken, for pictures without a position of their own.
    """
    before = Photo.objects.filter(incident=incident, sha256=picture.sha256, stage=stage).first()
    if before is not None:
        return before
    if Photo.objects.filter(incident=incident).count() >= MAX_PER_INCIDENT:
        raise ValidationError(_("An incident keeps at most 30 pictures."), code="too_many")
    return Photo.objects.create(
        incident=incident,
        event=event,
        stage=stage,
        original=ContentFile(picture.original, name=f"original{picture.suffix}"),
        shown=ContentFile(picture.shown, name="shown.jpg"),
        thumbnail=ContentFile(picture.thumbnail, name="thumbnail.jpg"),
        width=picture.width,
        height=picture.height,
        sha256=picture.sha256,
        taken_at=picture.taken_at,
        point=picture.point or point,
        added_by=added_by,
        added_at=now,
    )


def _opened(data: bytes) -> Image.Image:
    unreadable = ValidationError(_("This is not a picture we can read: use JPEG, PNG or WebP."), code="not_a_picture")
    try:
        image = Image.open(io.BytesIO(data), formats=list(FORMATS))
        if image.width * image.height > MAX_PIXELS:
            raise ValidationError(_("This picture has too many pixels."), code="too_large")
        image.load()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise unreadable from error
    return image


def _copy(image: Image.Image, edge: int) -> bytes:
    """A smaller JPEG that carries pixels and nothing else."""
    small = image.copy()
    small.thumbnail((edge, edge), Image.Resampling.LANCZOS)
    small.info.clear()
    out = io.BytesIO()
    small.save(out, "JPEG", quality=82, optimize=True)
    return out.getvalue()


def _taken_at(exif: Image.Exif) -> datetime | None:
    """When the camera says it was taken; a camera without a zone is believed to be here."""
    tags: dict[int, Any] = exif.get_ifd(ExifTags.IFD.Exif)
    said = tags.get(ExifTags.Base.DateTimeOriginal)
    try:
        taken = datetime.strptime(str(said), "%Y:%m:%d %H:%M:%S").replace(tzinfo=ZoneInfo(settings.TIME_ZONE))
    except ValueError:
        return None
    return taken.astimezone(UTC) if taken <= datetime.now(UTC) + timedelta(days=1) else None


def _point(exif: Image.Exif) -> Point | None:
    """Where the camera says it was: WGS-84 degrees, if complete and on the globe."""
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    try:
        latitude = _degrees(gps[2]) * (-1 if gps.get(1) == "S" else 1)
        longitude = _degrees(gps[4]) * (-1 if gps.get(3) == "W" else 1)
    except (KeyError, TypeError, ValueError, ZeroDivisionError, IndexError):
        return None
    if not (abs(latitude) <= 90 and abs(longitude) <= 180) or (latitude, longitude) == (0, 0):
        return None
    return Point(*datums.lonlat_to_cgcs2000(longitude, latitude, "wgs84"), srid=datums.SRID)


def _degrees(parts: Any) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    return degrees + minutes / 60 + seconds / 3600
