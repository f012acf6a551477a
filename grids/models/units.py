"""Units: every body that can hold work, known by a code that is also its path."""

from django.db import models
from django.db.models import F, Q, Value
from django.utils.translation import gettext_lazy as _

from grids.duties import Right
from grids.levels import (
    CODE_MAX_LENGTH,
    CODE_PATTERNS,
    PARENT_PATTERNS,
    TOP_KINDS,
    BoundaryBasis,
    GridKind,
    UnitKind,
)
from grids.models.expressions import Matches


def _code_fits_kind(kind: UnitKind) -> models.CheckConstraint:
    """A unit of `kind` has a code of its pattern and stands under a code of the pattern above it."""
    parent = (
        Q(Matches(F("parent"), Value(PARENT_PATTERNS[kind])))
        if kind is not UnitKind.PROVINCE
        else Q(parent__isnull=True)
    )
    if kind in TOP_KINDS:
        parent |= Q(parent__isnull=True)
    else:
        # NULL ~ pattern is NULL, which a CHECK lets pass.
        parent &= Q(parent__isnull=False)
    return models.CheckConstraint(
        condition=~Q(kind=kind) | (Q(code__regex=CODE_PATTERNS[kind]) & parent),
        name=f"unit_{kind.value}_code",
        violation_error_message=_("The code or the parent does not fit this kind of unit."),
    )


class Unit(models.Model):
    """A place or a body. Never deleted and never recoded: a reform retires it and names a successor."""

    code = models.CharField(_("code"), max_length=CODE_MAX_LENGTH, primary_key=True, db_collation="C")
    kind = models.CharField(_("kind"), max_length=12, choices=UnitKind)
    name = models.CharField(_("name"), max_length=100)
    short_name = models.CharField(_("short name"), max_length=30, blank=True)
    parent = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("parent unit"),
    )
    grid_kind = models.CharField(_("grid kind"), max_length=14, choices=GridKind, blank=True)
    boundary_basis = models.CharField(_("boundary basis"), max_length=12, choices=BoundaryBasis, blank=True)
    address = models.CharField(_("address"), max_length=200, blank=True)
    duty_phone = models.CharField(_("duty phone"), max_length=30, blank=True)
    duty_contact = models.ForeignKey(
        "grids.Person",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("duty contact"),
    )
    created_at = models.DateTimeField(_("created at"))
    retired_at = models.DateTimeField(_("retired at"), null=True, blank=True)

    class Meta:
        verbose_name = _("unit")
        verbose_name_plural = _("units")
        ordering = ["code"]
        permissions = [(right.value, right.label) for right in Right if right is not Right.VIEW]
        constraints = [
            *[_code_fits_kind(kind) for kind in UnitKind],
            models.CheckConstraint(condition=Q(kind__in=UnitKind.values), name="unit_kind_known"),
            models.CheckConstraint(
                condition=Q(parent__isnull=True) | Q(code__startswith=F("parent")),
                name="unit_code_under_parent",
                violation_error_message=_("A unit's code begins with the code of its parent."),
            ),
            models.CheckConstraint(
                condition=(Q(kind=UnitKind.GRID) & ~Q(grid_kind="")) | (~Q(kind=UnitKind.GRID) & Q(grid_kind="")),
                name="unit_grid_kind",
                violation_error_message=_("A grid has a grid kind, and only a grid has one."),
            ),
            models.CheckConstraint(
                condition=~Q(name=""),
                name="unit_has_name",
                violation_error_message=_("A unit has a name."),
            ),
            models.CheckConstraint(
                condition=Q(retired_at__isnull=True) | Q(retired_at__gte=F("created_at")),
                name="unit_retired_after_created",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """What the unit is called on a page: its short name if it has one."""
        return self.short_name or self.name

    @property
    def is_grid(self) -> bool:
        return self.kind == UnitKind.GRID

    @property
    def is_retired(self) -> bool:
        return self.retired_at is not None


class Succession(models.Model):
    """`new` takes over the open work of `old` and sees all that `old` had."""

    old = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="successions", verbose_name=_("old unit"))
    new = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="predecessions", verbose_name=_("new unit"))
    at = models.DateTimeField(_("at"))
    actor = models.ForeignKey(
        "grids.Person", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("actor")
    )

    class Meta:
        verbose_name = _("succession")
        verbose_name_plural = _("successions")
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["old", "new"], name="succession_once"),
            models.CheckConstraint(condition=~Q(old=F("new")), name="succession_of_another"),
        ]

    def __str__(self) -> str:
        return f"{self.old_id} → {self.new_id}"
