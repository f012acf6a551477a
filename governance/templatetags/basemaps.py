"""What a map page says about the ground under its outlines."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from governance import basemaps

register = template.Library()


@register.simple_tag
def basemap() -> SafeString:
    """The attributes of a map's element that name its ground; nothing where there is none."""
    found = basemaps.chosen()
    if found is None:
        return mark_safe("")
    return format_html(
        'data-ground="{}" data-ground-urls="{}" data-ground-words="{}" data-ground-zoom="{}"',
        found.kind,
        " ".join(found.urls),
        found.attribution,
        found.furthest,
    )


@register.simple_tag
def basemap_kind() -> str:
    """ "tiles", "archive" or nothing."""
    found = basemaps.chosen()
    return found.kind if found else ""
