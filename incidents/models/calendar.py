"""Working time as rows: calendars, their immutable versions, work periods and special days."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


def monday_to_friday() -> list[int]:
    """ISO weekdays on which work is done unless a special day says otherwise."""
    return [1, 2, 3, 4, 5]


class Calendar(models.Model):
    """A named calendar; ``district`` null is the one every district uses until it has its own."""

    name = models.CharField(_("name"), max_length=60)
    district = models.ForeignKey("grids.Unit", models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("calendar")
        verbose_name_plural = _("calendars")
        constraints = [
            models.UniqueConstraint(fields=["district", "name"], nulls_distinct=False, name="calendar_name_once"),
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
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        ordering = ["calendar", "-number"]
        verbose_name = _("calendar version")
        verbose_name_plural = _("calendar versions")
        constraints = [
            models.UniqueConstraint(fields=["calendar", "number"], name="calendar_version_once"),
            models.CheckConstraint(
                condition=models.Q(first_year__lte=models.F("last_year")), name="calendar_version_years"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.calendar} · {self.number}"


class WorkPeriod(models.Model):
    """One stretch of working time on a work day, wall-clock times of the version's zone."""

    version = models.ForeignKey(CalendarVersion, models.CASCADE, related_name="periods")
    starts = models.TimeField(_("from"))
    ends = models.TimeField(_("to"))

    class Meta:
        ordering = ["starts"]
        constraints = [
            models.CheckConstraint(condition=models.Q(starts__lt=models.F("ends")), name="work_period_forward"),
            models.UniqueConstraint(fields=["version", "starts"], name="work_period_once"),
        ]


class DayKind(models.TextChoices):
    HOLIDAY = "holiday", _("Statutory holiday")
    MAKEUP = "makeup_workday", _("Make-up workday")
    LOCAL_OFF = "local_off", _("Local day off")
    LOCAL_WORK = "local_work", _("Local work day")


class SpecialDay(models.Model):
    """A day that differs from its weekday: off or on, with the festival or reason."""

    version = models.ForeignKey(CalendarVersion, models.CASCADE, related_name="days")
    date = models.DateField(_("date"))
    kind = models.CharField(_("kind"), max_length=16, choices=DayKind.choices)
    name = models.CharField(_("name"), max_length=40, blank=True)
    provisional = models.BooleanField(_("provisional"), default=False)

    class Meta:
        ordering = ["date"]
        constraints = [models.UniqueConstraint(fields=["version", "date"], name="special_day_once")]
