"""Lights, drawn the same everywhere: shape + colour + word, never colour alone.

    {% load lights %}
    {% light clock %}                 ◆ 临期 还剩 1 工作时 20 分   (title: the exact due moment)
    {% light clock "short" %}         ◆ 临期                      (remaining time moves into the title)
    {% light_word "red" %}            ▲ 逾期                      (legends, filters, figures)
    {% light_mark "red" unit_name %}  ▲ 沙湾镇                    (a red once earned, with its unit)
    {% light_bar counts %}            stacked bar; counts = {"red": 3, "yellow": 1, "unlit": 20, ...}

A clock has `light`, `due_at`, `remaining` (seconds of the limit's own kind of time, negative if
exceeded, or None) and `remaining_is_working`.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache, partial
from html import escape
from typing import Any

from django import template
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from grids import spans
from grids.templatetags.moments import moment

register = template.Library()

# Worst first: the order of bars, legends and filters.
ORDER = ("red", "yellow", "unlit", "green", "suspended", "paused")
# Which light follows, and what follows without one.
TURNS: dict[str, str | Promise] = {
    "yellow": gettext_lazy("turns yellow"),
    "red": gettext_lazy("turns red"),
    "": gettext_lazy("is said again"),
}
WORDS: dict[str, str | Promise] = {
    "red": gettext_lazy("Overdue"),
    "yellow": gettext_lazy("Near due"),
    "unlit": gettext_lazy("Unlit"),
    "green": gettext_lazy("In time"),
    "suspended": gettext_lazy("On account"),
    "paused": gettext_lazy("Clock paused"),
    "none": gettext_lazy("No time limit"),
}
# One silhouette per light, so that a printed page and colour-blind eyes can tell them apart.
SHAPES = {
    "green": '<circle cx="6" cy="6" r="5"/>',
    "yellow": '<path d="M6 0.4 11.6 6 6 11.6 0.4 6Z"/>',
    "red": '<path d="M6 0.6 11.7 11.2H0.3Z"/>',
    "unlit": '<circle cx="6" cy="6" r="4.2" class="ring"/>',
    "suspended": '<path d="M1 1h10v10H1Z" class="ring"/><path d="M4 3.6h1.4v4.8H4ZM6.6 3.6H8v4.8H6.6Z"/>',
    "paused": '<path d="M2.5 1.5h2.5v9H2.5ZM7 1.5h2.5v9H7Z"/>',
    "none": '<path d="M2 5.2h8v1.6H2Z"/>',
}


def known(light: str) -> str:
    """The light itself, or "none" for anything this page does not know."""
    return str(light) if str(light) in SHAPES else "none"


def shape(light: str) -> SafeString:
    """The silhouette of a light, silent to screen readers: the word stands beside it."""
    name = known(light)
    return format_html(
        '<svg class="light-shape" viewBox="0 0 12 12" aria-hidden="true" focusable="false">{}</svg>',
        mark_safe(SHAPES[name]),
    )


def rest_of(clock: Any) -> str:
    """What time is left or exceeded, in words; empty where there is nothing to say."""
    light, left = known(clock.light), getattr(clock, "remaining", None)
    if light == "suspended":
        due = getattr(clock, "due_at", None)
        return _("until %(date)s") % {"date": spans.exact(due)[:10]} if due else ""
    if getattr(clock, "open_ended", False) and light != "none":
        return _("as the situation requires")
    if left is None or light in ("none", "green"):
        return ""
    say: Callable[[float], str] = spans.natural
    if getattr(clock, "remaining_is_working", False):
        # Long spans are said in the working days of the clock's own calendar.
        say = partial(spans.working, day_hours=getattr(clock, "working_day_hours", spans.WORKING_DAY_HOURS))
    rest = _("by %(span)s") if left < 0 else _("%(span)s left")
    rest = rest % {"span": say(left)}
    # The holidays of the year it is due in are not published yet.
    return _("%(rest)s · provisional") % {"rest": rest} if getattr(clock, "provisional", False) else rest


def title_of(clock: Any) -> str:
    """The exact due moment in words, for the title."""
    due = getattr(clock, "due_at", None)
    if not due:
        return str(WORDS[known(clock.light)])
    if known(clock.light) == "suspended":
        return _("Review on %(moment)s") % {"moment": spans.exact(due)}
    return _("Due %(moment)s") % {"moment": spans.exact(due)}


@register.simple_tag
def light(clock: Any, form: str = "") -> SafeString:
    """The light of a clock with its time; nothing for None."""
    if clock is None:
        return SafeString("")
    rest, title = rest_of(clock), title_of(clock)
    if form == "short":
        title, rest = " · ".join(part for part in (rest, title) if part), ""
    begin, face = _drawn(known(clock.light), get_language() or "")
    tail = f' <span class="light-rest">{escape(rest)}</span>' if rest else ""
    return mark_safe(f'{begin}{escape(title)}">{face}{tail}</span>')


def next_of(clock: Any, now: datetime | None = None) -> SafeString:
    """What the light turns by itself and when, or when a red one is said again, as a line below it; else nothing."""
    at = getattr(clock, "next_at", None)
    if at is None:
        return SafeString("")
    return format_html(
        '<span class="light-next">{} {}</span>', TURNS[getattr(clock, "next_light", "")], moment(at, now)
    )


@lru_cache(maxsize=64)
def _drawn(name: str, language: str) -> tuple[str, str]:
    """A light up to its title, and its face: shape and word; a page draws some hundred."""
    word = escape(str(WORDS[name]))
    return f'<span class="light light-{name}" title="', f'{shape(name)}<span class="light-word">{word}</span>'


@register.simple_tag
def light_word(name: str) -> SafeString:
    """Shape and word of a light without a clock, for legends and filters."""
    name = known(name)
    return format_html(
        '<span class="light light-{}">{}<span class="light-word">{}</span></span>', name, shape(name), WORDS[name]
    )


@register.simple_tag
def light_shape(name: str) -> SafeString:
    """The silhouette alone; only where the word stands right beside it."""
    name = known(name)
    return format_html('<span class="light light-{}">{}</span>', name, shape(name))


@register.simple_tag
def light_mark(name: str, unit: str) -> SafeString:
    """A light once earned, with the unit that earned it: it stays on the record."""
    name = known(name)
    return format_html(
        '<span class="light-mark light-{}" title="{}">{}{}<span class="visually-hidden"> {}</span></span>',
        name, WORDS[name], shape(name), unit, WORDS[name],
    )  # fmt: skip


@register.simple_tag
def light_bar(counts: Mapping[str, int] | None, label: str = "") -> SafeString:
    """A stacked bar of counts by light, worst first; its name says the figures, so nothing hangs on colour.

    Drawn as SVG in thousandths of the width: no style attribute is needed.
    """
    known_counts = counts or {}
    figures = [(name, str(WORDS[name]), int(count)) for name in ORDER if (count := known_counts.get(name))]
    total = sum(count for _name, _word, count in figures)
    spoken = ", ".join(f"{word} {count}" for _name, word, count in figures) or _("none")
    pieces, at = "", 0.0
    for name, word, count in figures:
        width = 1000 * count / total
        pieces += (
            f'<rect x="{at:.1f}" y="0" width="{width:.1f}" height="10" class="bar-{name}">'
            f"<title>{escape(word)} {count}</title></rect>"
        )
        at += width
    name = f"{label}: {spoken}" if label else spoken
    return format_html(
        '<svg class="light-bar" viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>',
        name, mark_safe(pieces),
    )  # fmt: skip
