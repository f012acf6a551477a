"""What every test shares: a database that Django may flush, a scratch folder for files."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import override_settings

pytest_plugins = ["tests.browser", "tests.cast", "tests.incidents.story", "tests.incidents.pages"]


@pytest.fixture(scope="session", autouse=True)
def files_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Uploads of the tests go to a folder that pytest tidies away."""
    folder = tmp_path_factory.mktemp("files")
    with override_settings(DATA_DIR=folder, MEDIA_ROOT=folder):
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: object) -> None:
    """Test databases may be truncated between tests; a real one refuses that on append-only tables."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:  # type: ignore[attr-defined]
        name = connection.ops.quote_name(connection.settings_dict["NAME"])
        cursor.execute(f"ALTER DATABASE {name} SET wangge.allow_truncate = 'on'")
        cursor.execute("SET wangge.allow_truncate = 'on'")
