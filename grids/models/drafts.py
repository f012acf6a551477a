"""What a plan is made of while it is drawn: its areas, the log of its edits, and proposals to begin from."""

from django.contrib.gis.db import models
from django.db.models import Q, TextChoices
from django.utils.translation import gettext_lazy as _

from grids.datums import SRID
from grids.levels import BoundaryBasis, GridKind
from grids.models.boundaries import Plan
from grids.models.people import Person
from grids.models.units import Unit


class PlanArea(models.Model):
    """One grid as a plan draws it. `key` names it inside of the plan for ever; a code comes when it is published.

    `unit` is the grid it carries on, None for a new one. Written by `grids.drafts` alone, one operation at a time.
    """

    plan = models.ForeignKey(
        Plan, on_delete=models.CASCADE, related_name="areas", db_index=False, verbose_name=_("plan")
    )
    key = models.PositiveIntegerField(_("key"))
    unit = models.ForeignKey(
        Unit, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("grid")
    )
    # The village it stands under.
    village = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+", verbose_name=_("village"))
    name = models.CharField(_("name"), max_length=100, blank=True)
    grid_kind = models.CharField(_("grid kind"), max_length=14, choices=GridKind, default=GridKind.COMPREHENSIVE)
    boundary_basis = models.CharField(_("boundary basis"), max_length=12, choices=BoundaryBasis, blank=True)
    geom = models.MultiPolygonField(_("area"), srid=SRID, spatial_index=False)
    area_m2 = models.FloatField(_("square metres"), default=0)
    # Counted from dwellings, or given by hand where there are none.
    households = models.PositiveIntegerField(_("households"), null=True, blank=True)
    households_given = models.BooleanField(_("households given by hand"), default=False)
    # Who is to answer for it: an officer, or on purpose nobody.
    officer = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("officer")
    )
    vacant_reason = models.CharField(_("why it is vacant on purpose"), max_length=200, blank=True)
    # Why it may lie in several parts.
    parts_reason = models.CharField(_("why it has several parts"), max_length=200, blank=True)
    # The unit it was published as.
    published_as = models.ForeignKey(
        Unit, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("published as")
    )

    class Meta:
        verbose_name = _("area of a plan")
        verbose_name_plural = _("areas of a plan")
        ordering = ["plan_id", "key"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "key"], name="plan_area_key"),
            models.UniqueConstraint(
                fields=["plan", "unit"], name="plan_area_carries_on_once", condition=Q(unit__isnull=False)
            ),
            models.CheckConstraint(
                condition=Q(officer__isnull=True) | Q(vacant_reason=""), name="plan_area_officer_or_vacant"
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"{self.plan_id}/{self.key}"


class PlanOperation(models.Model):
    """One edit of a draft, with what it takes to undo and to redo it byte for byte. Kept with its plan.

    `before` and `after` hold the rows it changed: {"areas": {key: row or null}, "frame": hex or absent, …}.
    """

    plan = models.ForeignKey(
        Plan, on_delete=models.CASCADE, related_name="operations", db_index=False, verbose_name=_("plan")
    )
    # The revision of the plan that this edit made; an undo or a redo makes a new one.
    revision = models.PositiveIntegerField(_("revision"))
    kind = models.CharField(_("kind"), max_length=20)
    args = models.JSONField(_("arguments"), default=dict)
    before = models.JSONField(_("before"), default=dict)
    after = models.JSONField(_("after"), default=dict)
    # For `undo` and `redo`: the edit it took back or did again.
    of = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    is_undone = models.BooleanField(_("undone"), default=False)
    # In words of the time, for the log of decisions.
    note = models.CharField(_("note"), max_length=300, blank=True)
    actor = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("actor")
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("edit of a plan")
        verbose_name_plural = _("edits of a plan")
        ordering = ["plan_id", "revision"]
        constraints = [models.UniqueConstraint(fields=["plan", "revision"], name="plan_operation_revision")]

    def __str__(self) -> str:
        return f"{self.plan_id} r{self.revision} {self.kind}"


class ProposalState(TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")


class Proposal(models.Model):
    """A division of a plan's scope into balanced grids, found by the machine for one seed."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="proposals", verbose_name=_("plan"))
    seed = models.PositiveIntegerField(_("seed"))
    # Target, tolerance, number of grids, what borders should follow; with the version of the method.
    parameters = models.JSONField(_("parameters"), default=dict)
    state = models.CharField(_("state"), max_length=10, choices=ProposalState, default=ProposalState.WAITING)
    progress = models.PositiveSmallIntegerField(_("progress in percent"), default=0)
    fault = models.TextField(_("fault"), blank=True)
    # Deviations, share within 10 %, share of borders on roads, disconnected pieces.
    figures = models.JSONField(_("figures"), default=dict)
    # The areas: [{"wkb": hex, "village": code, "households": n}, …].
    result = models.JSONField(_("result"), default=list)
    created_at = models.DateTimeField(_("created at"))
    created_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    class Meta:
        verbose_name = _("proposal")
        verbose_name_plural = _("proposals")
        ordering = ["plan_id", "id"]

    def __str__(self) -> str:
        return f"{self.plan_id} #{self.pk}"


class Lineage(models.Model):
    """How much of a grid went into another one when a plan was published; a grid that kept its code has a row too."""

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="lineage", verbose_name=_("plan"))
    old = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+", verbose_name=_("old grid"))
    new = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+", verbose_name=_("new grid"))
    # Of the old grid's, between 0 and 1; the households' is empty where none are known.
    area_share = models.FloatField(_("share of the area"))
    households_share = models.FloatField(_("share of the households"), null=True, blank=True)

    class Meta:
        verbose_name = _("lineage")
        verbose_name_plural = _("lineage")
        ordering = ["plan_id", "old_id", "new_id"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "old", "new"], name="lineage_once"),
            models.CheckConstraint(
                condition=Q(area_share__gte=0, area_share__lte=1)
                & (Q(households_share__isnull=True) | Q(households_share__gte=0, households_share__lte=1)),
                name="lineage_shares",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.old_id} → {self.new_id}"
