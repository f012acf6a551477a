"""What lies on the ground and helps to draw: dwellings with their households, and the lines borders like to follow."""

from django.contrib.gis.db import models
from django.contrib.postgres.indexes import GistIndex
from django.db.models import Q, TextChoices
from django.utils.translation import gettext_lazy as _

from grids.datums import SRID
from grids.models.units import Unit


class Dwelling(models.Model):
    """A building or a lone house as a point, with the households that live there; no names of people."""

    district = models.ForeignKey(
        Unit, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("district")
    )
    # What the source calls it; an import that brings it again replaces it.
    source_id = models.CharField(_("number at the source"), max_length=60)
    geom = models.PointField(_("place"), srid=SRID, spatial_index=False)
    households = models.PositiveIntegerField(_("households"), default=1)
    people = models.PositiveIntegerField(_("people"), null=True, blank=True)
    # Dwellings of one compound would rather stay in one grid.
    compound = models.CharField(_("compound"), max_length=100, blank=True)
    address = models.CharField(_("address"), max_length=200, blank=True)
    is_synthetic = models.BooleanField(_("synthetic"), default=False)
    imported_at = models.DateTimeField(_("imported at"))

    class Meta:
        verbose_name = _("dwelling")
        verbose_name_plural = _("dwellings")
        ordering = ["district_id", "source_id"]
        constraints = [models.UniqueConstraint(fields=["district", "source_id"], name="dwelling_once")]
        indexes = [GistIndex(fields=["geom"], name="dwelling_place")]

    def __str__(self) -> str:
        return self.address or self.source_id


class LineKind(TextChoices):
    MAIN_ROAD = "main_road", _("Main road")
    ROAD = "road", _("Road")
    LANE = "lane", _("Lane")
    RIVER = "river", _("River")
    RAILWAY = "railway", _("Railway")
    RIDGE = "ridge", _("Ridge")


class ReferenceLine(models.Model):
    """A street, a river, a ridge: borders snap to it, and a proposal rather cuts along it."""

    district = models.ForeignKey(
        Unit, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("district")
    )
    source_id = models.CharField(_("number at the source"), max_length=60)
    kind = models.CharField(_("kind"), max_length=12, choices=LineKind)
    name = models.CharField(_("name"), max_length=100, blank=True)
    geom = models.MultiLineStringField(_("line"), srid=SRID, spatial_index=False)
    # No grid of a proposal reaches across.
    is_barrier = models.BooleanField(_("barrier"), default=False)
    is_synthetic = models.BooleanField(_("synthetic"), default=False)
    imported_at = models.DateTimeField(_("imported at"))

    class Meta:
        verbose_name = _("reference line")
        verbose_name_plural = _("reference lines")
        ordering = ["district_id", "source_id"]
        constraints = [
            models.UniqueConstraint(fields=["district", "source_id"], name="reference_line_once"),
            models.CheckConstraint(condition=Q(kind__in=LineKind.values), name="reference_line_kind_known"),
        ]
        indexes = [GistIndex(fields=["geom"], name="reference_line_place")]

    def __str__(self) -> str:
        return self.name or self.source_id
