"""`manage.py load_limits`: the time limits every district starts with, and what follows when they are missed."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from incidents import reference_data, reference_rules


class Command(BaseCommand):
    help = (
        "Loads the default time limits and escalation rules (after load_categories). "
        "Safe to repeat: what is in force is left alone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="another file with the same columns")
        parser.add_argument("--rules", type=Path, help="another file of escalation rules with the same columns")
        parser.add_argument("--renew", action="store_true", help="also replace what differs from the files")

    def handle(self, *args: Any, **options: Any) -> None:
        now, renew = timezone.now(), options["renew"]
        loaded = reference_data.load_limits(now=now, path=options["file"], renew=renew)
        rules = reference_rules.load_rules(now=now, path=options["rules"], renew=renew)
        if options["verbosity"]:
            self.stdout.write(f"limits: {loaded}")
            self.stdout.write(f"escalation rules: {rules}")
