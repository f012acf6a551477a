"""Clocks whose step failed: what an operator must hear of."""

from django.db import models
from django.db.models import Q


class SweepFault(models.Model):
    """A clock the sweep could not take and put aside, with the last error; solved once a pass took it.

    The clock is an id only, so that nothing that is wrong with its row can keep the fault from being written.
    """

    clock_id = models.BigIntegerField()
    incident_id = models.BigIntegerField()
    first_failed_at = models.DateTimeField()
    last_failed_at = models.DateTimeField()
    next_try_at = models.DateTimeField()
    times = models.PositiveIntegerField(default=1)
    error = models.TextField()
    solved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clock_id"], condition=Q(solved_at__isnull=True), name="sweep_fault_one_open_per_clock"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.clock_id}: {self.times}"
