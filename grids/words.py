"""Words that differ from place to place, such as 网格, 微网格 or 区块 for one and the same thing.

They are configuration, not translation: `settings.WANGGE_WORDS` replaces any of them by key, as a
plain text for all languages or as one text per language.
"""

from collections.abc import Mapping

from django.conf import settings
from django.utils.translation import get_language

DEFAULTS: dict[str, dict[str, str]] = {
    "grid": {"zh-hans": "网格", "en": "grid"},
    "officer": {"zh-hans": "网格员", "en": "grid officer"},
    "grid_chief": {"zh-hans": "网格长", "en": "grid chief"},
    "assistant": {"zh-hans": "协理员", "en": "assistant"},
    "supervisor": {"zh-hans": "监督员", "en": "grid supervisor"},
    "command_centre": {"zh-hans": "指挥中心", "en": "command centre"},
    "service_centre": {"zh-hans": "网格服务中心", "en": "service centre"},
    "station": {"zh-hans": "网格服务工作站", "en": "service station"},
    "department": {"zh-hans": "职能部门", "en": "department"},
}


class UnknownWord(KeyError):
    """No such key in the table of words: a fault of the template, not of the place."""


def _pick(texts: str | Mapping[str, str], language: str) -> str:
    if isinstance(texts, str):
        return texts
    return texts.get(language) or texts.get(language.split("-")[0]) or next(iter(texts.values()))


def word(key: str, language: str | None = None) -> str:
    """The place's own word for `key` in the language of the page. Raises UnknownWord for a key not in DEFAULTS."""
    if key not in DEFAULTS:
        raise UnknownWord(key)
    chosen = language or get_language() or settings.LANGUAGE_CODE
    own = getattr(settings, "WANGGE_WORDS", None) or {}
    return _pick(own[key], chosen) if key in own else _pick(DEFAULTS[key], chosen)
