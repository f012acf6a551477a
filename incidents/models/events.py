"""The record of what happened to an incident: append-only, and the queue of what nobody was told yet."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from grids.duties import Duty
from incidents.states import State


class IncidentEvent(models.Model):
    """One line of the timeline; also the message to announce and the source of the live feed.

    Never changes: a trigger refuses UPDATE, DELETE and (outside test databases) TRUNCATE. Another trigger writes
    ``Unannounced`` beside it. ``occurred_at`` is the time said, ``recorded_at`` the database's clock. ``actor`` null
    is the system. ``kind`` is a move's name or one of ``incidents.records.KINDS``.
    """

    incident = models.ForeignKey("incidents.Incident", models.PROTECT, related_name="events", db_index=False)
    district = models.ForeignKey("grids.Unit", models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=32)
    seq = models.PositiveIntegerField(null=True)
    actor = models.ForeignKey("grids.Person", models.PROTECT, null=True, related_name="+", db_index=False)
    unit = models.ForeignKey("grids.Unit", models.PROTECT, null=True, related_name="+", db_index=False)
    duty = models.CharField(max_length=16, choices=Duty.choices, blank=True)
    state_before = models.CharField(max_length=16, choices=State.choices, blank=True)
    state_after = models.CharField(max_length=16, choices=State.choices, blank=True)
    holder_before = models.ForeignKey("grids.Unit", models.PROTECT, null=True, related_name="+", db_index=False)
    holder_after = models.ForeignKey("grids.Unit", models.PROTECT, null=True, related_name="+", db_index=False)
    note = models.TextField(_("words"), blank=True, max_length=2000)
    details = models.JSONField(default=dict)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=models.functions.Now())
    idempotency_key = models.CharField(max_length=64, blank=True)
    clock = models.ForeignKey("incidents.Clock", models.PROTECT, null=True, related_name="+", db_index=False)
    clock_seq = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [
            # What is no move has no number and no actor, and need not stand in indexes of these: a light writes none.
            models.UniqueConstraint(
                fields=["incident", "seq"], condition=Q(seq__isnull=False), name="event_one_per_move"
            ),
            models.UniqueConstraint(
                fields=["actor", "idempotency_key"], condition=~Q(idempotency_key=""), name="event_one_per_key"
            ),
            models.UniqueConstraint(
                fields=["clock", "clock_seq"], condition=Q(clock__isnull=False), name="event_one_per_clock_step"
            ),
        ]
        indexes = [
            models.Index(fields=["incident", "id"], name="event_of_incident"),
            models.Index(fields=["district", "-recorded_at"], name="event_flow"),
            models.Index(fields=["actor"], condition=Q(actor__isnull=False), name="event_of_actor"),
            models.Index(
                fields=["kind", "occurred_at", "incident"],
                condition=Q(kind__in=["accept", "answer", "self_handle", "escalate", "escalate_urgent", "dispatch"]),
                name="event_by_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.kind}"


class Unannounced(models.Model):
    """An event nobody was told yet. Born by a trigger with the event; deleted by the announcer.

    No foreign key in the database: the trigger writes the id of a row just born, which another forbids to delete.
    """

    event = models.OneToOneField(
        IncidentEvent, models.PROTECT, primary_key=True, related_name="unannounced", db_constraint=False
    )
