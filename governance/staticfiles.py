"""The third-party static files: an allow-list of single files, never a whole package.

Everything in node_modules is invisible but the files named here. They are served under
`vendor/`; the icon sprite is built from the icon package on demand (see governance/icons.py).
"""

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.checks import CheckMessage, Error
from django.core.files.storage import FileSystemStorage, Storage

from governance import icons

# Served name -> file under node_modules. The maps are named because the minified files refer to
# them and the hashed storage follows every reference.
ALLOWED = {
    "vendor/tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "vendor/tabler.min.css.map": "@tabler/core/dist/css/tabler.min.css.map",
    "vendor/tabler.min.js": "@tabler/core/dist/js/tabler.min.js",
    "vendor/tabler.min.js.map": "@tabler/core/dist/js/tabler.min.js.map",
    "vendor/vector-tile-layer.js": "leaflet-vector-tile-layer/dist/VectorTileLayer.umd.min.js",
    "vendor/VectorTileLayer.umd.min.js.map": "leaflet-vector-tile-layer/dist/VectorTileLayer.umd.min.js.map",
    "vendor/pmtiles.js": "pmtiles/dist/pmtiles.js",
    "vendor/pmtiles.js.map": "pmtiles/dist/pmtiles.js.map",
    # The build by parts that has the SVG renderer; the "simple" one draws on canvas only.
    "vendor/echarts.min.js": "echarts/dist/echarts.common.min.js",
}
# The page of the API: served name -> package and the file in it. They are in the lock file of Python's packages.
PACKAGED = {
    f"vendor/{name}": ("drf_spectacular_sidecar", f"static/drf_spectacular_sidecar/swagger-ui-dist/{name}")
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "swagger-ui.css.map")
}
SPRITE = "vendor/icons.svg"


class _Renamed(FileSystemStorage):
    """Opens an allowed name as the file it stands for."""

    def path(self, name: str) -> str:
        return str(source_of(name.replace("\\", "/")))

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        return [], []


def source_of(name: str) -> Path:
    """The file on disk behind a served name. Raises KeyError for a name not on the list."""
    if name == SPRITE:
        return icons.fresh_sprite()
    if name in PACKAGED:
        package, file = PACKAGED[name]
        return Path(str(resources.files(package))) / file
    return Path(settings.BASE_DIR) / "node_modules" / ALLOWED[name]


class VendorFinder(BaseFinder):
    """A staticfiles finder that knows the allow-list and nothing else."""

    def __init__(self, app_names: Any = None, *args: Any, **kwargs: Any) -> None:
        self.storage = _Renamed(location=str(settings.BASE_DIR))

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        missing = [str(source_of(name)) for name in (*ALLOWED, *PACKAGED) if not source_of(name).is_file()]
        if not missing:
            return []
        hint = "Run script/setup (it installs the front-end packages)."
        return [Error(f"Front-end files are missing: {', '.join(missing)}", hint=hint)]

    def find(  # type: ignore[override]
        self, path: str, find_all: bool = False, **kwargs: Any
    ) -> str | list[str]:
        if path != SPRITE and path not in ALLOWED and path not in PACKAGED:
            return [] if find_all else ""
        source = str(source_of(path))
        return [source] if find_all else source

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, Storage]]:
        for name in [*ALLOWED, *PACKAGED, SPRITE]:
            yield name, self.storage
