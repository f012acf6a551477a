"""What all who meet the same desk with the same rights see of it, drawn once for them until something happens.

Asked for by a screen every few seconds. What is shared has the rows, the emergencies and the counts of one page of one
tab; it is never older than the last event, nor than the next change of a light it shows, and what it says of the time
left is at most a minute old. Where a light narrows the desk, it counts to the second. What one person alone may see
differently is drawn for each.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.core.cache import caches
from django.template.loader import render_to_string
from django.utils.translation import get_language

from dispatch.desk_tabs import REQUESTS, Tab
from dispatch.desks import Desk
from incidents import news


@dataclass(frozen=True)
class Drawing:
    """One page of a tab: its rows and the emergencies on top as HTML, how many rows, how much lies in each tab.

    `before` and `after` are the marks of the pages around it; from `changes_at` on it shows a light that is no more.
    """

    rows: str
    emergencies: str
    shown: int
    counts: dict[str, int]
    before: str
    after: str
    changes_at: datetime | None


def drawing(desk: Desk, tab: Tab, *, after: str, before: str, back: str) -> Drawing:
    """The drawing of a page; `back` is the page's own address, to which its presses return."""
    if not desk.is_plain or tab is REQUESTS:
        return _draw(desk, tab, after=after, before=before, back=back)
    shared, key = caches["desks"], _key(desk, tab, after, before, back)
    found: Drawing | None = shared.get(key)
    if found is None or (found.changes_at is not None and found.changes_at <= desk.now):
        found = _draw(desk, tab, after=after, before=before, back=back)
        shared.set(key, found)
    return found


def _key(desk: Desk, tab: Tab, *page: str) -> str:
    """Everything a drawing hangs on; asked for before it is drawn, so that it is never older than its key says."""
    light = desk.filters.light
    said = (
        news.mark_of_minute(desk.now),
        int(desk.now.timestamp()) if light else "",
        get_language(),
        desk.unit.pk,
        sorted(desk.rights),
        light,
        tab.key,
        page,
    )
    return hashlib.sha256(repr(said).encode()).hexdigest()


def _draw(desk: Desk, tab: Tab, *, after: str, before: str, back: str) -> Drawing:
    """Nothing in here may hang on who looks, but for the rows of requests and what is narrowed to one's own."""
    lines, page = desk.page(tab, after=after, before=before)
    context = {
        "lines": lines,
        "emergencies": desk.emergencies(),
        "tab": tab,
        "presses": bool(desk.presses(tab)),
        "unit": desk.unit,
        "here": back,
        "now": desk.now,
    }
    return Drawing(
        rows=render_to_string("dispatch/_desk_rows.html", context),
        emergencies=render_to_string("dispatch/_desk_emergency_lines.html", context) if context["emergencies"] else "",
        shown=len(lines),
        counts=desk.counts(),
        before=page.before,
        after=page.after,
        changes_at=desk.changes_at,
    )
