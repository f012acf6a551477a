"""Times and spans for people: `{{ event.at|moment }}`, `{{ seconds|duration }}`, `{{ seconds|working }}`."""

from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from grids import spans

register = template.Library()


@register.filter
def moment(at: datetime | None, now: datetime | None = None) -> str:
    """`<time>` with 今天 14:15 / 昨天 09:00 / 11-23 周一 16:00, the exact moment as its title; empty for None."""
    if not at:
        return ""
    zone = timezone.get_current_timezone()
    return _drawn(at, timezone.localtime(now or timezone.now(), zone).date(), zone, get_language() or "")


@lru_cache(maxsize=4096)
def _drawn(at: datetime, today: date, zone: tzinfo, _language: str) -> SafeString:
    """Lists say the same moments again and again, to everybody who looks."""
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        timezone.localtime(at, zone).isoformat(timespec="seconds"),
        spans.exact(at),
        spans.said_on(at, today),
    )


@register.filter
def exact(at: datetime | None) -> str:
    """The moment to the second, as plain text for a title attribute."""
    return spans.exact(at) if at else ""


@register.filter
def day(value: date | None) -> str:
    """A plain date as 2026-11-30."""
    return f"{value:%Y-%m-%d}" if value else ""


@register.filter
def duration(seconds: float | timedelta | None) -> str:
    """A span of natural time in its two largest units."""
    return "" if seconds is None else spans.natural(seconds)


@register.filter
def working(seconds: float | None) -> str:
    """A span of working time: 1 工作时 20 分."""
    return "" if seconds is None else spans.working(seconds)
