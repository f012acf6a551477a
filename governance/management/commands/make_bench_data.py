"""`manage.py make_bench_data --incidents 200000`: a big believable history by COPY, checked against the invariants."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from dispatch import invariants
from governance import benchdata
from governance.benchdata import news
from governance.benchdata.fates import OPEN_SHARE
from incidents.models import Incident

DISTRICT = "511111"


class Command(BaseCommand):
    help = "Write many believable incidents with everything around them, on top of the demo's places and people."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--incidents", type=int, required=True, help="how many")
        parser.add_argument("--seed", type=int, default=511111, help="the same seed tells the same history")
        parser.add_argument("--under", default=DISTRICT, help="code of the place in which they happen")
        parser.add_argument("--open-share", type=float, default=OPEN_SHARE, help="the part of them that is still open")
        parser.add_argument("--append", action="store_true", help="although there are incidents already")
        parser.add_argument("--no-check", action="store_true", help="leave out the check against the invariants")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["incidents"] < 1:
            raise CommandError("--incidents must be at least 1.")
        if not 0 <= options["open_share"] <= 1:
            raise CommandError("--open-share lies between 0 and 1.")
        if not options["append"] and Incident.objects.exists():
            raise CommandError("There are incidents already: use --append to add to them.")
        began = time.monotonic()
        try:
            made = benchdata.make(
                count=options["incidents"],
                under=options["under"],
                now=timezone.now(),
                seed=options["seed"],
                open_share=options["open_share"],
            )
        except benchdata.GroundMissing as error:
            raise CommandError(f"{error} (manage.py load_demo --only grids, categories, calendar, limits).") from error
        with connection.cursor() as cursor:
            for table in made.rows:
                cursor.execute(f"ANALYZE {table}")
        for table, rows in made.rows.items():
            self.stdout.write(f"{table}: {rows:,} rows")
        self.stdout.write(f"{made.open:,} open; written in {time.monotonic() - began:.0f} s")
        if not options["no_check"]:
            self._check(settled=not options["append"])

    def _check(self, *, settled: bool) -> None:
        """Ask every invariant; print what is broken and end with an error if anything is."""
        began = time.monotonic()
        found = invariants.broken(settled=settled)
        for one in found:
            self.stderr.write(str(one))
        if found:
            raise CommandError(f"{len(found)} invariants do not hold.")
        if odd := news.odd():
            raise CommandError(f"{odd} notices that nobody would have got.")
        self.stdout.write(f"every invariant holds; asked in {time.monotonic() - began:.0f} s")
