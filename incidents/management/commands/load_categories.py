"""`manage.py load_categories`: the categories every district starts with."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from incidents import reference_data


class Command(BaseCommand):
    help = "Loads the category tree. Safe to repeat: categories that exist are left as they are."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="another file with the same columns")
        parser.add_argument("--renew", action="store_true", help="also overwrite names and search words that differ")

    def handle(self, *args: Any, **options: Any) -> None:
        loaded = reference_data.load_categories(path=options["file"], renew=options["renew"])
        if options["verbosity"]:
            self.stdout.write(f"categories: {loaded}")
