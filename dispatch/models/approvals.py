"""What one person asks and another must grant: suspension and voiding so far."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class ApprovalKind(models.TextChoices):
    SUSPEND = "suspend", _("Suspension")
    VOID = "void", _("Voiding")


class ApprovalState(models.TextChoices):
    PENDING = "pending", _("Waiting for a decision")
    GRANTED = "granted", _("Granted")
    REFUSED = "refused", _("Refused")
    LAPSED = "lapsed", _("Lapsed")


class Approval(models.Model):
    """One request. The database refuses that the asker decides it. LAPSED: the incident moved on before a decision."""

    incident = models.ForeignKey("incidents.Incident", models.PROTECT, related_name="approvals")
    kind = models.CharField(max_length=16, choices=ApprovalKind.choices)
    state = models.CharField(max_length=16, choices=ApprovalState.choices, default=ApprovalState.PENDING)
    holder = models.ForeignKey("grids.Unit", models.PROTECT, related_name="+", db_index=False)
    asked_by = models.ForeignKey("grids.Person", models.PROTECT, related_name="+")
    asked_unit = models.ForeignKey("grids.Unit", models.PROTECT, related_name="+", db_index=False)
    asked_at = models.DateTimeField()
    reason = models.TextField(_("reason"), max_length=1000)
    review_at = models.DateTimeField(_("review date"), null=True)
    decided_by = models.ForeignKey("grids.Person", models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision_note = models.TextField(blank=True, max_length=1000)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "kind"],
                condition=Q(state="pending"),
                name="approval_one_pending",
                violation_error_message=_("The same request is waiting for a decision already."),
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=models.F("asked_by")),
                name="approval_never_by_the_asker",
                violation_error_message=_("Nobody decides a request of their own."),
            ),
            models.CheckConstraint(
                condition=Q(kind="suspend", review_at__isnull=False) | ~Q(kind="suspend"),
                name="approval_suspension_has_review_date",
            ),
            models.CheckConstraint(
                condition=Q(state="pending", decided_at__isnull=True)
                | ~Q(state="pending") & Q(decided_at__isnull=False),
                name="approval_decided_when_over",
            ),
        ]
        indexes = [models.Index(fields=["holder", "asked_at"], condition=Q(state="pending"), name="approval_waiting")]
