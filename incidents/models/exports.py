"""Lists that are too long to leave the house on one person's word."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ExportState(models.TextChoices):
    ASKED = "asked", pgettext_lazy("of an export", "Waiting for approval")
    GRANTED = "granted", pgettext_lazy("of an export", "Approved")
    REFUSED = "refused", pgettext_lazy("of an export", "Refused")
    TAKEN = "taken", pgettext_lazy("of an export", "Taken")


class ExportRequest(models.Model):
    """Somebody at a desk wants a long list as a file: asked, then granted or refused by another person, taken once.

    ``query`` are the filters of the list as the asker typed them, emptied once nothing can be taken by it any more.
    ``unit`` is the unit of the post by which it was asked; ``number`` how many rows there were then.
    """

    person = models.ForeignKey("grids.Person", models.PROTECT, related_name="+", db_index=False)
    unit = models.ForeignKey("grids.Unit", models.PROTECT, related_name="+", db_index=False)
    query = models.CharField(max_length=1000, blank=True)
    reason = models.CharField(_("what for"), max_length=200)
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=16, choices=ExportState.choices, default=ExportState.ASKED)
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey("grids.Person", models.PROTECT, null=True, related_name="+", db_index=False)
    decided_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("request for an export")
        verbose_name_plural = _("requests for exports")
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("person")),
                name="export_decided_by_another",
                violation_error_message=_("Nobody approves what they asked for."),
            ),
            models.CheckConstraint(
                condition=Q(state="asked", decided_by__isnull=True, decided_at__isnull=True)
                | ~Q(state="asked") & Q(decided_by__isnull=False, decided_at__isnull=False),
                name="export_decided_when_over",
            ),
            # Of one list one request at a time.
            models.UniqueConstraint(fields=["person", "query"], condition=Q(state="asked"), name="export_asked_once"),
        ]
        indexes = [
            models.Index(fields=["unit", "id"], condition=Q(state="asked"), name="export_waits"),
            models.Index(fields=["person", "-id"], name="export_of_person"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.number}"
