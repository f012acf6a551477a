"""Numbers in tables, drawn as one piece a row: hundreds of them stand on one dashboard.

{% number_cells figures %}    a cell per figure, each number a link to its list; 0 for none
{% light_cells row.cells %}   the same for (light, figure) pairs
{% share_cells row.cells %}   the same for (tier, figure, percent)
"""

from collections.abc import Iterable

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from governance.dashboard.figures import Figure

register = template.Library()

NONE = '<td class="num"><span class="muted">0</span></td>'


def _cell(figure: Figure | None, before: str = "") -> str:
    if figure is None or not figure.number:
        return NONE
    return f'<td class="num">{before}<a href="{escape(figure.url)}">{figure.number}</a></td>'


@register.simple_tag
def number_cells(figures: Iterable[Figure | None]) -> SafeString:
    return mark_safe("".join(_cell(figure) for figure in figures))


@register.simple_tag
def light_cells(cells: Iterable[tuple[str, Figure | None]]) -> SafeString:
    return mark_safe("".join(_cell(figure) for _light, figure in cells))


@register.simple_tag
def share_cells(cells: Iterable[tuple[str, Figure, int]]) -> SafeString:
    return mark_safe(
        "".join(_cell(figure, f'<span class="share">{int(share)}%</span> ') for _tier, figure, share in cells)
    )
