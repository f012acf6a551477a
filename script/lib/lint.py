"""script/lint: form, faults, types, templates, migrations and translations; every finding, then one verdict."""

import os
import subprocess
import tempfile
from pathlib import Path

from console import finish, say
from places import CHECKOUT, VENV
from setup import prepare
from translations import complaints

APPS = ["governance", "grids", "incidents", "dispatch"]
# Nothing here asks a database; an address that nobody listens on proves it.
ENV = {
    **os.environ,
    "DATABASE_URL": "postgis://nobody@/nothing?host=/nonexistent",
    "REDIS_URL": "unix:///nonexistent/redis.sock",
    "DEBUG": "1",
    "DJANGO_SETTINGS_MODULE": "governance.settings",
    "PATH": f"{VENV / 'bin'}:{os.environ.get('PATH', '')}",
}


def checks() -> list[tuple[str, list[str]]]:
    """Name and command of every check."""
    templates = ["djlint", "templates", "--lint", "--quiet"] if (CHECKOUT / "templates").is_dir() else ["true"]
    return [
        ("form", ["ruff", "format", "--check", "--quiet", "."]),
        ("faults", ["ruff", "check", "--quiet", "."]),
        ("types", ["mypy", "--no-error-summary", *APPS, "script/lib"]),
        ("templates", templates),
        ("system check", ["python", "manage.py", "check"]),
        (
            "migrations",
            [
                "python",
                "-W",
                "ignore::RuntimeWarning",
                "manage.py",
                "makemigrations",
                "--check",
                "--dry-run",
                "-v",
                "1",
            ],
        ),
    ]


def main() -> int:
    """The command line of script/lint."""
    prepare(with_tests=True)
    bad = []
    for name, command in checks():
        done = subprocess.run(command, cwd=CHECKOUT, env=ENV, capture_output=True, text=True, check=False)
        say(f"  {name}: {'ok' if done.returncode == 0 else 'NOT ok'}")
        if done.returncode:
            bad.append(name)
            say((done.stdout + done.stderr).strip())
    with tempfile.TemporaryDirectory(prefix="wangge-lint-") as folder:
        found = complaints(Path(folder), ENV)
    say(f"  translations: {'NOT ok' if found else 'ok'}")
    if found:
        bad.append("translations")
        say("\n".join(found))
    say(f"lint: {', '.join(bad)} failed" if bad else "lint: all ok")
    return 1 if bad else 0


if __name__ == "__main__":
    finish(main, "lint")
