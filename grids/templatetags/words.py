"""`{% word "grid" %}`: a label that differs from place to place. See grids/words.py for the keys."""

from django import template

from grids import words

register = template.Library()


@register.simple_tag
def word(key: str, form: str = "") -> str:
    """The place's word; `{% word "grid" "title" %}` begins with a capital where the language has them."""
    text = words.word(key)
    return text[:1].upper() + text[1:] if form == "title" else text
