"""The working calendar: a year at a glance, its versions, and who may change it."""

from datetime import date, datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance import calendar_forms, calendar_year
from grids import audit_list
from grids.administration import administered, keeps_house
from grids.levels import UnitKind
from grids.models import Unit
from grids.requests import PersonRequest
from grids.spans import WEEKDAYS
from grids.subtrees import covers, within
from incidents import calendar_changes, calendar_drafts, calendar_rows, calendar_warnings
from incidents.models import Calendar, CalendarVersion

VERSIONS_SHOWN = 12


def seen(request: PersonRequest, now: datetime) -> QuerySet[Calendar]:
    """The common calendars and those of the viewer's districts; Http404 for who neither administers nor audits."""
    codes = audit_list.read_by(request.user, now=now)
    if not codes:
        raise Http404
    own = within([code[:6] for code in codes], "district")
    return Calendar.objects.filter(Q(district=None) | own).select_related("district")


def may_change(request: PersonRequest, calendar: Calendar) -> bool:
    """The common calendars only who keeps the house, a district's own who administers all of the district."""
    if calendar.district_id is None:
        return keeps_house(request)
    return covers(administered(request), calendar.district_id)


def to_change(request: PersonRequest, calendar_id: int) -> Calendar:
    calendar = get_object_or_404(seen(request, timezone.now()), pk=calendar_id)
    if not may_change(request, calendar):
        raise PermissionDenied(_("Only who administers all districts that follow this calendar may change it."))
    return calendar


@require_safe
@login_required
def year(request: PersonRequest) -> HttpResponse:
    """Twelve months of a calendar, its periods and versions; `calendar`, `year` and `version` in the address."""
    now = timezone.now()
    newest = {version.calendar_id: version for version in calendar_warnings.current_versions()}
    calendars = sorted(
        (one for one in seen(request, now) if one.pk in newest),
        key=lambda one: (one.district_id is not None, one.by_name_only, one.pk),
    )
    calendar = next((one for one in calendars if str(one.pk) == request.GET.get("calendar")), None)
    calendar = calendar or next(iter(calendars), None)
    if calendar is None:
        raise Http404
    rows = calendar.versions.select_related("made_by", "change").order_by("-number")
    asked = request.GET.get("version")
    version = next((row for row in rows if str(row.number) == asked), newest[calendar.pk])
    may, draft = may_change(request, calendar), calendar_drafts.in_flight(calendar)
    context = {
        "calendar": calendar,
        "calendars": calendars,
        "is_current": version.pk == newest[calendar.pk].pk,
        "versions": rows[:VERSIONS_SHOWN],
        "warnings": [one for one in calendar_warnings.provisional_warning(now) if one.calendar.pk == calendar.pk],
        "may_change": may,
        "may_join": may and calendar.district_id is not None and not calendar.by_name_only and draft is None,
        "draft": draft,
        "own_districts": without_own(request),
        "now": now,
        **_drawn(version, request.GET.get("year", ""), timezone.localdate(now)),
    }
    return render(request, "governance/calendar.html", context)


def _drawn(version: CalendarVersion, asked: str, today: date) -> dict[str, Any]:
    """What the year of a version is drawn from."""
    shown = _year(asked, version, today.year)
    content = calendar_changes.content_of(version)
    months = calendar_year.months(calendar_rows.work_calendar(version.pk), shown, today=today)
    return {
        "title": _("%(calendar)s · %(year)d") % {"calendar": version.calendar.name, "year": shown},
        "version": version,
        "year": shown,
        "months": months,
        "heads": WEEKDAYS,
        "working": sum(month.working for month in months),
        "legend": calendar_year.WORDS.items(),
        "periods": [calendar_forms.said(period) for period in content.hours],
        "weekdays": " ".join(str(WEEKDAYS[number]) for number in sorted(content.weekdays)),
        "provisional": version.provisional_from is not None and shown >= version.provisional_from.year,
    }


def _year(asked: str, version: CalendarVersion, usual: int) -> int:
    wanted = int(asked) if asked.isdecimal() and len(asked) == 4 else usual
    return min(max(wanted, version.first_year), version.last_year)


def without_own(request: PersonRequest) -> list[Unit]:
    """The districts the viewer administers that follow the common calendar."""
    codes = [code for code in administered(request) if len(code) <= 6]
    own = Calendar.objects.filter(by_name_only=False, district__isnull=False, versions__isnull=False)
    districts = Unit.objects.filter(within(codes), kind=UnitKind.DISTRICT, retired_at__isnull=True)
    return list(districts.exclude(pk__in=own.values("district"))) if codes else []
