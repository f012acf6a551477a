"""Asks the invariants of a few incidents only, so that a running site can ask them every minute.

Each invariant is a query over whole tables. Here the same query finds, under the names of the tables, only the rows of
the sample: nothing is written twice, and what holds of the sample is what would be asked of all.
"""

from collections.abc import Collection, Sequence

from django.db import connection

from dispatch import invariants
from dispatch.invariants import EXAMPLES, Broken

SAMPLE = 200
# The tables of the record, each by the column that leads to the incident.
COLUMNS = {
    "incidents_incident": "id",
    "incidents_incidentevent": "incident_id",
    "incidents_clock": "incident_id",
    "incidents_handler": "incident_id",
    "incidents_inspection": "incident_id",
    "incidents_importedrecord": "incident_id",
    "dispatch_assignment": "incident_id",
    "dispatch_approval": "incident_id",
    "dispatch_card": "incident_id",
    "dispatch_notice": "incident_id",
}
# What a merged incident shows to others is asked of its master too.
_SIGHT = """
incidents_sight AS NOT MATERIALIZED (SELECT * FROM incidents_sight WHERE incident_id = ANY (%(ids)s || ARRAY(
    SELECT master_id FROM incidents_incident WHERE id = ANY (%(ids)s) AND master_id IS NOT NULL)))
"""


def draw(*, size: int = SAMPLE) -> list[int]:
    """The ids of at most `size` incidents: half of those that something happened to last, half from anywhere."""
    half = size // 2
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT incident_id FROM (SELECT id, incident_id FROM incidents_incidentevent ORDER BY id DESC LIMIT %s) "
            "AS lately GROUP BY incident_id ORDER BY max(id) DESC LIMIT %s",
            [size * 2, half],
        )
        found = {pk for (pk,) in cursor.fetchall()}
        cursor.execute(
            "SELECT id FROM incidents_incident WHERE id >= (SELECT floor(random() * max(id)) FROM incidents_incident) "
            "ORDER BY id LIMIT %s",
            [size - len(found)],
        )
        return sorted(found | {pk for (pk,) in cursor.fetchall()})


def broken(ids: Sequence[int], *, names: Collection[str] = ()) -> list[Broken]:
    """The invariants that do not hold among these incidents, with examples; `names` asks these alone."""
    shadows = ",\n".join(
        f"{table} AS NOT MATERIALIZED (SELECT * FROM {table} WHERE {column} = ANY (%(ids)s))"
        for table, column in COLUMNS.items()
    )
    found = []
    with connection.cursor() as cursor:
        for one in invariants.invariants():
            if names and one.name not in names:
                continue
            query = one.query.replace("%", "%%")
            cursor.execute(
                f"WITH {shadows}, {_SIGHT}, broken (text) AS MATERIALIZED ({query}) "
                f"SELECT count(*) OVER (), text FROM broken ORDER BY 2 LIMIT {EXAMPLES}",
                {"ids": list(ids)},
            )
            rows = cursor.fetchall()
            if rows:
                found.append(Broken(one.name, one.says, rows[0][0], tuple(text for _count, text in rows)))
    return found
