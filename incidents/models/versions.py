"""What the rules that an administrator replaces have in common: the case they are for, and their time in force."""

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from grids.levels import UnitKind
from incidents.states import Stage, Urgency

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# What says which case a rule is for: another case is another rule.
CASE = ("district", "category", "urgency", "tier", "stage")


class Version(models.Model):
    """One version of one rule. Insert-only: a changed rule is a new row that ``replaces`` the old one.

    Empty district, category, urgency or tier means "any"; the most specific rule in force wins.
    """

    district = models.ForeignKey("grids.Unit", models.PROTECT, null=True, blank=True, related_name="+")
    category = models.ForeignKey("incidents.Category", models.PROTECT, null=True, blank=True, related_name="+")
    urgency = models.CharField(_("urgency"), max_length=16, choices=Urgency.choices, blank=True)
    tier = models.CharField(_("kind of unit"), max_length=16, choices=UnitKind.choices, blank=True)
    stage = models.CharField(_("stage"), max_length=16, choices=Stage.choices)
    basis = models.CharField(_("basis"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("in force since"))
    retired_at = models.DateTimeField(_("until"), null=True, blank=True)
    replaces = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="replaced_by")

    class Meta:
        abstract = True
        ordering = ["stage", "district", "category", "urgency", "tier"]


def one_in_force(name: str, message: "StrPromise") -> models.UniqueConstraint:
    """At most one version of a case is in force; `message` is said of a second one."""
    return models.UniqueConstraint(
        fields=CASE,
        condition=Q(retired_at__isnull=True),
        nulls_distinct=False,
        name=name,
        violation_error_message=message,
    )
