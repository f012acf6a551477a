"""`{% icon "bell" %}`: one drawing of the icon sprite; the names stand in static/icons.txt."""

from functools import lru_cache

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def icon(name: str, label: str = "", extra: str = "") -> SafeString:
    """The icon as inline SVG. Silent to screen readers unless a label is given: `{% icon "bell" _("Inbox") %}`."""
    storage = settings.STORAGES["staticfiles"]["BACKEND"]
    return _drawn(f"{_sprite(settings.STATIC_URL, storage)}#{name}", label, f"icon {extra}".strip())


@lru_cache(maxsize=8)
def _sprite(_static_url: str, _storage: str) -> str:
    """The address of the sprite, as long as these settings hold; a page names it a hundred times."""
    return static("vendor/icons.svg")


# Typed: a label that is HTML already is another one than the same signs as text.
@lru_cache(maxsize=1024, typed=True)
def _drawn(href: str, label: str, classes: str) -> SafeString:
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}"></use></svg>', classes, label, href
        )
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}"></use></svg>', classes, href
    )
