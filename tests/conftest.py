"""What every test shares: a ground to stand on, a scratch folder for files."""

from collections.abc import Iterator

import pytest
from django.test import override_settings
from django.utils import translation

pytest_plugins = ["tests.browser", "tests.cast", "tests.incidents.story", "tests.incidents.pages", "tests.grounds"]


@pytest.fixture(scope="session", autouse=True)
def files_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Uploads of the tests go to a folder that pytest tidies away."""
    folder = tmp_path_factory.mktemp("files")
    with override_settings(DATA_DIR=folder, MEDIA_ROOT=folder):
        yield


@pytest.fixture(autouse=True)
def _own_language() -> None:
    """Each test begins in the house's language, whatever the test before was answered in."""
    translation.deactivate()
