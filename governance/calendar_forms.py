"""What an administrator fills in to change a calendar. Each form gives the next content of the draft."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from grids.spans import WEEKDAYS
from incidents import calendar_content, calendar_files, calendar_imports
from incidents.calendar_content import Content
from incidents.calendars import MIDNIGHT, CalendarError, Hours, SpecialKind
from incidents.models import Calendar
from incidents.reference_data import BadLine


class ContentForm(forms.Form):
    """A form over what the calendar or its draft says now; `content` is what it would say."""

    content: Content

    def __init__(self, *args: Any, before: Content, calendar: Calendar, **named: Any) -> None:
        super().__init__(*args, **named)
        self.before, self.calendar = before, calendar

    def clean(self) -> dict[str, Any]:
        """Make the content; what cannot be one is refused in words at the head of the form."""
        given = super().clean() or {}
        if not self.errors:
            try:
                self.content = self.changed(given)
            except (BadLine, CalendarError) as error:
                raise ValidationError(str(error), code="refused") from error
        return given

    def changed(self, given: dict[str, Any]) -> Content:
        raise NotImplementedError


class LocalDaysForm(ContentForm):
    """Days that differ here: a feast, a flood, a Saturday that is worked."""

    OFTEN = (
        (SpecialKind.LOCAL_OFF.value, gettext_lazy("Local day off")),
        (SpecialKind.LOCAL_WORK.value, gettext_lazy("Local work day")),
        ("", gettext_lazy("no local day any more")),
    )
    first = forms.DateField(label=gettext_lazy("From"), widget=forms.DateInput({"type": "date"}))
    last = forms.DateField(
        label=gettext_lazy("To"),
        widget=forms.DateInput({"type": "date"}),
        required=False,
        help_text=gettext_lazy("Empty: this one day."),
    )
    kind = forms.ChoiceField(label=gettext_lazy("Becomes"), choices=OFTEN, required=False)
    name = forms.CharField(label=gettext_lazy("Reason"), max_length=40, required=False)

    def changed(self, given: dict[str, Any]) -> Content:
        kind = SpecialKind(given["kind"]) if given["kind"] else None
        first, last = given["first"], given["last"] or given["first"]
        if kind and not given["name"]:
            raise calendar_content.ContentRefused(_("Say why: people read it where a deadline is explained."))
        return calendar_content.with_local(self.before, first=first, last=last, kind=kind, name=given["name"])


class HoursForm(ContentForm):
    """Work periods of a day and the days of a week."""

    hours = forms.CharField(
        label=gettext_lazy("work periods"),
        max_length=200,
        help_text=gettext_lazy("Several a day, as 09:00-12:00,13:30-17:30; until 24:00 is midnight."),
    )
    weekdays = forms.TypedMultipleChoiceField(
        label=gettext_lazy("work days"),
        choices=list(enumerate(WEEKDAYS)),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def changed(self, given: dict[str, Any]) -> Content:
        hours = calendar_files.hours(given["hours"])
        return calendar_content.with_hours(self.before, hours=hours, weekdays=given["weekdays"])


class FileForm(ContentForm):
    """The yearly notice as a file."""

    file = forms.FileField(
        label=gettext_lazy("CSV or ICS file"),
        widget=forms.ClearableFileInput({"accept": ".csv,.ics,text/csv,text/calendar"}),
        help_text=gettext_lazy(
            "CSV with the columns date,kind,festival; kind is holiday, makeup_workday, local_off or local_work "
            "(or 休, 班). Of each year the file names, all statutory days are replaced; local days stay."
        ),
    )

    def changed(self, given: dict[str, Any]) -> Content:
        file = given["file"]
        data = file.read(calendar_files.MOST_BYTES + 1)
        return calendar_imports.from_file(self.before, data, name=file.name)


class PackageForm(ContentForm):
    """The days of the package this release is shipped with."""

    def changed(self, given: dict[str, Any]) -> Content:
        found = calendar_imports.with_package(self.before)
        if calendar_content.same(found, self.before):
            raise calendar_content.ContentRefused(_("The package says nothing that is not here already."))
        return found


FORMS: dict[str, type[ContentForm]] = {
    "days": LocalDaysForm,
    "hours": HoursForm,
    "file": FileForm,
    "package": PackageForm,
}


def initial(name: str, before: Content) -> dict[str, Any]:
    """What a form shows at first."""
    if name != "hours":
        return {"kind": SpecialKind.LOCAL_OFF.value}
    return {"hours": ",".join(said(period) for period in before.hours), "weekdays": sorted(before.weekdays)}


def said(period: Hours) -> str:
    """A work period as people type it."""
    end = "24:00" if period.end == MIDNIGHT else f"{period.end:%H:%M}"
    return f"{period.start:%H:%M}-{end}"
