"""Rows by the thousand: model instances written with COPY, which costs a fraction of INSERT."""

import io
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.contrib.gis.db.models.fields import BaseSpatialField
from django.contrib.postgres.fields import ArrayField
from django.db import connection
from django.db.models import CharField, DateTimeField, Field, JSONField, Model, TextField
from django.db.models.expressions import DatabaseDefault

# What would end a value or a line in the text format of COPY.
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})
NULL = "\\N"


def next_ids(model: type[Model], count: int) -> list[int]:
    """So many new ids of the model, taken from its sequence."""
    column = model._meta.pk.column if model._meta.pk else "id"
    return _next_values("pg_get_serial_sequence(%s, %s)", [model._meta.db_table, column], count)


def next_of(sequence: str, count: int) -> list[int]:
    """So many values of a sequence."""
    return _next_values("%s", [sequence], count)


def copy(rows: Sequence[Model]) -> None:
    """Write instances of one model that have their keys; what the database sets by itself is left to it."""
    if not rows:
        return
    fields = [field for field in rows[0]._meta.concrete_fields if not _is_left_out(rows[0], field)]
    said = [(field.attname, _way_to_say(field)) for field in fields]
    content = io.StringIO()
    for row in rows:
        values = row.__dict__
        content.write("\t".join(NULL if values[name] is None else say(values[name]) for name, say in said))
        content.write("\n")
    content.seek(0)
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {quote(rows[0]._meta.db_table)} ({columns}) FROM STDIN", content)


def check_now() -> None:
    """Let the foreign keys be checked here, in portions, instead of all at once at the end."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def analyse(*models: type[Model]) -> None:
    """Tell the planner of what was written, instead of letting it guess until it looks by itself."""
    tables = ", ".join(connection.ops.quote_name(model._meta.db_table) for model in models)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {tables}")


def _next_values(sequence: str, given: list[Any], count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT nextval({sequence}) FROM generate_series(1, %s)", [*given, count])
        return [value for (value,) in cursor.fetchall()]


def _is_left_out(row: Model, field: "Field[Any, Any]") -> bool:
    return isinstance(getattr(row, field.attname), DatabaseDefault)


def _way_to_say(field: "Field[Any, Any]") -> Callable[[Any], str]:
    """How a value of the field that is not null stands in the text format of COPY."""
    if isinstance(field, BaseSpatialField):
        return _geometry
    if isinstance(field, JSONField):
        return _json
    if isinstance(field, ArrayField):
        return _array
    if isinstance(field, DateTimeField):
        return datetime.isoformat
    if isinstance(field, CharField | TextField):
        return _text
    return str


def _geometry(value: Any) -> str:
    return str(value.hexewkb.decode())


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).translate(_ESCAPES)


def _array(value: Iterable[Any]) -> str:
    """The items of an array of numbers or moments."""
    return "{" + ",".join(f'"{each.isoformat() if hasattr(each, "isoformat") else each}"' for each in value) + "}"


def _text(value: Any) -> str:
    return str(value).translate(_ESCAPES)
