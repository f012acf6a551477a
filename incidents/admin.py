"""The administration of categories, limits and calendars: what is a version is never saved, another one is added."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import CheckConstraint, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from grids.administration import Administered, ShownOnly
from incidents import versions
from incidents.models import (
    Calendar,
    CalendarVersion,
    Category,
    EscalationRule,
    SpecialDay,
    TimeLimit,
    TimeUnit,
    Told,
    WorkPeriod,
)
from incidents.models.escalation import MOST_CARDS, SHORTEST_REPEAT
from incidents.models.versions import CASE

LIMIT_TERMS = ("amount", "unit", "yellow_amount", "from_next_day", "end_of_day", "calendar", "basis")
RULE_TERMS = (
    "yellow_action", "red_action", "card_colour", "repeat_every", "repeat_unit", "repeat_times", "tell", "basis"
)  # fmt: skip
# The units in which a repeat could come too often, in seconds.
SHORT = {TimeUnit.MINUTE: 60}


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


class VersionAdmin(Administered):
    """Saving puts a new version in force from now on; clocks that run already keep theirs."""

    unit_field = "district"
    terms: tuple[str, ...] = ()
    list_filter = (InForce, "stage", "urgency", "tier")
    list_select_related = ("district", "category")
    search_fields = ("category__name", "category__code", "basis")
    autocomplete_fields = ("category",)
    actions = ("end",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.retired_at is None)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("district_name", "about", "urgency", "tier", "stage") if obj else ()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*(self.get_readonly_fields(request, obj) or CASE), *self.terms)

    @admin.display(description=gettext_lazy("Category"))
    def about(self, row: Any) -> str:
        return str(row.category or _("any"))

    def fresh(self, obj: Any, form: Any) -> Any:
        """What was entered as a row of its own."""
        return type(obj)(**{name: getattr(obj, name) for name in (*CASE, *self.terms)})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A new row through `versions.put_in_force`; the old one ends and stays as it was."""
        obj.pk = versions.put_in_force(self.fresh(obj, form), now=timezone.now()).pk

    @admin.action(description=gettext_lazy("End these: the more general one applies"))
    def end(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        for row in rows.filter(retired_at__isnull=True):
            if not self.has_change_permission(request, row):
                continue
            try:
                versions.retire(row, now=timezone.now())
            except ValidationError as error:
                messages.error(request, f"{row}: {' '.join(error.messages)}")
            else:
                messages.success(request, _("%(rule)s has ended.") % {"rule": row})


class VersionForm(forms.ModelForm):
    """What the database demands of a version is said at the form, also where the case itself is not asked any more."""

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        for constraint in self._meta.model._meta.constraints:
            if not self.errors and isinstance(constraint, CheckConstraint):
                try:
                    constraint.validate(self._meta.model, self.instance)
                except ValidationError as error:
                    self.add_error(None, error)


class TimeLimitForm(VersionForm):
    """The terms of a limit. That another is in force for its case is no fault: it is replaced."""

    class Meta:
        model = TimeLimit
        fields = (*CASE, *LIMIT_TERMS)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        yellow, red = given.get("yellow_amount"), given.get("amount")
        if red == 0 and any(given.get(name) for name in ("yellow_amount", "end_of_day", "from_next_day")):
            self.add_error("amount", _("As the situation requires: nothing else can be said then."))
        elif yellow is not None and red is not None and yellow >= red:
            self.add_error("yellow_amount", _("Yellow must come before red."))
        return given


@admin.register(TimeLimit)
class TimeLimitAdmin(VersionAdmin):
    form = TimeLimitForm
    terms = LIMIT_TERMS
    list_display = ("stage", "district_name", "about", "urgency", "tier", "red", "yellow", "created_at")

    @admin.display(description=gettext_lazy("red after"), ordering="amount")
    def red(self, limit: TimeLimit) -> str:
        return str(limit.red_after)

    @admin.display(description=gettext_lazy("yellow after"), empty_value="25 %")
    def yellow(self, limit: TimeLimit) -> str | None:
        return f"{limit.yellow_amount} {limit.get_unit_display()}" if limit.yellow_amount else None


def _from_card(who: Told) -> forms.IntegerField:
    return forms.IntegerField(required=False, min_value=1, max_value=MOST_CARDS, label=who.label)


class EscalationRuleForm(VersionForm):
    """The terms of a rule; who is told of cards is asked group by group: from which card on."""

    tell_clock_head = _from_card(Told.CLOCK_HEAD)
    tell_chiefs = _from_card(Told.CHIEFS)
    tell_dispatchers = _from_card(Told.DISPATCHERS)
    tell_duty_leader = _from_card(Told.DUTY_LEADER)
    tell_officer = _from_card(Told.OFFICER)

    class Meta:
        model = EscalationRule
        fields = (*CASE, *(name for name in RULE_TERMS if name != "tell"))

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        known = {line["who"]: line["cards"] for line in self.instance.tell}
        for who in Told:
            self.fields[f"tell_{who.value}"].initial = known.get(who.value)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        every, unit = given.get("repeat_every"), given.get("repeat_unit")
        if every and unit in SHORT and every * SHORT[unit] < SHORTEST_REPEAT:
            self.add_error("repeat_every", _("Not more often than every ten minutes."))
        return given

    def tell(self) -> list[dict[str, Any]]:
        """Who is told from which card on, as the rule keeps it."""
        asked = {who.value: self.cleaned_data.get(f"tell_{who.value}") for who in Told}
        return [{"cards": cards, "who": who} for who, cards in asked.items() if cards]


@admin.register(EscalationRule)
class EscalationRuleAdmin(VersionAdmin):
    form = EscalationRuleForm
    terms = RULE_TERMS
    list_display = (
        "stage", "district_name", "about", "urgency", "tier", "red_action", "card_colour", "repeats", "created_at"
    )  # fmt: skip

    @admin.display(description=gettext_lazy("again after"), empty_value="–")
    def repeats(self, rule: EscalationRule) -> str | None:
        return f"{rule.repeat_every} {rule.get_repeat_unit_display()}" if rule.repeat_every else None

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        case = self.get_readonly_fields(request, obj) or CASE
        told = [f"tell_{who.value}" for who in Told]
        return (
            (None, {"fields": case}),
            (_("What follows"), {"fields": [name for name in RULE_TERMS if name != "tell"]}),
            (_("Told in addition, from which card on"), {"fields": told}),
        )

    def fresh(self, obj: Any, form: Any) -> EscalationRule:
        given = {name: getattr(obj, name) for name in (*CASE, *RULE_TERMS)}
        return EscalationRule(**(given | {"tell": form.tell()}))


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
