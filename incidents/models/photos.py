"""Pictures of an incident: the original stays under its own right, pages show the stripped copy."""

import uuid
from pathlib import PurePath

from django.contrib.gis.db import models as gis
from django.db import models
from django.utils.translation import gettext_lazy as _

from grids.datums import SRID


class PhotoStage(models.TextChoices):
    BEFORE = "before", _("Before")
    AFTER = "after", _("After")
    CHECK = "check", _("On-site check")


def random_name(photo: "Photo", filename: str) -> str:
    """A path that tells nothing about the incident or the person."""
    token = uuid.uuid4().hex
    return f"photos/{token[:2]}/{token}{PurePath(filename).suffix.lower()}"


class Photo(models.Model):
    """One picture. ``sha256`` is of the original bytes; ``point`` and ``taken_at`` come from its EXIF data."""

    incident = models.ForeignKey("incidents.Incident", models.PROTECT, related_name="photos")
    event = models.ForeignKey("incidents.IncidentEvent", models.PROTECT, null=True, related_name="photos")
    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    stage = models.CharField(max_length=8, choices=PhotoStage.choices)
    original = models.FileField(upload_to=random_name, max_length=200)
    shown = models.FileField(upload_to=random_name, max_length=200)
    thumbnail = models.FileField(upload_to=random_name, max_length=200)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    taken_at = models.DateTimeField(null=True)
    point = gis.PointField(srid=SRID, null=True)
    added_by = models.ForeignKey("grids.Person", models.PROTECT, null=True, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["incident", "sha256", "stage"], name="photo_once")]
