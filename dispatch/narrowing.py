"""What filters leave of a desk, found once: the numbers of its tabs and the rows of a page are asked of the same ids.

The incidents that filters want are found by one WITH in the statement that counts; it gives their ids back as one text,
by which the rows are read. Few ids are looked up in an index, many are hashed while a tab is walked in its order.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import BooleanField, F, Func, QuerySet, TextField, Value

# What the row with the ids says it is.
IDS = "wanted"
# Beyond this many to look each up costs more than to walk the tab.
FEW = 500


class _IsWanted(Func):
    """Within a statement that begins with `WITH wanted`. Not to be turned into a join: the order of a walk is kept."""

    template = "((%(expressions)s IN (SELECT id FROM wanted)) IS TRUE)"
    output_field = BooleanField()


class _IsOneOfFew(Func):
    template = "(%(expressions)s::bigint[]))"
    arg_joiner = " = ANY ("
    output_field = BooleanField()


class _IsOneOfMany(Func):
    template = "((%(expressions)s::bigint[]))) IS TRUE)"
    arg_joiner = " IN (SELECT unnest("
    output_field = BooleanField()


def in_statement() -> Func:
    """The condition on rows with an incident, for a statement to which `counted` puts the incidents in front."""
    return _IsWanted(F("incident_id"))


def among(ids: str) -> Func:
    """The same condition by the ids themselves, as `counted` gave them."""
    is_one_of = _IsOneOfFew if ids.count(",") < FEW else _IsOneOfMany
    return is_one_of(F("incident_id"), Value(ids, TextField()))


def counted(sql: str, values: Sequence[Any], wanted: QuerySet | None) -> tuple[list[tuple[str, str, int]], str]:
    """The rows of a counting statement, and the ids of the `wanted` incidents, if there are such. One query."""
    if wanted is not None:
        chosen, given = wanted.query.sql_with_params()
        sql = f"""WITH wanted (id) AS MATERIALIZED ({chosen}) {sql}
            UNION ALL (SELECT '{IDS}', coalesce(array_agg(id)::text, '{{}}'), count(*) FROM wanted)"""
        values = [*given, *values]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows = cursor.fetchall()
    ids = rows.pop()[1] if wanted is not None else ""
    return rows, ids
