"""How official names are shortened for a page. Pure."""

import re

_VILLAGE = re.compile(r"村?(村民委员会|村委会)$")
_COMMUNITY = re.compile(r"(居民委员会|居委会|居委)$")


def short_name_of(name: str) -> str:
    """天车村委会 -> 天车村, 南陵社区居民委员会 -> 南陵社区; empty if there is nothing to shorten."""
    if _VILLAGE.search(name):
        return _VILLAGE.sub("村", name)
    if _COMMUNITY.search(name):
        return _COMMUNITY.sub("", name)
    return ""
