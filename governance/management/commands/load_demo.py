"""Load the demo district: every app adds its step, lower floors first. Running it again changes nothing."""

import io
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils import timezone

from dispatch import demo as dispatch_demo
from dispatch import notices
from grids import demo as grids_demo
from grids.demo import plans

Step = Callable[[datetime], list[str]]


def logins_file() -> Path:
    """Where the demo's password is kept: named by the start script, else in the data folder, one per database."""
    given = os.environ.get("WANGGE_DEMO_LOGINS")
    return Path(given) if given else settings.DATA_DIR / f"demo-logins-{settings.DATABASES['default']['NAME']}.txt"


def _grids(now: datetime) -> list[str]:
    return grids_demo.load(now=now, logins=logins_file())


def _reference(command: str) -> Step:
    """A step that runs a loader which is safe to repeat."""

    def load(now: datetime) -> list[str]:
        said = io.StringIO()
        call_command(command, stdout=said)
        return said.getvalue().splitlines()

    return load


def _incidents(now: datetime) -> list[str]:
    # Made-up acts: a server that crashes may lose the last of them, and no act waits for the disk.
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO off")
    return dispatch_demo.load(now=now)


def _plans(now: datetime) -> list[str]:
    """One plan that waits for the head's word, who is told so, and one to be mended on the drawing page."""
    said = plans.load(now=now)
    notices.announce_until_done(now=now)
    return [said]


# name -> what it loads, given the moment; returns a line per thing done. Order matters.
STEPS: dict[str, Step] = {
    "grids": _grids,
    "categories": _reference("load_categories"),
    "calendar": _reference("load_calendar"),
    "limits": _reference("load_limits"),
    "incidents": _incidents,
    "plans": _plans,
}


class Command(BaseCommand):
    help = "Load the demo district 511111: places, borders, people and whatever the other apps add."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--only", choices=list(STEPS), help="load this step alone")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Demo accounts do not belong here: set WANGGE_DEMO=1 to load them.")
        now = timezone.now()
        for name, step in STEPS.items():
            if options["only"] in (None, name):
                for line in step(now):
                    self.stdout.write(line)
        self.stdout.write(f"\nDemo logins ({logins_file()}):\n{logins_file().read_text(encoding='utf-8')}")
