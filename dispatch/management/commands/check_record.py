"""manage.py check_record: asks every invariant of the record, changes nothing, fails if one does not hold."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dispatch import invariants


class Command(BaseCommand):
    help = "Asks every invariant of incidents, clocks, orders and events; names the rows that break one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--settled", action="store_true", help="ask too that nothing waits to be told")

    def handle(self, *args: Any, **options: Any) -> None:
        found = invariants.broken(settled=options["settled"])
        for each in found:
            self.stderr.write(str(each))
        if found:
            raise CommandError(f"{len(found)} invariants do not hold.")
        asked = len(invariants.invariants(settled=options["settled"]))
        self.stdout.write(f"The record holds: {asked} invariants asked.")
