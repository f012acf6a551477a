"""`{% icon "bell" %}`: one drawing of the icon sprite; the names stand in static/icons.txt."""

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def icon(name: str, label: str = "", extra: str = "") -> SafeString:
    """The icon as inline SVG. Silent to screen readers unless a label is given: `{% icon "bell" _("Inbox") %}`."""
    href = f"{static('vendor/icons.svg')}#{name}"
    classes = f"icon {extra}".strip()
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}"></use></svg>', classes, label, href
        )
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}"></use></svg>', classes, href
    )
