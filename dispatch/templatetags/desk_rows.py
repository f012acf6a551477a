"""Rows of a desk, drawn as one piece (see `incidents.templatetags.incident_rows`).

{% desk_row line unit here presses now %}     dispatch.desks.Line at a unit's desk; `presses` true: it may be picked
"""

from datetime import datetime
from functools import lru_cache
from html import escape
from typing import Any
from urllib.parse import quote

from django import template
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.timezone import localtime
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from dispatch.desks import Line
from grids.addresses import address
from grids.models import Unit
from grids.templatetags.moments import moment
from incidents import lights
from incidents.states import State
from incidents.templatetags.incident_rows import cell, labels, what
from incidents.templatetags.lights import light, next_of

register = template.Library()

ORDER_LENGTH, REASON_LENGTH = 36, 40
OPENS = 'hx-target="#move-body" data-open="move-dialog"'


@register.simple_tag
def desk_row(line: Line, unit: Unit, here: str, presses: Any, now: datetime | None = None) -> SafeString:
    """One row: box, light, title and place, category, from, order or who is at work, arrived, the usual press."""
    say, row = labels(), line.row
    names = [row.number, *([str(line.assignment.pk)] if line.assignment else [])]
    names += [f"r{line.request.pk}"] if line.request else []
    also = ""
    if line.clock and line.clock.light == lights.PAUSED and row.others:
        also = f'<span class="desk-also">{say["at_work"]} {light(row.others)}</span>'
    return mark_safe(
        f'<li class="desk-row" id="row-{"-".join(names)}" tabindex="-1" data-row>'
        f'<div class="desk-pick">{_box(line) if presses else ""}</div>'
        f'<div class="desk-light">{light(line.clock)}{next_of(line.clock, now)}{also}</div>'
        + what(row, say)
        + cell("category", escape(row.category))
        + cell("from", escape(_origin(line)), say["from"])
        + cell("holder", _about(line, unit, say))
        + cell("arrived", moment(line.arrived_at, now), say["arrived"])
        + f'<div class="desk-act">{_act(line, here) if line.act else ""}</div></li>'
    )


@lru_cache(maxsize=8)
def _phrases(language: str) -> dict[str, str]:
    return {
        "select": _("Select %(title)s"),
        "refuse": escape(_("Refuse")),
        "until": escape(_("until")),
        "rework": escape(_("Rework")),
    }


def _say(key: str) -> str:
    return _phrases(get_language() or "")[key]


def _box(line: Line) -> str:
    name = escape(_say("select") % {"title": line.row.incident.title})
    return f'<input class="form-check-input" type="checkbox" name="pick" value="{line.pick}" aria-label="{name}">'


def _origin(line: Line) -> str:
    if line.assignment:
        return str(line.assignment.ordered_by_unit)
    if line.request:
        return f"{line.request.asked_by.full_name} · {line.request.asked_unit}"
    return line.row.origin


def _about(line: Line, unit: Unit, say: dict[str, str]) -> str:
    """The order, the request, or who is at work on what the unit holds."""
    incident, order, request = line.row.incident, line.assignment, line.request
    if order:
        again = f' <span class="tag">{_say("rework")}</span>' if order.round > 1 else ""
        role = escape(order.get_role_display())
        return f'<span class="tag">{role}</span> {escape(Truncator(order.order).chars(ORDER_LENGTH))}{again}'
    if request:
        reason = escape(Truncator(request.reason).chars(REASON_LENGTH))
        until = f"{localtime(request.review_at):%m-%d}" if request.review_at else ""
        until = f' <span class="nowrap">{_say("until")} {until}</span>' if until else ""
        return f'<span class="tag tag-primary">{escape(request.get_kind_display())}</span> {reason}{until}'
    if line.row.handlers:
        return f'<span class="desk-label">{say["at_work"]} </span>{escape(line.row.handlers)}'
    if incident.state == State.SUSPENDED:
        return f'<span class="tag">{say["state.suspended"]}</span>'
    if line.is_inspection:
        return f'<span class="tag tag-primary">{escape(_("Drawn"))}</span>'
    if incident.holder_id != unit.pk:
        return f'<span class="desk-label">{say["held_by"]} </span>{escape(line.row.holder)}'
    return ""


def _act(line: Line, here: str) -> str:
    """The usual press: at once where nothing is needed, else it opens its form."""
    url, name = _leads_to(line, line.act), escape(line.act_label)
    if line.is_at_once:
        return (
            f'<button class="btn btn-primary btn-sm" type="submit" formaction="{url}" name="seq" value="{line.seq}"'
            f' hx-post="{url}" hx-params="seq,next,csrfmiddlewaretoken" hx-swap="none" data-act>{name}</button>'
        )
    back = f"?next={escape(quote(here))}"
    found = f'<a class="btn btn-primary btn-sm" href="{url}{back}" hx-get="{url}" {OPENS} data-act>{name}</a>'
    if line.request:
        url = _leads_to(line, "refuse")
        found += f'<a class="btn btn-sm mt-1" href="{url}{back}" hx-get="{url}" {OPENS}>{_say("refuse")}</a>'
    return found


def _leads_to(line: Line, act: str) -> str:
    if line.request:
        return address("dispatch:decide", line.row.number, line.request.pk, act)
    if line.assignment:
        return address("dispatch:order_act", line.row.number, line.assignment.pk, act)
    return address("dispatch:move", line.row.number, act)
