"""Boundaries: plain polygons with a range of time, each brought by a plan."""

from django.contrib.gis.db import models
from django.contrib.gis.db.models.functions import IsValid
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.contrib.postgres.indexes import GistIndex
from django.db.models import F, Q, TextChoices, Value
from django.utils.translation import gettext_lazy as _

from grids.datums import SRID
from grids.levels import UnitKind
from grids.models.expressions import OnLattice
from grids.models.people import Person
from grids.models.units import Unit


class PlanStatus(TextChoices):
    DRAFT = "draft", _("Draft")
    PROVEN = "proven", _("Proven")
    APPROVED = "approved", _("Approved")
    PUBLISHED = "published", _("Published")
    DISCARDED = "discarded", _("Discarded")


class Plan(models.Model):
    """A redraw of all grids inside of one unit, from draft to the moment it is published."""

    scope = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="plans", verbose_name=_("scope"))
    base = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("based on")
    )
    status = models.CharField(_("status"), max_length=10, choices=PlanStatus, default=PlanStatus.DRAFT)
    title = models.CharField(_("title"), max_length=100)
    note = models.TextField(_("note"), blank=True)
    # Why the ground is redrawn; a plan is not approved without it.
    reason = models.TextField(_("reason"), blank=True)
    # How many households a grid should have, and how far it may be off.
    target_households = models.PositiveIntegerField(_("households per grid"), null=True, blank=True)
    tolerance_percent = models.PositiveSmallIntegerField(_("tolerance in percent"), default=20)
    # Counts the edits; an edit names the one it was made on.
    revision = models.PositiveIntegerField(_("revision"), default=0)
    # The highest number an area of this plan ever had: none is given twice.
    last_key = models.PositiveIntegerField(_("last number of an area"), default=0)
    # Who draws at present: a lease, prolonged by each edit.
    held_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("held by")
    )
    held_until = models.DateTimeField(_("held until"), null=True, blank=True)
    # Drawn by a program and no survey: every map that shows it says so.
    is_synthetic = models.BooleanField(_("synthetic"), default=False)
    # The outline the grids must tile exactly.
    frame = models.MultiPolygonField(_("frame"), srid=SRID, null=True, blank=True, spatial_index=False)
    certificate = models.JSONField(_("certificate"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created at"))
    created_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("created by")
    )
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True)
    approved_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("approved by")
    )
    # When an approved plan publishes itself; empty: when somebody presses. Why it could not, if it could not.
    publish_at = models.DateTimeField(_("to be published at"), null=True, blank=True)
    publish_fault = models.TextField(_("why it was not published"), blank=True)
    published_at = models.DateTimeField(_("published at"), null=True, blank=True)
    effective_at = models.DateTimeField(_("effective at"), null=True, blank=True)
    published_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("published by")
    )

    # What its publication did, in numbers; and, for a rollback, the plan it takes back.
    effect = models.JSONField(_("effect"), null=True, blank=True, editable=False)
    rolls_back = models.OneToOneField(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="rolled_back_by",
        verbose_name=_("takes back"),
    )

    class Meta:
        verbose_name = _("plan")
        verbose_name_plural = _("plans")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(status__in=[PlanStatus.PROVEN, PlanStatus.APPROVED, PlanStatus.PUBLISHED])
                | Q(certificate__isnull=False, frame__isnull=False),
                name="plan_proven_has_certificate",
            ),
            models.CheckConstraint(
                condition=~Q(status=PlanStatus.PUBLISHED) | Q(published_at__isnull=False, effective_at__isnull=False),
                name="plan_published_has_moment",
            ),
            models.CheckConstraint(
                condition=~Q(status=PlanStatus.APPROVED) | Q(approved_at__isnull=False), name="plan_approved_has_moment"
            ),
            models.CheckConstraint(
                condition=Q(held_by__isnull=True, held_until__isnull=True)
                | Q(held_by__isnull=False, held_until__isnull=False),
                name="plan_hold_has_end",
            ),
        ]
        indexes = [
            models.Index(
                fields=["publish_at"],
                name="plan_to_publish",
                condition=Q(status=PlanStatus.APPROVED, publish_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Boundary(models.Model):
    """The area of a unit while `valid`; a draft has no range. Written by `plans.publish` alone."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="boundaries", verbose_name=_("unit"))
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="boundaries", verbose_name=_("plan"))
    kind = models.CharField(_("kind"), max_length=12, choices=UnitKind)
    geom = models.MultiPolygonField(_("area"), srid=SRID, spatial_index=False)
    valid = DateTimeRangeField(_("valid"), null=True, blank=True)

    class Meta:
        verbose_name = _("boundary")
        verbose_name_plural = _("boundaries")
        ordering = ["unit_id", "id"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "unit"], name="boundary_once_per_plan"),
            models.CheckConstraint(condition=Q(IsValid("geom")), name="boundary_geom_valid"),
            models.CheckConstraint(condition=Q(OnLattice(F("geom"))), name="boundary_on_lattice"),
            ExclusionConstraint(
                name="boundary_one_at_a_time",
                expressions=[("unit", RangeOperators.EQUAL), ("valid", RangeOperators.OVERLAPS)],
                condition=Q(valid__isnull=False),
            ),
            models.CheckConstraint(
                condition=Q(valid__isnull=True)
                | Q(valid__isempty=False, valid__lower_inf=False, valid__lower_inc=True, valid__upper_inc=Value(False)),
                name="boundary_valid_half_open",
            ),
        ]
        indexes = [
            GistIndex(
                fields=["geom", "valid"],
                name="boundary_grid_place",
                condition=Q(valid__isnull=False, kind=UnitKind.GRID),
            ),
            # As an expression: of an index on one geometry field GeoDjango drops the condition.
            GistIndex(F("geom"), name="boundary_place", condition=Q(valid__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.unit_id} #{self.plan_id}"
