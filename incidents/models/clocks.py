"""Limits and clocks: how long a stage may take, and the narrow row that runs while it does."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from incidents.models.versions import Version, one_in_force
from incidents.states import Stage


class TimeUnit(models.TextChoices):
    MINUTE = "minute", _("natural minutes")
    HOUR = "hour", _("natural hours")
    DAY = "day", _("natural days")
    WORKING_HOUR = "working_hour", _("working hours")
    WORKING_DAY = "working_day", _("working days")


class RedAction(models.TextChoices):
    ESCALATE = "escalate", _("moves one tier up")
    CARD = "card", _("card to the unit")
    REMIND = "remind", _("reminder only")
    RESUME = "resume", _("resumes by itself")


class TimeLimit(Version):
    """How long a stage may take.

    The yellow amount is counted from the start, in the same unit as ``amount``; null means "when a quarter of the limit
    is left". An ``amount`` of 0 is "as the situation requires": the clock has no due moment and never shows a light.
    What follows from yellow and red is said by an EscalationRule.
    """

    amount = models.PositiveIntegerField(_("red after"), help_text=_("0: as the situation requires"))
    unit = models.CharField(_("unit"), max_length=16, choices=TimeUnit.choices)
    from_next_day = models.BooleanField(
        _("count from the next day"),
        default=False,
        help_text=_("Time begins with the first work second of the next working day; natural time at midnight."),
    )
    end_of_day = models.BooleanField(_("until the end of that work day"), default=False)
    calendar = models.ForeignKey(
        "incidents.Calendar",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("counted by"),
        help_text=_("Empty: the district's own calendar."),
    )
    yellow_amount = models.PositiveIntegerField(_("yellow after"), null=True, blank=True)

    class Meta(Version.Meta):
        verbose_name = _("time limit")
        verbose_name_plural = _("time limits")
        constraints = [
            one_in_force("time_limit_one_in_force", _("A limit for exactly this case is in force already.")),
            models.CheckConstraint(
                condition=Q(amount__gt=0) | ~Q(stage=Stage.PAUSE),
                name="time_limit_pause_has_an_end",
                violation_error_message=_("A suspension needs a longest time."),
            ),
            models.CheckConstraint(
                condition=Q(yellow_amount__isnull=True) | Q(yellow_amount__lt=F("amount")),
                name="time_limit_yellow_before_red",
                violation_error_message=_("Yellow must come before red."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_stage_display()}: {self.red_after}"

    @property
    def is_open_ended(self) -> bool:
        """Whether it is "as the situation requires": no due moment, no light."""
        return self.amount == 0

    @property
    def red_after(self) -> str:
        """The amount with its unit."""
        return str(_("as the situation requires")) if self.is_open_ended else f"{self.amount} {self.get_unit_display()}"


# Stages that say nothing about who is late with the work: the whole run has its own place, a suspension its own date,
# and the answer to a card is the business of the unit that got the card, whose inbox shows its light.
BESIDE_STAGES = (Stage.OVERALL, Stage.PAUSE, Stage.REPLY)


def rest() -> Case:
    """0 for what runs or is late already, 1 for what stands still with time left: the first key of a desk's order."""
    still = Q(state="paused") & Q(spent__lte=F("budget"))
    return Case(When(still, then=Value(1)), default=Value(0), output_field=models.IntegerField())


class ClockState(models.TextChoices):
    RUNNING = "running", _("running")
    PAUSED = "paused", _("paused")
    STOPPED = "stopped", _("stopped")


class Subject(models.TextChoices):
    """Whose time a clock measures. ``subject_id`` is 0 for the incident itself."""

    INCIDENT = "incident", _("incident")
    ASSIGNMENT = "assignment", _("assignment")
    INSPECTION = "inspection", _("inspection")
    CARD = "card", _("card")


class PauseCause(models.TextChoices):
    DISPATCH = "dispatch", _("others are at work")
    SUSPENSION = "suspension", _("suspended")


class Light(models.TextChoices):
    """What a clock shows. NONE: stopped without a colour."""

    UNLIT = "unlit", _("Unlit")
    YELLOW = "yellow", _("Yellow")
    RED = "red", _("Red")
    GREEN = "green", _("Green")
    NONE = "none", _("No light")


class Clock(models.Model):
    """One running, paused or stopped clock; a new round is a new row.

    ``budget`` and ``spent`` are seconds of the limit's own kind of time; ``spent`` counts closed stretches only, the
    open one began at ``run_since``; ``turned_at`` holds the moments of pausing and resuming in turn. ``next_at`` is
    when something happens by itself; null when nothing can. ``step`` says what was announced: 0 nothing, 1 yellow,
    2 red, 3 and on what is repeated after red. ``seq`` counts changes and fences stale writers. ``limit`` and
    ``escalation`` are the versions in force when it started. A ``budget`` of 0 is a limit without an end.
    Kept narrow on purpose: light changes update only this row.
    """

    # Found by `clock_of_incident`: one index less to write at every step.
    incident = models.ForeignKey("incidents.Incident", models.PROTECT, related_name="clocks", db_index=False)
    subject_kind = models.CharField(max_length=16, choices=Subject.choices, default=Subject.INCIDENT)
    subject_id = models.BigIntegerField(default=0)
    unit = models.ForeignKey("grids.Unit", models.PROTECT, related_name="+", db_index=False)
    district = models.ForeignKey("grids.Unit", models.PROTECT, related_name="+", db_index=False)
    stage = models.CharField(max_length=16, choices=Stage.choices)
    limit = models.ForeignKey(TimeLimit, models.PROTECT, null=True, related_name="+", db_index=False)
    escalation = models.ForeignKey(
        "incidents.EscalationRule", models.PROTECT, null=True, related_name="+", db_index=False
    )
    calendar_version = models.ForeignKey("incidents.CalendarVersion", models.PROTECT, related_name="+", db_index=False)
    state = models.CharField(max_length=16, choices=ClockState.choices, default=ClockState.RUNNING)
    pause_cause = models.CharField(max_length=16, choices=PauseCause.choices, blank=True)
    budget = models.IntegerField()
    spent = models.IntegerField(default=0)
    started_at = models.DateTimeField()
    run_since = models.DateTimeField(null=True)
    warn_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True)
    turned_at = ArrayField(models.DateTimeField(), default=list)
    step = models.PositiveSmallIntegerField(default=0)
    seq = models.PositiveIntegerField(default=0)
    fail_count = models.PositiveSmallIntegerField(default=0)
    final_light = models.CharField(max_length=8, choices=Light.choices, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "subject_kind", "subject_id", "stage"],
                condition=~Q(state="stopped"),
                name="clock_one_open_per_stage",
            ),
            models.CheckConstraint(
                condition=Q(state="running") | Q(next_at__isnull=True), name="clock_waits_only_while_running"
            ),
            models.CheckConstraint(
                condition=Q(state="stopped", stopped_at__isnull=False) & ~Q(final_light="")
                | ~Q(state="stopped") & Q(stopped_at__isnull=True, final_light=""),
                name="clock_final_light_when_stopped",
            ),
            models.CheckConstraint(
                condition=Q(state="running", run_since__isnull=False) | ~Q(state="running") & Q(run_since__isnull=True),
                name="clock_run_since_while_running",
            ),
            models.CheckConstraint(condition=Q(budget__gte=0, spent__gte=0), name="clock_budget_positive"),
            models.CheckConstraint(
                condition=Q(state="paused") | Q(pause_cause=""), name="clock_pause_cause_while_paused"
            ),
        ]
        indexes = [
            models.Index(fields=["next_at", "id"], condition=Q(next_at__isnull=False), name="clock_due"),
            models.Index(fields=["incident", "state"], name="clock_of_incident"),
            # A desk is a walk along this one: what stands still with time left comes last. It is counted from it alone.
            models.Index(
                "unit",
                "stage",
                rest(),
                "due_at",
                "id",
                include=["incident", "state", "subject_kind", "warn_at", "spent", "budget"],
                condition=~Q(state="stopped"),
                name="clock_open_of_unit",
            ),
            models.Index(
                fields=["due_at", "id"],
                include=["incident"],
                condition=Q(state="running") & ~Q(stage__in=BESIDE_STAGES),
                name="clock_runs_by_due",
            ),
            # Which light an incident shows is answered from this one alone.
            models.Index(
                fields=["incident"],
                include=["unit", "state", "due_at", "warn_at", "spent", "budget"],
                condition=~Q(state="stopped") & ~Q(stage__in=BESIDE_STAGES),
                name="clock_open_of_incident",
            ),
            models.Index(
                fields=["incident", "id"],
                include=["final_light"],
                condition=Q(state="stopped", stage="overall"),
                name="clock_whole_run",
            ),
            # Clocks that may have shown a light before they stopped: what the lights were at an earlier moment.
            models.Index(
                fields=["stopped_at"],
                condition=Q(stopped_at__gt=Coalesce("warn_at", "due_at")),
                name="clock_stopped_late",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_stage_display()} {self.due_at:%Y-%m-%d %H:%M}"
