"""Reads and writes of whole rows in fewer steps than the ORM takes: one statement for many rows of one table.

Used where the same few statements run at every press; the ORM spends ten times as long on putting them together as
PostgreSQL on answering.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, TypeVar

from django.db import connection, models
from django.db.models import Field, Model
from django.db.models.base import ModelState
from django.db.models.signals import post_init, pre_init

M = TypeVar("M", bound=Model)


@cache
def _written(model: type[Model]) -> tuple["Field[Any, Any]", ...]:
    """The columns that come from here: not the running number, not what the database fills in by itself."""
    given_back = set(model._meta.db_returning_fields)
    return tuple(field for field in model._meta.concrete_fields if field not in given_back and not field.generated)


@cache
def _insert(model: type[Model]) -> tuple[str, str, str]:
    fields = _written(model)
    columns = ", ".join(f'"{field.column}"' for field in fields)
    after = ", ".join(f'"{field.column}"' for field in model._meta.db_returning_fields)
    row = f"({', '.join(['%s'] * len(fields))})"
    return f'INSERT INTO "{model._meta.db_table}" ({columns}) VALUES', row, f"RETURNING {after}"


@cache
def _update(model: type[Model], names: tuple[str, ...], fenced: bool) -> tuple[str, str, str, str]:
    """The parts of the statement around its lines: start, first line, further lines, end."""
    fields: list[Any] = [model._meta.pk, *(model._meta.get_field(name) for name in names)]
    types = [str(field.rel_db_type(connection) if field.primary_key else field.db_type(connection)) for field in fields]
    columns = ["pk", *(field.column for field in fields[1:])]
    if fenced:
        types.append("integer")
        columns.append("seen")
    setting = ", ".join(f'"{field.column}" = given."{field.column}"' for field in fields[1:])
    given = ", ".join(f'"{name}"' for name in columns)
    end = f') AS given ({given}) WHERE row."{fields[0].column}" = given.pk' + (" AND row.seq = given.seen" * fenced)
    first = f"({', '.join(f'%s::{one}' for one in types)})"
    start = f'UPDATE "{model._meta.db_table}" AS row SET {setting} FROM (VALUES '
    return start, first, f"({', '.join(['%s'] * len(types))})", end


@cache
def _read(model: type[Model], without: tuple[str, ...]) -> tuple[str, list[str], list[tuple[int, "Field[Any, Any]"]]]:
    """The SELECT of all columns but `without`, their names, and those whose values the field turns into something."""
    fields = [field for field in model._meta.concrete_fields if field.name not in without]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    turned = [(number, field) for number, field in enumerate(fields) if hasattr(field, "from_db_value")]
    return f'SELECT {columns} FROM "{model._meta.db_table}"', [field.attname for field in fields], turned


def read(model: type[M], ending: str, values: Sequence[Any], *, without: tuple[str, ...] = ()) -> list[M]:
    """The rows of `model` that `ending` (WHERE and so on) says; fields `without` are read when first asked for."""
    select, names, turned = _read(model, without)
    with connection.cursor() as cursor:
        cursor.execute(f"{select} {ending}", values)
        rows = cursor.fetchall()
    if turned:
        rows = [_turned(row, turned) for row in rows]
    if not _is_plain(model):
        return [model.from_db(connection.alias, names, row) for row in rows]
    return [_made(model, names, row) for row in rows]


@cache
def _is_plain(model: type[Model]) -> bool:
    """Whether a row is nothing but its values: no code of the model's own and nobody listens to its making."""
    own = model.__init__ is not Model.__init__ or model.from_db.__func__ is not Model.from_db.__func__  # type: ignore[attr-defined, misc]
    return not (own or pre_init.has_listeners(model) or post_init.has_listeners(model))


def _made(model: type[M], names: Sequence[str], row: Sequence[Any]) -> M:
    """What `from_db` makes of a plain row, without asking each field: a third of a short read went there."""
    one = model.__new__(model)
    one._state = ModelState()
    one._state.adding, one._state.db = False, connection.alias
    one.__dict__.update(zip(names, row, strict=True))
    return one


def _turned(row: Sequence[Any], turned: Sequence[tuple[int, "Field[Any, Any]"]]) -> list[Any]:
    values = list(row)
    for number, field in turned:
        values[number] = field.from_db_value(values[number], None, connection)  # type: ignore[attr-defined]
    return values


# Their values are what the driver takes.
_PLAIN = (
    models.BooleanField, models.CharField, models.DateTimeField, models.FloatField, models.ForeignKey,
    models.IntegerField, models.TextField,
)  # fmt: skip


def _values(rows: Sequence[Model], fields: Sequence["Field[Any, Any]"]) -> list[Any]:
    """The values of all rows, one after the other, as the driver takes them."""
    asked = [(field.attname, None if isinstance(field, _PLAIN) else field) for field in fields]
    return [
        getattr(one, name) if field is None else field.get_db_prep_save(getattr(one, name), connection)
        for one in rows
        for name, field in asked
    ]


def insert(rows: Sequence[Model], *, where_new: bool = False) -> None:
    """Insert `rows`, all of one model, and give each its id and what the database filled in.

    With `where_new` those that a constraint finds to be there already are left out, and nothing is given back.
    """
    if not rows:
        return
    model = type(rows[0])
    fields, given_back = _written(model), model._meta.db_returning_fields
    start, row, ending = _insert(model)
    lines = ", ".join([row] * len(rows))
    values = _values(rows, fields)
    with connection.cursor() as cursor:
        cursor.execute(f"{start} {lines} {'ON CONFLICT DO NOTHING' if where_new else ending}", values)
        found = [] if where_new else cursor.fetchall()
    for one, filled in zip(rows, found, strict=False):
        for field, value in zip(given_back, filled, strict=True):
            setattr(one, field.attname, value)
        one._state.adding, one._state.db = False, connection.alias


def update(rows: Iterable[Model], names: Sequence[str], *, seen: Sequence[int] | None = None) -> int:
    """Write the fields `names` of `rows`, all of one model; how many rows were written.

    `seen` gives for each row the `seq` it had when it was read: where that changed, the row is left as it is.
    """
    changed = list(rows)
    if not changed:
        return 0
    model = type(changed[0])
    start, first, further, end = _update(model, tuple(names), seen is not None)
    fields: list[Any] = [model._meta.pk, *(model._meta.get_field(name) for name in names)]
    values: list[Any] = []
    for number, one in enumerate(changed):
        values += _values([one], fields)
        if seen is not None:
            values.append(seen[number])
    lines = ", ".join([first, *[further] * (len(changed) - 1)])
    with connection.cursor() as cursor:
        cursor.execute(f"{start}{lines}{end}", values)
        return int(cursor.rowcount)
