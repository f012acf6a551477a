"""The audit list: who changed what, from where, before and after. Read and exported, never changed."""

import csv
from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from grids import audit, audit_list, spreadsheets
from grids.audit_list import Question
from grids.models import AuditAct
from grids.requests import PersonRequest

PAGE = 50
EXPORT_MOST = 50_000
_NAMES = ("q", "kind", "act", "since", "until")


@require_safe
@login_required
def entries(request: PersonRequest) -> HttpResponse:
    """The list with its filters, 50 a page, the newest first."""
    now = timezone.now()
    codes = audit_list.read_by(request.user, now=now)
    if not codes:
        raise Http404
    asked = _question(request)
    listed = list(audit_list.found(codes, asked)[: PAGE + 1])
    rows = audit_list.rows(listed[:PAGE], may_open_admin=request.user.is_staff)
    given = {name: request.GET.get(name, "") for name in _NAMES}
    context = {
        "title": _("Audit list"),
        "rows": rows,
        "given": given,
        "chips": _chips(given),
        "acts": AuditAct.choices,
        "is_filtered": any(given.values()),
        "next_url": _url(given, before=str(listed[PAGE - 1].pk)) if len(listed) > PAGE else "",
        "first_url": _url(given) if asked.before else "",
        "now": now,
    }
    return render(request, "grids/_audit.html" if request.htmx else "grids/audit.html", context)


@require_http_methods(["POST"])
@login_required
def export(request: PersonRequest) -> StreamingHttpResponse:
    """What the filters find as a CSV file, at most 50,000 rows; that it was taken stands in the list too."""
    now = timezone.now()
    codes = audit_list.read_by(request.user, now=now)
    if not codes:
        raise Http404
    asked = _question(request)
    entries = audit_list.found(codes, asked)
    given = {name: value for name in _NAMES if (value := request.POST.get(name, ""))}
    count = min(entries.count(), EXPORT_MOST)
    audit.note(
        act=AuditAct.EXPORTED, kind="grids_auditentry", unit="" if codes == [""] else codes[0], actor=request.user,
        address=audit.address_of(request), after={"rows": count, "filters": urlencode(given)},
    )  # fmt: skip
    response = StreamingHttpResponse(_lines(entries), content_type="text/csv; charset=utf-8")
    name = f"audit-{timezone.localtime(now):%Y%m%d-%H%M}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


class _Echo:
    def write(self, value: str) -> str:
        return value


def _lines(entries: Any) -> Iterator[str]:
    """The rows as text, for a spreadsheet: with a mark of the encoding, and no cell that begins a formula."""
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow(
        [_("at"), _("actor"), _("network address"), _("act"), _("kind of object"), _("object"), _("before"), _("after")]
    )
    last, left = None, EXPORT_MOST
    while left > 0:
        page = list((entries.filter(pk__lt=last) if last else entries)[: min(1000, left)])
        if not page:
            return
        for row in audit_list.rows(page):
            yield writer.writerow([spreadsheets.harmless(cell) for cell in _cells(row)])
        last, left = page[-1].pk, left - len(page)


def _cells(row: audit_list.Row) -> list[str]:
    before = "; ".join(f"{one.label}: {one.before}" for one in row.differences if one.before)
    after = "; ".join(f"{one.label}: {one.after}" for one in row.differences if one.after)
    at = timezone.localtime(row.entry.at).isoformat(timespec="seconds")
    return [at, row.who, row.entry.address or "", row.act, row.kind, row.label, before, after]


def _question(request: HttpRequest) -> Question:
    given = request.POST if request.method == "POST" else request.GET
    before = given.get("before", "")
    return Question(
        words=given.get("q", "").strip()[:60],
        kind=given.get("kind", ""),
        act=given.get("act", "") if given.get("act", "") in AuditAct.values else "",
        since=_day(given.get("since", "")),
        until=_day(given.get("until", "")),
        before=int(before) if before.isdecimal() and len(before) < 18 else None,
    )


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year < 9000 else None


def _url(given: dict[str, str], **changes: str) -> str:
    return "?" + urlencode({key: value for key, value in {**given, **changes}.items() if value})


def _chips(given: dict[str, str]) -> list[dict[str, Any]]:
    kinds = [
        ("signing", _("signing in")),
        *((table, audit_list.kind_label(table)) for table in settings.AUDITED_TABLES),
    ]
    return [
        {"label": label, "on": kind == given["kind"], "url": _url(given, kind="" if kind == given["kind"] else kind)}
        for kind, label in kinds
    ]
