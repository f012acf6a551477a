"""`{% still %} … {% endstill %}`: a piece of a page that many readers share, drawn once and kept in memory.

Inside may stand nothing but what the reader's language decides, and what is named:

    {% still %}<p>{% trans "Loading" %}</p>{% endstill %}
    {% still frame.mark %}{% for item in frame.rail %} … {% endfor %}{% endstill %}

What is named must be hashable and say all that the piece depends on. Never a form's token, nor anything of the person.
"""

from typing import Any

from django import template
from django.conf import settings
from django.template.base import FilterExpression, NodeList, Parser, Token
from django.template.context import Context
from django.urls import get_script_prefix, get_urlconf
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = template.Library()

# Of each piece at most so many versions are kept.
MOST_KEPT = 256


class Still(template.Node):
    """The node of the tag; its versions live as long as the compiled template."""

    child_nodelists = ("nodelist",)

    def __init__(self, nodelist: NodeList, named: list[FilterExpression]) -> None:
        self.nodelist, self.named = nodelist, named
        self.kept: dict[Any, SafeString] = {}

    def render(self, context: Context) -> SafeString:
        storage = settings.STORAGES["staticfiles"]["BACKEND"]
        urls = (get_script_prefix(), get_urlconf() or settings.ROOT_URLCONF, settings.STATIC_URL, storage)
        key = (get_language(), urls, *(each.resolve(context) for each in self.named))
        found = self.kept.get(key)
        if found is None:
            found = self.nodelist.render(context)
            if len(self.kept) >= MOST_KEPT:
                self.kept.clear()
            self.kept[key] = found
        return found


@register.tag
def still(parser: Parser, token: Token) -> Still:
    named = [parser.compile_filter(each) for each in token.split_contents()[1:]]
    nodelist = parser.parse(("endstill",))
    parser.delete_first_token()
    return Still(nodelist, named)
