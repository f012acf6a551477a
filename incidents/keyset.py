"""Pages of a long list by where the last one ended: stable while rows come and go, as fast on page 1,000 as on page 1.

The order is a tuple of field names as for `order_by`, the last of them unique. A mark is the values of one row in
that order, fit to stand in an address; a mark that cannot be read counts as none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
# What a mark may hold: a moment, a whole number.
MOMENT, NUMBER = "t", "n"


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in the order of the list, and the marks to go on from; an empty mark: nothing lies that way."""

    rows: list[Any] = field(default_factory=list)
    before: str = ""
    after: str = ""


def page(queryset: QuerySet, order: Sequence[str], *, size: int, after: str = "", before: str = "") -> Page:
    """At most `size` rows after one mark, or before the other, or the first ones. One query."""
    try:
        return _page(queryset, order, size=size, after=after, before=before)
    except (TypeError, ValidationError):
        # A mark of another list, or one made up: its values are of other kinds.
        return _page(queryset, order, size=size)


def _page(queryset: QuerySet, order: Sequence[str], *, size: int, after: str = "", before: str = "") -> Page:
    start, back = _read(after, len(order)), _read(before, len(order))
    if start is None and back is not None:
        rows = list(queryset.filter(_beyond(order, back, forward=False)).order_by(*_turned(order))[: size + 1])
        more, rows = len(rows) > size, rows[:size][::-1]
        # From an earlier page one can always go on: the row the mark came from lies there.
        return Page(rows, _mark(rows[0], order) if more else "", _mark(rows[-1], order) if rows else "")
    if start is not None:
        queryset = queryset.filter(_beyond(order, start, forward=True))
    rows = list(queryset.order_by(*order)[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    return Page(
        rows, _mark(rows[0], order) if rows and start is not None else "", _mark(rows[-1], order) if more else ""
    )


def _turned(order: Sequence[str]) -> list[str]:
    return [name[1:] if name.startswith("-") else f"-{name}" for name in order]


def _beyond(order: Sequence[str], values: Sequence[Any], *, forward: bool) -> Q:
    """Rows strictly after (or before) the row with these values; the first field bounded alone, for the index."""
    found, same = Q(), Q()
    for name, value in zip(order, values, strict=True):
        plain = name.lstrip("-")
        sign = "gt" if name.startswith("-") != forward else "lt"
        found |= same & Q(**{f"{plain}__{sign}": value})
        if plain == order[0].lstrip("-"):
            bound = Q(**{f"{plain}__{sign}e": value})
        same &= Q(**{plain: value})
    return bound & found


def _mark(row: Any, order: Sequence[str]) -> str:
    parts = []
    for name in order:
        value = row
        for step in name.lstrip("-").split("__"):
            value = getattr(value, step)
        if isinstance(value, datetime):
            parts.append(f"{MOMENT}{(value - EPOCH) // MICROSECOND}")
        else:
            parts.append(f"{NUMBER}{int(value)}")
    return "~".join(parts)


def _read(mark: str, length: int) -> list[Any] | None:
    if not mark:
        return None
    try:
        values = [
            EPOCH + int(part[1:]) * MICROSECOND if part[:1] == MOMENT else _number(part) for part in mark.split("~")
        ]
    except (ValueError, OverflowError):
        return None
    return values if len(values) == length else None


def _number(part: str) -> int:
    if part[:1] != NUMBER or not -(2**63) <= int(part[1:]) < 2**63:
        raise ValueError(part)
    return int(part[1:])
