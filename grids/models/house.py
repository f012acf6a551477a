"""What people are told of that happened to no incident: the steps of a plan, long exports asked for and decided."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from grids.levels import district_of
from grids.models.boundaries import Plan
from grids.models.people import Person
from grids.models.units import Unit


class HouseEvent(models.Model):
    """One such event, written in the transaction of what happened; record and outbox in one.

    ``kind`` is a key of ``grids.house.KINDS``; ``details`` hold ids, codes and numbers, no word that a person typed.
    Nobody was told while ``announced_at`` is empty; nothing else of a row ever changes (a trigger sees to that).
    """

    kind = models.CharField(_("kind"), max_length=24)
    # The place it is about: a plan's scope, the unit by whose post an export was asked for.
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    plan = models.ForeignKey(Plan, models.PROTECT, null=True, related_name="house_events")
    actor = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", db_index=False)
    details = models.JSONField(default=dict)
    at = models.DateTimeField(_("at"))
    announced_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("event of the house")
        verbose_name_plural = _("events of the house")
        indexes = [models.Index(fields=["id"], condition=Q(announced_at__isnull=True), name="house_event_untold")]

    def __str__(self) -> str:
        return f"{self.unit_id} {self.kind}"

    @property
    def district_id(self) -> str:
        """The district whose table says who is told."""
        return district_of(self.unit_id)
