"""One order to one unit, and the small table of its states."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class AssignmentState(models.TextChoices):
    CALLED = "called", _("Waiting to be signed for")
    SIGNED = "signed", _("Being worked on")
    ARRIVED = "arrived", _("On site")
    FED_BACK = "fed_back", pgettext_lazy("of orders", "Fed back")
    RETURNED = "returned", _("Returned")
    RECALLED = "recalled", _("Recalled")
    WAIVED = "waived", _("Waived")


OPEN_ASSIGNMENT_STATES = frozenset({AssignmentState.CALLED, AssignmentState.SIGNED, AssignmentState.ARRIVED})


class AssignmentRole(models.TextChoices):
    LEAD = "lead", _("Lead unit")
    CO = "co", _("Co-handling unit")


class ReturnReason(models.TextChoices):
    NOT_OURS = "not_ours", _("Not this unit's duty")
    INCOMPLETE = "incomplete", _("Not enough information")
    DUPLICATE = "duplicate", _("Already dealt with")
    OTHER = "other", _("Other")


class Assignment(models.Model):
    """An order of ``ordered_by_unit`` to ``unit`` within one incident. Written by ``dispatch.assignments`` alone.

    ``round`` counts how often the same order came back for rework; ``seq`` fences stale presses. A returned
    required order holds up the answer until it is replaced (``replaced_by``) or waived.
    """

    incident = models.ForeignKey("incidents.Incident", models.PROTECT, related_name="assignments", db_index=False)
    district = models.ForeignKey("grids.Unit", models.PROTECT, related_name="+", db_index=False)
    unit = models.ForeignKey("grids.Unit", models.PROTECT, related_name="+", db_index=False)
    ordered_by = models.ForeignKey("grids.Person", models.PROTECT, null=True, related_name="+")
    ordered_by_unit = models.ForeignKey("grids.Unit", models.PROTECT, related_name="+", db_index=False)
    role = models.CharField(_("role"), max_length=8, choices=AssignmentRole.choices, default=AssignmentRole.LEAD)
    required = models.BooleanField(_("required"), default=True)
    order = models.TextField(_("order"), max_length=1000)
    state = models.CharField(_("state"), max_length=16, choices=AssignmentState.choices, default=AssignmentState.CALLED)
    round = models.PositiveSmallIntegerField(default=1)
    seq = models.PositiveIntegerField(default=0)
    # The incident's seq when it was called: names the move that gave the order.
    called_seq = models.PositiveIntegerField(default=0)
    called_at = models.DateTimeField()
    signed_at = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    feedback = models.TextField(_("feedback"), blank=True, max_length=2000)
    return_reason = models.CharField(max_length=16, choices=ReturnReason.choices, blank=True)
    return_note = models.TextField(blank=True, max_length=1000)
    proposed_unit = models.ForeignKey("grids.Unit", models.PROTECT, null=True, related_name="+", db_index=False)
    replaced_by = models.OneToOneField("self", models.PROTECT, null=True, related_name="replaces")

    class Meta:
        ordering = ["id"]
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "unit"],
                condition=Q(state__in=sorted(OPEN_ASSIGNMENT_STATES)),
                name="assignment_one_open_per_unit",
                violation_error_message=_("This unit has an open order for this incident already."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=sorted(OPEN_ASSIGNMENT_STATES), ended_at__isnull=True)
                | ~Q(state__in=sorted(OPEN_ASSIGNMENT_STATES)) & Q(ended_at__isnull=False),
                name="assignment_end_when_over",
            ),
            models.CheckConstraint(
                condition=Q(state="returned") & ~Q(return_reason="") | ~Q(state="returned"),
                name="assignment_return_has_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["incident", "state"], name="assignment_of_incident"),
            models.Index(fields=["unit", "state", "called_at", "id"], name="assignment_at_unit"),
            models.Index(
                fields=["ordered_by_unit", "incident"],
                condition=Q(state="returned", required=True, replaced_by__isnull=True),
                name="assignment_came_back",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} → {self.unit_id}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_ASSIGNMENT_STATES
