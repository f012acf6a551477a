"""The administration of places: the profile may be edited; the rest has doors of its own and is only shown."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from grids.models import Boundary, DistrictProfile, Plan, Post, Succession, Unit


class ShownOnly(admin.ModelAdmin):
    """Rows that only domain functions write: no form saves them."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Unit)
class UnitAdmin(ShownOnly):
    list_display = ("code", "name", "kind", "retired_at")
    list_filter = ("kind",)
    search_fields = ("code", "name")


@admin.register(Succession)
class SuccessionAdmin(ShownOnly):
    list_display = ("old", "new", "at", "actor")
    list_select_related = ("old", "new", "actor")


@admin.register(Post)
class PostAdmin(ShownOnly):
    list_display = ("unit", "person", "duty", "is_primary", "period")
    list_filter = ("duty",)
    list_select_related = ("unit", "person")
    search_fields = ("unit__code", "person__full_name", "person__username")


@admin.register(Plan)
class PlanAdmin(ShownOnly):
    list_display = ("title", "scope", "status", "is_synthetic", "effective_at", "published_by")
    list_filter = ("status",)
    list_select_related = ("scope", "published_by")
    exclude = ("frame",)


@admin.register(Boundary)
class BoundaryAdmin(ShownOnly):
    """Without the area: its form would bypass the neighbours and the proof."""

    list_display = ("unit", "plan", "kind", "valid")
    list_filter = ("kind",)
    list_select_related = ("unit", "plan")
    search_fields = ("unit__code",)
    exclude = ("geom",)


@admin.register(DistrictProfile)
class DistrictProfileAdmin(admin.ModelAdmin):
    list_display = ("district", "officers_per_grid", "supervisors_per_grid", "town_dispatch", "recheck_share")
    autocomplete_fields = ("district",)
