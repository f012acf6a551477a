"""What follows from a light: rules as data, insert-only like limits, the most specific one in force wins."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.models.clocks import RedAction, TimeUnit
from incidents.models.versions import Version, one_in_force
from incidents.states import MOVING_STAGES, Stage


class YellowAction(models.TextChoices):
    REMIND = "remind", _("reminder")
    NOTHING = "nothing", pgettext_lazy("what follows from yellow", "nothing")


class CardColour(models.TextChoices):
    """How grave a card is."""

    ORDINARY = "ordinary", pgettext_lazy("of a card", "ordinary card")
    YELLOW = "yellow", pgettext_lazy("of a card", "yellow card")
    RED = "red", pgettext_lazy("of a card", "red card")


class Told(models.TextChoices):
    """Who may be told of cards in addition: groups of `dispatch.audience.Who`, by the same names in lower case."""

    CLOCK_HEAD = "clock_head", _("head and duty contact of the unit that is late")
    CHIEFS = "chiefs", _("duty chiefs of the unit that holds it")
    DISPATCHERS = "dispatchers", _("dispatchers of the unit that holds it")
    DUTY_LEADER = "duty_leader", _("head and duty chiefs of the district")
    OFFICER = "officer", _("primary officer of the grid")


# Who repeats more often than this annoys instead of reminding; and nothing repeats for ever.
SHORTEST_REPEAT = 10 * 60
MOST_REPEATS = 10_000
MOST_CARDS = 99


def valid_tell(given: Any) -> None:
    """Refuse anything but a list of {"cards": a count from 1, "who": a value of Told}, each pair once."""
    fits = isinstance(given, list) and all(
        isinstance(line, dict)
        and line.keys() == {"cards", "who"}
        and type(line["cards"]) is int
        and 1 <= line["cards"] <= MOST_CARDS
        and line["who"] in Told.values
        for line in given
    )
    if not fits or len({(line["cards"], line["who"]) for line in given}) < len(given):
        raise ValidationError(_("Say for each line how many cards and who is told, each pair once."), code="tell")


class EscalationRule(Version):
    """What follows when a clock lights.

    After red, what red does is done again every ``repeat_every`` units, at most ``repeat_times`` times (empty: until
    the clock ends). ``tell`` names who is told in addition from which card on: that unit's, in that incident.
    """

    yellow_action = models.CharField(
        _("when yellow"), max_length=16, choices=YellowAction.choices, default=YellowAction.REMIND
    )
    red_action = models.CharField(_("when red"), max_length=16, choices=RedAction.choices)
    card_colour = models.CharField(
        _("card"),
        max_length=16,
        choices=CardColour.choices,
        default=CardColour.ORDINARY,
        help_text=_("Drawn when red draws a card, also where nothing can move further up."),
    )
    repeat_every = models.PositiveIntegerField(_("again after"), null=True, blank=True)
    repeat_unit = models.CharField(_("unit of the repeats"), max_length=16, choices=TimeUnit.choices, blank=True)
    repeat_times = models.PositiveSmallIntegerField(
        _("at most so many times"), null=True, blank=True, help_text=_("Empty: until the step ends.")
    )
    tell = models.JSONField(_("who is told in addition"), default=list, blank=True, validators=[valid_tell])

    class Meta(Version.Meta):
        verbose_name = _("escalation rule")
        verbose_name_plural = _("escalation rules")
        constraints = [
            one_in_force("escalation_rule_one_in_force", _("A rule for exactly this case is in force already.")),
            models.CheckConstraint(
                condition=Q(repeat_every__isnull=True, repeat_unit="", repeat_times__isnull=True)
                | Q(repeat_every__gt=0) & ~Q(repeat_unit=""),
                name="escalation_rule_repeats_have_a_unit",
                violation_error_message=_("Say after how much of which unit it repeats, or leave both empty."),
            ),
            models.CheckConstraint(
                condition=Q(repeat_times__isnull=True) | Q(repeat_times__gt=0, repeat_times__lte=MOST_REPEATS),
                name="escalation_rule_repeats_in_bounds",
                violation_error_message=_("From once to ten thousand times."),
            ),
            models.CheckConstraint(
                condition=Q(stage=Stage.PAUSE, red_action=RedAction.RESUME, repeat_every__isnull=True)
                | ~Q(stage=Stage.PAUSE) & ~Q(red_action=RedAction.RESUME),
                name="escalation_rule_only_pauses_resume",
                violation_error_message=_("A suspension, and nothing else, resumes by itself."),
            ),
            models.CheckConstraint(
                condition=~Q(red_action=RedAction.ESCALATE) | Q(stage__in=sorted(MOVING_STAGES)),
                name="escalation_rule_only_these_move_up",
                violation_error_message=_("Only accepting and handling move up a tier."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_stage_display()}: {self.get_red_action_display()}"
