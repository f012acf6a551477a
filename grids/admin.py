"""The administration of places: the profile may be edited; the rest has doors of its own and is only shown."""

from django.contrib import admin
from django.utils.translation import gettext_lazy
from knox.models import AuthToken

from grids.administration import Administered, ShownOnly
from grids.models import Boundary, DistrictProfile, Plan, Post, Succession, Unit

admin.site.site_header = admin.site.site_title = gettext_lazy("Administration of the platform")
admin.site.index_title = gettext_lazy("Reference data")

# Tokens are issued and ended by `grids.api.tokens`, rights come from posts alone.
admin.site.unregister(AuthToken)


@admin.register(Unit)
class UnitAdmin(ShownOnly):
    unit_field = "code"
    shared_is_seen = False
    list_display = ("code", "name", "kind", "retired_at")
    list_filter = ("kind",)
    search_fields = ("code", "name")


@admin.register(Succession)
class SuccessionAdmin(ShownOnly):
    unit_field = "old"
    list_display = ("old", "new", "at", "actor")
    list_select_related = ("old", "new", "actor")


@admin.register(Post)
class PostAdmin(ShownOnly):
    unit_field = "unit"
    list_display = ("unit", "person", "duty", "is_primary", "period")
    list_filter = ("duty",)
    list_select_related = ("unit", "person")
    search_fields = ("unit__code", "person__full_name", "person__username")


@admin.register(Plan)
class PlanAdmin(ShownOnly):
    unit_field = "scope"
    list_display = ("title", "scope", "status", "is_synthetic", "effective_at", "published_by")
    list_filter = ("status",)
    list_select_related = ("scope", "published_by")
    exclude = ("frame",)


@admin.register(Boundary)
class BoundaryAdmin(ShownOnly):
    """Without the area: its form would bypass the neighbours and the proof."""

    unit_field = "unit"
    list_display = ("unit", "plan", "kind", "valid")
    list_filter = ("kind",)
    list_select_related = ("unit", "plan")
    search_fields = ("unit__code",)
    exclude = ("geom",)


@admin.register(DistrictProfile)
class DistrictProfileAdmin(Administered):
    unit_field = "district"
    list_display = ("district", "officers_per_grid", "supervisors_per_grid", "town_dispatch", "recheck_share")
