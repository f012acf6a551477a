"""Rows of lists, drawn as one piece: a page has fifty, and a template engine takes longer than the database for them.

    {% incident_row row now %}     one incident of a list without acts (incidents.selectors.Row)

The parts are shared with the desk, whose rows say more: `what`, `cell`, `labels`.
"""

from datetime import datetime
from functools import lru_cache
from html import escape

from django import template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from grids.addresses import address
from grids.templatetags.moments import moment
from incidents.models import CAME_BACK
from incidents.selectors import Row
from incidents.states import State, Urgency
from incidents.templatetags.lights import light, next_of

register = template.Library()

SENT_BACK, REWORK, REOPENED = CAME_BACK[:3]


def labels() -> dict[str, str]:
    """Everything a row says in the reader's language, fit for HTML."""
    return _labels(get_language() or "")


@lru_cache(maxsize=8)
def _labels(language: str) -> dict[str, str]:
    said = {
        "overall": _("Overall"),
        "category": _("Category"),
        "reported": _("Reported at"),
        "from": _("From"),
        "at_work": _("At work"),
        "held_by": _("Held by"),
        "arrived": _("Arrived"),
        SENT_BACK: _("Sent back"),
        REWORK: _("Rework"),
        REOPENED: _("Reopened"),
    }
    said |= {f"state.{state.value}": str(state.label) for state in State}
    said |= {f"urgency.{urgency.value}": str(urgency.label) for urgency in Urgency}
    return {key: escape(text) for key, text in said.items()}


def tags(row: Row, say: dict[str, str]) -> str:
    """What makes a row stand out, as small tags before its title."""
    incident, found = row.incident, ""
    if incident.urgency != Urgency.NORMAL:
        found = f'<span class="tag tag-urgent">{say[f"urgency.{incident.urgency}"]}</span> '
    if row.came_back in (SENT_BACK, REWORK, REOPENED):
        times = f" {incident.rework_count}" if row.came_back == REWORK and incident.rework_count > 1 else ""
        found += f'<span class="tag">{say[row.came_back]}{times}</span> '
    return found


def what(row: Row, say: dict[str, str]) -> str:
    """Title and place: the cell that leads to the incident."""
    url = address("incidents:detail", row.number)
    title = f"{tags(row, say)}{escape(row.incident.title)}"
    place = f'<span class="desk-place">{escape(row.place)}</span>'
    return f'<div class="desk-what"><a class="desk-title" href="{url}" data-main>{title}</a>{place}</div>'


def cell(kind: str, inside: str, label: str = "") -> str:
    """One of the smaller cells; the label is for phones, where there is no head."""
    said = f'<span class="desk-label">{label} </span>' if label else ""
    return f'<div class="desk-cell desk-{kind}">{said}{inside}</div>'


@register.simple_tag
def incident_row(row: Row, now: datetime | None = None) -> SafeString:
    """One incident of a list: light, title and place, category, state and holder, when it was reported."""
    say, incident = labels(), row.incident
    overall = ""
    if row.overall and row.clock:
        whole = f'<span class="desk-overall-label">{say["overall"]}</span> {light(row.overall, "short")}'
        overall = f'<div class="desk-overall">{whole}</div>'
    handlers = f" → {escape(row.handlers)}" if row.handlers else ""
    state = f'<span class="tag">{say[f"state.{incident.state}"]}</span>'
    return mark_safe(
        f'<li class="desk-row" id="row-{row.number}" tabindex="-1" data-row>'
        f'<div class="desk-light">{light(row.clock)}{next_of(row.clock, now)}{overall}</div>'
        + what(row, say)
        + cell("category", escape(row.category), say["category"] if row.category else "")
        + cell("holder", f'{state} <span class="desk-at">{escape(row.holder)}{handlers}</span>')
        + cell("arrived", moment(incident.reported_at, now), say["reported"])
        + "</li>"
    )
