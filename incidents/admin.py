"""The administration of categories, limits and calendars: what is a version is never saved, another one is added."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from grids.administration import Administered, ShownOnly
from incidents import limits
from incidents.models import Calendar, CalendarVersion, Category, SpecialDay, TimeLimit, WorkPeriod

# What says which case a limit is for: another case is another limit.
CASE = ("district", "category", "urgency", "tier", "stage")
TERMS = ("amount", "unit", "end_of_day", "yellow_amount", "red_action", "basis")


class InForce(admin.SimpleListFilter):
    """The rows in force, unless the ended ones are asked for."""

    title = gettext_lazy("state")
    parameter_name = "ended"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", _("ended")), ("all", _("all versions"))]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        yield {**first, "display": _("in force")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "all":
            return queryset
        return queryset.filter(retired_at__isnull=self.value() != "yes")


@admin.register(Category)
class CategoryAdmin(Administered):
    """Codes stay for ever; names, words to search by and icons may change. An entry is ended, never deleted."""

    unit_field = "district"
    list_display = ("code", "name", "name_en", "above", "district_name", "position")
    list_filter = (InForce, "standard_ref", "kind")
    list_select_related = ("parent", "district")
    search_fields = ("code", "name", "name_en", "keywords")
    autocomplete_fields = ("parent",)
    actions = ("end", "take_up_again")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("standard_ref", "code", "district_name", "above", "kind") if obj else ()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        first = self.get_readonly_fields(request, obj) or ("standard_ref", "code", "district", "parent", "kind")
        return (*first, "name", "name_en", "keywords", "icon", "position", "is_utility")

    @admin.display(description=gettext_lazy("Category above"), empty_value="–")
    def above(self, category: Category) -> Category | None:
        return category.parent

    @admin.action(description=gettext_lazy("End these categories: no longer offered"))
    def end(self, request: HttpRequest, rows: QuerySet[Category]) -> None:
        self._set(request, rows.filter(retired_at__isnull=True), timezone.now())

    @admin.action(description=gettext_lazy("Offer these categories again"))
    def take_up_again(self, request: HttpRequest, rows: QuerySet[Category]) -> None:
        self._set(request, rows.filter(retired_at__isnull=False), None)

    def _set(self, request: HttpRequest, rows: QuerySet[Category], at: Any) -> None:
        own = [row.pk for row in rows if self.has_change_permission(request, row)]
        Category.objects.filter(pk__in=own).update(retired_at=at)
        messages.success(request, _("%(count)d categories changed.") % {"count": len(own)})


class TimeLimitForm(forms.ModelForm):
    """The terms of a limit. That another is in force for its case is no fault: it is replaced."""

    class Meta:
        model = TimeLimit
        fields = (*CASE, *TERMS)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        yellow, red = given.get("yellow_amount"), given.get("amount")
        if yellow is not None and red is not None and yellow >= red:
            self.add_error("yellow_amount", _("Yellow must come before red."))
        return given


@admin.register(TimeLimit)
class TimeLimitAdmin(Administered):
    """Saving puts a new version in force from now on; clocks that run already keep theirs."""

    form = TimeLimitForm
    unit_field = "district"
    list_display = (
        "stage", "district_name", "about", "urgency", "tier", "red", "yellow", "red_action", "created_at"
    )  # fmt: skip
    list_filter = (InForce, "stage", "urgency", "tier")
    list_select_related = ("district", "category")
    search_fields = ("category__name", "category__code", "basis")
    autocomplete_fields = ("category",)
    actions = ("end",)

    @admin.display(description=gettext_lazy("red after"), ordering="amount")
    def red(self, limit: TimeLimit) -> str:
        return f"{limit.amount} {limit.get_unit_display()}"

    @admin.display(description=gettext_lazy("yellow after"), empty_value="25 %")
    def yellow(self, limit: TimeLimit) -> str | None:
        return f"{limit.yellow_amount} {limit.get_unit_display()}" if limit.yellow_amount else None

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.retired_at is None)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("district_name", "about", "urgency", "tier", "stage") if obj else ()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*(self.get_readonly_fields(request, obj) or CASE), *TERMS)

    @admin.display(description=gettext_lazy("Category"))
    def about(self, limit: TimeLimit) -> str:
        return str(limit.category or _("any"))

    def save_model(self, request: HttpRequest, obj: TimeLimit, form: Any, change: bool) -> None:
        """A new row through `limits.set_limit`; the old one ends and stays as it was."""
        fresh = TimeLimit(**{name: getattr(obj, name) for name in (*CASE, *TERMS)})
        limits.set_limit(limit=fresh, now=timezone.now())
        obj.pk = fresh.pk

    @admin.action(description=gettext_lazy("End these limits: the more general one applies"))
    def end(self, request: HttpRequest, rows: QuerySet[TimeLimit]) -> None:
        for limit in rows.filter(retired_at__isnull=True):
            if not self.has_change_permission(request, limit):
                continue
            try:
                limits.retire_limit(limit=limit, now=timezone.now())
            except ValidationError as error:
                messages.error(request, f"{limit}: {' '.join(error.messages)}")
            else:
                messages.success(request, _("%(limit)s has ended.") % {"limit": limit})


class PeriodInline(admin.TabularInline):
    model = WorkPeriod
    can_delete = False
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True


class DayInline(PeriodInline):
    model = SpecialDay  # type: ignore[assignment]


@admin.register(CalendarVersion)
class CalendarVersionAdmin(ShownOnly):
    """Versions are read; they are made on the calendar's own page, which tells first what would move."""

    list_display = (
        "calendar_name", "number", "first_year", "last_year", "provisional_from", "source", "made_by", "created_at"
    )  # fmt: skip
    list_select_related = ("calendar", "made_by")
    inlines = (PeriodInline, DayInline)

    @admin.display(description=gettext_lazy("Calendar"), ordering="calendar")
    def calendar_name(self, version: CalendarVersion) -> str:
        return version.calendar.name


@admin.register(Calendar)
class CalendarAdmin(ShownOnly):
    unit_field = "district"
    list_display = ("name", "district_name", "by_name_only")
