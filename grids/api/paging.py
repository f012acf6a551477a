"""Pages of a list by where the last one ended: nothing is counted, nothing shown twice when rows come in between.

The order is a tuple of field names as for `order_by`, the last of them unique. A cursor is the values of one row in
that order and the way to go on from it, packed so that nobody builds on what is inside.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from grids.api.fields import Strict, WholeField, WordsField, address

DEFAULT_SIZE, MOST_ROWS = 50, 200
MOST_OF_A_CURSOR = 400


class PageQuestion(Strict):
    """What every list is asked besides its filters."""

    cursor = WordsField(
        required=False, max_length=MOST_OF_A_CURSOR, help_text="Where to go on: follow `next` and `previous`."
    )
    page_size = WholeField(required=False, default=DEFAULT_SIZE, min_value=1, max_value=MOST_ROWS)


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in the order of the list, and the cursors around them; an empty one: nothing lies that way."""

    rows: list[Any]
    next: str = ""
    previous: str = ""


@cache
def page_of(row: type[serializers.Serializer]) -> type[serializers.Serializer]:
    """The shape of a page of such rows."""
    fields = {
        "next": serializers.CharField(allow_null=True, help_text="The address of the next page."),
        "previous": serializers.CharField(allow_null=True, help_text="The address of the page before."),
        "results": row(many=True),
        "__doc__": None,
    }
    return type(f"{row.__name__}Page", (serializers.Serializer,), fields)


def page(queryset: QuerySet, order: Sequence[str], asked: dict[str, Any]) -> Page:
    """The page that `asked` (a PageQuestion's) names, by one query; ValidationError for a cursor of another list."""
    size, back, start = asked["page_size"], False, None
    if asked.get("cursor"):
        back, start = read(asked["cursor"], len(order))
    ordered = queryset.order_by(*(_turned(order) if back else order))
    try:
        if start is not None:
            ordered = ordered.filter(_beyond(order, start, forward=not back))
        rows = list(ordered[: size + 1])
    except (DjangoValidationError, TypeError, ValueError) as error:
        raise _unreadable() from error
    more, rows = len(rows) > size, rows[:size]
    if back:
        rows.reverse()
        # From an earlier page one can always go on: the row the cursor came from lies there.
        return Page(rows, _mark(rows[-1], order, False) if rows else "", _mark(rows[0], order, True) if more else "")
    before = _mark(rows[0], order, True) if rows and start is not None else ""
    return Page(rows, _mark(rows[-1], order, False) if more else "", before)


def answer(found: Page, rows: Sequence[Any], path: str, query: Any) -> dict[str, Any]:
    """The body of a page: `rows` are those of `found` as they are told; `query` is the query string it came by."""

    def link(cursor: str) -> str | None:
        if not cursor:
            return None
        asked = {name: values for name, values in query.lists() if name != "cursor"}
        return address(path, **asked, cursor=cursor)

    return {"next": link(found.next), "previous": link(found.previous), "results": list(rows)}


def part(rows: Sequence[Any], asked: dict[str, Any], number_of: Callable[[Any], int]) -> Page:
    """A page of a short list that is at hand as a whole, by ascending numbers."""
    back, start = read(asked["cursor"], 1) if asked.get("cursor") else (False, None)
    if start is not None and not isinstance(start[0], int):
        raise _unreadable()
    size = asked["page_size"]
    if back and start is not None:
        before = [row for row in rows if number_of(row) < start[0]]
        shown = before[-size:]
    else:
        before = [row for row in rows if start is not None and number_of(row) <= start[0]]
        shown = list(rows[len(before) :][:size])
        before = [*before, *shown]
    first, last = (number_of(shown[0]), number_of(shown[-1])) if shown else (0, 0)
    return Page(
        shown,
        packed(False, [last]) if shown and number_of(rows[-1]) > last else "",
        packed(True, [first]) if shown and number_of(rows[0]) < first else "",
    )


def _turned(order: Sequence[str]) -> list[str]:
    return [name[1:] if name.startswith("-") else f"-{name}" for name in order]


def _beyond(order: Sequence[str], values: Sequence[Any], *, forward: bool) -> Q:
    """Rows strictly after (or before) the row with these values; the first field bounded alone, for the index."""
    found, same, bound = Q(), Q(), Q()
    for name, value in zip(order, values, strict=True):
        plain = name.lstrip("-")
        sign = "gt" if name.startswith("-") != forward else "lt"
        found |= same & Q(**{f"{plain}__{sign}": value})
        bound = bound or Q(**{f"{plain}__{sign}e": value})
        same &= Q(**{plain: value})
    return bound & found


def _mark(row: Any, order: Sequence[str], back: bool) -> str:
    return packed(back, [getattr(row, name.lstrip("-")) for name in order])


def packed(back: bool, values: Sequence[Any]) -> str:
    """A cursor: the way to go on, and from where."""
    plain = [{"t": value.isoformat()} if isinstance(value, datetime) else value for value in values]
    text = json.dumps([int(back), *plain], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(cursor: str, length: int) -> tuple[bool, list[Any]]:
    """What a cursor holds: whether it leads back, and `length` values; raises ValidationError for another one."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        back, *values = json.loads(text)
        plain = [_value(value) for value in values]
    except (ValueError, TypeError, KeyError, RecursionError, binascii.Error, AttributeError) as error:
        raise _unreadable() from error
    if back not in (0, 1) or len(plain) != length:
        raise _unreadable()
    return bool(back), plain


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        at = parse_datetime(value["t"])
        if at is None or at.tzinfo is None:
            raise ValueError(value)
        return at
    if isinstance(value, str) and "\0" not in value and value.isprintable():
        return value
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return value
    raise ValueError(value)


def _unreadable() -> ValidationError:
    return ValidationError({"cursor": [ErrorDetail(_("This is no cursor of this list."), "cursor")]})
