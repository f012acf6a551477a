"""What every test shares: a database that Django may flush."""

import pytest
from django.db import connection

pytest_plugins = ["tests.browser", "tests.cast", "tests.incidents.story"]


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: object) -> None:
    """Test databases may be truncated between tests; a real one refuses that on append-only tables."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:  # type: ignore[attr-defined]
        name = connection.ops.quote_name(connection.settings_dict["NAME"])
        cursor.execute(f"ALTER DATABASE {name} SET wangge.allow_truncate = 'on'")
        cursor.execute("SET wangge.allow_truncate = 'on'")
