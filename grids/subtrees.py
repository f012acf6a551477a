"""Subtrees as ranges of codes, for filters that PostgreSQL answers from an index."""

from collections.abc import Iterable

from django.db.models import Q

from grids.levels import next_code


def within(prefixes: Iterable[str], field: str = "code") -> Q:
    """Rows whose `field` (a unit's code) begins with one of `prefixes`.

    The prefixes become literal ranges: an index cannot serve a pattern that comes from a joined row.
    The empty prefix stands for everything; no prefix at all finds nothing.
    """
    found = Q()
    prefixes = list(prefixes)
    if "" in prefixes:
        return found
    for prefix in prefixes:
        found |= Q(**{f"{field}__gte": prefix, f"{field}__lt": next_code(prefix)})
    return found or Q(pk__in=[])


def covers(prefixes: Iterable[str], code: str) -> bool:
    """Whether `code` lies in one of the subtrees."""
    return any(code.startswith(prefix) for prefix in prefixes)
