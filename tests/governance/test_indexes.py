"""What the models say of their indexes is so in the database."""

import pytest
from django.apps import apps
from django.db import connection

_PARTIAL = "select relname from pg_index join pg_class on pg_class.oid = indexrelid where indpred is not null"


@pytest.mark.django_db
def test_an_index_with_a_condition_has_it_in_the_database() -> None:
    """GeoDjango drops the condition of an index on one geometry field, and nothing says so."""
    with connection.cursor() as cursor:
        cursor.execute(_PARTIAL)
        partial = {name for (name,) in cursor.fetchall()}
    ours = [
        model for model in apps.get_models() if model.__module__.split(".")[0] in ("grids", "incidents", "dispatch")
    ]
    wanted = {index.name for model in ours for index in model._meta.indexes if index.condition is not None}
    assert len(wanted) > 10
    assert wanted <= partial
