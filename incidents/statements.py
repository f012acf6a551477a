"""One statement for many rows of one table: what every press writes, in fewer steps than saving row by row takes."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Field, Model


@cache
def _written(model: type[Model]) -> tuple["Field[Any, Any]", ...]:
    """The columns that come from here: not the running number, not what the database fills in by itself."""
    given_back = set(model._meta.db_returning_fields)
    return tuple(field for field in model._meta.concrete_fields if field not in given_back and not field.generated)


def insert(rows: Sequence[Model], *, where_new: bool = False) -> None:
    """Insert `rows`, all of one model, and give each its id and what the database filled in.

    With `where_new` those that a constraint finds to be there already are left out, and nothing is given back.
    """
    if not rows:
        return
    meta, fields = type(rows[0])._meta, _written(type(rows[0]))
    columns = ", ".join(f'"{field.column}"' for field in fields)
    row = f"({', '.join(['%s'] * len(fields))})"
    given_back = meta.db_returning_fields
    after = ", ".join(f'"{field.column}"' for field in given_back)
    ending = "ON CONFLICT DO NOTHING" if where_new else f"RETURNING {after}"
    values = [field.get_db_prep_save(getattr(one, field.attname), connection) for one in rows for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{meta.db_table}" ({columns}) VALUES {", ".join([row] * len(rows))} {ending}', values
        )
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
    meta = type(changed[0])._meta
    fields = [meta.get_field(name) for name in names]
    key = meta.pk
    typed = ["%s::" + str(field.db_type(connection)) for field in (key, *fields)]
    plain = ["%s"] * len(typed)
    if seen is not None:
        typed.append("%s::integer")
        plain.append("%s")
    values: list[Any] = []
    for number, one in enumerate(changed):
        values.append(one.pk)
        values += [field.get_db_prep_save(getattr(one, field.attname), connection) for field in fields]
        if seen is not None:
            values.append(seen[number])
    lines = ", ".join([f"({', '.join(typed)})", *[f"({', '.join(plain)})"] * (len(changed) - 1)])
    columns = [field.column for field in fields]
    given = ", ".join(f'"{name}"' for name in ("pk", *columns, *(["seen"] if seen is not None else [])))
    setting = ", ".join(f'"{name}" = given."{name}"' for name in columns)
    fence = " AND row.seq = given.seen" if seen is not None else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f'UPDATE "{meta.db_table}" AS row SET {setting} FROM (VALUES {lines}) AS given ({given})'
            f' WHERE row."{key.column}" = given.pk{fence}',
            values,
        )
        return int(cursor.rowcount)
