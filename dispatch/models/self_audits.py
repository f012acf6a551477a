"""What the house found when it looked at itself, a row a minute."""

from django.db import models


class SelfAudit(models.Model):
    """One look: ``findings`` by name, each with its state and figures (see ``dispatch.watch``).

    ``steps`` are the lights that came on since the look before, ``on_time`` those of them that did so within a minute
    of their plan; ``last_event`` is how far the record was read.
    """

    minute = models.DateTimeField(primary_key=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=80)
    passed = models.BooleanField()
    findings = models.JSONField(default=list)
    steps = models.PositiveIntegerField(default=0)
    on_time = models.PositiveIntegerField(default=0)
    last_event = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.minute:%Y-%m-%d %H:%M} {'passed' if self.passed else 'failed'}"
