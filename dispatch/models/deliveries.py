"""Ways out of the house: where people and units are reached, what is on its way there, and what a robot still takes."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dispatch.models.notices import OUTSIDE_CHANNELS


class Hears(models.TextChoices):
    ALL = "all", _("Everything")
    PRESSING = "pressing", _("Only orders, overdue and cards")


class Address(models.Model):
    """One way by which a person is reached, or the group of a unit through its robot.

    ``sealed`` is address and secret, encrypted (``grids.sealing``); pages show ``hint``. ``lane`` is a keyed digest of
    the address: what shares it shares a provider's limits. Nothing is sent before the address is proven by a code.
    Never deleted once something was sent there: an empty ``sealed`` means that it was taken away.
    """

    person = models.ForeignKey("grids.Person", models.PROTECT, null=True, related_name="addresses", db_index=False)
    unit = models.ForeignKey("grids.Unit", models.PROTECT, null=True, related_name="robots", db_index=False)
    channel = models.CharField(_("channel"), max_length=16, choices=OUTSIDE_CHANNELS)
    name = models.CharField(_("name"), max_length=60, blank=True)
    sealed = models.TextField(_("address"), blank=True)
    hint = models.CharField(_("address"), max_length=80, blank=True)
    lane = models.CharField(max_length=80, blank=True)
    hears = models.CharField(_("what it is told"), max_length=16, choices=Hears.choices, default=Hears.ALL)
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_to = models.TimeField(_("quiet until"), null=True, blank=True)
    enabled = models.BooleanField(_("in use"), default=False)
    proven_at = models.DateTimeField(_("proven at"), null=True)
    # The last code sent there, and how often a wrong one was typed since.
    coded_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    # Why the house itself switched it off; empty when a person did.
    trouble = models.CharField(_("trouble"), max_length=200, blank=True)
    set_by = models.ForeignKey("grids.Person", models.PROTECT, related_name="+", db_index=False)
    set_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        verbose_name = _("notice address")
        verbose_name_plural = _("notice addresses")
        constraints = [
            models.CheckConstraint(
                condition=Q(person__isnull=True, unit__isnull=False) | Q(person__isnull=False, unit__isnull=True),
                name="address_of_one_owner",
            ),
            models.UniqueConstraint(
                fields=["person", "channel"], condition=Q(person__isnull=False), name="address_one_per_channel"
            ),
            models.UniqueConstraint(
                fields=["unit", "lane"],
                condition=Q(unit__isnull=False) & ~Q(lane=""),
                name="address_robot_once",
                violation_error_message=_("This robot is there already."),
            ),
            models.CheckConstraint(
                condition=Q(enabled=False) | Q(proven_at__isnull=False) & ~Q(sealed=""),
                name="address_used_when_proven",
            ),
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_to__isnull=True)
                | Q(quiet_from__isnull=False, quiet_to__isnull=False),
                name="address_quiet_both_ends",
                violation_error_message=_("Quiet hours have a beginning and an end."),
            ),
        ]
        indexes = [models.Index(fields=["unit"], condition=Q(unit__isnull=False), name="address_of_unit")]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} {self.hint}"


class DeliveryState(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("of messages", "Waiting")
    SENDING = "sending", pgettext_lazy("of messages", "Being sent")
    BUNDLED = "bundled", pgettext_lazy("of messages", "Told together with others")
    SENT = "sent", pgettext_lazy("of messages", "Sent")
    DEAD = "dead", pgettext_lazy("of messages", "Not delivered")
    UNKNOWN = "unknown", pgettext_lazy("of messages", "Unknown whether it arrived")


ENDED_STATES = (DeliveryState.SENT, DeliveryState.DEAD, DeliveryState.UNKNOWN)
FAILED_STATES = (DeliveryState.DEAD, DeliveryState.UNKNOWN)


class Delivery(models.Model):
    """One event on its way to one address. Written by the announcer, moved on by ``dispatch.delivery`` alone.

    A waiting row with a ``lease`` is in somebody's hands and ``available_at`` is the end of that lease; ``resends``
    counts how often it was sent again although the first may have arrived. BUNDLED rows share the fate of their
    ``digest``. Without any event it carries the code that proves an address.
    """

    event = models.ForeignKey("incidents.IncidentEvent", models.PROTECT, null=True, related_name="+", db_index=False)
    house_event = models.ForeignKey("grids.HouseEvent", models.PROTECT, null=True, related_name="+", db_index=False)
    address = models.ForeignKey(Address, models.PROTECT, related_name="deliveries", db_index=False)
    reason = models.CharField(max_length=24, blank=True)
    state = models.CharField(max_length=16, choices=DeliveryState.choices, default=DeliveryState.WAITING)
    available_at = models.DateTimeField()
    give_up_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    resends = models.PositiveSmallIntegerField(default=0)
    lease = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=200, blank=True)
    provider_id = models.CharField(max_length=120, blank=True)
    digest = models.ForeignKey("self", models.PROTECT, null=True, related_name="bundled", db_index=False)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [
            models.UniqueConstraint(fields=["event", "address"], name="delivery_once"),
            models.UniqueConstraint(
                fields=["house_event", "address"],
                condition=Q(house_event__isnull=False),
                name="delivery_of_house_once",
            ),
            models.CheckConstraint(
                condition=Q(event__isnull=True) | Q(house_event__isnull=True), name="delivery_of_one_event"
            ),
            models.CheckConstraint(
                condition=Q(state__in=ENDED_STATES, ended_at__isnull=False)
                | ~Q(state__in=ENDED_STATES) & Q(ended_at__isnull=True),
                name="delivery_end_when_over",
            ),
            models.CheckConstraint(
                condition=~Q(state="bundled") | Q(digest__isnull=False), name="delivery_bundled_has_digest"
            ),
            models.CheckConstraint(
                condition=~Q(state="sending") | Q(lease__isnull=False, lease_until__isnull=False),
                name="delivery_sending_has_lease",
            ),
        ]
        indexes = [
            models.Index(fields=["available_at", "id"], condition=Q(state="waiting"), name="delivery_due"),
            models.Index(fields=["lease_until"], condition=Q(state="sending"), name="delivery_in_hand"),
            models.Index(fields=["-id"], condition=Q(state__in=FAILED_STATES), name="delivery_failed"),
            models.Index(fields=["address", "-id"], name="delivery_of_address"),
            models.Index(fields=["digest"], condition=Q(digest__isnull=False), name="delivery_in_digest"),
        ]

    @property
    def is_code(self) -> bool:
        """Whether it tells of nothing but proves or tries its address."""
        return self.event_id is None and self.house_event_id is None


# The rows that tell of something.
TELLING = Q(event__isnull=False) | Q(house_event__isnull=False)


class Bucket(models.Model):
    """What a provider still takes: when its tokens were taken, each of which comes back a window later.

    ``closed_until``: it asked for a pause, or did not answer ``failures`` times in a row.
    """

    lane = models.CharField(primary_key=True, max_length=80)
    taken = ArrayField(models.DateTimeField(), default=list)
    closed_until = models.DateTimeField(null=True)
    failures = models.PositiveSmallIntegerField(default=0)
