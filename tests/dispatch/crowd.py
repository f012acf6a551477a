"""Many rows of one kind, made by the database from one that the domain made."""

from django.db import connection
from django.db.models import Model


def copy(table: type[Model], pk: int, count: int, **changed: str) -> None:
    """Copy one row `count` times; `changed` are columns as SQL over the running number n, from 1."""
    names = [field.column for field in table._meta.concrete_fields if not field.primary_key]
    values = ", ".join(changed.get(name, name) for name in names)
    name = table._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {name} ({', '.join(names)})"
            f" SELECT {values} FROM {name}, generate_series(1, {count}) n WHERE id = %s ORDER BY n",
            [pk],
        )
        cursor.execute(f"ANALYZE {name}")
