"""Pages of a long list by where the last one ended: stable while rows come and go, as fast on page 1,000 as on page 1.

The order is a tuple of field names as for `order_by`, the last of them unique. A mark is the values of one row in
that order, fit to stand in an address; a mark that cannot be read counts as none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import BigIntegerField, DateTimeField, F, Field, QuerySet, Value

from incidents.models.expressions import Beyond, Row

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
    kinds = [_is_moment(queryset, name.lstrip("-")) for name in order]
    start, back = _read(after, kinds), _read(before, kinds)
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


Part = tuple[QuerySet, Sequence[str]]


def chained(parts: Sequence[Part], *, size: int, after: str = "", before: str = "") -> Page:
    """The same over several lists one after another, each in its own order. One query for each part it needs.

    A mark begins with the number of its part.
    """
    here, values = _read_chained(parts, after or before)
    forward = bool(after) or values is None
    order = range(here, len(parts)) if forward else range(here, -1, -1)
    rows: list[tuple[int, Any]] = []
    for number in order:
        queryset, fields = parts[number]
        if values is not None and number == here:
            queryset = queryset.filter(_beyond(fields, values, forward=forward))
        wanted = queryset.order_by(*(fields if forward else _turned(fields)))[: size + 1 - len(rows)]
        rows += [(number, row) for row in wanted]
        if len(rows) > size:
            break
    more, rows = len(rows) > size, rows[:size]
    if not forward:
        rows.reverse()
    first, last = [f"{number}~{_mark(row, parts[number][1])}" for number, row in (rows[:1] + rows[-1:])] or ("", "")
    earlier, later = (values is not None, more) if forward else (more, True)
    return Page([row for _number, row in rows], first if earlier else "", last if later else "")


def _read_chained(parts: Sequence[Part], mark: str) -> tuple[int, list[Any] | None]:
    number, _tilde, rest = mark.partition("~")
    if number in {str(each) for each in range(len(parts))}:
        queryset, fields = parts[int(number)]
        values = _read(rest, [_is_moment(queryset, name.lstrip("-")) for name in fields])
        if values is not None:
            return int(number), values
    return 0, None


def _is_moment(queryset: QuerySet, name: str) -> bool:
    """Whether a field of the order holds moments; a mark of another list, or one made up, has other kinds of values."""
    known = queryset.query.annotations.get(name)
    field = known.output_field if known is not None else queryset.model._meta.pk
    if known is None and name != "pk":
        field = queryset.model._meta.get_field(name)
    return isinstance(field, DateTimeField)


def _turned(order: Sequence[str]) -> list[str]:
    return [name[1:] if name.startswith("-") else f"-{name}" for name in order]


def _beyond(order: Sequence[str], values: Sequence[Any], *, forward: bool) -> Beyond:
    """Rows strictly after (or before) the row with these values; the order goes one way in all its fields."""
    descends = order[0].startswith("-")
    assert all(name.startswith("-") == descends for name in order), "rows compare in one direction"
    given = Row(*(Value(value, _field_of(value)) for value in values))
    return Beyond(Row(*(F(name.lstrip("-")) for name in order)), given, before=descends == forward)


def _field_of(value: Any) -> Field:
    return DateTimeField() if isinstance(value, datetime) else BigIntegerField()


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


def _read(mark: str, kinds: Sequence[bool]) -> list[Any] | None:
    parts = mark.split("~") if mark else []
    if [part[:1] for part in parts] != [MOMENT if is_moment else NUMBER for is_moment in kinds]:
        return None
    try:
        return [_moment(part) if part[:1] == MOMENT else _number(part) for part in parts]
    except (ValueError, OverflowError):
        return None


def _moment(part: str) -> datetime:
    return EPOCH + int(part[1:]) * MICROSECOND


def _number(part: str) -> int:
    if not -(2**63) <= int(part[1:]) < 2**63:
        raise ValueError(part)
    return int(part[1:])
