"""The administration of categories, limits and calendars: what is a version is never saved, another one is added."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from grids import audit
from grids.administration import Administered, ShownOnly, administered, keeps_house
from grids.models import AuditAct
from incidents import calendar_changes, calendars, limits, reference_data
from incidents.calendars import CalendarError, Special, SpecialKind
from incidents.models import Calendar, CalendarVersion, Category, DayKind, SpecialDay, TimeLimit, WorkPeriod

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


class CalendarVersionForm(forms.ModelForm):
    """What the next version says otherwise than the last one."""

    hours = forms.CharField(label=gettext_lazy("work periods"), help_text="09:00-12:00,13:30-17:30")
    days = forms.CharField(
        label=gettext_lazy("days that change"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=gettext_lazy("One a line: date, kind, name. A day stays as it was unless it is named here."),
    )

    class Meta:
        model = CalendarVersion
        fields = ("calendar", "hours", "days", "source")

    def clean(self) -> dict[str, Any]:
        """Build the whole version first: one that could not be counted by is refused at its field."""
        given = super().clean() or {}
        calendar = given.get("calendar")
        newest = calendar.versions.first() if calendar else None
        if calendar is None or "hours" not in given:
            return given
        if newest is None:
            raise ValidationError(_("Load this calendar once by manage.py load_calendar."), code="no_version")
        try:
            self.before = calendar_changes.content_of(newest)
            content = self._content(self.before, given)
        except (reference_data.BadLine, CalendarError) as error:
            raise ValidationError(str(error), code="bad_calendar") from error
        if calendar_changes.says(newest, content):
            raise ValidationError(_("The version in force says the same already."), code="unchanged")
        self.content = content
        return given

    def _content(self, before: calendar_changes.Content, given: dict[str, Any]) -> calendar_changes.Content:
        days = {special.day: special for special in before.special_days}
        days |= {special.day: special for special in _days(given.get("days", ""))}
        content = calendar_changes.Content(
            hours=reference_data.hours(given["hours"]),
            special_days=sorted(days.values(), key=lambda special: special.day),
            first_year=before.first_year,
            last_year=before.last_year,
            provisional_from=before.provisional_from,
            weekdays=before.weekdays,
            zone=before.zone,
            source=given.get("source", ""),
        )
        calendars.build(
            hours=content.hours,
            special_days=content.special_days,
            zone=ZoneInfo(content.zone),
            first_year=content.first_year,
            last_year=content.last_year,
            weekdays=content.weekdays,
        )
        return content


def _days(text: str) -> list[Special]:
    """Lines such as `2026-12-31,local_off,reason`; raises BadLine naming the line."""
    found = []
    for number, line in enumerate(filter(None, map(str.strip, text.splitlines())), start=1):
        day, kind, name, *_rest = [*(part.strip() for part in line.split(",")), "", "", ""]
        try:
            found.append(Special(date.fromisoformat(day), SpecialKind(kind), name))
        except ValueError as error:
            kinds = ", ".join(DayKind.values)
            raise reference_data.BadLine(
                _("Line %(number)d: a date as 2026-12-31, then one of %(kinds)s.") % {"number": number, "kinds": kinds}
            ) from error
    return found


@admin.register(CalendarVersion)
class CalendarVersionAdmin(Administered):
    """Versions are read; a change is a new one, and running deadlines move over to it."""

    list_display = ("calendar_name", "number", "first_year", "last_year", "provisional_from", "source", "created_at")
    list_select_related = ("calendar",)
    inlines = (PeriodInline, DayInline)

    @admin.display(description=gettext_lazy("Calendar"), ordering="calendar")
    def calendar_name(self, version: CalendarVersion) -> str:
        return version.calendar.name

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **named: Any) -> Any:
        return super().get_form(request, obj, change, **(named if obj else {**named, "form": CalendarVersionForm}))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return super().get_fields(request, obj) if obj else CalendarVersionForm.Meta.fields

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else ()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        newest = CalendarVersion.objects.filter(calendar__district=None).first()
        if newest is None:
            return {}
        hours = ",".join(f"{period.starts:%H:%M}-{period.ends:%H:%M}" for period in newest.periods.all())
        return {"calendar": newest.calendar_id, "hours": hours}

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **named: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **named)
        if db_field.name == "calendar" and field is not None:
            field.queryset = _own_calendars(request)  # type: ignore[attr-defined]
        return field

    def save_model(self, request: HttpRequest, obj: CalendarVersion, form: Any, change: bool) -> None:
        now = timezone.now()
        version = calendar_changes.new_version(calendar=obj.calendar, content=form.content, now=now)
        _note_difference(request, version, form)
        moved = calendar_changes.recompute_clocks(version=version, now=now)
        obj.pk, obj.number = version.pk, version.number
        messages.info(request, _("%(count)d running deadlines moved.") % {"count": moved})


def _note_difference(request: HttpRequest, version: CalendarVersion, form: Any) -> None:
    """Beside the trigger's line about the version: which hours and days it says otherwise."""
    before, after = form.before, form.content
    was = {special.day: special for special in before.special_days}
    changed = [special for special in after.special_days if was.get(special.day) != special]
    hours: list[str] = [
        ",".join(f"{start:%H:%M}-{end:%H:%M}" for start, end in content.hours) for content in (before, after)
    ]
    said = {
        "days": [", ".join(_said(special) for special in days) for days in
                 ([was[special.day] for special in changed if special.day in was], changed)],
        "hours": hours,
    }  # fmt: skip
    differing = {key: pair for key, pair in said.items() if pair[0] != pair[1]}
    audit.note(
        act=AuditAct.CHANGED,
        kind=CalendarVersion._meta.db_table,
        object_id=str(version.pk),
        unit=version.calendar.district_id or "",
        actor=request.user,  # type: ignore[arg-type]
        address=audit.address_of(request),
        before={key: pair[0] for key, pair in differing.items()},
        after={key: pair[1] for key, pair in differing.items()},
    )


def _said(special: Special) -> str:
    return f"{special.day} {DayKind(special.kind.value).label} {special.name}".strip()


def _own_calendars(request: HttpRequest) -> QuerySet[Calendar]:
    codes = administered(request)
    if "" in codes:
        return Calendar.objects.all()
    own = Q(district__in=[code for code in codes if len(code) == 6])
    return Calendar.objects.filter(own | Q(district=None) if keeps_house(request) else own)


@admin.register(Calendar)
class CalendarAdmin(ShownOnly):
    unit_field = "district"
    list_display = ("name", "district_name")
