"""The "N" of a grid: who helps there beside those with a post; and the rounds that are walked there again and again."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q, TextChoices, Value
from django.utils.translation import gettext_lazy as _

from grids.levels import CODE_PATTERNS, UnitKind
from grids.models.expressions import Matches
from grids.models.people import Person
from grids.models.units import Unit


class ForceKind(TextChoices):
    """What somebody is who helps in a grid."""

    CADRE = "cadre", _("Liaison cadre")
    PARTY_GROUP = "party_group", _("Party group leader")
    PARTY_MEMBER = "party_member", _("Party member volunteer")
    BUILDING_HEAD = "building_head", _("Building head")
    OWNERS = "owners", _("Owners' committee")
    RESIDENTS = "residents", _("Residents' representative")
    POLICE = "police", _("Community police officer")
    DOCTOR = "doctor", _("Community doctor")
    MEDIATOR = "mediator", _("Mediator")
    COUNSEL = "counsel", _("Legal counsel")
    VOLUNTEER = "volunteer", _("Volunteer")
    OTHER = "other", _("Other force")


class Matter(TextChoices):
    """What somebody must answer for in every grid."""

    INFORMATION = "information", _("Collecting information")
    MEDIATION = "mediation", _("Mediating disputes")
    HAZARDS = "hazards", _("Looking for hazards")
    SERVICE = "service", _("Serving the people")


class Force(models.Model):
    """Somebody who helps in a grid for a time, and the matters they answer for. Ended, never deleted."""

    grid = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="forces", verbose_name=_("grid"))
    kind = models.CharField(_("kind of force"), max_length=14, choices=ForceKind)
    name = models.CharField(_("name"), max_length=60)
    phone = models.CharField(_("phone"), max_length=30, blank=True)
    organisation = models.CharField(_("organisation"), max_length=100, blank=True)
    # The account, if there is one.
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("person")
    )
    matters = ArrayField(
        models.CharField(max_length=12, choices=Matter), default=list, blank=True, verbose_name=_("answers for")
    )
    period = DateTimeRangeField(_("period"))

    class Meta:
        verbose_name = _("force of a grid")
        verbose_name_plural = _("forces of grids")
        ordering = ["grid_id", "kind", "name", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(Matches(F("grid"), Value(CODE_PATTERNS[UnitKind.GRID]))),
                name="force_at_a_grid",
                violation_error_message=_("A force belongs to a grid."),
            ),
            models.CheckConstraint(condition=~Q(name=""), name="force_has_name"),
            models.CheckConstraint(condition=Q(kind__in=ForceKind.values), name="force_kind_known"),
            models.CheckConstraint(condition=Q(matters__contained_by=Matter.values), name="force_matters_known"),
            models.CheckConstraint(
                condition=Q(period__lower_inf=False, period__isempty=False), name="force_period_has_start"
            ),
            ExclusionConstraint(
                name="force_once",
                expressions=[
                    ("grid", RangeOperators.EQUAL),
                    ("kind", RangeOperators.EQUAL),
                    ("name", RangeOperators.EQUAL),
                    ("phone", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("This force stands here already."),
            ),
        ]
        indexes = [models.Index(fields=["grid"], name="force_in_force", condition=Q(period__endswith__isnull=True))]

    def __str__(self) -> str:
        return f"{self.name} · {self.get_kind_display()}"


class RoutineKind(TextChoices):
    PATROL = "patrol", _("Patrol")
    VISIT = "visit", _("Visit")


class Routine(models.Model):
    """A patrol or a visit that comes round in a grid every so many days. Ended, never deleted."""

    grid = models.ForeignKey(
        Unit, on_delete=models.PROTECT, related_name="routines", db_index=False, verbose_name=_("grid")
    )
    kind = models.CharField(_("kind"), max_length=8, choices=RoutineKind)
    title = models.CharField(_("what is looked at"), max_length=100)
    place = models.CharField(_("where"), max_length=200, blank=True)
    every_days = models.PositiveSmallIntegerField(_("every how many days"), default=1)
    # Days of the district: the first round, and the last day on which one may fall due.
    since = models.DateField(_("since"))
    until = models.DateField(_("until"), null=True, blank=True)

    class Meta:
        verbose_name = _("routine")
        verbose_name_plural = _("routines")
        ordering = ["grid_id", "kind", "title", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(Matches(F("grid"), Value(CODE_PATTERNS[UnitKind.GRID]))), name="routine_at_a_grid"
            ),
            models.CheckConstraint(condition=Q(every_days__gte=1, every_days__lte=366), name="routine_comes_round"),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("since")),
                name="routine_ends_after_start",
                violation_error_message=_("It ends on a day before it begins."),
            ),
        ]
        indexes = [models.Index(fields=["grid", "since"], name="routine_of_grid")]

    def __str__(self) -> str:
        return self.title


class Round(models.Model):
    """One round that was walked: when, by whom, and whether something was found. Never changed."""

    routine = models.ForeignKey(Routine, on_delete=models.PROTECT, related_name="rounds", verbose_name=_("routine"))
    # The day on which it fell due.
    day = models.DateField(_("due on"))
    done_at = models.DateTimeField(_("done at"))
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", verbose_name=_("person"))
    is_abnormal = models.BooleanField(_("something was found"), default=False)
    remark = models.CharField(_("remark"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("round")
        verbose_name_plural = _("rounds")
        ordering = ["-day", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["routine", "day"],
                name="round_once",
                violation_error_message=_("This round was walked already."),
            ),
            models.CheckConstraint(
                condition=Q(is_abnormal=False) | ~Q(remark=""),
                name="round_finding_has_words",
                violation_error_message=_("Say what was found."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.routine_id} {self.day}"
