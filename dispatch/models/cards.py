"""Urges and supervision cards: what an upper unit, or the policy, lays before a unit that must answer."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.models import CardColour


class CardKind(models.TextChoices):
    URGE = "urge", pgettext_lazy("of a card", "Urge")
    SUPERVISE = "supervise", pgettext_lazy("of a card", "Supervision")


class CardState(models.TextChoices):
    """LAPSED: the incident ended before an answer."""

    ISSUED = "issued", pgettext_lazy("of a card", "Waiting for an answer")
    REPLIED = "replied", pgettext_lazy("of a card", "Answered")
    WITHDRAWN = "withdrawn", pgettext_lazy("of a card", "Withdrawn")
    LAPSED = "lapsed", pgettext_lazy("of a card", "Lapsed")


class Card(models.Model):
    """One urge or card to ``unit`` about one incident. Written by ``dispatch.cards`` alone; kept for ever.

    By hand: ``actor`` did it for ``issued_by_unit`` by ``duty``. By policy: no actor, but the ``clock`` whose ``step``
    it followed from; then ``issued_by_unit`` is the unit above, or none at the top. ``seq`` fences stale presses.
    ``ended_at`` is when it was answered, withdrawn or lapsed, with ``ended_by`` and ``answer``: the reply, or why it
    was withdrawn.
    """

    incident = models.ForeignKey("incidents.Incident", models.PROTECT, related_name="cards", db_index=False)
    district = models.ForeignKey("grids.Unit", models.PROTECT, related_name="+", db_index=False)
    unit = models.ForeignKey("grids.Unit", models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(_("kind"), max_length=16, choices=CardKind.choices)
    colour = models.CharField(_("colour"), max_length=16, choices=CardColour.choices, default=CardColour.ORDINARY)
    issued_by_unit = models.ForeignKey("grids.Unit", models.PROTECT, null=True, related_name="+", db_index=False)
    actor = models.ForeignKey("grids.Person", models.PROTECT, null=True, related_name="+")
    duty = models.CharField(max_length=16, blank=True)
    reason = models.TextField(_("reason"), max_length=1000, blank=True)
    clock = models.ForeignKey("incidents.Clock", models.PROTECT, null=True, related_name="cards", db_index=False)
    step = models.PositiveIntegerField(null=True)
    state = models.CharField(_("state"), max_length=16, choices=CardState.choices, default=CardState.ISSUED)
    issued_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey("grids.Person", models.PROTECT, null=True, related_name="+")
    answer = models.TextField(max_length=1000, blank=True)
    seq = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        verbose_name = pgettext_lazy("of supervision", "card")
        verbose_name_plural = pgettext_lazy("of supervision", "cards")
        constraints = [
            models.UniqueConstraint(
                fields=["clock", "step"], condition=Q(clock__isnull=False), name="card_once_per_clock_and_step"
            ),
            # Two people who draw the same card at once draw it once; the policy may repeat itself.
            models.UniqueConstraint(
                fields=["incident", "unit", "colour"],
                condition=Q(state="issued", kind="supervise", actor__isnull=False),
                name="card_one_open_by_hand",
                violation_error_message=_("This unit has such a card for this incident already."),
            ),
            models.CheckConstraint(
                condition=Q(actor__isnull=False, issued_by_unit__isnull=False, clock__isnull=True, step__isnull=True)
                & ~Q(duty="")
                | Q(actor__isnull=True, clock__isnull=False, step__isnull=False, duty=""),
                name="card_by_hand_or_by_policy",
            ),
            models.CheckConstraint(
                condition=Q(issued_by_unit__isnull=True) | ~Q(issued_by_unit=F("unit")),
                name="card_never_to_oneself",
                violation_error_message=_("No unit urges or supervises itself."),
            ),
            models.CheckConstraint(
                condition=Q(kind="supervise") | Q(kind="urge", colour="ordinary"), name="card_urges_have_no_colour"
            ),
            models.CheckConstraint(
                condition=Q(state="issued", ended_at__isnull=True, ended_by__isnull=True, answer="")
                | Q(state="lapsed", ended_at__isnull=False, ended_by__isnull=True, answer="")
                | Q(state__in=["replied", "withdrawn"], ended_at__isnull=False, ended_by__isnull=False) & ~Q(answer=""),
                name="card_end_when_over",
            ),
            models.CheckConstraint(condition=Q(actor__isnull=True) | ~Q(reason=""), name="card_by_hand_has_a_reason"),
        ]
        indexes = [
            models.Index(fields=["incident", "id"], name="card_of_incident"),
            models.Index(fields=["unit", "id"], condition=Q(state="issued"), name="card_to_answer"),
            models.Index(fields=["unit", "-id"], name="card_of_unit"),
            models.Index(fields=["issued_by_unit", "-id"], name="card_of_issuer"),
            models.Index(fields=["issued_by_unit", "id"], condition=Q(state="issued"), name="card_given_out"),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} → {self.unit_id}"

    @property
    def is_open(self) -> bool:
        return self.state == CardState.ISSUED
