"""What was brought over from another system: each file taken in, and what it said about every incident."""

from django.db import models
from django.utils.translation import gettext_lazy as _

MOST_OF_A_NUMBER = 64
MOST_OF_A_VALUE = 200


class ImportBatch(models.Model):
    """One file that was taken in: from where, by which mapping, with what result. Never changes afterwards."""

    source = models.CharField(_("source"), max_length=60)
    file_name = models.CharField(_("file"), max_length=200)
    sha256 = models.CharField("SHA-256", max_length=64)
    mapping = models.TextField(_("mapping"))
    at = models.DateTimeField(_("imported at"))
    by = models.ForeignKey("grids.Person", models.PROTECT, null=True, related_name="+", verbose_name=_("imported by"))
    counts = models.JSONField(_("result"), default=dict)

    class Meta:
        ordering = ["-at"]
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        indexes = [models.Index(fields=["sha256"], name="import_batch_of_file")]

    def __str__(self) -> str:
        return f"{self.source} · {self.file_name}"


class ImportedRecord(models.Model):
    """The facts the other system had about an incident, as it said them.

    ``opened_at``, ``due_at`` and ``closed_at`` are moments of the source; whatever happens to the incident here, they
    stay. ``facts`` holds further columns that the mapping asked to keep, by their names.
    """

    incident = models.OneToOneField("incidents.Incident", models.PROTECT, primary_key=True, related_name="imported")
    batch = models.ForeignKey(ImportBatch, models.PROTECT, related_name="records")
    source = models.CharField(_("source"), max_length=60)
    original_number = models.CharField(_("original number"), max_length=MOST_OF_A_NUMBER)
    original_status = models.CharField(max_length=MOST_OF_A_VALUE, blank=True)
    original_category = models.CharField(max_length=MOST_OF_A_VALUE, blank=True)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    line = models.PositiveIntegerField()
    facts = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "original_number"], name="imported_once"),
            models.CheckConstraint(
                condition=models.Q(closed_at__isnull=True) | models.Q(closed_at__gte=models.F("opened_at")),
                name="imported_closed_after_opened",
            ),
        ]
        indexes = [models.Index(fields=["original_number"], name="imported_by_number")]

    def __str__(self) -> str:
        return f"{self.source} {self.original_number}"
