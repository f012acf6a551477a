"""One message to one person about one event, and the row each ticker of the sweep signs."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Channel(models.TextChoices):
    IN_APP = "in_app", _("Inbox")
    EMAIL = "email", _("E-mail")
    WECOM = "wecom", _("WeCom robot")
    DINGTALK = "dingtalk", _("DingTalk robot")
    FEISHU = "feishu", _("Feishu robot")
    SMS = "sms", _("Text message")
    WEBHOOK = "webhook", _("Webhook")


OUTSIDE_CHANNELS = [choice for choice in Channel.choices if choice[0] != Channel.IN_APP]


class Notice(models.Model):
    """Why a person hears of an event (``reason``, a key of ``dispatch.audience``) and whether it was read.

    The row in the inbox is the notice; what also leaves the house is a ``Delivery``, once per event and address.
    """

    event = models.ForeignKey(
        "incidents.IncidentEvent", models.PROTECT, null=True, related_name="notices", db_index=False
    )
    incident = models.ForeignKey("incidents.Incident", models.PROTECT, null=True, related_name="+")
    # Instead of an incident's: of a plan or a long export. `about`: what that is to the person, in numbers and codes.
    house_event = models.ForeignKey(
        "grids.HouseEvent", models.PROTECT, null=True, related_name="notices", db_index=False
    )
    about = models.JSONField(null=True)
    person = models.ForeignKey("grids.Person", models.PROTECT, related_name="notices", db_index=False)
    channel = models.CharField(max_length=16, choices=Channel.choices, default=Channel.IN_APP)
    reason = models.CharField(max_length=24)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        constraints = [
            models.UniqueConstraint(fields=["event", "person", "channel"], name="notice_once"),
            models.UniqueConstraint(
                fields=["house_event", "person", "channel"],
                condition=Q(house_event__isnull=False),
                name="notice_of_house_once",
            ),
            models.CheckConstraint(
                condition=Q(event__isnull=False, incident__isnull=False, house_event__isnull=True)
                | Q(event__isnull=True, incident__isnull=True, house_event__isnull=False),
                name="notice_of_one_event",
            ),
        ]
        indexes = [
            models.Index(fields=["person", "-id"], name="notice_of_person"),
            models.Index(fields=["person"], condition=Q(read_at__isnull=True), name="notice_unread"),
        ]


class Ticker(models.Model):
    """A process that runs the sweep signs here: the last pass, and the last that left nothing due."""

    name = models.CharField(primary_key=True, max_length=80)
    last_tick = models.DateTimeField()
    last_drained = models.DateTimeField(null=True)
    last_full = models.DateTimeField(null=True)
    acted = models.PositiveBigIntegerField(default=0)
