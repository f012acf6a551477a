"""What an administrator changed in the table of who is told: rows only override ``dispatch.audience``."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Audience(models.Model):
    """For one kind of event (``kind``) one group (``who``) is told for ``reason``, or not at all.

    A district's own row wins over the shared one (no district), that over the line of ``dispatch.audience``.
    """

    district = models.ForeignKey("grids.Unit", models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    kind = models.CharField(_("event"), max_length=32)
    who = models.CharField(_("who is told"), max_length=24)
    reason = models.CharField(_("reason"), max_length=24)
    enabled = models.BooleanField(_("told"), default=True)
    changed_by = models.ForeignKey("grids.Person", models.PROTECT, null=True, related_name="+", db_index=False)
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["kind", "who", "district"]
        verbose_name = _("audience of an event")
        verbose_name_plural = _("audiences of events")
        constraints = [
            models.UniqueConstraint(
                fields=["district", "kind", "who"], nulls_distinct=False, name="audience_one_line_per_group"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.who}"
