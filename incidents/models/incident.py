"""The incident, who may see it beyond its place, who worked on it, and its inspection."""

import uuid

from django.contrib.gis.db import models as gis
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Collate, Reverse
from django.utils.translation import gettext_lazy as _

from grids.datums import SRID
from incidents.models.categories import IncidentKind
from incidents.models.expressions import Grams
from incidents.states import FINAL_STATES, OPEN_STATES, State, Urgency

# Moves by which an incident comes back to somebody who had it before.
CAME_BACK = ("send_back", "rework", "reopen", "unmerge")


class Source(models.TextChoices):
    OFFICER = "officer", _("Grid officer")
    CLERK = "clerk", _("Desk")
    CITIZEN = "citizen", _("Citizen")
    FEED = "feed", _("Other system")


class LocatedBy(models.TextChoices):
    INSIDE = "inside", _("inside the grid")
    TIE = "tie", _("on a border, by rule")
    NEAREST = "nearest", _("nearest grid")
    NAMED = "named", _("named by the reporter")


class Incident(models.Model):
    """What happened, where, how far it has come (``state``) and who has it (``holder``).

    ``place`` is the responsible unit (the grid, or the smallest unit known); ``occurrence_grid`` and ``boundary``
    record where it was put at birth and never change. ``seq`` counts moves only and fences stale presses. Written
    by ``incidents.lifecycle`` alone.
    """

    number = models.CharField(_("number"), max_length=24, unique=True)
    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    district = models.ForeignKey("grids.Unit", models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(_("kind"), max_length=16, choices=IncidentKind.choices, default=IncidentKind.INCIDENT)
    category = models.ForeignKey("incidents.Category", models.PROTECT, related_name="+", null=True)
    urgency = models.CharField(_("urgency"), max_length=16, choices=Urgency.choices, default=Urgency.NORMAL)
    text = models.TextField(_("what happened"), max_length=2000)
    source = models.CharField(_("source"), max_length=16, choices=Source.choices)

    state = models.CharField(_("state"), max_length=16, choices=State.choices)
    state_before = models.CharField(max_length=16, choices=State.choices, blank=True)
    holder = models.ForeignKey("grids.Unit", models.PROTECT, related_name="+", db_index=False)
    seq = models.PositiveIntegerField(default=0)
    arrived_at = models.DateTimeField(_("came to the holder at"))
    arrived_by = models.CharField(max_length=24)
    came_from = models.ForeignKey("grids.Unit", models.PROTECT, null=True, related_name="+", db_index=False)
    answered_by_unit = models.ForeignKey("grids.Unit", models.PROTECT, null=True, related_name="+", db_index=False)
    master = models.ForeignKey("self", models.PROTECT, null=True, related_name="merged")

    place = models.ForeignKey("grids.Unit", models.PROTECT, related_name="+", db_index=False)
    occurrence_grid = models.ForeignKey("grids.Unit", models.PROTECT, null=True, related_name="+", db_index=False)
    boundary = models.ForeignKey("grids.Boundary", models.PROTECT, null=True, related_name="+", db_index=False)
    located_by = models.CharField(max_length=16, choices=LocatedBy.choices)
    located_distance_m = models.FloatField(null=True)
    point = gis.PointField(_("position"), srid=SRID, null=True)
    raw_longitude = models.FloatField(null=True)
    raw_latitude = models.FloatField(null=True)
    raw_datum = models.CharField(max_length=10, blank=True)
    accuracy_m = models.FloatField(_("accuracy"), null=True)
    address = models.CharField(_("place in words"), max_length=200, blank=True)

    reporter = models.ForeignKey("grids.Person", models.PROTECT, null=True, related_name="+")
    first_receiver = models.ForeignKey("grids.Person", models.PROTECT, null=True, related_name="+")
    first_unit = models.ForeignKey("grids.Unit", models.PROTECT, null=True, related_name="+", db_index=False)
    self_handled = models.BooleanField(default=False)
    rework_count = models.PositiveSmallIntegerField(default=0)
    relapse_count = models.PositiveSmallIntegerField(default=0)
    reported_at = models.DateTimeField(_("reported at"))
    closed_at = models.DateTimeField(_("ended at"), null=True)
    review_at = models.DateTimeField(_("review date"), null=True)

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        constraints = [
            models.CheckConstraint(condition=Q(state__in=[s.value for s in State]), name="incident_state_known"),
            models.CheckConstraint(
                condition=Q(state__in=sorted(FINAL_STATES), closed_at__isnull=False)
                | Q(state__in=sorted(OPEN_STATES), closed_at__isnull=True),
                name="incident_end_when_final",
            ),
            models.CheckConstraint(
                condition=Q(state=State.MERGED, master__isnull=False) | ~Q(state=State.MERGED) & Q(master__isnull=True),
                name="incident_master_when_merged",
            ),
            models.CheckConstraint(
                condition=Q(state=State.SUSPENDED, review_at__isnull=False)
                | ~Q(state=State.SUSPENDED) & Q(review_at__isnull=True),
                name="incident_review_when_suspended",
            ),
            models.CheckConstraint(condition=~Q(text=""), name="incident_text_given"),
        ]
        indexes = [
            models.Index(fields=["holder", "state", "arrived_at", "id"], name="incident_at_holder"),
            models.Index(fields=["place", "-reported_at", "-id"], name="incident_by_place"),
            models.Index(fields=["district", "-reported_at", "-id"], name="incident_by_district"),
            models.Index(fields=["-reported_at", "-id"], name="incident_newest"),
            models.Index(
                fields=["-reported_at", "-id"], condition=Q(closed_at__isnull=True), name="incident_open_newest"
            ),
            # Counting what is open reads this alone.
            models.Index(
                fields=["place", "id"],
                include=["state", "holder", "category", "urgency", "first_receiver", "point"],
                condition=Q(closed_at__isnull=True),
                name="incident_open_counts",
            ),
            models.Index(
                fields=["place", "id"],
                include=["state"],
                condition=Q(closed_at__isnull=False),
                name="incident_ended_counts",
            ),
            # The same in the order of the clocks' own index: the two are read side by side.
            models.Index(
                fields=["id"],
                include=["place", "holder", "state"],
                condition=Q(closed_at__isnull=True),
                name="incident_open_by_id",
            ),
            models.Index(
                fields=["holder", "arrived_by"],
                condition=Q(closed_at__isnull=True, arrived_by__in=CAME_BACK),
                name="incident_came_back",
            ),
            models.Index(Collate(Reverse("number"), "C"), name="incident_number_end"),
            GinIndex(Grams("text", "address"), name="incident_grams"),
            models.Index(
                fields=["district", "-closed_at"], condition=Q(closed_at__isnull=False), name="incident_ended"
            ),
            models.Index(
                fields=["reported_at"],
                condition=Q(state=State.REPORTED, urgency=Urgency.CRITICAL),
                name="incident_emergency",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def title(self) -> str:
        """The first line of the text, at most 40 characters."""
        line = self.text.strip().splitlines()[0]
        return line if len(line) <= 40 else line[:39] + "…"


class Sight(models.Model):
    """A unit that reported, held or was assigned the incident keeps it in sight, and so do the units above.

    ``afield``: the incident's place lies outside of the unit (for a department or office: of the tier it serves), so
    that the place alone does not show it there. A trigger keeps it true.
    """

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="sights", db_index=False)
    unit = models.ForeignKey("grids.Unit", models.PROTECT, related_name="+", db_index=False)
    since = models.DateTimeField()
    why = models.CharField(max_length=16)
    afield = models.BooleanField(db_default=True, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident", "unit"], name="sight_once")]
        indexes = [
            models.Index(fields=["unit", "incident"], name="sight_of_unit"),
            models.Index(fields=["unit", "incident"], condition=Q(afield=True), name="sight_afield"),
        ]


class Handler(models.Model):
    """Who did the work: written with each handling event, asked when somebody wants to close."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="handlers")
    person = models.ForeignKey("grids.Person", models.PROTECT, related_name="+")
    unit = models.ForeignKey("grids.Unit", models.PROTECT, related_name="+", db_index=False)
    act = models.CharField(max_length=24)
    at = models.DateTimeField()


class Inspection(models.Model):
    """The re-check drawn for a share of what officers settle on the spot."""

    incident = models.OneToOneField(Incident, models.PROTECT, related_name="inspection")
    unit = models.ForeignKey("grids.Unit", models.PROTECT, related_name="+")
    drawn_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    confirmed = models.BooleanField(null=True)
