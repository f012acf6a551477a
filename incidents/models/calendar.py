"""Working time as rows: calendars, their immutable versions, work periods, special days; changes on their way."""

from datetime import time

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


def monday_to_friday() -> list[int]:
    """ISO weekdays on which work is done unless a special day says otherwise."""
    return [1, 2, 3, 4, 5]


class Calendar(models.Model):
    """A named calendar; ``district`` null is the one every district uses until it has its own.

    One that is ``by_name_only`` is followed by no district: only the limits that name it count by it.
    """

    name = models.CharField(_("name"), max_length=60)
    district = models.ForeignKey("grids.Unit", models.PROTECT, null=True, blank=True, related_name="+")
    by_name_only = models.BooleanField(_("only for limits that name it"), default=False)

    class Meta:
        verbose_name = _("calendar")
        verbose_name_plural = _("calendars")
        constraints = [
            models.UniqueConstraint(fields=["district", "name"], nulls_distinct=False, name="calendar_name_once"),
            models.UniqueConstraint(
                fields=["district"],
                condition=Q(by_name_only=False),
                nulls_distinct=False,
                name="calendar_one_followed",
                violation_error_message=_("This district follows another calendar already."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CalendarVersion(models.Model):
    """One state of a calendar. Insert-only: a change is a new version; running clocks keep theirs until recomputed."""

    calendar = models.ForeignKey(Calendar, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    zone = models.CharField(_("time zone"), max_length=40, default="Asia/Shanghai")
    weekdays = ArrayField(models.PositiveSmallIntegerField(), verbose_name=_("work days"), default=monday_to_friday)
    first_year = models.PositiveSmallIntegerField(_("first year"))
    last_year = models.PositiveSmallIntegerField(_("last year"))
    provisional_from = models.DateField(_("provisional from"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=200, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        ordering = ["calendar", "-number"]
        verbose_name = _("calendar version")
        verbose_name_plural = _("calendar versions")
        constraints = [
            models.UniqueConstraint(fields=["calendar", "number"], name="calendar_version_once"),
            models.CheckConstraint(condition=Q(first_year__lte=models.F("last_year")), name="calendar_version_years"),
        ]

    def __str__(self) -> str:
        return f"{self.calendar} · {self.number}"


class WorkPeriod(models.Model):
    """One stretch of working time on a work day, wall-clock times of the version's zone; one that ends at 00:00 ends
    at midnight.
    """

    version = models.ForeignKey(CalendarVersion, models.CASCADE, related_name="periods")
    starts = models.TimeField(_("from"))
    ends = models.TimeField(_("to"))

    class Meta:
        ordering = ["starts"]
        constraints = [
            models.CheckConstraint(
                condition=Q(starts__lt=models.F("ends")) | Q(ends=time(0)), name="work_period_forward"
            ),
            models.UniqueConstraint(fields=["version", "starts"], name="work_period_once"),
        ]


class DayKind(models.TextChoices):
    HOLIDAY = "holiday", _("Statutory holiday")
    MAKEUP = "makeup_workday", _("Make-up workday")
    LOCAL_OFF = "local_off", _("Local day off")
    LOCAL_WORK = "local_work", _("Local work day")


# A local day stands over a statutory one of the same date; taken away, the statutory one shows again.
LOCAL_KINDS = (DayKind.LOCAL_OFF, DayKind.LOCAL_WORK)


class SpecialDay(models.Model):
    """A day that differs from its weekday: off or on, with the festival or reason."""

    version = models.ForeignKey(CalendarVersion, models.CASCADE, related_name="days")
    date = models.DateField(_("date"))
    kind = models.CharField(_("kind"), max_length=16, choices=DayKind.choices)
    name = models.CharField(_("name"), max_length=40, blank=True)
    provisional = models.BooleanField(_("provisional"), default=False)

    class Meta:
        ordering = ["date"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "date"], condition=~Q(kind__in=LOCAL_KINDS), name="special_day_once"
            ),
            models.UniqueConstraint(
                fields=["version", "date"], condition=Q(kind__in=LOCAL_KINDS), name="local_day_once"
            ),
        ]


class ChangeState(models.TextChoices):
    PREVIEWING = "previewing", _("being counted through")
    READY = "ready", _("counted through, not applied")
    APPLYING = "applying", _("being applied")
    APPLIED = "applied", _("applied")
    ABANDONED = "abandoned", _("abandoned")


# Of these, a calendar has at most one.
IN_FLIGHT = (ChangeState.PREVIEWING, ChangeState.READY, ChangeState.APPLYING)


class CalendarChange(models.Model):
    """A change of a calendar on its way: what it would say, what that would move, how far it is applied.

    ``content`` is what the calendar will say (incidents.calendar_drafts). ``found`` is what was counted of the running
    deadlines as of ``as_of``; ``cursor`` is the last clock seen, ``done`` of ``total`` so many. ``revision`` counts
    edits and fences stale pages. The row is the truth: whoever looks at it next goes on where it stands.
    """

    calendar = models.ForeignKey(Calendar, models.PROTECT, related_name="changes")
    base = models.ForeignKey(CalendarVersion, models.PROTECT, null=True, related_name="+")
    version = models.OneToOneField(CalendarVersion, models.PROTECT, null=True, related_name="change")
    # The version of the common calendar a district goes back to; such a change makes no version of its own.
    joins = models.ForeignKey(CalendarVersion, models.PROTECT, null=True, related_name="+", db_index=False)
    content = models.JSONField()
    state = models.CharField(_("state"), max_length=12, choices=ChangeState.choices, default=ChangeState.PREVIEWING)
    revision = models.PositiveIntegerField(default=0)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(_("created at"))
    as_of = models.DateTimeField()
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    cursor = models.BigIntegerField(default=0)
    found = models.JSONField(default=dict)
    applied_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    applied_at = models.DateTimeField(null=True)
    moved = models.PositiveIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("change of a calendar")
        verbose_name_plural = _("changes of calendars")
        constraints = [
            models.UniqueConstraint(
                fields=["calendar"], condition=Q(state__in=IN_FLIGHT), name="calendar_change_one_in_flight"
            ),
            models.CheckConstraint(
                condition=Q(state__in=("applying", "applied"), version__isnull=False, joins__isnull=True)
                | Q(state__in=("applying", "applied"), version__isnull=True, joins__isnull=False)
                | ~Q(state__in=("applying", "applied")) & Q(version__isnull=True),
                name="calendar_change_has_its_version",
            ),
        ]
