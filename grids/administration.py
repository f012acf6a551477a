"""Who sees what in Django's administration: an administrator their own districts, the keeper of the house all of it.

Django's model permissions are not used: what a person may do follows from their posts here as everywhere.
"""

from collections.abc import Collection
from typing import Any

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from grids import permissions
from grids.duties import Right
from grids.levels import UnitKind
from grids.models import Unit
from grids.subtrees import covers, within


def administered(request: HttpRequest) -> list[str]:
    """The codes of the units the person administers; `[""]` for a superuser."""
    person = request.user
    if person.is_authenticated and person.is_superuser:
        return [""]
    return permissions.units_with_right(person, Right.ADMINISTER, now=timezone.now())


def keeps_house(request: HttpRequest) -> bool:
    """Whether the person may change what all districts share: who administers every one of them, or a superuser."""
    codes = administered(request)
    if "" in codes:
        return True
    districts = Unit.objects.filter(kind=UnitKind.DISTRICT, retired_at__isnull=True)
    return bool(codes) and not districts.exclude(within(codes)).exists()


# Columns that have no words of their own.
LABELS = {
    "district": gettext_lazy("District"),
    "category": gettext_lazy("Category"),
    "parent": gettext_lazy("Category above"),
    "calendar": gettext_lazy("Calendar"),
}


class Administered(admin.ModelAdmin):
    """Rows of the units a person administers. `unit_field` leads to a unit; rows without one are everybody's to see."""

    unit_field = ""
    shared_is_seen = True

    @admin.display(description=gettext_lazy("District"))
    def district_name(self, row: Any) -> str:
        return str(row.district or _("all districts"))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_staff and administered(request))  # type: ignore[union-attr]

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """What all districts share, only who keeps the house changes."""
        if not self.has_module_permission(request):
            return False
        if obj is None:
            return True
        unit = getattr(obj, f"{self.unit_field}_id", "") if self.unit_field else ""
        return covers(administered(request), unit) if unit else keeps_house(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        codes = administered(request)
        if not self.unit_field or "" in codes:
            return rows
        seen = within(codes, self.unit_field)
        return rows.filter(seen | Q(**{f"{self.unit_field}__isnull": True}) if self.shared_is_seen else seen)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **named: Any) -> Any:
        """Districts to choose from are the person's own; only who keeps the house may leave the choice empty."""
        field = super().formfield_for_foreignkey(db_field, request, **named)
        if field is not None and db_field.name in LABELS:
            field.label = LABELS[db_field.name]
        if db_field.name == "district" and field is not None:
            codes = administered(request)
            districts = Unit.objects.filter(kind=UnitKind.DISTRICT, retired_at__isnull=True)
            field.queryset = districts if "" in codes else districts.filter(_own_districts(codes))
            field.required = not keeps_house(request)
        return field


class ShownOnly(Administered):
    """Rows that only domain functions write: no form saves them."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def _own_districts(codes: Collection[str]) -> Q:
    """Districts administered as a whole; who administers one town sets no limits for the others."""
    return within([code for code in codes if len(code) <= 6])
