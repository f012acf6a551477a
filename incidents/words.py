"""What people may write: anything the database can hold, up to a length. Pure."""

import re

from django.utils.translation import gettext_lazy as _

from incidents.refusals import MoveRefused

MOST_CHARACTERS = 2000
MOST_OF_AN_ADDRESS = 200
MOST_OF_A_KEY = 64
# No character at all for PostgreSQL, or none for UTF-8.
_NONE = re.compile("[\0\ud800-\udfff]")


def has_words(text: str) -> bool:
    """Whether anything in `text` can be seen: neither spaces nor control characters nor what has no width."""
    return any(one.isprintable() and not one.isspace() for one in text)


def refuse(text: str, *, field: str, most: int = MOST_CHARACTERS) -> None:
    """Raise MoveRefused, naming the input `field`, if `text` is longer than `most` or holds what is no character."""
    if len(text) > most:
        words = {"most": most, "length": len(text)}
        raise MoveRefused(_("At most %(most)d characters; these are %(length)d.") % words, code="too_long", field=field)
    # Text of nothing but control characters is none, though it is not empty.
    if _NONE.search(text) or (text.strip() and not has_words(text)):
        raise MoveRefused(_("This text holds characters that cannot be kept."), code="unreadable", field=field)
