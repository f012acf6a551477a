"""`manage.py load_limits`: the time limits every district starts with."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from incidents import reference_data


class Command(BaseCommand):
    help = "Loads the default time limits (after load_categories). Safe to repeat: limits in force are left alone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="another file with the same columns")
        parser.add_argument("--renew", action="store_true", help="also replace limits that differ from the file")

    def handle(self, *args: Any, **options: Any) -> None:
        loaded = reference_data.load_limits(now=timezone.now(), path=options["file"], renew=options["renew"])
        if options["verbosity"]:
            self.stdout.write(f"limits: {loaded}")
