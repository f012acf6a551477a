"""What differs from district to district, beyond words and limits."""

from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from grids.models.forces import Matter
from grids.models.units import Unit


def usual_matters() -> list[str]:
    return [Matter.INFORMATION.value, Matter.HAZARDS.value, Matter.SERVICE.value]


class DistrictProfile(models.Model):
    """How one district runs; the row without a district is the default of the installation."""

    district = models.OneToOneField(
        Unit, on_delete=models.PROTECT, null=True, blank=True, related_name="profile", verbose_name=_("district")
    )
    # Empty means any number: Shawan has 1 officer per grid, Tongliang many.
    officers_per_grid = models.PositiveSmallIntegerField(
        _("officers per grid"), null=True, blank=True, default=1, validators=[MinValueValidator(1)]
    )
    supervisors_per_grid = models.PositiveSmallIntegerField(_("supervisors per grid"), null=True, blank=True, default=1)
    town_dispatch = models.BooleanField(_("towns dispatch"), default=True)
    recheck_share = models.DecimalField(
        _("share of settled incidents drawn for a check"),
        max_digits=4,
        decimal_places=3,
        default=Decimal("0.050"),
        validators=[MinValueValidator(0), MaxValueValidator(1)],
    )
    reopen_days = models.PositiveSmallIntegerField(_("days in which a closed incident may be reopened"), default=30)
    suspension_days = models.PositiveSmallIntegerField(_("longest suspension in days"), default=90)
    urge_hours = models.PositiveSmallIntegerField(
        _("working hours between two urges"),
        default=4,
        help_text=_(
            "The same unit urges the same unit about the same incident at most once in this time; 0: any time."
        ),
    )

    # What officer and assistants answer for by their post alone; the rest needs a force that does.
    officers_matters = ArrayField(
        models.CharField(max_length=12, choices=Matter),
        default=usual_matters,
        blank=True,
        verbose_name=_("officers answer for"),
    )

    class Meta:
        verbose_name = _("district profile")
        verbose_name_plural = _("district profiles")
        constraints = [
            models.UniqueConstraint(fields=["district"], name="profile_one_per_district", nulls_distinct=False),
            models.CheckConstraint(
                condition=models.Q(recheck_share__gte=0, recheck_share__lte=1), name="profile_share_is_a_share"
            ),
        ]

    def __str__(self) -> str:
        return self.district_id or "*"
