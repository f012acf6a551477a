"""The Debian packages the project stands on: found by their files, installed when root, else named in one line."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import invalidate_caches
from importlib.util import find_spec
from pathlib import Path

from console import Stop, run, step
from places import AS_ROOT, LOGS

NO_START = Path("/usr/sbin/policy-rc.d")
NO_START_KEPT = Path("/usr/sbin/policy-rc.d.before-wangge")
NO_CLUSTER = Path("/etc/postgresql-common/createcluster.conf")
NO_CLUSTER_LINE = "create_main_cluster = false\n"


def postgres_bin() -> Path | None:
    """The folder of the newest PostgreSQL (15 or later) that has PostGIS."""
    for version in range(25, 14, -1):
        folder = Path(f"/usr/lib/postgresql/{version}/bin")
        postgis = Path(f"/usr/share/postgresql/{version}/extension/postgis.control")
        if (folder / "postgres").exists() and (folder / "initdb").exists() and postgis.exists():
            return folder
    return None


def _library(name: str) -> bool:
    folders = [*Path("/usr/lib").glob("*-linux-gnu"), Path("/usr/lib"), Path("/usr/lib64"), Path("/usr/local/lib")]
    return any(next(folder.glob(f"{name}.so*"), None) for folder in folders)


def missing(*, with_tests: bool) -> list[str]:
    """The names of the packages that are not there yet; tests need a browser and Chinese letters on top."""
    invalidate_caches()
    found = {
        "gdal-bin": _library("libgdal"),
        "gettext": shutil.which("msgfmt") is not None,
        "postgresql-15": any(Path("/usr/lib/postgresql").glob("*/bin/postgres")),
        "postgresql-15-postgis-3": postgres_bin() is not None,
        "python3-venv": find_spec("ensurepip") is not None,
        "redis-server": shutil.which("redis-server") is not None,
    }
    if with_tests:
        found["chromium"] = Path("/usr/bin/chromium").exists()
        found["fonts-noto-cjk"] = next(Path("/usr/share/fonts").glob("opentype/noto/NotoSansCJK*"), None) is not None
    return [name for name, there in found.items() if not there]


def ensure(*, with_tests: bool) -> None:
    """Installs what is missing, or stops with the one command an administrator has to run."""
    wanted = missing(with_tests=with_tests)
    if not wanted:
        _put_back()
        return
    command = "apt-get install --no-install-recommends " + " ".join(wanted)
    if not AS_ROOT:
        raise Stop(f"Debian packages are missing; ask an administrator to run: {command}")
    if shutil.which("apt-get") is None:
        raise Stop(f"this is no Debian; install the equivalents of: {' '.join(wanted)}")
    with step(f"Debian packages ({', '.join(wanted)})"), _quiet_services(wanted):
        _install(wanted)
    still = missing(with_tests=with_tests)
    if still:
        raise Stop(f"after the installation these are still missing: {', '.join(still)} (more in {LOGS / 'apt.log'})")


def _install(wanted: list[str]) -> None:
    log = LOGS / "apt.log"
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    waiting = ["-o", "DPkg::Lock::Timeout=300"]
    what = "the Debian packages could not be installed"
    # An installation that was killed half-way is finished first.
    run(["dpkg", "--configure", "-a", "--force-confold"], log=log, what=what, env=env, outlives_us=True)
    run(["apt-get", *waiting, "-q", "update"], log=log, what=what, env=env, outlives_us=True)
    keep = ["-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"]
    options = ["-q", "-y", "--no-install-recommends", "--fix-broken", *waiting, *keep]
    run(["apt-get", *options, "install", *wanted], log=log, what=what, env=env, outlives_us=True)
    if "redis-server" in wanted and Path("/run/systemd/system").is_dir():
        subprocess.run(["systemctl", "disable", "--quiet", "redis-server"], capture_output=True, check=False)


@contextmanager
def _quiet_services(wanted: list[str]) -> Iterator[None]:
    """While packages are installed, no service starts and no main cluster of PostgreSQL is made."""
    if NO_START.exists() and not _is_ours(NO_START):
        NO_START.replace(NO_START_KEPT)
    NO_START.write_text("#!/bin/sh\n# Written by Wangge's script/setup for the time of an installation.\nexit 101\n")
    NO_START.chmod(0o755)
    if "postgresql-15" in wanted:
        NO_CLUSTER.parent.mkdir(parents=True, exist_ok=True)
        text = NO_CLUSTER.read_text() if NO_CLUSTER.exists() else ""
        if NO_CLUSTER_LINE not in text.splitlines(keepends=True):
            NO_CLUSTER.write_text(text + NO_CLUSTER_LINE)
    try:
        yield
    finally:
        _put_back()


def _put_back() -> None:
    """The administrator's own policy again, also after an installation that was killed."""
    if not AS_ROOT:
        return
    if NO_START.exists() and _is_ours(NO_START):
        NO_START.unlink()
    if NO_START_KEPT.exists():
        NO_START_KEPT.replace(NO_START)


def _is_ours(file: Path) -> bool:
    return "Written by Wangge" in file.read_text(errors="replace")
