"""That a unit will end at a moment that was set in advance, and who follows it."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q, TextChoices
from django.utils.translation import gettext_lazy as _

from grids.models.people import Person
from grids.models.units import Unit


class EndState(TextChoices):
    """What became of a planned end."""

    PLANNED = "planned", _("Planned")
    DONE = "done", _("Carried out")
    CANCELLED = "cancelled", _("Called off")
    REFUSED = "refused", _("Could not be carried out")


class PlannedEnd(models.Model):
    """`unit` is to end at `at`; the first of `heirs`, if there are any, takes its open work. Kept for ever."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="planned_ends", verbose_name=_("unit"))
    heirs = ArrayField(models.CharField(max_length=15), default=list, blank=True, verbose_name=_("successors"))
    people_follow = models.BooleanField(_("people follow"), default=False)
    at = models.DateTimeField(_("at"))
    planned_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", verbose_name=_("planned by"))
    planned_at = models.DateTimeField(_("planned at"))
    state = models.CharField(_("state"), max_length=10, choices=EndState, default=EndState.PLANNED)
    settled_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("settled by")
    )
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True)
    # What stood against it, in the words of whoever planned it.
    refusal = models.TextField(_("refusal"), blank=True)

    class Meta:
        verbose_name = _("planned end")
        verbose_name_plural = _("planned ends")
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["unit"],
                condition=Q(state="planned"),
                name="end_planned_once",
                violation_error_message=_("Its end is planned already: call that off first."),
            ),
            models.CheckConstraint(condition=Q(at__gt=F("planned_at")), name="end_is_planned_ahead"),
            models.CheckConstraint(
                condition=Q(state="planned", settled_at=None) | (~Q(state="planned") & Q(settled_at__isnull=False)),
                name="end_settled_once",
            ),
        ]
        indexes = [models.Index(fields=["at"], condition=Q(state="planned"), name="end_due")]

    def __str__(self) -> str:
        return f"{self.unit_id} · {self.at:%Y-%m-%d %H:%M}"
